//! What a person at a terminal sees and is asked.
use std::fs::File;

use rustix::fs::{FlockOperation, flock};

use super::{KEY, Keys, OTHER, hint};
use crate::support::{Terminal, golden};

/// The keys that were shown, each once.
fn shown_keys(screen: &str) -> Vec<&str> {
    let is_key =
        |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut keys: Vec<_> = screen.split([' ', '\n', '=']).filter(is_key).collect();
    keys.dedup();
    keys
}

/// The screen without what differs from run to run.
fn unkeyed(screen: &str) -> String {
    shown_keys(screen)
        .into_iter()
        .fold(screen.to_owned(), |screen, key| {
            screen.replace(key, "<key>").replace(&hint(key), "<hint>")
        })
}

#[test]
fn a_person_is_asked_whether_to_save_what_is_known_of_a_key() {
    for (answer, saved) in [("\r", true), ("y\r", true), ("n\r", false)] {
        let keys = Keys::new();
        let mut terminal = Terminal::run(&keys.command(&["generate-key"]));
        terminal
            .wait_for("never the key, in aegis-keys.json?")
            .send(answer);
        let left = terminal.end();
        assert!(left.code == Some(0) && left.is_usable, "{}", left.screen);
        assert_eq!(keys.names().len(), usize::from(saved));
        let [key] = shown_keys(&left.screen)[..] else {
            panic!("one key is shown");
        };
        assert!(!keys.everything().contains(key));
        if answer == "\r" {
            golden("keys/terminal-generate.txt", &unkeyed(&left.screen));
        }
    }
}

#[test]
fn a_person_who_leaves_the_question_leaves_nothing_behind() {
    for typed in ["\u{3}", "\u{4}"] {
        let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
        let mut terminal = Terminal::run(&keys.command(&["generate-key", "--add"]));
        terminal.wait_for("aegis-keys.json?").send(typed);
        let left = terminal.end();
        assert!(left.code == Some(130) && left.is_usable, "{}", left.screen);
        assert!(shown_keys(&left.screen).is_empty());
        assert_eq!(keys.everything(), format!("MCP_API_KEYS={KEY}\n"));
    }
}

#[test]
fn an_added_key_is_shown_with_what_was_done_and_is_left_to_do() {
    let keys = Keys::new();
    let arguments = ["generate-key", "--add", "--label", "laptop"];
    let left = Terminal::run(&keys.command(&arguments)).end();
    assert!(left.code == Some(0) && left.is_usable, "{}", left.screen);
    golden("keys/terminal-add.txt", &unkeyed(&left.screen));
}

#[test]
fn revoking_is_asked_for_and_no_is_the_default() {
    let folder = || Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    for (answer, code) in [
        ("\r", 1),
        ("n\r", 1),
        ("\u{3}", 130),
        ("\u{4}", 130),
        ("y\r", 0),
    ] {
        let keys = folder();
        let before = keys.everything();
        let mut terminal = Terminal::run(&keys.command(&["revoke-key", "0123", "--no-wait"]));
        terminal.wait_for("Revoke 01234567...cdef?").send(answer);
        let left = terminal.end();
        assert!(
            left.code == Some(code) && left.is_usable,
            "{answer:?}: {}",
            left.screen
        );
        assert_eq!(keys.everything() == before, code != 0, "{answer:?}");
    }
}

#[test]
fn a_person_who_breaks_off_the_wait_for_another_command_revokes_nothing() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    let before = keys.everything();
    let path = keys.path(".env.lock");
    let lock = File::create(&path).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut terminal = Terminal::run(&keys.command(&["revoke-key", "0123", "--no-wait"]));
    terminal.wait_for("[y/N]").send("y\r");
    terminal.wait_until_open(&path).send("\u{3}");
    let left = terminal.end();
    assert!(left.code == Some(130) && left.is_usable, "{}", left.screen);
    assert_eq!(keys.everything(), before);
}

#[test]
fn a_closed_terminal_revokes_nothing() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    let before = keys.everything();
    let mut terminal = Terminal::run(&keys.command(&["revoke-key", "0123", "--no-wait"]));
    terminal.wait_for("Revoke 01234567...cdef?");
    assert_eq!(terminal.close(), Some(130));
    assert_eq!(keys.everything(), before);
}

#[test]
fn the_key_in_the_place_of_the_only_one_is_shown_once() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let arguments = ["revoke-key", "0123", "--replace", "--no-wait"];
    let mut terminal = Terminal::run(&keys.command(&arguments));
    terminal.wait_for("put a new key in its place?").send("y\r");
    let left = terminal.end();
    assert!(left.code == Some(0) && left.is_usable, "{}", left.screen);
    let [key] = shown_keys(&left.screen)[..] else {
        panic!("one key is shown");
    };
    assert_eq!(keys.read(".env"), format!("MCP_API_KEYS={key}\n"));
    golden("keys/terminal-replace.txt", &unkeyed(&left.screen));
}
