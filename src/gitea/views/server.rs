use serde::Deserialize;

use super::lenient::{count, flag, text};

/// `/version`.
#[derive(Debug, Deserialize)]
pub struct Version {
    pub version: String,
}

/// `/settings/api`: how much the forge gives at once.
#[derive(Debug, Deserialize)]
pub struct ApiSettings {
    /// The largest page of a list.
    pub max_response_items: u64,
    #[serde(default, deserialize_with = "count")]
    pub default_paging_num: u64,
    #[serde(default, deserialize_with = "count")]
    pub default_git_trees_per_page: u64,
    /// In bytes.
    #[serde(default, deserialize_with = "count")]
    pub default_max_blob_size: u64,
}

/// `/settings/attachment`.
#[derive(Debug, Deserialize)]
pub struct AttachmentSettings {
    #[serde(default, deserialize_with = "flag")]
    pub enabled: bool,
    /// Endings or media types, by comma.
    #[serde(default, deserialize_with = "text")]
    pub allowed_types: String,
    /// In MiB.
    #[serde(default, deserialize_with = "count")]
    pub max_size: u64,
    #[serde(default, deserialize_with = "count")]
    pub max_files: u64,
}
