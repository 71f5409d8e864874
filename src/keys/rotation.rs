//! Which keys are being replaced, and how far that is. It follows from the list of keys and their
//! metadata alone, so whoever comes after a command that was killed knows what it had done.
use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Fingerprint, KeyEntry, KeyRecord, Metadata};

/// A key of the list for which another one was made.
#[derive(Debug)]
pub struct Rotation<'a> {
    pub old: &'a KeyEntry,
    /// What is known of the key that takes its place, or, where that one was replaced and is gone, of
    /// the one that has its place.
    pub successor: &'a KeyRecord,
    /// That key, if it is in the list.
    pub new: Option<&'a KeyEntry>,
    pub stage: Stage,
}

/// How far a rotation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// The new key is not in the list: it never got there, or somebody took it out. Nor, where the old
    /// one is refused already, is any other that opens something.
    Missing,
    /// Both keys may be used, until somebody decides.
    Open,
    /// Both may be used; the old one until then.
    Ending(DateTime<Utc>),
    /// The old key's end has come: it is refused, and still in the list.
    Ended(DateTime<Utc>),
    /// The old key was noted as taken out, and still is in the list.
    Leaving,
}

impl Rotation<'_> {
    /// Whether the old key opens nothing any more, so that it can only go.
    pub fn is_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended(_) | Stage::Leaving)
    }
}

/// The rotations under way, in the order of the list.
pub fn rotations<'a>(
    keys: &'a [KeyEntry],
    metadata: &'a Metadata,
    now: DateTime<Utc>,
) -> Vec<Rotation<'a>> {
    let successors = Successors::among(metadata.records());
    let is_any_left = in_force(keys, metadata, now).next().is_some();
    let listed: HashMap<Fingerprint, _> =
        keys.iter().map(|key| (key.id.fingerprint(), key)).collect();
    let rotation = |old: &'a KeyEntry| {
        let record = metadata.key(&old.id)?;
        let entry = |record: &KeyRecord| listed.get(&record.fp?).copied();
        let listed = successors.of(record).find(|it| entry(it).is_some());
        let successor = listed.or_else(|| successors.of(record).last())?;
        let new = entry(successor);
        let stage = match record.expires_at {
            _ if record.has_ended() => Stage::Leaving,
            Some(end) if end <= now && (new.is_some() || is_any_left) => Stage::Ended(end),
            _ if new.is_none() => Stage::Missing,
            Some(end) => Stage::Ending(end),
            None => Stage::Open,
        };
        Some(Rotation {
            old,
            successor,
            new,
            stage,
        })
    };
    keys.iter().filter_map(rotation).collect()
}

/// Which key was made to replace which.
pub struct Successors<'a>(HashMap<&'a str, &'a KeyRecord>);

impl<'a> Successors<'a> {
    pub fn among(records: impl Iterator<Item = &'a KeyRecord>) -> Self {
        Self(records.map(|record| (record.id.as_str(), record)).collect())
    }

    /// The one that replaces a key, the one that replaces that, and so on. No more than there are, for
    /// what a file says may go round in a circle.
    pub fn of(&self, record: &KeyRecord) -> impl Iterator<Item = &'a KeyRecord> {
        let next = |record: &KeyRecord| self.0.get(record.replaced_by.as_deref()?).copied();
        std::iter::successors(next(record), move |record| next(record)).take(self.0.len())
    }
}

/// The keys of the list that open the door at `now`. The example that everybody knows does not
/// count: it opens nothing beyond this machine.
pub fn in_force<'a>(
    keys: &'a [KeyEntry],
    metadata: &Metadata,
    now: DateTime<Utc>,
) -> impl Iterator<Item = &'a KeyEntry> {
    keys.iter().filter(move |key| {
        let record = metadata.key(&key.id);
        record.is_none_or(|record| record.is_in_force(now)) && !key.is_guide_example()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use chrono::TimeDelta;

    use super::*;
    use crate::keys::KeyId;

    fn key(letter: char) -> KeyEntry {
        KeyEntry::hashed(&KeyId::of(letter.to_string().as_bytes()))
    }

    fn time(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    /// What is known after `b` was made to take the place of `a`, and `change` was done.
    fn known(change: impl FnOnce(&mut Metadata, &KeyEntry)) -> Metadata {
        let (a, b) = (key('a'), key('b'));
        let mut metadata = Metadata::default();
        let record = KeyRecord::of(&b.id, b.hint);
        metadata.note_created(record).unwrap();
        metadata.note_replaced(&a.id, a.hint, &b.id);
        change(&mut metadata, &a);
        metadata
    }

    fn stages(keys: &[char], metadata: &Metadata) -> Vec<(KeyEntry, Stage)> {
        let keys: Vec<_> = keys.iter().copied().map(key).collect();
        let rotations = rotations(&keys, metadata, time(10));
        rotations
            .iter()
            .map(|rotation| (rotation.old.clone(), rotation.stage))
            .collect()
    }

    #[test]
    fn how_far_a_rotation_is_follows_from_the_list_and_from_what_is_known() {
        let ends = |day| known(move |all, a| all.note_expires(&a.id, a.hint, time(day)));
        let replaced = || {
            known(|all, a| {
                let (b, c) = (key('b'), key('c'));
                all.note_expires(&a.id, a.hint, time(11));
                all.note_created(KeyRecord::of(&c.id, c.hint)).unwrap();
                all.note_replaced(&b.id, b.hint, &c.id);
            })
        };
        let out = || known(|all, a| all.note_retired(&a.id, a.hint, time(9)));
        let kept = || known(|all, a| all.note_kept(&a.id, a.hint));
        for (keys, metadata, stage) in [
            (&['a', 'b'][..], known(|_, _| ()), Some(Stage::Open)),
            (&['b', 'a'], known(|_, _| ()), Some(Stage::Open)),
            (&['a'], known(|_, _| ()), Some(Stage::Missing)),
            (&['a', 'c'], ends(5), Some(Stage::Ended(time(5)))),
            (&['a'], ends(5), Some(Stage::Missing)),
            (&['a', 'c'], ends(11), Some(Stage::Missing)),
            (&['a', 'c'], replaced(), Some(Stage::Ending(time(11)))),
            (&['a', 'd'], replaced(), Some(Stage::Missing)),
            (&['a', 'b'], ends(11), Some(Stage::Ending(time(11)))),
            (&['a', 'b'], ends(10), Some(Stage::Ended(time(10)))),
            (&['a', 'b'], out(), Some(Stage::Leaving)),
            (&['a'], out(), Some(Stage::Leaving)),
            (&['b'], out(), None),
            (&['b'], ends(5), None),
            (&['a', 'b'], kept(), None),
            (&['a', 'b'], Metadata::default(), None),
        ] {
            let expected: Vec<_> = stage.map(|stage| (key('a'), stage)).into_iter().collect();
            assert_eq!(stages(keys, &metadata), expected, "{keys:?}");
        }
    }

    #[test]
    fn a_successor_that_is_there_has_the_place_although_it_is_replaced_too() {
        let keys = ['a', 'b', 'c'].map(key);
        let metadata = known(|all, a| {
            all.note_expires(&a.id, a.hint, time(9));
            all.note_created(KeyRecord::of(&keys[2].id, keys[2].hint))
                .unwrap();
            all.note_replaced(&keys[1].id, keys[1].hint, &keys[2].id);
        });
        let all = rotations(&keys, &metadata, time(10));
        let told: Vec<_> = all.iter().map(|it| (it.new, it.is_ended())).collect();
        assert_eq!(told, [(Some(&keys[1]), true), (Some(&keys[2]), false)]);
    }

    #[test]
    fn a_successor_that_nobody_knows_is_none() {
        let mut metadata = Metadata::default();
        let (a, b) = (key('a'), key('b'));
        metadata.note_replaced(&a.id, a.hint, &b.id);
        assert_eq!(stages(&['a', 'b'], &metadata), []);
    }

    #[test]
    fn who_keeps_a_key_gives_it_back_the_end_that_it_had() {
        let (a, b) = (key('a'), key('b'));
        for before in [None, Some(time(30))] {
            let mut metadata = Metadata::default();
            metadata.change(&a.id, a.hint, |record| record.expires_at = before);
            metadata.note_replaced(&a.id, a.hint, &b.id);
            metadata.note_expires(&a.id, a.hint, time(17));
            let mut read = Metadata::parse(metadata.to_text().into_bytes()).unwrap();
            read.note_kept(&a.id, a.hint);
            let record = read.key(&a.id).unwrap();
            assert_eq!((&record.replaced_by, record.expires_at), (&None, before));
            assert_eq!(record.prior_expires_at, None);
        }
    }

    #[test]
    fn what_is_past_its_end_or_taken_out_opens_nothing() {
        let keys = ['a', 'b', 'c'].map(key);
        let mut metadata = known(|all, a| all.note_expires(&a.id, a.hint, time(10)));
        metadata.note_withdrawn(&keys[1].id.fingerprint().to_string(), time(1));
        let usable: Vec<_> = in_force(&keys, &metadata, time(10)).collect();
        assert_eq!(usable, [&keys[2]]);
        let before: Vec<_> = in_force(&keys, &metadata, time(9)).collect();
        assert_eq!(before, [&keys[0], &keys[2]]);
    }
}
