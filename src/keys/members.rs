//! A JSON object, member by member as it was written: what is not known to us is kept.
use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::{RawValue, to_raw_value};

use super::KeyRecord;
use crate::sort;

#[derive(Default)]
pub(super) struct Members<'a>(Vec<(String, Cow<'a, RawValue>)>);

impl<'a> Members<'a> {
    /// The members of an object that was read before.
    pub(super) fn of(object: &'a str) -> Self {
        serde_json::from_str(object).expect("it was read before")
    }

    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        let member = self.0.iter().find(|(known, _)| known == name);
        member.map(|(_, text)| &**text)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, text)| (&**name, &**text))
    }

    /// Whether a name comes twice, so that two readers may see two things.
    pub(super) fn has_repeated(&self) -> bool {
        let mut names: Vec<_> = self.0.iter().map(|(name, _)| name).collect();
        sort::by_key(&mut names, |name| *name);
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// The object with what `record` says instead of what it said of the same, on one line.
    pub(super) fn with(mut self, record: &KeyRecord) -> String {
        for (name, value) in record.members() {
            let place = self.0.iter().position(|(known, _)| known == name);
            match (place, value) {
                (Some(at), Some(value)) => self.0[at].1 = Cow::Owned(raw(&value)),
                (None, Some(value)) => self.0.push((name.to_owned(), Cow::Owned(raw(&value)))),
                (Some(at), None) => drop(self.0.remove(at)),
                (None, None) => {}
            }
        }
        let members = self
            .iter()
            .map(|(name, text)| format!("{}: {text}", raw(name)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
    }
}

/// A text as JSON has it.
pub(super) fn raw(text: &str) -> Box<RawValue> {
    to_raw_value(text).expect("every text can be JSON")
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((name, text)) = map.next_entry()? {
            members.push((name, Cow::Borrowed(text)));
        }
        Ok(Members(members))
    }
}
