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
        if now - self.since < PERIOD {
            return;
        }
        self.wide &= self.failures >= capacity / 4;
        (self.since, self.failures, self.evictions) = (now, 0, 0);
    }

    pub(super) fn note_failure(&mut self) {
        self.failures += 1;
    }

    /// A bucket made way whose failures still counted, or did not.
    pub(super) fn note_eviction(&mut self, counted: bool, capacity: usize) {
        self.evictions += usize::from(counted);
        if !self.wide && self.evictions > capacity / 2 {
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
