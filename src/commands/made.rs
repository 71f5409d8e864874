//! A key that was just made.
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

    /// As it is written down among the keys.
    pub(super) fn entry(&self) -> NewKey<'_> {
        if self.hashed {
            NewKey::Hashed(&self.id)
        } else {
            NewKey::Plain(&self.key)
        }
    }
}
