//! The values of a line that is being scanned.
use std::net::{IpAddr, Ipv4Addr};

use crate::ascii;

/// Whether a text is ASCII without anything that JSON escapes.
pub(super) fn is_plain<const LENGTH: usize>(text: &[u8; LENGTH]) -> bool {
    let (blocks, rest): (&[ascii::Block], _) = text.as_chunks();
    let has_special = |block| {
        ascii::has(block, |byte| {
            matches!(byte, b'"' | b'\\') || !ascii::is_printable(byte)
        })
    };
    !blocks.iter().any(has_special) && ascii::find_escaped_or_foreign(rest).is_none()
}

/// Milliseconds since 1970 of `2026-01-29T12:34:56.789Z`, and `None` for what is rare: a leap
/// second, the year 0.
pub(super) fn time(text: &[u8; 24]) -> Option<i64> {
    const FORM: &[u8; 24] = b"0000-00-00T00:00:00.000Z";
    let mut digits = [0_u8; 24];
    let mut wrong = false;
    for at in 0..FORM.len() {
        digits[at] = text[at] ^ FORM[at];
        let most = if FORM[at] == b'0' { 9 } else { 0 };
        wrong |= digits[at] > most;
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
    let fine = !wrong
        && year > 0
        && (1..=length).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    // Years from March on, so that the leap day is the last of one: <https://howardhinnant.github.io/date_algorithms.html>.
    let year = year - i64::from(month < 3);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    fine.then_some(seconds * 1000 + fraction)
}

/// What `str::parse` says; plain IPv4 addresses by hand.
pub(super) fn address(text: &[u8]) -> Option<IpAddr> {
    plain_address(text).map_or_else(
        || std::str::from_utf8(text).ok()?.parse().ok(),
        |address| Some(address.into()),
    )
}

fn plain_address(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut octets, mut at) = ([0_u8; 4], 0);
    let (mut number, mut length) = (0_u16, 0);
    for byte in text {
        if *byte == b'.' && length > 0 && at < 3 {
            octets[at] = u8::try_from(number).ok()?;
            at += 1;
            (number, length) = (0, 0);
            continue;
        }
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 || length == 3 || (length > 0 && number == 0) {
            return None;
        }
        number = number * 10 + u16::from(digit);
        length += 1;
    }
    octets[3] = u8::try_from(number).ok()?;
    (at == 3 && length > 0).then(|| octets.into())
}
