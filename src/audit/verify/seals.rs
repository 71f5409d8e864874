//! Whether checkpoints were sealed by who had the key then.
use super::{
    mark::{Hash, Place},
    verdict::{Break, Kind, Seals},
};
use crate::audit::{Seal, seal::SealKey};

/// More seals than this no log has: a century of one a minute is 52 million. So often a key evolves
/// at most, whatever numbers a log claims.
const MOST: u64 = 1 << 28;

/// Walks from seal to seal. The chain says whether one is missing or stands there twice: each seals
/// all that is before it.
#[derive(Default)]
pub(super) struct SealCheck {
    /// The key of the next seal.
    key: Option<SealKey>,
    is_begun: bool,
    evolved: u64,
    pub(super) seals: Seals,
}

impl SealCheck {
    pub(super) fn new(key: Option<SealKey>) -> Self {
        Self {
            seals: Seals {
                are_checked: key.is_some(),
                ..Seals::default()
            },
            key,
            ..Self::default()
        }
    }

    /// Whether a key was given and nothing that was found is sealed with it.
    pub(super) fn is_in_vain(&self) -> bool {
        self.key.is_some() && self.seals.right == 0
    }

    /// Of the checkpoint that is record `seq`.
    pub(super) fn check(
        &mut self,
        at: Place,
        seq: u64,
        head: Hash,
        seal: Option<Seal>,
    ) -> Option<Break> {
        let broken = |expected: String, found: String| {
            Some(Break {
                at,
                kind: Kind::Seal,
                count: 1,
                expected,
                found,
            })
        };
        let Some(seal) = seal else {
            let is_asked = self.key.is_some() && self.is_begun;
            return is_asked
                .then(|| broken("a seal, as on those before".to_owned(), "none".to_owned()))
                .flatten();
        };
        self.seals.found += 1;
        let key = self.key.as_mut()?;
        let ahead = match seal.number.checked_sub(key.number()) {
            Some(ahead) if ahead <= MOST - self.evolved => ahead,
            // Before the key that was given was in use.
            None if !self.is_begun => return None,
            _ => {
                let found = format!("seal {}", seal.number);
                return broken(format!("seal {} or one after it", key.number()), found);
            }
        };
        self.evolved += ahead;
        let mut own = key.clone();
        (0..ahead).for_each(|_| own.evolve());
        if own.seal(head) != seal {
            // The right one is not told: it would be what a forger lacks.
            let expected = format!("seal {} by the key that was given", seal.number);
            return broken(expected, "another".to_owned());
        }
        own.evolve();
        *key = own;
        self.is_begun = true;
        self.seals.right += 1;
        self.seals.up_to = Some(seq - 1);
        None
    }
}
