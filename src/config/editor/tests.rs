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
        let put = |editor: &mut KeyEditor| editor.replace(&key('B').id(), NewKey::Plain(&key('C')));
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
fn no_key_is_added_where_another_would_be_lost() {
    for (text, lost) in [
        ("KEYS=A\nKEYS=\n", Some((1, 2))),
        ("X=1\nKEYS=A\nKEYS=A,B\nKEYS=A\n", Some((3, 4))),
        ("KEYS=A\nKEYS=A,B\n", None),
        ("KEYS=mistyped\nKEYS=\n", None),
    ] {
        let text = spelled(text);
        let mut editor = KeyEditor::parse(text.clone().into_bytes()).unwrap();
        let added = editor.add(NewKey::Plain(&key('C')));
        let refused = lost.map(|(line, last)| EditError::Lost { line, last });
        assert_eq!(added.err(), refused, "{}", shortened(text.as_bytes()));
        let unchanged = editor.as_bytes() == text.as_bytes();
        assert_eq!(unchanged, lost.is_some());
    }
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
    for text in ["KEYS='A'\nKEYS=x'#,A\n", "KEYS='' \nKEYS='A"] {
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
                let refused = matches!(error, EditError::Unsafe { .. } | EditError::Lost { .. });
                prop_assert!(refused, "{}", error);
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
