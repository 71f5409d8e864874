//! What is said of a revocation when all is done.
use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{change::Revocation, proof::Proof};
use crate::{
    cli::RevokeKey,
    commands::{Failure, inventory::Place},
};

impl Revocation<'_> {
    pub(super) fn tell(&self, proof: &Proof, now: DateTime<Utc>) -> Result<(), Failure> {
        if self.asked.json {
            let said = say_out(&format!("{}\n", self.json(proof, now)));
            if self.new.is_some() && self.asked.print {
                let file = self.files.env_file.display();
                said.map_err(|error| {
                    Failure::Other(format!(
                        "the key is revoked, and the new one, which is in {file}, cannot be printed: {error}"
                    ))
                })?;
            }
        } else {
            let file = self.files.env_file.display();
            let until = self
                .end
                .map(|end| format!(" until {}", end.format("%Y-%m-%d %H:%M UTC")))
                .unwrap_or_default();
            say(&match (&self.new, self.elsewhere()) {
                (Some(new), None) => format!(
                    "{} is revoked: in {file}, {} has its place{until}",
                    self.name,
                    new.key.hint()
                ),
                (Some(new), Some(place)) => format!(
                    "{} is revoked; {} is in {file} instead{until}\nit still stands in {place}, which no command edits: take it out there",
                    self.name,
                    new.key.hint()
                ),
                (None, None) => format!("{} is revoked: it is out of {file}", self.name),
                (None, Some(place)) => format!(
                    "{} is revoked\nit still stands in {place}, which no command edits: take it out there",
                    self.name
                ),
            });
            if let Some(told) = proof.told() {
                say(&told);
            }
        }
        end(self.asked, proof)
    }

    /// Where it stands still, and no command takes it out.
    fn elsewhere(&self) -> Option<&'static str> {
        self.key.elsewhere.map(Place::as_str)
    }

    fn json(&self, proof: &Proof, now: DateTime<Utc>) -> Value {
        let record = self.key.record.as_ref();
        let label = record.and_then(|record| record.label.as_ref());
        let mut told = json!({
            "hint": self.key.hint.as_str(),
            "revoked_at": written(now),
            "env_file": self.files.env_file.display().to_string(),
            "proof": proof.word(),
        });
        for (name, value) in [
            ("label", label.map(|label| label.as_str().to_owned())),
            (
                "still_in",
                self.elsewhere().map(|place| place.replace('`', "")),
            ),
            (
                "new_hint",
                self.new.as_ref().map(|new| new.key.hint().to_string()),
            ),
            ("new_expires_at", self.end.map(written)),
        ] {
            if let Some(value) = value {
                told[name] = json!(value);
            }
        }
        proof.add_to(&mut told);
        if let Some(new) = self.new.as_ref().filter(|_| self.asked.print) {
            told["new_key"] = json!(new.key.expose());
        }
        told
    }
}

/// What a command comes to that saw this.
pub(super) fn end(asked: &RevokeKey, proof: &Proof) -> Result<(), Failure> {
    match proof.missing() {
        None => Ok(()),
        Some(_) if asked.json => Err(Failure::Said(1)),
        Some(reason) => Err(Failure::Other(format!(
            "nobody saw the running server refuse it: {reason}"
        ))),
    }
}

pub(super) fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The work is done, whoever reads of it.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn say_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}
