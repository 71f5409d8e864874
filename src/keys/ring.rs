//! The keys in force, and those that were.
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;

use super::{
    ApiKey, Fingerprint, KeyEntry, KeyHint, KeyId, KeyRecord, Metadata, outlines::Outlines,
};
use crate::rights::Rights;

/// So many keys that were taken out of the list are remembered beside those of the metadata.
const MOST_TAKEN_OUT: usize = 10_000;

/// A key that may be used until its end comes: what is left of it when its text is wiped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key {
    pub id: KeyId,
    pub hint: KeyHint,
    pub rights: Rights,
    /// From then on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The keys in force, by digest, and former ones, by fingerprint. It holds no key's text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyRing {
    keys: HashMap<KeyId, Key>,
    /// Keys of ours that are refused, as the metadata has them.
    former: HashMap<Fingerprint, Former>,
    /// Keys that were in force until somebody took them out of the list.
    taken_out: HashMap<Fingerprint, KeyHint>,
    /// How all of these begin and end.
    pub(super) outlines: Outlines,
    /// Compared with when nothing was found, so that a miss ends as a hit does.
    dummy: KeyId,
}

/// A key that was ours and is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Former {
    hint: Option<KeyHint>,
    /// From when on; `None`: from long before.
    since: Option<DateTime<Utc>>,
}

/// What was offered as a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Found<'r> {
    InForce(&'r Key),
    /// It was a key of ours, and opens nothing any more. Whoever offers it must not see that.
    Former(KeyHint),
    Unknown,
}

impl KeyRing {
    /// The ring of these keys, each with `rights`, but for those that the metadata calls retired or
    /// revoked. A hashed key has the hint that the metadata has for it.
    pub fn new<'a>(
        listed: impl IntoIterator<Item = &'a KeyEntry>,
        metadata: &Metadata,
        rights: Rights,
    ) -> Self {
        let keys = listed.into_iter().filter_map(|entry| {
            let record = metadata.key(&entry.id);
            if record.is_some_and(KeyRecord::has_ended) {
                return None;
            }
            let key = Key {
                id: entry.id,
                hint: metadata.hint(entry),
                rights,
                expires_at: record.and_then(|record| record.expires_at),
            };
            Some((key.id, key))
        });
        let former = metadata.records().filter_map(|record| {
            let since = match record.expires_at {
                _ if record.has_ended() => None,
                end => Some(end?),
            };
            let hint = record.hint;
            Some((record.fp?, Former { hint, since }))
        });
        let ring = Self {
            keys: keys.collect(),
            former: former.collect(),
            taken_out: HashMap::new(),
            outlines: Outlines::default(),
            dummy: KeyId::of(b"no key has this digest"),
        };
        ring.outlined()
    }

    fn outlined(mut self) -> Self {
        let keys = self.keys.values();
        let keys = keys.map(|key| (key.id.fingerprint(), Some(key.hint)));
        let former = self.former.iter().map(|(key, former)| (*key, former.hint));
        let taken_out = self.taken_out.iter().map(|(key, hint)| (*key, Some(*hint)));
        self.outlines = Outlines::of(keys.chain(former).chain(taken_out));
        self
    }

    /// The same ring, which goes on from `before`: the keys that it lacks are remembered.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        let listed: HashSet<_> = self.keys.keys().map(KeyId::fingerprint).collect();
        let gone = before.keys.values();
        let gone = gone.map(|key| (key.id.fingerprint(), key.hint));
        let all = gone.chain(before.taken_out.iter().map(|(key, hint)| (*key, *hint)));
        let taken_out = all.filter(|(key, _)| !listed.contains(key));
        self.taken_out = taken_out.take(MOST_TAKEN_OUT).collect();
        self.outlined()
    }

    /// Keeps refused what `before` refused at `now` by what was written down, though that is written
    /// down no more. Gives the keys that would be in force otherwise. A later end that is written down
    /// instead of one that came is no forgotten one: the key is let in until then.
    pub fn keep_ended(&mut self, before: &Self, now: DateTime<Utc>) -> Vec<KeyHint> {
        let ended = before.former.iter();
        let ended = ended.filter(|(_, former)| former.has_ended(now));
        for (key, former) in ended {
            let noted = self.former.entry(*key).or_insert(*former);
            if !noted.has_ended(now) && former.since.is_none() {
                *noted = *former;
            }
        }
        let former = &self.former;
        let has_ended = |key: &KeyId| {
            let noted = former.get(&key.fingerprint());
            noted.is_some_and(|former| former.has_ended(now))
        };
        let revived = |_: &KeyId, key: &mut Key| key.is_in_force(now) && has_ended(&key.id);
        let kept = self.keys.extract_if(revived).map(|(_, key)| key.hint);
        kept.collect()
    }

    /// What was offered as a key, at `now`.
    ///
    /// What is looked up is a digest, of which an attacker chooses no bit, and every search takes the
    /// same steps to its end in a constant-time comparison: time tells neither length nor likeness,
    /// and hardly whether it was once a key. A digest may have been taken of any text, so a hit
    /// counts only for what has the form of a key.
    pub fn find(&self, offered: &[u8], now: DateTime<Utc>) -> Found<'_> {
        let id = KeyId::of(offered);
        let has_form = ApiKey::has_form(offered);
        let hit = self.keys.get(&id);
        let former = self.former(&id, now);
        let known = hit.map_or(&self.dummy, |key| &key.id);
        let is_same = bool::from(known.ct_eq(&id));
        match hit.filter(|_| is_same && has_form) {
            Some(key) if key.is_in_force(now) => Found::InForce(key),
            Some(key) => Found::Former(key.hint),
            None => former.map_or(Found::Unknown, Found::Former),
        }
    }

    fn former(&self, id: &KeyId, now: DateTime<Utc>) -> Option<KeyHint> {
        let key = id.fingerprint();
        let noted = self.former.get(&key);
        let noted = noted.filter(|former| former.has_ended(now));
        let taken_out = self.taken_out.get(&key);
        noted
            .map(|former| former.hint.unwrap_or_else(|| id.hint()))
            .or(taken_out.copied())
    }

    /// Whether this text is a key of ours, in force or not: it must not be shown to anybody.
    pub fn knows(&self, text: &[u8]) -> bool {
        let id = KeyId::of(text);
        self.keys.contains_key(&id) || self.former(&id, DateTime::<Utc>::MAX_UTC).is_some()
    }

    /// Whether the key with this digest may be used at `now`.
    pub fn is_in_force(&self, key: &KeyId, now: DateTime<Utc>) -> bool {
        self.keys.get(key).is_some_and(|key| key.is_in_force(now))
    }

    /// The keys that may be used at `now`, in no order.
    pub fn in_force(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Key> {
        self.keys.values().filter(move |key| key.is_in_force(now))
    }

    /// The keys that ended after `since`, up to `now`.
    pub fn ended(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> impl Iterator<Item = &Key> {
        let ended = move |key: &&Key| key.is_in_force(since) && !key.is_in_force(now);
        self.keys.values().filter(ended)
    }
}

impl Former {
    fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| since <= now)
    }
}

impl Key {
    fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::{keys::KeyList, rights::Access};

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn text(character: char) -> String {
        character.to_string().repeat(64)
    }

    fn key(character: char) -> ApiKey {
        ApiKey::parse(&text(character)).expect("a key")
    }

    /// A ring of these keys; of those in capitals, only the digests are listed.
    fn ring(keys: &str, metadata: &Metadata) -> KeyRing {
        let entry = |letter: char| match key(letter.to_ascii_lowercase()) {
            key if letter.is_ascii_uppercase() => key.id().hashed_entry(),
            key => key.expose().to_owned(),
        };
        let entries: Vec<_> = keys.chars().map(entry).collect();
        let list = KeyList::parse(&entries.join(","));
        KeyRing::new(&list.keys, metadata, Rights::up_to(Access::Read))
    }

    fn state(ring: &KeyRing, letter: char, now: DateTime<Utc>) -> String {
        match ring.find(text(letter).as_bytes(), now) {
            Found::InForce(key) => format!("in force {}", key.hint),
            Found::Former(hint) => format!("former {hint}"),
            Found::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn each_key_is_found_by_its_very_bytes_alone_however_it_is_listed() {
        let ring = ring("abAC", &Metadata::default());
        assert_eq!(ring.in_force(NOW).count(), 3);
        for letter in ['a', 'b', 'c'] {
            let found = ring.find(text(letter).as_bytes(), NOW);
            let is_it = |key: &Key| key.id == key_id(letter);
            assert!(matches!(found, Found::InForce(key) if is_it(key)));
        }
        for wrong in [
            text('d'),
            text('A'),
            "a".repeat(63),
            format!("{}\n", text('a')),
            key_id('c').hashed_entry(),
            key_id('c').to_hex(),
            String::new(),
            "no key has this digest".to_owned(),
        ] {
            assert_eq!(ring.find(wrong.as_bytes(), NOW), Found::Unknown);
        }
    }

    #[test]
    fn the_digest_of_a_text_that_is_no_key_opens_nothing() {
        for text in ["x", &"a".repeat(31), &"a".repeat(513), &"a b".repeat(20)] {
            let list = KeyList::parse(&KeyId::of(text.as_bytes()).hashed_entry());
            let rights = Rights::up_to(Access::Read);
            let ring = KeyRing::new(&list.keys, &Metadata::default(), rights);
            assert_eq!(ring.in_force(NOW).count(), 1);
            assert_eq!(ring.find(text.as_bytes(), NOW), Found::Unknown, "{text}");
        }
    }

    fn key_id(letter: char) -> KeyId {
        key(letter).id()
    }

    #[test]
    fn a_hashed_key_is_named_by_its_digest_until_the_metadata_knows_more() {
        let mut metadata = Metadata::default();
        let digest = key_id('a').to_hex();
        let by_digest = format!("in force {}...{}", &digest[..8], &digest[60..]);
        assert_eq!(state(&ring("A", &metadata), 'a', NOW), by_digest);
        metadata.change(&key_id('a'), key('a').hint(), |_| {});
        let named = state(&ring("A", &metadata), 'a', NOW);
        assert_eq!(named, "in force aaaaaaaa...aaaa");
    }

    #[test]
    fn a_key_that_the_metadata_calls_ended_stays_refused_and_is_known_as_ours() {
        let mut metadata = Metadata::default();
        metadata.note_retired(&key_id('a'), key('a').hint(), NOW);
        metadata.note_revoked(&key_id('b'), key('b').hint(), NOW);
        let ring = ring("abc", &metadata);
        assert_eq!(state(&ring, 'a', NOW), "former aaaaaaaa...aaaa");
        assert_eq!(state(&ring, 'b', NOW), "former bbbbbbbb...bbbb");
        assert_eq!(state(&ring, 'c', NOW), "in force cccccccc...cccc");
        assert!(ring.knows(text('a').as_bytes()) && !ring.knows(text('d').as_bytes()));
    }

    #[test]
    fn a_key_is_refused_from_its_end_on_listed_or_not() {
        let mut metadata = Metadata::default();
        metadata.note_expires(&key_id('a'), key('a').hint(), NOW);
        metadata.note_expires(&key_id('b'), key('b').hint(), NOW);
        let ring = ring("a", &metadata);
        let before = NOW - TimeDelta::milliseconds(1);
        assert_eq!(state(&ring, 'a', before), "in force aaaaaaaa...aaaa");
        assert_eq!(state(&ring, 'b', before), "unknown");
        assert_eq!(state(&ring, 'a', NOW), "former aaaaaaaa...aaaa");
        assert_eq!(state(&ring, 'b', NOW), "former bbbbbbbb...bbbb");
        assert_eq!(ring.ended(before, NOW).count(), 1);
        assert_eq!(ring.ended(NOW, NOW).count(), 0);
        assert!(ring.is_in_force(&key_id('a'), before));
        assert!(!ring.is_in_force(&key_id('a'), NOW));
    }

    #[test]
    fn a_key_that_ended_stays_refused_where_its_end_is_written_down_no_more() {
        let mut metadata = Metadata::default();
        metadata.note_revoked(&key_id('a'), key('a').hint(), NOW);
        metadata.note_revoked(&key_id('b'), key('b').hint(), NOW);
        metadata.note_expires(&key_id('c'), key('c').hint(), NOW);
        metadata.note_expires(&key_id('d'), key('d').hint(), NOW + TimeDelta::seconds(1));
        let first = ring("acde", &metadata);
        let mut anew = Metadata::default();
        anew.change(&key_id('a'), key('a').hint(), |_| {});
        let mut second = ring("acde", &anew);
        let mut kept = second.keep_ended(&first, NOW);
        kept.sort_unstable();
        assert_eq!(kept, [key('a').hint(), key('c').hint()]);
        let second = second.after(&first);
        let states = ['a', 'c', 'd', 'e'].map(|letter| state(&second, letter, NOW));
        assert_eq!(
            states,
            [
                "former aaaaaaaa...aaaa",
                "former cccccccc...cccc",
                "in force dddddddd...dddd",
                "in force eeeeeeee...eeee",
            ]
        );
        // The one that was in no list then is known, too.
        let mut third = ring("be", &anew);
        assert_eq!(third.keep_ended(&second, NOW), [key('b').hint()]);
    }

    #[test]
    fn a_later_end_that_is_written_down_counts_but_not_for_a_key_that_was_revoked() {
        let mut metadata = Metadata::default();
        metadata.note_expires(&key_id('a'), key('a').hint(), NOW);
        metadata.note_revoked(&key_id('b'), key('b').hint(), NOW);
        metadata.note_expires(&key_id('c'), key('c').hint(), NOW);
        let first = ring("abc", &metadata);
        let mut forgotten = ring("abc", &Metadata::default());
        assert_eq!(forgotten.keep_ended(&first, NOW).len(), 3);
        let mut anew = Metadata::default();
        let later = NOW + TimeDelta::seconds(1);
        anew.note_expires(&key_id('a'), key('a').hint(), later);
        anew.note_expires(&key_id('b'), key('b').hint(), later);
        for before in [first, forgotten] {
            let mut second = ring("abc", &anew);
            let mut kept = second.keep_ended(&before, NOW);
            kept.sort_unstable();
            assert_eq!(kept, [key('b').hint(), key('c').hint()]);
            let second = second.after(&before);
            assert_eq!(state(&second, 'a', NOW), "in force aaaaaaaa...aaaa");
            assert_eq!(state(&second, 'a', later), "former aaaaaaaa...aaaa");
            assert_eq!(state(&second, 'b', NOW), "former bbbbbbbb...bbbb");
            assert_eq!(state(&second, 'c', NOW), "former cccccccc...cccc");
        }
    }

    #[test]
    fn a_key_that_was_taken_out_is_remembered_until_it_comes_back() {
        let nothing = Metadata::default();
        let first = ring("ab", &nothing);
        let second = ring("b", &nothing).after(&first);
        assert_eq!(state(&second, 'a', NOW), "former aaaaaaaa...aaaa");
        let third = ring("bc", &nothing).after(&second);
        assert_eq!(state(&third, 'a', NOW), "former aaaaaaaa...aaaa");
        assert_eq!(ring("cb", &nothing).after(&third), third);
        let fourth = ring("ab", &nothing).after(&third);
        assert_eq!(state(&fourth, 'a', NOW), "in force aaaaaaaa...aaaa");
    }
}
