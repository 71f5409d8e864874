//! What is left of a line that is being scanned.
use super::values::is_plain;
use crate::{
    ascii::find_escaped_or_foreign,
    audit::reader::{Text, text::escape},
};

/// What is left of a line. Where a field is not what was expected, all of it is nothing of ours.
/// All that is passed over is ASCII without control characters: only quotes, backslashes and the
/// order of things are left to be wrong.
/// It is handed on and given back by value: so it stays in registers.
#[derive(Clone, Copy)]
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
        let plain = find_escaped_or_foreign(self.0)?;
        let mut end = plain;
        if self.0[end] != b'"' {
            end = end_behind_escapes(self.0)?;
        }
        let text = Text::new(&self.0[..end], plain);
        self.0 = &self.0[end + 1..];
        Some(text)
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

    /// Passes over a text that nobody asks for.
    #[inline(always)]
    pub(super) fn pass<const N: usize>(&mut self, before: &[u8; N]) -> Option<()> {
        self.text(before).map(drop)
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
        is_plain(text).then_some(Text::new(text, LENGTH))
    }

    #[inline(always)]
    pub(super) fn request_id(&mut self) -> Option<Text<'a>> {
        self.skip(b", \"request_id\": \"")?;
        self.exactly::<16>()
    }

    /// Passes over how a request came, to its id.
    pub(super) fn request(mut self) -> Option<Self> {
        // Nearly all of them.
        let usual = b", \"method\": \"POST\", \"route\": \"/mcp\", \"key_source\": \"header\"";
        if self.skip(usual).is_none() {
            self.pass(b", \"method\": \"")?;
            self.pass(b", \"route\": \"")?;
            self.maybe_pass(b", \"key_source\": \"")?;
        }
        self.request_id()?;
        Some(self)
    }

    /// `first` and `last`.
    pub(super) fn span(&mut self) -> Option<()> {
        self.pass(b", \"first\": \"")?;
        self.pass(b", \"last\": \"")
    }

    #[inline(always)]
    pub(super) fn client_ip(&mut self) -> Option<Text<'a>> {
        self.text(b", \"client_ip\": \"")
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
            *self = self.object(2)?;
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
    pub(super) fn object(mut self, deepest: u8) -> Option<Self> {
        if self.skip(b"{}").is_some() {
            return Some(self);
        }
        self.skip(b"{\"")?;
        loop {
            self.pass(b"")?;
            // Most values are texts, and our writer writes no spaces.
            if self.skip(b":\"").is_some() {
                self.pass(b"")?;
            } else {
                self = self.value(deepest)?;
            }
            if self.skip(b",\"").is_some() {
                continue;
            }
            if self.skip(b"}").is_some() {
                return Some(self);
            }
            self.skip(b", \"")?;
        }
    }

    /// Passes over what stands behind a name.
    fn value(mut self, deepest: u8) -> Option<Self> {
        self.skip(b":")?;
        let _ = self.skip(b" ");
        match self.0.first()? {
            b'"' => self.pass(b"\"")?,
            b'{' if deepest > 0 => return self.object(deepest - 1),
            b't' => self.skip(b"true")?,
            b'f' => self.skip(b"false")?,
            b'n' => self.skip(b"null")?,
            _ => return self.any_number(),
        }
        Some(self)
    }

    /// Passes over a number of whatever size, but without an exponent.
    fn any_number(mut self) -> Option<Self> {
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
            return (length > 0).then_some(self);
        }
        Some(self)
    }
}

/// Where the closing quote is of a text with escapes.
#[cold]
fn end_behind_escapes(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    loop {
        rest = &rest[find_escaped_or_foreign(rest)?..];
        if rest[0] == b'"' {
            return Some(text.len() - rest.len());
        }
        (_, rest) = escape(rest.strip_prefix(b"\\")?)?;
    }
}
