//! Points in time, as they are asked for and as they are told.
use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Timelike, Utc,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// A point in time: a date, an RFC 3339 time, or so many days ago: `7d`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", description = "")]
pub(super) struct Moment {
    time: DateTime<Utc>,
    /// It was a date, so it is the whole day.
    is_day: bool,
}

impl Moment {
    /// Its beginning, as Gitea takes it.
    pub(super) fn rfc3339(self) -> String {
        self.time.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Its end, as Gitea takes it: what is asked for until a day is asked for with that day.
    pub(super) fn end_rfc3339(self) -> String {
        self.end().to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Whether this time is before its beginning, by whole seconds, as Gitea is asked.
    pub(super) fn begins_after(self, time: DateTime<Utc>) -> bool {
        time.timestamp() < self.time.timestamp()
    }

    /// Whether this time is after its end.
    pub(super) fn ends_before(self, time: DateTime<Utc>) -> bool {
        self.end().timestamp() < time.timestamp()
    }

    fn end(self) -> DateTime<Utc> {
        let rest = TimeDelta::seconds(if self.is_day { 86_399 } else { 0 });
        self.time.checked_add_signed(rest).unwrap_or(self.time)
    }

    /// As the head of an answer says it: a day where it is a whole one, else to the second, so that
    /// it says which things of that day are meant.
    pub(super) fn told(self) -> String {
        if self.is_day {
            day(self.time)
        } else {
            self.rfc3339()
        }
    }
}

impl TryFrom<String> for Moment {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
        let ago = days.and_then(|days| Utc::now().checked_sub_days(Days::new(days)));
        let date = || {
            let date: NaiveDate = text.parse().ok()?;
            Some(date.and_time(NaiveTime::MIN).and_utc())
        };
        let time = || Some(DateTime::parse_from_rfc3339(&text).ok()?.to_utc());
        let is_day = ago.is_none() && text.parse::<NaiveDate>().is_ok();
        let moment = ago.or_else(date).or_else(time);
        moment
            .map(|time| Self { time, is_day })
            .ok_or("a time is a date (`2026-11-16`), an RFC 3339 time, or days ago (`7d`)")
    }
}

/// `2026-11-23`.
pub(super) fn day(time: DateTime<Utc>) -> String {
    // By hand: lists are full of dates, and a format string takes ten times as long.
    let Ok(year @ 0..=9999) = u32::try_from(time.year()) else {
        return time.date_naive().to_string();
    };
    let mut text = String::with_capacity("2026-11-23 08:33".len());
    for (number, before) in [
        (year / 100, ""),
        (year % 100, ""),
        (time.month(), "-"),
        (time.day(), "-"),
    ] {
        push(&mut text, before, number);
    }
    text
}

/// `2026-11-23 08:33`.
pub(super) fn minute(time: DateTime<Utc>) -> String {
    let mut text = day(time);
    push(&mut text, " ", time.hour());
    push(&mut text, ":", time.minute());
    text
}

/// Two digits, and what is before them.
fn push(text: &mut String, before: &str, number: u32) {
    text.push_str(before);
    let digits = [number / 10, number % 10].map(|digit| char::from_digit(digit, 10));
    text.extend(digits.into_iter().flatten());
}

/// `contributor 2026-11-23 08:33`.
pub(super) fn byline(author: &str, time: Option<DateTime<Utc>>) -> String {
    let mut line = author.to_owned();
    if let Some(time) = time {
        line.push(' ');
        line.push_str(&minute(time));
    }
    line
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    #[test]
    fn a_whole_day_is_told_as_a_day_and_a_time_to_the_second() {
        let told = |text: &str| Moment::try_from(text.to_owned()).unwrap().told();
        assert_eq!(told("2026-06-09"), "2026-06-09");
        assert_eq!(told("2026-06-09T00:00:00Z"), "2026-06-09T00:00:00Z");
        assert_eq!(told("2026-06-09T01:30:07.5+02:00"), "2026-06-08T23:30:07Z");
        // So many days ago is a time too: the day it falls on is not meant whole.
        assert_eq!(told("7d").len(), "2026-06-09T00:00:00Z".len());
    }
}
