//! The log that all workers share.
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use ring::{hmac, rand::SystemRandom};

use super::{
    AuditEvent, AuditOpenError, AuditSettings, Clock, FailureMode, Fsync, Previous,
    commit::Committer, counts::Counts, shared::Shared, upkeep::Upkeep, writer::Writer,
};

/// The open log, shared by all workers. Opened once a process; nobody else may write the file.
pub struct AuditLog {
    shared: Arc<Shared>,
    /// `None` where nothing is synced.
    committer: Option<Committer>,
    upkeep: Mutex<Upkeep>,
    nearly_full: AtomicBool,
    counts: Counts,
}

/// A record that was written, for whoever wants to wait until it is on the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recorded {
    /// `None` where it was counted instead, or lost where that is allowed.
    pub(super) seq: Option<u64>,
}

/// The record could not be written, and `AUDIT_FAILURE_MODE=block` says: then nothing happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct AuditUnavailable;

impl AuditLog {
    /// Opens the log and goes on with its chain. A file that does not exist is made, for its owner
    /// alone. Nothing is written before the first record.
    pub fn open(settings: AuditSettings) -> Result<Self, AuditOpenError> {
        let fingerprints = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| AuditOpenError::NoRandomness)?;
        let (writer, seal) = Writer::open(&settings, fingerprints)?;
        let ahead = writer.newest - settings.clock.now();
        if ahead > chrono::TimeDelta::hours(1) {
            log::warn!(
                "the newest record of the audit log is {} minutes ahead of the clock; records keep its time until then",
                ahead.num_minutes()
            );
        }
        let fsync = settings.fsync;
        let shared = Arc::new(Shared::new(&settings, writer));
        let committer = (fsync != Fsync::Off).then(|| {
            let (syncing, asked) = (Arc::clone(&shared), Arc::clone(&shared));
            let is_safe = move |seq| asked.state().writer.syncs.is_believed(seq);
            Committer::start(move || syncing.bring_to_disk(), is_safe)
        });
        Ok(Self {
            shared,
            committer: committer.transpose().map_err(AuditOpenError::NoThread)?,
            upkeep: Mutex::new(Upkeep::new(settings.path, seal)),
            nearly_full: AtomicBool::new(false),
            counts: Counts::default(),
        })
    }

    /// The newest record that the log held when it was opened.
    pub fn previous(&self) -> Option<Previous> {
        self.shared.state().writer.previous()
    }

    /// The time of the newest record.
    pub fn newest(&self) -> DateTime<Utc> {
        let millis = self.shared.newest.load(Ordering::Relaxed);
        DateTime::from_timestamp_millis(millis).unwrap_or_default()
    }

    /// The time by which keys end: never before the newest record, so that a clock set back revives
    /// none.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock().now().max(self.newest())
    }

    /// Writes one record, or counts it where it is a denial beyond the bounds of what is written
    /// singly. Each call tries anew, so a log that can be written again is, with a record of the gap.
    ///
    /// # Errors
    /// It could not be written, in `block` mode. In `allow` mode it never fails.
    pub fn record(&self, event: &AuditEvent<'_>) -> Result<Recorded, AuditUnavailable> {
        self.counts.note(event);
        self.shared.record(event)
    }

    /// How often what happened.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Waits, with `AUDIT_FSYNC=each`, until a record and all before it are on the disk.
    ///
    /// # Errors
    /// It may not be there, in `block` mode.
    pub async fn committed(&self, recorded: Recorded) -> Result<(), AuditUnavailable> {
        if self.shared.fsync == Fsync::Each {
            self.synced(recorded).await
        } else {
            Ok(())
        }
    }

    /// The same, unless nothing is synced at all.
    pub(super) async fn synced(&self, recorded: Recorded) -> Result<(), AuditUnavailable> {
        let (Some(committer), Some(seq)) = (&self.committer, recorded.seq) else {
            return Ok(());
        };
        if committer.commit(seq).await || self.shared.mode == FailureMode::Allow {
            Ok(())
        } else {
            Err(AuditUnavailable)
        }
    }

    /// Whether records have a place to go. It turns true again with the next record or
    /// [`AuditLog::tick`] that succeeds.
    pub fn is_writable(&self) -> bool {
        !self.shared.failing.load(Ordering::Relaxed)
    }

    /// Whether calls may run: in `block` mode not while records have no place to go.
    pub fn lets_calls_run(&self) -> bool {
        self.shared.mode == FailureMode::Allow || self.is_writable()
    }

    /// Whether there will be no room for records soon, for `/health`.
    pub fn is_nearly_full(&self) -> bool {
        self.nearly_full.load(Ordering::Relaxed)
    }

    /// What is to be done each second: looks whether the log is what it was, tries a failing one
    /// again, writes what is due. It may wait for a disk, so not on a thread that answers.
    pub fn tick(&self) {
        let elapsed = self.shared.clock.elapsed();
        self.shared.catch_up(Some(elapsed));
        self.keep_up(elapsed);
    }

    /// Writes what has been counted so far, on a full disk into what was kept for that. The one
    /// before [`AuditEvent::ServerStopped`].
    pub fn finish(&self) {
        self.shared.catch_up(None);
    }

    /// After the last record: brings all of it to the disk and to where it is told.
    pub fn close(&self) {
        if self.shared.fsync != Fsync::Off {
            self.shared.bring_to_disk();
        }
        self.keep_up(self.shared.clock.elapsed());
        let mut state = self.shared.state();
        let outlets = state.writer.checkpoints.take_outlets();
        let lost = state.writer.owed.lost();
        drop(state);
        drop(outlets);
        if lost > 0 {
            log::error!(
                "critical: the audit log cannot be written to its end: {lost} records are missing, and it does not say so"
            );
        }
    }

    /// Goes on in the file that has the log's name now, as `logrotate` with `create` leaves it. The
    /// new file begins with a record that names the old one.
    ///
    /// # Errors
    /// The old file stays in use.
    pub fn reopen(&self) -> Result<(), AuditOpenError> {
        let mut state = self.shared.state();
        state.writer.reopen()?;
        let now = self.shared.clock.now();
        let told = state.writer.catch_up(now);
        self.shared.tell(state, &told);
        Ok(())
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    fn keep_up(&self, elapsed: Duration) {
        let mut upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let due = self.shared.state().writer.due(self.clock().now());
        let nearly_full = upkeep.run(&due, elapsed);
        self.nearly_full.store(nearly_full, Ordering::Relaxed);
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog").finish_non_exhaustive()
    }
}
