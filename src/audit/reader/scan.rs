//! The fast way to read what our own writer writes: its fields in their fixed order. What it does
//! not know it leaves to [`Line::read`], which says what is right.
use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr},
};

use super::{Event, Line, Text, line};

/// What [`Line::read`] says of a line of our writer's, and `None` for whatever may be another's.
pub(super) fn scan(line: &[u8]) -> Option<Line<'_>> {
    // Without a control character and without anything outside ASCII, only quotes, backslashes and
    // the order of things are left to be wrong.
    let printable = |fine, byte: &u8| fine & (byte.wrapping_sub(b' ') < 0x5f);
    if !line.iter().fold(true, printable) {
        return None;
    }
    let mut rest = Rest(line);
    rest.skip(b"{\"timestamp\": \"")?;
    let millis = time(rest.take()?)?;
    rest.skip(b"\", \"event\": \"")?;
    let event = event(&mut rest)?;
    let seq = rest.number(b", \"seq\": ")?;
    rest.skip(b", \"prev\": \"")?;
    rest.hex::<64>()?;
    (rest.0 == b"}").then_some(Line {
        millis,
        event,
        seq: Some(seq),
    })
}

fn event<'a>(rest: &mut Rest<'a>) -> Option<Event<'a>> {
    if rest.skip(b"tool_call\", \"phase\": \"").is_some() {
        return call(rest);
    }
    let name = rest.text(b"")?;
    Some(match name.as_bytes() {
        b"api_authentication" => {
            let by_key = rest.text(b", \"status\": \"")?.as_bytes() == b"success";
            let client_ip = rest.client_ip()?;
            let user_agent = rest.maybe_text(b", \"user_agent\": \"")?;
            let key_hint = rest.maybe_text(b", \"key_hint\": \"")?;
            rest.pass(b", \"method\": \"")?;
            rest.pass(b", \"route\": \"")?;
            rest.maybe_pass(b", \"key_source\": \"")?;
            rest.request_id()?;
            Event::Authenticated {
                by_key,
                client_ip,
                user_agent,
                key_hint,
            }
        }
        b"access_denied" => denied(rest)?,
        b"auth_rate_limit_exceeded" => {
            let client_ip = rest.client_ip()?;
            rest.pass(b", \"severity\": \"")?;
            rest.number(b", \"failures\": ")?;
            rest.number(b", \"window_seconds\": ")?;
            rest.pass(b", \"blocked_until\": \"")?;
            rest.request_id()?;
            Event::Blocked { client_ip }
        }
        b"auth_rate_limit_summary" => {
            let client_ip = rest.client_ip()?;
            let requests = rest.number(b", \"blocked_requests\": ")?;
            rest.span()?;
            Event::BlockEnded {
                client_ip,
                requests,
            }
        }
        b"auth_failures_aggregated" => {
            let count = rest.number(b", \"count\": ")?;
            rest.number(b", \"addresses\": ")?;
            rest.span()?;
            Event::FailuresAggregated { count }
        }
        b"audit_gap" => {
            let lost = rest.number(b", \"lost\": ")?;
            rest.span()?;
            rest.pass(b", \"severity\": \"")?;
            Event::Gap { lost }
        }
        _ => {
            other(name.as_bytes(), rest)?;
            Event::Other(name)
        }
    })
}

fn denied<'a>(rest: &mut Rest<'a>) -> Option<Event<'a>> {
    let reason = rest.text(b", \"reason\": \"")?;
    let client_ip = rest.client_ip()?;
    rest.pass(b", \"method\": \"")?;
    rest.pass(b", \"route\": \"")?;
    rest.maybe_pass(b", \"key_source\": \"")?;
    rest.request_id()?;
    rest.maybe_pass(b", \"credential_fp\": \"")?;
    let key_state = rest.maybe_text(b", \"key_state\": \"")?;
    let key_hint = rest.maybe_text(b", \"key_hint\": \"")?;
    let user_agent = rest.maybe_text(b", \"user_agent\": \"")?;
    rest.maybe_pass(b", \"category\": \"")?;
    let is_retired = key_state.is_some_and(|it| it.as_bytes() == b"retired");
    Some(Event::Denied {
        reason: Some(reason),
        client_ip,
        user_agent,
        retired_key: key_hint.filter(|_| is_retired),
    })
}

fn call<'a>(rest: &mut Rest<'a>) -> Option<Event<'a>> {
    let is_finished = rest.skip(b"finished\", \"tool\": \"").is_some();
    if !is_finished {
        rest.skip(b"started\", \"tool\": \"")?;
    }
    rest.pass(b"")?;
    let operation = Some(rest.text(b", \"operation\": \"")?);
    let access = line::access(rest.text(b", \"access\": \"")?.as_bytes());
    let key_hint = rest.maybe_text(b", \"key_hint\": \"")?;
    let event = if is_finished {
        let outcome = line::outcome(rest.text(b", \"outcome\": \"")?.as_bytes());
        let duration_ms = rest.maybe_number(b", \"duration_ms\": ")?;
        rest.maybe_number(b", \"gitea_calls\": ")?;
        rest.maybe_number(b", \"gitea_status\": ")?;
        let answer_bytes = rest.maybe_number(b", \"answer_bytes\": ")?;
        Event::CallFinished {
            operation,
            access,
            key_hint,
            outcome,
            duration_ms,
            answer_bytes,
            request_id: Some(rest.request_id()?),
        }
    } else {
        let client_ip = rest.client_ip()?;
        rest.skip(b", \"arguments_digest\": \"")?;
        rest.hex::<64>()?;
        rest.skip(b", \"arguments\": ")?;
        rest.object(2)?;
        rest.request_id()?;
        Event::CallStarted {
            operation,
            access,
            key_hint,
            client_ip,
        }
    };
    rest.number(b", \"call\": ")?;
    Some(event)
}

/// Passes over the fields of an event that is only counted.
fn other(name: &[u8], rest: &mut Rest<'_>) -> Option<()> {
    match name {
        b"server_started" => {
            rest.pass(b", \"version\": \"")?;
            rest.pass(b", \"instance\": \"")?;
            rest.pass(b", \"auth\": \"")?;
            rest.number(b", \"keys\": ")?;
            rest.maybe_object(b", \"previous\": ")?;
        }
        b"server_stopped" | b"config_reload_failed" => {
            rest.text(b", \"reason\": \"")?;
        }
        b"config_key_rejected" => {
            rest.number(b", \"entry\": ")?;
            rest.number(b", \"length\": ")?;
        }
        b"audit_checkpoint" => {
            rest.number(b", \"records\": ")?;
            rest.skip(b", \"head\": \"")?;
            rest.hex::<64>()?;
            rest.maybe_number(b", \"sealed\": ")?;
            rest.maybe_pass(b", \"seal\": \"")?;
        }
        b"audit_rotated" => {
            rest.pass(b", \"chain_id\": \"")?;
            rest.maybe_pass(b", \"previous_file\": \"")?;
            rest.skip(b", \"previous_head\": \"")?;
            rest.hex::<64>()?;
        }
        b"audit_recovered" => {
            rest.number(b", \"torn_bytes\": ")?;
            rest.pass(b", \"severity\": \"")?;
        }
        b"audit_log_truncated" | b"audit_log_replaced" => {
            rest.maybe_pass(b", \"by\": \"")?;
            rest.maybe_object(b", \"expected\": ")?;
            rest.maybe_object(b", \"found\": ")?;
            rest.pass(b", \"severity\": \"")?;
        }
        b"audit_disk_full" => {
            rest.text(b", \"reason\": \"")?;
            rest.pass(b", \"severity\": \"")?;
        }
        _ => return None,
    }
    Some(())
}

/// What is left of a line. Where a field is not what was expected, all of it is nothing of ours.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn skip<const N: usize>(&mut self, literal: &[u8; N]) -> Option<()> {
        let (start, rest) = self.0.split_first_chunk::<N>()?;
        (start == literal).then(|| self.0 = rest)
    }

    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (start, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(start)
    }

    /// The text after `before`, which ends with its opening quote.
    fn text<const N: usize>(&mut self, before: &[u8; N]) -> Option<Text<'a>> {
        self.skip(before)?;
        let end = special(self.0)?;
        if self.0[end] == b'\\' {
            return self.escaped();
        }
        let text = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(Text(Cow::Borrowed(text)))
    }

    /// As [`Rest::text`], or nothing where that field is absent.
    #[expect(
        clippy::option_option,
        reason = "the outer one says that this is no line of ours"
    )]
    fn maybe_text<const N: usize>(&mut self, before: &[u8; N]) -> Option<Option<Text<'a>>> {
        if self.0.starts_with(before) {
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
            let end = special(self.0)?;
            let (plain, rest) = self.0.split_at(end);
            text.extend_from_slice(plain);
            if let Some(rest) = rest.strip_prefix(b"\"") {
                self.0 = rest;
                return Some(Text(Cow::Owned(text)));
            }
            let (escape, after) = rest.split_first_chunk::<2>()?;
            self.0 = after;
            match escape[1] {
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
    fn pass<const N: usize>(&mut self, before: &[u8; N]) -> Option<()> {
        self.skip(before)?;
        loop {
            let end = special(self.0)?;
            let (special, after) = self.0[end..].split_first()?;
            self.0 = after;
            if *special == b'"' {
                return Some(());
            }
            let (escape, after) = self.0.split_first()?;
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
    fn maybe_pass<const N: usize>(&mut self, before: &[u8; N]) -> Option<()> {
        if self.0.starts_with(before) {
            self.pass(before)?;
        }
        Some(())
    }

    /// A text of so many hexadecimal digits.
    fn hex<const LENGTH: usize>(&mut self) -> Option<Text<'a>> {
        let digits = self.take::<LENGTH>()?;
        let fine = |fine, byte: &u8| fine & byte.is_ascii_hexdigit();
        self.skip(b"\"")?;
        let is_hex = digits.iter().fold(true, fine);
        is_hex.then_some(Text(Cow::Borrowed(digits)))
    }

    fn request_id(&mut self) -> Option<Text<'a>> {
        self.skip(b", \"request_id\": \"")?;
        self.hex::<16>()
    }

    /// `first` and `last`.
    fn span(&mut self) -> Option<()> {
        self.pass(b", \"first\": \"")?;
        self.pass(b", \"last\": \"")
    }

    #[expect(
        clippy::option_option,
        reason = "the outer one says that this is no line of ours"
    )]
    fn client_ip(&mut self) -> Option<Option<IpAddr>> {
        let text = self.text(b", \"client_ip\": \"")?;
        Some(address(text.as_bytes()))
    }

    /// A number as serde writes it, of at most 19 digits.
    fn number<const N: usize>(&mut self, before: &[u8; N]) -> Option<u64> {
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

    #[expect(
        clippy::option_option,
        reason = "the outer one says that this is no line of ours"
    )]
    fn maybe_number<const N: usize>(&mut self, before: &[u8; N]) -> Option<Option<u64>> {
        if self.0.starts_with(before) {
            self.number(before).map(Some)
        } else {
            Some(None)
        }
    }

    fn maybe_object<const N: usize>(&mut self, before: &[u8; N]) -> Option<()> {
        if self.skip(before).is_some() {
            self.object(2)?;
        }
        Some(())
    }

    /// Passes over an object whose values are plain, or such objects again.
    fn object(&mut self, deepest: u8) -> Option<()> {
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

/// Where the next quote or backslash is. Eight bytes at a time: most texts are short.
fn special(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    // The lowest byte of `word` that is `byte`, as its highest bit; above it there may be others.
    let find = |word: u64, byte: u8| {
        let zeroed = word ^ (ONES * u64::from(byte));
        zeroed.wrapping_sub(ONES) & !zeroed & (ONES << 7)
    };
    let mut at = 0;
    while let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk()) {
        let word = u64::from_le_bytes(*eight);
        let found = find(word, b'"') | find(word, b'\\');
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let end = text[at..]
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\'));
    end.map(|end| at + end)
}

/// Milliseconds since 1970 of `2026-01-29T12:34:56.789Z`, and `None` for what is rare: a leap
/// second, the year 0.
fn time(text: &[u8; 24]) -> Option<i64> {
    let form = b"0000-00-00T00:00:00.000Z";
    let mut digits = [0_u8; 24];
    let mut fine = true;
    for ((digit, byte), form) in digits.iter_mut().zip(text).zip(form) {
        *digit = byte ^ form;
        fine &= if *form == b'0' {
            *digit < 10
        } else {
            *digit == 0
        };
    }
    let number = |at: usize| i64::from(digits[at]) * 10 + i64::from(digits[at + 1]);
    let (year, month, day) = (number(0) * 100 + number(2), number(5), number(8));
    let (hour, minute, second) = (number(11), number(14), number(17));
    let fraction = number(20) * 10 + i64::from(digits[22]);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    fine &= year > 0 && (1..=length).contains(&day) && hour < 24 && minute < 60 && second < 60;
    // Years from March on, so that the leap day is the last of one: <https://howardhinnant.github.io/date_algorithms.html>.
    let year = year - i64::from(month < 3);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    fine.then_some(seconds * 1000 + fraction)
}

/// What `str::parse` says; plain IPv4 addresses by hand.
fn address(text: &[u8]) -> Option<IpAddr> {
    let plain = || {
        let mut octets = [0_u8; 4];
        let mut parts = text.split(|byte| *byte == b'.');
        for octet in &mut octets {
            let part = parts.next()?;
            let is_plain = matches!(part, [_] | [b'1'..=b'9', _] | [b'1'..=b'9', _, _]);
            let mut number = 0_u16;
            for byte in part {
                let digit = byte.wrapping_sub(b'0');
                if !is_plain || digit > 9 {
                    return None;
                }
                number = number * 10 + u16::from(digit);
            }
            *octet = if part.is_empty() {
                return None;
            } else {
                u8::try_from(number).ok()?
            };
        }
        parts
            .next()
            .is_none()
            .then(|| Ipv4Addr::from(octets).into())
    };
    plain().or_else(|| std::str::from_utf8(text).ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use proptest::{prelude::*, sample};

    use super::*;

    /// Every record that our writer writes, as the test of the writer has them.
    const RECORDS: &str = include_str!("../../../tests/golden/records.jsonl");

    #[test]
    fn nothing_that_our_writer_writes_is_left_to_the_slow_way() {
        for line in RECORDS.lines() {
            let read = Line::read(line.as_bytes()).unwrap();
            assert_eq!(scan(line.as_bytes()), Some(read), "{line}");
        }
    }

    /// Something that may stand in a line, or may not.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            sample::select(&br#""\{}[]:,. -+0123456789eEu_tfn"#[..]).prop_map(|byte| vec![byte]),
            sample::select(vec![
                "\\u00e9",
                "\\ud83d\\ude00",
                "\\ud83d",
                "\\udc00\\ud800",
                "\\u005F",
                "\\n",
                "\\/",
                "\\u00",
                ", \"seq\": 7",
                ", \"status\": \"success\"",
                ", \"reason\": 1",
                "null",
                "\u{e9}",
                "\"\"",
                "01",
                "-1",
                "1.5",
                "1e3",
                "18446744073709551616",
                "{}",
                "[]",
                "{\"a\":{\"b\":{\"c\":1}}}",
                "\"client_ip\": \"::1\"",
                "\"client_ip\": \"01.2.3.4\"",
                "2024-02-29T23:59:59.999Z",
                "2023-02-29T23:59:60.000Z",
                "0000-01-01T00:00:00.000Z",
                "\"timestamp\": \"2026-01-29T12:34:56+01:00\"",
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_scanned_is_what_is_read(
            line in sample::select(RECORDS.lines().collect::<Vec<_>>()),
            changes in proptest::collection::vec((any::<sample::Index>(), 0_usize..12, pieces()), 0..4),
        ) {
            let mut line = line.as_bytes().to_vec();
            for (at, gone, piece) in changes {
                let at = at.index(line.len() + 1);
                let end = line.len().min(at + gone);
                line.splice(at..end, piece);
            }
            if let Some(scanned) = scan(&line) {
                prop_assert_eq!(Ok(scanned), Line::read(&line));
            }
        }

        #[test]
        fn an_address_is_read_as_the_standard_library_does(text in "[0-9.]{1,16}|[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-f:.]{2,20}") {
            prop_assert_eq!(address(text.as_bytes()), text.parse().ok());
        }

        #[test]
        fn a_time_is_read_as_chrono_does(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}Z") {
            let form: [u8; 24] = text.as_bytes().try_into().unwrap();
            if let Some(millis) = time(&form) {
                let read = chrono::DateTime::parse_from_rfc3339(&text).map(|it| it.timestamp_millis());
                prop_assert_eq!(Ok(millis), read);
            }
        }

        #[test]
        fn every_usual_time_is_read(millis in -62_135_596_800_000..253_402_300_800_000_i64) {
            let text = chrono::DateTime::from_timestamp_millis(millis).unwrap();
            let text = text.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            prop_assert_eq!(time(text.as_bytes().try_into().unwrap()), Some(millis));
        }
    }
}
