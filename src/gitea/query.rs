//! The query of a request, from typed pairs only.
use std::fmt::Display;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Query parameters in the order they were added. Names are ours; `sudo`, `token` and
/// `access_token`, which Gitea would obey, cannot come from an argument.
#[derive(Clone, Debug, Default)]
pub struct Query(String);

impl Query {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(name);
        self.0.push('=');
        let value = value.to_string();
        self.0.extend(utf8_percent_encode(&value, NON_ALPHANUMERIC));
        self
    }

    /// Adds the pair where there is a value.
    #[must_use]
    pub fn maybe(self, name: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The query with its `?`, or nothing.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
