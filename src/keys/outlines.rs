//! What is known of how keys look, without their text.
use super::{Fingerprint, KeyHint};
use crate::sort;

/// How the keys of a ring begin and end, as far as it is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Outlines {
    /// In order.
    known: Vec<KeyHint>,
    /// There are keys of which only the digest is known.
    pub(super) has_others: bool,
}

impl Outlines {
    pub(super) fn of(hints: impl IntoIterator<Item = (Fingerprint, Option<KeyHint>)>) -> Self {
        let mut outlines = Self::default();
        for (key, hint) in hints {
            // A hint that was taken of the digest tells nothing of the key.
            match hint.filter(|hint| !key.to_string().as_bytes().starts_with(hint.beginning())) {
                Some(hint) => outlines.known.push(hint),
                None => outlines.has_others = true,
            }
        }
        sort::by_key(&mut outlines.known, |hint| *hint);
        outlines.known.dedup();
        outlines
    }

    /// Those that begin with these eight bytes, by their ends.
    pub(super) fn with_beginning(&self, beginning: &[u8]) -> &[KeyHint] {
        let start = self
            .known
            .partition_point(|hint| hint.beginning() < beginning);
        let from = &self.known[start..];
        &from[..from.partition_point(|hint| hint.beginning() == beginning)]
    }
}
