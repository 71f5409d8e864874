//! The way from one file to the next: our own rotation, and files that somebody else put in place.
use std::{
    io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::{AuditOpenError, LogFile, Previous, Rotated, Rotation, Tail, Writer};
use crate::{
    audit::{
        file::{Place, rename},
        names,
    },
    durable,
};

impl Writer {
    /// Closes the file where it is large, or of a day that is over. Where that fails, it stays in use.
    pub(super) fn rotate_if_due(&mut self, now: DateTime<Utc>) {
        let Rotation { size, daily, .. } = self.rotation;
        let is_large = size.is_some_and(|size| self.file.length() >= size.get());
        let is_over = || daily && day(now.timestamp()) > day(self.last_written(now));
        if !(is_large || is_over()) || !self.file.has_records() || now < self.not_rotated_before {
            return;
        }
        if let Err(error) = self.rotate(now) {
            self.not_rotated_before = now + TimeDelta::minutes(1);
            self.alarms.push(format!(
                "the audit log could not be rotated and goes on in the same file: {error}"
            ));
        }
    }

    /// When the file was written, in seconds since 1970. After a clock was ahead, its records say no
    /// more when that was.
    fn last_written(&self, now: DateTime<Utc>) -> i64 {
        let newest = self.newest.timestamp();
        if self.newest <= now {
            return newest;
        }
        let found = self.file.file.metadata();
        found.map_or(newest, |found| found.mtime().min(newest))
    }

    /// Goes on in a file of which nothing is known: this one cannot be trusted.
    pub(super) fn next_file(&mut self, now: DateTime<Utc>) -> io::Result<()> {
        match self.file.place(&self.path)? {
            Place::Ours => self.rotate(now),
            _ => self.move_on().map(drop).map_err(io::Error::other),
        }
    }

    fn rotate(&mut self, now: DateTime<Utc>) -> io::Result<()> {
        if self.file.place(&self.path)? != Place::Ours {
            return Err(io::Error::other("something else stands under its name"));
        }
        let first_seq = self.file.beginning.map_or(self.seq, |it| it.first_seq);
        let closed = names::closed(&self.path, now.max(self.newest), first_seq);
        rename(&self.path, &closed)?;
        match LogFile::create(&self.path) {
            Ok(file) => {
                let name = closed.file_name().map(|name| name.as_bytes().to_owned());
                self.leave_for(file, name);
                self.untidy = true;
                Ok(())
            }
            Err(error) => {
                let _ = rename(&closed, &self.path);
                Err(io::Error::other(error))
            }
        }
    }

    /// Takes the chain to the file that now has the log's name; does nothing if that is the one
    /// being written. On an error the old file stays in use.
    pub(in crate::audit) fn reopen(&mut self) -> Result<(), AuditOpenError> {
        self.move_on().map(drop)
    }

    /// The same; says what the new file ended with.
    pub(super) fn move_on(&mut self) -> Result<Option<Previous>, AuditOpenError> {
        let failed = |error| AuditOpenError::of(&self.path, error);
        let file = LogFile::open(&self.path)?;
        if file.is_same(&self.file).map_err(failed)? {
            return Ok(None);
        }
        file.lock(&self.path)?;
        let tail = Tail::read(&file.file).map_err(failed)?;
        let found = tail.newest.map(|head| head.previous);
        self.note_lost_file(found);
        if self.seq == 1 {
            self.chain = file.beginning.map(|it| it.chain_id);
            self.file = file;
            self.go_on(&tail);
        } else {
            let name = self.file.name();
            self.leave_for(file, name);
            self.owed.note_torn(&tail);
        }
        self.adrift = false;
        Ok(found)
    }

    /// Leaves the file for another, which begins with a record that names it. One that was left
    /// without a record of ours has no place in the chain.
    fn leave_for(&mut self, file: LogFile, name: Option<Vec<u8>>) {
        let left = std::mem::replace(&mut self.file, file);
        self.syncs.note_left(left.file, durable::folder(&self.path));
        self.owed.unended = false;
        if self.owed.rotated.is_none() {
            self.owed.rotated = self.chain.map(|chain_id| Rotated {
                chain_id,
                previous_file: name,
                previous_head: self.prev,
            });
        }
    }
}

fn day(seconds: i64) -> i64 {
    seconds.div_euclid(24 * 60 * 60)
}
