//! The log that all workers share.
use std::{
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ring::{hmac, rand::SystemRandom};

use super::{
    AuditEvent, AuditOpenError, Clock, DenialReason, Previous, flood::Flood, writer::Writer,
};

/// The open log, shared by all workers. Opened once a process; nobody else may write the file.
#[derive(Debug)]
pub struct AuditLog {
    mode: FailureMode,
    clock: Clock,
    /// The last attempt to write failed.
    failing: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    writer: Writer,
    flood: Flood,
    /// When it was last said aloud that the log cannot be written.
    said: Duration,
}

/// Where the log is, and what a failing one means.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// The file; its folder must exist.
    pub path: PathBuf,
    pub mode: FailureMode,
    pub clock: Clock,
}

/// `AUDIT_FAILURE_MODE`: what it means that a record cannot be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureMode {
    /// What cannot be recorded does not happen.
    Block,
    /// It happens, and a critical line says that it was not recorded.
    Allow,
}

/// The record could not be written, and `AUDIT_FAILURE_MODE=block` says: then nothing happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct AuditUnavailable;

/// While the log cannot be written, this often is said so.
const REMINDER: Duration = Duration::from_mins(1);

impl AuditLog {
    /// Opens the log and goes on with its chain. A file that does not exist is made, for its owner
    /// alone. Nothing is written before the first record.
    pub fn open(settings: AuditSettings) -> Result<Self, AuditOpenError> {
        let AuditSettings { path, mode, clock } = settings;
        let fingerprints = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| AuditOpenError::NoRandomness)?;
        let writer = Writer::open(path, fingerprints)?;
        let ahead = writer.newest() - clock.now();
        if ahead > chrono::TimeDelta::hours(1) {
            log::warn!(
                "the newest record of the audit log is {} minutes ahead of the clock; records keep its time until then",
                ahead.num_minutes()
            );
        }
        Ok(Self {
            mode,
            clock,
            failing: AtomicBool::new(false),
            state: Mutex::new(State {
                writer,
                flood: Flood::default(),
                said: Duration::ZERO,
            }),
        })
    }

    /// The newest record that the log held when it was opened.
    pub fn previous(&self) -> Option<Previous> {
        self.state().writer.previous()
    }

    /// Writes one record, or counts it where it is a denial beyond the bounds of what is written
    /// singly. Each call tries anew, so a log that can be written again is, with a record of the gap.
    ///
    /// # Errors
    /// It could not be written, in `block` mode. In `allow` mode it never fails.
    pub fn record(&self, event: &AuditEvent<'_>) -> Result<(), AuditUnavailable> {
        let mut state = self.state();
        let now = self.clock.now();
        if let AuditEvent::Denied {
            reason, client_ip, ..
        } = *event
            && reason != DenialReason::RateLimited
            && !state.flood.admits(client_ip, now, self.clock.elapsed())
        {
            return Ok(());
        }
        let written = state.writer.write(event, now);
        if written.is_err() {
            state.writer.note_lost(now);
        }
        let is_written = written.is_ok();
        self.tell(state, written);
        if is_written || self.mode == FailureMode::Allow {
            Ok(())
        } else {
            Err(AuditUnavailable)
        }
    }

    /// Whether calls may run, for `/health`: false in `block` mode while records have no place to
    /// go. It turns true again with the next record or [`AuditLog::tick`] that succeeds.
    pub fn is_writable(&self) -> bool {
        self.mode == FailureMode::Allow || !self.failing.load(Ordering::Relaxed)
    }

    /// What is to be done each second: tries a failing log again, writes aggregates that are due.
    pub fn tick(&self) {
        self.catch_up(Some(self.clock.elapsed()));
    }

    /// Writes what has been counted so far. The one before [`AuditEvent::ServerStopped`].
    pub fn finish(&self) {
        self.catch_up(None);
    }

    fn catch_up(&self, elapsed: Option<Duration>) {
        let mut guard = self.state();
        let State { writer, flood, .. } = &mut *guard;
        let now = self.clock.now();
        let written = writer.settle(now).and_then(|()| {
            if let Some(event) = flood.aggregate(elapsed) {
                writer.write(&event, now)?;
                flood.forget();
            }
            Ok(())
        });
        self.tell(guard, written);
    }

    /// Goes on in the file that has the log's name now, as `logrotate` with `create` leaves it. The
    /// new file begins with a record that names the old one.
    ///
    /// # Errors
    /// The old file stays in use.
    pub fn reopen(&self) -> Result<(), AuditOpenError> {
        let mut state = self.state();
        state.writer.reopen()?;
        let told = state.writer.settle(self.clock.now());
        self.tell(state, told);
        Ok(())
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A panic elsewhere leaves the state whole: a chain moves on only after its record is written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how writing went where that changed, and again while it fails.
    fn tell(&self, mut state: MutexGuard<'_, State>, written: std::io::Result<()>) {
        let failed_before = self.failing.swap(written.is_err(), Ordering::Relaxed);
        match written {
            Ok(()) => {
                drop(state);
                if failed_before {
                    log::warn!("the audit log is written again");
                }
            }
            Err(error) => {
                let elapsed = self.clock.elapsed();
                if failed_before && elapsed < state.said + REMINDER {
                    return;
                }
                state.said = elapsed;
                let lost = state.writer.lost();
                drop(state);
                log::error!(
                    "critical: the audit log cannot be written ({error}); {lost} records are missing so far"
                );
            }
        }
    }
}
