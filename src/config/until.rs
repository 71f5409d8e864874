//! An end in time as a person gives it: after some days, or on a date.
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

/// `7d`, `12h`, `30m`, `0`, a date (with that day) or an RFC 3339 time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Until {
    After(TimeDelta),
    At(DateTime<Utc>),
}

impl Until {
    pub const NOW: Self = Self::After(TimeDelta::zero());

    /// That time, if it were said at `now`.
    pub fn from(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::After(span) => now + span,
            Self::At(end) => end,
        }
    }

    /// Whether it is no time at all.
    pub fn is_now(self) -> bool {
        self == Self::NOW
    }
}

impl FromStr for Until {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let end = if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            Some(Self::At(time.to_utc()))
        } else if let Ok(day) = text.parse::<NaiveDate>() {
            let end = day.checked_add_days(Days::new(1));
            end.map(|day| Self::At(day.and_time(NaiveTime::MIN).and_utc()))
        } else {
            span(text)?.map(Self::After)
        };
        let end = end.filter(|end| !matches!(end, Self::At(time) if time.year() > LAST_YEAR));
        end.ok_or("it is too far off: no more than a hundred years (`36525d`), and no date after `9999-12-30`")
    }
}

/// `None` where it is longer than anybody means.
fn span(text: &str) -> Result<Option<TimeDelta>, &'static str> {
    const NEEDED: &str = "days (`7d`), hours (`12h`), minutes (`30m`), `0`, a date (`2026-11-30`, with that day) or an RFC 3339 time is needed";
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NEEDED);
    }
    // There is no larger number than too large a one.
    let number = digits.parse().unwrap_or(i64::MAX);
    let span = match &text[digits.len()..] {
        "" if number == 0 => Some(TimeDelta::zero()),
        "d" => TimeDelta::try_days(number),
        "h" => TimeDelta::try_hours(number),
        "m" => TimeDelta::try_minutes(number),
        _ => return Err(NEEDED),
    };
    Ok(span.filter(|span| *span <= TimeDelta::days(FARTHEST)))
}

/// A hundred years, in days: what is longer was mistyped.
const FARTHEST: i64 = 36_525;
/// The last year that RFC 3339 can write.
const LAST_YEAR: i32 = 9999;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn an_end_is_some_time_from_now_or_a_date_with_that_day() {
        let now = time("2026-11-28T12:00:00Z");
        for (text, end) in [
            ("7d", "2026-12-05T12:00:00Z"),
            ("12h", "2026-11-29T00:00:00Z"),
            ("90m", "2026-11-28T13:30:00Z"),
            ("0", "2026-11-28T12:00:00Z"),
            ("0d", "2026-11-28T12:00:00Z"),
            ("2026-11-30", "2026-12-01T00:00:00Z"),
            ("2026-11-30T08:00:00+01:00", "2026-11-30T07:00:00Z"),
        ] {
            assert_eq!(
                text.parse::<Until>().unwrap().from(now),
                time(end),
                "{text}"
            );
        }
        assert!("0h".parse::<Until>().unwrap().is_now());
    }

    #[test]
    fn what_is_no_end_is_refused() {
        for text in [
            "",
            "7",
            "d",
            "-1d",
            "+7d",
            "7 d",
            "7w",
            "1.5d",
            "2026-02-30",
            "99999999999999999999",
        ] {
            let told = text.parse::<Until>().unwrap_err();
            assert!(told.ends_with(" is needed"), "{text}");
        }
    }

    #[test]
    fn what_is_too_far_off_is_not_said_to_be_written_wrongly() {
        for text in [
            "36526d",
            "+12345-01-01",
            "9999-12-31",
            "9999-12-31T23:59:59-01:00",
            "99999999999999999999d",
            "9223372036854775807m",
        ] {
            let told = text.parse::<Until>().unwrap_err();
            assert!(told.starts_with("it is too far off: "), "{text}");
        }
        for text in ["36525d", "9999-12-30"] {
            assert!(text.parse::<Until>().is_ok(), "{text}");
        }
    }
}
