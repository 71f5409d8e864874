//! Who has failed too often. It saves work and noise; what protects a key is its length.
use std::{
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::table::{Limits, Table};

/// The most addresses that are remembered.
const CAPACITY: usize = 65_536;
/// So many blocks or failures are forgotten at once, so that nobody waits long for the lock.
const BATCH: usize = 256;

/// Counts failures for each address in a sliding window, within bounded memory.
#[derive(Debug)]
pub struct FailureLimiter {
    start: Instant,
    table: Mutex<Table>,
}

/// What an address tries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Attempt {
    /// A wrong key. It counts.
    WrongKey,
    /// No key, or none that could be read: many clients ask so first, and it is no guess.
    NoKey,
    /// A valid key, where a block is for everybody at the address.
    ValidKey,
}

/// What the limiter says of an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It may be looked at.
    Open,
    /// It may, and it was the last: a block begins, of one window.
    Tripped,
    /// It may not, for so long.
    Blocked(Duration),
}

/// A block that has ended, with at least one request that fell to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EndedBlock {
    /// The address whose failure was the last.
    pub client: IpAddr,
    pub requests: u64,
    /// How long ago the first of them was.
    pub first: Duration,
    pub last: Duration,
}

impl FailureLimiter {
    /// `max_failures` in one `window` are answered; the request after them meets a block of one
    /// `window`. No instant before `start` may be handed in later.
    pub fn new(max_failures: u32, window: Duration, start: Instant) -> Self {
        Self::with_capacity(CAPACITY, max_failures, window, start)
    }

    fn with_capacity(capacity: usize, max_failures: u32, window: Duration, start: Instant) -> Self {
        let limits = Limits {
            capacity,
            max_failures,
            window: millis(window),
        };
        Self {
            start,
            table: Mutex::new(Table::new(limits)),
        }
    }

    /// What to do with an attempt from `address`; a failure is counted, and so is a request that
    /// meets a block.
    #[expect(
        clippy::unused_async,
        reason = "a store that replicas share will answer here"
    )]
    pub async fn ask(&self, address: IpAddr, attempt: Attempt, now: Instant) -> Verdict {
        let mut table = self.table();
        let verdict = table.ask(address, attempt, self.millis(now));
        let attacked = table.take_alarm();
        drop(table);
        if attacked {
            log::error!(
                "critical: auth_bruteforce_distributed: wrong keys come from so many addresses that \
                 failures are now counted by network (IPv4 /24, IPv6 /48)"
            );
        }
        verdict
    }

    /// Forgets what is over, and tells the blocks that have ended.
    pub fn tick(&self, now: Instant) -> Vec<EndedBlock> {
        let now = self.millis(now);
        while self.table().tidy(now, BATCH) == BATCH {}
        self.table().take_ended(now)
    }

    /// Ends every block, for the server stops.
    pub fn close(&self, now: Instant) -> Vec<EndedBlock> {
        let mut table = self.table();
        table.end_all();
        table.take_ended(self.millis(now))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn millis(&self, now: Instant) -> u64 {
        millis(now.saturating_duration_since(self.start))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
