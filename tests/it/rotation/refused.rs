//! Which keys are not replaced: it is said before a new one is shown.
use std::process::Output;

use super::fixture::{Keys, hint, is_new, old, served};
use crate::cli::text;

/// A run that changes nothing and shows nothing, and what it said.
fn refused(keys: &Keys, arguments: &[&str]) -> String {
    let before = keys.standing();
    let Output {
        status,
        stdout,
        stderr,
    } = keys.run(arguments);
    assert_eq!((status.code(), text(&stdout)), (Some(1), ""));
    assert_eq!(keys.standing(), before);
    text(&stderr).to_owned()
}

/// A key whose rotation is open, since no server answered.
fn open() -> Keys {
    let keys = Keys::new(1, 9);
    assert_eq!(keys.run(&["--yes"]).status.code(), Some(1));
    assert_eq!(keys.stage().as_deref(), Some("open"));
    keys
}

#[test]
fn a_key_that_is_being_replaced_is_not_replaced_again_and_no_key_is_shown() {
    let keys = open();
    for name in ["key1", &hint(&old(1))] {
        assert_eq!(
            refused(&keys, &[name, "--yes", "--print"]),
            format!(
                "error: {} is being replaced already: `--finish` ends that, `--abort` takes it back\n",
                hint(&old(1))
            )
        );
    }
}

#[test]
fn a_key_that_is_to_replace_another_is_not_replaced_before_that_is_settled() {
    let keys = open();
    let new = hint(&keys.new_key());
    for name in [&[&*new][..], &[]] {
        assert_eq!(
            refused(&keys, &[name, &["--yes", "--print"]].concat()),
            format!(
                "error: {new} was made to replace another key, which stays until `--finish` or `--abort`\n"
            )
        );
    }
}

#[test]
fn a_person_is_not_offered_a_key_that_is_to_replace_another() {
    let (keys, _gate) = served(3);
    assert_eq!(
        keys.run(&["key1", "--yes", "--server", "http://127.0.0.1:9"])
            .status
            .code(),
        Some(1)
    );
    let mut terminal = keys.on_a_terminal(&["--plain"]);
    terminal.wait_for("Go on with that?").send("n\n");
    terminal.wait_for("Number from 1 to 2");
    let listed = terminal.screen();
    assert!(
        listed.contains("key2") && listed.contains("key3"),
        "{listed}"
    );
}

#[test]
fn a_person_who_was_slower_than_another_command_is_shown_no_key() {
    let (keys, _gate) = served(1);
    let mut terminal = keys.on_a_terminal(&["--plain"]);
    terminal.wait_for("Replace this key?");
    assert!(keys.run(&["--yes"]).status.success());
    let before = keys.standing();
    terminal
        .send("y\n")
        .wait_for("is being replaced already: `--finish`");
    let left = terminal.end();
    assert_eq!(left.code, Some(1));
    assert!(!left.screen.contains("shown this once"), "{}", left.screen);
    assert_eq!(keys.standing(), before);
    assert!(keys.listed().iter().any(|key| is_new(key)));
}

#[test]
fn of_a_key_that_stands_elsewhere_it_says_where() {
    let keys = Keys::new(1, 9);
    let other = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
    keys.write("more", other);
    keys.write(".env", &(keys.env() + "MCP_API_KEYS_FILE=more\n"));
    assert_eq!(
        refused(&keys, &[&hint(other), "--yes", "--print"]),
        "error: fedcba98...3210 stands in the file that `MCP_API_KEYS_FILE` names, where no command puts another: \
         `aegis generate-key` makes one to put there\n"
    );
}
