//! `aegis-keys.json`: what is known about keys, beside the file that has them. A reader never
//! writes it; who writes it keeps whatever else stands there.
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{error::Category, value::RawValue};

use super::{
    KeyHint, KeyId, KeyRecord,
    members::{Members, raw},
    record::Written,
};

/// What is known about keys.
#[derive(Debug)]
pub struct Metadata {
    rows: Vec<Row>,
    /// The rows by the fingerprints of their keys.
    by_key: HashMap<String, usize>,
    /// The document, of which `keys` counts no more.
    document: Members,
}

#[derive(Debug)]
struct Row {
    record: KeyRecord,
    /// As it stands in the file, with whatever else it says.
    text: Box<RawValue>,
}

/// There is a record of that key already.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is a record of this key already")]
pub struct KnownKey;

/// What is wrong with a text that should be metadata. None of the text is quoted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Fault {
    #[error("{0}")]
    Broken(String),
    #[error("it is no key metadata of version 1")]
    Foreign,
}

impl Metadata {
    /// Reads the text of the file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let text = str::from_utf8(bytes).map_err(|_| Fault::Broken("it is not UTF-8".into()))?;
        let document: Members = serde_json::from_str(text).map_err(|error| fault(&error))?;
        if document.has_repeated() {
            return Err(Fault::Broken("it has a member twice".into()));
        }
        if document.get("version").map(RawValue::get) != Some("1") {
            return Err(Fault::Foreign);
        }
        let keys = document.get("keys").ok_or(Fault::Foreign)?.get();
        let texts: Vec<Box<RawValue>> = serde_json::from_str(keys).map_err(|_| Fault::Foreign)?;
        let mut metadata = Self {
            rows: Vec::with_capacity(texts.len()),
            by_key: HashMap::with_capacity(texts.len()),
            document,
        };
        let mut ids = HashSet::with_capacity(texts.len());
        for (at, text) in texts.into_iter().enumerate() {
            let broken = |wrong: &str| Fault::Broken(format!("record {} {wrong}", at + 1));
            let record = read_record(&text).map_err(|wrong| broken(&wrong))?;
            if !ids.insert(record.id.clone()) {
                return Err(broken("has the `id` of an earlier one"));
            }
            let pushed = metadata.push(Row { record, text });
            pushed.map_err(|KnownKey| broken("has the `fp` of an earlier one"))?;
        }
        Ok(metadata)
    }

    /// What is known of the key with this digest.
    pub fn key(&self, key: &KeyId) -> Option<&KeyRecord> {
        let row = self.by_key.get(&key.fingerprint())?;
        Some(&self.rows[*row].record)
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
        while self.records().any(|known| known.id == record.id) {
            record.id.push('+');
        }
        let text = Members::default().with(&record);
        self.push(Row { record, text })
    }

    /// From `end` on the key is refused.
    pub fn note_expires(&mut self, key: &KeyId, hint: KeyHint, end: DateTime<Utc>) {
        self.change(key, hint, |record| record.expires_at = Some(end));
    }

    /// The key `new` was made to take this one's place.
    pub fn note_replaced(&mut self, key: &KeyId, hint: KeyHint, new: &KeyId) {
        let new = self
            .key(new)
            .map_or_else(|| new.fingerprint(), |record| record.id.clone());
        self.change(key, hint, |record| record.replaced_by = Some(new));
    }

    /// The key was taken out of use in good order.
    pub fn note_retired(&mut self, key: &KeyId, hint: KeyHint, at: DateTime<Utc>) {
        self.change(key, hint, |record| record.retired_at = Some(at));
    }

    /// The key was taken out of use because somebody else may have it.
    pub fn note_revoked(&mut self, key: &KeyId, hint: KeyHint, at: DateTime<Utc>) {
        self.change(key, hint, |record| record.revoked_at = Some(at));
    }

    /// Changes the record of a key, but not whose it is. A key without a record gets one, without an age.
    pub fn change(&mut self, key: &KeyId, hint: KeyHint, change: impl FnOnce(&mut KeyRecord)) {
        if self.key(key).is_none() {
            let added = self.note_created(KeyRecord::of(key, hint));
            added.expect("a key that has no record has none");
        }
        let row = &mut self.rows[self.by_key[&key.fingerprint()]];
        let (id, fp) = (row.record.id.clone(), row.record.fp.clone());
        change(&mut row.record);
        (row.record.id, row.record.fp) = (id, fp);
        let members: Members = serde_json::from_str(row.text.get()).expect("it was read before");
        row.text = members.with(&row.record);
    }

    /// The text of the file, a record a line. One that was not changed stands as it stood.
    pub(super) fn to_text(&self) -> String {
        let rows = self
            .rows
            .iter()
            .map(|row| format!("\n    {}", row.text.get()));
        let rows = rows.collect::<Vec<_>>().join(",");
        let members = self.document.iter().map(|(name, text)| {
            let text = match name {
                "keys" if rows.is_empty() => "[]",
                "keys" => &format!("[{rows}\n  ]"),
                _ => text.get(),
            };
            format!("\n  {}: {text}", raw(name))
        });
        format!("{{{}\n}}\n", members.collect::<Vec<_>>().join(","))
    }

    fn push(&mut self, row: Row) -> Result<(), KnownKey> {
        if let Some(key) = &row.record.fp {
            if self.by_key.contains_key(key) {
                return Err(KnownKey);
            }
            self.by_key.insert(key.clone(), self.rows.len());
        }
        self.rows.push(row);
        Ok(())
    }
}

impl Default for Metadata {
    /// Nothing is known.
    fn default() -> Self {
        Self::parse(br#"{"version": 1, "keys": []}"#).expect("this is metadata")
    }
}

fn read_record(text: &RawValue) -> Result<KeyRecord, String> {
    let written: Written = serde_json::from_str(text.get())
        .map_err(|_| "has no `id`, a member twice, or one that is no text".to_owned())?;
    KeyRecord::try_from(written).map_err(|wrong| format!("has a wrong member: {wrong}"))
}

/// Where a text ceases to be JSON. What stands there is not said.
fn fault(error: &serde_json::Error) -> Fault {
    match error.classify() {
        Category::Eof => Fault::Broken("it ends too early, as if it was half written".to_owned()),
        Category::Data => Fault::Foreign,
        Category::Syntax | Category::Io => Fault::Broken(format!(
            "it is no JSON from line {}, column {} on",
            error.line(),
            error.column()
        )),
    }
}
