//! What people call a key.
use std::fmt;

use super::{Fingerprint, KeyHint, may_be_in};

/// A name of 1 to 64 characters. `Display` shows it with everything escaped that a terminal or a
/// reader could take for something else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Label(String);

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LabelError {
    #[error("a label has 1 to {MAX_LENGTH} characters")]
    Length,
    #[error("a label has no control, combining or invisible characters")]
    Invisible,
    /// It could pose as another key.
    #[error(
        "a label has not the form of a key's hint (`first8...last4`) or id (16 hexadecimal digits)"
    )]
    PosesAsKey,
    /// Labels are shown everywhere.
    #[error(
        "that looks like a key, which now may stand in the history of your shell: a label has less than 32 characters of a key in a row"
    )]
    MayBeKey,
}

const MAX_LENGTH: usize = 64;

impl Label {
    /// A label that somebody gives; space around it is cut off.
    ///
    /// # Errors
    /// It is empty, too long, has characters that cannot be seen, or may be a key.
    pub fn new(text: &str) -> Result<Self, LabelError> {
        let label = Self::written(text.trim())?;
        if label.0.chars().any(hides) {
            return Err(LabelError::Invisible);
        }
        if KeyHint::parse(label.as_str()).is_some() || Fingerprint::parse(label.as_str()).is_some()
        {
            return Err(LabelError::PosesAsKey);
        }
        if may_be_in(label.as_str()) {
            return Err(LabelError::MayBeKey);
        }
        Ok(label)
    }

    /// A label that was found in a file, whatever characters it has.
    pub(super) fn written(text: &str) -> Result<Self, LabelError> {
        if (1..=MAX_LENGTH).contains(&text.chars().count()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(LabelError::Length)
        }
    }

    /// As it was given: to compare with, not to show.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            c if hides(c) => write!(f, "<U+{:04X}>", u32::from(c)),
            c => write!(f, "{c}"),
        })
    }
}

/// Whether a character is not seen as what it is. What `Debug` would escape counts: controls, marks
/// of direction, what joins the character before it; and letters that are drawn as nothing.
fn hides(c: char) -> bool {
    match c {
        ' ' | '"' | '\'' | '\\' => false,
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => true,
        c => c.is_whitespace() || c.escape_debug().count() > 1,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    #[test]
    fn a_label_is_a_short_visible_name() {
        for text in ["laptop", " ChatGPT, büro ", "it's \"new\"", "鍵"] {
            let label = Label::new(text).unwrap();
            assert_eq!(label.to_string(), text.trim());
        }
        for text in ["", "  ", &"x".repeat(65)] {
            assert_eq!(Label::new(text), Err(LabelError::Length));
        }
        for text in ["c6b878b4...ccbb", " c6b878b4...ccbb ", "c6b878b4a1b2c3d4"] {
            assert_eq!(Label::new(text), Err(LabelError::PosesAsKey));
        }
        for text in [
            "a\nb",
            "a\u{1b}[2Jb",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{a0}b",
            "a\u{e0041}b",
            "a\u{3164}b",
        ] {
            assert_eq!(Label::new(text), Err(LabelError::Invisible), "{text:?}");
        }
    }

    #[test]
    fn a_key_is_no_label() {
        let (key, less) = ("k".repeat(32), "k".repeat(31));
        for text in [&key, &format!("laptop {key}")] {
            assert_eq!(Label::new(text), Err(LabelError::MayBeKey));
        }
        assert!(Label::new(&format!("{less} {less}")).is_ok());
    }

    #[test]
    fn what_a_file_has_for_a_label_is_shown_escaped() {
        let label = Label::written("a\u{1b}[2J\u{202e}b\r\n").unwrap();
        assert_eq!(label.to_string(), "a<U+001B>[2J<U+202E>b<U+000D><U+000A>");
    }
}
