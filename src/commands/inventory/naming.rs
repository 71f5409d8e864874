//! What people call a key, and which key they mean by that.
use std::fmt;

use super::{Inventory, SetKey};
use crate::{
    commands::Failure,
    keys::{Form, KeyHint, KeyId, KeyRecord, is_key_character},
};

/// How many characters of a hint must be typed at least.
const SHORTEST_NAME: usize = 4;
/// How many digits of a digest.
const SHORTEST_ID: usize = 8;
/// Where as many characters of a key stand in a row, it may be one.
const KEY_LIKE: usize = 32;
/// How many keys a sentence names at most.
const NAMED: usize = 10;

/// A key that a person named.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands) enum Named<'a> {
    Set(&'a SetKey),
    /// One that stands nowhere: what is known of it.
    Other(&'a KeyRecord),
}

impl<'a> Named<'a> {
    pub(in crate::commands) fn record(self) -> Option<&'a KeyRecord> {
        match self {
            Self::Set(key) => key.record.as_ref(),
            Self::Other(record) => Some(record),
        }
    }

    fn label(self) -> Option<&'a str> {
        Some(self.record()?.label.as_ref()?.as_str())
    }

    /// By which it is told apart from one with the same hint: the first 16 digits of its digest, or
    /// what its record is called where nobody knows these.
    pub(in crate::commands) fn id(self) -> String {
        match self {
            Self::Set(key) => key.id.fingerprint().to_string(),
            Self::Other(record) => record
                .fp
                .map_or_else(|| record.id.clone(), |fp| fp.to_string()),
        }
    }

    /// Whether its digest begins so, with `sha256:` before it or not.
    fn digest_begins(self, name: &str) -> bool {
        let name = name.strip_prefix("sha256:").unwrap_or(name);
        let begins = match self {
            Self::Set(key) => key.id.to_hex().starts_with(name),
            // No more of it is known.
            Self::Other(_) => match KeyId::from_hex(name) {
                Some(whole) => whole.fingerprint().to_string() == self.id(),
                None => self.id().starts_with(name),
            },
        };
        name.len() >= SHORTEST_ID && begins
    }

    /// By which people name it, if that is known.
    pub(in crate::commands) fn hint(self) -> Option<KeyHint> {
        self.hints().next()
    }

    /// Its hint, and that of its digest where only this stands in the file.
    pub(in crate::commands) fn hints(self) -> impl Iterator<Item = KeyHint> {
        let (hint, other) = match self {
            Self::Set(key) if key.form == Form::Hashed => (Some(key.hint), Some(key.id.hint())),
            Self::Set(key) => (Some(key.hint), None),
            Self::Other(record) => (record.hint, None),
        };
        hint.into_iter().chain(other)
    }
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.hint(), self.record()) {
            (Some(hint), _) => hint.fmt(f)?,
            (None, Some(record)) => f.write_str(&record.id)?,
            (None, None) => {}
        }
        match self.record().and_then(|record| record.label.as_ref()) {
            Some(label) => write!(f, " ({label})"),
            None => Ok(()),
        }
    }
}

impl Inventory {
    /// The one key that a person calls `name`: by its hint, its id, its label, or by the beginning of
    /// its hint or its digest. A label that reads like another key's hint names no other key.
    pub(in crate::commands) fn named(&self, name: &str) -> Result<Named<'_>, Failure> {
        let keys = self.keys.iter().map(Named::Set);
        let all: Vec<_> = keys.chain(self.others.iter().map(Named::Other)).collect();
        let ways: [&dyn Fn(&Named<'_>) -> bool; 3] = [
            &|key| key.id() == name || key.hints().any(|hint| hint.as_str() == name),
            &|key| key.label().is_some_and(|label| label == name),
            &|key| {
                let begins = |hint: KeyHint| hint.as_str().starts_with(name);
                let by_hint = name.len() >= SHORTEST_NAME && key.hints().any(begins);
                by_hint || key.digest_begins(name)
            },
        ];
        for way in ways {
            let found: Vec<_> = all.iter().copied().filter(|key| way(key)).collect();
            let set: Vec<_> = found
                .iter()
                .copied()
                .filter(|key| matches!(key, Named::Set(_)))
                .collect();
            match (&set[..], &found[..]) {
                ([only], _) | ([], [only]) => return Ok(*only),
                ([], []) => {}
                ([], several) | (several, _) => {
                    return Err(Failure::Usage(format!(
                        "several keys are called `{}`: {}; say which by its whole hint, or by its id (in brackets)",
                        escaped(name),
                        names(several, |key| format!("{key} [{}]", key.id()))
                    )));
                }
            }
        }
        if is_like_a_key(name) {
            return Err(Failure::Usage(
                "that looks like a key, which now may stand in the history of your shell: name a key by its hint, the first eight and the last four characters"
                    .to_owned(),
            ));
        }
        let set: Vec<_> = self.keys.iter().map(Named::Set).collect();
        Err(Failure::Other(if set.is_empty() {
            format!("no key is called `{}`; {}", escaped(name), self.none)
        } else {
            format!(
                "no key is called `{}`; there are {}",
                escaped(name),
                names(&set, |key| key.to_string())
            )
        }))
    }
}

/// Whether a key may stand in it, by itself or within something else: it is not to be repeated.
fn is_like_a_key(text: &str) -> bool {
    let mut pieces = text.split(|c| !is_key_character(c));
    pieces.any(|piece| piece.len() >= KEY_LIKE)
}

/// Some keys as they are `called`, and how many more there are.
fn names(keys: &[Named<'_>], called: impl Fn(&Named<'_>) -> String) -> String {
    let first = keys.iter().take(NAMED).map(called);
    let first = first.collect::<Vec<_>>().join(", ");
    match keys.len() {
        0..=NAMED => first,
        several => format!("{first} and {} more", several - NAMED),
    }
}

/// What a person typed, as it may be shown.
fn escaped(text: &str) -> String {
    text.chars().flat_map(char::escape_debug).collect()
}
