//! The `.env` file while its keys are changed: locked, and written in one step.
use std::{
    io,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    EditError, KeyEditor,
    file::{self, MAX_FILE},
};
use crate::durable::{self, InPlace, LockedFile};

/// A `.env` file that no other command changes while this value lives. Its keys are read and changed
/// as a [`KeyEditor`]'s; [`KeysFile::commit`] writes them.
pub struct KeysFile {
    file: LockedFile,
    editor: KeyEditor,
}

/// Why a `.env` file was not read, not opened for a change, or not written. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum KeysFileError {
    #[error("{}: {error}", path.display())]
    Text { path: PathBuf, error: EditError },
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    File(#[from] durable::Error),
}

impl KeyEditor {
    /// The keys of the file at `path`, for who only looks: nobody is kept from changing it.
    pub fn read(path: &Path) -> Result<Self, KeysFileError> {
        let path = path.to_owned();
        match file::read(&path, false) {
            Ok((bytes, _)) => {
                Self::parse(bytes).map_err(|error| KeysFileError::Text { path, error })
            }
            Err(source) => Err(KeysFileError::Unreadable { path, source }),
        }
    }
}

impl KeysFile {
    /// Locks and reads the file at `path`, which need not be there yet: a new one gets mode 0600.
    /// Waits up to `patience` for another command that has it.
    pub fn open(path: &Path, patience: Duration) -> Result<Self, KeysFileError> {
        let mut file = LockedFile::open(path, MAX_FILE, patience)?;
        let editor = KeyEditor::parse(std::mem::take(&mut *file.take_bytes()));
        let editor = editor.map_err(|error| KeysFileError::Text {
            path: file.path().to_owned(),
            error,
        })?;
        Ok(Self { file, editor })
    }

    /// Where the file really is, if `path` was a link to it.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Whether there is a file yet.
    pub fn exists(&self) -> bool {
        self.file.exists()
    }

    /// The mode of the file, if others than its owner may read or write it.
    pub fn shared_mode(&self) -> Option<u32> {
        let mode = self.file.access().mode;
        (mode & 0o077 != 0).then_some(mode)
    }

    /// Whether what was changed could be written now. Nothing is.
    ///
    /// # Errors
    /// What [`KeysFile::commit`] would fail by before it changes anything.
    pub fn rehearse(&self) -> Result<(), KeysFileError> {
        Ok(self.file.rehearse(self.editor.as_bytes().len())?)
    }

    /// Writes what was changed, in one step. Where nothing was, nothing is written.
    pub fn commit(&mut self, in_place: InPlace) -> Result<(), KeysFileError> {
        if self.editor.is_changed() {
            self.file.replace(self.editor.as_bytes(), in_place)?;
            self.editor.note_written();
        }
        Ok(())
    }
}

impl Deref for KeysFile {
    type Target = KeyEditor;

    fn deref(&self) -> &KeyEditor {
        &self.editor
    }
}

impl DerefMut for KeysFile {
    fn deref_mut(&mut self) -> &mut KeyEditor {
        &mut self.editor
    }
}
