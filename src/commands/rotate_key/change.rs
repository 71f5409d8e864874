//! The changes that a rotation is made of. Each is made under both locks, the keys' first. What is
//! known about keys is written before the keys are: so whatever ends this in between, the metadata
//! tell what was meant, and no key gets in without them.
use chrono::{DateTime, Utc};

use super::{
    refusal::{Refusal, refusal},
    seen::Seen,
};
use crate::{
    commands::{
        Failure, Made,
        key_files::{KeyFiles, LockedKeys},
        paths,
        prompt::Prompts,
    },
    durable::InPlace,
    keys::{KeyEntry, KeyHint, KeyId, KeyRecord, Metadata, Rotation, Stage, in_force, rotations},
};

/// Both files, which no other command changes while this value lives.
pub(super) struct Files {
    locked: LockedKeys,
}

impl Files {
    pub(super) fn lock(
        files: &KeyFiles,
        in_place: InPlace,
        person: Option<&Prompts>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            locked: files.lock(in_place, person)?,
        })
    }

    /// What is to be said of who may read the keys.
    pub(super) fn warning(&self) -> Option<String> {
        let keys = &self.locked.keys;
        let mode = keys.shared_mode()?;
        Some(format!("warning: {}", paths::shared(keys.path(), mode)))
    }

    /// What is known while they are locked.
    pub(super) fn seen<'a>(&'a self, files: &'a KeyFiles, now: DateTime<Utc>) -> Seen<'a> {
        Seen {
            files,
            keys: &self.locked.keys,
            metadata: self.metadata(),
            uses: None,
            now,
        }
    }

    /// Whether both could be written now: a key that is shown first should not come to nothing.
    pub(super) fn rehearse(&self) -> Result<(), Failure> {
        self.locked.known.rehearse()?;
        Ok(self.locked.keys.rehearse()?)
    }

    /// Whether this key may be replaced. It is asked before a new one is shown.
    pub(super) fn check(&self, old: &KeyId, now: DateTime<Utc>) -> Result<KeyHint, Failure> {
        let hint = self.expect(old)?;
        let rotations = rotations(self.keys(), self.metadata(), now);
        let refusal = refusal(old, hint, self.metadata(), &rotations);
        refusal.map_or(Ok(hint), |refusal| Err(refusal.into()))
    }

    /// Puts a new key beside the old one, which it is to replace, and tells its end. Old keys whose end
    /// has come are taken out in the same write.
    pub(super) fn begin(
        &mut self,
        old: &KeyId,
        new: &Made,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Failure> {
        let hint = self.check(old, now)?;
        let record = self.metadata().key(old);
        let in_force = record.is_none_or(|record| record.is_in_force(now));
        let missing = self.rotation(old, now);
        let missing = missing.map(|rotation| rotation.successor.id.clone());
        let ended = self.ended(now);
        let metadata = &mut self.locked.known.metadata;
        if let Some(missing) = missing {
            // The key is first as it was, so that what this rotation is taken back to is not an end
            // that the former one had set; but one that has come stays, for nothing revives a key.
            if in_force {
                metadata.note_kept(old, hint);
            }
            metadata.note_withdrawn(&missing, now);
        }
        let end = metadata.note_successor(old, hint, &new.key, now);
        retire(metadata, &ended, now);
        self.locked.keys.add(new.entry())?;
        self.remove(&ended)?;
        self.write()?;
        Ok(end)
    }

    /// Lets the old key be used until `end`, or until the end that it had before, which may have come.
    pub(super) fn end_at(
        &mut self,
        old: &KeyId,
        end: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Failure> {
        let hint = self.expect(old)?;
        self.expect_successor(old, hint, now)?;
        let record = self.metadata().key(old);
        let before = record.and_then(|record| record.prior_expires_at);
        let end = before.map_or(end, |before| before.min(end));
        self.locked.known.metadata.note_expires(old, hint, end);
        self.write()?;
        Ok(end)
    }

    /// Takes the old key out, and with it every other whose end has come.
    pub(super) fn take_out(
        &mut self,
        old: Option<&KeyId>,
        now: DateTime<Utc>,
    ) -> Result<Vec<KeyEntry>, Failure> {
        let mut leaving = self.ended(now);
        if let Some(old) = old {
            let hint = self.expect(old)?;
            if leaving.iter().all(|key| key.id != *old) {
                self.expect_successor(old, hint, now)?;
                leaving.extend(self.keys().iter().find(|key| key.id == *old).cloned());
            }
        }
        let Some(first) = leaving.first() else {
            return Ok(Vec::new());
        };
        let gone = |key: &KeyEntry| leaving.iter().any(|leaving| leaving.id == key.id);
        if in_force(self.keys(), self.metadata(), now).all(gone) {
            return Err(Refusal::LastOne(self.metadata().hint(first)).into());
        }
        retire(&mut self.locked.known.metadata, &leaving, now);
        self.remove(&leaving)?;
        self.write()?;
        Ok(leaving)
    }

    /// Takes the new key out again, and lets the old one be as it was.
    pub(super) fn give_up(&mut self, old: &KeyId, now: DateTime<Utc>) -> Result<(), Failure> {
        let hint = self.expect(old)?;
        let Some(rotation) = self.rotation(old, now) else {
            return Ok(());
        };
        let record = self.metadata().key(old);
        if !record.is_none_or(|record| record.is_in_force(now)) {
            return Err(Refusal::Ended(hint).into());
        }
        let successor = rotation.successor.id.clone();
        let new: Vec<_> = rotation.new.cloned().into_iter().collect();
        let metadata = &mut self.locked.known.metadata;
        metadata.note_kept(old, hint);
        metadata.note_withdrawn(&successor, now);
        self.remove(&new)?;
        if in_force(self.keys(), self.metadata(), now).next().is_none() {
            return Err(Refusal::LastOne(hint).into());
        }
        self.write()
    }

    fn keys(&self) -> &[KeyEntry] {
        self.locked.keys.keys()
    }

    fn metadata(&self) -> &Metadata {
        &self.locked.known.metadata
    }

    fn remove(&mut self, keys: &[KeyEntry]) -> Result<(), Failure> {
        for key in keys {
            self.locked.keys.remove(&key.id)?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Failure> {
        self.locked.write()
    }

    fn rotation(&self, old: &KeyId, now: DateTime<Utc>) -> Option<Rotation<'_>> {
        let rotations = rotations(self.keys(), self.metadata(), now);
        rotations
            .into_iter()
            .find(|rotation| rotation.old.id == *old)
    }

    /// The keys that open nothing any more and yet stand in the file: old ones whose end has come,
    /// and such as were taken out of use before.
    fn ended(&self, now: DateTime<Utc>) -> Vec<KeyEntry> {
        let metadata = self.metadata();
        let rotations = rotations(self.keys(), metadata, now);
        let past = rotations
            .iter()
            .filter(|rotation| matches!(rotation.stage, Stage::Ended(_)));
        let past: Vec<_> = past.map(|rotation| rotation.old.id).collect();
        let ended = |key: &&KeyEntry| {
            let record = metadata.key(&key.id);
            past.contains(&key.id) || record.is_some_and(KeyRecord::has_ended)
        };
        self.keys().iter().filter(ended).cloned().collect()
    }

    /// The hint of a key that must be there.
    fn expect(&self, key: &KeyId) -> Result<KeyHint, Failure> {
        let entry = self.keys().iter().find(|entry| entry.id == *key);
        entry
            .map(|entry| self.metadata().hint(entry))
            .ok_or_else(|| Refusal::Gone(key.hint()).into())
    }

    /// Whoever loses the old key must have another one that works.
    fn expect_successor(
        &self,
        old: &KeyId,
        hint: KeyHint,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let rotation = self.rotation(old, now);
        let new = rotation.as_ref().and_then(|rotation| rotation.new);
        let mut usable = in_force(self.keys(), self.metadata(), now);
        match new {
            Some(new) if usable.any(|key| key.id == new.id) => Ok(()),
            _ => Err(Refusal::NoSuccessor(hint).into()),
        }
    }
}

fn retire(metadata: &mut Metadata, keys: &[KeyEntry], now: DateTime<Utc>) {
    for key in keys {
        let record = metadata.key(&key.id);
        if !record.is_some_and(KeyRecord::has_ended) {
            metadata.note_retired(&key.id, key.hint, now);
        }
    }
}
