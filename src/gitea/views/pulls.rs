use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::{
    Due,
    lenient::{count, date, filled, flag, full_name, login, logins, names, text, time},
};

#[expect(clippy::struct_excessive_bools, reason = "they are Gitea's")]
#[derive(Debug, Deserialize)]
pub struct PullRequest {
    pub number: u64,
    #[serde(default, deserialize_with = "text")]
    pub title: String,
    #[serde(default, deserialize_with = "filled")]
    pub body: Option<String>,
    #[serde(default, rename = "user", deserialize_with = "login")]
    pub author: Option<String>,
    /// `open`, `closed`; see `merged`.
    #[serde(default, deserialize_with = "text")]
    pub state: String,
    #[serde(default, deserialize_with = "flag")]
    pub draft: bool,
    #[serde(default, deserialize_with = "flag")]
    pub is_locked: bool,
    #[serde(default, deserialize_with = "names")]
    pub labels: Vec<String>,
    #[serde(default)]
    pub milestone: Option<Due>,
    #[serde(default, deserialize_with = "logins")]
    pub assignees: Vec<String>,
    /// Whether people are asked too, their reviews tell: `requested_reviewers` holds all who gave one.
    #[serde(
        default,
        rename = "requested_reviewers_teams",
        deserialize_with = "names"
    )]
    pub requested_teams: Vec<String>,
    pub base: Tip,
    pub head: Tip,
    /// False also while the forge has not yet computed it.
    #[serde(default, deserialize_with = "flag")]
    pub mergeable: bool,
    #[serde(default, deserialize_with = "flag")]
    pub merged: bool,
    #[serde(default, deserialize_with = "time")]
    pub merged_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "login")]
    pub merged_by: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub merge_commit_sha: Option<String>,
    /// This and the next two: not in lists.
    #[serde(default)]
    pub additions: Option<u64>,
    #[serde(default)]
    pub deletions: Option<u64>,
    #[serde(default)]
    pub changed_files: Option<u64>,
    #[serde(default, rename = "created_at", deserialize_with = "time")]
    pub created: Option<DateTime<Utc>>,
    #[serde(default, rename = "closed_at", deserialize_with = "time")]
    pub closed: Option<DateTime<Utc>>,
    #[serde(default, rename = "due_date", deserialize_with = "date")]
    pub due: Option<NaiveDate>,
    #[serde(default, rename = "html_url", deserialize_with = "text")]
    pub url: String,
}

/// One end of a pull request.
#[derive(Debug, Deserialize)]
pub struct Tip {
    #[serde(default, rename = "ref", deserialize_with = "text")]
    pub branch: String,
    #[serde(default, deserialize_with = "text")]
    pub sha: String,
    /// `owner/name`; `None` where the fork is gone.
    #[serde(default, deserialize_with = "full_name")]
    pub repo: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct ChangedFile {
    #[serde(rename = "filename")]
    pub path: String,
    #[serde(default, rename = "previous_filename", deserialize_with = "filled")]
    pub previous_path: Option<String>,
    /// `added`, `changed`, `deleted`, `renamed`, ….
    #[serde(default, deserialize_with = "text")]
    pub status: String,
    #[serde(default, deserialize_with = "count")]
    pub additions: u64,
    #[serde(default, deserialize_with = "count")]
    pub deletions: u64,
}

#[derive(Debug, Deserialize)]
pub struct Review {
    pub id: u64,
    #[serde(default, rename = "user", deserialize_with = "login")]
    pub author: Option<String>,
    /// `APPROVED`, `REQUEST_CHANGES`, `COMMENT`, `PENDING`, `REQUEST_REVIEW`.
    #[serde(default, deserialize_with = "text")]
    pub state: String,
    #[serde(default, deserialize_with = "filled")]
    pub body: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub commit_id: Option<String>,
    /// Whether commits came after it.
    #[serde(default, deserialize_with = "flag")]
    pub stale: bool,
    /// Whether the forge counts it when it asks for approvals.
    #[serde(default)]
    pub official: Option<bool>,
    #[serde(default, deserialize_with = "flag")]
    pub dismissed: bool,
    /// Comments on lines.
    #[serde(default, rename = "comments_count", deserialize_with = "count")]
    pub comments: u64,
    #[serde(default, rename = "submitted_at", deserialize_with = "time")]
    pub submitted: Option<DateTime<Utc>>,
    #[serde(default, rename = "html_url", deserialize_with = "text")]
    pub url: String,
}

/// A comment on a line.
#[derive(Debug, Deserialize)]
pub struct ReviewComment {
    pub id: u64,
    #[serde(default, deserialize_with = "text")]
    pub body: String,
    #[serde(default, rename = "user", deserialize_with = "login")]
    pub author: Option<String>,
    /// Who has marked it as resolved.
    #[serde(default, deserialize_with = "login")]
    pub resolver: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub path: String,
    /// The line in the new file; 0 where it is about the old one.
    #[serde(default, rename = "position", deserialize_with = "count")]
    pub line: u64,
    /// The line in the old file; 0 where it is about the new one.
    #[serde(default, rename = "original_position", deserialize_with = "count")]
    pub old_line: u64,
    /// How many more lines it is about, after that one. Forgejo's.
    #[serde(default, rename = "extra_lines_count", deserialize_with = "count")]
    pub more_lines: u64,
    #[serde(default, rename = "created_at", deserialize_with = "time")]
    pub created: Option<DateTime<Utc>>,
    #[serde(default, rename = "html_url", deserialize_with = "text")]
    pub url: String,
}
