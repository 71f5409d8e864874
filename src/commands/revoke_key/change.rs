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
        let shown = if let Err(unseen) = new.expect_reader() {
            Err(unseen)
        } else if self.asked.json && self.asked.print {
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
            let saved = locked.save_known();
            return saved.and(written).map_err(|failure| self.left(failure));
        }
        locked.known.metadata.note_revoked(id, hint, now);
        let saved = locked.save_known();
        let written = saved.and_then(|()| locked.commit_keys());
        written.map_err(|failure| self.left(failure))
    }

    /// The failure, and what stands in both files: a disk may fail when the change is made already.
    fn left(&self, failure: Failure) -> Failure {
        let (Ok(known), Ok(keys)) = (self.files.known(), self.files.keys()) else {
            return failure.and("what is left is not known: look with `aegis list-keys --all`");
        };
        let file = self.files.env_file.display();
        let name = &self.name;
        let record = known.key(&self.key.id);
        let is_noted = record.is_some_and(|record| record.revoked_at.is_some());
        let is_listed = keys.keys().iter().any(|key| key.id == self.key.id);
        failure.and(&match (is_noted, is_listed) {
            (true, true) => format!(
                "{name} is noted as revoked, so servers refuse it, but it still stands in {file}"
            ),
            (true, false) => {
                format!("{name} is revoked and out of {file}, which a power cut may undo")
            }
            (false, true) => format!("{name} is as it was"),
            (false, false) => format!(
                "{name} is not in {file}, but that it is revoked is not noted: run it again"
            ),
        })
    }
}
