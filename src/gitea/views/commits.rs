use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::lenient::{count, counted, filled, flag, list, login, shas, text, time};
use crate::gitea::Bounded;

#[derive(Debug, Deserialize)]
pub struct Commit {
    pub sha: String,
    #[serde(rename = "commit")]
    pub git: GitCommit,
    /// The login of the author, where the forge knows the address.
    #[serde(default, deserialize_with = "login")]
    pub author: Option<String>,
    #[serde(default, deserialize_with = "login")]
    pub committer: Option<String>,
    #[serde(default, deserialize_with = "shas")]
    pub parents: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    pub files: Vec<CommitFile>,
    #[serde(default)]
    pub stats: Option<Stats>,
    #[serde(default, rename = "html_url", deserialize_with = "text")]
    pub url: String,
}

/// What git itself says of a commit.
#[derive(Debug, Deserialize)]
pub struct GitCommit {
    #[serde(default, deserialize_with = "text")]
    pub message: String,
    #[serde(default)]
    pub author: Option<Signature>,
    #[serde(default)]
    pub committer: Option<Signature>,
    #[serde(default)]
    pub verification: Option<Verification>,
}

/// What the forge found of a commit's signature.
#[derive(Debug, Deserialize)]
pub struct Verification {
    #[serde(default, deserialize_with = "flag")]
    pub verified: bool,
    /// Why it is not; also where there is none.
    #[serde(default, deserialize_with = "filled")]
    pub reason: Option<String>,
    /// `None` where the commit is not signed.
    #[serde(default, deserialize_with = "filled")]
    pub signature: Option<String>,
}

/// A name that anybody can write into a commit, and perhaps the login that belongs to it.
#[derive(Debug, Deserialize)]
pub struct Signature {
    #[serde(default, deserialize_with = "text")]
    pub name: String,
    #[serde(default, rename = "username", deserialize_with = "filled")]
    pub login: Option<String>,
    #[serde(default, deserialize_with = "time")]
    pub date: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub struct CommitFile {
    #[serde(rename = "filename")]
    pub path: String,
    /// `added`, `modified`, `removed`.
    #[serde(default, deserialize_with = "text")]
    pub status: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Stats {
    #[serde(default, deserialize_with = "count")]
    pub additions: u64,
    #[serde(default, deserialize_with = "count")]
    pub deletions: u64,
}

/// What `head` has that `base` has not.
#[derive(Debug, Deserialize)]
pub struct Comparison {
    #[serde(default, deserialize_with = "count")]
    pub total_commits: u64,
    #[serde(default, deserialize_with = "counted")]
    pub commits: Bounded<Commit>,
}

/// The checks of a commit, the newest of each.
#[derive(Debug, Default, Deserialize)]
pub struct CombinedStatus {
    /// `pending`, `success`, `error`, `failure`, `warning`; `None` where there are no checks.
    #[serde(default, deserialize_with = "filled")]
    pub state: Option<String>,
    #[serde(default, deserialize_with = "counted")]
    pub statuses: Bounded<Status>,
}

#[derive(Debug, Deserialize)]
pub struct Status {
    #[serde(default, rename = "status", deserialize_with = "text")]
    pub state: String,
    #[serde(default, deserialize_with = "text")]
    pub context: String,
    #[serde(default, deserialize_with = "filled")]
    pub description: Option<String>,
    /// Where the check's own page is, if it has one.
    #[serde(default, deserialize_with = "filled")]
    pub target_url: Option<String>,
    #[serde(default, rename = "updated_at", deserialize_with = "time")]
    pub updated: Option<DateTime<Utc>>,
}
