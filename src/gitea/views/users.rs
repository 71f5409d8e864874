use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::lenient::{count, filled, flag, text, time};

/// A user, or an organisation where it stands in for one.
#[derive(Debug, Deserialize)]
pub struct User {
    pub login: String,
    #[serde(default, deserialize_with = "filled")]
    pub full_name: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub description: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub location: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub website: Option<String>,
    /// `public`, `limited`, `private`.
    #[serde(default, deserialize_with = "filled")]
    pub visibility: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub is_admin: bool,
    #[serde(default, deserialize_with = "flag")]
    pub restricted: bool,
    #[serde(default, deserialize_with = "time")]
    pub created: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "count")]
    pub followers_count: u64,
    #[serde(default, deserialize_with = "count")]
    pub following_count: u64,
    #[serde(default, deserialize_with = "count")]
    pub starred_repos_count: u64,
    #[serde(default, rename = "html_url", deserialize_with = "text")]
    pub url: String,
}
