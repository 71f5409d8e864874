//! What may not reach an assistant: secrets of ours, and, unseen, characters that hide.
use std::{borrow::Cow, sync::Arc};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::{
    ascii,
    hidden::show_hidden,
    redaction::{Redaction, holds},
    secret::Secret,
};

/// Knows what must never appear in an answer: our secrets, and the address of Gitea's API.
#[derive(Debug)]
pub struct Redactor {
    redaction: Arc<Redaction>,
    address: Secret,
}

impl Redactor {
    /// Hides these secrets, and the address, where it is not empty.
    pub fn new(redaction: Arc<Redaction>, address: Secret) -> Self {
        Self { redaction, address }
    }

    /// Appends one line of the forge's text to `out`: secrets as `[redacted]`, characters that hide
    /// as `<U+202E>`. Returns how many were shown so.
    pub(super) fn line(&self, line: &str, out: &mut String) -> usize {
        show_hidden(&self.redacted(line), out)
    }

    /// A line with `[redacted]` in the place of each secret.
    pub(super) fn redacted<'l>(&self, line: &'l str) -> Cow<'l, str> {
        if !holds(line, &self.address) {
            return self.redaction.redacted(line);
        }
        let line = line.replace(self.address.expose(), "[redacted]");
        self.redaction.redacted(&line).into_owned().into()
    }

    /// What cleans the lines of this text: most texts hold nothing that could be a secret, which
    /// one look at the whole tells faster than a look at each line.
    pub(super) fn lines_of(&self, text: &str) -> LinesOf<'_> {
        let suspicious = holds(text, &self.address) || self.redaction.may_be_in(text);
        LinesOf {
            redactor: suspicious.then_some(self),
            is_plain: ascii::is_lines(text.as_bytes()),
        }
    }

    /// The same for a text of several lines, in a place that has no lines of its own to cut.
    pub(super) fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                out.push('\n');
            }
            self.line(line, &mut out);
        }
        out
    }

    /// Whether a name or a text in the arguments holds a secret, as it is or as an address holds it.
    /// The API's address is none: it opens nothing.
    pub(super) fn finds_secret_in(&self, arguments: &Map<String, Value>) -> bool {
        let mut pairs = arguments.iter();
        pairs.any(|(name, value)| self.is_secret(name) || self.is_secret_within(value))
    }

    fn is_secret_within(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.is_secret(text),
            Value::Array(items) => items.iter().any(|item| self.is_secret_within(item)),
            Value::Object(pairs) => self.finds_secret_in(pairs),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn is_secret(&self, text: &str) -> bool {
        // What `fetch` is given is decoded before it is asked for.
        let decoded = || percent_decode_str(text).decode_utf8_lossy();
        self.redaction.is_in(text) || text.contains('%') && self.redaction.is_in(&decoded())
    }
}

/// Cleans the lines of one text.
pub(super) struct LinesOf<'r> {
    redactor: Option<&'r Redactor>,
    is_plain: bool,
}

impl LinesOf<'_> {
    /// As [`Redactor::line`].
    pub(super) fn line(&self, line: &str, out: &mut String) -> usize {
        match self.redactor {
            Some(redactor) => redactor.line(line, out),
            None if self.is_plain => {
                out.push_str(line);
                0
            }
            None => show_hidden(line, out),
        }
    }

    /// How many characters this is, of what was made of the text.
    pub(super) fn characters(&self, line: &str) -> usize {
        if self.is_plain {
            line.len()
        } else {
            line.chars().count()
        }
    }
}

#[cfg(test)]
mod tests {
    use arc_swap::ArcSwap;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        keys::{ApiKey, KeyEntry, KeyRing, Metadata},
        rights::{Access, Rights},
    };

    const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

    fn ring(key: &str) -> Arc<ArcSwap<KeyRing>> {
        let key = KeyEntry::of(&ApiKey::parse(key).expect("a key"));
        let rights = Rights::up_to(Access::Read);
        Arc::new(ArcSwap::from_pointee(KeyRing::new(
            [&key],
            &Metadata::default(),
            rights,
        )))
    }

    fn of(token: &str, ring: Arc<ArcSwap<KeyRing>>) -> Redactor {
        let redaction = Redaction::new(Secret::new(token.to_owned()), ring);
        let address = Secret::new("http://gitea:3000/api/v1".to_owned());
        Redactor::new(Arc::new(redaction), address)
    }

    fn redactor() -> Redactor {
        of("gitea-token", ring(KEY))
    }

    fn shown(line: &str) -> (String, usize) {
        let mut out = String::new();
        let hidden = redactor().line(line, &mut out);
        (out, hidden)
    }

    #[test]
    fn a_key_of_ours_is_redacted_wherever_it_stands() {
        for (before, after) in [
            ("", ""),
            ("MCP_API_KEYS=", ""),
            ("the key ", "."),
            ("https://x/?api_key=", "&a"),
            ("(", ")"),
            ("a/", "/b"),
            ("?next=%2Fmcp%2Fsse%3Fapi_key%3D", ""),
            ("%22", "%22"),
            (r"MCP_API_KEYS=\n", r"\n"),
            (r"\u0022", r"\u0022"),
            ("[32m", "[0m"),
            ("key", "key"),
        ] {
            let (out, _) = shown(&format!("{before}{KEY}{after}"));
            assert!(
                out == format!("{before}[redacted]{after}"),
                "not redacted after {before:?}"
            );
        }
    }

    #[test]
    fn a_key_with_signs_in_it_is_redacted_wherever_it_stands() {
        for key in [
            "Zm9vYmFyYmF6cXV4MDEyMzQ1Njc4OTAxMjM0NTY3ODk=",
            "team-a.0123456789-abcdef/0123+456789",
        ] {
            let redactor = of("", ring(key));
            for (before, after) in [
                ("", ""),
                ("MCP_API_KEYS=", ""),
                ("see ", "."),
                ("host/", "/"),
                ("K=", ".-"),
            ] {
                let mut out = String::new();
                redactor.line(&format!("{before}{key}{after}"), &mut out);
                assert!(
                    out == format!("{before}[redacted]{after}"),
                    "not redacted after {before:?}"
                );
            }
        }
    }

    #[test]
    fn a_secret_is_found_wherever_it_stands_in_arguments_and_however_it_is_written() {
        let key = "team-a.0123456789-abcdef/0123+456789";
        let redactor = of("gitea/token", ring(key));
        for arguments in [
            json!({ "query": format!("https://x/?k={key}") }),
            json!({ "body": format!("a line\n{key}\nand another") }),
            json!({ key: 1 }),
            json!({ "labels": ["a", { "b": key }] }),
            json!({ "id": format!("https://x/{}", key.replace('0', "%30")) }),
            serde_json::from_str(r#"{"path": "gitea\/token"}"#).expect("JSON"),
            serde_json::from_str(r#"{"path": "g\u0069tea/token"}"#).expect("JSON"),
        ] {
            let arguments = arguments.as_object().expect("arguments");
            assert!(redactor.finds_secret_in(arguments), "{arguments:?}");
        }
        let harmless = json!({"query": "team-a.0123456789", "page": 1, "labels": [null, "100 %"]});
        assert!(!redactor.finds_secret_in(harmless.as_object().expect("arguments")));
    }

    #[test]
    fn keys_that_were_reloaded_are_redacted_and_those_before_them_still() {
        let (before, after) = (ring(KEY), ring(&"ab".repeat(32)));
        let redactor = of("", Arc::clone(&before));
        let next = KeyRing::clone(&after.load()).after(&before.load());
        before.store(Arc::new(next));
        let mut out = String::new();
        redactor.line(&format!("{KEY} {}", "ab".repeat(32)), &mut out);
        assert_eq!(out, "[redacted] [redacted]");
    }

    #[test]
    fn the_address_of_the_api_is_redacted_beside_a_key() {
        let line = format!("http://gitea:3000/api/v1/user?key={KEY}");
        assert_eq!(shown(&line).0, "[redacted]/user?key=[redacted]");
    }

    #[test]
    fn the_token_is_redacted_and_a_strange_digest_is_not() {
        assert_eq!(shown("token gitea-token!").0, "token [redacted]!");
        let strange = KEY.replace('f', "e");
        assert_eq!(shown(&strange).0, strange);
    }

    proptest! {
        #[test]
        fn no_line_shows_a_key_or_a_control(before in any::<String>(), after in any::<String>()) {
            let (out, _) = shown(&format!("{before} {KEY} {after}"));
            prop_assert!(!out.contains(KEY));
            prop_assert!(!out.chars().any(|c| c.is_control() && c != '\t'));
        }
    }
}
