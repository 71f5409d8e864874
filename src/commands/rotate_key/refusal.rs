//! Why a rotation changes nothing.
use crate::{
    commands::Failure,
    keys::{KeyEntry, KeyHint, KeyId, KeyRecord, Metadata, Rotation, Stage},
};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0} is not among the keys any more")]
    Gone(KeyHint),
    #[error("{0} is being replaced already: `--finish` ends that, `--abort` takes it back")]
    UnderWay(KeyHint),
    #[error("{0} was made to replace another key, which stays until `--finish` or `--abort`")]
    Successor(KeyHint),
    #[error("{0} was taken out of use; make another with `aegis generate-key`")]
    OutOfUse(KeyHint),
    #[error(
        "{0} stands in {1}, where no command puts another: `aegis generate-key` makes one to put there"
    )]
    Elsewhere(KeyHint, &'static str),
    #[error("without {0} no key would be left that opens anything")]
    LastOne(KeyHint),
    #[error(
        "the key that replaces {0} is not in force, so the old one stays; `--abort` takes that back"
    )]
    NoSuccessor(KeyHint),
    #[error("{0} is refused already, so it cannot be kept")]
    Ended(KeyHint),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal.to_string())
    }
}

/// Why no other key may be made in the place of this one.
pub(super) fn refusal(
    key: &KeyId,
    hint: KeyHint,
    metadata: &Metadata,
    rotations: &[Rotation<'_>],
) -> Option<Refusal> {
    let is = |other: &KeyEntry| other.id == *key;
    for rotation in rotations {
        if is(rotation.old) && rotation.stage != Stage::Missing {
            return Some(Refusal::UnderWay(hint));
        }
        if rotation.new.is_some_and(is) && rotation.stage == Stage::Open {
            return Some(Refusal::Successor(hint));
        }
    }
    let has_ended = metadata.key(key).is_some_and(KeyRecord::has_ended);
    has_ended.then_some(Refusal::OutOfUse(hint))
}
