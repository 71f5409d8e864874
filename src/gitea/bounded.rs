//! Lists that end before the memory does: bytes of an answer are bounded, and so is what they become.
use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

use super::call::ANSWER_LIMIT;

/// How the error begins of a list that is too long.
pub(super) const TOO_MANY: &str = "too many items";

/// The items of a list, which take no more room than the longest answer. Gitea writes far more for
/// each than a view keeps of it, so that no honest answer gets there.
#[derive(Debug)]
pub struct Bounded<T> {
    pub items: Vec<T>,
    /// How many others are `null`: what the forge counts and cannot tell.
    pub empty: u64,
}

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        let (items, empty) = (Vec::new(), 0);
        Self { items, empty }
    }
}

impl<T> Bounded<T> {
    /// How long the forge made it.
    pub fn length(&self) -> u64 {
        self.items.len() as u64 + self.empty
    }

    /// The items where none is empty.
    pub(super) fn whole<E: Error>(self) -> Result<Vec<T>, E> {
        match self.empty {
            0 => Ok(self.items),
            _ => Err(E::custom("an item of the list is null")),
        }
    }
}

pub(super) fn items<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    mut list: A,
) -> Result<Bounded<T>, A::Error> {
    let most = ANSWER_LIMIT / size_of::<T>().max(1);
    let (mut items, mut empty) = (Vec::new(), 0);
    while let Some(item) = list.next_element::<Option<T>>()? {
        let Some(item) = item else {
            empty += 1;
            continue;
        };
        if items.len() == most {
            return Err(A::Error::custom(TOO_MANY));
        }
        items.push(item);
    }
    Ok(Bounded { items, empty })
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = Bounded<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Bounded<T>, A::Error> {
                items(list)
            }
        }

        from.deserialize_seq(List(PhantomData))
    }
}
