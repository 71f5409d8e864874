//! The values of a line that is being scanned.
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

/// The minute that a time began with, and mostly that of the next as well.
#[derive(Clone, Copy, Debug)]
pub struct Minute {
    text: [u8; 17],
    /// In milliseconds since 1970.
    start: i64,
}

/// A true minute: whatever is like it is one.
impl Default for Minute {
    fn default() -> Self {
        Self {
            text: *b"1970-01-01T00:00:",
            start: 0,
        }
    }
}

impl Minute {
    /// Milliseconds since 1970 of `2026-01-29T12:34:56.789Z`, and `None` for what is rare: a leap
    /// second, the year 0.
    #[inline(always)]
    pub(super) fn time(&mut self, text: &[u8; 24]) -> Option<i64> {
        let (minute, rest) = text.split_first_chunk()?;
        if *minute != self.text {
            *self = Self::read(minute)?;
        }
        let [ten, one, _, tenth, hundredth, thousandth, _] =
            digits(rest.first_chunk()?, b"00.000Z")?;
        let second = ten * 10 + one;
        let fraction = tenth * 100 + hundredth * 10 + thousandth;
        (second < 60).then_some(self.start + second * 1000 + fraction)
    }

    #[cold]
    fn read(text: &[u8; 17]) -> Option<Self> {
        let digits = digits(text, b"0000-00-00T00:00:")?;
        let number = |at: usize| digits[at] * 10 + digits[at + 1];
        let (year, month, day) = (number(0) * 100 + number(2), number(5), number(8));
        let (hour, minute) = (number(11), number(14));
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 => 28 + i64::from(is_leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        let fine = year > 0 && (1..=length).contains(&day) && hour < 24 && minute < 60;
        // Years from March on, so that the leap day is the last of one: <https://howardhinnant.github.io/date_algorithms.html>.
        let year = year - i64::from(month < 3);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468;
        fine.then_some(Self {
            text: *text,
            start: ((days * 24 + hour) * 60 + minute) * 60_000,
        })
    }
}

/// The digits of a text of this form, which has a `0` where a digit stands.
#[inline(always)]
fn digits<const N: usize>(text: &[u8; N], form: &[u8; N]) -> Option<[i64; N]> {
    let mut digits = [0; N];
    let mut wrong = false;
    for at in 0..N {
        let digit = text[at] ^ form[at];
        wrong |= digit > if form[at] == b'0' { 9 } else { 0 };
        digits[at] = i64::from(digit);
    }
    (!wrong).then_some(digits)
}
