//! `aegis-keys.json`: what is known about keys, beside the file that has them. A reader never
//! writes it; who writes it keeps whatever else stands there.
use std::{
    collections::{HashMap, hash_map::Entry},
    ops::Range,
};

use chrono::{DateTime, Utc};
use serde_json::{error::Category, value::RawValue};

use super::{
    ApiKey, Fingerprint, Form, KeyEntry, KeyHint, KeyId, KeyRecord,
    members::{Members, raw},
    record::Written,
};
use crate::sort;

/// What is known about keys.
#[derive(Debug)]
pub struct Metadata {
    /// The document as it was read.
    text: String,
    rows: Vec<Row>,
    /// The rows by whose they are.
    by_key: HashMap<Fingerprint, usize>,
}

#[derive(Debug)]
struct Row {
    record: KeyRecord,
    text: Text,
}

/// A record as it is to be written, with whatever else it says.
#[derive(Debug)]
enum Text {
    /// Where it stands in the document.
    Found(Range<usize>),
    Made(String),
}

/// There is a record of that key already.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is a record of this key already")]
pub struct KnownKey;

/// What is wrong with a text that should be metadata. None of the text is quoted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MetadataFault {
    /// Half written, or mistyped by somebody.
    #[error("it is broken: {0}")]
    Broken(String),
    /// Of a later version, or of something else.
    #[error("it is no key metadata of version 1")]
    Foreign,
}

impl Metadata {
    /// Reads the text of the file.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, MetadataFault> {
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| MetadataFault::Broken("it is not UTF-8".into()))?;
        let (rows, by_key) = read(&text)?;
        Ok(Self { text, rows, by_key })
    }

    /// What is known of the key with this digest.
    pub fn key(&self, key: &KeyId) -> Option<&KeyRecord> {
        let row = self.by_key.get(&key.fingerprint())?;
        Some(&self.rows[*row].record)
    }

    /// By which people know a key of the list: of a hashed one the list tells only the digest's.
    pub fn hint(&self, entry: &KeyEntry) -> KeyHint {
        let known = self.key(&entry.id).and_then(|record| record.hint);
        let known = known.filter(|_| entry.form == Form::Hashed);
        known.unwrap_or(entry.hint)
    }

    /// Every record, of keys in use and of former ones.
    pub fn records(&self) -> impl ExactSizeIterator<Item = &KeyRecord> {
        self.rows.iter().map(|row| &row.record)
    }

    /// Adds the record of a key. Where its `id` is taken, it gets another.
    ///
    /// # Errors
    /// There is one of that key already.
    pub fn note_created(&mut self, mut record: KeyRecord) -> Result<(), KnownKey> {
        if let Some(key) = record.fp {
            match self.by_key.entry(key) {
                Entry::Occupied(_) => return Err(KnownKey),
                Entry::Vacant(place) => place.insert(self.rows.len()),
            };
        }
        while self.records().any(|known| known.id == record.id) {
            record.id.push('+');
        }
        let text = Text::Made(Members::default().with(&record));
        self.rows.push(Row { record, text });
        Ok(())
    }

    /// From `end` on the key is refused.
    pub fn note_expires(&mut self, key: &KeyId, hint: KeyHint, end: DateTime<Utc>) {
        self.change(key, hint, |record| record.expires_at = Some(end));
    }

    /// The key `new` was made to take this one's place.
    pub(super) fn note_replaced(&mut self, key: &KeyId, hint: KeyHint, new: &KeyId) {
        let new = self
            .key(new)
            .map_or_else(|| new.fingerprint().to_string(), |record| record.id.clone());
        self.change(key, hint, |record| {
            record.replaced_by = Some(new);
            record.prior_expires_at = record.expires_at;
        });
    }

    /// The key `new`, made at `now`, takes this one's place: with its label, and with an end where it
    /// has one, which is told.
    pub fn note_successor(
        &mut self,
        key: &KeyId,
        hint: KeyHint,
        new: &ApiKey,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let old = self.key(key);
        let end = old.and_then(|old| old.end_of_next(now));
        let record = KeyRecord {
            label: old.and_then(|old| old.label.clone()),
            expires_at: end,
            ..KeyRecord::generated(new, now)
        };
        // A key that was just drawn is in no record.
        let _ = self.note_created(record);
        self.note_replaced(key, hint, &new.id());
        end
    }

    /// No key takes this one's place after all: its end is what it was before.
    pub fn note_kept(&mut self, key: &KeyId, hint: KeyHint) {
        self.change(key, hint, |record| {
            record.replaced_by = None;
            record.expires_at = record.prior_expires_at.take();
        });
    }

    /// The key of the record with this `id` was never used, or will not be again.
    pub fn note_withdrawn(&mut self, id: &str, at: DateTime<Utc>) {
        self.change_record(id, |record| record.retired_at = Some(at));
    }

    /// The key was taken out of use in good order.
    pub fn note_retired(&mut self, key: &KeyId, hint: KeyHint, at: DateTime<Utc>) {
        self.change(key, hint, |record| record.retired_at = Some(at));
    }

    /// The key was taken out of use because somebody else may have it.
    pub fn note_revoked(&mut self, key: &KeyId, hint: KeyHint, at: DateTime<Utc>) {
        self.change(key, hint, |record| record.revoked_at = Some(at));
    }

    /// The same of the key of the record with this `id`, which stands nowhere any more.
    pub fn note_revoked_record(&mut self, id: &str, at: DateTime<Utc>) {
        self.change_record(id, |record| record.revoked_at = Some(at));
    }

    /// Changes the record of a key, but not whose it is. A key without a record gets one, without an age.
    pub fn change(&mut self, key: &KeyId, hint: KeyHint, change: impl FnOnce(&mut KeyRecord)) {
        if self.key(key).is_none() {
            let added = self.note_created(KeyRecord::of(key, hint));
            added.expect("a key that has no record has none");
        }
        self.change_row(self.by_key[&key.fingerprint()], change);
    }

    fn change_record(&mut self, id: &str, change: impl FnOnce(&mut KeyRecord)) {
        if let Some(row) = self.rows.iter().position(|row| row.record.id == id) {
            self.change_row(row, change);
        }
    }

    fn change_row(&mut self, row: usize, change: impl FnOnce(&mut KeyRecord)) {
        let row = &mut self.rows[row];
        let (id, fp) = (row.record.id.clone(), row.record.fp);
        change(&mut row.record);
        (row.record.id, row.record.fp) = (id, fp);
        let text = Members::of(row.text.within(&self.text)).with(&row.record);
        row.text = Text::Made(text);
    }

    /// The text of the file, a record a line. One that was not changed stands as it stood.
    pub fn to_text(&self) -> String {
        let rows = self
            .rows
            .iter()
            .map(|row| format!("\n    {}", row.text.within(&self.text)));
        let rows = rows.collect::<Vec<_>>().join(",");
        let document = Members::of(&self.text);
        let members = document.iter().map(|(name, text)| {
            let text = match name {
                "keys" if rows.is_empty() => "[]",
                "keys" => &format!("[{rows}\n  ]"),
                _ => text.get(),
            };
            format!("\n  {}: {text}", raw(name))
        });
        format!("{{{}\n}}\n", members.collect::<Vec<_>>().join(","))
    }
}

impl Text {
    fn within<'a>(&'a self, document: &'a str) -> &'a str {
        match self {
            Self::Found(place) => &document[place.clone()],
            Self::Made(text) => text,
        }
    }
}

impl Default for Metadata {
    /// Nothing is known.
    fn default() -> Self {
        Self::parse(br#"{"version": 1, "keys": []}"#.to_vec()).expect("this is metadata")
    }
}

type Rows = (Vec<Row>, HashMap<Fingerprint, usize>);

fn read(text: &str) -> Result<Rows, MetadataFault> {
    let document: Members<'_> = serde_json::from_str(text).map_err(|error| fault(&error))?;
    if document.has_repeated() {
        return Err(MetadataFault::Broken("it has a member twice".into()));
    }
    if document.get("version").map(RawValue::get) != Some("1") {
        return Err(MetadataFault::Foreign);
    }
    let keys = document.get("keys").ok_or(MetadataFault::Foreign)?.get();
    let records: Vec<&RawValue> = serde_json::from_str(keys).map_err(|_| MetadataFault::Foreign)?;

    let mut rows = Vec::with_capacity(records.len());
    let mut by_key = HashMap::with_capacity(records.len());
    let broken = |at, wrong: &str| MetadataFault::Broken(format!("record {} {wrong}", at + 1));
    for (at, found) in records.into_iter().map(RawValue::get).enumerate() {
        let record = read_record(found).map_err(|wrong| broken(at, &wrong))?;
        if record
            .fp
            .is_some_and(|key| by_key.insert(key, at).is_some())
        {
            return Err(broken(at, "has the `fp` of an earlier one"));
        }
        let start = found.as_ptr() as usize - text.as_ptr() as usize;
        let text = Text::Found(start..start + found.len());
        rows.push(Row { record, text });
    }
    let ids = rows
        .iter()
        .enumerate()
        .map(|(at, row): (_, &Row)| (&*row.record.id, at));
    let mut ids: Vec<_> = ids.collect();
    sort::by_key(&mut ids, |id| *id);
    if let Some(pair) = ids.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(broken(pair[1].1, "has the `id` of an earlier one"));
    }
    Ok((rows, by_key))
}

fn read_record(text: &str) -> Result<KeyRecord, String> {
    let written: Written<'_> = serde_json::from_str(text)
        .map_err(|_| "has no `id`, a member twice, or one that is no text".to_owned())?;
    KeyRecord::try_from(written).map_err(|wrong| format!("has a wrong member: {wrong}"))
}

/// Where a text ceases to be JSON. What stands there is not said.
fn fault(error: &serde_json::Error) -> MetadataFault {
    match error.classify() {
        Category::Eof => {
            MetadataFault::Broken("it ends too early, as if it was half written".to_owned())
        }
        Category::Data => MetadataFault::Foreign,
        Category::Syntax | Category::Io => MetadataFault::Broken(format!(
            "it is no JSON from line {}, column {} on",
            error.line(),
            error.column()
        )),
    }
}

#[cfg(test)]
mod tests;
