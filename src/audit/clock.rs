//! The time, as an argument.
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

/// What the log takes its times from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock, and when it was first looked at.
    System(Instant),
    /// Milliseconds since 1970, moved by hand: for tests.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    pub fn system() -> Self {
        Self::System(Instant::now())
    }

    /// What people call the time. It may jump.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System(_) => Utc::now(),
            Self::Manual(millis) => i64::try_from(millis.load(Ordering::Relaxed))
                .ok()
                .and_then(DateTime::from_timestamp_millis)
                .unwrap_or_default(),
        }
    }

    /// How long it is since some moment before. It never jumps and never runs back.
    pub fn elapsed(&self) -> Duration {
        match self {
            Self::System(start) => start.elapsed(),
            Self::Manual(millis) => Duration::from_millis(millis.load(Ordering::Relaxed)),
        }
    }
}
