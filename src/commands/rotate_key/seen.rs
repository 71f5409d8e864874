//! What is known of the keys at one moment, and how it is told to a person.
use std::{collections::HashMap, net::IpAddr};

use chrono::{DateTime, TimeDelta, Utc};

use super::refusal::{Refusal, refusal};
use crate::{
    audit::KeyUse,
    commands::{
        Failure,
        inventory::{Inventory, Named, Place},
        key_files::KeyFiles,
    },
    config::KeyEditor,
    keys::{KeyEntry, KeyHint, KeyRecord, Metadata, Rotation, rotations},
};

pub(super) struct Seen<'a> {
    pub(super) files: &'a KeyFiles,
    pub(super) keys: &'a KeyEditor,
    pub(super) metadata: &'a Metadata,
    /// By whom each key was used; `None` where no log can be read.
    pub(super) uses: Option<&'a HashMap<KeyHint, KeyUse>>,
    pub(super) now: DateTime<Utc>,
}

impl<'a> Seen<'a> {
    pub(super) fn rotations(&self) -> Vec<Rotation<'a>> {
        rotations(self.keys.keys(), self.metadata, self.now)
    }

    /// The keys that may be replaced: in use, and part of no rotation that is still open.
    pub(super) fn replaceable(&self) -> Vec<&'a KeyEntry> {
        let rotations = self.rotations();
        let keys = self.keys.keys().iter();
        keys.filter(|key| self.refusal(key, &rotations).is_none())
            .collect()
    }

    /// Why a key may not be replaced.
    pub(super) fn refusal(&self, key: &KeyEntry, rotations: &[Rotation<'_>]) -> Option<Refusal> {
        refusal(&key.id, self.hint(key), self.metadata, rotations)
    }

    /// Keys that were taken out of use and stand in the file all the same, but are not being replaced.
    pub(super) fn left_over(&self) -> Vec<&'a KeyEntry> {
        let rotations = self.rotations();
        let ended = |key: &&KeyEntry| {
            self.record(key).is_some_and(KeyRecord::has_ended)
                && rotations.iter().all(|rotation| rotation.old.id != key.id)
        };
        self.keys.keys().iter().filter(ended).collect()
    }

    /// The one of the `replaceable` keys that a person calls `name`, or why that one is none of them.
    pub(super) fn named(
        &self,
        name: &str,
        replaceable: &[&'a KeyEntry],
    ) -> Result<&'a KeyEntry, Failure> {
        let found = self.called(name, replaceable);
        if !matches!(found, Err(Failure::Other(_))) {
            return found;
        }
        let rotations = self.rotations();
        let old: Vec<_> = rotations.iter().map(|rotation| rotation.old).collect();
        let all = Inventory::new(self.files, self.keys, self.metadata);
        // An old key and the one in its place have the same label: the old one is meant.
        let refusal = match (self.called(name, &old), all.named(name)) {
            (Ok(old), _) => self.refusal(old, &rotations),
            (_, Ok(Named::Set(key))) if key.place == Place::EnvFile => {
                refusal(&key.id, key.hint, self.metadata, &rotations)
            }
            (_, Ok(Named::Set(key))) => Some(Refusal::Elsewhere(key.hint, key.place.as_str())),
            _ => None,
        };
        refusal.map_or(found, |refusal| Err(refusal.into()))
    }

    /// The rotation of the key, or by the key, that a person calls `name`.
    pub(super) fn under_way<'r>(
        &self,
        name: &str,
        rotations: &'r [Rotation<'a>],
    ) -> Result<&'r Rotation<'a>, Failure> {
        let old: Vec<_> = rotations.iter().map(|rotation| rotation.old).collect();
        let new: Vec<_> = rotations
            .iter()
            .filter_map(|rotation| rotation.new)
            .collect();
        let key = match self.called(name, &old) {
            Err(Failure::Other(_)) => self.called(name, &new),
            found => found,
        };
        let is_of = |rotation: &&Rotation<'a>, key: &KeyEntry| {
            rotation.old.id == key.id || rotation.new.is_some_and(|new| new.id == key.id)
        };
        match key {
            Ok(key) => Ok(rotations
                .iter()
                .find(|rotation| is_of(rotation, key))
                .expect("it is of one of them")),
            Err(Failure::Other(_)) => Err(Failure::Other(
                "no key of that name is being replaced; `--status` says which are".to_owned(),
            )),
            Err(failure) => Err(failure),
        }
    }

    fn called(&self, name: &str, keys: &[&'a KeyEntry]) -> Result<&'a KeyEntry, Failure> {
        let mut known = Inventory::new(self.files, self.keys, self.metadata);
        known.others.clear();
        known
            .keys
            .retain(|set| keys.iter().any(|key| key.id == set.id));
        let named = match known.named(name)? {
            Named::Set(set) => keys.iter().find(|key| key.id == set.id),
            Named::Other(_) => None,
        };
        Ok(named.expect("it is one of these"))
    }

    /// What takes the old key's place.
    pub(super) fn successor(&self, rotation: &Rotation<'_>) -> String {
        match (rotation.new, rotation.successor.hint) {
            (Some(new), _) => self.hint(new).to_string(),
            (None, Some(hint)) => hint.to_string(),
            (None, None) => "another key".to_owned(),
        }
    }

    pub(super) fn names(&self, keys: &[&KeyEntry]) -> String {
        let first = keys.iter().take(NAMED).map(|key| self.name(key));
        let first = first.collect::<Vec<_>>().join(", ");
        match keys.len() {
            0..=NAMED => first,
            several => format!("{first} and {} more", several - NAMED),
        }
    }

    pub(super) fn record(&self, key: &KeyEntry) -> Option<&'a KeyRecord> {
        self.metadata.key(&key.id)
    }

    pub(super) fn hint(&self, key: &KeyEntry) -> KeyHint {
        self.metadata.hint(key)
    }

    /// By its hint, and by its label where it has one.
    pub(super) fn name(&self, key: &KeyEntry) -> String {
        let hint = self.hint(key);
        match self.record(key).and_then(|record| record.label.as_ref()) {
            Some(label) => format!("{hint} ({label})"),
            None => hint.to_string(),
        }
    }

    /// One line about it, which a terminal of 80 columns has room for in all but rare cases.
    pub(super) fn line(&self, key: &KeyEntry) -> String {
        let label = self.record(key).and_then(|record| record.label.as_ref());
        let label = label.map(ToString::to_string).unwrap_or_default();
        let label = console::truncate_str(&label, LABEL, "…");
        let label = console::pad_str(&label, LABEL, console::Alignment::Left, None);
        let created = self.record(key).and_then(|record| record.created_at);
        let age = match created {
            Some(created) if created <= self.now => format!("{} old", span(self.now - created)),
            Some(_) => "made in the future".to_owned(),
            None => "age unknown".to_owned(),
        };
        format!(
            "{}  {label}  {age:<13}  {}",
            self.hint(key),
            self.last_use(key)
        )
    }

    /// When it was used last, and from where.
    pub(super) fn last(&self, key: &KeyEntry) -> Option<(DateTime<Utc>, IpAddr)> {
        self.uses?.get(&self.hint(key))?.last
    }

    pub(super) fn last_use(&self, key: &KeyEntry) -> String {
        match self.last(key) {
            Some((at, from)) => format!("used {} ago ({from})", span(self.now - at)),
            None if self.uses.is_some() => "never used".to_owned(),
            None => "use unknown".to_owned(),
        }
    }
}

/// How many keys a sentence names at most.
const NAMED: usize = 10;
/// How many columns a label gets.
const LABEL: usize = 14;

/// A length of time in its largest unit: `81 days`.
pub(super) fn span(span: TimeDelta) -> String {
    let (number, unit) = match span.num_seconds() {
        ..60 => return "a moment".to_owned(),
        60..3_600 => (span.num_minutes(), "minute"),
        3_600..172_800 => (span.num_hours(), "hour"),
        172_800.. => (span.num_days(), "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// A time as people and programs read it.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
