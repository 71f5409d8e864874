//! A key that was just made.
use std::io;

use rustix::fs::{fstat, stat};

use super::Failure;
use crate::{
    config::NewKey,
    keys::{ApiKey, KeyId},
};

pub(super) struct Made {
    pub(super) key: ApiKey,
    pub(super) id: KeyId,
    /// Whether only its digest is written down.
    pub(super) hashed: bool,
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

    /// Expects that what is printed is kept: of a key of which only the digest is written down, it is
    /// all that there is. Where standard output is closed, Rust has opened `/dev/null` in its place.
    pub(super) fn expect_reader(&self) -> io::Result<()> {
        let is_nowhere = || {
            let (out, nowhere) = (fstat(io::stdout()), stat("/dev/null"));
            let is_nowhere = out.and_then(|out| Ok(out.st_rdev == nowhere?.st_rdev));
            is_nowhere.unwrap_or(false)
        };
        if self.hashed && is_nowhere() {
            return Err(io::Error::other(
                "standard output is closed or `/dev/null`, and of a hashed key nobody else would know",
            ));
        }
        Ok(())
    }

    /// As it is written down among the keys.
    pub(super) fn entry(&self) -> NewKey<'_> {
        if self.hashed {
            NewKey::Hashed(&self.id)
        } else {
            NewKey::Plain(&self.key)
        }
    }
}
