//! What is counted of every record, and nothing is remembered of.
use std::collections::HashSet;

use super::{Totals, distinct::Distinct};
use crate::{
    audit::{
        CallOutcome,
        reader::{Event, Ip, Text},
    },
    rights::Access,
};

/// So many blocked addresses are counted exactly.
const EXACT: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct Sums {
    successful: u64,
    unauthenticated: u64,
    invalid: u64,
    /// Refusals recorded singly, for whatever reason but a block.
    denied: u64,
    aggregated: u64,
    /// Those of them with a wrong key.
    aggregated_invalid: u64,
    /// Requests of blocked addresses: where each was recorded, and where their number was. With
    /// `AUDIT_BLOCKED=each` they are told both ways.
    blocked_singly: u64,
    blocked: u64,
    retired_keys: u64,
    blocks: u64,
    blocked_addresses: HashSet<Ip>,
    more_addresses: Distinct,
    calls: u64,
    outcomes: [u64; CallOutcome::ALL.len()],
    writes: u64,
    destroys: u64,
    answer_bytes: u64,
}

impl Sums {
    pub(super) fn new(hasher: &foldhash::quality::RandomState) -> Self {
        Self {
            successful: 0,
            unauthenticated: 0,
            invalid: 0,
            denied: 0,
            aggregated: 0,
            aggregated_invalid: 0,
            blocked_singly: 0,
            blocked: 0,
            retired_keys: 0,
            blocks: 0,
            blocked_addresses: HashSet::new(),
            more_addresses: Distinct::new(hasher),
            calls: 0,
            outcomes: [0; CallOutcome::ALL.len()],
            writes: 0,
            destroys: 0,
            answer_bytes: 0,
        }
    }

    pub(super) fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Authenticated { by_key: true, .. } => self.successful += 1,
            Event::Authenticated { by_key: false, .. } => self.unauthenticated += 1,
            Event::Denied {
                reason,
                retired_key,
                ..
            } => {
                match reason.map(Text::read).as_deref() {
                    Some(b"rate_limited") => self.blocked_singly += 1,
                    Some(b"invalid_api_key") => {
                        self.invalid += 1;
                        self.denied += 1;
                    }
                    _ => self.denied += 1,
                }
                self.retired_keys += u64::from(retired_key.is_some());
            }
            Event::Blocked { client_ip } => {
                self.blocks += 1;
                if let Some(address) = client_ip.and_then(Text::ip) {
                    self.more_addresses.note(address);
                    if self.blocked_addresses.len() < EXACT {
                        self.blocked_addresses.insert(address);
                    }
                }
            }
            Event::BlockEnded { requests, .. } => {
                self.blocked = self.blocked.saturating_add(*requests);
            }
            Event::FailuresAggregated {
                count,
                invalid_keys,
            } => {
                self.aggregated = self.aggregated.saturating_add(*count);
                // Older records do not say; a wrong key is what is tried most.
                let invalid = invalid_keys.unwrap_or(*count);
                self.aggregated_invalid = self.aggregated_invalid.saturating_add(invalid);
            }
            Event::CallStarted { access, .. } => {
                self.calls += 1;
                self.writes += u64::from(matches!(access, Some(Access::Write | Access::Destroy)));
                self.destroys += u64::from(*access == Some(Access::Destroy));
            }
            Event::CallFinished {
                outcome,
                answer_bytes,
                ..
            } => {
                if let Some(outcome) = outcome {
                    self.outcomes[*outcome as usize] += 1;
                }
                self.answer_bytes = self.answer_bytes.saturating_add(answer_bytes.unwrap_or(0));
            }
            Event::Gap { .. } | Event::Other(_) => {}
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        let add = |sum: &mut u64, theirs: u64| *sum = sum.saturating_add(theirs);
        add(&mut self.successful, other.successful);
        add(&mut self.unauthenticated, other.unauthenticated);
        add(&mut self.invalid, other.invalid);
        add(&mut self.denied, other.denied);
        add(&mut self.aggregated, other.aggregated);
        add(&mut self.aggregated_invalid, other.aggregated_invalid);
        add(&mut self.blocked_singly, other.blocked_singly);
        add(&mut self.blocked, other.blocked);
        add(&mut self.retired_keys, other.retired_keys);
        add(&mut self.blocks, other.blocks);
        self.blocked_addresses.extend(other.blocked_addresses);
        self.more_addresses.merge(&other.more_addresses);
        add(&mut self.calls, other.calls);
        for (sum, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            add(sum, theirs);
        }
        add(&mut self.writes, other.writes);
        add(&mut self.destroys, other.destroys);
        add(&mut self.answer_bytes, other.answer_bytes);
    }

    /// Whether requests of blocked addresses were recorded one by one.
    pub(super) fn are_blocked_singly(&self) -> bool {
        self.blocked_singly > self.blocked
    }

    pub(super) fn totals(&self) -> Totals {
        let failed = self.invalid.saturating_add(self.aggregated_invalid);
        let blocked_requests = self.blocked_singly.max(self.blocked);
        let exact = self.blocked_addresses.len();
        let of = |outcome| self.outcomes[outcome as usize];
        Totals {
            attempts: self.successful.saturating_add(failed),
            successful: self.successful,
            failed,
            aggregated: self.aggregated,
            denied: self
                .denied
                .saturating_add(self.aggregated)
                .saturating_add(blocked_requests),
            rate_limited_addresses: if exact < EXACT {
                exact as u64
            } else {
                self.more_addresses.estimate()
            },
            rate_limit_events: self.blocks,
            blocked_requests,
            retired_keys: self.retired_keys,
            unauthenticated: self.unauthenticated,
            calls: self.calls,
            ok: of(CallOutcome::Ok),
            errors: of(CallOutcome::Error),
            refused: of(CallOutcome::Refused),
            cancelled: of(CallOutcome::Cancelled),
            abandoned: of(CallOutcome::Abandoned),
            writes: self.writes,
            destroys: self.destroys,
            answer_bytes: self.answer_bytes,
        }
    }
}
