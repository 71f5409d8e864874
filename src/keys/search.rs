//! Keys of ours within a text that somebody else wrote.
use std::ops::RangeInclusive;

use super::{
    KeyRing,
    key::{MAX_LENGTH, MIN_LENGTH, is_key_character},
};

const LENGTHS: RangeInclusive<usize> = MIN_LENGTH..=MAX_LENGTH;

/// So many beginnings of a run are tried: a path has more slashes than a key is likely to follow.
const MOST_PARTS: usize = 16;

/// So many steps are taken for each byte of a line, and a few beyond: a text that is made to cost more
/// is taken for a key as a whole.
const STEPS: usize = 8;
/// So many steps a digest counts for.
const DIGEST: usize = 64;

/// Whether there is a run of key characters in it that is as long as a key.
pub fn may_be_in(text: &str) -> bool {
    runs(text, is_key_byte).next().is_some()
}

/// The text with `...` in the place of each run that may be a key.
pub fn without_keys(text: &str) -> String {
    let mut rest = text;
    let mut told = String::new();
    for run in runs(text, is_key_byte) {
        // Nothing before it has this run, for it would be one itself.
        if let Some((before, after)) = rest.split_once(run) {
            told.extend([before, "..."]);
            rest = after;
        }
    }
    told + rest
}

impl KeyRing {
    /// The keys in a line, in force or not.
    ///
    /// Whatever stands right before or after it (`KEY=`, `%3D`, `\n` of a quoted text): a key of
    /// which the beginning and the end are known is found anywhere. Of another, the runs of key
    /// characters are tried, and such parts of them as are likely.
    pub fn found_in<'l>(&self, line: &'l str) -> Vec<&'l str> {
        let mut found = Vec::new();
        let mut steps = STEPS * (line.len() + MAX_LENGTH);
        for run in runs(line, is_key_byte) {
            if self.find_known(run, &mut found, &mut steps).is_none() {
                return vec![line];
            }
            if self.outlines.has_others {
                self.find_others(run, &mut found);
            }
        }
        found
    }

    /// `None` where there are no steps left.
    fn find_known<'l>(
        &self,
        run: &'l str,
        found: &mut Vec<&'l str>,
        steps: &mut usize,
    ) -> Option<()> {
        let mut at = 0;
        while let Some(beginning) = run.as_bytes().get(at..at + 8) {
            let hints = self.outlines.with_beginning(beginning);
            let rest = &run[at..run.len().min(at + MAX_LENGTH)];
            at += 1;
            if hints.is_empty() {
                continue;
            }
            for end in MIN_LENGTH..=rest.len() {
                *steps = steps.checked_sub(1)?;
                let text = &rest[..end];
                let last = &text.as_bytes()[end - 4..];
                if hints.binary_search_by(|it| it.end().cmp(last)).is_err() {
                    continue;
                }
                *steps = steps.checked_sub(DIGEST)?;
                if self.knows(text.as_bytes()) {
                    found.push(text);
                    at += end - 1;
                    break;
                }
            }
        }
        Some(())
    }

    fn find_others<'l>(&self, run: &'l str, found: &mut Vec<&'l str>) {
        let is_key = |run: &&str| LENGTHS.contains(&run.len()) && self.knows(run.as_bytes());
        if run.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            found.extend(Some(run).filter(is_key));
            return;
        }
        let after = run.match_indices(['=', '/']).map(|(at, _)| at + 1);
        let parts = std::iter::once(0)
            .chain(after)
            .take(MOST_PARTS)
            .flat_map(|start| {
                let shorter = |part: &&'l str| part.strip_suffix(['.', '/', '=', '-', '~', '+']);
                std::iter::successors(Some(&run[start..]), shorter).take(4)
            });
        let words = runs(run, |byte| byte.is_ascii_alphanumeric());
        found.extend(parts.chain(words).filter(is_key));
    }
}

fn is_key_byte(byte: u8) -> bool {
    is_key_character(byte.into())
}

/// The runs of such bytes that are long enough for a key.
fn runs(text: &str, belongs: impl Fn(u8) -> bool) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let mut start = 0;
    std::iter::from_fn(move || {
        while let Some(window) = bytes.get(start..start + MIN_LENGTH) {
            // From the end: a stranger late in the window rules out most of what is before it.
            if let Some(stranger) = window.iter().rposition(|byte| !belongs(*byte)) {
                start += stranger + 1;
                continue;
            }
            let rest = bytes[start..].iter().position(|byte| !belongs(*byte));
            let end = rest.map_or(bytes.len(), |length| start + length);
            let run = &text[start..end];
            start = end;
            return Some(run);
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::{ApiKey, KeyEntry, KeyList, Metadata},
        rights::{Access, Rights},
    };

    const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

    fn ring(entries: &[KeyEntry], metadata: &Metadata) -> KeyRing {
        KeyRing::new(entries, metadata, Rights::up_to(Access::Read))
    }

    fn key(text: &str) -> ApiKey {
        ApiKey::parse(text).expect("a key")
    }

    /// The entry of a key of which the list has only the digest.
    fn hashed(key: &ApiKey) -> Vec<KeyEntry> {
        KeyList::parse(&key.id().hashed_entry()).keys
    }

    #[test]
    fn nothing_is_left_of_a_run_that_may_be_a_key() {
        let (short, long) = ("k".repeat(MIN_LENGTH), "k".repeat(2 * MIN_LENGTH - 1));
        let text = format!("`{short}` and `{long}` and `kkk`, {short}");
        let told = without_keys(&text);
        assert_eq!(told, "`...` and `...` and `kkk`, ...");
    }

    #[test]
    fn a_text_is_looked_into_where_a_run_is_as_long_as_a_key() {
        let (key, less) = ("k".repeat(MIN_LENGTH), "k".repeat(MIN_LENGTH - 1));
        assert!(may_be_in(&format!("a line\nAPI_KEY: {key}.\n")));
        assert!(!may_be_in(&format!("{less} {less}\n{less}\u{e9}{less}")));
    }

    #[test]
    fn a_key_is_found_whatever_is_glued_to_it() {
        let ring = ring(&[KeyEntry::of(&key(KEY))], &Metadata::default());
        for line in [
            format!("?next=%2Fmcp%2Fsse%3Fapi_key%3D{KEY}%26x"),
            format!(r#"{{"line":"a\n{KEY}\n"}}"#),
            format!("{}{KEY}{}", &KEY[..40], &KEY[40..]),
            format!("{}{KEY}{KEY}", "a".repeat(1_000)),
        ] {
            assert!(ring.found_in(&line).contains(&KEY));
        }
    }

    #[test]
    fn a_hashed_key_is_found_anywhere_where_the_metadata_knows_its_hint() {
        let mut metadata = Metadata::default();
        metadata.change(&key(KEY).id(), key(KEY).hint(), |_| {});
        let ring = ring(&hashed(&key(KEY)), &metadata);
        assert!(ring.found_in(&format!("%3D{KEY}")) == [KEY]);
    }

    #[test]
    fn a_key_of_which_only_the_digest_is_known_is_found_where_it_stands_apart() {
        let signs = "team-a.0123456789-abcdef/0123+456789";
        let entries = [hashed(&key(KEY)), hashed(&key(signs))].concat();
        let ring = ring(&entries, &Metadata::default());
        for (line, expected) in [
            (format!("MCP_API_KEYS={KEY}"), KEY),
            (format!("a/{KEY}/b {KEY}."), KEY),
            (format!("see {signs}."), signs),
            (format!("host/{signs}/"), signs),
        ] {
            assert!(ring.found_in(&line).contains(&expected));
        }
    }

    #[test]
    fn what_only_begins_and_ends_as_a_key_is_none() {
        let ring = ring(&[KeyEntry::of(&key(KEY))], &Metadata::default());
        let alike = format!("{}{}{}", &KEY[..8], "0".repeat(52), &KEY[60..]);
        assert!(ring.found_in(&alike.repeat(8)).is_empty());
        assert!(ring.found_in(&KEY[..8].repeat(9)).is_empty());
    }

    #[test]
    fn a_line_that_is_made_to_be_searched_for_long_is_taken_for_a_key() {
        let ring = ring(&[KeyEntry::of(&key(KEY))], &Metadata::default());
        let begins_often = [&KEY[..8].repeat(1_000), KEY].concat();
        assert!(ring.found_in(&begins_often) == [begins_often.as_str()]);
        let ends_often = [&KEY[..8], &KEY[60..].repeat(100), KEY].concat();
        assert!(ring.found_in(&ends_often) == [KEY]);
    }
}
