//! What an operator decides about the log.
use std::{fs::File, io, num::NonZeroU64, path::PathBuf, time::Duration};

use super::Clock;

/// Where the log is, and how it is kept.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// The file; its folder must exist.
    pub path: PathBuf,
    pub mode: FailureMode,
    pub clock: Clock,
    pub fsync: Fsync,
    /// How a file is brought to the disk: [`File::sync_data`], or what a test makes of it.
    pub sync: fn(&File) -> io::Result<()>,
    pub checkpoints: Checkpoints,
    pub rotation: Rotation,
    /// Whether a MiB is kept beside the log, so that there is room to tell that there is none.
    pub ballast: bool,
}

impl AuditSettings {
    /// A log and nothing beside it: never synced, without checkpoints, never rotated.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            mode: FailureMode::Block,
            clock: Clock::system(),
            fsync: Fsync::Off,
            sync: File::sync_data,
            checkpoints: Checkpoints::default(),
            rotation: Rotation::default(),
            ballast: false,
        }
    }
}

/// `AUDIT_FAILURE_MODE`: what it means that a record cannot be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureMode {
    /// What cannot be recorded does not happen.
    Block,
    /// It happens, and a critical line says that it was not recorded.
    Allow,
}

/// `AUDIT_FSYNC`: when a record is safe from a power failure. From the end of the process it is
/// safe as soon as it is written, always.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fsync {
    /// Before what it tells of is answered.
    Each,
    /// Within a second; that a call will change something, before it does.
    Interval,
    /// When the operating system likes.
    Off,
}

/// When and where it is told what the chain has come to.
#[derive(Clone, Debug, Default)]
pub struct Checkpoints {
    /// `AUDIT_CHECKPOINT_SECONDS`.
    pub every: Option<Duration>,
    /// `AUDIT_CHECKPOINT_RECORDS`.
    pub records: Option<NonZeroU64>,
    /// Whether they are printed too, for whoever keeps what a service prints.
    pub stdout: bool,
    /// `AUDIT_CHECKPOINT_FILE`.
    pub file: Option<PathBuf>,
    /// `AUDIT_SEAL_KEY_FILE`.
    pub seal_key: Option<PathBuf>,
}

/// When a file is left for the next, and what becomes of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotation {
    /// `AUDIT_ROTATE_SIZE`, in bytes.
    pub size: Option<NonZeroU64>,
    /// `AUDIT_ROTATE_DAILY`: with the first record of a day, by UTC.
    pub daily: bool,
    /// `AUDIT_KEEP`: how many closed files stay; 0 for all.
    pub keep: usize,
    pub compress: Compress,
}

impl Rotation {
    /// Whether there is anything to do with closed files.
    pub(super) fn is_on(&self) -> bool {
        self.size.is_some() || self.daily || self.keep > 0 || self.compress != Compress::Off
    }
}

/// `AUDIT_COMPRESS`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Compress {
    #[default]
    Off,
    Gzip,
    Zstd,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_files_are_looked_after_as_soon_as_one_setting_says_so() {
        let off = Rotation::default();
        assert!(!off.is_on());
        for on in [
            Rotation {
                size: NonZeroU64::new(1),
                ..off
            },
            Rotation { daily: true, ..off },
            Rotation { keep: 1, ..off },
            Rotation {
                compress: Compress::Gzip,
                ..off
            },
        ] {
            assert!(on.is_on(), "{on:?}");
        }
    }
}
