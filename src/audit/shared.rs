//! What the threads of a log share: one chain, written by whoever has something to record.
use std::{
    fs::File,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use ring::hmac;

use super::{
    AuditEvent, AuditSettings, AuditUnavailable, Clock, DenialReason, FailureMode, Fsync, Recorded,
    flood::Flood, record::Record, writer::Writer,
};

pub(super) struct Shared {
    pub(super) mode: FailureMode,
    pub(super) clock: Clock,
    pub(super) fsync: Fsync,
    sync: fn(&File) -> io::Result<()>,
    /// Held by the one thread that brings records to the disk.
    syncing: Mutex<()>,
    /// The last attempt to write failed.
    pub(super) failing: AtomicBool,
    /// The time of the newest record, in milliseconds since 1970: asked by every request.
    pub(super) newest: AtomicI64,
    /// Tells apart what was offered as keys.
    fingerprints: Arc<hmac::Key>,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) writer: Writer,
    flood: Flood,
    /// When it was last said aloud that the log cannot be written.
    said: Duration,
}

/// While the log cannot be written, this often is said so.
const REMINDER: Duration = Duration::from_mins(1);

impl Shared {
    pub(super) fn new(settings: &AuditSettings, writer: Writer) -> Self {
        Self {
            mode: settings.mode,
            clock: settings.clock.clone(),
            fsync: settings.fsync,
            sync: settings.sync,
            syncing: Mutex::new(()),
            failing: AtomicBool::new(false),
            newest: AtomicI64::new(writer.newest.timestamp_millis()),
            fingerprints: Arc::clone(&writer.fingerprints),
            state: Mutex::new(State {
                writer,
                flood: Flood::default(),
                said: Duration::ZERO,
            }),
        }
    }

    pub(super) fn record(&self, event: &AuditEvent<'_>) -> Result<Recorded, AuditUnavailable> {
        if let AuditEvent::Denied {
            reason, client_ip, ..
        } = *event
            && reason != DenialReason::RateLimited
        {
            let (now, elapsed) = (self.clock.now(), self.clock.elapsed());
            if !self.state().flood.admits(reason, client_ip, now, elapsed) {
                return Ok(Recorded { seq: None });
            }
        }
        let record = Record::of(event, &self.fingerprints);
        let mut state = self.state();
        let now = self.clock.now();
        let written = state.writer.write(record, now);
        if written.is_err() {
            state.writer.owed.note_lost(1, now, now);
        }
        let seq = written.is_ok().then(|| state.writer.seq - 1);
        self.tell(state, &written);
        if seq.is_some() || self.mode == FailureMode::Allow {
            Ok(Recorded { seq })
        } else {
            Err(AuditUnavailable)
        }
    }

    /// Writes what is due; all of it at the end, which is `None`.
    pub(super) fn catch_up(&self, elapsed: Option<Duration>) {
        let mut guard = self.state();
        let now = self.clock.now();
        let written = guard.catch_up(elapsed, now);
        self.tell(guard, &written);
    }

    /// Brings to the disk what has been written.
    pub(super) fn bring_to_disk(&self) {
        let _only = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(batch) = self.state().writer.batch() else {
            return;
        };
        let synced = batch.files.iter().try_for_each(|file| (self.sync)(file));
        let mut state = self.state();
        match synced {
            Ok(()) => state.writer.note_synced(&batch),
            Err(error) if is_unsupported(&error) => {
                let newest = state.writer.seq - 1;
                let is_news = state.writer.syncs.note_unable(newest);
                drop(state);
                if is_news {
                    log::error!(
                        "critical: records cannot be brought to the disk here ({error}): choose another place, or `AUDIT_FSYNC=off`"
                    );
                }
            }
            Err(error) => {
                state.writer.note_unsynced();
                state.writer.alarms.push(format!(
                    "the audit log could not be brought to the disk ({error}): a new file is begun, with a record of what may be lost"
                ));
                let now = self.clock.now();
                let told = state.writer.catch_up(now);
                self.tell(state, &told);
            }
        }
    }

    /// A panic elsewhere leaves the state whole: a chain moves on only after its record is written.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how writing went where that changed, and again while it fails.
    pub(super) fn tell(&self, mut state: MutexGuard<'_, State>, written: &io::Result<()>) {
        let newest = state.writer.newest.timestamp_millis();
        self.newest.store(newest, Ordering::Relaxed);
        let alarms = std::mem::take(&mut state.writer.alarms);
        let failed_before = self.failing.swap(written.is_err(), Ordering::Relaxed);
        let failure = written.as_ref().err().filter(|_| {
            let elapsed = self.clock.elapsed();
            let is_news = !failed_before || elapsed >= state.said + REMINDER;
            if is_news {
                state.said = elapsed;
            }
            is_news
        });
        let lost = state.writer.owed.lost();
        drop(state);
        for alarm in alarms {
            log::error!("critical: {alarm}");
        }
        if let Some(error) = failure {
            log::error!(
                "critical: the audit log cannot be written ({error}); {lost} records are missing so far"
            );
        }
        if written.is_ok() && failed_before {
            log::warn!("the audit log is written again");
        }
    }
}

/// Whether that says nothing about what was written: the file system has no syncing.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
    )
}

impl State {
    fn catch_up(&mut self, elapsed: Option<Duration>, now: DateTime<Utc>) -> io::Result<()> {
        let Self { writer, flood, .. } = self;
        // What cannot be looked at is no worse than it was.
        let _ = writer.look();
        if elapsed.is_none() {
            writer.spend_what_is_left();
        }
        writer.catch_up(now)?;
        if let Some(event) = flood.aggregate(elapsed) {
            writer.write(Record::of(&event, &writer.fingerprints), now)?;
            flood.forget();
        }
        if writer.checkpoints.is_due(elapsed) {
            writer.checkpoint(now)?;
            writer.checkpoints.note_time(elapsed.unwrap_or_default());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::fs;

    use ring::rand::SystemRandom;

    use super::*;

    #[test]
    fn where_files_cannot_be_synced_none_is_believed_and_no_other_is_begun() {
        let folder = tempfile::tempdir().unwrap();
        let settings = AuditSettings {
            fsync: Fsync::Each,
            sync: |_| Err(io::ErrorKind::Unsupported.into()),
            ..AuditSettings::new(folder.path().join("audit.log"))
        };
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).unwrap();
        let (writer, _) = Writer::open(&settings, key).unwrap();
        let shared = Shared::new(&settings, writer);
        let record = || shared.record(&AuditEvent::ServerStopped { reason: "SIGTERM" });
        record().unwrap();
        shared.bring_to_disk();
        record().unwrap();
        let believed = |seq| shared.state().writer.syncs.is_believed(seq);
        assert_eq!([1, 2].map(believed), [false, true]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
