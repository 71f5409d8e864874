use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::lenient::{
    count, date, filled, flag, full_name, list, login, logins, names, text, time,
};

/// An issue, or a pull request as an issue.
#[derive(Debug, Deserialize)]
pub struct Issue {
    pub number: u64,
    #[serde(default, deserialize_with = "text")]
    pub title: String,
    #[serde(default, deserialize_with = "filled")]
    pub body: Option<String>,
    #[serde(default, rename = "user", deserialize_with = "login")]
    pub author: Option<String>,
    /// Who wrote it on the forge it was moved from.
    #[serde(default, deserialize_with = "filled")]
    pub original_author: Option<String>,
    /// `open`, `closed`.
    #[serde(default, deserialize_with = "text")]
    pub state: String,
    #[serde(default, deserialize_with = "flag")]
    pub is_locked: bool,
    /// What it is as a pull request, if it is one.
    #[serde(default, rename = "pull_request")]
    pub pull: Option<AsPull>,
    #[serde(default, deserialize_with = "names")]
    pub labels: Vec<String>,
    #[serde(default)]
    pub milestone: Option<Due>,
    #[serde(default, deserialize_with = "logins")]
    pub assignees: Vec<String>,
    /// Of a pull request also reviews and what was said in them.
    #[serde(default, deserialize_with = "count")]
    pub comments: u64,
    #[serde(default, deserialize_with = "list")]
    pub assets: Vec<Asset>,
    #[serde(default, rename = "created_at", deserialize_with = "time")]
    pub created: Option<DateTime<Utc>>,
    #[serde(default, rename = "updated_at", deserialize_with = "time")]
    pub updated: Option<DateTime<Utc>>,
    #[serde(default, rename = "closed_at", deserialize_with = "time")]
    pub closed: Option<DateTime<Utc>>,
    #[serde(default, rename = "due_date", deserialize_with = "date")]
    pub due: Option<NaiveDate>,
    /// `owner/name`.
    #[serde(default, rename = "repository", deserialize_with = "full_name")]
    pub repo: Option<String>,
    #[serde(default, rename = "html_url", deserialize_with = "text")]
    pub url: String,
}

/// A pull request as its issue tells of it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct AsPull {
    #[serde(default, deserialize_with = "flag")]
    pub merged: bool,
    #[serde(default, deserialize_with = "flag")]
    pub draft: bool,
}

/// A milestone as an issue tells of it.
#[derive(Debug, Deserialize)]
pub struct Due {
    #[serde(default, deserialize_with = "text")]
    pub title: String,
    #[serde(default, rename = "due_on", deserialize_with = "date")]
    pub due: Option<NaiveDate>,
}

/// A file that was attached to something.
#[derive(Debug, Deserialize)]
pub struct Asset {
    #[serde(default, deserialize_with = "text")]
    pub name: String,
    /// In bytes.
    #[serde(default, deserialize_with = "count")]
    pub size: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Label {
    pub id: u64,
    #[serde(default, deserialize_with = "text")]
    pub name: String,
    #[serde(default, deserialize_with = "filled")]
    pub description: Option<String>,
    /// Only one of those with the same words before the last `/` can be set.
    #[serde(default, deserialize_with = "flag")]
    pub exclusive: bool,
    #[serde(default, deserialize_with = "flag")]
    pub is_archived: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Milestone {
    pub id: u64,
    #[serde(default, deserialize_with = "text")]
    pub title: String,
}

#[derive(Debug, Deserialize)]
pub struct Comment {
    pub id: u64,
    #[serde(default, deserialize_with = "text")]
    pub body: String,
    #[serde(default, rename = "user", deserialize_with = "login")]
    pub author: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub original_author: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub assets: Vec<Asset>,
    #[serde(default, rename = "created_at", deserialize_with = "time")]
    pub created: Option<DateTime<Utc>>,
    #[serde(default, rename = "html_url", deserialize_with = "text")]
    pub url: String,
}
