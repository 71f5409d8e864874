//! Keys of ours within a text that somebody else wrote.
use std::ops::RangeInclusive;

use super::{
    KeyRing,
    key::{MAX_LENGTH, MIN_LENGTH, is_key_character},
};

const LENGTHS: RangeInclusive<usize> = MIN_LENGTH..=MAX_LENGTH;

/// So many beginnings of a run are tried: a path has more slashes than a key is likely to follow.
const MOST_PARTS: usize = 16;

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
    /// A run of key characters may be a key with something before or after it (`KEY=…`, `…/mcp`,
    /// a full stop), so its parts are tried too.
    pub fn found_in<'l>(&self, line: &'l str) -> Vec<&'l str> {
        let is_key = |run: &&str| LENGTHS.contains(&run.len()) && self.knows(run.as_bytes());
        let mut found = Vec::new();
        for run in runs(line, is_key_byte) {
            if run.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                found.extend(Some(run).filter(is_key));
                continue;
            }
            let after = run.match_indices(['=', '/']).map(|(at, _)| at + 1);
            let parts = std::iter::once(0)
                .chain(after)
                .take(MOST_PARTS)
                .flat_map(|start| {
                    let shorter =
                        |part: &&'l str| part.strip_suffix(['.', '/', '=', '-', '~', '+']);
                    std::iter::successors(Some(&run[start..]), shorter).take(4)
                });
            let words = runs(run, |byte| byte.is_ascii_alphanumeric());
            found.extend(parts.chain(words).filter(is_key));
        }
        found
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
}
