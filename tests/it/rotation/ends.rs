//! The end of the key that is made in the place of one that has an end.
use chrono::DateTime;
use serde_json::Value;

use super::fixture::{Keys, days, hint, old, served, steady};
use crate::{cli::text, support::golden};

/// How long a key was to be in use when it was made, in days.
fn span(record: &Value) -> i64 {
    let time = |member: &str| {
        let text = record[member].as_str().expect("it has that time");
        DateTime::parse_from_rfc3339(text).unwrap()
    };
    (time("expires_at") - time("created_at")).num_days()
}

/// One key, made 81 days ago for 90.
fn visitor(keys: &Keys) {
    keys.set(&hint(&old(1)), "expires_at", days(9).into());
}

fn span_of_new(keys: &Keys) -> i64 {
    span(&keys.record(&hint(&keys.new_key())))
}

#[test]
fn a_new_key_ends_as_long_after_it_was_made_as_the_old_one_did() {
    let (keys, gate) = served(1);
    visitor(&keys);
    let output = keys.run(&["--yes"]);
    assert!(output.status.success());
    let told = steady(text(&output.stderr), &keys, gate.port);
    golden("rotate-key/unattended-end.txt", &told);
    assert_eq!(span_of_new(&keys), 90);
}

#[test]
fn a_program_reads_when_the_new_key_ends() {
    let keys = Keys::new(1, 9);
    visitor(&keys);
    let output = keys.run(&["--yes", "--no-test", "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let new = keys.record(&hint(&keys.new_key()));
    assert!(new["expires_at"].is_string());
    assert_eq!(told["new_expires_at"], new["expires_at"]);
}

#[test]
fn a_person_is_told_when_the_new_key_ends() {
    let (keys, _gate) = served(1);
    visitor(&keys);
    let mut terminal = keys.on_a_terminal(&["key1", "--plain"]);
    terminal
        .wait_for("The new one ends on ")
        .wait_for("Press Enter");
    assert_eq!(span_of_new(&keys), 90);
}

#[test]
fn the_end_of_a_grace_is_no_end_for_the_next_key() {
    let keys = Keys::new(1, 9);
    let rotate = || keys.run(&["key1", "--yes", "--no-test"]);
    assert!(rotate().status.success());
    let lost = keys.new_key();
    keys.write(".env", &keys.env().replace(&format!(",{lost}"), ""));
    assert!(rotate().status.success());
    assert_eq!(
        keys.record(&hint(&keys.new_key()))["expires_at"],
        Value::Null
    );
}

#[test]
fn behind_the_end_of_a_grace_the_end_that_a_key_had_before_counts() {
    let keys = Keys::new(1, 9);
    visitor(&keys);
    let rotate = || keys.run(&["key1", "--yes", "--no-test", "--grace", "1d"]);
    assert!(rotate().status.success());
    let lost = keys.new_key();
    keys.write(".env", &keys.env().replace(&format!(",{lost}"), ""));
    assert!(rotate().status.success());
    assert_eq!(span_of_new(&keys), 90);
}
