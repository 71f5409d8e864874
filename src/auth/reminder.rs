//! Says something again, but not each time.
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Whether it is time to say something again.
#[derive(Debug)]
pub struct Reminder {
    start: Instant,
    /// In seconds since the start.
    next: AtomicU64,
}

impl Reminder {
    /// One that is due for the first time so long after `start`.
    pub fn new(start: Instant, first_after: Duration) -> Self {
        Self {
            start,
            next: AtomicU64::new(first_after.as_secs()),
        }
    }

    /// Whether it is time; then not again before `pause` is over, whoever asks.
    pub fn is_due(&self, now: Instant, pause: Duration) -> bool {
        let now = now.saturating_duration_since(self.start).as_secs();
        let next = self.next.load(Ordering::Relaxed);
        let again = now + pause.as_secs();
        now >= next
            && self
                .next
                .compare_exchange(next, again, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}
