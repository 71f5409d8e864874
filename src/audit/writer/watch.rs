//! Looks whether the log is still what it was: whole, and under its name.
use std::io;

use super::{AuditEvent, Previous, Rotated, Tail, Writer};
use crate::audit::file::Place;

/// What was seen when the log was last looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sight {
    Well,
    /// Something else stands under its name. `logrotate` does that too, and says so a moment later.
    Odd,
    /// The same, and it was told.
    Told,
}

impl Writer {
    /// Looks, and tells what is found: at once that it was cut, at the second look that something
    /// else stands in its place.
    pub(in crate::audit) fn look(&mut self) -> io::Result<()> {
        self.look_at_length()?;
        let place = self.file.place(&self.path)?;
        self.sight = match (place, self.sight) {
            (Place::Ours, _) => Sight::Well,
            (_, Sight::Well) => Sight::Odd,
            (_, Sight::Odd) => self.tell_replaced(place),
            (_, Sight::Told) => match self.move_on() {
                Ok(_) => Sight::Well,
                Err(_) => Sight::Told,
            },
        };
        self.adrift = self.sight == Sight::Told && self.file.is_deleted();
        Ok(())
    }

    fn look_at_length(&mut self) -> io::Result<()> {
        let Some(before) = self.file.was_cut_from()? else {
            return Ok(());
        };
        let tail = Tail::read(&self.file.file)?;
        if self.file.beginning.is_none() {
            self.owed.rotated = self.chain.map(|chain_id| Rotated {
                chain_id,
                previous_file: None,
                previous_head: self.prev,
            });
        }
        self.owed.note_torn(&tail);
        self.owed.displaced = Some(AuditEvent::Truncated {
            expected: self.expected(),
            found: tail.newest.map(|head| head.previous),
        });
        self.alarms.push(format!(
            "the audit log was cut while it was written: of {before} bytes {} are left",
            self.file.length()
        ));
        Ok(())
    }

    fn tell_replaced(&mut self, place: Place) -> Sight {
        let expected = self.expected();
        let by = place.as_str();
        let moved = self.move_on();
        let found = moved.as_ref().ok().copied().flatten();
        self.owed.displaced = Some(AuditEvent::Replaced {
            by,
            expected,
            found,
        });
        match moved {
            Ok(_) => {
                self.alarms.push(format!(
                    "the file of the audit log was taken away, {by} stood under its name; records go to a new one"
                ));
                Sight::Well
            }
            Err(error) => {
                let until = if self.file.is_deleted() {
                    "and the file is deleted: nothing can be recorded"
                } else {
                    "so records still go to the file that was moved away"
                };
                self.alarms.push(format!(
                    "the file of the audit log was taken away, {by} stands under its name ({error}), {until}"
                ));
                Sight::Told
            }
        }
    }

    /// Before the file is left: one that was moved away, and told of that itself, may have been
    /// deleted since, with all that it told. Then the next one tells.
    pub(super) fn note_lost_file(&mut self, found: Option<Previous>) {
        if self.sight == Sight::Told && self.file.is_deleted() {
            self.owed.displaced = Some(AuditEvent::Replaced {
                by: Place::Nothing.as_str(),
                expected: self.expected(),
                found,
            });
        }
    }

    fn expected(&self) -> Option<Previous> {
        self.head().map(|head| head.previous)
    }
}
