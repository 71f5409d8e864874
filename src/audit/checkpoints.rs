//! When a checkpoint is due, what it says, and whom it is told.
use std::{num::NonZeroU64, time::Duration};

use super::{AuditEvent, AuditOpenError, outlet::Outlet, seal::SealKey, settings::Checkpoints};

pub(super) struct Checkpointer {
    every: Option<Duration>,
    at_most: Option<NonZeroU64>,
    /// Records since the newest checkpoint.
    records: u64,
    /// When that was.
    last: Duration,
    key: Option<SealKey>,
    /// The number of the newest record that was sealed, or 0.
    sealed: u64,
    outlets: Vec<Outlet>,
}

impl Checkpointer {
    pub(super) fn new(
        settings: &Checkpoints,
        key: Option<SealKey>,
    ) -> Result<Self, AuditOpenError> {
        let mut outlets = Vec::new();
        if settings.stdout {
            outlets.push(Outlet::to_stdout());
        }
        outlets.extend(settings.file.clone().map(Outlet::to_file));
        let outlets: Result<_, _> = outlets.into_iter().collect();
        Ok(Self {
            every: settings.every,
            at_most: settings.records,
            records: 0,
            last: Duration::ZERO,
            key,
            sealed: 0,
            outlets: outlets.map_err(AuditOpenError::NoThread)?,
        })
    }

    /// Counts a record.
    pub(super) fn count(&mut self) {
        self.records += 1;
    }

    /// Whether there have been enough records.
    pub(super) fn is_full(&self) -> bool {
        self.at_most.is_some_and(|most| self.records >= most.get())
    }

    /// Whether it is time; `None` is the end, where it is, wherever there are checkpoints at all.
    pub(super) fn is_due(&self, elapsed: Option<Duration>) -> bool {
        let is_time = match elapsed {
            Some(now) => self.every.is_some_and(|every| now >= self.last + every),
            None => self.every.is_some() || self.at_most.is_some(),
        };
        self.records > 0 && (is_time || self.is_full())
    }

    pub(super) fn event(&self, head: [u8; 32]) -> AuditEvent<'static> {
        AuditEvent::Checkpoint {
            records: self.records,
            head,
            seal: self.key.as_ref().map(|key| key.seal(head)),
        }
    }

    /// It is in the log: tells everybody, and forgets the key that sealed it.
    pub(super) fn note_made(&mut self, line: &[u8], seq: u64) {
        self.records = 0;
        if let Some(key) = &mut self.key {
            key.evolve();
            self.sealed = seq;
        }
        for outlet in &self.outlets {
            outlet.tell(line);
        }
    }

    /// The next one in time is counted from here.
    pub(super) fn note_time(&mut self, elapsed: Duration) {
        self.last = elapsed;
    }

    /// The key of the next seal, once all seals are on the disk with the records up to `durable`: a
    /// key that is not there any more must have left its seal.
    pub(super) fn key(&self, durable: u64) -> Option<&SealKey> {
        self.key.as_ref().filter(|_| durable >= self.sealed)
    }

    /// Whoever drops these waits, not long, until all lines are out.
    pub(super) fn take_outlets(&mut self) -> Vec<Outlet> {
        std::mem::take(&mut self.outlets)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    #[test]
    fn a_key_is_replaced_when_its_seal_is_on_the_disk_and_not_before() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0b".repeat(32)).unwrap();
        let key = SealKey::read(file.path()).unwrap();
        let mut checkpointer = Checkpointer::new(&Checkpoints::default(), Some(key)).unwrap();
        checkpointer.note_made(b"", 2);
        let number = |durable| checkpointer.key(durable).map(SealKey::number);
        assert_eq!([1, 2].map(number), [None, Some(1)]);
    }
}
