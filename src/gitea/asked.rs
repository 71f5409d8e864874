//! How many requests the forge got, and whether it answered them.
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counts of all workers.
#[derive(Default)]
pub(super) struct Asked {
    all: AtomicU64,
    failed: AtomicU64,
    is_down: AtomicBool,
}

/// The requests to the forge so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Requests {
    pub all: u64,
    /// Those without an answer, or with a fault of the forge (a status from 500 on).
    pub failed: u64,
    /// Whether the last one did not fail.
    pub is_up: bool,
}

impl Asked {
    /// `status` is that of the answer, if there was one. Says whether the forge is back: it failed
    /// the time before.
    pub(super) fn note(&self, status: Option<u16>) -> bool {
        let failed = status.is_none_or(|status| status >= 500);
        self.all.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(failed.into(), Ordering::Relaxed);
        self.is_down.swap(failed, Ordering::Relaxed) && !failed
    }

    pub(super) fn so_far(&self) -> Requests {
        let all = self.all.load(Ordering::Relaxed);
        Requests {
            all,
            failed: self.failed.load(Ordering::Relaxed),
            is_up: all > 0 && !self.is_down.load(Ordering::Relaxed),
        }
    }
}
