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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rights::Access;

    fn key(character: &str) -> ApiKey {
        ApiKey::parse(&character.repeat(64)).expect("a key")
    }

    #[test]
    fn each_key_is_found_by_its_very_bytes_alone() {
        let ring = KeyRing::new(&[key("a"), key("b"), key("a")], Rights::up_to(Access::Read));
        assert_eq!(ring.len(), 2);
        let found = ring
            .find("b".repeat(64).as_bytes())
            .expect("it is in force");
        assert_eq!((found.id, found.hint), (key("b").id(), key("b").hint()));
        for wrong in [
            "c".repeat(64),
            "A".repeat(64),
            "a".repeat(63),
            format!("{}\n", "a".repeat(64)),
            String::new(),
        ] {
            assert!(ring.find(wrong.as_bytes()).is_none());
        }
    }

    #[test]
    fn an_empty_ring_finds_nothing_not_even_its_dummy() {
        let ring = KeyRing::new(&[], Rights::up_to(Access::Read));
        assert!(ring.is_empty());
        assert!(ring.find(b"no key has this digest").is_none());
        assert!(ring.find(b"").is_none());
    }
}
