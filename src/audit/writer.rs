//! The chain and the file it grows in.
mod rotation; // from one file to the next
#[cfg(test)]
mod tests;
mod watch; // whether the log is still what it was

use std::{io, path::PathBuf, sync::Arc};

use chrono::{DateTime, Utc};
use ring::hmac;

use self::watch::Sight;
use super::{
    AuditEvent, AuditOpenError, AuditSettings, Previous,
    ballast::Ballast,
    checkpoints::Checkpointer,
    file::LogFile,
    head::{self, Head},
    owed::{Owed, Rotated},
    record::Record,
    seal::{SealFile, SealKey},
    settings::Rotation,
    syncs::Syncs,
    tail::{Beginning, Tail, newest_seal, sha256},
};

/// Writes records, each chained to the one before, and remembers what the log still has to be told.
pub(super) struct Writer {
    path: PathBuf,
    pub(super) file: LogFile,
    /// The name of the chain; `None` before its first record.
    chain: Option<[u8; 8]>,
    /// The number of the next record.
    pub(super) seq: u64,
    /// SHA-256 of the line before it.
    prev: [u8; 32],
    /// The time of the newest record: none has an earlier one, so that readers may bisect.
    pub(super) newest: DateTime<Utc>,
    /// What the file ended with when it was opened.
    previous: Option<Previous>,
    pub(super) fingerprints: Arc<hmac::Key>,
    /// The newest one.
    line: Vec<u8>,
    pub(super) owed: Owed,
    pub(super) checkpoints: Checkpointer,
    pub(super) rotation: Rotation,
    /// A rotation that failed is not tried again before.
    not_rotated_before: DateTime<Utc>,
    /// Closed files wait to be compressed or removed.
    pub(super) untidy: bool,
    /// So many bytes were written so far.
    pub(super) written: u64,
    pub(super) syncs: Syncs,
    ballast: Option<Ballast>,
    /// The ballast was given up, and there is no room for it again yet.
    full: bool,
    sight: Sight,
    /// The file has no name any more and there is no other to go to.
    adrift: bool,
    /// What somebody must be told aloud.
    pub(super) alarms: Vec<String>,
}

impl Writer {
    /// Opens the log and finds the place of the next record; with it comes the file of the key that
    /// seals, where there is one.
    pub(super) fn open(
        settings: &AuditSettings,
        fingerprints: hmac::Key,
    ) -> Result<(Self, Option<SealFile>), AuditOpenError> {
        let path = settings.path.clone();
        let file = LogFile::open(&path)?;
        file.lock(&path)?;
        let tail = Tail::read(&file.file).map_err(|error| AuditOpenError::of(&path, error))?;
        let (known, unread) = head::known(&path, settings.checkpoints.file.as_deref());
        let (key, seal_file) = open_seal(settings, &file)?.unzip();
        let mut writer = Self {
            chain: file.beginning.map(|it| it.chain_id),
            file,
            seq: 1,
            prev: [0; 32],
            newest: DateTime::UNIX_EPOCH,
            previous: None,
            fingerprints: Arc::new(fingerprints),
            line: Vec::new(),
            owed: Owed::default(),
            checkpoints: Checkpointer::new(&settings.checkpoints, key)?,
            rotation: settings.rotation,
            not_rotated_before: DateTime::UNIX_EPOCH,
            untidy: settings.rotation.is_on(),
            written: 0,
            syncs: Syncs::new(settings.fsync),
            ballast: settings.ballast.then(|| Ballast::beside(&path)),
            full: false,
            sight: Sight::Well,
            adrift: false,
            alarms: unread
                .iter()
                .map(|(file, error)| {
                    format!(
                        "{} cannot be read ({error}): whether the audit log was cut before this start is not known by it",
                        file.display()
                    )
                })
                .collect(),
            path,
        };
        writer.take_up(&tail, known);
        Ok((writer, seal_file))
    }

    /// Goes on with the chain of the file, or of the one before it, or begins one.
    fn take_up(&mut self, tail: &Tail, known: Option<Head>) {
        self.go_on(tail);
        let Some(known) = known.filter(|known| !tail.holds(known)) else {
            return;
        };
        self.newest = self.newest.max(known.time);
        let before = tail
            .newest
            .is_none()
            .then(|| head::predecessor(&self.path, &known));
        if let Some((name, before, beginning)) = before.flatten() {
            // Rotated while nobody wrote.
            self.go_on(&before);
            self.owed.forget_torn();
            self.owed.note_torn(tail);
            self.chain = Some(beginning.chain_id);
            self.owed.rotated = Some(Rotated {
                chain_id: beginning.chain_id,
                previous_file: Some(name),
                previous_head: self.prev,
            });
            return;
        }
        let found = tail.newest.map(|head| head.previous);
        (self.seq, self.prev) = (1, [0; 32]);
        self.owed.displaced = Some(AuditEvent::Truncated {
            expected: Some(known.previous),
            found,
        });
        self.alarms.push(format!(
            "the audit log was cut, or is an older one from a backup: it ends with record {}, and there has been a record {}; a chain of its own begins",
            found.map_or(0, |found| found.seq),
            known.previous.seq,
        ));
    }

    /// Goes on with the chain that a file ends with, if it does with one.
    fn go_on(&mut self, tail: &Tail) {
        if let (Some(head), Some(last_line)) = (tail.newest, tail.last_line) {
            self.seq = head.previous.seq + 1;
            self.prev = last_line;
            self.newest = self.newest.max(head.time);
            self.previous = Some(head.previous);
        }
        self.owed.note_torn(tail);
    }

    pub(super) fn previous(&self) -> Option<Previous> {
        self.previous
    }

    /// The newest record of this chain.
    pub(super) fn head(&self) -> Option<Head> {
        (self.seq > 1).then(|| Head {
            time: self.newest,
            previous: Previous {
                seq: self.seq - 1,
                hash: self.prev,
            },
        })
    }

    /// Writes a record, after what the log still has to be told. On an error the log is as it was.
    pub(super) fn write(&mut self, record: Record, now: DateTime<Utc>) -> io::Result<()> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.rotate_if_due(now);
        let written = self.settle(now).and_then(|()| self.append(record, now));
        if let Err(error) = &written {
            self.note_full(error, now);
        } else {
            self.checkpoints.count();
            if self.checkpoints.is_full() {
                // One that fails is made with the next record.
                let _ = self.checkpoint(now);
            }
        }
        written
    }

    /// Tries again what has failed, and tells the log what it still has to be told.
    pub(super) fn catch_up(&mut self, now: DateTime<Utc>) -> io::Result<()> {
        let is_held = self.ballast.as_mut().is_some_and(Ballast::renew);
        if self.full && !is_held {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.full = false;
        let settled = self.settle(now);
        if let Err(error) = &settled {
            self.note_full(error, now);
        }
        settled
    }

    /// Nothing follows: what is left of the room that was given up is there to be used.
    pub(super) fn spend_what_is_left(&mut self) {
        self.full = false;
    }

    /// Tells what the chain has come to.
    pub(super) fn checkpoint(&mut self, now: DateTime<Utc>) -> io::Result<()> {
        let record = Record::of(&self.checkpoints.event(self.prev), &self.fingerprints);
        self.append(record, now)?;
        self.checkpoints.note_made(&self.line, self.seq - 1);
        Ok(())
    }

    fn settle(&mut self, now: DateTime<Utc>) -> io::Result<()> {
        if self.adrift {
            return Err(io::Error::other("its file was deleted"));
        }
        if self.syncs.is_distrusted() {
            if !self.syncs.may_begin(now) {
                return Err(io::Error::other("the disk fails"));
            }
            self.next_file(now)?;
            self.syncs.note_begun(now);
        }
        if self.owed.unended {
            self.file.append(b"\n")?;
            self.owed.unended = false;
        }
        if let Some(rotated) = self.owed.rotated.clone() {
            self.tell(&rotated.event(), now)?;
            self.owed.rotated = None;
        }
        if let Some(displaced) = self.owed.displaced {
            self.tell(&displaced, now)?;
            self.owed.displaced = None;
        }
        if let Some(torn_bytes) = self.owed.torn_bytes {
            self.tell(&AuditEvent::Recovered { torn_bytes }, now)?;
            self.owed.torn_bytes = None;
        }
        if let Some(gap) = self.owed.gap {
            self.tell(&gap.event(), now)?;
            self.owed.gap = None;
        }
        Ok(())
    }

    /// Writes what the log has to say of itself.
    fn tell(&mut self, event: &AuditEvent<'_>, now: DateTime<Utc>) -> io::Result<()> {
        self.append(Record::of(event, &self.fingerprints), now)?;
        self.checkpoints.count();
        Ok(())
    }

    fn append(&mut self, record: Record, now: DateTime<Utc>) -> io::Result<()> {
        let time = now.max(self.newest);
        self.line = record.end(time, self.seq, self.prev);
        self.file.append(&self.line)?;
        let line = self.line.trim_ascii_end();
        self.prev = sha256(line);
        if !self.file.has_records() {
            let beginning = Beginning::of(line, self.seq, time);
            self.chain.get_or_insert(beginning.chain_id);
            self.file.begin(beginning);
        }
        self.seq += 1;
        self.newest = time;
        self.written += self.line.len() as u64;
        self.syncs.note_written(time);
        Ok(())
    }

    /// Where the disk is full, gives up what was kept for that, and says so there.
    fn note_full(&mut self, error: &io::Error, now: DateTime<Utc>) {
        let reason = match error.kind() {
            io::ErrorKind::StorageFull => "no_space",
            io::ErrorKind::QuotaExceeded => "quota",
            _ => return,
        };
        if self.ballast.as_mut().is_some_and(Ballast::release) {
            self.full = true;
            let _ = self
                .settle(now)
                .and_then(|()| self.tell(&AuditEvent::DiskFull { reason }, now));
        }
    }
}

type Seal = (SealKey, SealFile);

fn open_seal(settings: &AuditSettings, log: &LogFile) -> Result<Option<Seal>, AuditOpenError> {
    let Some(path) = &settings.checkpoints.seal_key else {
        return Ok(None);
    };
    let failed = |error| AuditOpenError::of(&settings.path, error);
    let newest = newest_seal(&log.file).map_err(failed)?;
    let newest = newest.map_or_else(|| head::newest_seals(&settings.path), |it| vec![it]);
    SealFile::open(path, newest).map(Some)
}
