//! How often what happened since the log was opened: numbers, and nobody's name, address or key.
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{AuditEvent, CallOutcome};

/// Counts of a log. They go up whether the record could be written or not.
#[derive(Debug, Default)]
pub struct Counts {
    blocks: AtomicU64,
    calls: Mutex<BTreeMap<String, Calls>>,
}

/// The calls of one operation.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    outcomes: [u64; CallOutcome::ALL.len()],
    /// How many took no longer than each bound, and more than the one before.
    pub within: [u64; Calls::BOUNDS.len()],
    /// All together.
    pub took: Duration,
}

impl Counts {
    pub(super) fn note(&self, event: &AuditEvent<'_>) {
        if let AuditEvent::Blocked { .. } = event {
            self.blocks.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a call that has ended. `operation` is a name of the catalog, so there are not many.
    pub(super) fn note_call(&self, operation: &str, outcome: CallOutcome, took: Duration) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = calls.get_mut(operation) {
            calls.note(outcome, took);
        } else {
            calls
                .entry(operation.to_owned())
                .or_default()
                .note(outcome, took);
        }
    }

    /// How often an address was blocked.
    pub fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
    }

    /// The calls by their operation, those that have ended.
    pub fn calls(&self) -> BTreeMap<String, Calls> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.clone()
    }
}

impl Calls {
    /// The bounds of [`Calls::within`], in milliseconds.
    pub const BOUNDS: [u16; 11] = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 30_000];

    /// How many ended so.
    pub fn outcomes(&self) -> impl Iterator<Item = (CallOutcome, u64)> {
        CallOutcome::ALL.into_iter().zip(self.outcomes)
    }

    /// How many ended.
    pub fn ended(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    fn note(&mut self, outcome: CallOutcome, took: Duration) {
        self.outcomes[outcome as usize] += 1;
        self.took += took;
        let within = |bound: &u16| took <= Duration::from_millis((*bound).into());
        if let Some(at) = Self::BOUNDS.iter().position(within) {
            self.within[at] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_counted_by_its_outcome_and_within_the_first_bound_that_holds_it() {
        let counts = Counts::default();
        let call = |outcome, micros| {
            counts.note_call("issue.list", outcome, Duration::from_micros(micros));
        };
        call(CallOutcome::Ok, 900);
        call(CallOutcome::Ok, 1_000);
        call(CallOutcome::Error, 1_001);
        call(CallOutcome::Cancelled, 60_000_000);
        let calls = &counts.calls()["issue.list"];
        assert_eq!(calls.within[..3], [2, 1, 0]);
        assert_eq!(calls.within.iter().sum::<u64>(), 3);
        assert_eq!(calls.ended(), 4);
        assert_eq!(calls.took, Duration::from_micros(60_002_901));
        let outcomes: Vec<_> = calls
            .outcomes()
            .map(|(outcome, count)| (outcome.as_str(), count))
            .collect();
        assert_eq!(
            outcomes,
            [
                ("ok", 2),
                ("error", 1),
                ("refused", 0),
                ("cancelled", 1),
                ("abandoned", 0)
            ]
        );
    }
}
