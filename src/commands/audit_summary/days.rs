//! Which hours or days a chart has.
use std::collections::HashMap;

use chrono::TimeDelta;

use crate::audit::summary::{Slot, Step, Summary, Timeline};

/// In seconds.
const YEAR: i64 = 365 * 86_400;

/// Slots without a gap between them.
pub(super) struct Days<'s> {
    /// Where the first one begins, and how long each is, in seconds.
    pub(super) start: i64,
    pub(super) step: i64,
    pub(super) slots: Vec<&'s Slot>,
}

/// Every slot of the window, those in which nothing happened too. Where it has no bounds, it is the
/// year with the most in it: a single wrong date must not stretch it.
pub(super) fn all(summary: &Summary) -> Days<'_> {
    const EMPTY: &Slot = &Slot {
        at: String::new(),
        start: 0,
        successful: 0,
        denied: 0,
        calls: 0,
        errors: 0,
    };
    let step = match summary.timeline.step {
        Step::Hour => 3_600,
        Step::Day => 86_400,
    };
    let slots = &summary.timeline.slots;
    let (first, last) = match (summary.from, summary.until) {
        (Some(from), Some(until)) => {
            let last = until - TimeDelta::milliseconds(1);
            (from.timestamp(), last.timestamp())
        }
        _ => fullest(slots),
    };
    let first = first.max(last - YEAR);
    let found: HashMap<i64, &Slot> = slots.iter().map(|slot| (slot.start / step, slot)).collect();
    let all = first.div_euclid(step)..=last.div_euclid(step);
    Days {
        start: all.start() * step,
        step,
        slots: all
            .map(|at| found.get(&at).copied().unwrap_or(EMPTY))
            .collect(),
    }
}

impl Days<'_> {
    /// Whether something happened outside of these.
    pub(super) fn are_part_of(&self, timeline: &Timeline) -> bool {
        let end = self.start + self.step * i64::try_from(self.slots.len()).unwrap_or(i64::MAX);
        let mut starts = timeline.slots.iter().map(|slot| slot.start);
        starts.any(|start| !(self.start..end).contains(&start))
    }
}

/// The first and the last slot, no more than a year apart, between which most happened.
fn fullest(slots: &[Slot]) -> (i64, i64) {
    let (mut start, mut sum, mut most) = (0, 0_u128, (0, 0, 0));
    let much = |slot: &Slot| {
        let all = [slot.successful, slot.denied, slot.calls];
        all.iter().map(|count| u128::from(*count)).sum::<u128>()
    };
    for slot in slots {
        sum += much(slot);
        while slot.start - slots[start].start > YEAR {
            sum -= much(&slots[start]);
            start += 1;
        }
        most = most.max((sum, slots[start].start, slot.start));
    }
    (most.1, most.2)
}
