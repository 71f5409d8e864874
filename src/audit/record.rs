//! One line of the log: ASCII, `", "` between fields and `": "` within, whatever it is handed.
use std::{io::Write as _, net::IpAddr};

use chrono::{DateTime, Datelike, Timelike, Utc};
use ring::hmac;

use super::AuditEvent;
use crate::{caller::RequestId, keys::KeyHint};

const BEGINNING: &[u8] = b"{\"timestamp\": \"";
/// `2026-01-29T12:34:56.789Z`
const TIME: usize = 24;
/// What most records need.
const USUAL: usize = 512;

/// A record of which only its place in the log is missing: nobody else waits while it is written.
pub(super) struct Record {
    line: Vec<u8>,
}

impl Record {
    pub(super) fn of(event: &AuditEvent<'_>, fingerprints: &hmac::Key) -> Self {
        let mut line = Vec::with_capacity(USUAL);
        line.extend_from_slice(BEGINNING);
        line.extend_from_slice(&[0; TIME]);
        line.push(b'"');
        let mut record = Self { line };
        record.put("event", event.name());
        event.write(&mut record, fingerprints);
        record
    }

    /// Adds a field, or nothing where the value is `None`.
    pub(super) fn put(&mut self, name: &'static str, value: impl Field) -> &mut Self {
        if !value.is_absent() {
            self.line.extend_from_slice(b", \"");
            self.line.extend_from_slice(name.as_bytes());
            self.line.extend_from_slice(b"\": ");
            value.write(&mut self.line);
        }
        self
    }

    /// The line of the record, newline included, at its place in the log.
    pub(super) fn end(mut self, time: DateTime<Utc>, seq: u64, prev: [u8; 32]) -> Vec<u8> {
        self.put("seq", Plain(seq)).put("prev", prev);
        self.line.extend_from_slice(b"}\n");
        self.line[BEGINNING.len()..][..TIME].copy_from_slice(&rfc_3339(time));
        self.line
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
        for (at, hint) in self.iter().copied().enumerate() {
            if at > 0 {
                line.extend_from_slice(b", ");
            }
            hint.write(line);
        }
        line.push(b']');
    }
}

/// Bytes in hexadecimal digits.
impl<const N: usize> Field for [u8; N] {
    fn write(self, line: &mut Vec<u8>) {
        line.push(b'"');
        let start = line.len();
        line.resize(start + 2 * N, 0);
        hex::encode_to_slice(self, &mut line[start..]).expect("twice as many digits");
        line.push(b'"');
    }
}

impl Field for DateTime<Utc> {
    fn write(self, line: &mut Vec<u8>) {
        line.push(b'"');
        line.extend_from_slice(&rfc_3339(self));
        line.push(b'"');
    }
}

/// By hand: a fifth of what a format string costs.
fn rfc_3339(time: DateTime<Utc>) -> [u8; TIME] {
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut put = |at: usize, length: usize, number: u32| {
        let mut rest = number;
        for digit in text[at..at + length].iter_mut().rev() {
            *digit = b"0123456789"[rest as usize % 10];
            rest /= 10;
        }
    };
    put(0, 4, time.year().clamp(0, 9999).unsigned_abs());
    put(5, 2, time.month());
    put(8, 2, time.day());
    put(11, 2, time.hour());
    put(14, 2, time.minute());
    put(17, 2, time.second());
    // Within a leap second chrono counts on; a reader's clock has no 61st second.
    put(20, 3, time.timestamp_subsec_millis().min(999));
    text
}

/// A number.
pub(super) struct Plain<T>(pub(super) T);

impl<T: itoa::Integer> Field for Plain<T> {
    fn write(self, line: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        line.extend_from_slice(digits.format(self.0).as_bytes());
    }
}

impl Field for RequestId {
    fn write(self, line: &mut Vec<u8>) {
        self.bytes().write(line);
    }
}

impl Field for KeyHint {
    fn write(self, line: &mut Vec<u8>) {
        self.as_str().write(line);
    }
}

impl Field for IpAddr {
    fn write(self, line: &mut Vec<u8>) {
        match self {
            Self::V4(address) => {
                let mut before = b'"';
                for part in address.octets() {
                    line.push(before);
                    Plain(part).write(line);
                    before = b'.';
                }
            }
            Self::V6(address) => {
                write!(line, "\"{address}").expect("a vector takes every write");
            }
        }
        line.push(b'"');
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
    if text.len() <= LONGEST && stands_as_it_is(text, underscore) {
        line.extend_from_slice(text);
        line.push(b'"');
        return;
    }
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

/// Most texts: whether no character of it is escaped.
fn stands_as_it_is(text: &[u8], underscore: Underscore) -> bool {
    let not_kept = match underscore {
        // Escaped in any case.
        Underscore::Kept => b'"',
        Underscore::Escaped => b'_',
    };
    let is_escaped = |byte: u8| {
        let is_ours = byte == b'"' || byte == b'\\' || byte == not_kept;
        u8::from(is_ours || !(b' '..=b'~').contains(&byte))
    };
    // A sum and no way out before the end: the compiler tells sixteen bytes at once.
    text.iter().fold(0, |found, byte| found | is_escaped(*byte)) == 0
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

        #[test]
        fn a_text_stands_as_it_is_where_nothing_of_it_is_escaped(text in "[a-z/.]{0,9}[ -~é\n]?[a-z]{0,9}", escaped: bool) {
            let underscore = if escaped { Underscore::Escaped } else { Underscore::Kept };
            let mut by_character = Vec::new();
            for character in text.chars() {
                write_character(&mut by_character, character, underscore);
            }
            let is_same = by_character == text.as_bytes();
            prop_assert_eq!(stands_as_it_is(text.as_bytes(), underscore), is_same);
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
        assert_eq!(written("issue_\u{e9}"), "\"issue_\\u00e9\"");
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
