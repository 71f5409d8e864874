//! A `.env` file, kept byte for byte as it was found: what is known of it are places in it. So
//! printing gives back what was read, whatever that was, and an edit can touch a value alone.
use std::ops::Range;

use zeroize::Zeroizing;

/// The bytes of a `.env` file and the assignments found in them. Its `Debug` shows no value.
pub struct EnvFile {
    bytes: Zeroizing<Vec<u8>>,
    places: Vec<Place>,
    not_understood: Vec<usize>,
}

struct Place {
    line: usize,
    name: Range<usize>,
    value: Range<usize>,
    spaced: bool,
}

/// One `NAME=value`.
pub struct Assignment<'a> {
    /// The number of its line, from 1.
    pub line: usize,
    pub name: &'a str,
    /// The value without quotes, comment and space around it.
    pub value: &'a [u8],
    /// Whether there are spaces around the `=`, which a shell and `docker run` do not take.
    pub spaced: bool,
}

impl EnvFile {
    /// Reads every line as far as it can be understood. There is no text that it refuses.
    pub fn parse(bytes: Vec<u8>) -> Self {
        let bytes = Zeroizing::new(bytes);
        let (mut places, mut not_understood) = (Vec::new(), Vec::new());
        let mut start = 0;
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            match Place::find(line, start, index + 1) {
                Some(place) => places.push(place),
                None if is_blank_or_comment(line) => {}
                None => not_understood.push(index + 1),
            }
            start += line.len();
        }
        Self {
            bytes,
            places,
            not_understood,
        }
    }

    /// The file as it was read, byte for byte.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The assignments from top to bottom; a name may come more than once.
    pub fn assignments(&self) -> impl Iterator<Item = Assignment<'_>> {
        self.places.iter().map(|place| Assignment {
            line: place.line,
            name: str::from_utf8(&self.bytes[place.name.clone()]).expect("a name is ASCII"),
            value: &self.bytes[place.value.clone()],
            spaced: place.spaced,
        })
    }

    /// The file with `value` in every assignment of `name` and nothing else touched; where there is
    /// no such assignment, it gets one at its end.
    #[must_use]
    pub fn replace(&self, name: &str, value: &[u8]) -> Self {
        let own = |place: &&Place| self.bytes[place.name.clone()] == *name.as_bytes();
        let places: Vec<_> = self.places.iter().filter(own).collect();
        // Room for all of it, so that growing leaves no copies of secrets behind.
        let room = self.bytes.len() + (places.len() + 1) * (value.len() + name.len() + 8);
        let mut bytes = Vec::with_capacity(room);
        let mut written = 0;
        for place in &places {
            bytes.extend_from_slice(&self.bytes[written..place.value.start]);
            bytes.extend_from_slice(value);
            written = place.value.end;
        }
        bytes.extend_from_slice(&self.bytes[written..]);
        if places.is_empty() {
            let end = self.line_end();
            if !bytes.is_empty() && !bytes.ends_with(b"\n") {
                bytes.extend_from_slice(end);
            }
            for part in [name.as_bytes(), b"=", value, end] {
                bytes.extend_from_slice(part);
            }
        }
        Self::parse(bytes)
    }

    /// What the first line ends with, which the others are taken to end with too.
    fn line_end(&self) -> &'static [u8] {
        let first = self.bytes.split_inclusive(|byte| *byte == b'\n').next();
        if first.is_some_and(|line| line.ends_with(b"\r\n")) {
            b"\r\n"
        } else {
            b"\n"
        }
    }

    /// The numbers of the lines that are neither blank, comment nor assignment.
    pub fn not_understood(&self) -> &[usize] {
        &self.not_understood
    }
}

impl std::fmt::Debug for EnvFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self
            .assignments()
            .map(|assignment| assignment.name.to_owned());
        f.debug_set().entries(names).finish()
    }
}

impl Place {
    /// The assignment that `line`, which begins at `start` of the file, is.
    fn find(line: &[u8], start: usize, number: usize) -> Option<Self> {
        let equals = line.iter().position(|byte| *byte == b'=')?;
        let head = without_blank_end(&line[..equals]);
        let begin = name_begin(head);
        let is_name_byte = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
        if begin == head.len() || !head[begin..].iter().all(is_name_byte) {
            return None;
        }
        let rest = &line[equals + 1..];
        let value = meant(rest);
        let text = without_blank_end(rest);
        Some(Self {
            line: number,
            name: start + begin..start + head.len(),
            value: start + equals + 1 + value.start..start + equals + 1 + value.end,
            spaced: head.len() < equals || (!text.is_empty() && blank_start(text) > 0),
        })
    }
}

/// Where in `text` the value stands that is meant by it: without space around it, without a pair of
/// quotes, without a comment (a `#` after a space, outside quotes). Nothing is expanded or unescaped.
pub(super) fn meant(text: &[u8]) -> Range<usize> {
    let start = blank_start(text);
    if let Some(quote @ (b'"' | b'\'')) = text.get(start) {
        let closing = text[start + 1..].iter().position(|byte| byte == quote);
        if let Some(length) = closing {
            let end = start + 1 + length;
            let tail = &text[end + 1..];
            if matches!(tail.get(blank_start(tail)), None | Some(b'#')) {
                return start + 1..end;
            }
        }
    }
    let comment = (1..text.len()).find(|at| text[*at] == b'#' && ends_blank(&text[..*at]));
    let end = without_blank_end(&text[..comment.unwrap_or(text.len())]).len();
    start.min(end)..end
}

fn is_blank_or_comment(line: &[u8]) -> bool {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    matches!(line.get(blank_start(line)), None | Some(b'#'))
}

/// Where the name begins: after a byte order mark, space and `export`.
fn name_begin(head: &[u8]) -> usize {
    let mark = if head.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let begin = mark + blank_start(&head[mark..]);
    match head[begin..].strip_prefix(b"export") {
        Some(after) if blank_start(after) > 0 => begin + b"export".len() + blank_start(after),
        _ => begin,
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Copied out of a web page, a space is often one of these.
const NO_BREAK_SPACE: &[u8] = b"\xc2\xa0";

/// How many bytes of space `text` begins with.
fn blank_start(text: &[u8]) -> usize {
    let mut rest = text;
    loop {
        rest = match rest {
            [first, after @ ..] if first.is_ascii_whitespace() => after,
            _ => match rest.strip_prefix(NO_BREAK_SPACE) {
                Some(after) => after,
                None => return text.len() - rest.len(),
            },
        }
    }
}

fn without_blank_end(text: &[u8]) -> &[u8] {
    let mut rest = text;
    loop {
        rest = match rest {
            [before @ .., last] if last.is_ascii_whitespace() => before,
            _ => match rest.strip_suffix(NO_BREAK_SPACE) {
                Some(before) => before,
                None => return rest,
            },
        }
    }
}

fn ends_blank(text: &[u8]) -> bool {
    without_blank_end(text).len() < text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let file = EnvFile::parse(text.as_bytes().to_vec());
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let pairs = file
            .assignments()
            .map(|a| (a.name.to_owned(), text(a.value)));
        pairs.collect()
    }

    #[test]
    fn a_value_is_read_as_its_writer_meant_it() {
        for (line, value) in [
            ("K=v", "v"),
            ("K = v", "v"),
            ("  export K=v", "v"),
            ("export\tK\t=\tv\t", "v"),
            ("\u{feff}K=v", "v"),
            ("K=v\r\n", "v"),
            ("K=v # c", "v"),
            ("K=600  # 10 minutes", "600"),
            ("K=v#c", "v#c"),
            ("K=#c", "#c"),
            ("K= # c", ""),
            ("K=a, b", "a, b"),
            ("K=\"a, b\"", "a, b"),
            ("K='a # b' # c", "a # b"),
            ("K=\"a\"#c", "a"),
            ("K=\"a", "\"a"),
            ("K=\"a\" b", "\"a\" b"),
            ("K=a\"b\"", "a\"b\""),
            ("K=a$b", "a$b"),
            ("K=a=b", "a=b"),
            ("K=", ""),
            ("K=\u{a0}v\u{a0}", "v"),
            ("export=v", "v"),
        ] {
            let name = if line.starts_with("export=") {
                "export"
            } else {
                "K"
            };
            assert_eq!(
                read(line),
                [(name.to_owned(), value.to_owned())],
                "{line:?}"
            );
        }
    }

    #[test]
    fn what_is_no_assignment_is_counted_by_its_line() {
        let file = EnvFile::parse(b"# c\n\n \t\nK: v\nK=v\n=v\na b=c\n".to_vec());
        assert_eq!(file.not_understood(), [4, 6, 7]);
        assert_eq!(file.assignments().map(|a| a.line).collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn spaces_around_the_equals_sign_are_noticed() {
        for (line, spaced) in [
            ("K=v", false),
            ("K =v", true),
            ("K= v", true),
            ("K= ", false),
        ] {
            let file = EnvFile::parse(line.as_bytes().to_vec());
            assert!(file.assignments().all(|a| a.spaced == spaced), "{line:?}");
        }
    }

    #[test]
    fn debug_shows_names_and_no_value() {
        let file = EnvFile::parse(b"GITEA_TOKEN=a-secret-value\n".to_vec());
        assert_eq!(format!("{file:?}"), "{\"GITEA_TOKEN\"}");
    }

    proptest! {
        #[test]
        fn whatever_was_read_is_printed_again(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let file = EnvFile::parse(bytes.clone());
            prop_assert_eq!(file.as_bytes(), &bytes[..]);
        }

        #[test]
        fn places_lie_in_their_line_and_in_order(text in "(export |[ \u{a0}\t]|[A-Z]{1,3}|=|#|\"|'|\r?\n|\u{feff}){0,60}") {
            let file = EnvFile::parse(text.clone().into_bytes());
            let mut last = 0;
            for place in &file.places {
                prop_assert!(last <= place.name.start && place.name.end < place.value.start + 1);
                prop_assert!(place.value.start <= place.value.end);
                prop_assert!(!text[place.name.start..place.value.end].contains('\n'));
                last = place.value.end;
            }
        }
    }
}
