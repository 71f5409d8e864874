//! One key: its text, its hint, its digest.
use std::fmt;

use rand::{TryRng, rngs::SysRng};
use ring::digest;
use subtle::ConstantTimeEq;

use crate::secret::Secret;

/// The length of the keys that we make: 32 random bytes in hexadecimal digits.
pub(super) const MADE_LENGTH: usize = 64;
/// The shortest text that is taken as a key.
pub(super) const MIN_LENGTH: usize = 32;
/// The longest.
pub(super) const MAX_LENGTH: usize = 512;

/// How examples begin. Whoever sends it has not filled in a key, so it opens nothing.
const UNFILLED: &str = "YOUR_";

/// A key in full: 32 to 512 characters of `[A-Za-z0-9._~+/=-]`. It prints as `[hidden]`.
#[derive(Clone, Debug)]
pub struct ApiKey(Secret);

/// Why a text is no key. Names positions and lengths, never the text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    #[error(
        "`YOUR_` stands in it: an example that was not filled in; make a key with `aegis generate-key`"
    )]
    Unfilled,
    #[error("{0} characters, at least {MIN_LENGTH} needed")]
    Short(usize),
    #[error("{0} characters, at most {MAX_LENGTH} allowed")]
    Long(usize),
    #[error("character {position} is U+{:04X}, only letters, digits and `._~+/=-` are allowed", u32::from(*character))]
    Character { position: usize, character: char },
    #[error("`sha256:` and something other than 64 hexadecimal digits")]
    Digest,
}

impl ApiKey {
    /// A new key of 64 hexadecimal digits.
    ///
    /// # Errors
    /// The operating system's generator failed.
    pub fn generate() -> Result<Self, rand::rngs::SysError> {
        let mut bytes = zeroize::Zeroizing::new([0; MADE_LENGTH / 2]);
        SysRng.try_fill_bytes(&mut *bytes)?;
        Ok(Self(Secret::new(hex::encode(*bytes))))
    }

    /// # Errors
    /// The text is too short, too long, an example, or has a character that no key has.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        check_form(text).map(|()| Self(Secret::new(text.to_owned())))
    }

    /// Whether what was offered could be a key at all, whatever digest somebody wrote down.
    pub(super) fn has_form(offered: &[u8]) -> bool {
        std::str::from_utf8(offered).is_ok_and(|text| check_form(text).is_ok())
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub fn id(&self) -> KeyId {
        KeyId::of(self.expose().as_bytes())
    }

    pub fn hint(&self) -> KeyHint {
        KeyHint::of(self.expose().as_bytes())
    }
}

fn check_form(text: &str) -> Result<(), KeyError> {
    let mut characters = text.chars().enumerate();
    if let Some((at, character)) = characters.find(|(_, c)| !is_key_character(*c)) {
        return Err(KeyError::Character {
            position: at + 1,
            character,
        });
    }
    match text.len() {
        _ if text.contains(UNFILLED) => Err(KeyError::Unfilled),
        length if length < MIN_LENGTH => Err(KeyError::Short(length)),
        length if length > MAX_LENGTH => Err(KeyError::Long(length)),
        _ => Ok(()),
    }
}

/// Whether a character may stand in a key.
pub fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._~+/=-".contains(c)
}

/// The first eight and the last four characters of a key: `a1b2c3d4...e1f2`.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyHint([u8; 15]);

impl KeyHint {
    fn of(text: &[u8]) -> Self {
        let mut hint = *b"________...____";
        hint[..8].copy_from_slice(&text[..8]);
        hint[11..].copy_from_slice(&text[text.len() - 4..]);
        Self(hint)
    }

    /// Reads a hint that was written down: nothing else has this form.
    pub fn parse(text: &str) -> Option<Self> {
        let hint: [u8; 15] = text.as_bytes().try_into().ok()?;
        let ends = hint[..8].iter().chain(&hint[11..]);
        let valid =
            hint[8..11] == *b"..." && ends.copied().all(|byte| is_key_character(byte.into()));
        valid.then_some(Self(hint))
    }

    pub(super) fn beginning(&self) -> &[u8] {
        &self.0[..8]
    }

    pub(super) fn end(&self) -> &[u8] {
        &self.0[11..]
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("every character of a key is ASCII")
    }
}

impl fmt::Display for KeyHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHint({self})")
    }
}

/// The SHA-256 digest of a key, by which the program names it.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct KeyId([u8; 32]);

impl KeyId {
    /// The digest of whatever was offered as a key.
    pub fn of(offered: &[u8]) -> Self {
        let mut id = [0; 32];
        id.copy_from_slice(digest::digest(&digest::SHA256, offered).as_ref());
        Self(id)
    }

    /// Reads a digest as 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut id = [0; 32];
        hex::decode_to_slice(text, &mut id).ok()?;
        Some(Self(id))
    }

    /// The digest as 64 hexadecimal digits, as it stands after `sha256:`.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// By which a key is named of which only the digest is known.
    pub fn hint(&self) -> KeyHint {
        KeyHint::of(self.to_hex().as_bytes())
    }

    /// By which its metadata names the key.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut start = [0; 8];
        start.copy_from_slice(&self.0[..8]);
        Fingerprint(start)
    }
}

/// The first 16 hexadecimal digits of a key's digest: it names a key and verifies nothing.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// Reads it as it is written: 16 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut start = [0; 8];
        hex::decode_to_slice(text, &mut start).ok()?;
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        is_lower.then_some(Self(start))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl ConstantTimeEq for KeyId {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({}...)", hex::encode(&self.0[..4]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_is_64_hexadecimal_digits_and_new_each_time() {
        let keys: Vec<_> = (0..1000).filter_map(|_| ApiKey::generate().ok()).collect();
        let is_hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        assert!(keys.iter().all(|key| key.expose().len() == 64));
        assert!(
            keys.iter()
                .all(|key| key.expose().bytes().all(is_hexadecimal))
        );
        let ids: std::collections::HashSet<_> = keys.iter().map(ApiKey::id).collect();
        assert_eq!(ids.len(), 1000);
    }

    #[test]
    fn an_example_that_was_not_filled_in_is_no_key() {
        let example = ApiKey::parse("YOUR_GENERATED_KEY_GOES_HERE_1234567").map(|_| ());
        assert_eq!(example, Err(KeyError::Unfilled));
    }

    #[test]
    fn a_key_has_32_to_512_characters() {
        let lengths =
            [31, 32, 512, 513].map(|length| ApiKey::parse(&"a".repeat(length)).map(|_| ()));
        let expected = [
            Err(KeyError::Short(31)),
            Ok(()),
            Ok(()),
            Err(KeyError::Long(513)),
        ];
        assert_eq!(lengths, expected);
    }

    #[test]
    fn a_hint_that_was_written_down_has_one_form() {
        assert_eq!(
            KeyHint::parse("a1b2c3d4...e1f2").expect("a hint").as_str(),
            "a1b2c3d4...e1f2"
        );
        for other in [
            "a1b2c3d4---e1f2",
            "a1b2c3d4...e1 2",
            "a1b2c3d 4..e1f2",
            "a1b2c3d4...e1f",
            "",
        ] {
            assert!(KeyHint::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn the_hint_is_the_first_eight_and_the_last_four_characters_and_nothing_else_prints() {
        let key = ApiKey::parse("a1b2c3d4-e5f6-g7h8-i9j0-k1l2m3n4e1f2").expect("a key");
        assert_eq!(key.hint().to_string(), "a1b2c3d4...e1f2");
        assert_eq!(format!("{key:?}"), "ApiKey([hidden])");
        assert_eq!(format!("{:?}", key.hint()), "KeyHint(a1b2c3d4...e1f2)");
        assert_eq!(
            format!("{:?}", KeyId::of(b"x")).len(),
            "KeyId(12345678...)".len()
        );
    }
}
