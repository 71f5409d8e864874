//! Tells an attack from so many addresses that the table forgets them before they fail again.

/// Over how long is counted, in milliseconds.
const PERIOD: u64 = 60_000;

#[derive(Debug, Default)]
pub(super) struct Churn {
    since: u64,
    failures: usize,
    evictions: usize,
    wide: bool,
    alarm: bool,
}

impl Churn {
    /// Begins a new period when the last is over. Wide buckets become narrow again after one in which
    /// the table would have held everybody.
    pub(super) fn roll(&mut self, now: u64, capacity: usize) {
        // Another thread may have come first, with a later time.
        if now.saturating_sub(self.since) < PERIOD {
            return;
        }
        self.wide &= self.failures >= capacity / 4;
        (self.since, self.failures, self.evictions) = (now, 0, 0);
    }

    pub(super) fn note_failure(&mut self) {
        self.failures += 1;
    }

    /// A bucket made way whose failures still counted.
    pub(super) fn note_eviction(&mut self, capacity: usize) {
        self.evictions += 1;
        if self.evictions > capacity / 2 {
            self.widen();
        }
    }

    /// So many are blocked: each ends in a record, and a stranger shall not fill the log.
    pub(super) fn note_blocked(&mut self, blocked: usize, capacity: usize) {
        if blocked > capacity / 2 {
            self.widen();
        }
    }

    fn widen(&mut self) {
        if !self.wide {
            (self.wide, self.alarm) = (true, true);
        }
    }

    /// Whether neighbours are counted as one.
    pub(super) fn wide(&self) -> bool {
        self.wide
    }

    /// Whether an attack has just been noticed. Says so once.
    pub(super) fn take_alarm(&mut self) -> bool {
        std::mem::take(&mut self.alarm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_of_a_table_that_makes_way_is_an_attack_and_told_once() {
        let mut churn = Churn::default();
        for wide in [false, false, true, true] {
            churn.note_eviction(4);
            assert_eq!(churn.wide(), wide);
        }
        assert_eq!([churn.take_alarm(), churn.take_alarm()], [true, false]);
    }

    #[test]
    fn a_thread_that_comes_late_begins_no_period() {
        let mut churn = Churn::default();
        churn.note_blocked(3, 4);
        churn.note_failure();
        churn.roll(PERIOD, 4);
        churn.roll(PERIOD - 1, 4);
        assert!(churn.wide());
    }
}
