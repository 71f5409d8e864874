use serde::Deserialize;

use super::lenient::{count, flag};

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
    /// In bytes.
    #[serde(default, deserialize_with = "count")]
    pub default_max_blob_size: u64,
}

/// `/settings/attachment`.
#[derive(Debug, Deserialize)]
pub struct AttachmentSettings {
    #[serde(default, deserialize_with = "flag")]
    pub enabled: bool,
    /// In MiB.
    #[serde(default, deserialize_with = "count")]
    pub max_size: u64,
    #[serde(default, deserialize_with = "count")]
    pub max_files: u64,
}
