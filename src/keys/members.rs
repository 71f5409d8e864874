//! A JSON object, member by member as it was written: what is not known to us is kept.
use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::{RawValue, to_raw_value};

use super::KeyRecord;

#[derive(Debug, Default)]
pub(super) struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
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
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// The object with what `record` says instead of what it said of the same, on one line.
    pub(super) fn with(mut self, record: &KeyRecord) -> Box<RawValue> {
        for (name, value) in record.members() {
            let place = self.0.iter().position(|(known, _)| known == name);
            match (place, value) {
                (Some(at), Some(value)) => self.0[at].1 = raw(&value),
                (None, Some(value)) => self.0.push((name.to_owned(), raw(&value))),
                (Some(at), None) => drop(self.0.remove(at)),
                (None, None) => {}
            }
        }
        let members = self
            .iter()
            .map(|(name, text)| format!("{}: {text}", raw(name)));
        let object = format!("{{{}}}", members.collect::<Vec<_>>().join(", "));
        RawValue::from_string(object).expect("an object of JSON values is JSON")
    }
}

/// A text as JSON has it.
pub(super) fn raw(text: &str) -> Box<RawValue> {
    to_raw_value(text).expect("every text can be JSON")
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
