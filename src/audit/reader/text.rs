//! Texts of a log: kept as they stand there, and read when somebody asks what they say.
use std::{borrow::Cow, net::IpAddr};

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;

use super::Ip;
use crate::ascii::find_escaped;

/// A text of a record, as JSON writes it between its quotes; its escapes are whole. It may hold anything:
/// whoever shows it escapes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Text<'a> {
    written: &'a [u8],
    /// So many bytes stand before the first escape.
    plain: usize,
}

impl<'a> Text<'a> {
    /// `plain` bytes stand before the first escape.
    #[inline]
    pub(super) fn new(written: &'a [u8], plain: usize) -> Self {
        Self { written, plain }
    }

    /// What it says.
    #[inline]
    pub fn read(self) -> Cow<'a, [u8]> {
        if self.plain < self.written.len() {
            Cow::Owned(unescape(self.written).unwrap_or_default())
        } else {
            Cow::Borrowed(self.written)
        }
    }

    pub fn to_text(self) -> String {
        String::from_utf8_lossy(&self.read()).into_owned()
    }

    /// Whether it says this.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "mostly its length alone tells")]
    pub fn is(self, word: &str) -> bool {
        if self.plain < self.written.len() {
            *self.read() == *word.as_bytes()
        } else {
            self.written == word.as_bytes()
        }
    }

    /// The address that it says.
    pub fn ip(self) -> Option<Ip> {
        Ip::plain(self.written).or_else(|| {
            let address: Option<IpAddr> = self.to_text().parse().ok();
            address.map(Ip::from)
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = <&RawValue>::deserialize(deserializer)?.get();
        let written = written
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .ok_or_else(|| Error::custom("not a text"))?;
        let plain = written.find('\\').unwrap_or(written.len());
        let text = Self::new(written.as_bytes(), plain);
        if plain < written.len() && unescape(text.written).is_none() {
            return Err(Error::custom("not a text: half of a character"));
        }
        Ok(text)
    }
}

/// What a text says, or `None` where an escape is none.
#[cold]
fn unescape(mut written: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(written.len());
    // It has no quotes and no controls.
    while let Some(at) = find_escaped(written) {
        text.extend_from_slice(&written[..at]);
        let (character, rest) = escape(&written[at + 1..])?;
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        written = rest;
    }
    text.extend_from_slice(written);
    Some(text)
}

/// The character that an escape stands for, from behind its backslash on, and what follows it (RFC 8259, 7).
pub(super) fn escape(text: &[u8]) -> Option<(char, &[u8])> {
    let (escape, rest) = text.split_first()?;
    let character = match escape {
        b'"' | b'\\' | b'/' => char::from(*escape),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return character(rest),
        _ => return None,
    };
    Some((character, rest))
}

/// A character of one or two units of UTF-16.
#[inline]
fn character(text: &[u8]) -> Option<(char, &[u8])> {
    let (first, rest) = unit(text)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Some((character, rest));
    }
    let (second, rest) = unit(rest.strip_prefix(b"\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, rest))
}

/// Four hexadecimal digits.
#[inline]
fn unit(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let mut unit = [0; 2];
    hex::decode_to_slice(digits, &mut unit).ok()?;
    Some((u16::from_be_bytes(unit), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_says_what_json_says(text in "([ -~&&[^\"\\\\]]|é|\\\\(u[0-9a-fA-F]{4}|ud83d\\\\ude00|[\"\\\\/bfnrtux])){0,12}") {
            let line = format!("\"{text}\"");
            let text = serde_json::from_str::<Text<'_>>(&line).map(Text::to_text);
            let read = serde_json::from_str::<String>(&line);
            prop_assert_eq!(text.ok(), read.ok());
        }
    }
}
