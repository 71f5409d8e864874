//! A key that was just made.
use std::io;

use rustix::fs::{FileType, Stat, fstat, stat};

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
            let is_nowhere = out.and_then(|out| Ok(is_same_device(&out, &nowhere?)));
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

/// Whether both are one device. What is none has no number to tell it by: all pipes and files have the same,
/// and `/dev/null` may be a file in a container.
fn is_same_device(one: &Stat, other: &Stat) -> bool {
    let is_device = |it: &Stat| FileType::from_raw_mode(it.st_mode) == FileType::CharacterDevice;
    is_device(one) && is_device(other) && one.st_rdev == other.st_rdev
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    #[test]
    fn only_a_device_is_nowhere_though_what_stands_in_its_place_may_be_a_file() {
        let nowhere = stat("/dev/null").unwrap();
        assert!(is_same_device(&nowhere, &nowhere));
        let file = fstat(tempfile::tempfile().unwrap()).unwrap();
        let pipe = fstat(io::pipe().unwrap().1).unwrap();
        for out in [file, pipe] {
            assert!(!is_same_device(&out, &nowhere));
            assert!(!is_same_device(&out, &file));
        }
        assert!(!is_same_device(&stat("/dev/zero").unwrap(), &nowhere));
    }
}
