//! The text of `MCP_API_KEYS` or of a file of keys, read into entries. Nobody else reads such a text.
use std::{collections::HashSet, fmt};

use super::{
    ApiKey, KeyEntry, KeyError, KeyId,
    entry::{SEPARATORS, entry_within},
    key::MADE_LENGTH,
};

/// A text of fewer different characters was typed by somebody, not drawn by chance.
const FEW_CHARACTERS: usize = 10;
/// The digest of the key in the guide's examples. The key itself stands nowhere, so nobody copies it from here.
const GUIDE_EXAMPLE: &str = "cd210f14d1315f4d61fd9047d4ab39d6ff59ddfa9dade2593731d1e6000bbc99";

/// What a text of keys holds. No key's text is left in it.
#[derive(Debug, Default)]
pub struct KeyList {
    /// Each once, in the order of the text; of a key in two forms, the first.
    pub keys: Vec<KeyEntry>,
    pub rejected: Vec<RejectedKey>,
    pub warnings: Vec<KeyWarning>,
}

/// An entry that is no key and was left out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RejectedKey {
    /// The number of the entry, from 1; empty ones are not counted.
    pub entry: usize,
    /// In characters.
    pub length: usize,
    pub error: KeyError,
}

/// A key that works but should be a better one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyWarning {
    pub entry: usize,
    pub weakness: Weakness,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Weakness {
    #[error(
        "{0} characters, 64 are recommended; of a 32-digit key its hint leaves only 80 unknown bits"
    )]
    Short(usize),
    #[error("not hexadecimal, so perhaps not random; make keys with `aegis generate-key`")]
    NotHexadecimal,
    #[error("only {0} different characters; make keys with `aegis generate-key`")]
    FewCharacters(usize),
    #[error(
        "the example key of the guide, which everybody knows; make one with `aegis generate-key`"
    )]
    GuideExample,
    #[error("the same key as an earlier entry")]
    Repeated,
}

impl KeyList {
    /// Reads keys and digests separated by commas or lines. Spaces, quotes and a byte order mark
    /// around an entry are cut off, empty entries and repeated keys are skipped.
    pub fn parse(text: &str) -> Self {
        let pieces = text.split(SEPARATORS);
        let entries = pieces.map(|piece| &piece[entry_within(piece)]);

        let mut list = Self::default();
        let mut seen = HashSet::new();
        for (at, text) in entries.filter(|entry| !entry.is_empty()).enumerate() {
            let entry = at + 1;
            let warning = |weakness| KeyWarning { entry, weakness };
            match KeyEntry::parse(text) {
                Err(error) => list.rejected.push(RejectedKey {
                    entry,
                    length: text.chars().count(),
                    error,
                }),
                Ok(key) if !seen.insert(key.id) => {
                    list.warnings.push(warning(Weakness::Repeated));
                }
                Ok(key) => {
                    let weaknesses = key.weaknesses.iter().copied();
                    list.warnings.extend(weaknesses.map(warning));
                    list.keys.push(key);
                }
            }
        }
        list
    }

    /// Adds the keys of another text, such as a file's, without those that are here already.
    pub fn merge(&mut self, other: Self) {
        let known: HashSet<KeyId> = self.keys.iter().map(|key| key.id).collect();
        let more = other.keys.into_iter();
        self.keys
            .extend(more.filter(|key| !known.contains(&key.id)));
        self.rejected.extend(other.rejected);
        self.warnings.extend(other.warnings);
    }

    /// Whether the key of the guide's examples is among them: it must not open a door that others reach.
    pub fn has_guide_example(&self) -> bool {
        self.keys.iter().any(KeyEntry::is_guide_example)
    }
}

impl fmt::Display for RejectedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry #{}: {}", self.entry, self.error)
    }
}

impl fmt::Display for KeyWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry #{}: {}", self.entry, self.weakness)
    }
}

/// What is weak about a key; of one that everybody knows, only that.
pub(super) fn weaknesses(key: &ApiKey) -> impl Iterator<Item = Weakness> {
    let text = key.expose();
    let example = is_guide_example(&key.id());
    let different = text
        .bytes()
        .fold(0_u128, |seen, byte| seen | 1 << (byte % 128));
    let different = different.count_ones() as usize;
    let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let short = text.len() < MADE_LENGTH;
    [
        example.then_some(Weakness::GuideExample),
        (!example && short).then_some(Weakness::Short(text.len())),
        (!example && !hexadecimal).then_some(Weakness::NotHexadecimal),
        (!example && different < FEW_CHARACTERS).then_some(Weakness::FewCharacters(different)),
    ]
    .into_iter()
    .flatten()
}

pub(super) fn is_guide_example(id: &KeyId) -> bool {
    KeyId::from_hex(GUIDE_EXAMPLE).as_ref() == Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const TWO: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

    fn ids(list: &KeyList) -> Vec<KeyId> {
        list.keys.iter().map(|key| key.id).collect()
    }

    fn id(text: &str) -> KeyId {
        KeyId::of(text.as_bytes())
    }

    #[test]
    fn commas_and_lines_part_entries_and_what_surrounds_them_is_cut_off() {
        for text in [
            format!("{ONE},{TWO}"),
            format!("{ONE}\n{TWO}\n"),
            format!("\u{feff}{ONE}\r\n\r\n{TWO}\r\n"),
            format!(" \"{ONE}\" , '{TWO}',, "),
            format!("\"{ONE},{TWO}\""),
            format!("\u{a0}{ONE}\u{a0},\u{a0}{TWO},"),
        ] {
            let list = KeyList::parse(&text);
            assert_eq!(ids(&list), [id(ONE), id(TWO)]);
            assert_eq!((list.rejected, list.warnings), (vec![], vec![]));
        }
    }

    #[test]
    fn an_entry_that_is_no_key_is_named_by_number_and_length_and_the_others_count() {
        let list = KeyList::parse(&format!("{},,old-key-here,{ONE}", "a".repeat(31)));
        assert_eq!(ids(&list), [id(ONE)]);
        let sentences: Vec<_> = list.rejected.iter().map(ToString::to_string).collect();
        assert_eq!(
            sentences,
            [
                "entry #1: 31 characters, at least 32 needed",
                "entry #2: 12 characters, at least 32 needed",
            ]
        );
        assert_eq!(list.rejected[0].length, 31);
    }

    #[test]
    fn an_invisible_character_inside_a_key_is_named() {
        for (character, name) in [
            ('\u{200b}', "U+200B"),
            ('\u{a0}', "U+00A0"),
            ('\u{ad}', "U+00AD"),
            ('$', "U+0024"),
        ] {
            let list = KeyList::parse(&format!("{}{character}{}", &ONE[..20], &ONE[20..]));
            let [rejected] = &list.rejected[..] else {
                panic!("{name} must be refused")
            };
            let sentence = rejected.to_string();
            assert!(
                sentence.contains(name) && sentence.contains("character 21"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn a_weak_key_works_and_is_warned_of() {
        let weaknesses = |text: &str| -> Vec<_> {
            let list = KeyList::parse(text);
            assert_eq!(list.keys.len(), 1);
            list.warnings
                .into_iter()
                .map(|warning| warning.weakness)
                .collect()
        };
        assert_eq!(weaknesses(&ONE[..32]), [Weakness::Short(32)]);
        assert_eq!(
            weaknesses(&format!("{}g", &ONE[..63])),
            [Weakness::NotHexadecimal]
        );
        assert_eq!(weaknesses(&"ab".repeat(32)), [Weakness::FewCharacters(2)]);
        let few = |count: usize| {
            "0123456789abcdef"[..count]
                .chars()
                .cycle()
                .take(64)
                .collect::<String>()
        };
        assert_eq!(weaknesses(&few(FEW_CHARACTERS)), []);
        assert_eq!(
            weaknesses(&few(FEW_CHARACTERS - 1)),
            [Weakness::FewCharacters(FEW_CHARACTERS - 1)]
        );
        assert_eq!(weaknesses(&format!("{ONE},{ONE}")), [Weakness::Repeated]);
    }

    #[test]
    fn the_example_key_of_the_guide_is_recognised() {
        // a1b2c3… and so on through the alphabet and the digits, made here so that it stands nowhere.
        let pairs = ('a'..='z').zip("12345678901234567890123456".chars());
        let example: String = pairs
            .chain("abcdef".chars().zip("789012".chars()))
            .flat_map(|(a, b)| [a, b])
            .collect();
        let list = KeyList::parse(&example);
        assert!(list.has_guide_example());
        assert_eq!(list.warnings[0].weakness, Weakness::GuideExample);
        assert!(!KeyList::parse(ONE).has_guide_example());
    }

    #[test]
    fn digests_and_keys_stand_in_one_list_and_a_key_in_both_forms_is_one() {
        let digest = id(TWO).hashed_entry();
        let list = KeyList::parse(&format!("{ONE}, \"{digest}\",sha256:{TWO}0\n{TWO}"));
        assert_eq!(ids(&list), [id(ONE), id(TWO)]);
        assert_eq!(list.rejected[0].error, KeyError::Digest);
        assert_eq!(list.warnings[0].weakness, Weakness::Repeated);
    }

    #[test]
    fn a_second_text_adds_only_keys_that_are_new() {
        let mut list = KeyList::parse(ONE);
        list.merge(KeyList::parse(&format!("{TWO},{ONE}")));
        assert_eq!(ids(&list), [id(ONE), id(TWO)]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader_and_nothing_it_says_has_a_piece_of_it(text in "\\PC{0,80}") {
            let list = KeyList::parse(&format!("{text}#{ONE}"));
            let said = format!("{list:?}");
            proptest::prop_assert!(!said.contains(&ONE[..16]));
        }
    }
}
