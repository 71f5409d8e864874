//! The keys that the settings name and those that there were, each with what is known of it.
mod naming;

use std::collections::{HashMap, HashSet, hash_map::Entry};

use chrono::{DateTime, TimeDelta, Utc};

pub(super) use self::naming::Named;
use super::key_files::KeyFiles;
use crate::{
    config::KeyEditor,
    keys::{
        ApiKey, Fingerprint, Form, KeyEntry, KeyHint, KeyId, KeyList, KeyRecord, Metadata,
        SEPARATORS, Successors, Weakness, entry_within,
    },
};

/// How long before its end a key is called one that ends.
const SOON: TimeDelta = TimeDelta::days(14);

pub(super) struct Inventory {
    /// The keys of the settings, each once: those of the `.env` file first, in its order.
    pub(super) keys: Vec<SetKey>,
    /// What is known of keys that stand nowhere any more, or not yet.
    pub(super) others: Vec<KeyRecord>,
    /// What to say where there is no key.
    none: String,
}

/// A key of the settings.
#[derive(Clone, Debug)]
pub(super) struct SetKey {
    pub(super) id: KeyId,
    pub(super) form: Form,
    pub(super) weaknesses: Vec<Weakness>,
    /// By which people and the audit log name it.
    pub(super) hint: KeyHint,
    pub(super) place: Place,
    /// Where it stands beyond `.env`, or instead: no command takes it out there.
    pub(super) elsewhere: Option<Place>,
    pub(super) record: Option<KeyRecord>,
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    EnvFile,
    /// `MCP_API_KEYS` of the process.
    Environment,
    /// The file that `MCP_API_KEYS_FILE` names.
    KeysFile,
}

/// Whether a key opens the door, and why not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    InUse,
    /// In use until then.
    Ending(DateTime<Utc>),
    Expired(DateTime<Utc>),
    Retired(DateTime<Utc>),
    Revoked(DateTime<Utc>),
}

impl State {
    pub(super) fn of(record: Option<&KeyRecord>, now: DateTime<Utc>) -> Self {
        let Some(record) = record else {
            return Self::InUse;
        };
        match (record.revoked_at, record.retired_at, record.expires_at) {
            (Some(at), _, _) => Self::Revoked(at),
            (None, Some(at), _) => Self::Retired(at),
            (None, None, Some(end)) if end <= now => Self::Expired(end),
            (None, None, Some(end)) => Self::Ending(end),
            (None, None, None) => Self::InUse,
        }
    }

    /// Whether it opens the door.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::InUse | Self::Ending(_))
    }

    /// In one word. An end that is far off is not worth one.
    pub(super) fn word(record: Option<&KeyRecord>, now: DateTime<Utc>) -> &'static str {
        let is_replaced = record.is_some_and(|record| record.replaced_by.is_some());
        match Self::of(record, now) {
            Self::Ending(end) if is_replaced || end - now <= SOON => "ending",
            Self::InUse | Self::Ending(_) => "in use",
            Self::Expired(_) => "expired",
            Self::Retired(_) => "retired",
            Self::Revoked(_) => "revoked",
        }
    }
}

impl Place {
    /// By the name of the variable that brought it, and that the `.env` file does not have.
    fn of(variable: &str) -> Self {
        if variable == "MCP_API_KEYS_FILE" {
            Self::KeysFile
        } else {
            Self::Environment
        }
    }

    /// For a sentence.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::EnvFile => "`.env`",
            Self::Environment => "`MCP_API_KEYS` of the environment",
            Self::KeysFile => "the file that `MCP_API_KEYS_FILE` names",
        }
    }
}

impl Inventory {
    /// The keys of `.env`, which were just read, and those of other places.
    pub(super) fn new(files: &KeyFiles, in_file: &KeyEditor, known: &Metadata) -> Self {
        let mut keys: Vec<_> = in_file
            .keys()
            .iter()
            .map(|entry| SetKey::new(entry.clone(), Place::EnvFile, known))
            .collect();
        let places = keys.iter().enumerate();
        let mut at: HashMap<KeyId, usize> = places.map(|(at, key)| (key.id, at)).collect();
        let texts = files.config.gate.keys.texts.iter();
        let texts = texts.map(|(name, text)| (Place::of(name), text.expose()));
        // What the variable has is from the file, if it is what the file has.
        let elsewhere =
            texts.filter(|(place, text)| *place == Place::KeysFile || !in_file.is_value(text));
        for (place, text) in elsewhere {
            for entry in KeyList::parse(text).keys {
                match at.entry(entry.id) {
                    Entry::Occupied(known) if place == Place::KeysFile => {
                        keys[*known.get()].elsewhere = Some(place);
                    }
                    Entry::Occupied(_) => {}
                    Entry::Vacant(free) => {
                        free.insert(keys.len());
                        keys.push(SetKey::new(entry, place, known));
                    }
                }
            }
        }
        let set: HashSet<Fingerprint> = keys.iter().map(|key| key.id.fingerprint()).collect();
        let others = known
            .records()
            .filter(|record| record.fp.is_none_or(|key| !set.contains(&key)));
        Self {
            others: others.cloned().collect(),
            none: files.no_keys(),
            keys,
        }
    }

    /// The keys that open the door. The example that everybody knows does not count: it opens
    /// nothing beyond this machine.
    pub(super) fn usable(&self, now: DateTime<Utc>) -> impl Iterator<Item = &SetKey> {
        self.keys.iter().filter(move |key| {
            key.state(now).is_open() && !key.weaknesses.contains(&Weakness::GuideExample)
        })
    }
}

impl Inventory {
    /// Whether another key of the list has its place, and opens the door.
    pub(super) fn is_replaced(&self, key: &SetKey, now: DateTime<Utc>) -> bool {
        self.successor(key, now).is_some()
    }

    /// The key of the list that has its place, and opens the door.
    pub(super) fn successor(&self, key: &SetKey, now: DateTime<Utc>) -> Option<&SetKey> {
        let record = key.record.as_ref().filter(|it| it.replaced_by.is_some())?;
        let set = self.keys.iter().filter_map(|it| it.record.as_ref());
        let successors = Successors::among(set.chain(&self.others));
        let usable = |record: &KeyRecord| {
            let mut usable = self.usable(now);
            usable.find(|key| Some(key.id.fingerprint()) == record.fp)
        };
        successors.of(record).find_map(usable)
    }
}

impl SetKey {
    fn new(entry: KeyEntry, place: Place, known: &Metadata) -> Self {
        let record = known.key(&entry.id).cloned();
        Self {
            id: entry.id,
            form: entry.form,
            hint: known.hint(&entry),
            weaknesses: entry.weaknesses,
            place,
            elsewhere: (place != Place::EnvFile).then_some(place),
            record,
        }
    }

    pub(super) fn state(&self, now: DateTime<Utc>) -> State {
        State::of(self.record.as_ref(), now)
    }

    /// How old it is in whole days; `None` where that is not known, negative in the future.
    pub(super) fn days(&self, now: DateTime<Utc>) -> Option<i64> {
        days(self.record.as_ref(), now)
    }
}

/// How old a key is in whole days, rounded down.
pub(super) fn days(record: Option<&KeyRecord>, now: DateTime<Utc>) -> Option<i64> {
    let age = now - record?.created_at?;
    Some(age.num_seconds().div_euclid(86_400))
}

/// A key in full, for who must show it to a server; `None` where only its digest is written down.
pub(super) fn full_key(files: &KeyFiles, key: &KeyId) -> Option<ApiKey> {
    let texts = files.config.gate.keys.texts.iter();
    let mut pieces = texts.flat_map(|(_, text)| text.expose().split(SEPARATORS));
    pieces.find_map(|piece| {
        let found = ApiKey::parse(&piece[entry_within(piece)]).ok()?;
        (found.id() == *key).then_some(found)
    })
}
