//! What is counted by name: keys, addresses, clients, operations, reasons, events, and the calls
//! that were more than others.
use std::borrow::Cow;

use super::{
    durations::Durations,
    pruned::{Count, Pruned},
    top::{Call, Top},
};
use crate::{
    audit::{
        CallOutcome,
        reader::{Event, Ip, Line, Text},
    },
    rights::Access,
};

type Hasher = foldhash::quality::RandomState;
/// A text as it stands in the log, cut.
pub(super) type Name = Box<[u8]>;

/// So many are told apart, then the rarest of them are left out.
const ADDRESSES: usize = 24 * 1024;
const NAMES: usize = 2 * 1024;
const OPERATIONS: usize = 512;
/// No more of a name is kept, in bytes.
const LONGEST: usize = 256;

#[derive(Debug)]
pub(super) struct Tables {
    pub(super) keys: Pruned<Name, Key>,
    pub(super) addresses: Pruned<Ip, Address>,
    pub(super) user_agents: Pruned<Name, Client>,
    pub(super) operations: Pruned<Name, Operation>,
    pub(super) reasons: Pruned<Name, Times>,
    pub(super) events: Pruned<Name, Times>,
    pub(super) slowest: Top,
    pub(super) largest: Top,
}

#[derive(Debug, Default)]
pub(super) struct Key {
    pub(super) requests: u64,
    pub(super) calls: u64,
    pub(super) writes: u64,
    pub(super) errors: u64,
    pub(super) retired: u64,
    /// When it was last let in, and from where.
    pub(super) last: Option<(i64, Option<Ip>)>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Address {
    pub(super) successful: u64,
    pub(super) failed: u64,
    pub(super) denied: u64,
    pub(super) blocks: u64,
    /// As [`super::sums::Sums`] has them: each, and their number.
    pub(super) blocked_singly: u64,
    pub(super) blocked: u64,
    pub(super) last: Option<i64>,
}

#[derive(Debug, Default)]
pub(super) struct Client {
    pub(super) successful: u64,
    pub(super) denied: u64,
}

#[derive(Debug, Default)]
pub(super) struct Operation {
    pub(super) access: Option<Access>,
    pub(super) calls: u64,
    pub(super) outcomes: [u64; CallOutcome::ALL.len()],
    pub(super) durations: Durations,
    pub(super) answer_bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Times(pub(super) u64);

impl Tables {
    pub(super) fn new(hasher: &Hasher) -> Self {
        Self {
            keys: Pruned::new(NAMES, hasher),
            addresses: Pruned::new(ADDRESSES, hasher),
            user_agents: Pruned::new(NAMES, hasher),
            operations: Pruned::new(OPERATIONS, hasher),
            reasons: Pruned::new(OPERATIONS, hasher),
            events: Pruned::new(OPERATIONS, hasher),
            slowest: Top::default(),
            largest: Top::default(),
        }
    }

    pub(super) fn note(&mut self, line: &Line<'_>) {
        let millis = line.millis;
        match &line.event {
            Event::Authenticated {
                by_key,
                client_ip,
                user_agent,
                key_hint,
            } => {
                let client_ip = client_ip.and_then(Text::ip);
                if let Some(hint) = key_hint.filter(|_| *by_key) {
                    let key = self.keys.note(&*name(hint));
                    key.requests += 1;
                    let now = (millis, client_ip);
                    if key.last.is_none_or(|last| last < now) {
                        key.last = Some(now);
                    }
                }
                if let Some(address) = client_ip {
                    self.address(address, millis).successful += 1;
                }
                if let Some(agent) = user_agent {
                    self.user_agents.note(&*name(*agent)).successful += 1;
                }
            }
            Event::Denied {
                reason,
                client_ip,
                user_agent,
                retired_key,
            } => {
                let reason = reason.map_or(Cow::Borrowed(&b"?"[..]), name);
                self.reasons.note(&*reason).0 += 1;
                if let Some(hint) = retired_key {
                    self.keys.note(&*name(*hint)).retired += 1;
                }
                if let Some(address) = client_ip.and_then(Text::ip) {
                    let address = self.address(address, millis);
                    match &*reason {
                        b"rate_limited" => address.blocked_singly += 1,
                        b"invalid_api_key" => {
                            address.failed += 1;
                            address.denied += 1;
                        }
                        _ => address.denied += 1,
                    }
                }
                if let Some(agent) = user_agent {
                    self.user_agents.note(&*name(*agent)).denied += 1;
                }
            }
            Event::Blocked { client_ip } => {
                if let Some(address) = client_ip.and_then(Text::ip) {
                    self.address(address, millis).blocks += 1;
                }
            }
            Event::BlockEnded {
                client_ip,
                requests,
            } => {
                if let Some(address) = client_ip.and_then(Text::ip) {
                    let blocked = &mut self.address(address, millis).blocked;
                    *blocked = blocked.saturating_add(*requests);
                }
            }
            Event::CallStarted {
                operation,
                access,
                key_hint,
                ..
            } => {
                if let Some(operation) = operation {
                    let operation = self.operations.note(&*name(*operation));
                    operation.calls += 1;
                    operation.access = access.or(operation.access);
                }
                if let Some(hint) = key_hint {
                    let key = self.keys.note(&*name(*hint));
                    key.calls += 1;
                    key.writes +=
                        u64::from(matches!(access, Some(Access::Write | Access::Destroy)));
                }
            }
            Event::CallFinished { .. } => self.finished(line),
            Event::Gap { .. } => self.events.note(b"audit_gap".as_slice()).0 += 1,
            Event::Other(event) => self.events.note(&*name(*event)).0 += 1,
            Event::FailuresAggregated { .. } => {}
        }
    }

    fn finished(&mut self, line: &Line<'_>) {
        let Event::CallFinished {
            operation,
            access,
            key_hint,
            outcome,
            duration_ms,
            answer_bytes,
            request_id,
        } = &line.event
        else {
            return;
        };
        if let (Some(hint), Some(CallOutcome::Error)) = (key_hint, outcome) {
            self.keys.note(&*name(*hint)).errors += 1;
        }
        let Some(operation) = operation.map(name) else {
            return;
        };
        let sum = self.operations.note(&*operation);
        sum.access = access.or(sum.access);
        if let Some(outcome) = outcome {
            sum.outcomes[*outcome as usize] += 1;
        }
        if let Some(duration) = duration_ms {
            sum.durations.note(*duration);
        }
        let bytes = answer_bytes.unwrap_or(0);
        sum.answer_bytes = sum.answer_bytes.saturating_add(bytes);
        let call = || Call {
            millis: line.millis,
            operation: (*operation).into(),
            key_hint: key_hint.map(|it| (*name(it)).into()),
            request_id: request_id.map(|it| (*name(it)).into()),
            duration_ms: *duration_ms,
            answer_bytes: *answer_bytes,
        };
        self.slowest
            .note(duration_ms.unwrap_or(0), line.millis, call);
        self.largest.note(bytes, line.millis, call);
    }

    fn address(&mut self, address: Ip, millis: i64) -> &mut Address {
        let row = self.addresses.note(&address);
        row.last = row.last.max(Some(millis));
        row
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.keys.merge(other.keys);
        self.addresses.merge(other.addresses);
        self.user_agents.merge(other.user_agents);
        self.operations.merge(other.operations);
        self.reasons.merge(other.reasons);
        self.events.merge(other.events);
        self.slowest.merge(other.slowest);
        self.largest.merge(other.largest);
    }
}

/// As much of a text as is kept: whole characters.
fn name(text: Text<'_>) -> Cow<'_, [u8]> {
    let mut text = text.read();
    let mut end = text.len().min(LONGEST);
    while end < text.len() && text[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    match &mut text {
        Cow::Borrowed(text) => *text = &text[..end],
        Cow::Owned(text) => text.truncate(end),
    }
    text
}

impl Count for Key {
    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.calls += other.calls;
        self.writes += other.writes;
        self.errors += other.errors;
        self.retired += other.retired;
        self.last = self.last.max(other.last);
    }
}

impl Address {
    /// By this the rows are in their order: who was refused most is asked for first.
    pub(super) fn refused_most(&self) -> (u64, u64, u64) {
        let refused = self.denied.saturating_add(self.blocked_requests());
        (refused, self.blocks, self.successful)
    }

    pub(super) fn blocked_requests(&self) -> u64 {
        self.blocked_singly.max(self.blocked)
    }
}

impl Operation {
    /// How many calls of it have an outcome.
    pub(super) fn ended(&self) -> u64 {
        self.outcomes.iter().sum()
    }
}

impl Count for Address {
    fn add(&mut self, other: Self) {
        self.successful += other.successful;
        self.failed += other.failed;
        self.denied += other.denied;
        self.blocks += other.blocks;
        self.blocked_singly += other.blocked_singly;
        self.blocked = self.blocked.saturating_add(other.blocked);
        self.last = self.last.max(other.last);
    }
}

impl Count for Client {
    fn add(&mut self, other: Self) {
        self.successful += other.successful;
        self.denied += other.denied;
    }
}

impl Count for Operation {
    fn add(&mut self, other: Self) {
        self.access = self.access.or(other.access);
        self.calls += other.calls;
        for (sum, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            *sum += theirs;
        }
        self.durations.add(other.durations);
        self.answer_bytes = self.answer_bytes.saturating_add(other.answer_bytes);
    }
}

impl Count for Times {
    fn add(&mut self, other: Self) {
        self.0 += other.0;
    }
}
