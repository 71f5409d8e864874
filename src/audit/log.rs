//! The log that all workers share.
use std::{
    fmt,
    fs::File,
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use chrono::{DateTime, Utc};
use ring::{hmac, rand::SystemRandom};

use super::{
    AuditEvent, AuditOpenError, AuditSettings, Clock, DenialReason, FailureMode, Fsync, Previous,
    Rotation, commit::Committer, counts::Counts, flood::Flood, head::Head, room::Growth,
    seal::SealFile, tidy::tidy, writer::Writer,
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

/// What the threads of a log share.
struct Shared {
    mode: FailureMode,
    clock: Clock,
    fsync: Fsync,
    sync: fn(&File) -> io::Result<()>,
    /// Held by the one thread that brings records to the disk.
    syncing: Mutex<()>,
    /// The last attempt to write failed.
    failing: AtomicBool,
    /// The time of the newest record, in milliseconds since 1970: asked by every request.
    newest: AtomicI64,
    state: Mutex<State>,
}

struct State {
    writer: Writer,
    flood: Flood,
    /// When it was last said aloud that the log cannot be written.
    said: Duration,
}

/// What is done beside writing, each second.
struct Upkeep {
    seal: Option<SealFile>,
    kept: Option<Head>,
    tidying: Option<thread::JoinHandle<()>>,
    growth: Growth,
    /// When it was last said that the disk is nearly full; `None` while it is not.
    complained: Option<Duration>,
}

/// A record that was written, for whoever wants to wait until it is on the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recorded {
    /// `None` where it was counted instead, or lost where that is allowed.
    seq: Option<u64>,
}

/// The record could not be written, and `AUDIT_FAILURE_MODE=block` says: then nothing happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct AuditUnavailable;

/// While the log cannot be written, this often is said so.
const REMINDER: Duration = Duration::from_mins(1);
/// And this often that the disk is nearly full.
const COMPLAINT: Duration = Duration::from_hours(1);

impl AuditLog {
    /// Opens the log and goes on with its chain. A file that does not exist is made, for its owner
    /// alone. Nothing is written before the first record.
    pub fn open(settings: AuditSettings) -> Result<Self, AuditOpenError> {
        let fingerprints = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| AuditOpenError::NoRandomness)?;
        let (writer, seal) = Writer::open(&settings, fingerprints)?;
        let AuditSettings {
            mode,
            clock,
            fsync,
            sync,
            ..
        } = settings;
        let ahead = writer.newest - clock.now();
        if ahead > chrono::TimeDelta::hours(1) {
            log::warn!(
                "the newest record of the audit log is {} minutes ahead of the clock; records keep its time until then",
                ahead.num_minutes()
            );
        }
        let shared = Arc::new(Shared {
            mode,
            clock,
            fsync,
            sync,
            syncing: Mutex::new(()),
            failing: AtomicBool::new(false),
            newest: AtomicI64::new(writer.newest.timestamp_millis()),
            state: Mutex::new(State {
                writer,
                flood: Flood::default(),
                said: Duration::ZERO,
            }),
        });
        let committer = (fsync != Fsync::Off).then(|| {
            let (syncing, asked) = (Arc::clone(&shared), Arc::clone(&shared));
            let is_safe = move |seq| asked.state().writer.syncs.is_believed(seq);
            Committer::start(move || syncing.bring_to_disk(), is_safe)
        });
        Ok(Self {
            shared,
            committer: committer.transpose().map_err(AuditOpenError::NoThread)?,
            upkeep: Mutex::new(Upkeep {
                seal,
                kept: None,
                tidying: None,
                growth: Growth::default(),
                complained: None,
            }),
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

    /// Whether calls may run, for `/health`: false in `block` mode while records have no place to
    /// go. It turns true again with the next record or [`AuditLog::tick`] that succeeds.
    pub fn is_writable(&self) -> bool {
        self.shared.mode == FailureMode::Allow || !self.shared.failing.load(Ordering::Relaxed)
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

    /// Writes what has been counted so far. The one before [`AuditEvent::ServerStopped`].
    pub fn finish(&self) {
        self.shared.catch_up(None);
    }

    /// After the last record: brings all of it to the disk and to where it is told.
    pub fn close(&self) {
        if self.shared.fsync != Fsync::Off {
            self.shared.bring_to_disk();
        }
        self.keep_up(self.shared.clock.elapsed());
        let outlets = self.shared.state().writer.checkpoints.take_outlets();
        drop(outlets);
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

    /// What follows from what was written, and is not writing: nobody waits for it.
    fn keep_up(&self, elapsed: Duration) {
        let mut upkeep = self.upkeep();
        let (path, head, key, written, rotation) = {
            let mut state = self.shared.state();
            let writer = &mut state.writer;
            let untidy = std::mem::take(&mut writer.untidy);
            (
                writer.path.clone(),
                writer.durable_head(),
                writer.checkpoints.key().cloned(),
                writer.written,
                untidy.then_some(writer.rotation),
            )
        };
        if let (Some(file), Some(key)) = (&mut upkeep.seal, &key)
            && let Err(error) = file.keep(key)
        {
            log::error!(
                "critical: the key that seals the audit log could not be replaced: {error}"
            );
        }
        if head != upkeep.kept
            && let Some(head) = head
        {
            match head.keep(&path) {
                Ok(()) => upkeep.kept = Some(head),
                Err(error) => log::debug!("the head of the audit log is not kept: {error}"),
            }
        }
        if let Some(rotation) = rotation
            && !upkeep.tidy(&path, rotation)
        {
            self.shared.state().writer.untidy = true;
        }
        upkeep.growth.note(written, elapsed);
        let complains = upkeep.complains(&path, elapsed);
        self.nearly_full.store(complains, Ordering::Relaxed);
    }

    fn upkeep(&self) -> MutexGuard<'_, Upkeep> {
        self.upkeep.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn record(&self, event: &AuditEvent<'_>) -> Result<Recorded, AuditUnavailable> {
        let mut state = self.state();
        let now = self.clock.now();
        if let AuditEvent::Denied {
            reason, client_ip, ..
        } = *event
            && reason != DenialReason::RateLimited
            && !state.flood.admits(client_ip, now, self.clock.elapsed())
        {
            return Ok(Recorded { seq: None });
        }
        let written = state.writer.write(event, now);
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
    fn catch_up(&self, elapsed: Option<Duration>) {
        let mut guard = self.state();
        let now = self.clock.now();
        let written = guard.catch_up(elapsed, now);
        self.tell(guard, &written);
    }

    /// Brings to the disk what has been written.
    fn bring_to_disk(&self) {
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
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how writing went where that changed, and again while it fails.
    fn tell(&self, mut state: MutexGuard<'_, State>, written: &io::Result<()>) {
        let newest = state.writer.newest.timestamp_millis();
        self.newest.store(newest, Ordering::Relaxed);
        let alarms = std::mem::take(&mut state.writer.alarms);
        let failed_before = self.failing.swap(written.is_err(), Ordering::Relaxed);
        let elapsed = self.clock.elapsed();
        let is_new = !failed_before || elapsed >= state.said + REMINDER;
        let failure = written.as_ref().err().filter(|_| is_new);
        if failure.is_some() {
            state.said = elapsed;
        }
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
        writer.catch_up(now)?;
        if let Some(event) = flood.aggregate(elapsed) {
            writer.write(&event, now)?;
            flood.forget();
        }
        if writer.checkpoints.is_due(elapsed) {
            writer.checkpoint(now)?;
            writer.checkpoints.note_time(elapsed.unwrap_or_default());
        }
        Ok(())
    }
}

impl Upkeep {
    /// Compresses and removes closed files, unless that is being done; then not.
    fn tidy(&mut self, path: &Path, rotation: Rotation) -> bool {
        if self.tidying.as_ref().is_some_and(|it| !it.is_finished()) {
            return false;
        }
        let log = path.to_owned();
        let thread = thread::Builder::new().name("audit-tidy".to_owned());
        let tidying = thread.spawn(move || {
            if let Err(error) = tidy(&log, &rotation) {
                log::warn!("closed files of the audit log could not be tidied up: {error}");
            }
        });
        self.tidying = tidying.ok();
        true
    }

    /// Whether the disk is nearly full. Says so, and again each hour.
    fn complains(&mut self, path: &Path, elapsed: Duration) -> bool {
        let Some(complaint) = self.growth.complaint(path, elapsed) else {
            self.complained = None;
            return false;
        };
        if self
            .complained
            .is_none_or(|last| elapsed >= last + COMPLAINT)
        {
            log::warn!("the disk of the audit log is {complaint}");
            self.complained = Some(elapsed);
        }
        true
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog").finish_non_exhaustive()
    }
}
