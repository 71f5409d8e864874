//! What is left of a line that is being scanned.
use std::{borrow::Cow, net::IpAddr};

use super::values::{is_plain, plain_address};
use crate::{
    ascii::find_escaped_or_foreign,
    audit::reader::{Ip, Text},
};

/// What is left of a line. Where a field is not what was expected, all of it is nothing of ours.
/// All that is passed over is ASCII without control characters: only quotes, backslashes and the
/// order of things are left to be wrong.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    #[inline(always)]
    pub(super) fn skip<const N: usize>(&mut self, literal: &[u8; N]) -> Option<()> {
        let (start, rest) = self.0.split_first_chunk::<N>()?;
        (start == literal).then(|| self.0 = rest)
    }

    #[inline(always)]
    fn begins<const N: usize>(&self, literal: &[u8; N]) -> bool {
        self.0.first_chunk() == Some(literal)
    }

    #[inline(always)]
    pub(super) fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (start, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(start)
    }

    /// The text after `before`, which ends with its opening quote.
    #[inline(always)]
    pub(super) fn text<const N: usize>(&mut self, before: &[u8; N]) -> Option<Text<'a>> {
        self.skip(before)?;
        let end = find_escaped_or_foreign(self.0)?;
        if self.0[end] != b'"' {
            return self.escaped();
        }
        let text = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(Text(Cow::Borrowed(text)))
    }

    /// As [`Rest::text`], or nothing where that field is absent.
    #[inline(always)]
    #[expect(
        clippy::option_option,
        reason = "the outer one says that this is no line of ours"
    )]
    pub(super) fn maybe_text<const N: usize>(
        &mut self,
        before: &[u8; N],
    ) -> Option<Option<Text<'a>>> {
        if self.begins(before) {
            self.text(before).map(Some)
        } else {
            Some(None)
        }
    }

    /// A text with escapes, as our writer writes them.
    #[cold]
    fn escaped(&mut self) -> Option<Text<'a>> {
        let mut text = Vec::with_capacity(256);
        loop {
            let end = find_escaped_or_foreign(self.0)?;
            let (plain, rest) = self.0.split_at(end);
            text.extend_from_slice(plain);
            if let Some(rest) = rest.strip_prefix(b"\"") {
                self.0 = rest;
                return Some(Text(Cow::Owned(text)));
            }
            let (escape, after) = rest.strip_prefix(b"\\")?.split_first()?;
            self.0 = after;
            match *escape {
                quoted @ (b'"' | b'\\') => text.push(quoted),
                b'u' => {
                    let mut units = [self.unit()?, 0];
                    if (0xd800..0xe000).contains(&units[0]) {
                        self.skip(b"\\u")?;
                        units[1] = self.unit()?;
                    }
                    let length = 1 + usize::from(units[1] != 0);
                    let character = char::decode_utf16(units.into_iter().take(length)).next()?;
                    let mut bytes = [0; 4];
                    text.extend_from_slice(character.ok()?.encode_utf8(&mut bytes).as_bytes());
                }
                _ => return None,
            }
        }
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u16> {
        let mut bytes = [0; 2];
        hex::decode_to_slice(self.take::<4>()?, &mut bytes).ok()?;
        Some(u16::from_be_bytes(bytes))
    }

    /// Passes over a text that nobody asks for.
    #[inline(always)]
    pub(super) fn pass<const N: usize>(&mut self, before: &[u8; N]) -> Option<()> {
        self.skip(before)?;
        let end = find_escaped_or_foreign(self.0)?;
        if self.0[end] != b'"' {
            return self.pass_escaped();
        }
        self.0 = &self.0[end + 1..];
        Some(())
    }

    #[cold]
    fn pass_escaped(&mut self) -> Option<()> {
        loop {
            let end = find_escaped_or_foreign(self.0)?;
            let rest = &self.0[end..];
            if let Some(rest) = rest.strip_prefix(b"\"") {
                self.0 = rest;
                return Some(());
            }
            let (escape, after) = rest.strip_prefix(b"\\")?.split_first()?;
            self.0 = after;
            match escape {
                b'"' | b'\\' => {}
                b'u' => {
                    self.unit()?;
                }
                _ => return None,
            }
        }
    }

    /// As [`Rest::pass`], where the field may be absent.
    #[inline(always)]
    pub(super) fn maybe_pass<const N: usize>(&mut self, before: &[u8; N]) -> Option<()> {
        if self.begins(before) {
            self.pass(before)?;
        }
        Some(())
    }

    /// A text of exactly so many characters, as digests are.
    #[inline(always)]
    pub(super) fn exactly<const LENGTH: usize>(&mut self) -> Option<Text<'a>> {
        let text = self.take::<LENGTH>()?;
        self.skip(b"\"")?;
        is_plain(text).then_some(Text(Cow::Borrowed(text)))
    }

    #[inline(always)]
    pub(super) fn request_id(&mut self) -> Option<Text<'a>> {
        self.skip(b", \"request_id\": \"")?;
        self.exactly::<16>()
    }

    /// Passes over how a request came, to its id.
    pub(super) fn request(&mut self) -> Option<()> {
        // Nearly all of them.
        let usual = b", \"method\": \"POST\", \"route\": \"/mcp\", \"key_source\": \"header\"";
        if self.skip(usual).is_none() {
            self.pass(b", \"method\": \"")?;
            self.pass(b", \"route\": \"")?;
            self.maybe_pass(b", \"key_source\": \"")?;
        }
        self.request_id()?;
        Some(())
    }

    /// `first` and `last`.
    pub(super) fn span(&mut self) -> Option<()> {
        self.pass(b", \"first\": \"")?;
        self.pass(b", \"last\": \"")
    }

    #[inline(always)]
    #[expect(
        clippy::option_option,
        reason = "the outer one says that this is no line of ours"
    )]
    pub(super) fn client_ip(&mut self) -> Option<Option<Ip>> {
        self.skip(b", \"client_ip\": \"")?;
        if let Some((address, rest)) = plain_address(self.0) {
            self.0 = rest;
            return Some(Some(address.into()));
        }
        let text = self.text(b"")?;
        let text = std::str::from_utf8(text.as_bytes()).ok();
        let address = text.and_then(|text| text.parse::<IpAddr>().ok());
        Some(address.map(Ip::from))
    }

    /// A number as serde writes it, of at most 19 digits.
    #[inline(always)]
    pub(super) fn number<const N: usize>(&mut self, before: &[u8; N]) -> Option<u64> {
        self.skip(before)?;
        let mut number = 0;
        let mut length = 0;
        while let Some(digit) = self.0.get(length).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            length += 1;
            if length > 19 {
                return None;
            }
            number = number * 10 + u64::from(digit);
        }
        let is_plain = length == 1 || (length > 1 && self.0[0] != b'0');
        self.0 = &self.0[length..];
        is_plain.then_some(number)
    }

    #[inline(always)]
    #[expect(
        clippy::option_option,
        reason = "the outer one says that this is no line of ours"
    )]
    pub(super) fn maybe_number<const N: usize>(&mut self, before: &[u8; N]) -> Option<Option<u64>> {
        if self.begins(before) {
            self.number(before).map(Some)
        } else {
            Some(None)
        }
    }

    pub(super) fn maybe_object<const N: usize>(&mut self, before: &[u8; N]) -> Option<()> {
        if self.skip(before).is_some() {
            self.object(2)?;
        }
        Some(())
    }

    /// Passes over an array of texts, where the field is there.
    pub(super) fn maybe_texts<const N: usize>(&mut self, before: &[u8; N]) -> Option<()> {
        if self.skip(before).is_none() {
            return Some(());
        }
        self.skip(b"[")?;
        if self.skip(b"]").is_some() {
            return Some(());
        }
        loop {
            self.pass(b"\"")?;
            if self.skip(b"]").is_some() {
                return Some(());
            }
            self.skip(b", ")?;
        }
    }

    /// Passes over an object whose values are plain, or such objects again.
    pub(super) fn object(&mut self, deepest: u8) -> Option<()> {
        self.skip(b"{")?;
        if self.skip(b"}").is_some() {
            return Some(());
        }
        loop {
            self.pass(b"\"")?;
            self.skip(b":")?;
            let _ = self.skip(b" ");
            match self.0.first()? {
                b'"' => self.pass(b"\"")?,
                b'{' if deepest > 0 => self.object(deepest - 1)?,
                b't' => self.skip(b"true")?,
                b'f' => self.skip(b"false")?,
                b'n' => self.skip(b"null")?,
                _ => self.any_number()?,
            }
            if self.skip(b",").is_none() {
                return self.skip(b"}");
            }
            let _ = self.skip(b" ");
        }
    }

    /// Passes over a number of whatever size, but without an exponent.
    fn any_number(&mut self) -> Option<()> {
        let _ = self.skip(b"-");
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let length = digits(self.0);
        if length == 0 || (length > 1 && self.0[0] == b'0') {
            return None;
        }
        self.0 = &self.0[length..];
        if self.skip(b".").is_some() {
            let length = digits(self.0);
            self.0 = &self.0[length..];
            return (length > 0).then_some(());
        }
        Some(())
    }
}
