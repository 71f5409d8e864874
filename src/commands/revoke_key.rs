//! `aegis revoke-key`: a key that somebody else may have is refused at once and for good.
//!
//! What is known of keys is written first, so that a command that is killed leaves the key dead or
//! as it was. With a new key in its place it is the other way: the `.env` file changes in one step
//! from the old to the new one, so that there is no moment without any.
mod change;
mod past;
mod proof;
mod told;

use chrono::{DateTime, Utc};
use console::Term;
use serde_json::json;

use self::{
    change::Revocation,
    proof::{Proof, Watch},
    told::{end, say, written},
};
use super::{
    Failure, Made,
    inventory::{Inventory, Named, Place, SetKey, State, full_key},
    key_files::KeyFiles,
    print,
    prompt::Prompts,
};
use crate::{
    cli::RevokeKey,
    keys::{Form, KeyRecord},
};

/// What a command leaves that was broken off while it waited.
const UNPROVEN: &str = "the key is revoked, and whether the running server knows is not known";

pub(super) fn run(asked: &RevokeKey) -> Result<(), Failure> {
    let files = KeyFiles::find_readable(asked.edited.env_file.as_deref())?;
    if let Some(told) = &files.unread {
        say(&format!("note: {told}; which keys it has is not known"));
    }
    files.warn_of_clock(asked.audit_log.as_deref());
    let known = files.known()?;
    let inventory = Inventory::new(&files, &files.keys()?, &known);
    let named = inventory.named(&asked.key)?;
    let name = named.to_string();
    let key = match named {
        Named::Set(key) => key.clone(),
        Named::Other(record) => return former(asked, &files, record, &name),
    };
    check(asked, &files, &inventory, &key, &name)?;
    let mut person = ask(asked, &name)?;
    let in_place = files.in_place(asked.edited.in_place, person.as_mut())?;
    let new = asked
        .replace
        .then(|| Made::new(key.form == Form::Hashed))
        .transpose()?;
    let mut revocation = Revocation {
        asked,
        files: &files,
        key,
        name,
        new,
        end: None,
    };

    let mut locked = files.lock(in_place, person.as_ref())?;
    let now = files.now(asked.audit_log.as_deref());
    // Somebody may have changed the files while the question was open.
    let inventory = Inventory::new(&files, &locked.keys, &locked.known.metadata);
    let there = inventory
        .keys
        .iter()
        .find(|key| key.id == revocation.key.id);
    let Some(there) = there.filter(|there| there.place == revocation.key.place) else {
        return Err(Failure::Other(format!(
            "{} is not where it was any more; look with `aegis list-keys` and run it again",
            revocation.name
        )));
    };
    check(asked, &files, &inventory, there, &revocation.name)?;
    let watch = Watch::begin(files.audit_log(asked.audit_log.as_deref()), ended(there));
    revocation.edit(&mut locked)?;
    revocation.show_new()?;
    revocation.write(&mut locked, now)?;
    drop(locked);

    let proof = revocation.prove(watch, person.as_ref())?;
    revocation.tell(&proof, now)
}

/// Whether it may be done.
fn check(
    asked: &RevokeKey,
    files: &KeyFiles,
    inventory: &Inventory,
    key: &SetKey,
    name: &str,
) -> Result<(), Failure> {
    let now = files.now(asked.audit_log.as_deref());
    // Where not all keys are known, it may not be the only one.
    if !asked.replace && files.unread.is_none() && key.state(now).is_open() {
        let left = inventory.usable(now).filter(|left| left.id != key.id);
        let left: Vec<_> = left.collect();
        // A key that it replaces goes on to its end, and then there is none.
        let stays =
            |left: &&SetKey| left.state(now) == State::InUse || !inventory.is_replaced(left, now);
        let why = if left.is_empty() {
            Some("is the only key that opens anything")
        } else if !left.iter().any(stays) {
            Some("is the only key that stays: the others are replaced and end")
        } else {
            None
        };
        if let Some(why) = why {
            return Err(Failure::Other(format!(
                "{name} {why}: `--replace` puts a new one in its place"
            )));
        }
    }
    let set_elsewhere = |key: &SetKey| key.place == Place::Environment;
    if asked.replace && inventory.keys.iter().any(set_elsewhere) {
        return Err(Failure::Settings(
            "the keys are in `MCP_API_KEYS` of the environment, where no command can put another: change it there, and revoke the old key without `--replace`"
                .to_owned(),
        ));
    }
    // A second one would leave the first in force, and nobody would know of it.
    if asked.replace
        && let Some(successor) = inventory.successor(key, now)
    {
        return Err(Failure::Other(format!(
            "{} already has its place: leave out `--replace`",
            Named::Set(successor)
        )));
    }
    let seen = asked.print || (Term::stdout().is_term() && !asked.json);
    if asked.replace && key.form == Form::Hashed && (!seen || asked.json) {
        return Err(Failure::Usage(
            "of a hashed key only its digest is written down, so nobody would know the new one: add `--print`, and leave out `--json`"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Asks the person, unless that was answered before.
fn ask(asked: &RevokeKey, name: &str) -> Result<Option<Prompts>, Failure> {
    if asked.yes {
        return Ok(None);
    }
    let mut person = Prompts::open(false, "`--yes` revokes it without a question")?;
    let question = if asked.replace {
        format!("Revoke {name} and put a new key in its place? Who uses it is locked out at once.")
    } else {
        format!("Revoke {name}? Who uses it is locked out at once.")
    };
    if person.confirm(&question, false)? {
        Ok(Some(person))
    } else {
        Err(Failure::Other("nothing was changed".to_owned()))
    }
}

/// A key that stands nowhere: it is only noted, so that it stays refused if it comes back.
fn former(
    asked: &RevokeKey,
    files: &KeyFiles,
    record: &KeyRecord,
    name: &str,
) -> Result<(), Failure> {
    let now = files.now(asked.audit_log.as_deref());
    if asked.replace {
        return Err(Failure::Other(format!(
            "{name} is in no file any more, so there is nothing to replace; `aegis generate-key --add` makes a key"
        )));
    }
    let now_or = |at: Option<DateTime<Utc>>| at.unwrap_or(now);
    let revoked_at = now_or(record.revoked_at);
    let ended = now_or(record.ended_at());
    let watch = Watch::begin(files.audit_log(asked.audit_log.as_deref()), Some(ended));
    let mut person = None;
    if record.revoked_at.is_none() {
        person = ask(asked, name)?;
        let in_place = files.in_place(asked.edited.in_place, person.as_mut())?;
        let mut locked = files.lock(in_place, person.as_ref())?;
        locked.known.metadata.note_revoked_record(&record.id, now);
        locked.save_known().map_err(|failure| {
            let is_it = |it: &KeyRecord| it.id == record.id && it.revoked_at.is_some();
            let is_noted = files.known().is_ok_and(|known| known.records().any(is_it));
            let left = if is_noted {
                "is noted as revoked, which a power cut may undo"
            } else {
                "is as it was"
            };
            failure.and(&format!("{name} {left}"))
        })?;
    }
    let hints: Vec<_> = record.hint.into_iter().collect();
    let proof = if asked.no_wait {
        let is_reloaded = files.config.gate.key_reload;
        Proof::NotAsked { is_reloaded }
    } else {
        let between = || person.as_ref().map_or(Ok(()), Prompts::check);
        let waited = proof::of_former(asked.server.as_ref(), files, watch, &hints, between);
        waited.map_err(|failure| failure.and(UNPROVEN))?
    };
    if asked.json {
        let at = written(revoked_at);
        let hint = record.hint.map(|hint| hint.to_string());
        let mut document = json!({ "hint": hint, "revoked_at": at, "proof": proof.word() });
        proof.add_to(&mut document);
        let _ = print(&format!("{document}\n"));
    } else {
        say(&format!(
            "{name} is revoked: it was in no file, and stays refused if it comes back"
        ));
        proof.told().iter().for_each(|told| say(told));
    }
    end(asked, &proof)
}

/// Since when it is noted that a key is out of use.
fn ended(key: &SetKey) -> Option<DateTime<Utc>> {
    key.record.as_ref().and_then(KeyRecord::ended_at)
}

impl Revocation<'_> {
    fn prove(&self, watch: Watch, person: Option<&Prompts>) -> Result<Proof, Failure> {
        if self.asked.no_wait {
            let is_reloaded = self.files.config.gate.key_reload;
            return Ok(Proof::NotAsked { is_reloaded });
        }
        if !self.asked.json {
            say("waiting until the running server refuses it");
        }
        let between = || person.map_or(Ok(()), Prompts::check);
        let new = self.new.as_ref().map(|new| &new.key);
        let unshown = match full_key(self.files, &self.key.id) {
            Some(_) if self.files.config.gate.strict_lockout => {
                "a wrong key counts against everybody at this address (`AUTH_LOCKOUT_MODE`)"
            }
            Some(old) => {
                let server = self.asked.server.as_ref();
                let seen = proof::ask(server, self.files, &old, new, between);
                return seen.map_err(|failure| failure.and(UNPROVEN));
            }
            None => "only its digest is written down",
        };
        let hints = [self.key.hint, self.key.id.hint()];
        let seen = watch.wait(&hints, unshown, self.files, between);
        seen.map_err(|failure| failure.and(UNPROVEN))
    }
}
