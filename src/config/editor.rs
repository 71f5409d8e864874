//! Changing the keys of a `.env` file: the value's bytes and nothing else.
use zeroize::Zeroizing;

use super::{EnvFile, env::KEYS, env_file::Assignment};
use crate::keys::{ApiKey, KeyEntry, KeyId, KeyList, RejectedKey, SEPARATORS, entry_within};

/// The text of a `.env` file and the keys in it, which can be changed. No key's text comes out of it
/// but with the whole text.
#[derive(Debug)]
pub struct KeyEditor {
    file: EnvFile,
    keys: Vec<KeyEntry>,
    rejected: Vec<RejectedKey>,
    changed: bool,
}

/// A key that is to be written down.
#[derive(Clone, Copy, Debug)]
pub enum NewKey<'a> {
    Plain(&'a ApiKey),
    /// Only its digest.
    Hashed(&'a KeyId),
}

/// Why the keys were not changed. The text is as it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EditError {
    #[error("the file is UTF-16; save it as UTF-8")]
    Utf16,
    #[error("line {line} is not UTF-8, so its keys cannot be told; mend it by hand")]
    NotUtf8 { line: usize },
    #[error("line {line} cannot be changed safely; write it as `{KEYS}=key,key` by hand")]
    Unsafe { line: usize },
    #[error(
        "line {line} has a key that line {last}, which counts, has not, and it would be lost; write all keys into one line by hand"
    )]
    Lost { line: usize, last: usize },
    #[error("this key is there already")]
    Known,
    #[error("this key is not there")]
    Unknown,
}

impl KeyEditor {
    /// Reads the text of a `.env` file. Of several assignments of the keys, the last counts.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, EditError> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(EditError::Utf16);
        }
        Self::of(EnvFile::parse(bytes))
    }

    fn of(file: EnvFile) -> Result<Self, EditError> {
        let KeyList { keys, rejected, .. } = KeyList::parse(value(&file)?);
        Ok(Self {
            file,
            keys,
            rejected,
            changed: false,
        })
    }

    /// The text as it is now.
    pub fn as_bytes(&self) -> &[u8] {
        self.file.as_bytes()
    }

    /// The keys, each once, in the order of the text.
    pub fn keys(&self) -> &[KeyEntry] {
        &self.keys
    }

    /// Whether this is the value that counts here, and so has the same keys.
    pub fn is_value(&self, text: &str) -> bool {
        value(&self.file).is_ok_and(|value| value.trim() == text)
    }

    /// The entries that are no keys. They stay where they are.
    pub fn rejected(&self) -> &[RejectedKey] {
        &self.rejected
    }

    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    pub(super) fn note_written(&mut self) {
        self.changed = false;
    }

    /// Adds a key after the others. None is to go by that: also not one in an assignment that does
    /// not count, which somebody may take to be in force.
    pub fn add(&mut self, key: NewKey<'_>) -> Result<(), EditError> {
        self.expect_unknown(key)?;
        self.expect_none_lost()?;
        let before = value(&self.file)?;
        let comma = if before.is_empty() || before.ends_with(',') {
            ""
        } else {
            ","
        };
        let text = key.text();
        let after = Zeroizing::new([before, comma, &text].concat());
        let keys = self.keys.iter().cloned().chain([key.entry()]);
        self.write(&after, keys.collect())
    }

    /// Takes a key out, wherever in the value it stands.
    pub fn remove(&mut self, key: &KeyId) -> Result<(), EditError> {
        self.put(key, None)
    }

    /// Puts a key where another stands.
    pub fn replace(&mut self, old: &KeyId, new: NewKey<'_>) -> Result<(), EditError> {
        self.expect_unknown(new)?;
        self.put(old, Some(new))
    }

    fn expect_unknown(&self, key: NewKey<'_>) -> Result<(), EditError> {
        if self.keys.iter().any(|known| known.id == key.id()) {
            return Err(EditError::Known);
        }
        Ok(())
    }

    fn expect_none_lost(&self) -> Result<(), EditError> {
        let is_lost = |key: &KeyEntry| self.keys.iter().all(|known| known.id != key.id);
        let mut lines = assigned(&self.file).filter(|assignment| {
            let text = str::from_utf8(assignment.value).unwrap_or_default();
            KeyList::parse(text).keys.iter().any(is_lost)
        });
        let last = assigned(&self.file).last();
        match (lines.next(), last) {
            (Some(Assignment { line, .. }), Some(Assignment { line: last, .. })) => {
                Err(EditError::Lost { line, last })
            }
            _ => Ok(()),
        }
    }

    fn put(&mut self, old: &KeyId, mut new: Option<NewKey<'_>>) -> Result<(), EditError> {
        let Some(at) = self.keys.iter().position(|key| key.id == *old) else {
            return Err(EditError::Unknown);
        };
        let mut keys = self.keys.clone();
        keys.splice(at..=at, new.map(NewKey::entry));

        let before = value(&self.file)?;
        let room = before.len() + new.map_or(0, |new| new.text().len());
        let mut after = Zeroizing::new(String::with_capacity(room));
        for piece in before.split_inclusive(SEPARATORS) {
            let entry = entry_within(piece.trim_end_matches(SEPARATORS));
            if !KeyEntry::parse(&piece[entry.clone()]).is_ok_and(|key| key.id == *old) {
                after.push_str(piece);
            } else if let Some(new) = new.take() {
                after.push_str(&piece[..entry.start]);
                after.push_str(&new.text());
                after.push_str(&piece[entry.end..]);
            }
        }
        let mut text = after.trim();
        if !before.ends_with(SEPARATORS) {
            // The last key took with it what stood before it.
            text = text.strip_suffix(SEPARATORS).unwrap_or(text).trim_end();
        }
        self.write(text, keys)
    }

    /// Takes `value` for the keys, after proof that it is read as `keys` and that nothing else is
    /// read as anything else.
    fn write(&mut self, value: &str, keys: Vec<KeyEntry>) -> Result<(), EditError> {
        let file = self.file.replace(KEYS, value.as_bytes());
        let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
        let mut line = 0;
        for assignment in assigned(&file) {
            line = assignment.line;
            let text = str::from_utf8(assignment.value).unwrap_or_default();
            let read = KeyList::parse(text);
            let same = (read.keys.iter().map(|key| key.id)).eq(ids.iter().copied());
            // Of quotes that stood there and now pair up otherwise, some would be read as the value's.
            let is_ours = value.contains(text);
            if !is_ours || !same || read.rejected.len() != self.rejected.len() {
                return Err(EditError::Unsafe { line });
            }
        }
        if !others(&file).eq(others(&self.file)) {
            return Err(EditError::Unsafe { line });
        }
        (self.file, self.keys, self.changed) = (file, keys, true);
        Ok(())
    }
}

impl NewKey<'_> {
    fn id(self) -> KeyId {
        match self {
            Self::Plain(key) => key.id(),
            Self::Hashed(id) => *id,
        }
    }

    fn text(self) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Plain(key) => key.expose().to_owned(),
            Self::Hashed(id) => id.hashed_entry(),
        })
    }

    fn entry(self) -> KeyEntry {
        match self {
            Self::Plain(key) => KeyEntry::of(key),
            Self::Hashed(id) => KeyEntry::hashed(id),
        }
    }
}

/// Everything but the keys, as it is read.
fn others(file: &EnvFile) -> impl Iterator<Item = (usize, &str, &[u8])> {
    let lines = file
        .not_understood()
        .iter()
        .map(|line| (*line, "", &b""[..]));
    let others = file
        .assignments()
        .filter(|assignment| assignment.name != KEYS);
    lines.chain(others.map(|assignment| (assignment.line, assignment.name, assignment.value)))
}

/// The assignments of the keys, of which the last counts.
fn assigned(file: &EnvFile) -> impl Iterator<Item = Assignment<'_>> {
    let all = file.assignments();
    all.filter(|assignment| assignment.name == KEYS)
}

/// The value that counts.
fn value(file: &EnvFile) -> Result<&str, EditError> {
    assigned(file).last().map_or(Ok(""), |assignment| {
        let line = assignment.line;
        str::from_utf8(assignment.value).map_err(|_| EditError::NotUtf8 { line })
    })
}

#[cfg(test)]
mod tests;
