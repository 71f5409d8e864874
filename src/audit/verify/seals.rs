//! Whether checkpoints were sealed by who had the key then.
use super::{
    mark::{Hash, Place},
    verdict::{Break, Kind, Seals},
};
use crate::audit::{Seal, seal::SealKey};

/// More seals than this no log has: a century of one a minute is 52 million. So often a key evolves
/// at most, whatever numbers a log claims.
const MOST: u64 = 1 << 28;

/// Walks from seal to seal. None may be missing: whoever finds the key of a later one can seal a log
/// that was written anew, but not with those before it.
#[derive(Default)]
pub(super) struct SealCheck {
    /// The key of the next seal.
    key: Option<SealKey>,
    is_begun: bool,
    /// Where the first seal is, if it is a later one than that of the key which was given.
    begins_later: Option<(Place, Numbers)>,
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

    /// At the end: whether the seals before the first one are missing, or were in files that are not
    /// there since the log itself begins later.
    pub(super) fn finish(&mut self, is_whole: bool) -> Option<Break> {
        let (at, numbers) = self.begins_later?;
        if is_whole {
            return Some(numbers.missing(at));
        }
        self.seals.begins_with = Some(numbers.found);
        None
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
        let wanted = key.number();
        let ahead = match seal.number.checked_sub(wanted) {
            Some(ahead) if ahead <= MOST - self.evolved => ahead,
            // Before the key that was given was in use.
            None if !self.is_begun => return None,
            _ => return broken(format!("seal {wanted}"), format!("seal {}", seal.number)),
        };
        self.evolved += ahead;
        (0..ahead).for_each(|_| key.evolve());
        let is_right = key.seal(head) == seal;
        key.evolve();
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        if !is_right {
            // The right one is not told: it would be what a forger lacks.
            let expected = format!("seal {} by the key that was given", seal.number);
            return broken(expected, "another".to_owned());
        }
        self.seals.right += 1;
        self.seals.up_to = Some(seq - 1);
        let numbers = Numbers {
            wanted,
            found: seal.number,
        };
        if ahead > 0 && is_first {
            self.begins_later = Some((at, numbers));
            return None;
        }
        (ahead > 0).then(|| numbers.missing(at))
    }
}

/// Of the seal that should have come, and of the one that did.
#[derive(Clone, Copy)]
struct Numbers {
    wanted: u64,
    found: u64,
}

impl Numbers {
    fn missing(self, at: Place) -> Break {
        Break {
            at,
            kind: Kind::Seal,
            count: 1,
            expected: format!("seal {}", self.wanted),
            found: format!("seal {}", self.found),
        }
    }
}
