//! The file under the log: opened, locked, appended to, and never left with half a record.
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write},
    os::{
        fd::AsRawFd,
        unix::{
            ffi::OsStrExt,
            fs::{MetadataExt, OpenOptionsExt},
        },
    },
    path::{Path, PathBuf},
};

use rustix::{fs::OFlags, io::Errno};

/// Why a log cannot be opened, by what its operator can do.
#[derive(Debug, thiserror::Error)]
pub enum AuditOpenError {
    #[error("the folder `{}` of the audit log does not exist", .0.display())]
    FolderMissing(PathBuf),
    #[error("the audit log `{}` is a folder, not a file", .0.display())]
    IsFolder(PathBuf),
    /// A pipe, a device, a socket: nothing that keeps what it is told.
    #[error("the audit log `{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// Whoever may write in the folder could turn the log elsewhere.
    #[error("the audit log `{}` is a symbolic link; name the file itself", .0.display())]
    IsLink(PathBuf),
    #[error("no permission to write the audit log `{}`", .0.display())]
    NoPermission(PathBuf),
    #[error("the audit log `{}` is in use by another process", .0.display())]
    Locked(PathBuf),
    #[error("the operating system gives no random numbers")]
    NoRandomness,
    #[error("the audit log `{}` cannot be opened: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// A file that only grows, by whole lines.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) file: File,
    /// The length of half a record at the end, which goes before anything is added.
    half: u64,
}

impl LogFile {
    /// Opens the file, or makes it for its owner alone. It is not locked yet.
    pub(super) fn open(path: &Path) -> Result<Self, AuditOpenError> {
        // A pipe without a reader must not hold the start up, and a terminal not become ours.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(path)
            .map_err(|error| AuditOpenError::of(path, error))?;
        match file.metadata() {
            Ok(found) if found.is_file() => Ok(Self { file, half: 0 }),
            Ok(_) => Err(AuditOpenError::NotAFile(path.to_owned())),
            Err(error) => Err(AuditOpenError::of(path, error)),
        }
    }

    /// Makes this process the only writer, as long as the file is open.
    pub(super) fn lock(&self, path: &Path) -> Result<(), AuditOpenError> {
        self.file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => AuditOpenError::Locked(path.to_owned()),
            TryLockError::Error(error) => AuditOpenError::of(path, error),
        })
    }

    /// Adds `bytes` in one write, or leaves the file as it was.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.mend()?;
        let written = loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if written == bytes.len() {
            return Ok(());
        }
        self.half = written as u64;
        self.mend()?;
        Err(io::ErrorKind::StorageFull.into())
    }

    /// Takes half a record back, if there is one.
    fn mend(&mut self) -> io::Result<()> {
        if self.half > 0 {
            // Counted from the end and not from the start: others may have cut the file.
            let length = self.file.metadata()?.len();
            self.file.set_len(length.saturating_sub(self.half))?;
            self.half = 0;
        }
        Ok(())
    }

    pub(super) fn is_same(&self, other: &Self) -> io::Result<bool> {
        let (one, two) = (self.file.metadata()?, other.file.metadata()?);
        Ok((one.dev(), one.ino()) == (two.dev(), two.ino()))
    }

    /// What the file is called now, if the system tells.
    pub(super) fn name(&self) -> Option<Vec<u8>> {
        let path = std::fs::read_link(format!("/proc/self/fd/{}", self.file.as_raw_fd())).ok()?;
        path.file_name().map(|name| name.as_bytes().to_owned())
    }
}

impl AuditOpenError {
    pub(super) fn of(path: &Path, error: io::Error) -> Self {
        let file = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Self::FolderMissing(path.parent().unwrap_or(path).to_owned())
            }
            io::ErrorKind::IsADirectory => Self::IsFolder(file),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NoPermission(file)
            }
            _ if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => Self::IsLink(file),
            _ => Self::Io { path: file, error },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_may_not_be_written_is_a_matter_of_permission() {
        for kind in [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::ReadOnlyFilesystem,
        ] {
            let error = AuditOpenError::of(Path::new("/logs/audit.log"), kind.into());
            assert_eq!(
                error.to_string(),
                "no permission to write the audit log `/logs/audit.log`"
            );
        }
    }
}
