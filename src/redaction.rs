//! What must be shown to nobody, whoever wrote the text that holds it: a key of ours, in force or not, and
//! the forge's access token.
use std::{borrow::Cow, cmp::Reverse, sync::Arc};

use arc_swap::ArcSwap;
use memchr::memmem;

use crate::{
    keys::{self, KeyRing},
    secret::Secret,
    sort,
};

/// Finds our secrets in words of others. All who repeat such words share one, so that no other place
/// needs to know the token.
#[derive(Debug)]
pub struct Redaction {
    token: Secret,
    ring: Arc<ArcSwap<KeyRing>>,
}

impl Redaction {
    /// Of this token, if it is not empty, and of whatever keys the ring has at the time.
    pub fn new(token: Secret, ring: Arc<ArcSwap<KeyRing>>) -> Self {
        Self { token, ring }
    }

    /// The secrets in a line: each once, however often it stands there, and what holds another before
    /// that.
    fn found_in<'l>(&'l self, line: &'l str) -> Vec<&'l str> {
        let mut found = self.ring.load().found_in(line);
        let token = Some(&self.token).filter(|token| holds(line, token));
        found.extend(token.map(Secret::expose));
        sort::by_key(&mut found, |it| (Reverse(it.len()), *it));
        found.dedup();
        found
    }

    /// Whether there is a secret in a line.
    pub fn is_in(&self, line: &str) -> bool {
        holds(line, &self.token) || !self.ring.load().found_in(line).is_empty()
    }

    /// Whether a text is worth being searched line by line.
    pub fn may_be_in(&self, text: &str) -> bool {
        holds(text, &self.token) || keys::may_be_in(text)
    }

    /// A line with `[redacted]` in the place of each secret.
    pub fn redacted<'l>(&self, line: &'l str) -> Cow<'l, str> {
        let redact = |line: Cow<'l, str>, secret| line.replace(secret, "[redacted]").into();
        self.found_in(line).into_iter().fold(line.into(), redact)
    }
}

/// Whether the secret stands in a text. An empty one does not.
pub fn holds(text: &str, secret: &Secret) -> bool {
    let secret = secret.expose().as_bytes();
    // Most texts are too short.
    let may_be = !secret.is_empty() && secret.len() <= text.len();
    may_be && memmem::find(text.as_bytes(), secret).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::{ApiKey, KeyEntry, Metadata},
        rights::{Access, Rights},
    };

    const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

    fn redaction(token: &str) -> Redaction {
        let key = KeyEntry::of(&ApiKey::parse(KEY).expect("a key"));
        let ring = KeyRing::new([&key], &Metadata::default(), Rights::up_to(Access::Read));
        let ring = Arc::new(ArcSwap::from_pointee(ring));
        Redaction::new(Secret::new(token.to_owned()), ring)
    }

    #[test]
    fn a_key_that_stands_in_a_line_many_times_is_looked_for_once() {
        let redaction = redaction("gitea-token");
        let line = [KEY, " gitea-token "].concat().repeat(1_000);
        assert_eq!(redaction.found_in(&line), [KEY, "gitea-token"]);
        let redacted = redaction.redacted(&line);
        assert_eq!(redacted, "[redacted] [redacted] ".repeat(1_000));
    }

    #[test]
    fn of_a_secret_that_holds_another_nothing_is_left() {
        let redaction = redaction(&KEY[..12]);
        let redacted = redaction
            .redacted(&[KEY, " ", &KEY[..12]].concat())
            .into_owned();
        assert_eq!(redacted, "[redacted] [redacted]");
    }

    #[test]
    fn a_token_that_is_empty_stands_nowhere() {
        let redaction = redaction("");
        assert!(!redaction.is_in("a line") && redaction.is_in(KEY));
        assert_eq!(redaction.redacted("a line"), "a line");
    }
}
