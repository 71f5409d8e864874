//! The file of metadata: read by everybody, written by one process at a time.
use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Metadata, metadata::MetadataFault};
use crate::durable::{self, Access, InPlace, LockedFile};

/// No file of metadata is larger: room for a hundred thousand keys.
const MAX_FILE: u64 = 32 << 20;
/// Who may read a new one at most, whoever may read the keys.
const WIDEST_MODE: u32 = 0o640;

/// Metadata that only this process changes while this value lives.
pub struct MetadataFile {
    file: LockedFile,
    /// What it says, to be read and changed; [`MetadataFile::save`] writes it.
    pub metadata: Metadata,
}

/// Why a file of metadata counts for nothing, or was not written. No byte of it is quoted.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// Half written, or mistyped by somebody.
    #[error("{} is broken: {reason}; mend it or restore it. Where it is moved away, no key has an end any more: take those that ended out of the keys first", path.display())]
    Broken { path: PathBuf, reason: String },
    /// Of a later version, or of something else.
    #[error("{} is no key metadata of version 1; name another file by `AEGIS_KEYS_FILE`", .0.display())]
    Foreign(PathBuf),
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// It could not be locked or written.
    #[error(transparent)]
    File(#[from] durable::Error),
}

impl Metadata {
    /// What the file at `path` says; `None` where there is none.
    ///
    /// # Errors
    /// It is there and says nothing that can be relied on.
    pub fn load(path: &Path) -> Result<Option<Self>, MetadataError> {
        match read(path) {
            Ok(bytes) => at(path, bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(MetadataError::Unreadable {
                path: path.to_owned(),
                source,
            }),
        }
    }
}

impl MetadataFile {
    /// Locks and reads the file at `path`, which need not be there yet. A new one will belong to
    /// whom `keys_file` belongs, so that who reads the keys can read what is known of them.
    pub fn open(path: &Path, keys_file: &Path, patience: Duration) -> Result<Self, MetadataError> {
        let mut file = LockedFile::open(path, MAX_FILE, patience)?;
        if let Some(access) = durable::access(keys_file) {
            let mode = access.mode & WIDEST_MODE;
            file.belong_when_new(Access { mode, ..access });
        }
        let metadata = if file.exists() {
            at(path, std::mem::take(&mut *file.take_bytes()))?
        } else {
            Metadata::default()
        };
        Ok(Self { file, metadata })
    }

    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Whether there is a file yet.
    pub fn exists(&self) -> bool {
        self.file.exists()
    }

    /// Whether what was changed could be written now. Nothing is.
    ///
    /// # Errors
    /// What [`MetadataFile::save`] would fail by before it changes anything.
    pub fn rehearse(&self) -> Result<(), MetadataError> {
        Ok(self.file.rehearse(self.metadata.to_text().len())?)
    }

    /// Writes what was changed, whole or not at all.
    pub fn save(&mut self, in_place: InPlace) -> Result<(), MetadataError> {
        let text = self.metadata.to_text();
        Ok(self.file.replace(text.as_bytes(), in_place)?)
    }
}

fn at(path: &Path, bytes: Vec<u8>) -> Result<Metadata, MetadataError> {
    let path = path.to_owned();
    Metadata::parse(bytes).map_err(|fault| match fault {
        MetadataFault::Broken(reason) => MetadataError::Broken { path, reason },
        MetadataFault::Foreign => MetadataError::Foreign(path),
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a FIFO must not wait for who writes it.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other("it is larger than 32 MiB"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::fs;

    use super::*;

    #[test]
    fn a_file_larger_than_any_metadata_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let told = |length| {
            File::create(&path).unwrap().set_len(length).unwrap();
            let error = Metadata::load(&path).unwrap_err().to_string();
            error.replace(path.to_str().unwrap(), "it")
        };
        assert!(told(MAX_FILE).starts_with("it is broken: "));
        let larger = "it cannot be read: it is larger than 32 MiB";
        assert_eq!(told(MAX_FILE + 1), larger);
    }

    #[test]
    fn what_could_not_be_written_is_known_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let known = MetadataFile::open(&path, &path, Duration::ZERO).unwrap();
        known.rehearse().unwrap();
        assert!(!path.exists());
        fs::remove_dir_all(folder.path()).unwrap();
        known.rehearse().unwrap_err();
    }
}
