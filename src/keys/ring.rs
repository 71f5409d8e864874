//! The keys in force.
use std::collections::HashMap;

use subtle::ConstantTimeEq;

use super::{ApiKey, KeyHint, KeyId};
use crate::rights::Rights;

/// A key in force: what is left of it when its text is wiped.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: KeyId,
    pub hint: KeyHint,
    pub rights: Rights,
}

/// The keys in force, by digest. It holds no key's text.
#[derive(Debug)]
pub struct KeyRing {
    keys: HashMap<KeyId, Key>,
    /// Compared with when nothing was found, so that a miss ends as a hit does.
    dummy: KeyId,
}

impl KeyRing {
    /// The ring of these keys, each with `rights`; a key that comes twice is one.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a ApiKey>, rights: Rights) -> Self {
        let keys = keys.into_iter().map(|key| {
            let (id, hint) = (key.id(), key.hint());
            (id, Key { id, hint, rights })
        });
        Self {
            keys: keys.collect(),
            dummy: KeyId::of(b"no key has this digest"),
        }
    }

    /// The key that was offered, if it is in force.
    ///
    /// What is looked up is a digest, of which an attacker chooses no bit, and every search ends in
    /// one constant-time comparison: time tells neither length nor likeness.
    pub fn find(&self, offered: &[u8]) -> Option<&Key> {
        let id = KeyId::of(offered);
        let hit = self.keys.get(&id);
        let known = hit.map_or(&self.dummy, |key| &key.id);
        if bool::from(known.ct_eq(&id)) {
            hit
        } else {
            None
        }
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
