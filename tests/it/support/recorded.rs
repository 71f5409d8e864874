//! The exchanges with a real Gitea in `tests/recorded`.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Deserialize;
use serde_json::Value;

/// One question and what a real Gitea said to it.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    /// The account that asked; `aegis-bot` is the one that a server would use.
    #[serde(rename = "as")]
    pub(crate) who: String,
    /// Below `/api/v1`, encoded as it was sent.
    pub(crate) path: String,
    #[serde(default)]
    query: BTreeMap<String, Value>,
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) answer: Value,
}

/// Every recorded exchange, in a fixed order.
pub(crate) fn recorded() -> Vec<Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    let mut files: Vec<_> = (fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    files.sort();
    let lines = files.iter().flat_map(|path| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    lines
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect()
}

impl Recorded {
    /// The query as decoded pairs.
    pub(crate) fn query(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (self.query.iter())
            .map(|(name, value)| (name.clone(), text(value)))
            .collect()
    }

    /// The body, byte by byte.
    pub(crate) fn body(&self) -> Vec<u8> {
        match &self.answer {
            // A list without items; a refusal may come without a body.
            Value::Null if self.status == 200 => b"null".to_vec(),
            Value::Null => Vec::new(),
            Value::String(text) => text.clone().into_bytes(),
            Value::Object(fields) if fields.contains_key("base64") => {
                let text = fields["base64"].as_str().unwrap();
                BASE64_STANDARD.decode(text).unwrap()
            }
            json => json.to_string().into_bytes(),
        }
    }
}
