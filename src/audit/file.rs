//! The file under the log: opened, locked, appended to, and never left with half a record.
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::{
        fd::AsRawFd,
        unix::{
            ffi::OsStrExt,
            fs::{MetadataExt, OpenOptionsExt},
        },
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{CWD, OFlags, RenameFlags, renameat_with},
    io::Errno,
};

use super::tail::Beginning;

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
    /// The file of `AUDIT_SEAL_KEY_FILE`, and what is wrong with it.
    #[error("the key that seals the audit log cannot be used: {0}")]
    Seal(String),
    #[error("the audit log gets no thread of its own: {0}")]
    NoThread(io::Error),
    #[error("the audit log `{}` cannot be opened: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// A file that only grows, by whole lines.
#[derive(Debug)]
pub(super) struct LogFile {
    /// Shared with whoever brings it to the disk.
    pub(super) file: Arc<File>,
    /// Its length, as far as it is ours.
    length: u64,
    /// The length of half a record at the end, which goes before anything is added.
    half: u64,
    /// `None` while it is empty.
    pub(super) beginning: Option<Beginning>,
}

/// What stands where the log should.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Ours,
    Nothing,
    AnotherFile,
    Link,
    NoFile,
}

impl Place {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "the log",
            Self::Nothing => "nothing",
            Self::AnotherFile => "another file",
            Self::Link => "a symbolic link",
            Self::NoFile => "no regular file",
        }
    }
}

impl LogFile {
    /// Opens the file, or makes it for its owner alone. It is not locked yet.
    pub(super) fn open(path: &Path) -> Result<Self, AuditOpenError> {
        Self::open_as(path, OpenOptions::new().create(true))
    }

    /// Makes the file, which must not be there, and locks it.
    pub(super) fn create(path: &Path) -> Result<Self, AuditOpenError> {
        let file = Self::open_as(path, OpenOptions::new().create_new(true))?;
        file.lock(path)?;
        Ok(file)
    }

    fn open_as(path: &Path, options: &mut OpenOptions) -> Result<Self, AuditOpenError> {
        let failed = |error| AuditOpenError::of(path, error);
        // A pipe without a reader must not hold the start up, and a terminal not become ours.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = options
            .read(true)
            .append(true)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(path)
            .map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if !found.is_file() {
            return Err(AuditOpenError::NotAFile(path.to_owned()));
        }
        Ok(Self {
            length: found.len(),
            half: 0,
            beginning: Beginning::read(&file).map_err(failed)?,
            file: Arc::new(file),
        })
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
            match (&*self.file).write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if written == bytes.len() {
            self.length += written as u64;
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

    /// Notes its first record.
    pub(super) fn begin(&mut self, beginning: Beginning) {
        self.beginning = Some(beginning);
    }

    /// Whether there is a record of ours in it.
    pub(super) fn has_records(&self) -> bool {
        self.beginning.is_some_and(|it| it.first_seq > 0)
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Somebody cut it: from how many bytes. From now on it is as long as it is.
    pub(super) fn was_cut_from(&mut self) -> io::Result<Option<u64>> {
        let length = self.file.metadata()?.len();
        let was_longer = self.length + self.half > length;
        Ok(was_longer.then(|| {
            self.half = 0;
            if length == 0 {
                self.beginning = None;
            }
            std::mem::replace(&mut self.length, length)
        }))
    }

    /// Whether it has no name any more, so that it goes when it is closed.
    pub(super) fn is_deleted(&self) -> bool {
        self.file.metadata().is_ok_and(|found| found.nlink() == 0)
    }

    pub(super) fn is_same(&self, other: &Self) -> io::Result<bool> {
        let (one, two) = (self.file.metadata()?, other.file.metadata()?);
        Ok((one.dev(), one.ino()) == (two.dev(), two.ino()))
    }

    /// What is called as it should be.
    pub(super) fn place(&self, path: &Path) -> io::Result<Place> {
        let found = match fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::Nothing),
            Err(error) => return Err(error),
        };
        let ours = self.file.metadata()?;
        Ok(match found.file_type() {
            _ if (ours.dev(), ours.ino()) == (found.dev(), found.ino()) => Place::Ours,
            it if it.is_symlink() => Place::Link,
            it if it.is_file() => Place::AnotherFile,
            _ => Place::NoFile,
        })
    }

    /// What the file is called now, if the system tells. A deleted one has no name, whatever it is
    /// called there.
    pub(super) fn name(&self) -> Option<Vec<u8>> {
        let path = fs::read_link(format!("/proc/self/fd/{}", self.file.as_raw_fd())).ok()?;
        let is_ours = self.place(&path).is_ok_and(|place| place == Place::Ours);
        path.file_name()
            .filter(|_| is_ours)
            .map(|name| name.as_bytes().to_owned())
    }
}

/// Gives a file another name, which nothing has yet.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system can promise that.
        Err(Errno::INVAL | Errno::NOSYS) if fs::symlink_metadata(to).is_err() => {
            fs::rename(from, to)
        }
        renamed => Ok(renamed?),
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
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    fn opened(text: &str) -> (tempfile::TempDir, PathBuf, LogFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        fs::write(&path, text).unwrap();
        let file = LogFile::open(&path).unwrap();
        (folder, path, file)
    }

    #[test]
    fn half_a_record_that_somebody_cut_off_is_not_taken_back_too() {
        let (_folder, path, mut file) = opened("one\ntwo\n");
        file.half = 3;
        assert_eq!(file.was_cut_from().unwrap(), Some(8));
        file.append(b"three\n").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "one\ntwo\nthree\n");
    }

    #[test]
    fn what_cannot_be_looked_at_is_not_taken_for_nothing() {
        let (_folder, path, file) = opened("");
        let place = |path: &Path| file.place(path).ok();
        assert_eq!(place(&path), Some(Place::Ours));
        assert_eq!(place(&path.with_extension("other")), Some(Place::Nothing));
        assert_eq!(place(&path.join("below a file")), None);
    }

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
    #[test]
    fn only_a_link_is_called_one() {
        let told = |errno: Errno| AuditOpenError::of(Path::new("audit.log"), errno.into());
        assert!(matches!(told(Errno::LOOP), AuditOpenError::IsLink(_)));
        assert!(matches!(told(Errno::IO), AuditOpenError::Io { .. }));
    }
}
