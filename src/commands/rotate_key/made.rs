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
        let mut out = io::stdout();
        let printed = writeln!(out, "{}", self.key.expose()).and_then(|()| out.flush());
        printed.map_err(|error| {
            Failure::Other(format!(
                "the new key cannot be printed, so nothing was changed: {error}"
            ))
        })
    }
}
