use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    Asset, Signature,
    lenient::{count, filled, flag, full_name, list, login, maybe_list, text, time},
};

#[expect(clippy::struct_excessive_bools, reason = "they are Gitea's")]
#[derive(Debug, Deserialize)]
pub struct Repository {
    /// `owner/name`, in its true spelling.
    pub full_name: String,
    #[serde(default, deserialize_with = "filled")]
    pub description: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub empty: bool,
    #[serde(default, deserialize_with = "flag")]
    pub private: bool,
    /// Visible to those who are logged in.
    #[serde(default, deserialize_with = "flag")]
    pub internal: bool,
    #[serde(default, deserialize_with = "flag")]
    pub fork: bool,
    /// The `owner/name` that this is a fork of, where it may be seen.
    #[serde(default, deserialize_with = "full_name")]
    pub parent: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub template: bool,
    #[serde(default, deserialize_with = "flag")]
    pub mirror: bool,
    #[serde(default, deserialize_with = "flag")]
    pub archived: bool,
    /// The main one.
    #[serde(default, deserialize_with = "filled")]
    pub language: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub website: Option<String>,
    #[serde(default, rename = "stars_count", deserialize_with = "count")]
    pub stars: u64,
    #[serde(default, rename = "forks_count", deserialize_with = "count")]
    pub forks: u64,
    #[serde(default, rename = "open_issues_count", deserialize_with = "count")]
    pub open_issues: u64,
    #[serde(default, rename = "open_pr_counter", deserialize_with = "count")]
    pub open_pulls: u64,
    #[serde(default, rename = "release_counter", deserialize_with = "count")]
    pub releases: u64,
    #[serde(default, deserialize_with = "filled")]
    pub default_branch: Option<String>,
    #[serde(default, rename = "created_at", deserialize_with = "time")]
    pub created: Option<DateTime<Utc>>,
    #[serde(default, rename = "updated_at", deserialize_with = "time")]
    pub updated: Option<DateTime<Utc>>,
    #[serde(default, rename = "archived_at", deserialize_with = "time")]
    pub archived_since: Option<DateTime<Utc>>,
    /// What the token's account may do.
    #[serde(default)]
    pub permissions: Option<Permissions>,
    /// This and the next two: whether they are switched on, where the forge tells it.
    #[serde(default)]
    pub has_issues: Option<bool>,
    #[serde(default)]
    pub has_pull_requests: Option<bool>,
    #[serde(default)]
    pub has_releases: Option<bool>,
    /// `None` of older forges, which tell them by `/topics` only.
    #[serde(default, deserialize_with = "maybe_list")]
    pub topics: Option<Vec<String>>,
    #[serde(default, deserialize_with = "list")]
    pub licenses: Vec<String>,
    #[serde(default, rename = "html_url", deserialize_with = "text")]
    pub url: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Permissions {
    #[serde(default, deserialize_with = "flag")]
    pub admin: bool,
    #[serde(default, deserialize_with = "flag")]
    pub push: bool,
}

#[derive(Debug, Deserialize)]
pub struct Topics {
    #[serde(default, deserialize_with = "list")]
    pub topics: Vec<String>,
}

/// Bytes by language.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Languages(pub BTreeMap<String, u64>);

#[expect(clippy::struct_excessive_bools, reason = "they are Gitea's")]
#[derive(Debug, Deserialize)]
pub struct Branch {
    pub name: String,
    /// `None` where the branch is broken.
    #[serde(default)]
    pub commit: Option<TipCommit>,
    #[serde(default, deserialize_with = "flag")]
    pub protected: bool,
    #[serde(default, deserialize_with = "count")]
    pub required_approvals: u64,
    /// Whether `status_checks` must have passed before a merge.
    #[serde(default, deserialize_with = "flag")]
    pub enable_status_check: bool,
    #[serde(default, rename = "status_check_contexts", deserialize_with = "list")]
    pub status_checks: Vec<String>,
    #[serde(default, deserialize_with = "flag")]
    pub user_can_push: bool,
    #[serde(default, deserialize_with = "flag")]
    pub user_can_merge: bool,
}

/// A commit as a branch tells of it.
#[derive(Debug, Deserialize)]
pub struct TipCommit {
    #[serde(rename = "id")]
    pub sha: String,
    #[serde(default, deserialize_with = "text")]
    pub message: String,
    #[serde(default)]
    pub author: Option<Signature>,
    #[serde(default, rename = "timestamp", deserialize_with = "time")]
    pub date: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub struct Tag {
    pub name: String,
    /// Of the tag itself, where it is annotated; the commit's otherwise.
    #[serde(default, deserialize_with = "filled")]
    pub message: Option<String>,
    #[serde(default)]
    pub commit: Option<TagCommit>,
}

#[derive(Debug, Deserialize)]
pub struct TagCommit {
    pub sha: String,
    #[serde(default, deserialize_with = "time")]
    pub created: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub struct Release {
    #[serde(rename = "tag_name")]
    pub tag: String,
    #[serde(default, rename = "target_commitish", deserialize_with = "filled")]
    pub target: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub body: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub draft: bool,
    #[serde(default, deserialize_with = "flag")]
    pub prerelease: bool,
    #[serde(default, rename = "created_at", deserialize_with = "time")]
    pub created: Option<DateTime<Utc>>,
    #[serde(default, rename = "published_at", deserialize_with = "time")]
    pub published: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "login")]
    pub author: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub assets: Vec<Asset>,
    #[serde(default, rename = "html_url", deserialize_with = "text")]
    pub url: String,
}

/// Something that happened, from a feed.
#[derive(Debug, Deserialize)]
pub struct Activity {
    /// `create_issue`, `commit_repo`, `merge_pull_request`, ….
    #[serde(default, rename = "op_type", deserialize_with = "text")]
    pub kind: String,
    #[serde(default, rename = "act_user", deserialize_with = "login")]
    pub actor: Option<String>,
    /// The branch or tag it was about.
    #[serde(default, deserialize_with = "filled")]
    pub ref_name: Option<String>,
    /// By kind: `71|title` of an issue, JSON of commits.
    #[serde(default, deserialize_with = "filled")]
    pub content: Option<String>,
    #[serde(default, deserialize_with = "time")]
    pub created: Option<DateTime<Utc>>,
}
