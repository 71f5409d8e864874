//! Room on the disk that is given up when there is no other, for the record that says so.
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FallocateFlags, OFlags, fallocate, statvfs},
    io::Errno,
};

use super::names;
use crate::durable;

const SIZE: u64 = 1 << 20;
/// On a file system smaller than this a MiB is worth more than the record.
const SMALL: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct Ballast {
    path: PathBuf,
    held: bool,
}

impl Ballast {
    /// Takes the room if there is enough. Where there is not, the log does without.
    pub(super) fn beside(log: &Path) -> Self {
        let mut ballast = Self {
            path: names::hidden(log, "ballast"),
            held: false,
        };
        ballast.renew();
        ballast
    }

    /// Gives the room up; false where there is none to give.
    pub(super) fn release(&mut self) -> bool {
        let had = std::mem::take(&mut self.held);
        had && fs::remove_file(&self.path).is_ok()
    }

    /// Whether the room is held. Where it is not, or somebody removed it, takes it once there is twice
    /// as much.
    pub(super) fn renew(&mut self) -> bool {
        let is_there = self.is_there();
        self.held = (self.held && is_there) || (self.is_worth_it(is_there) && self.take().is_ok());
        self.held
    }

    fn is_there(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|it| it.len() == SIZE)
    }

    fn is_worth_it(&self, held: bool) -> bool {
        statvfs(durable::folder(&self.path)).is_ok_and(|found| {
            let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
            bytes(found.f_blocks) >= SMALL && (held || bytes(found.f_bavail) >= 2 * SIZE)
        })
    }

    fn take(&self) -> io::Result<()> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(&self.path)?;
        let taken = match fallocate(&file, FallocateFlags::empty(), 0, SIZE) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                let zeros = vec![0; usize::try_from(SIZE).unwrap_or_default()];
                file.write_all(&zeros)
            }
            taken => taken.map_err(io::Error::from),
        };
        if taken.is_err() {
            let _ = fs::remove_file(&self.path);
        }
        taken
    }
}
