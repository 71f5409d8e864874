//! What the log still has to be told, as soon as it can be.
use chrono::{DateTime, Utc};

use super::{AuditEvent, tail::Tail};

#[derive(Default)]
pub(super) struct Owed {
    /// The last line has no end yet.
    pub(super) unended: bool,
    pub(super) rotated: Option<Rotated>,
    /// The file is not what it was when we last looked.
    pub(super) displaced: Option<AuditEvent<'static>>,
    pub(super) torn_bytes: Option<u64>,
    pub(super) gap: Option<Gap>,
}

/// A file that was left.
#[derive(Clone, Debug)]
pub(super) struct Rotated {
    pub(super) chain_id: [u8; 8],
    pub(super) previous_file: Option<Vec<u8>>,
    pub(super) previous_head: [u8; 32],
}

/// Records that could not be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    lost: u64,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl Owed {
    pub(super) fn note_torn(&mut self, tail: &Tail) {
        self.unended = tail.torn_bytes.is_some();
        self.torn_bytes = tail.torn_bytes.or(self.torn_bytes);
    }

    /// The file with the torn line is not the one that is written.
    pub(super) fn forget_torn(&mut self) {
        (self.unended, self.torn_bytes) = (false, None);
    }

    /// Counts records that are lost, the first and the last of them of these times.
    pub(super) fn note_lost(&mut self, count: u64, first: DateTime<Utc>, last: DateTime<Utc>) {
        let gap = self.gap.get_or_insert(Gap {
            lost: 0,
            first,
            last,
        });
        gap.lost += count;
        gap.first = gap.first.min(first);
        gap.last = gap.last.max(last);
    }

    /// How many records are lost and not told of yet.
    pub(super) fn lost(&self) -> u64 {
        self.gap.map_or(0, |gap| gap.lost)
    }
}

impl Rotated {
    pub(super) fn event(&self) -> AuditEvent<'_> {
        AuditEvent::Rotated {
            chain_id: self.chain_id,
            previous_file: self.previous_file.as_deref(),
            previous_head: self.previous_head,
        }
    }
}

impl Gap {
    pub(super) fn event(self) -> AuditEvent<'static> {
        let Self { lost, first, last } = self;
        AuditEvent::Gap { lost, first, last }
    }
}
