//! One entry of a list of keys: a key in full, or only its digest.
use std::ops::Range;

use super::{
    ApiKey, KeyError, KeyHint, KeyId, Weakness,
    list::{is_guide_example, weaknesses},
};

/// What parts the entries of a list.
pub const SEPARATORS: [char; 3] = [',', '\n', '\r'];
/// What is cut off an entry's ends; white space and a byte order mark, which editors leave behind, are too.
const QUOTES: [char; 2] = ['"', '\''];
const BYTE_ORDER_MARK: char = '\u{feff}';
/// What a digest begins with.
const SHA256: &str = "sha256:";

/// A key that stands in a list, without its text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyEntry {
    pub id: KeyId,
    /// Of a hashed key, the hint of its digest: nothing tells how the key begins.
    pub hint: KeyHint,
    pub form: Form,
    pub weaknesses: Vec<Weakness>,
}

/// How a key is written down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    Plain,
    /// `sha256:` and the digest.
    Hashed,
}

impl KeyEntry {
    /// Reads one entry, without space or quotes around it.
    ///
    /// # Errors
    /// It is no key, nor the digest of one.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let Some(digest) = text.strip_prefix(SHA256) else {
            return ApiKey::parse(text).map(|key| Self::of(&key));
        };
        let id = KeyId::from_hex(digest).ok_or(KeyError::Digest)?;
        Ok(Self::hashed(&id))
    }

    /// The entry of a key of which only the digest is written down.
    pub fn hashed(id: &KeyId) -> Self {
        let example = is_guide_example(id).then_some(Weakness::GuideExample);
        Self {
            id: *id,
            hint: id.hint(),
            form: Form::Hashed,
            weaknesses: example.into_iter().collect(),
        }
    }

    /// Whether it is the key of the guide's examples, which everybody knows.
    pub fn is_guide_example(&self) -> bool {
        self.weaknesses.contains(&Weakness::GuideExample)
    }

    /// The entry that a key in full is.
    pub fn of(key: &ApiKey) -> Self {
        Self {
            id: key.id(),
            hint: key.hint(),
            form: Form::Plain,
            weaknesses: weaknesses(key).collect(),
        }
    }
}

/// Where in a piece of a list, which has no separator, the entry stands: without space, quotes and a
/// byte order mark around it. Empty where there is none.
pub fn entry_within(piece: &str) -> Range<usize> {
    let around = |c: char| c.is_whitespace() || c == BYTE_ORDER_MARK || QUOTES.contains(&c);
    let start = piece.len() - piece.trim_start_matches(around).len();
    start..piece.trim_end_matches(around).len().max(start)
}

impl KeyId {
    /// What stands in a list for a key of which only the digest is known: `sha256:` and 64 digits.
    pub fn hashed_entry(&self) -> String {
        format!("{SHA256}{}", self.to_hex())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_key_and_its_digest_are_one_key_in_two_forms() {
        let plain = KeyEntry::parse(KEY).unwrap();
        let hashed = KeyEntry::parse(&plain.id.hashed_entry()).unwrap();
        assert_eq!((plain.id, plain.form), (hashed.id, Form::Plain));
        assert_eq!(hashed.form, Form::Hashed);
        assert_eq!(plain.hint.as_str(), "01234567...cdef");
        let digest = plain.id.to_hex();
        let hint = format!("{}...{}", &digest[..8], &digest[60..]);
        assert_eq!(hashed.hint.as_str(), hint);
    }

    #[test]
    fn what_is_no_digest_is_refused_and_not_taken_for_a_key() {
        for text in [
            "sha256:",
            "sha256:ab",
            &format!("sha256:{KEY}0"),
            &format!("sha256:{}g", &KEY[..63]),
        ] {
            assert_eq!(KeyEntry::parse(text), Err(KeyError::Digest));
        }
    }
}
