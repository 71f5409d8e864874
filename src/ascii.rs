//! Printable ASCII, from the space to the tilde, told eight bytes in one go. Nearly all that is read
//! here is that, and every byte of it is looked at.

/// Whether every byte is printable or, where it is not, `allowed` all the same.
pub fn all(text: &[u8], allowed: impl Fn(u8) -> bool) -> bool {
    let (words, rest) = text.as_chunks();
    let is_fine = |byte: &u8| is_printable(*byte) || allowed(*byte);
    let is_fine_word = |word: &[u8; 8]| !may_be_odd(*word) || word.iter().all(is_fine);
    words.iter().all(is_fine_word) && rest.iter().all(is_fine)
}

/// The bytes that are not printable.
pub fn odd(text: &[u8]) -> impl Iterator<Item = u8> {
    let (words, rest) = text.as_chunks();
    let words = words.iter().filter(|word| may_be_odd(**word));
    let bytes = words.flatten().chain(rest).copied();
    bytes.filter(|byte| !is_printable(*byte))
}

fn is_printable(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

/// False only where every byte is printable.
fn may_be_odd(word: [u8; 8]) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    let word = u64::from_le_bytes(word);
    let below = |word: u64, least: u64| word.wrapping_sub(ONES * least) & !word;
    let delete = below(word ^ (ONES * 0x7f), 1);
    (word | below(word, b' '.into()) | delete) & (ONES * 0x80) != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_told_as_bytes_are(text in "[\\x00-\\x{ff}]{0,40}|[ -~\t]{0,40}") {
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
