//! What is written and not yet known to be on the disk. A file that failed to get there is never
//! asked again: the system has forgotten what it could not write, and would say that all is well.
use std::{fs::File, path::Path, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use super::{head::Head, settings::Fsync, writer::Writer};

#[derive(Debug)]
pub(super) struct Syncs {
    fsync: Fsync,
    /// Files that were left before they were synced, and folders with new names in them.
    left: Vec<Arc<File>>,
    /// The newest record that is on the disk.
    durable: Option<Head>,
    /// The number of records written since, and when the first of them was.
    unsynced: u64,
    since: Option<DateTime<Utc>>,
    /// Records up to this one may be gone.
    distrusted_to: u64,
    /// The file is not to be written any more.
    distrusted: bool,
    /// When a new file was begun for that reason.
    begun: Option<DateTime<Utc>>,
    /// The file system knows no syncing.
    unable: bool,
}

/// A disk that fails one file after the other gets a new one no more often.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// What is to be brought to the disk.
pub(super) struct Batch {
    pub(super) files: Vec<Arc<File>>,
    head: Option<Head>,
    records: u64,
    time: DateTime<Utc>,
}

impl Syncs {
    pub(super) fn new(fsync: Fsync) -> Self {
        Self {
            fsync,
            left: Vec::new(),
            durable: None,
            unsynced: 0,
            since: None,
            distrusted_to: 0,
            distrusted: false,
            begun: None,
            unable: false,
        }
    }

    pub(super) fn note_written(&mut self, time: DateTime<Utc>) {
        self.unsynced += 1;
        self.since.get_or_insert(time);
    }

    pub(super) fn note_left(&mut self, file: Arc<File>, folder: &Path) {
        if self.fsync != Fsync::Off {
            self.left.push(file);
            self.left.extend(File::open(folder).map(Arc::new));
        }
    }

    pub(super) fn is_distrusted(&self) -> bool {
        self.distrusted
    }

    /// Whether the disk gets another chance.
    pub(super) fn may_begin(&self, now: DateTime<Utc>) -> bool {
        self.begun.is_none_or(|begun| (now - begun).abs() >= PAUSE)
    }

    /// Files here cannot be synced at all: whoever waits for it is told so. Whether that is news.
    pub(super) fn note_unable(&mut self, newest: u64) -> bool {
        self.distrusted_to = newest;
        !std::mem::replace(&mut self.unable, true)
    }

    /// A new file was begun.
    pub(super) fn note_begun(&mut self, now: DateTime<Utc>) {
        self.distrusted = false;
        self.begun = Some(now);
    }

    /// Whether the record with this number is on the disk, once a batch with it has been synced.
    pub(super) fn is_believed(&self, seq: u64) -> bool {
        seq > self.distrusted_to
    }
}

impl Writer {
    /// What a restart may rely on to be there.
    pub(super) fn durable_head(&self) -> Option<Head> {
        if self.syncs.fsync == Fsync::Off {
            self.head()
        } else {
            self.syncs.durable
        }
    }

    /// All that has to be brought to the disk, if anything has.
    pub(super) fn batch(&mut self) -> Option<Batch> {
        if self.syncs.unsynced == 0 && self.syncs.left.is_empty() {
            return None;
        }
        let mut files = std::mem::take(&mut self.syncs.left);
        files.push(Arc::clone(&self.file.file));
        Some(Batch {
            files,
            head: self.head(),
            records: self.syncs.unsynced,
            time: self.newest,
        })
    }

    pub(super) fn note_synced(&mut self, batch: &Batch) {
        self.syncs.durable = batch.head;
        self.syncs.unsynced -= batch.records.min(self.syncs.unsynced);
        self.syncs.since = (self.syncs.unsynced > 0).then_some(batch.time);
    }

    /// Some file could not be brought to the disk: what was written since the last time that all
    /// could counts as lost, and the next record goes to a new file.
    pub(super) fn note_unsynced(&mut self) {
        let syncs = &mut self.syncs;
        let first = syncs.since.unwrap_or(self.newest);
        self.owed.note_lost(syncs.unsynced, first, self.newest);
        syncs.unsynced = 0;
        syncs.since = None;
        syncs.distrusted_to = self.seq - 1;
        syncs.distrusted = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_failed_gets_another_file_after_a_minute_whichever_way_the_clock_went() {
        let mut syncs = Syncs::new(Fsync::Each);
        let begun = DateTime::UNIX_EPOCH;
        assert!(syncs.may_begin(begun));
        syncs.note_begun(begun);
        for (millis, may) in [(0, false), (59_999, false), (60_000, true)] {
            for millis in [millis, -millis] {
                let now = begun + TimeDelta::milliseconds(millis);
                assert_eq!(syncs.may_begin(now), may, "{now}");
            }
        }
    }
}
