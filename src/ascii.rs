//! Telling bytes apart, many at a time. Nearly all that is read and written here is printable ASCII, from
//! the space to the tilde, and every byte of it is looked at.

/// As much is told in one go.
pub type Block = [u8; 64];

/// Whether every byte is printable or, where it is not, `allowed` all the same.
pub fn all(text: &[u8], allowed: impl Fn(u8) -> bool) -> bool {
    let (blocks, _): (&[Block], _) = text.as_chunks();
    // The last block may be told twice in part.
    let is_clean = |last: &Block| !has_odd(last) && !blocks.iter().any(has_odd);
    text.last_chunk().is_some_and(is_clean) || odd(text).all(allowed)
}

/// The bytes that are not printable.
pub fn odd(text: &[u8]) -> impl Iterator<Item = u8> {
    let (blocks, rest): (&[Block], _) = text.as_chunks();
    let blocks = blocks.iter().filter(|block| has_odd(block));
    let bytes = blocks.flatten().chain(rest).copied();
    bytes.filter(|byte| !is_printable(*byte))
}

/// Whether this is lines of printable text, tabs allowed.
pub fn is_lines(text: &[u8]) -> bool {
    let is_line = |byte: u8| is_printable(byte) || byte == b'\n' || byte == b'\t';
    let (blocks, rest): (&[Block], _) = text.as_chunks();
    blocks
        .iter()
        .all(|block| !has(block, |byte| !is_line(byte)))
        && rest.iter().all(|byte| is_line(*byte))
}

/// Where the first byte is that JSON writes as an escape: a quote, a backslash or a control.
#[inline]
pub fn find_escaped(text: &[u8]) -> Option<usize> {
    find(text, escaped, is_escaped)
}

/// Where the first byte is that is one of those, or no ASCII.
#[inline(always)]
#[expect(clippy::inline_always, reason = "most texts are shorter than a call")]
pub fn find_escaped_or_foreign(text: &[u8]) -> Option<usize> {
    let is_meant = |byte: u8| is_escaped(byte) || !byte.is_ascii();
    find(text, |word| escaped(word) | word, is_meant)
}

/// Where the first byte is that is meant, told eight bytes at a time, as most texts are short: `marks`
/// marks the lowest of a word in its highest bit, and perhaps others above it.
#[inline(always)]
#[expect(clippy::inline_always, reason = "most texts are shorter than a call")]
fn find(text: &[u8], marks: impl Fn(u64) -> u64, is_meant: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = 0;
    while let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        let found = marks(u64::from_le_bytes(*eight)) & (ONES << 7);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let end = text[at..].iter().position(|byte| is_meant(*byte));
    end.map(|end| at + end)
}

const ONES: u64 = u64::MAX / 255;

fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | ..b' ')
}

fn escaped(word: u64) -> u64 {
    // With this bit turned the quote stands right behind the controls.
    let turned = |byte: u8| byte ^ 2;
    let word_turned = word ^ (ONES * 2);
    below(word_turned, turned(b'"') + 1) | below(word ^ (ONES * u64::from(b'\\')), 1)
}

fn below(word: u64, least: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(least)) & !word
}

pub fn is_printable(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

fn has_odd(block: &Block) -> bool {
    has(block, |byte| !is_printable(byte))
}

/// A sum and no way out before the end: so the compiler tells sixteen bytes at once.
pub fn has(block: &Block, is_meant: impl Fn(u8) -> bool) -> bool {
    block
        .iter()
        .fold(0, |found, byte| found | u8::from(is_meant(*byte)))
        != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_told_as_bytes_are(text in "[\\x00-\\x{ff}]{0,90}|[ -~\t]{0,90}") {
            let text = text.as_bytes();
            let by_bytes: Vec<u8> =
                text.iter().copied().filter(|byte| !is_printable(*byte)).collect();
            prop_assert_eq!(odd(text).collect::<Vec<_>>(), &by_bytes[..]);
            prop_assert_eq!(all(text, |_| false), by_bytes.is_empty());
            let is_tab = |byte| byte == b'\t';
            prop_assert_eq!(all(text, is_tab), by_bytes.iter().all(|byte| is_tab(*byte)));
            let is_end = |byte: &u8| matches!(byte, b'\t' | b'\n');
            prop_assert_eq!(is_lines(text), by_bytes.iter().all(is_end));
        }

        #[test]
        fn what_json_escapes_is_found(text in "[\\x00-\\x{ff}]{0,20}|[ -~é]{0,20}[\"\\\\\n\\x1f]?[ -~]{0,20}") {
            let text = text.as_bytes();
            let first = |is_meant: fn(u8) -> bool| text.iter().position(|byte| is_meant(*byte));
            prop_assert_eq!(find_escaped(text), first(is_escaped));
            let is_meant = |byte: u8| is_escaped(byte) || byte >= 0x80;
            prop_assert_eq!(find_escaped_or_foreign(text), first(is_meant));
        }
    }
}
