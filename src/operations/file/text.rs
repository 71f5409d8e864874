//! From a file's bytes to text, or to the name of what they are instead.
use std::str::Utf8Error;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};
use memchr::{memchr, memchr_iter, memmem, memrchr};

use crate::ascii;

/// A file as text.
#[derive(Debug, PartialEq)]
pub(in crate::operations) struct Decoded {
    pub(in crate::operations) text: String,
    /// What a reader must know to write it back: an encoding that is not UTF-8, a mark, line ends.
    pub(in crate::operations) remark: Option<String>,
}

/// Decodes UTF-8, what a byte order mark or the file itself declares, or what it looks like.
///
/// # Errors
/// It is no text; the error names what it looks like.
pub(in crate::operations) fn decode(bytes: Vec<u8>) -> Result<Decoded, &'static str> {
    let mark = Encoding::for_bom(&bytes).filter(|_| !bytes.starts_with(UTF_32LE));
    if let Some((encoding, mark)) = mark {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[mark..]);
        let name = format!("{} with byte order mark", encoding.name());
        return Ok(Decoded::new(text.into_owned(), Some(name)));
    }
    if is_binary(&bytes) {
        return Err(kind(&bytes));
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(Decoded::new(text, None)),
        Err(error) if is_cut(error.as_bytes(), &error.utf8_error()) => {
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let name = "UTF-8, cut within the last character".to_owned();
            return Ok(Decoded::new(text, Some(name)));
        }
        Err(error) => error.into_bytes(),
    };
    let (text, name) = foreign(&bytes);
    Ok(Decoded::new(text, Some(name)))
}

/// Whether this is UTF-8 but for the end of its last character.
fn is_cut(bytes: &[u8], error: &Utf8Error) -> bool {
    let (before, rest) = bytes.split_at(error.valid_up_to());
    // One byte may as well be a letter of another encoding, unless its line has others in UTF-8.
    let line = memrchr(b'\n', before).filter(|_| rest.len() == 1);
    error.error_len().is_none() && !before[line.unwrap_or(0)..].is_ascii()
}

/// Decodes a diff file by file, as each may have an encoding of its own, and a change of it has two:
/// what is UTF-8 stays so line by line. Gives the encodings too where they are not only UTF-8.
pub(in crate::operations) fn decode_diff(bytes: Vec<u8>) -> (String, Vec<String>) {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return (text, Vec::new()),
        Err(error) => error.into_bytes(),
    };
    let starts = memmem::find_iter(&bytes, b"\ndiff --git ").map(|at| at + 1);
    let mut text = String::with_capacity(bytes.len());
    let mut encodings: Vec<(String, usize)> = Vec::new();
    let (mut from, mut plain) = (0, false);
    for to in starts.chain([bytes.len()]) {
        let file = &bytes[from..to];
        from = to;
        if let Ok(file) = std::str::from_utf8(file) {
            plain |= !file.is_ascii();
            text.push_str(file);
            continue;
        }
        let lines = Lines::of(file);
        plain |= lines.plain > 0;
        let (encoding, how) = match declared(file, &lines.others) {
            Some(encoding) => (encoding, "declared"),
            None => (detected(&lines.others), "detected"),
        };
        decode_others(file, encoding, &mut text);
        let name = format!("{} ({how})", encoding.name());
        match encodings.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += lines.count,
            None => encodings.push((name, lines.count)),
        }
    }
    let others = encodings.into_iter().map(
        |(name, count)| {
            if plain { counted(count, &name) } else { name }
        },
    );
    let utf_8 = plain.then(|| UTF_8.name().to_owned());
    (text, utf_8.into_iter().chain(others).collect())
}

/// What is not UTF-8, decoded as it declares or looks, and the name of the encoding.
fn foreign(bytes: &[u8]) -> (String, String) {
    let (encoding, how) = match declared(bytes, bytes) {
        Some(encoding) => (encoding, "declared"),
        None => match mixed(bytes) {
            Some(mixed) => return mixed,
            None => (detected(bytes), "detected"),
        },
    };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let name = format!("{} ({how})", encoding.name());
    (text.into_owned(), name)
}

/// The same line by line, where at least half of the lines that are not ASCII are UTF-8.
fn mixed(bytes: &[u8]) -> Option<(String, String)> {
    let lines = Lines::of(bytes);
    if lines.plain < lines.count {
        return None;
    }
    let (encoding, mut text) = (detected(&lines.others), String::with_capacity(bytes.len()));
    decode_others(bytes, encoding, &mut text);
    let name = format!("{} (detected)", encoding.name());
    Some((text, format!("UTF-8, {}", counted(lines.count, &name))))
}

/// The lines that are not ASCII: how many are UTF-8, how many are not, and these themselves.
#[derive(Default)]
struct Lines {
    plain: usize,
    count: usize,
    others: Vec<u8>,
}

impl Lines {
    fn of(bytes: &[u8]) -> Self {
        let mut lines = Self::default();
        for line in each(bytes).filter(|line| !line.is_ascii()) {
            if std::str::from_utf8(line).is_ok() {
                lines.plain += 1;
            } else {
                lines.count += 1;
                lines.others.extend_from_slice(line);
            }
        }
        lines
    }
}

fn each(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n')
}

/// Decodes those lines that are not UTF-8.
fn decode_others(bytes: &[u8], encoding: &'static Encoding, text: &mut String) {
    for line in each(bytes) {
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            Err(_) => text.push_str(&encoding.decode_without_bom_handling(line).0),
        }
    }
}

/// `1 line windows-1252 (detected)`
fn counted(count: usize, name: &str) -> String {
    let lines = if count == 1 { "line" } else { "lines" };
    format!("{count} {lines} {name}")
}

impl Decoded {
    fn new(text: String, encoding: Option<String>) -> Self {
        let bytes = text.as_bytes();
        let is_end = |at: &usize| bytes.get(at + 1) == Some(&b'\n');
        let windows = memchr_iter(b'\r', bytes).filter(is_end).count();
        let ends = match windows {
            0 => None,
            _ if windows == memchr_iter(b'\n', bytes).count() => Some("CRLF line ends"),
            _ => Some("mixed line ends"),
        };
        let remark = match (encoding, ends) {
            (Some(encoding), Some(ends)) => Some(format!("{encoding}, {ends}")),
            (encoding, ends) => encoding.or(ends.map(str::to_owned)),
        };
        Self { text, remark }
    }
}

/// Text has no NUL, and at its beginning hardly a control character.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let beginning = &bytes[..bytes.len().min(BEGINNING)];
    let is_odd = |byte: &u8| *byte < b' ' && !b"\t\n\r\x08\x0c\x1b".contains(byte);
    let odd = ascii::odd(beginning).filter(is_odd).count();
    memchr(0, bytes).is_some() || odd > beginning.len() / 50
}

/// How much of a file is looked at, as Git does: what is no text shows it there.
const BEGINNING: usize = 8_000;

/// The encoding that the first lines name, where `others` are of it: XML, HTML, CSS, Emacs, Vim and
/// Python write it.
fn declared(bytes: &[u8], others: &[u8]) -> Option<&'static Encoding> {
    let ascii = |byte: &u8| char::from(if byte.is_ascii() { *byte } else { b' ' });
    let start: String = bytes.iter().take(1024).map(ascii).collect();
    let start = start.to_ascii_lowercase();
    let after = |word: &str| start.split_once(word).map(|(_, rest)| rest);
    let encoding = ["coding", "charset"].into_iter().filter_map(after);
    let label = |rest: &str| {
        let label = rest.trim_start_matches([' ', '=', ':', '"', '\'']);
        let part_of_it = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let end = label.find(|c| !part_of_it(c)).unwrap_or(label.len());
        Encoding::for_label(&label.as_bytes()[..end])
    };
    let fits = |encoding: &&'static Encoding| {
        let errors = encoding.decode_without_bom_handling(others).1;
        encoding.is_ascii_compatible() && !errors
    };
    encoding.filter_map(label).find(fits)
}

/// How much of a file is looked at to see its encoding.
const SAMPLE: usize = 64 << 10;

fn detected(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    // What is ASCII says nothing.
    let first = bytes.iter().position(|byte| !byte.is_ascii());
    let telling = &bytes[first.unwrap_or(0).saturating_sub(SAMPLE / 2)..];
    detector.feed(&telling[..telling.len().min(SAMPLE)], true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    debug_assert_ne!(guess, UTF_8);
    guess
}

/// A byte order mark that begins as that of UTF-16 does.
const UTF_32LE: &[u8] = b"\xff\xfe\0\0";

/// How files of some kinds begin.
const KINDS: [(&[u8], &str); 15] = [
    (UTF_32LE, "text in UTF-32LE"),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"RIFF", "RIFF: an image, a sound or a film"),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"%PDF", "application/pdf"),
    (
        b"PK\x03\x04",
        "application/zip: also office documents and jars",
    ),
    (b"\x1f\x8b", "application/gzip"),
    (b"\xfd7zXZ", "application/x-xz"),
    (b"\x7fELF", "an ELF program"),
    (b"SQLite format 3", "application/vnd.sqlite3"),
    (b"wOF", "font/woff"),
    (b"\0asm", "application/wasm"),
];

fn kind(bytes: &[u8]) -> &'static str {
    let known = KINDS.iter().find(|(start, _)| bytes.starts_with(start));
    known.map_or("binary, of no kind known here", |(_, kind)| kind)
}

#[cfg(test)]
mod tests;
