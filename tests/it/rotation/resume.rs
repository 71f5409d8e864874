//! `--status`, `--finish`, `--abort`: where a rotation stands, and how it is ended.
use aegis::keys::KeyId;
use serde_json::{Value, json};

use super::fixture::{Gate, Keys, Knows, days, hint, is_new, old, served, stale, steady};
use crate::{cli::text, support::golden};

/// A rotation of the one key, which is left at its first stage.
fn open(keys: &Keys) -> String {
    let output = keys.run(&["key1", "--yes", "--no-test"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    keys.set(&hint(&old(1)), "expires_at", Value::Null);
    keys.new_key()
}

fn said(keys: &Keys, arguments: &[&str], code: i32) -> String {
    let output = keys.run(arguments);
    let said = [text(&output.stdout), text(&output.stderr)].concat();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

/// A rotation at one of its stages; whether the old key can be kept.
type Setting = (&'static str, fn(&Keys), bool);

/// Each stage, and how it comes to be.
const STAGES: [Setting; 5] = [
    ("open", |_| {}, true),
    (
        "ending",
        |keys| keys.set(&hint(&old(1)), "expires_at", days(3).into()),
        true,
    ),
    (
        "ended",
        |keys| keys.set(&hint(&old(1)), "expires_at", days(-3).into()),
        false,
    ),
    (
        "leaving",
        |keys| keys.set(&hint(&old(1)), "retired_at", days(0).into()),
        false,
    ),
    (
        "missing",
        |keys| {
            let new = keys.new_key();
            keys.write(".env", &keys.env().replace(&format!(",{new}"), ""));
        },
        true,
    ),
];

#[test]
fn the_stage_of_a_rotation_is_told_to_people_and_to_programs() {
    let (mut told, mut documents) = (Vec::new(), Vec::new());
    for (stage, set, _) in STAGES {
        let keys = Keys::new(1, 9);
        let new = open(&keys);
        set(&keys);
        assert_eq!(keys.stage().as_deref(), Some(stage));
        let status = |arguments: &[&str]| {
            let text = steady(&said(&keys, arguments, 0), &keys, 9);
            // Where the new key is gone, it is known by the metadata alone.
            format!(
                "== {stage}\n{}",
                text.replace(&hint(&new), "01234567...cdef")
            )
        };
        told.push(status(&["--status"]));
        documents.push(status(&["--status", "--json"]));
    }
    golden("rotate-key/status.txt", &told.concat());
    golden("rotate-key/status-json.txt", &documents.concat());
    let none = Keys::new(2, 9);
    assert_eq!(said(&none, &["--status"], 0), "no rotation is under way\n");
}

#[test]
fn an_old_key_that_is_refused_without_a_successor_is_replaced_anew() {
    let keys = Keys::new(1, 9);
    open(&keys);
    let (_, lose, _) = STAGES[4];
    lose(&keys);
    keys.set(&hint(&old(1)), "expires_at", days(-1).into());
    let told = said(&keys, &["--status"], 0);
    assert!(
        told.contains("the old one is refused; `aegis rotate-key` makes another"),
        "{told}"
    );
    let told = said(&keys, &["--abort", "--yes"], 1);
    assert!(told.contains("is refused already"), "{told}");
    said(&keys, &["--yes", "--no-test"], 0);
    assert_eq!(keys.stage().as_deref(), Some("ended"));
    let new = keys.new_key();
    said(&keys, &["--finish", "--yes"], 0);
    assert_eq!(keys.listed(), [new]);
}

#[test]
fn a_key_that_stands_in_full_is_called_by_its_own_hint_whatever_is_noted() {
    let keys = Keys::new(2, 9);
    keys.set(&hint(&old(1)), "retired_at", days(0).into());
    keys.set(&hint(&old(1)), "hint", "another1...note".into());
    assert_eq!(
        said(&keys, &["--status"], 0),
        format!(
            "{} (key1) was taken out of use and is refused, but stands in the file\n  \
             `aegis rotate-key --finish` takes it out\n",
            hint(&old(1))
        )
    );
}

#[test]
fn who_asks_where_it_stands_changes_nothing() {
    let keys = Keys::new(1, 9);
    open(&keys);
    let before = keys.standing();
    keys.run(&["--status"]);
    assert_eq!(keys.standing(), before);
}

#[test]
fn what_is_finished_has_the_new_key_alone() {
    for (stage, set, _) in STAGES {
        let (keys, _gate) = served(1);
        let new = open(&keys);
        set(&keys);
        if stage == "missing" {
            let said = said(&keys, &["--finish", "key1", "--yes"], 1);
            assert!(said.contains("is not in force"), "{said}");
            assert_eq!(keys.listed(), [old(1)]);
            continue;
        }
        said(&keys, &["--finish", &hint(&new), "--yes"], 0);
        assert_eq!(keys.listed(), [new]);
        assert!(keys.record(&hint(&old(1)))["retired_at"].is_string());
        assert_eq!(
            said(&keys, &["--finish", "--yes"], 0),
            "no rotation is under way\n"
        );
        keys.assert_nothing_left();
    }
}

#[test]
fn what_is_aborted_has_the_old_key_alone_unless_that_is_refused_already() {
    for (stage, set, can_be_kept) in STAGES {
        let keys = Keys::new(1, 9);
        keys.set(&hint(&old(1)), "expires_at", days(40).into());
        let new = open(&keys);
        set(&keys);
        let before = keys.standing();
        if !can_be_kept {
            let said = said(&keys, &["--abort", "key1", "--yes"], 1);
            assert!(said.contains("is refused already"), "{stage}: {said}");
            assert_eq!(keys.standing(), before);
            continue;
        }
        said(&keys, &["--abort", "--yes"], 0);
        assert_eq!(keys.listed(), [old(1)], "{stage}");
        let record = keys.record(&hint(&old(1)));
        assert_eq!(record["replaced_by"], Value::Null);
        assert_eq!(record["expires_at"].as_str().unwrap()[..10], days(40)[..10]);
        assert!(keys.record(&hint(&new))["retired_at"].is_string());
        assert_eq!(
            said(&keys, &["--abort", "--yes"], 0),
            "no rotation is under way\n"
        );
        keys.assert_nothing_left();
    }
}

#[test]
fn an_old_key_stays_until_the_new_one_is_taken() {
    let (keys, _gate) = stale(1);
    open(&keys);
    let before = keys.standing();
    let told = said(&keys, &["--finish", "--yes"], 1);
    assert!(told.contains("refuses the new key"), "{told}");
    assert_eq!(keys.standing(), before);
}

#[test]
fn a_grace_is_not_cut_short_by_who_does_not_name_the_key() {
    let (keys, _gate) = served(1);
    open(&keys);
    keys.set(&hint(&old(1)), "expires_at", days(3).into());
    let before = keys.standing();
    let told = said(&keys, &["--finish", "--yes"], 0);
    assert!(told.contains("may be used until"), "{told}");
    assert_eq!(keys.standing(), before);
    said(&keys, &["--finish", "--yes", "key1"], 0);
    assert!(!keys.listed().contains(&old(1)));
}

#[test]
fn of_several_rotations_the_one_that_is_meant_must_be_named() {
    let (keys, _gate) = served(2);
    open(&keys);
    let output = keys.run(&["key2", "--yes", "--no-test"]);
    assert!(output.status.success());
    for action in ["--finish", "--abort"] {
        keys.set(&hint(&old(2)), "expires_at", Value::Null);
        let told = said(&keys, &[action, "--yes"], 2);
        assert!(told.contains("2 rotations are under way"), "{told}");
    }
    said(&keys, &["--abort", "--yes", "key2"], 0);
    said(&keys, &["--finish", "--yes"], 0);
    let listed = keys.listed();
    assert_eq!((listed.len(), &listed[0]), (2, &old(2)));
    assert!(is_new(&listed[1]));
}

#[test]
fn an_old_key_follows_its_successor_to_the_one_that_has_its_place() {
    let keys = Keys::new(1, 9);
    open(&keys);
    keys.set(&hint(&old(1)), "expires_at", days(3).into());
    let new = keys.new_key();
    said(&keys, &[&hint(&new), "--yes", "--no-test"], 0);
    keys.set(&hint(&new), "expires_at", days(-1).into());
    // The second is taken out with the third's rotation; the first still has its end.
    said(&keys, &["--finish", "--yes"], 0);
    assert_eq!(keys.listed().len(), 2);
    assert_eq!(keys.stage().as_deref(), Some("ending"));
    keys.set(&hint(&old(1)), "expires_at", days(-1).into());
    said(&keys, &["--finish", "--yes"], 0);
    assert_eq!(keys.listed().len(), 1);
}

#[test]
fn never_is_no_key_left() {
    let (keys, _gate) = served(1);
    let new = open(&keys);
    keys.set(&hint(&new), "revoked_at", days(0).into());
    for arguments in [
        ["--finish", "key1", "--yes"],
        ["--finish", &hint(&new), "--yes"],
    ] {
        let told = said(&keys, &arguments, 1);
        assert!(
            told.contains("not in force") || told.contains("no key would be left"),
            "{told}"
        );
        assert!(keys.listed().contains(&old(1)));
    }
    // Nor by taking out what has ended, where all has.
    keys.set(&hint(&old(1)), "retired_at", days(0).into());
    let told = said(&keys, &["--finish", "--yes"], 1);
    assert!(told.contains("no key would be left"), "{told}");
    assert_eq!(keys.listed().len(), 2);
}

#[test]
fn a_key_that_came_back_with_an_old_file_is_told_of_and_taken_out() {
    let (keys, _gate) = served(1);
    let before = keys.env();
    let output = keys.run(&["--yes", "--grace", "0"]);
    assert!(output.status.success());
    let new = keys.new_key();
    keys.write(
        ".env",
        &before.replace(&old(1), &format!("{},{new}", old(1))),
    );
    assert_eq!(keys.stage().as_deref(), Some("leaving"));
    said(&keys, &["--finish", "--yes"], 0);
    assert_eq!(keys.listed(), std::slice::from_ref(&new));

    // One that was taken back, in the same way.
    said(&keys, &["--yes", "--no-test"], 0);
    let withdrawn = keys.listed().pop().unwrap();
    let both = keys.env();
    said(&keys, &["--abort", "--yes"], 0);
    keys.write(".env", &both);
    let told = said(&keys, &["--status"], 0);
    assert!(
        told.contains(&format!("{} (key1) was taken out of use", hint(&withdrawn))),
        "{told}"
    );
    said(&keys, &["--finish", "--yes"], 0);
    assert_eq!(keys.listed(), [new]);
}

#[test]
fn a_hashed_key_is_finished_once_somebody_used_it() {
    let (keys, _gate) = served(1);
    let output = keys.run(&["--yes", "--no-test", "--hashed", "--print"]);
    let new = text(&output.stdout).trim_end().to_owned();
    keys.set(&hint(&old(1)), "expires_at", Value::Null);
    let told = said(&keys, &["--finish", "--yes"], 1);
    assert!(told.contains("cannot be tested"), "{told}");

    keys.write_use_of(&new);
    let told = said(&keys, &["--finish", "--yes"], 0);
    assert!(told.contains(&format!("{} was used", hint(&new))), "{told}");
    let entry = format!("sha256:{}", KeyId::of(new.as_bytes()).to_hex());
    assert_eq!(keys.listed(), [entry]);
}

#[test]
fn a_server_that_lets_in_everybody_tells_nothing() {
    let (listener, port) = Gate::listen();
    let keys = Keys::new(1, port);
    let _gate = Gate::serve(listener, keys.path(".env"), Knows::Everybody);
    let told = said(&keys, &["--yes"], 1);
    assert!(told.contains("lets in whoever comes"), "{told}");
    assert_eq!(keys.stage().as_deref(), Some("open"));
}

#[test]
fn programs_read_what_was_ended_as_json() {
    let (keys, gate) = served(1);
    open(&keys);
    let finished = said(&keys, &["--finish", "--yes", "--json"], 0);
    let again = Keys::like(&keys);
    let new = open(&again);
    let aborted = said(&again, &["--abort", "--yes", "--json"], 0);
    let aborted = aborted.replace(&hint(&new), "01234567...cdef");
    let nothing = said(&again, &["--abort", "--yes", "--json"], 0);
    let told = [finished, aborted, nothing].concat();
    golden(
        "rotate-key/ended-json.txt",
        &steady(&told, &keys, gate.port),
    );
}

#[test]
fn programs_read_what_waits_and_what_was_left_over() {
    let ended = |keys: &Keys, how: &str| -> Value {
        serde_json::from_str(&said(keys, &[how, "--yes", "--json"], 0)).unwrap()
    };
    let keys = Keys::new(1, 9);
    said(&keys, &["--yes", "--no-test"], 0);
    let end = keys.record(&hint(&old(1)))["expires_at"].clone();
    let waiting = json!([{ "hint": hint(&old(1)), "until": end }]);
    assert_eq!(ended(&keys, "--finish")["waiting"], waiting);

    let new = keys.new_key();
    let both = keys.env();
    said(&keys, &["--abort", "--yes"], 0);
    keys.write(".env", &both);
    let out = json!({ "kept": null, "taken_out": [hint(&new)] });
    assert_eq!(ended(&keys, "--abort"), out);
}
