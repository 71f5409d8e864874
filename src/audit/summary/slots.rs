//! How much happened in each hour or day.
use std::collections::HashMap;

use chrono::DateTime;

use super::{Slot, Step, Timeline, pruned::Count};
use crate::{
    audit::{
        CallOutcome,
        reader::{Event, Text},
    },
    sort,
};

/// So many hours or days are told apart: a log of lies may name every day of 10,000 years.
const MOST: usize = 16 * 1024;

const HOUR: i64 = 3_600_000;

#[derive(Debug)]
pub(super) struct Slots {
    step: Step,
    /// Which row a slot has, counted in steps since 1970.
    places: HashMap<i64, usize>,
    rows: Vec<Sum>,
    /// What happened in the hour of the record before, mostly that of the next as well, and is not in
    /// `rows` yet.
    lately: Sum,
    /// That hour, counted since 1970.
    hour: i64,
    left_out: u64,
    hours: [Sum; 24],
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    /// So many records are in it.
    records: u64,
    successful: u64,
    /// But for requests of blocked addresses: those are told one by one, or by their number, or both.
    denied: u64,
    blocked_singly: u64,
    blocked: u64,
    calls: u64,
    errors: u64,
}

impl Step {
    fn millis(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => 24 * HOUR,
        }
    }
}

impl Slots {
    pub(super) fn new(step: Step) -> Self {
        Self {
            step,
            places: HashMap::new(),
            rows: Vec::new(),
            lately: Sum::default(),
            hour: 0,
            left_out: 0,
            hours: [Sum::default(); 24],
        }
    }

    pub(super) fn note(&mut self, millis: i64, event: &Event<'_>) {
        let start = self.hour * HOUR;
        if !(start..start + HOUR).contains(&millis) {
            self.settle();
            self.hour = millis.div_euclid(HOUR);
        }
        self.lately.note(event);
    }

    /// Puts what happened lately where it belongs.
    #[cold]
    fn settle(&mut self) {
        let sum = std::mem::take(&mut self.lately);
        if sum.records == 0 {
            return;
        }
        self.hours[usize::try_from(self.hour.rem_euclid(24)).unwrap_or(0)].add(sum);
        self.add((self.hour * HOUR).div_euclid(self.step.millis()), sum);
    }

    fn add(&mut self, slot: i64, sum: Sum) {
        let place = match self.places.get(&slot) {
            Some(place) => *place,
            None if self.rows.len() == MOST => {
                self.left_out += sum.records;
                return;
            }
            None => {
                self.places.insert(slot, self.rows.len());
                self.rows.push(Sum::default());
                self.rows.len() - 1
            }
        };
        self.rows[place].add(sum);
    }

    pub(super) fn merge(&mut self, mut other: Self) {
        other.settle();
        for (slot, place) in other.places {
            self.add(slot, other.rows[place]);
        }
        for (sum, theirs) in self.hours.iter_mut().zip(other.hours) {
            sum.add(theirs);
        }
        self.left_out += other.left_out;
    }

    /// The slots in their order, and the hours of the day; by which of the two ways requests of
    /// blocked addresses are counted is asked.
    pub(super) fn finish(mut self, singly: bool) -> (Timeline, Vec<Slot>) {
        self.settle();
        let step = self.step.millis();
        let mut places: Vec<_> = self.places.into_iter().collect();
        sort::by_key(&mut places, |place| *place);
        let slots = places.into_iter().map(|(slot, place)| {
            let time =
                DateTime::from_timestamp_millis(slot.saturating_mul(step)).unwrap_or_default();
            let form = match self.step {
                Step::Hour => "%Y-%m-%dT%H",
                Step::Day => "%Y-%m-%d",
            };
            self.rows[place].slot(time.format(form).to_string(), time.timestamp(), singly)
        });
        let timeline = Timeline {
            step: self.step,
            slots: slots.collect(),
            left_out: self.left_out,
        };
        let hours = self.hours.iter().zip(0_i64..);
        let hours =
            hours.map(|(sum, hour)| sum.slot(format!("{hour:02}"), hour * HOUR / 1000, singly));
        (timeline, hours.collect())
    }
}

impl Sum {
    fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Authenticated { by_key: true, .. } => self.successful += 1,
            Event::Denied { reason, .. } => match reason.map(Text::read).as_deref() {
                Some(b"rate_limited") => self.blocked_singly += 1,
                _ => self.denied = self.denied.saturating_add(1),
            },
            Event::BlockEnded { requests, .. } => {
                self.blocked = self.blocked.saturating_add(*requests);
            }
            Event::FailuresAggregated { count, .. } => {
                self.denied = self.denied.saturating_add(*count);
            }
            Event::CallStarted { .. } => self.calls += 1,
            Event::CallFinished {
                outcome: Some(CallOutcome::Error),
                ..
            } => self.errors += 1,
            _ => return,
        }
        self.records += 1;
    }

    fn slot(self, at: String, start: i64, singly: bool) -> Slot {
        let blocked = if singly {
            self.blocked_singly
        } else {
            self.blocked
        };
        Slot {
            at,
            start,
            successful: self.successful,
            denied: self.denied.saturating_add(blocked),
            calls: self.calls,
            errors: self.errors,
        }
    }
}

impl Count for Sum {
    fn add(&mut self, other: Self) {
        self.records += other.records;
        self.successful = self.successful.saturating_add(other.successful);
        self.denied = self.denied.saturating_add(other.denied);
        self.blocked_singly = self.blocked_singly.saturating_add(other.blocked_singly);
        self.blocked = self.blocked.saturating_add(other.blocked);
        self.calls = self.calls.saturating_add(other.calls);
        self.errors = self.errors.saturating_add(other.errors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_number_a_line_tells_an_hour_counts_no_less_for_it() {
        let mut slots = Slots::new(Step::Day);
        let most = Event::FailuresAggregated {
            count: u64::MAX,
            invalid_keys: None,
        };
        let one = Event::Denied {
            reason: None,
            client_ip: None,
            user_agent: None,
            retired_key: None,
        };
        for event in [&most, &one] {
            slots.note(0, event);
        }
        let (timeline, hours) = slots.finish(false);
        assert_eq!(
            (timeline.slots[0].denied, hours[0].denied),
            (u64::MAX, u64::MAX)
        );
    }
}
