//! What a revocation changes, in an order in which it may end anywhere.
use std::io::{self, Write};

use chrono::{DateTime, Utc};
use console::{Term, style};

use crate::{
    cli::RevokeKey,
    commands::{
        Failure,
        inventory::{Place, SetKey},
        key_files::{KeyFiles, LockedKeys},
    },
    config::NewKey,
    keys::{ApiKey, KeyId, KeyRecord},
};

/// What is to be done.
pub(super) struct Revocation<'a> {
    pub(super) asked: &'a RevokeKey,
    pub(super) files: &'a KeyFiles,
    pub(super) key: SetKey,
    /// By its hint and its label.
    pub(super) name: String,
    pub(super) new: Option<Replacement>,
}

/// The key that takes its place.
pub(super) struct Replacement {
    pub(super) key: ApiKey,
    pub(super) id: KeyId,
    pub(super) hashed: bool,
    pub(super) end: Option<DateTime<Utc>>,
}

impl Replacement {
    pub(super) fn new(hashed: bool) -> Result<Self, Failure> {
        let key = ApiKey::generate()
            .map_err(|error| Failure::Other(format!("no key was made: {error}")))?;
        Ok(Self {
            id: key.id(),
            key,
            hashed,
            end: None,
        })
    }

    /// Until when it may be used, where the old one had an end: the rest of a sentence.
    pub(super) fn until(&self) -> String {
        self.end
            .map(|end| format!(" until {}", end.format("%Y-%m-%d %H:%M UTC")))
            .unwrap_or_default()
    }

    fn entry(&self) -> NewKey<'_> {
        if self.hashed {
            NewKey::Hashed(&self.id)
        } else {
            NewKey::Plain(&self.key)
        }
    }
}

impl Revocation<'_> {
    /// Shows the new key, the one time: before it is in force, so that none is that nobody saw.
    pub(super) fn show_new(&self) -> Result<(), Failure> {
        let Some(new) = &self.new else {
            return Ok(());
        };
        let key = new.key.expose();
        let mut out = io::stdout();
        let shown = if self.asked.json && self.asked.print {
            // The document is told when all is done, but begun before: where nobody can be told the
            // key, nothing is changed. JSON may have space before it.
            write!(out, " ")
        } else if self.asked.json {
            Ok(())
        } else if self.asked.print {
            writeln!(out, "{key}")
        } else if Term::stdout().is_term() {
            let once = style("It is shown once: save it now.").yellow();
            writeln!(out, "\n{}\n{key}\n\n{once}\n", style("NEW API KEY:").bold())
        } else {
            Ok(())
        };
        shown.and_then(|()| out.flush()).map_err(|error| {
            Failure::Other(format!(
                "the new key cannot be shown, so nothing was changed: {error}"
            ))
        })
    }

    /// Changes the list of keys, which is not written yet, but could be: where it could not, nobody
    /// is shown a key that comes to nothing.
    pub(super) fn edit(&self, locked: &mut LockedKeys) -> Result<(), Failure> {
        let file = self.files.env_file.display();
        let is_here = self.key.place == Place::EnvFile;
        let edited = match (&self.new, is_here) {
            (Some(new), true) => locked.keys.replace(&self.key.id, new.entry()),
            (Some(new), false) => locked.keys.add(new.entry()),
            (None, true) => locked.keys.remove(&self.key.id),
            (None, false) => Ok(()),
        };
        edited.map_err(|error| Failure::Settings(format!("{file}: {error}")))?;
        if self.new.is_some() {
            locked.known.rehearse()?;
            locked.keys.rehearse()?;
        }
        Ok(())
    }

    pub(super) fn write(&self, locked: &mut LockedKeys, now: DateTime<Utc>) -> Result<(), Failure> {
        let file = self.files.env_file.display();
        let (id, hint) = (&self.key.id, self.key.hint);
        if let Some(new) = &self.new {
            let metadata = &mut locked.known.metadata;
            let label = metadata.key(id).and_then(|record| record.label.clone());
            let record = KeyRecord {
                label,
                created_at: Some(now),
                source: Some("generated".to_owned()),
                expires_at: new.end,
                ..KeyRecord::of(&new.id, new.key.hint())
            };
            // A key that was just drawn is in no record.
            let _ = metadata.note_created(record);
            metadata.note_replaced(id, hint, &new.id);
            let written = locked.write();
            if written.is_err() && !locked.is_written() {
                return written.map_err(|failure| {
                    failure.and("the old key is as it was, and the new one is in no file")
                });
            }
            locked.known.metadata.note_revoked(id, hint, now);
            locked.save_known().map_err(|failure| {
                failure.and(
                    "the old key is out of use, but that it is revoked is not noted: run it again",
                )
            })?;
            return written.map_err(|failure| self.not_lasting(failure));
        }
        locked.known.metadata.note_revoked(id, hint, now);
        locked.save_known()?;
        locked.commit_keys().map_err(|failure| {
            if locked.is_written() {
                return self.not_lasting(failure);
            }
            failure.and(&format!(
                "{} is noted as revoked, so servers refuse it, but it still stands in {file}",
                self.name
            ))
        })
    }

    /// The keys were written, and the folder could not be synced after that.
    fn not_lasting(&self, failure: Failure) -> Failure {
        let file = self.files.env_file.display();
        let name = &self.name;
        failure.and(&format!(
            "{name} is revoked and out of {file}, which a power cut may undo"
        ))
    }
}
