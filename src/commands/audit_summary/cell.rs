//! What stands in a table, and how a person reads it.
use chrono::{DateTime, Utc};

use super::shown::{bytes, duration, grouped, shown};

/// What stands in a table.
pub(super) enum Cell<'s> {
    Nothing,
    /// Words of ours.
    Words(String),
    /// A text as it stands in the log.
    Logged(&'s str),
    Count(u64),
    Millis(u64),
    Bytes(u64),
    /// From 0 to 1.
    Share(f64),
    Time(DateTime<Utc>),
    /// How much there is now, and how much there was.
    Change(u64, u64),
}

impl Cell<'_> {
    /// As a person reads it, in any form.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Nothing => "-".to_owned(),
            Self::Words(words) => words.clone(),
            Self::Logged(text) => shown(text),
            Self::Count(number) => grouped(*number),
            Self::Millis(millis) => duration(*millis),
            Self::Bytes(number) => bytes(*number),
            Self::Share(share) => format!("{:.1}%", share * 100.0),
            Self::Time(time) => minute(*time),
            Self::Change(now, before) => change(*now, *before),
        }
    }
}

/// In UTC.
pub(super) fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

/// `+12%`, `-3%`, `0%`, `new`, `x14`.
pub(super) fn change(now: u64, before: u64) -> String {
    match (now, before) {
        (0, 0) => "-".to_owned(),
        (_, 0) => "new".to_owned(),
        _ if now / 10 >= before => format!("x{}", grouped(now / before)),
        _ => {
            let (now, before) = (i128::from(now), i128::from(before));
            match (now - before) * 100 / before {
                0 => "0%".to_owned(),
                percent => format!("{percent:+}%"),
            }
        }
    }
}
