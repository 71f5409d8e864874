//! Where a rotation stands after a step of it failed. Both files are read again: a disk may fail
//! when the change is made already, or before any is.
use super::{
    BOTH_STAY,
    place::Place,
    seen::{Seen, time},
};
use crate::{
    commands::Failure,
    keys::{KeyId, Stage},
};

/// What stands in both files.
pub(super) enum Left {
    /// The rotation is there, as far as this.
    UnderWay(Stage),
    /// The old key alone.
    OldAlone,
    /// The old key stands there no more.
    TakenOut,
    /// The files cannot be read.
    Unknown(Failure),
}

impl Place {
    /// What stands in both files now of the rotation of the key `old`.
    pub(super) fn left(&self, old: &KeyId) -> Left {
        let look = match self.look() {
            Ok(look) => look,
            Err(failure) => return Left::Unknown(failure),
        };
        Left::seen(&look.seen(self), old)
    }
}

impl Left {
    fn seen(seen: &Seen<'_>, old: &KeyId) -> Self {
        let mut rotations = seen.rotations().into_iter();
        if let Some(rotation) = rotations.find(|rotation| rotation.old.id == *old) {
            Self::UnderWay(rotation.stage)
        } else if seen.keys.keys().iter().any(|key| key.id == *old) {
            Self::OldAlone
        } else {
            Self::TakenOut
        }
    }

    /// Whether the new key came into force.
    pub(super) fn has_new(&self) -> bool {
        match self {
            Self::UnderWay(Stage::Missing) | Self::OldAlone | Self::Unknown(_) => false,
            Self::UnderWay(_) | Self::TakenOut => true,
        }
    }

    /// The same, for the end of a sentence.
    pub(super) fn told(&self) -> String {
        let finish = "`aegis rotate-key --finish` takes it out";
        match self {
            Self::UnderWay(Stage::Open) => BOTH_STAY.to_owned(),
            Self::UnderWay(Stage::Ending(end)) => format!(
                "both keys stay, the old one until {}; after that {finish}",
                time(*end)
            ),
            Self::UnderWay(Stage::Ended(end)) => {
                format!("the old key is refused since {}; {finish}", time(*end))
            }
            Self::UnderWay(Stage::Leaving) => format!("the old key is refused; {finish}"),
            Self::UnderWay(Stage::Missing) => {
                "the new key is in no file; `aegis rotate-key --abort` forgets it".to_owned()
            }
            Self::OldAlone => "the old key stays, and no new one is beside it".to_owned(),
            Self::TakenOut => "the old key is taken out, which a power cut may undo".to_owned(),
            Self::Unknown(failure) => format!("what is left is not known: {failure}"),
        }
    }
}
