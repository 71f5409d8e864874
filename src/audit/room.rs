//! How much room the disk has left for the log, told before there is none.
use std::{collections::VecDeque, path::Path, time::Duration};

use rustix::fs::statvfs;

use crate::durable;

/// Of a hundred parts of a disk, this many are too many.
const NEARLY_FULL: u64 = 90;
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// What the log has grown by, hour by hour over the last day.
#[derive(Debug, Default)]
pub(super) struct Growth {
    written: u64,
    hours: VecDeque<(Duration, u64)>,
}

impl Growth {
    /// Notes how many bytes have been written in all.
    pub(super) fn note(&mut self, written: u64, elapsed: Duration) {
        self.written = written;
        let is_due = |(last, _): &(Duration, u64)| elapsed >= *last + HOUR;
        if self.hours.back().is_none_or(is_due) {
            self.hours.push_back((elapsed, written));
        }
        if self.hours.len() > 25 {
            self.hours.pop_front();
        }
    }

    /// What a day brings, once an hour has shown it.
    fn a_day(&self, elapsed: Duration) -> Option<u64> {
        let (start, before) = *self.hours.front()?;
        let span = elapsed.saturating_sub(start);
        let grown = u128::from(self.written.saturating_sub(before));
        let a_day = grown * DAY.as_millis() / span.as_millis().max(1);
        (span >= HOUR).then(|| u64::try_from(a_day).unwrap_or(u64::MAX))
    }

    /// What is wrong with the room that is left, if anything is.
    pub(super) fn complaint(&self, log: &Path, elapsed: Duration) -> Option<String> {
        let found = statvfs(durable::folder(log)).ok()?;
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        let used = found.f_blocks.saturating_sub(found.f_bfree);
        self.judge(used, found.f_bavail, free, elapsed)
    }

    fn judge(&self, used: u64, available: u64, free: u64, elapsed: Duration) -> Option<String> {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let parts = used
            .saturating_mul(100)
            .checked_div(used.saturating_add(available))?;
        if parts >= NEARLY_FULL {
            return Some(format!("{parts}% full, {} MiB are left", mib(free)));
        }
        let a_day = self.a_day(elapsed).filter(|growth| *growth > free)?;
        Some(format!(
            "too small for another day: {} MiB are left, and the log grows by {} MiB a day",
            mib(free),
            mib(a_day)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn minutes(number: u64) -> Duration {
        Duration::from_mins(number)
    }

    #[test]
    fn nine_tenths_are_too_much() {
        let growth = Growth::default();
        assert_eq!(growth.judge(899, 101, 100 * MIB, HOUR), None);
        assert_eq!(
            growth.judge(900, 100, 100 * MIB, HOUR).as_deref(),
            Some("90% full, 100 MiB are left")
        );
        assert_eq!(growth.judge(0, 0, 0, HOUR), None);
    }

    #[test]
    fn a_day_that_would_fill_the_disk_is_foreseen_after_an_hour() {
        let mut growth = Growth::default();
        growth.note(0, minutes(1));
        growth.note(5 * MIB, minutes(60));
        assert_eq!(growth.judge(1, 9, 100 * MIB, minutes(60)), None);
        growth.note(5 * MIB, minutes(61));
        assert_eq!(
            growth.judge(1, 9, 100 * MIB, minutes(61)).as_deref(),
            Some("too small for another day: 100 MiB are left, and the log grows by 120 MiB a day")
        );
        assert_eq!(growth.judge(1, 9, 120 * MIB, minutes(61)), None);
    }

    #[test]
    fn what_was_more_than_a_day_ago_does_not_count() {
        let mut growth = Growth::default();
        growth.note(0, Duration::ZERO);
        for hour in 1..100 {
            growth.note(1_000 * MIB, HOUR * hour);
        }
        assert_eq!(growth.judge(1, 9, MIB, HOUR * 99), None);
        assert_eq!(growth.hours.len(), 25);
    }
}
