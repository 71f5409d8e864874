//! Printable ASCII, from the space to the tilde. Nearly all that is read here is that, and every byte of
//! it is looked at: in blocks that the compiler tells with a few wide instructions.

/// As much is told in one go.
type Block = [u8; 32];

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

fn is_printable(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

fn has_odd(block: &Block) -> bool {
    // A sum and no way out before the end: the compiler tells sixteen bytes at once.
    block
        .iter()
        .fold(0, |odd, byte| odd | u8::from(!is_printable(*byte)))
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
        }
    }
}
