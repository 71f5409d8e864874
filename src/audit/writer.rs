//! The chain and the file it grows in.
use std::{io, path::PathBuf};

use chrono::{DateTime, Utc};
use ring::hmac;

use super::{
    AuditEvent, AuditOpenError, Previous,
    file::LogFile,
    record::Record,
    tail::{Tail, chain_id, sha256},
};

/// Writes records, each chained to the one before, and remembers what the log still has to be told.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    file: LogFile,
    /// The number of the next record.
    seq: u64,
    /// SHA-256 of the line before it.
    prev: [u8; 32],
    /// The time of the newest record: none has an earlier one, so that readers may bisect.
    newest: DateTime<Utc>,
    /// What the file ended with when it was opened.
    previous: Option<Previous>,
    fingerprints: hmac::Key,
    line: Vec<u8>,
    /// The last line has no end yet.
    unended: bool,
    torn_bytes: Option<u64>,
    rotated: Option<Rotated>,
    gap: Option<Gap>,
}

/// A file that was left.
#[derive(Clone, Debug)]
struct Rotated {
    chain_id: [u8; 8],
    previous_file: Option<Vec<u8>>,
    previous_head: [u8; 32],
}

/// Records that could not be written.
#[derive(Clone, Copy, Debug)]
struct Gap {
    lost: u64,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl Writer {
    pub(super) fn open(path: PathBuf, fingerprints: hmac::Key) -> Result<Self, AuditOpenError> {
        let file = LogFile::open(&path)?;
        file.lock(&path)?;
        let tail = Tail::read(&file.file).map_err(|error| AuditOpenError::of(&path, error))?;
        let mut writer = Self {
            path,
            file,
            seq: 1,
            prev: [0; 32],
            newest: DateTime::UNIX_EPOCH,
            previous: None,
            fingerprints,
            line: Vec::with_capacity(1024),
            unended: false,
            torn_bytes: None,
            rotated: None,
            gap: None,
        };
        writer.go_on(&tail);
        Ok(writer)
    }

    /// Goes on with the chain that the file ends with, or begins one.
    fn go_on(&mut self, tail: &Tail) {
        if let (Some((previous, time)), Some(last_line)) = (tail.newest, tail.last_line) {
            self.seq = previous.seq + 1;
            self.prev = last_line;
            self.newest = self.newest.max(time);
            self.previous = Some(previous);
        }
        self.note_torn(tail);
    }

    fn note_torn(&mut self, tail: &Tail) {
        self.unended = tail.torn_bytes.is_some();
        self.torn_bytes = tail.torn_bytes.or(self.torn_bytes);
    }

    pub(super) fn previous(&self) -> Option<Previous> {
        self.previous
    }

    /// The time of the newest record.
    pub(super) fn newest(&self) -> DateTime<Utc> {
        self.newest
    }

    /// Takes the chain to the file that now has the log's name; does nothing if that is the one
    /// being written. On an error the old file stays in use.
    pub(super) fn reopen(&mut self) -> Result<(), AuditOpenError> {
        let failed = |error| AuditOpenError::of(&self.path, error);
        let file = LogFile::open(&self.path)?;
        if file.is_same(&self.file).map_err(failed)? {
            return Ok(());
        }
        file.lock(&self.path)?;
        let tail = Tail::read(&file.file).map_err(failed)?;
        if self.seq == 1 {
            self.go_on(&tail);
        } else {
            // A file that was left without a record of ours has no place in the chain.
            if self.rotated.is_none() {
                self.rotated = Some(Rotated {
                    chain_id: chain_id(&self.file.file).map_err(failed)?,
                    previous_file: self.file.name(),
                    previous_head: self.prev,
                });
            }
            self.note_torn(&tail);
        }
        self.file = file;
        Ok(())
    }

    /// Writes a record, after what the log still has to be told. On an error the log is as it was.
    pub(super) fn write(&mut self, event: &AuditEvent<'_>, now: DateTime<Utc>) -> io::Result<()> {
        self.settle(now)?;
        self.append(event, now)
    }

    /// Tells the log what it still has to be told.
    pub(super) fn settle(&mut self, now: DateTime<Utc>) -> io::Result<()> {
        if self.unended {
            self.file.append(b"\n")?;
            self.unended = false;
        }
        if let Some(rotated) = self.rotated.clone() {
            let event = AuditEvent::Rotated {
                chain_id: rotated.chain_id,
                previous_file: rotated.previous_file.as_deref(),
                previous_head: rotated.previous_head,
            };
            self.append(&event, now)?;
            self.rotated = None;
        }
        if let Some(torn_bytes) = self.torn_bytes {
            self.append(&AuditEvent::Recovered { torn_bytes }, now)?;
            self.torn_bytes = None;
        }
        if let Some(Gap { lost, first, last }) = self.gap {
            self.append(&AuditEvent::Gap { lost, first, last }, now)?;
            self.gap = None;
        }
        Ok(())
    }

    fn append(&mut self, event: &AuditEvent<'_>, now: DateTime<Utc>) -> io::Result<()> {
        let time = now.max(self.newest);
        let mut record = Record::begin(&mut self.line, time, event.name());
        event.write(&mut record, &self.fingerprints);
        record.end(self.seq, self.prev);
        self.file.append(&self.line)?;
        self.prev = sha256(self.line.trim_ascii_end());
        self.seq += 1;
        self.newest = time;
        Ok(())
    }

    /// Counts a record that could not be written.
    pub(super) fn note_lost(&mut self, now: DateTime<Utc>) {
        let gap = self.gap.get_or_insert(Gap {
            lost: 0,
            first: now,
            last: now,
        });
        gap.lost += 1;
        gap.last = now;
    }

    /// How many records could not be written and are not told of yet.
    pub(super) fn lost(&self) -> u64 {
        self.gap.map_or(0, |gap| gap.lost)
    }
}
