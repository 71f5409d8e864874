//! What a revocation changes, in an order in which it may end anywhere.
use std::io::{self, Write};

use chrono::{DateTime, Utc};
use console::{Term, style};

use crate::{
    cli::RevokeKey,
    commands::{
        Failure, Made,
        inventory::{Place, SetKey},
        key_files::{KeyFiles, LockedKeys},
    },
};

/// What is to be done.
pub(super) struct Revocation<'a> {
    pub(super) asked: &'a RevokeKey,
    pub(super) files: &'a KeyFiles,
    pub(super) key: SetKey,
    /// By its hint and its label.
    pub(super) name: String,
    /// The key that takes its place.
    pub(super) new: Option<Made>,
    /// The end of that, where the old one had one.
    pub(super) end: Option<DateTime<Utc>>,
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

    pub(super) fn write(
        &mut self,
        locked: &mut LockedKeys,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let file = self.files.env_file.display();
        let (id, hint) = (&self.key.id, self.key.hint);
        if let Some(new) = &self.new {
            let metadata = &mut locked.known.metadata;
            self.end = metadata.note_successor(id, hint, &new.key, now);
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
