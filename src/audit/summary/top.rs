//! The few calls that were more than all others.
use std::cmp::Reverse;

use chrono::DateTime;

use super::{CallRow, tables::Name};

/// So many of them.
const ROOM: usize = 10;

#[derive(Debug, Default)]
pub(super) struct Top {
    /// The most first; of equals the earlier.
    rows: Vec<(Reverse<u64>, Call)>,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Call {
    pub(super) millis: i64,
    pub(super) request_id: Option<Name>,
    pub(super) operation: Name,
    pub(super) key_hint: Option<Name>,
    pub(super) duration_ms: Option<u64>,
    pub(super) answer_bytes: Option<u64>,
}

impl Top {
    pub(super) fn note(&mut self, much: u64, millis: i64, call: impl FnOnce() -> Call) {
        let least = self.rows.get(ROOM - 1);
        let is_more = least.is_none_or(|(Reverse(least), last)| {
            much > *least || (much == *least && millis <= last.millis)
        });
        if much > 0 && is_more {
            self.add((Reverse(much), call()));
        }
    }

    fn add(&mut self, row: (Reverse<u64>, Call)) {
        let place = self.rows.partition_point(|other| *other <= row);
        self.rows.insert(place, row);
        self.rows.truncate(ROOM);
    }

    pub(super) fn merge(&mut self, other: Self) {
        other.rows.into_iter().for_each(|row| self.add(row));
    }

    pub(super) fn finish(self) -> Vec<CallRow> {
        let text = |name: Name| String::from_utf8_lossy(&name).into_owned();
        let rows = self.rows.into_iter().map(|(_, call)| CallRow {
            time: DateTime::from_timestamp_millis(call.millis).unwrap_or_default(),
            operation: text(call.operation),
            key_hint: call.key_hint.map(text),
            request_id: call.request_id.map(text),
            duration_ms: call.duration_ms,
            answer_bytes: call.answer_bytes,
        });
        rows.collect()
    }
}
