//! Where records go, how they are kept there, and what happens when they cannot be.
use std::{num::NonZeroU64, path::PathBuf, time::Duration};

use super::{DEFAULT_AUDIT_LOG, reader::Reader};

const MIB: u64 = 1 << 20;

#[derive(Debug)]
pub struct AuditConfig {
    pub path: Option<PathBuf>,
    /// Whether calls go on when their record cannot be written.
    pub allow_failure: bool,
    /// Whether each request of a blocked address is recorded.
    pub each_blocked: bool,
    pub fsync: Fsync,
    pub checkpoint_every: Option<Duration>,
    pub checkpoint_records: Option<NonZeroU64>,
    pub checkpoint_file: Option<PathBuf>,
    pub seal_key_file: Option<PathBuf>,
    /// In bytes.
    pub rotate_size: Option<NonZeroU64>,
    pub rotate_daily: bool,
    /// How many closed files stay; 0 for all.
    pub keep: usize,
    pub compress: Compress,
}

/// When records are brought to the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fsync {
    Interval,
    Each,
    Off,
}

/// What becomes of closed files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compress {
    Off,
    Gzip,
    Zstd,
}

pub(super) fn read(reader: &mut Reader<'_>) -> AuditConfig {
    AuditConfig {
        path: reader
            .text("AUDIT_LOG_PATH", Some(DEFAULT_AUDIT_LOG))
            .map(PathBuf::from),
        allow_failure: reader.choice("AUDIT_FAILURE_MODE", [("block", false), ("allow", true)]),
        each_blocked: reader.choice("AUDIT_BLOCKED", [("summary", false), ("each", true)]),
        fsync: reader.choice(
            "AUDIT_FSYNC",
            [
                ("interval", Fsync::Interval),
                ("each", Fsync::Each),
                ("off", Fsync::Off),
            ],
        ),
        checkpoint_every: Some(reader.seconds("AUDIT_CHECKPOINT_SECONDS", 60, 0..=86_400))
            .filter(|every| !every.is_zero()),
        checkpoint_records: NonZeroU64::new(reader.number(
            "AUDIT_CHECKPOINT_RECORDS",
            1_000,
            0..=1_000_000,
        )),
        checkpoint_file: reader
            .text(
                "AUDIT_CHECKPOINT_FILE",
                Some("/mnt/elsewhere/aegis/checkpoints.log"),
            )
            .map(PathBuf::from),
        seal_key_file: seal_key_file(reader),
        rotate_size: NonZeroU64::new(MIB * reader.number("AUDIT_ROTATE_SIZE", 100, 0..=1_048_576)),
        rotate_daily: reader.flag("AUDIT_ROTATE_DAILY", false),
        keep: reader.number("AUDIT_KEEP", 0, 0..=1_000_000),
        compress: reader.choice(
            "AUDIT_COMPRESS",
            [
                ("off", Compress::Off),
                ("gzip", Compress::Gzip),
                ("zstd", Compress::Zstd),
            ],
        ),
    }
}

/// The file itself is needed, since its key is replaced after each seal.
fn seal_key_file(reader: &mut Reader<'_>) -> Option<PathBuf> {
    const NAME: &str = "AUDIT_SEAL_KEY_FILE";
    const USUAL: &str = "/var/lib/aegis-mcp/seal.key";
    let held = reader.secret_file(NAME, USUAL)?;
    let key = held.expose().split_ascii_whitespace().next();
    let is_key = |key: &str| key.len() == 64 && key.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !key.is_some_and(is_key) {
        let wrong = "names a file that does not hold 64 hexadecimal digits (`openssl rand -hex 32` makes them)";
        reader.wrong(NAME, wrong.to_owned(), USUAL);
    }
    reader.text(NAME, Some(USUAL)).map(PathBuf::from)
}
