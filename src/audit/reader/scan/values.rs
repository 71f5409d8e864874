//! The values of a line that is being scanned.
use std::net::Ipv4Addr;

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

/// The IPv4 address that `text` begins with, up to a quote, and what follows that; `None` for whatever
/// `str::parse` may say something else of.
#[inline]
pub(super) fn plain_address(text: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let (mut octets, mut rest) = ([0; 4], text);
    for (octet, end) in octets.iter_mut().zip(*b"...\"") {
        let (value, length) = plain_octet(*rest.first_chunk()?)?;
        *octet = value;
        rest = rest[length..].strip_prefix(&[end])?;
    }
    Some((octets.into(), rest))
}

/// The number that `text` begins with, and how many digits it has: no zeros before it.
#[inline]
fn plain_octet(text: [u8; 3]) -> Option<(u8, usize)> {
    let [one, two, three] = text.map(|byte| byte.wrapping_sub(b'0'));
    match (one, two, three) {
        (10.., _, _) => None,
        (_, 10.., _) => Some((one, 1)),
        (0, _, _) => None,
        (_, _, 10..) => Some((one * 10 + two, 2)),
        _ => Some(((one * 10 + two).checked_mul(10)?.checked_add(three)?, 3)),
    }
}
