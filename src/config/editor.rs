//! Changing the keys of a `.env` file: the value's bytes and nothing else.
use zeroize::Zeroizing;

use super::{EnvFile, env::KEYS};
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

    /// Adds a key after the others.
    pub fn add(&mut self, key: NewKey<'_>) -> Result<(), EditError> {
        self.expect_unknown(key)?;
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
        for assignment in file
            .assignments()
            .filter(|assignment| assignment.name == KEYS)
        {
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

/// The value that counts.
fn value(file: &EnvFile) -> Result<&str, EditError> {
    let last = file
        .assignments()
        .filter(|assignment| assignment.name == KEYS)
        .last();
    last.map_or(Ok(""), |assignment| {
        let line = assignment.line;
        str::from_utf8(assignment.value).map_err(|_| EditError::NotUtf8 { line })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use proptest::prelude::*;

    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0001";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0002";
    const C: &str = "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc0003";

    /// A key by its letter, and a text with letters for keys.
    fn key(letter: char) -> ApiKey {
        ApiKey::parse(&spelled(&letter.to_string())).unwrap()
    }

    fn spelled(text: &str) -> String {
        let long = text.replace('A', A).replace('B', B).replace('C', C);
        long.replace("KEYS", "MCP_API_KEYS")
    }

    fn shortened(bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        let short = text.replace("MCP_API_KEYS", "KEYS");
        short.replace(A, "A").replace(B, "B").replace(C, "C")
    }

    fn edited(text: &str, edit: impl FnOnce(&mut KeyEditor) -> Result<(), EditError>) -> String {
        let mut editor = KeyEditor::parse(spelled(text).into_bytes()).unwrap();
        edit(&mut editor).unwrap();
        shortened(editor.as_bytes())
    }

    #[test]
    fn a_key_is_added_after_the_others() {
        for (before, after) in [
            ("", "KEYS=C\n"),
            ("X=1\n", "X=1\nKEYS=C\n"),
            ("X=1", "X=1\nKEYS=C\n"),
            ("X=1\r\nY=2", "X=1\r\nY=2\r\nKEYS=C\r\n"),
            ("KEYS=", "KEYS=C"),
            ("KEYS=A", "KEYS=A,C"),
            ("KEYS=A,", "KEYS=A,C"),
            ("KEYS=A,,B\n", "KEYS=A,,B,C\n"),
            ("KEYS = A , B # two\r\n", "KEYS = A , B,C # two\r\n"),
            ("export KEYS='A'# c\n", "export KEYS='A,C'# c\n"),
            ("KEYS=\"\"\n", "KEYS=\"C\"\n"),
            ("KEYS= # none yet\n", "KEYS=C # none yet\n"),
            ("\u{feff}KEYS=A\n", "\u{feff}KEYS=A,C\n"),
            ("KEYS=mistyped,A\n", "KEYS=mistyped,A,C\n"),
            ("#KEYS=A\n", "#KEYS=A\nKEYS=C\n"),
        ] {
            let added = edited(before, |editor| editor.add(NewKey::Plain(&key('C'))));
            assert_eq!(added, after, "{before:?}");
        }
    }

    #[test]
    fn a_key_is_taken_out_wherever_it_stands() {
        for (before, after) in [
            ("KEYS=B", "KEYS="),
            ("KEYS=A,B", "KEYS=A"),
            ("KEYS=B,A", "KEYS=A"),
            ("KEYS=A,B,C\n", "KEYS=A,C\n"),
            ("KEYS=A, B, C\n", "KEYS=A, C\n"),
            ("KEYS = B, A # c\n", "KEYS = A # c\n"),
            ("KEYS=A ,B\n", "KEYS=A\n"),
            ("KEYS=B,A,B,\n", "KEYS=A,\n"),
            ("KEYS='A,B'\n", "KEYS='A'\n"),
            ("KEYS=\"A\",\"B\",\"C\"\n", "KEYS=\"A\",\"C\"\n"),
            ("KEYS=A,B\r\n", "KEYS=A\r\n"),
            ("KEYS=mistyped,B\n", "KEYS=mistyped\n"),
        ] {
            let taken = edited(before, |editor| editor.remove(&key('B').id()));
            assert_eq!(taken, after, "{before:?}");
        }
    }

    #[test]
    fn a_key_is_put_where_another_stands() {
        for (before, after) in [
            ("KEYS=B", "KEYS=C"),
            ("KEYS='A, B'# c\n", "KEYS='A, C'# c\n"),
            ("KEYS=B,A,B\n", "KEYS=C,A\n"),
            ("KEYS=\"A\",\"B\"\n", "KEYS=\"A\",\"C\"\n"),
        ] {
            let put =
                |editor: &mut KeyEditor| editor.replace(&key('B').id(), NewKey::Plain(&key('C')));
            assert_eq!(edited(before, put), after, "{before:?}");
        }
    }

    #[test]
    fn every_assignment_of_the_keys_gets_what_counts_so_that_no_reader_finds_a_key_again() {
        let before = "KEYS='B'\nX=1\nexport KEYS = C # old\nKEYS=A,B\n";
        let taken = edited(before, |editor| editor.remove(&key('B').id()));
        assert_eq!(taken, "KEYS='A'\nX=1\nexport KEYS = A # old\nKEYS=A\n");
    }

    #[test]
    fn digests_stand_beside_keys_and_are_found_by_the_same_name() {
        let digest = key('B').id().hashed_entry();
        let added = edited("KEYS=A\n", |editor| {
            editor.add(NewKey::Hashed(&key('B').id()))
        });
        assert_eq!(added, format!("KEYS=A,{digest}\n"));
        let taken = edited(&added, |editor| editor.remove(&key('B').id()));
        assert_eq!(taken, "KEYS=A\n");
    }

    #[test]
    fn what_cannot_be_done_leaves_the_text_as_it_was() {
        let mut editor = KeyEditor::parse(spelled("KEYS=A,B").into_bytes()).unwrap();
        let (a, c) = (key('A'), key('C'));
        assert_eq!(editor.add(NewKey::Plain(&a)), Err(EditError::Known));
        assert_eq!(editor.add(NewKey::Hashed(&a.id())), Err(EditError::Known));
        assert_eq!(editor.remove(&c.id()), Err(EditError::Unknown));
        assert_eq!(
            editor.replace(&c.id(), NewKey::Plain(&c)),
            Err(EditError::Unknown)
        );
        let known = editor.replace(&key('B').id(), NewKey::Plain(&a));
        assert_eq!(known, Err(EditError::Known));
        assert_eq!(shortened(editor.as_bytes()), "KEYS=A,B");
    }

    #[test]
    fn what_would_be_read_as_something_else_is_not_written() {
        // What is no key here closes the quotes there, or has a quote too many there.
        for text in ["KEYS='A'\nKEYS=x'#,B\n", "KEYS='' \nKEYS='A"] {
            let text = spelled(text);
            let mut editor = KeyEditor::parse(text.clone().into_bytes()).unwrap();
            let refused = editor.add(NewKey::Plain(&key('C')));
            assert_eq!(refused, Err(EditError::Unsafe { line: 1 }));
            assert_eq!(editor.as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn text_that_cannot_be_told_is_not_edited() {
        let latin = KeyEditor::parse(b"X=1\nMCP_API_KEYS=caf\xe9\n".to_vec());
        assert_eq!(latin.unwrap_err(), EditError::NotUtf8 { line: 2 });
        let utf16 = KeyEditor::parse(b"\xff\xfeX\0=\x001\0".to_vec());
        assert_eq!(utf16.unwrap_err(), EditError::Utf16);
    }

    #[test]
    fn latin_1_and_nul_elsewhere_are_kept() {
        let before = [
            b"# caf\xe9\nX=\0\xff\nMCP_API_KEYS=",
            A.as_bytes(),
            b"\n\0\n",
        ]
        .concat();
        let mut editor = KeyEditor::parse(before.clone()).unwrap();
        editor.add(NewKey::Plain(&key('C'))).unwrap();
        editor.remove(&key('C').id()).unwrap();
        assert_eq!(editor.as_bytes(), before);
    }

    /// Lines as people and programs write them; no `B`, which is added and taken out.
    const LINES: &str = "((\u{feff}|export |[ \u{a0}\t]){0,2}(KEYS|X|#|KEYS_FILE)?[ \t]{0,2}[=:]?[ \u{a0}]{0,2}[\"']?(A|C|x|,|, | #|#|\"|'|\\$|\u{e9}|\r){0,5}[\"']?[ ]?(# [xA])?\r?\n?){0,6}";

    proptest! {
        #[test]
        fn an_edit_touches_the_keys_and_nothing_else(text in LINES) {
            let before = spelled(&text);
            let mut editor = KeyEditor::parse(before.clone().into_bytes()).unwrap();
            let keys = editor.keys().to_vec();
            let b = key('B');
            match editor.add(NewKey::Plain(&b)) {
                Ok(()) => {
                    let ids: Vec<_> = editor.keys().iter().map(|key| key.id).collect();
                    let mut expected: Vec<_> = keys.iter().map(|key| key.id).collect();
                    expected.push(b.id());
                    prop_assert_eq!(ids, expected);
                    let after = String::from_utf8(editor.as_bytes().to_vec()).unwrap();
                    let kept = if has_keys(&before) {
                        without_values(&after) == without_values(&before)
                    } else {
                        after.starts_with(&before)
                    };
                    prop_assert!(kept);
                    // Read anew, it is what it was said to be; and it can be undone.
                    let anew = KeyEditor::parse(after.into_bytes()).unwrap();
                    prop_assert_eq!(anew.keys(), editor.keys());
                    editor.remove(&b.id()).unwrap();
                    prop_assert_eq!(editor.keys(), &keys[..]);
                    prop_assert!(!shortened(editor.as_bytes()).contains('B'));
                }
                Err(error) => {
                    prop_assert!(matches!(error, EditError::Unsafe { .. }), "{}", error);
                    prop_assert_eq!(editor.as_bytes(), before.as_bytes());
                }
            }
        }
    }

    fn has_keys(text: &str) -> bool {
        let file = EnvFile::parse(text.as_bytes().to_vec());
        file.assignments().any(|assignment| assignment.name == KEYS)
    }

    /// The text without the values of the keys.
    fn without_values(text: &str) -> String {
        let file = EnvFile::parse(text.as_bytes().to_vec());
        let start = file.as_bytes().as_ptr() as usize;
        let mut rest = text.to_owned();
        let values: Vec<_> = file.assignments().filter(|a| a.name == KEYS).collect();
        for value in values.iter().rev() {
            let at = value.value.as_ptr() as usize - start;
            rest.replace_range(at..at + value.value.len(), "");
        }
        rest
    }
}
