//! One line of the log: ASCII, `", "` between fields and `": "` within, whatever it is handed.
use std::{fmt::Display, io::Write as _};

use chrono::{DateTime, Datelike, Timelike, Utc};

use crate::keys::KeyHint;

/// A record being written into a buffer that is used again.
pub(super) struct Record<'b> {
    line: &'b mut Vec<u8>,
}

impl<'b> Record<'b> {
    pub(super) fn begin(line: &'b mut Vec<u8>, time: DateTime<Utc>, event: &'static str) -> Self {
        line.clear();
        line.extend_from_slice(b"{\"timestamp\": ");
        time.write(line);
        let mut record = Self { line };
        record.put("event", event);
        record
    }

    /// Adds a field, or nothing where the value is `None`.
    pub(super) fn put(&mut self, name: &'static str, value: impl Field) -> &mut Self {
        if !value.is_absent() {
            self.line.extend_from_slice(b", \"");
            self.line.extend_from_slice(name.as_bytes());
            self.line.extend_from_slice(b"\": ");
            value.write(self.line);
        }
        self
    }

    /// Ends the record, newline included.
    pub(super) fn end(mut self, seq: u64, prev: [u8; 32]) {
        self.put("seq", Plain(seq)).put("prev", prev);
        self.line.extend_from_slice(b"}\n");
    }
}

/// A value as it stands in a record. `&str` is a text of ours, `&[u8]` one that a client chose.
pub(super) trait Field {
    fn write(self, line: &mut Vec<u8>);

    fn is_absent(&self) -> bool {
        false
    }
}

impl<T: Field> Field for Option<T> {
    fn write(self, line: &mut Vec<u8>) {
        if let Some(value) = self {
            value.write(line);
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl Field for &str {
    fn write(self, line: &mut Vec<u8>) {
        write_text(line, self.as_bytes(), Underscore::Kept);
    }
}

impl Field for &[u8] {
    fn write(self, line: &mut Vec<u8>) {
        write_text(line, self, Underscore::Escaped);
    }
}

impl Field for &[KeyHint] {
    fn write(self, line: &mut Vec<u8>) {
        line.push(b'[');
        for (at, hint) in self.iter().enumerate() {
            if at > 0 {
                line.extend_from_slice(b", ");
            }
            Quoted(hint).write(line);
        }
        line.push(b']');
    }
}

/// Bytes in hexadecimal digits.
impl<const N: usize> Field for [u8; N] {
    fn write(self, line: &mut Vec<u8>) {
        line.push(b'"');
        for byte in self {
            line.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte)]);
        }
        line.push(b'"');
    }
}

/// `2026-01-29T12:34:56.789Z`. By hand: a fifth of what a format string costs.
impl Field for DateTime<Utc> {
    fn write(self, line: &mut Vec<u8>) {
        fn digits<const N: usize>(line: &mut Vec<u8>, number: u32, end: u8) {
            let mut text = [0; N];
            let mut rest = number;
            for digit in text.iter_mut().rev() {
                *digit = b"0123456789"[rest as usize % 10];
                rest /= 10;
            }
            line.extend_from_slice(&text);
            line.push(end);
        }
        line.push(b'"');
        digits::<4>(line, self.year().clamp(0, 9999).unsigned_abs(), b'-');
        digits::<2>(line, self.month(), b'-');
        digits::<2>(line, self.day(), b'T');
        digits::<2>(line, self.hour(), b':');
        digits::<2>(line, self.minute(), b':');
        digits::<2>(line, self.second(), b'.');
        // Within a leap second chrono counts on; a reader's clock has no 61st second.
        digits::<3>(line, self.timestamp_subsec_millis().min(999), b'Z');
        line.push(b'"');
    }
}

/// A number.
pub(super) struct Plain<T>(pub(super) T);

impl<T: Display> Field for Plain<T> {
    fn write(self, line: &mut Vec<u8>) {
        write!(line, "{}", self.0).expect("a vector takes every write");
    }
}

/// What prints as text that needs no escape: an address, a request id.
pub(super) struct Quoted<T>(pub(super) T);

impl<T: Display> Field for Quoted<T> {
    fn write(self, line: &mut Vec<u8>) {
        write!(line, "\"{}\"", self.0).expect("a vector takes every write");
    }
}

/// What becomes of `_` in a text. Every word that people search a log for has one, so where it is
/// escaped no stranger can write such a word.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Underscore {
    Kept,
    Escaped,
}

/// The longest text of a field, in characters.
const LONGEST: usize = 256;

/// Writes a quoted text in ASCII, of at most [`LONGEST`] characters and `...`.
pub(super) fn write_text(line: &mut Vec<u8>, text: &[u8], underscore: Underscore) {
    line.push(b'"');
    let mut left = LONGEST;
    for chunk in text.utf8_chunks() {
        let replacement = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
        for character in chunk.valid().chars().chain(replacement) {
            if left == 0 {
                line.extend_from_slice(b"...\"");
                return;
            }
            left -= 1;
            write_character(line, character, underscore);
        }
    }
    line.push(b'"');
}

fn write_character(line: &mut Vec<u8>, character: char, underscore: Underscore) {
    match character {
        '"' | '\\' => line.extend_from_slice(&[b'\\', character as u8]),
        '_' if underscore == Underscore::Kept => line.push(b'_'),
        ' '..='~' if character != '_' => line.push(character as u8),
        _ => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let [high, low] = unit.to_be_bytes();
                line.extend_from_slice(b"\\u");
                for byte in [high, low] {
                    line.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte)]);
                }
            }
        }
    }
}

/// The digit of the lower four bits.
fn hex_digit(bits: u8) -> u8 {
    b"0123456789abcdef"[usize::from(bits & 0xf)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use proptest::prelude::*;

    use super::*;

    fn written(value: impl Field) -> String {
        let mut line = Vec::new();
        value.write(&mut line);
        String::from_utf8(line).unwrap()
    }

    proptest! {
        #[test]
        fn a_time_is_written_as_rfc_3339_says(millis in -62_167_219_200_000..253_402_300_800_000_i64) {
            let time = DateTime::from_timestamp_millis(millis).unwrap();
            let expected = time.format("\"%Y-%m-%dT%H:%M:%S%.3fZ\"").to_string();
            prop_assert_eq!(written(time), expected);
        }
    }

    #[test]
    fn a_leap_second_is_no_longer_than_its_minute() {
        let time = DateTime::from_timestamp(1_483_228_799, 1_500_000_000).unwrap();
        assert_eq!(written(time), "\"2016-12-31T23:59:59.999Z\"");
    }

    #[test]
    fn a_text_of_ours_keeps_its_underscores_and_no_more() {
        assert_eq!(written("issue_read"), "\"issue_read\"");
        assert_eq!(written("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
        assert_eq!(written(&b"issue_read"[..]), r#""issue\u005fread""#);
    }

    #[test]
    fn a_text_is_cut_after_256_characters() {
        assert_eq!(written("a".repeat(256).as_str()).len(), 258);
        let cut = written("a".repeat(257).as_str());
        assert_eq!((cut.len(), cut.ends_with("a...\"")), (261, true));
        assert_eq!(written(&[0xff; 1000][..]).matches("\\ufffd").count(), 256);
    }
}
