//! `--yes`: which key, what becomes of the old one, and where the new one is shown.
use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    process::Output,
    thread,
};

use aegis::keys::KeyId;
use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use super::fixture::{Keys, Standing, days, hint, is_new, old, served, stale, steady};
use crate::{cli::text, support::golden};

/// Keys whose server nobody asks.
fn keys(count: usize) -> Keys {
    Keys::new(count, 9)
}

fn said(output: &Output) -> String {
    [text(&output.stdout), text(&output.stderr)].concat()
}

/// A run that must not succeed, and what it said; nothing is changed by it.
fn refused(keys: &Keys, arguments: &[&str], code: i32) -> String {
    let before = keys.standing();
    let output = keys.run(arguments);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(keys.standing(), before);
    said
}

fn done(keys: &Keys, arguments: &[&str]) -> Output {
    let output = keys.run(arguments);
    assert!(output.status.success(), "{}", said(&output));
    output
}

#[test]
fn the_new_key_is_beside_the_old_one_which_gets_its_end() {
    let (keys, gate) = served(1);
    let output = done(&keys, &["--yes"]);
    assert_eq!(output.stdout, b"");
    let told = steady(text(&output.stderr), &keys, gate.port);
    golden("rotate-key/unattended.txt", &told);
    let new = keys.new_key();
    assert_eq!(keys.listed(), [old(1), new.clone()]);
    let record = keys.record(&hint(&old(1)));
    assert_eq!(record["expires_at"].as_str().unwrap()[..10], days(7)[..10]);
    assert_eq!(keys.stage().as_deref(), Some("ending"));
    let successor = keys.record(&hint(&new));
    assert_eq!(successor["label"], "key1");
    assert_eq!(successor["source"], "generated");
    assert_eq!(record["replaced_by"], successor["id"]);
    keys.assert_nothing_left();
}

#[test]
fn without_a_grace_the_old_key_goes_once_the_new_one_is_taken() {
    let (keys, _gate) = served(1);
    let before = keys.env();
    done(&keys, &["--yes", "--grace", "0"]);
    assert_eq!(keys.env(), before.replace(&old(1), &keys.new_key()));
    assert!(keys.record(&hint(&old(1)))["retired_at"].is_string());
    assert_eq!(keys.stage(), None);
    let said = refused(&keys, &["--yes", "--grace", "0", "--no-test"], 2);
    assert!(said.contains("must be tested"), "{said}");
}

#[test]
fn a_server_that_does_not_take_the_new_key_keeps_the_old_one_without_an_end() {
    let (keys, _gate) = stale(1);
    for grace in ["7d", "0"] {
        let keys = Keys::like(&keys);
        let output = keys.run(&["--yes", "--grace", grace]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains("refuses the new key"), "{said}");
        assert!(said.contains("both keys stay"), "{said}");
        assert_eq!(keys.listed(), [old(1), keys.new_key()]);
        assert_eq!(keys.record(&hint(&old(1)))["expires_at"], Value::Null);
        assert_eq!(keys.stage().as_deref(), Some("open"));
    }
}

#[test]
fn where_no_server_answers_the_old_key_stays_too() {
    let keys = keys(1);
    let output = keys.run(&["--yes", "--server", "http://127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("no answer from http://127.0.0.1:9"),
        "{}",
        said(&output)
    );
    assert_eq!(keys.stage().as_deref(), Some("open"));
}

#[test]
fn which_key_must_be_said_where_there_are_several() {
    let keys = keys(3);
    let said = refused(&keys, &["--yes", "--no-test"], 2);
    golden("rotate-key/which.txt", &said);
    for (name, old) in [("key2", old(2)), (&*hint(&old(3)), old(3))] {
        done(&keys, &[name, "--yes", "--no-test"]);
        assert!(keys.record(&hint(&old))["replaced_by"].is_string());
    }
    // What is called so now is the new one.
    let output = done(&keys, &["key2", "--yes", "--no-test"]);
    assert!(!text(&output.stderr).contains(&hint(&old(2))));
    let said = refused(&keys, &[&hint(&old(2)), "--yes", "--no-test"], 1);
    assert!(said.contains("is being replaced already"), "{said}");
    let said = refused(&keys, &["no\u{1b}such", "--yes", "--no-test"], 1);
    assert!(said.contains(r"no key is called `no\u{1b}such`"), "{said}");
}

#[test]
fn the_beginning_of_a_hint_is_enough_and_a_whole_key_too_much() {
    let keys = keys(2);
    let said = refused(&keys, &[&old(2), "--yes", "--no-test"], 2);
    assert!(
        said.contains("that looks like a key"),
        "it does not say what is wrong"
    );
    assert!(!said.contains(&old(2)), "it shows a key");
    done(&keys, &[&old(2)[..6], "--yes", "--no-test"]);
    assert!(keys.record(&hint(&old(2)))["replaced_by"].is_string());
    // Nor is it shown by what ends a rotation.
    for action in ["--finish", "--abort"] {
        let said = refused(&keys, &[action, "--yes", &old(2)], 2);
        assert!(!said.contains(&old(2)), "it shows a key");
    }
}

#[test]
fn a_new_key_is_printed_where_it_is_asked_for_and_nowhere_else() {
    let keys = keys(1);
    let output = done(&keys, &["--yes", "--no-test"]);
    assert!(!said(&output).contains(&keys.new_key()));

    let keys = Keys::like(&keys);
    let output = done(&keys, &["--yes", "--no-test", "--print"]);
    assert_eq!(text(&output.stdout), format!("{}\n", keys.new_key()));
    assert!(!text(&output.stderr).contains(&keys.new_key()));
    assert!(!said(&output).contains(&old(1)));
}

/// A run whose output goes to a full disk, and what it said.
fn on_a_full_disk(keys: &Keys, arguments: &[&str]) -> String {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = keys.command(arguments).stdout(full).output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

#[test]
fn a_key_that_cannot_be_printed_is_not_put_into_force() {
    for more in [&["--print"][..], &["--print", "--json"]] {
        let keys = keys(1);
        let before = keys.standing();
        let said = on_a_full_disk(&keys, &[&["--yes", "--no-test"], more].concat());
        let told = "cannot be printed, so nothing was changed";
        assert!(said.contains(told), "{said}");
        assert_eq!(keys.standing(), before, "{more:?}");
    }
}

#[test]
fn where_nothing_can_be_printed_it_says_what_became_of_the_old_key() {
    let (keys, _gate) = served(1);
    let said = on_a_full_disk(&keys, &["--yes", "--json", "--grace", "0"]);
    assert_eq!(
        said,
        "error: nothing can be printed: No space left on device (os error 28); \
         the old key is taken out, and the new one is in .env\n"
    );
    let said = on_a_full_disk(&keys, &["--yes", "--json", "--grace", "7d"]);
    let told = "the new key is in .env, and the old one may be used until ";
    assert!(said.contains(told), "{said}");
    let (keys, _gate) = stale(1);
    let said = on_a_full_disk(&keys, &["--yes", "--json"]);
    assert!(said.contains("both keys stay"), "{said}");
}

#[test]
fn on_a_terminal_it_is_shown_there() {
    let keys = keys(1);
    let left = keys.on_a_terminal(&["--yes", "--no-test"]).end();
    assert_eq!(left.code, Some(0));
    assert!(left.screen.contains(&keys.new_key()));
}

#[test]
fn a_program_reads_what_was_done_as_json() {
    let (keys, gate) = served(1);
    let output = done(&keys, &["--yes", "--json"]);
    assert_eq!(output.stderr, b"");
    let told = steady(text(&output.stdout), &keys, gate.port);
    golden("rotate-key/unattended.json", &told);
    assert!(!text(&output.stdout).contains(&keys.new_key()));

    let keys = Keys::like(&keys);
    let output = done(&keys, &["--yes", "--no-test", "--json", "--print"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["new_key"], keys.new_key());
    assert_eq!(told["accepted"], Value::Null);

    let (keys, _gate) = stale(1);
    let output = keys.run(&["--yes", "--json"]);
    assert_eq!(
        (output.status.code(), &output.stderr[..]),
        (Some(1), &b""[..])
    );
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["accepted"], &told["old_refused_from"]),
        (&false.into(), &Value::Null)
    );
    let said = refused(&keys, &["--finish", "--json"], 2);
    assert!(said.contains("add `--yes`"), "{said}");
}

#[test]
fn a_hashed_key_gets_a_hashed_successor_which_somebody_must_see() {
    let keys = keys(1);
    let digest = KeyId::of(old(1).as_bytes()).to_hex();
    keys.write(
        ".env",
        &keys.env().replace(&old(1), &format!("sha256:{digest}")),
    );
    let said = refused(&keys, &["--yes", "--no-test"], 2);
    assert!(said.contains("add `--print`"), "{said}");
    refused(&keys, &["--yes", "--no-test", "--json"], 2);
    let said = refused(&keys, &["--yes", "--no-test", "--json", "--print"], 2);
    assert!(said.contains("leave out `--json`"), "{said}");

    let output = done(&keys, &["--yes", "--no-test", "--print"]);
    let new = text(&output.stdout).trim_end();
    let entry = format!("sha256:{}", KeyId::of(new.as_bytes()).to_hex());
    assert_eq!(keys.listed()[1], entry);
    // It is called by what people see of it.
    assert!(text(&output.stderr).contains(&hint(new)));
    assert_eq!(keys.record(&hint(new))["label"], "key1");
    assert!(!keys.env().contains(new));

    let plain = Keys::new(1, 9);
    let output = done(&plain, &["--yes", "--no-test", "--print", "--hashed"]);
    let new = text(&output.stdout).trim_end();
    assert!(!plain.env().contains(new));
}

#[test]
fn a_rotation_that_is_open_is_not_begun_again_with_its_new_key() {
    let keys = keys(1);
    let output = keys.run(&["--yes"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    for arguments in [&["--yes"][..], &["key1", "--yes"]] {
        let said = refused(&keys, arguments, 1);
        assert!(said.contains("`--finish`"), "{said}");
    }
}

#[test]
fn a_later_rotation_takes_out_old_keys_whose_end_has_come() {
    let keys = keys(2);
    done(&keys, &["key1", "--yes", "--no-test"]);
    let new = keys.new_key();
    done(&keys, &["key2", "--yes", "--no-test"]);
    assert!(keys.listed().contains(&old(1)), "its end has not come");
    keys.set(&hint(&old(1)), "expires_at", days(-1).into());
    done(&keys, &["key1", "--yes", "--no-test"]);
    let listed = keys.listed();
    assert!(!listed.contains(&old(1)));
    assert!(listed.contains(&old(2)) && listed.contains(&new));
    assert!(keys.record(&hint(&old(1)))["retired_at"].is_string());
}

#[test]
fn an_end_that_a_key_had_before_is_not_put_off() {
    let keys = keys(1);
    keys.set(&hint(&old(1)), "expires_at", days(2).into());
    done(&keys, &["--yes", "--no-test"]);
    let end = keys.record(&hint(&old(1)))["expires_at"].clone();
    assert_eq!(end.as_str().unwrap()[..10], days(2)[..10]);
}

#[test]
fn a_rotation_whose_new_key_was_lost_leaves_no_end_to_the_next() {
    let keys = keys(1);
    done(&keys, &["--yes", "--no-test", "--grace", "7d"]);
    let lost = keys.new_key();
    keys.write(".env", &keys.env().replace(&format!(",{lost}"), ""));
    done(&keys, &["--yes", "--no-test", "--grace", "30d"]);
    let end = || keys.record(&hint(&old(1)))["expires_at"].clone();
    assert_eq!(end().as_str().unwrap()[..10], days(30)[..10]);
    done(&keys, &["--abort", "--yes"]);
    assert_eq!(end(), Value::Null);
}

#[test]
fn a_grace_that_is_past_is_a_mistake() {
    let said = refused(
        &keys(1),
        &["--yes", "--no-test", "--grace", "2020-01-01"],
        2,
    );
    assert!(said.contains("is past"), "{said}");
}

#[test]
fn where_there_is_no_key_it_says_how_to_make_one() {
    let keys = keys(0);
    keys.write(".env", "");
    let said = refused(&keys, &["--yes", "--no-test"], 1);
    assert!(said.contains("aegis generate-key --add"), "{said}");
}

#[test]
fn broken_metadata_must_be_mended_first() {
    let keys = keys(1);
    keys.write("aegis-keys.json", r#"{"version":1,"keys":[{"#);
    let said = refused(&keys, &["--yes", "--no-test"], 78);
    assert!(said.contains("is broken"), "{said}");
    fs::remove_file(keys.path("aegis-keys.json")).unwrap();
    done(&keys, &["--yes", "--no-test"]);
    assert_eq!(keys.stage().as_deref(), Some("ending"));
}

#[test]
fn who_else_can_read_the_keys_is_told() {
    let keys = keys(1);
    let wide = fs::Permissions::from_mode(0o644);
    fs::set_permissions(keys.path(".env"), wide).unwrap();
    let output = done(&keys, &["--yes", "--no-test"]);
    assert!(
        said(&output).contains("others can read"),
        "{}",
        said(&output)
    );
    let mode = fs::metadata(keys.path(".env"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn while_another_command_edits_the_files_it_waits_and_then_says_so() {
    let runs = [".env.lock", "aegis-keys.json.lock"].map(|locked| {
        thread::spawn(move || {
            let keys = keys(1);
            let lock = File::create(keys.path(locked)).unwrap();
            flock(&lock, FlockOperation::LockExclusive).unwrap();
            refused(&keys, &["--yes", "--no-test"], 75)
        })
    });
    for run in runs {
        let said = run.join().unwrap();
        assert!(
            said.contains("is being edited by another command"),
            "{said}"
        );
    }
}

#[test]
fn a_new_key_in_force_is_told_although_the_old_one_cannot_be_taken_out() {
    let (keys, _gate) = served(1);
    let mut command = keys.command(&["--yes", "--grace", "0", "--json", "--print"]);
    let run = thread::spawn(move || command.output().unwrap());
    while keys.listed().len() < 2 {
        thread::yield_now();
    }
    // It gives the new key time to be read before it asks the server, and then wants the lock again.
    let lock = File::open(keys.path(".env.lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let output = run.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["new_key"] == *keys.new_key(), "another key is told");
    assert_eq!(
        (&told["accepted"], &told["old_taken_out"]),
        (&true.into(), &false.into())
    );
    let both = "is being edited by another command; try again when that has ended; both keys stay, until `aegis rotate-key --finish` or `--abort` ends it";
    assert!(
        text(&output.stderr).contains(both),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(keys.stage().as_deref(), Some("open"));
}

#[test]
fn of_twenty_rotations_at_once_each_is_done_or_busy_and_no_key_is_lost() {
    let keys = keys(1);
    let runs: Vec<_> = (0..20)
        .map(|_| {
            let mut command = keys.command(&["--yes", "--no-test"]);
            thread::spawn(move || command.output().unwrap())
        })
        .collect();
    let mut done = 0;
    for run in runs {
        let output = run.join().unwrap();
        match output.status.code() {
            Some(0) => done += 1,
            // It saw what another had begun and not ended.
            Some(1) => assert!(said(&output).contains("stays until `--finish` or `--abort`")),
            code => assert_eq!(code, Some(75), "{}", said(&output)),
        }
    }
    let listed = keys.listed();
    assert_eq!((listed.len(), &listed[0]), (done + 1, &old(1)));
    let replaced: Vec<_> = listed.iter().map(|key| keys.record(&hint(key))).collect();
    // Each but the newest was replaced by the next, and has its end.
    for pair in replaced.windows(2) {
        assert_eq!(pair[0]["replaced_by"], pair[1]["id"]);
        assert!(pair[0]["expires_at"].is_string());
    }
    assert!(listed[1..].iter().all(|key| is_new(key)));
    assert_eq!(keys.metadata()["keys"].as_array().unwrap().len(), done + 1);
    keys.assert_nothing_left();
}

#[test]
fn of_twenty_rotations_of_different_keys_at_once_none_is_in_the_way_of_another() {
    let keys = keys(20);
    let runs: Vec<_> = (1..=20)
        .map(|number| {
            let mut command = keys.command(&[&hint(&old(number)), "--yes", "--no-test"]);
            thread::spawn(move || command.output().unwrap())
        })
        .collect();
    let codes: Vec<_> = runs
        .into_iter()
        .map(|run| run.join().unwrap().status.code().unwrap())
        .collect();
    assert!(codes.iter().all(|code| [0, 75].contains(code)), "{codes:?}");
    let done = codes.iter().filter(|code| **code == 0).count();
    let listed = keys.listed();
    assert_eq!(listed.len(), 20 + done);
    for key in listed {
        let record = keys.record(&hint(&key));
        assert!(record["created_at"].is_string(), "a key without metadata");
    }
}

#[test]
fn the_file_is_otherwise_as_it_was() {
    let keys = keys(1);
    let before = keys.env();
    done(&keys, &["--yes", "--no-test"]);
    let both = format!("{},{}", old(1), keys.new_key());
    assert_eq!(keys.env(), before.replace(&old(1), &both));
    let Standing { metadata, .. } = keys.standing();
    assert!(!metadata.contains(&old(1)) && !metadata.contains(&keys.new_key()));
}

#[test]
fn where_it_is_not_known_where_the_server_is_no_key_is_made() {
    let keys = Keys::new(1, 0);
    let before = keys.standing();
    let output = keys.run(&["--yes", "--print"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert_eq!(
        text(&output.stderr),
        "error: `MCP_PORT` is 0, so the port is chosen when the server starts: name the server by `--server`\n"
    );
    assert!(keys.standing() == before);
    assert!(keys.run(&["--yes", "--no-test"]).status.success());
}
