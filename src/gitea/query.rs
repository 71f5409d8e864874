//! The query of a request, from typed pairs only.
use std::fmt::Display;

use percent_encoding::utf8_percent_encode;

use super::address::ENCODED;

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
        self.0.extend(utf8_percent_encode(&value, ENCODED));
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

    /// The value of a number that was added.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let pairs = self.0.trim_start_matches('?').split('&');
        let mut values = pairs.filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        values.next()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_become_parameters() {
        let query = Query::new()
            .with("labels", "good first issue,a&sudo=root#?%")
            .maybe("milestone", None::<&str>)
            .maybe("since", Some("2026-11-16T00:00:00+01:00"))
            .with("page", 2);
        assert_eq!(
            query.as_str(),
            "?labels=good%20first%20issue%2Ca%26sudo%3Droot%23%3F%25\
             &since=2026-11-16T00%3A00%3A00%2B01%3A00&page=2"
        );
        assert_eq!(query.number("page"), Some(2));
        assert_eq!(query.number("limit"), None);
    }
}
