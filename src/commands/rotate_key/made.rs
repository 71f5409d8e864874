//! A key that was just made, and the one time that it is shown.
use std::io::{self, Write};

use crate::{
    commands::Failure,
    config::NewKey,
    keys::{ApiKey, KeyHint, KeyId},
};

pub(super) struct Made {
    pub(super) key: ApiKey,
    pub(super) id: KeyId,
    /// Whether only its digest is written down.
    hashed: bool,
}

impl Made {
    pub(super) fn new(hashed: bool) -> Result<Self, Failure> {
        let key = ApiKey::generate();
        let key = key.map_err(|error| Failure::Other(format!("no key was made: {error}")))?;
        Ok(Self {
            id: key.id(),
            key,
            hashed,
        })
    }

    pub(super) fn entry(&self) -> NewKey<'_> {
        if self.hashed {
            NewKey::Hashed(&self.id)
        } else {
            NewKey::Plain(&self.key)
        }
    }

    pub(super) fn is_hashed(&self) -> bool {
        self.hashed
    }

    pub(super) fn hint(&self) -> KeyHint {
        self.key.hint()
    }

    /// Prints it alone, for a program. It is shown before it is written down: a key that nobody
    /// got must not be in force.
    pub(super) fn print(&self) -> Result<(), Failure> {
        Self::printed(writeln!(io::stdout(), "{}", self.key.expose()))
    }

    /// Begins the document that is to tell it when all is done, for the same reason. JSON may have
    /// space before it.
    pub(super) fn begin_document() -> Result<(), Failure> {
        Self::printed(write!(io::stdout(), " "))
    }

    fn printed(written: io::Result<()>) -> Result<(), Failure> {
        written
            .and_then(|()| io::stdout().flush())
            .map_err(|error| {
                Failure::Other(format!(
                    "the new key cannot be printed, so nothing was changed: {error}"
                ))
            })
    }
}
