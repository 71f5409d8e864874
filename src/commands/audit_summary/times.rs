//! `--since` and `--until`: from text to a window.
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::shown::typed;
use crate::audit::{
    reader::YEARS,
    summary::{Period, Window},
};

/// The window that `--since` and `--until` name.
///
/// # Errors
/// What is wrong with them, for the person who typed them.
pub(super) fn window(
    since: Option<&str>,
    until: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Window, String> {
    let from = since.map(|text| parse("since", text, now)).transpose()?;
    let end = until.map(|text| parse("until", text, now)).transpose()?;
    let until_now = end.is_none();
    let until = end.map(|time| match time {
        Time::Moment(time) | Time::Day { end: time, .. } => time,
    });
    // What has no end ends now, so that there is a window before.
    let until = nearest(until.unwrap_or(now + TimeDelta::milliseconds(1)));
    let from = from.map(|(Time::Moment(time) | Time::Day { start: time, .. })| nearest(time));
    if from.is_some_and(|from| from >= until) {
        return Err("nothing is between `--since` and `--until`".to_owned());
    }
    Ok(Window {
        period: Period::Custom,
        from,
        until: Some(until),
        until_now,
    })
}

/// The nearest time that a record can have.
fn nearest(time: DateTime<Utc>) -> DateTime<Utc> {
    let millis = time.timestamp_millis();
    let nearest = millis.clamp(YEARS.start, YEARS.end - 1);
    let other = DateTime::from_timestamp_millis(nearest).filter(|_| nearest != millis);
    other.unwrap_or(time)
}

enum Time {
    Moment(DateTime<Utc>),
    Day {
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    },
}

fn parse(name: &str, text: &str, now: DateTime<Utc>) -> Result<Time, String> {
    let text = text.trim();
    let ago = || {
        let unit = text.chars().next_back()?;
        let number: i64 = text
            .strip_suffix(unit)?
            .parse()
            .ok()
            .filter(|it| *it >= 0)?;
        let length = match unit {
            'm' => TimeDelta::try_minutes(number),
            'h' => TimeDelta::try_hours(number),
            'd' => TimeDelta::try_days(number),
            'w' => TimeDelta::try_weeks(number),
            _ => None,
        }?;
        now.checked_sub_signed(length)
    };
    let day = || {
        let day: NaiveDate = text.parse().ok()?;
        let start = day.and_hms_opt(0, 0, 0)?.and_utc();
        let end = start.checked_add_signed(TimeDelta::days(1))?;
        Some(Time::Day { start, end })
    };
    let moment = || {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|it| it.to_utc())
    };
    if let Some(moment) = ago().or_else(moment) {
        return Ok(Time::Moment(moment));
    }
    day().ok_or_else(|| {
        format!(
            "`--{name} {}` is no time: write it as `2026-01-31`, `2026-01-31T12:00:00Z`, or how long ago (`7d`, `12h`, `30m`)",
            typed(text)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        time("2026-01-29T12:00:00Z")
    }

    fn time(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).expect("a time").to_utc()
    }

    #[test]
    fn times_are_moments_days_or_how_long_ago() {
        for (since, until, from, end) in [
            (
                Some("7d"),
                None,
                Some("2026-01-22T12:00:00Z"),
                "2026-01-29T12:00:00.001Z",
            ),
            (
                Some("2w"),
                Some("90m"),
                Some("2026-01-15T12:00:00Z"),
                "2026-01-29T10:30:00Z",
            ),
            (
                Some("2026-01-01"),
                Some("2026-01-01"),
                Some("2026-01-01T00:00:00Z"),
                "2026-01-02T00:00:00Z",
            ),
            (
                Some("2026-01-01T01:00:00+01:00"),
                Some("2026-01-01T00:00:01Z"),
                Some("2026-01-01T00:00:00Z"),
                "2026-01-01T00:00:01Z",
            ),
            (None, Some("2026-01-01"), None, "2026-01-02T00:00:00Z"),
        ] {
            let window = window(since, until, now()).expect("a window");
            assert_eq!(
                (window.from, window.until),
                (from.map(time), Some(time(end)))
            );
        }
    }

    #[test]
    fn a_window_has_no_end_that_cannot_be_written() {
        for (since, until, from, end) in [
            (
                "9999-12-31",
                "9999-12-31",
                "9999-12-31T00:00:00Z",
                "9999-12-31T23:59:59.999Z",
            ),
            (
                "0000-01-01T00:00:00+01:00",
                "9999-12-31T23:30:00-01:00",
                "0000-01-01T00:00:00Z",
                "9999-12-31T23:59:59.999Z",
            ),
            (
                "2000000d",
                "2026-01-01T00:00:00.000001Z",
                "0000-01-01T00:00:00Z",
                "2026-01-01T00:00:00.000001Z",
            ),
        ] {
            let window = window(Some(since), Some(until), now()).expect("a window");
            assert_eq!(
                (window.from, window.until),
                (Some(time(from)), Some(time(end)))
            );
        }
    }

    #[test]
    fn what_is_no_time_is_told() {
        for wrong in [
            "",
            "d",
            "-7d",
            "7y",
            "yesterday",
            "2026-02-30",
            "9223372036854775807d",
            "7é",
            "+262142-12-31",
        ] {
            let error = window(Some(wrong), None, now()).expect_err("no time");
            assert!(error.contains("is no time"), "{error}");
        }
        let error = window(Some("1d"), Some("2d"), now()).expect_err("no window");
        assert!(error.contains("nothing is between"));
    }
}
