//! What stands in a log, shown to people: no text of it moves a cursor, hides, or ends a cell.
use std::{fmt::Write, path::Path};

use console::measure_text_width;

use crate::keys::without_keys;

/// A text as it may be shown: everything but letters, digits and plain signs as `\u{..}`.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let is_letter = || character.is_alphanumeric() && width(character) == 1;
        match character {
            '\\' => shown.push_str("\\\\"),
            ' '..='~' => shown.push(character),
            _ if is_letter() => shown.push(character),
            _ => shown.extend(character.escape_unicode()),
        }
    }
    shown
}

/// A path that somebody typed, or that was found in a folder. It may be a key that was typed in its
/// place.
pub(super) fn path(path: &Path) -> String {
    match path.to_string_lossy() {
        key if key.bytes().all(|byte| byte.is_ascii_alphanumeric()) => without_keys(&key),
        path => shown(&path),
    }
}

/// What somebody typed where no file is meant: what may be a key in it is not repeated.
pub(super) fn typed(text: &str) -> String {
    shown(&without_keys(text))
}

fn width(character: char) -> usize {
    measure_text_width(character.encode_utf8(&mut [0; 4]))
}

/// JSON that says the same in ASCII: nothing of it can be anything to a terminal.
pub(super) fn ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, ' '..='~' | '\n') {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

/// A shown text, cut to so many columns, but not in the midst of an escape.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if measure_text_width(text) <= columns {
        return text.to_owned();
    }
    let (mut kept, mut room) = (0, columns.saturating_sub(1));
    while let Some(character) = text[kept..].chars().next() {
        let rest = &text[kept..];
        let escape = rest.starts_with("\\u{").then(|| rest.find('}')).flatten();
        let length = match escape {
            Some(end) => end + 1,
            None if rest.starts_with("\\\\") => 2,
            None => character.len_utf8(),
        };
        let width = measure_text_width(&rest[..length]);
        if width > room {
            break;
        }
        room -= width;
        kept += length;
    }
    format!("{}…", &text[..kept])
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 gap`, `1,200 gaps`.
pub(super) fn times(count: u64, one: &str, several: &str) -> String {
    let word = if count == 1 { one } else { several };
    format!("{} {word}", grouped(count))
}

/// `512 B`, `1.5 MiB`.
pub(super) fn bytes(number: u64) -> String {
    let mut tenths = number.saturating_mul(10);
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    if unit == "B" || tenths >= 1000 {
        format!("{} {unit}", tenths / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}

/// `250 ms`, `1.5 s`, `12 min`.
pub(super) fn duration(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        60_000..7_200_000 => format!("{} min", millis / 60_000),
        _ => format!("{} h", millis / 3_600_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_log_moves_a_cursor_or_hides() {
        for (text, expected) in [
            ("curl/8.5.0 (x)", "curl/8.5.0 (x)"),
            (
                "\u{1b}[2J\u{7}\r\n\t\0",
                r"\u{1b}[2J\u{7}\u{d}\u{a}\u{9}\u{0}",
            ),
            ("\u{9b}31m\u{7f}", r"\u{9b}31m\u{7f}"),
            (
                "a\u{202e}b\u{200b}c\u{feff}\u{e0041}",
                r"a\u{202e}b\u{200b}c\u{feff}\u{e0041}",
            ),
            (
                "e\u{301} \u{2028} 日本 \u{1f600}",
                r"e\u{301} \u{2028} \u{65e5}\u{672c} \u{1f600}",
            ),
            (r"\u{1b}", r"\\u{1b}"),
            ("Büro é", "Büro é"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn a_text_is_cut_to_its_columns_and_no_escape_is_halved() {
        for (text, columns, expected) in [
            ("abcdef", 6, "abcdef"),
            ("abcdef", 5, "abcd…"),
            (r"ab\u{1b}cd", 8, "ab…"),
            (r"ab\u{1b}cd", 9, r"ab\u{1b}…"),
            (r"ab\\cd", 4, "ab…"),
            ("Büro 日本語", 10, "Büro 日本…"),
            ("Büro 日本語", 9, "Büro 日…"),
            ("日本", 1, "…"),
        ] {
            assert_eq!(cut(text, columns), expected, "{columns}");
        }
    }

    #[test]
    fn figures_are_as_people_write_them() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0, 1_023, 1_024, 1_536, 102_400, 5 << 30, u64::MAX].map(bytes),
            [
                "0 B", "1023 B", "1.0 KiB", "1.5 KiB", "100 KiB", "5.0 GiB", "1638 PiB"
            ]
        );
        assert_eq!(
            [0, 999, 1_500, 59_999, 60_000, 7_200_000].map(duration),
            ["0 ms", "999 ms", "1.5 s", "59.9 s", "1 min", "2 h"]
        );
    }
}
