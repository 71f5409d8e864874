//! Characters that hide, turn or part what others read, and how they are shown.
use std::fmt::Write as _;

use crate::ascii;

/// The same JSON with an escape in the place of each character that hides.
pub fn escape_hidden(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    write_shown(json, &mut out, |c, out| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    });
    out
}

/// Appends a line in which characters that hide are as `<U+202E>`. Returns how many there are.
pub fn show_hidden(line: &str, out: &mut String) -> usize {
    write_shown(line, out, |c, out| {
        let _ = write!(out, "<U+{:04X}>", u32::from(c));
    })
}

/// A line that [`show_hidden`] may have shown so, with the characters that hide in their places; `None`
/// where none is shown.
pub fn unhidden(line: &str) -> Option<String> {
    let mut parts = line.split("<U+");
    let mut out = parts.next()?.to_owned();
    let mut is_other = false;
    for part in parts {
        let hidden = part.split_once('>').and_then(|(code, rest)| {
            let c = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
            let before = out.chars().next_back().unwrap_or(' ');
            hides(c, before, rest.chars().next()).then_some((c, rest))
        });
        match hidden {
            Some((c, rest)) => {
                is_other = true;
                out.push(c);
                out.push_str(rest);
            }
            None => out.extend(["<U+", part]),
        }
    }
    is_other.then_some(out)
}

/// Appends a line in which `show` writes the characters that hide. Returns how many there are.
fn write_shown(line: &str, out: &mut String, show: fn(char, &mut String)) -> usize {
    // Nearly every line.
    if ascii::all(line.as_bytes(), |byte| byte == b'\t') {
        out.push_str(line);
        return 0;
    }
    let mut shown = 0;
    let mut before = ' ';
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        if hides(c, before, characters.peek().copied()) {
            show(c, out);
            shown += 1;
        } else {
            out.push(c);
        }
        before = c;
    }
    shown
}

/// Whether a character is not what it seems: tags, bidirectional controls, zero-width characters,
/// variation selectors with nothing to vary, and other controls but the tab.
fn hides(c: char, before: char, after: Option<char>) -> bool {
    match c {
        '\t' => false,
        '\u{200d}' => {
            !(is_joining(before) || is_pictograph(before) && after.is_some_and(is_pictograph))
        }
        '\u{200c}' => !is_joining(before),
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => !varies(before),
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        c => c.is_control(),
    }
}

/// Emoji are joined by zero-width joiners (families, professions), with selectors in between.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{fe0f}' | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Persian, Arabic and Indic scripts need the joiner and the non-joiner.
fn is_joining(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// Characters that a variation selector may follow: symbols, digits with keycaps, ideographs.
fn varies(c: char) -> bool {
    is_pictograph(c)
        || matches!(c, '#' | '*' | '0'..='9' | '\u{a9}' | '\u{ae}' | '\u{2010}'..='\u{218f}' | '\u{3000}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> (String, usize) {
        let mut out = String::new();
        let hidden = show_hidden(line, &mut out);
        (out, hidden)
    }

    #[test]
    fn characters_that_hide_are_shown() {
        let cases = [
            ("a\u{202e}b", "a<U+202E>b", 1),
            ("tag\u{e0041}\u{e007f}", "tag<U+E0041><U+E007F>", 2),
            ("zero\u{200b}width\u{2060}", "zero<U+200B>width<U+2060>", 2),
            ("bell\u{7}\r", "bell<U+0007><U+000D>", 2),
            ("orphan\u{fe0f}", "orphan<U+FE0F>", 1),
        ];
        for (line, expected, count) in cases {
            assert_eq!(shown(line), (expected.to_owned(), count));
        }
    }

    #[test]
    fn of_what_is_shown_so_only_what_hides_is_taken_back() {
        for (shown, line) in [
            ("a<U+202E>b<U+E0041>", Some("a\u{202e}b\u{e0041}")),
            ("many<U+002F>f001.txt", None),
            ("a<U+002E><U+00AD>", Some("a<U+002E>\u{ad}")),
            ("1<U+FE0F>", None),
            ("orphan<U+FE0F>", Some("orphan\u{fe0f}")),
        ] {
            assert_eq!(unhidden(shown).as_deref(), line, "{shown}");
        }
    }

    #[test]
    fn what_scripts_and_emoji_need_is_left_alone() {
        for line in [
            "\t漢字 für Ünïcode",
            "👩\u{200d}🚀",
            "❤\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "می\u{200c}خواهم",
        ] {
            assert_eq!(shown(line), (line.to_owned(), 0));
        }
    }
}
