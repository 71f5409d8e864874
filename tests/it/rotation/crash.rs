//! Killed at every system call that changes files: the keys are whole, `--status` tells where the
//! rotation stands, and both `--finish` and `--abort` end it. `--nocapture` shows the table.
use std::{collections::HashMap, fs, process::Command};

use serde_json::Value;

use super::fixture::{Gate, Keys, days, hint, is_new, old, served};

/// What changes files or their names; between two of these nothing is different. A question mark
/// before a name: where the machine has no such call, never mind.
const CALLS: &str = "openat,write,fsync,fchown,fchmod,fsetxattr,ftruncate,\
    ?rename,?renameat,renameat2,?unlink,unlinkat,flock";

/// A command that is killed, and what is there before it.
struct Killed {
    arguments: &'static [&'static str],
    prepare: fn(&Keys),
    /// The stages that it may be left at, in the order in which they come to be; `none` for none.
    stages: &'static [&'static str],
}

const BEGIN: Killed = Killed {
    arguments: &["--yes", "--no-test", "--print", "key1"],
    prepare: |_| {},
    stages: &["none", "missing", "open", "ending"],
};

const FINISH: Killed = Killed {
    arguments: &["--finish", "--yes"],
    prepare: |keys| {
        begun(keys);
        keys.set(&hint(&old(1)), "expires_at", days(-1).into());
    },
    stages: &["ended", "leaving", "none"],
};

const ABORT: Killed = Killed {
    arguments: &["--abort", "--yes"],
    prepare: begun,
    stages: &["ending", "none"],
};

fn begun(keys: &Keys) {
    assert!(keys.run(&["--yes", "--no-test", "key1"]).status.success());
}

const KILL: &str = "signal=KILL";
const NO_SPACE: &str = "error=ENOSPC";

fn killed_at_each(killed: &Killed, then: &str) {
    let seen = wrong_at_each(killed, KILL, then);
    // Each stage comes, and none comes again.
    assert!(seen.is_empty() || seen == killed.stages, "{seen:?}");
}

/// Lets each call of the command go wrong, one in each run, and `then` end what it left. Gives the
/// stages that were left, as they changed from call to call.
#[expect(clippy::print_stdout, reason = "the table is for a person to read")]
fn wrong_at_each(killed: &Killed, how: &str, then: &str) -> Vec<String> {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("no strace here (apt-get install strace): nothing went wrong");
        return Vec::new();
    }
    let mut seen = Vec::new();
    for (call, number) in calls(killed) {
        let (keys, _gate) = prepared(killed);
        let before = keys.listed();
        let inject = format!("inject={call}:{how}:when={number}");
        let output = traced(&keys, &["-e", &inject], killed.arguments)
            .output()
            .unwrap();
        let was_killed = output.status.code().is_none();
        assert!(was_killed || how != KILL, "{call} {number}");

        let place = format!("{} at {call} {number}", killed.arguments[0]);
        let stage = keys.stage().unwrap_or("none".to_owned());
        assert!(killed.stages.contains(&&*stage), "{place}: {stage}");
        let after = keys.listed();
        check(&keys, &stage, &place);
        ended(&keys, then, &place);
        let keys_in_file = if after == before {
            "as before"
        } else {
            "changed"
        };
        println!("{how}, {place}: the keys are {keys_in_file}, stage {stage}, then {then}");
        if seen.last() != Some(&stage) {
            seen.push(stage);
        }
    }
    seen
}

fn prepared(killed: &Killed) -> (Keys, Gate) {
    let (keys, gate) = served(1);
    (killed.prepare)(&keys);
    (keys, gate)
}

/// What is told is true, a key is left that opens the door, and each key that was made is known.
fn check(keys: &Keys, stage: &str, place: &str) {
    let listed = keys.listed();
    let new = listed.iter().find(|key| is_new(key));
    let has_old = listed.contains(&old(1));
    let shape = match stage {
        "missing" => has_old && new.is_none(),
        "open" | "ending" | "ended" | "leaving" => has_old && new.is_some(),
        _ => has_old || new.is_some(),
    };
    assert!(shape, "{place}: it is not {stage}");
    let is_usable = |key: &String| {
        let record = keys.record(&hint(key));
        let is_over = record["expires_at"]
            .as_str()
            .is_some_and(|end| end < &days(0)[..]);
        record["retired_at"] == Value::Null && !is_over
    };
    assert!(
        listed.iter().any(is_usable),
        "{place}: no key opens the door"
    );
    if let Some(new) = new {
        assert!(
            keys.record(&hint(new))["created_at"].is_string(),
            "{place}: an unknown key"
        );
    }
}

/// Ends what was left, or sees that there is nothing to end.
fn ended(keys: &Keys, then: &str, place: &str) {
    let stage = keys.stage();
    let code = keys.run(&[then, "--yes", "key1"]).status.code();
    let listed = keys.listed();
    match (stage.as_deref(), then) {
        (Some("missing"), "--finish") => {
            // There is nothing to finish, but it can be begun anew.
            assert_eq!((code, &listed[..]), (Some(1), &[old(1)][..]), "{place}");
            assert!(
                keys.run(&["--yes", "--no-test"]).status.success(),
                "{place}"
            );
            assert_eq!(keys.stage().as_deref(), Some("ending"), "{place}");
        }
        (Some("missing" | "open" | "ending"), "--abort") => {
            assert_eq!((code, &listed[..]), (Some(0), &[old(1)][..]), "{place}");
        }
        (Some("ended" | "leaving"), "--abort") => assert_eq!(code, Some(1), "{place}"),
        (Some(_), _) => {
            assert_eq!(code, Some(0), "{place}");
            assert_eq!(listed, [keys.new_key()], "{place}");
        }
        (None, _) => {
            // What was taken back or out may stand in the file still.
            keys.run(&[then, "--yes"]);
            assert_eq!(keys.listed().len(), 1, "{place}");
        }
    }
    keys.assert_nothing_left();
}

/// The command under strace.
fn traced(keys: &Keys, how: &[&str], arguments: &[&str]) -> Command {
    let aegis = keys.command(arguments);
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "strace.log"]).args(how);
    command.arg(aegis.get_program()).args(aegis.get_args());
    command.current_dir(aegis.get_current_dir().unwrap());
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap());
    command
}

/// The calls of the command, from the first on that names the keys: each by its name and its number
/// among those of the name.
fn calls(killed: &Killed) -> Vec<(String, usize)> {
    let (keys, _gate) = prepared(killed);
    let trace = format!("trace={CALLS}");
    let output = traced(&keys, &["-e", &trace], killed.arguments)
        .output()
        .unwrap();
    assert!(output.status.success());
    let log = fs::read_to_string(keys.path("strace.log")).unwrap();
    let mut numbers = HashMap::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let call = line.split_once(' ').unwrap().1.trim_start();
        let Some((name, rest)) = call.split_once('(') else {
            continue;
        };
        let number = numbers.entry(name).or_insert(0);
        *number += 1;
        if !calls.is_empty() || rest.contains("\".env") {
            calls.push((name.to_owned(), *number));
        }
    }
    assert!(calls.iter().any(|(name, _)| name.starts_with("rename")));
    calls
}

#[test]
fn a_rotation_that_is_killed_can_be_finished() {
    killed_at_each(&BEGIN, "--finish");
}

#[test]
fn a_rotation_that_is_killed_can_be_taken_back() {
    killed_at_each(&BEGIN, "--abort");
}

#[test]
fn what_ends_a_rotation_can_be_killed_and_done_again() {
    killed_at_each(&FINISH, "--finish");
}

#[test]
fn what_takes_a_rotation_back_can_be_killed_and_done_again() {
    killed_at_each(&ABORT, "--abort");
}

#[test]
fn a_full_disk_leaves_a_rotation_that_can_be_taken_back() {
    wrong_at_each(&BEGIN, NO_SPACE, "--abort");
}

#[test]
fn a_full_disk_leaves_an_end_that_can_be_made_again() {
    wrong_at_each(&FINISH, NO_SPACE, "--finish");
    wrong_at_each(&ABORT, NO_SPACE, "--abort");
}

/// What a command says of which one call of `fsync` fails, the last but `before_end`, and the stage
/// that it leaves.
fn with_failing_sync(
    arguments: &[&str],
    prepare: fn(&Keys),
    before_end: usize,
) -> Option<(Keys, String, String)> {
    if Command::new("strace").arg("-V").output().is_err() {
        return None;
    }
    let folder = || {
        let (keys, gate) = served(1);
        prepare(&keys);
        (keys, gate)
    };
    let (first, gate) = folder();
    let output = traced(&first, &["-e", "trace=fsync"], arguments).output();
    assert!(output.unwrap().status.success());
    drop(gate);
    let log = fs::read_to_string(first.path("strace.log")).unwrap();
    let number = log.matches("fsync(").count() - before_end;
    let (keys, _gate) = folder();
    let inject = format!("inject=fsync:error=EIO:when={number}");
    let output = traced(&keys, &["-e", &inject], arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = |bytes: &[u8]| String::from_utf8(bytes.to_owned()).unwrap();
    Some((keys, said(&output.stdout), said(&output.stderr)))
}

const NOT_LASTING: &str = "error: .env cannot be made lasting: Input/output error (os error 5); ";

#[test]
fn an_old_key_that_is_out_is_not_said_to_stay_where_the_folder_cannot_be_synced() {
    let arguments = ["--yes", "--json", "--grace", "0", "key1"];
    let Some((keys, out, said)) = with_failing_sync(&arguments, |_| {}, 0) else {
        return;
    };
    assert_eq!(keys.listed(), [keys.new_key()]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["old_taken_out"], true);
    let left = "the old key is taken out, which a power cut may undo\n";
    assert_eq!(said, format!("{NOT_LASTING}{left}"));
}

#[test]
fn an_end_that_cannot_be_made_lasting_is_none() {
    let arguments = ["--yes", "--json", "key1"];
    let Some((keys, out, said)) = with_failing_sync(&arguments, |_| {}, 0) else {
        return;
    };
    assert_eq!(keys.stage().as_deref(), Some("open"));
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["old_refused_from"], Value::Null);
    assert!(
        said.ends_with(
            "; both keys stay, until `aegis rotate-key --finish` or `--abort` ends it\n"
        )
    );
}

#[test]
fn a_new_key_that_is_in_force_is_told_where_the_folder_cannot_be_synced() {
    let arguments = ["--yes", "--no-test", "--print", "key1"];
    // After it come those of the end of the old one.
    let Some((keys, out, said)) = with_failing_sync(&arguments, |_| {}, 2) else {
        return;
    };
    assert_eq!(keys.stage().as_deref(), Some("open"));
    assert_eq!(out.trim_end(), keys.new_key());
    let new = hint(&keys.new_key());
    let left = format!(
        "the new key {new} is in .env, and both keys stay, until `aegis rotate-key --finish` or `--abort` ends it\n"
    );
    assert_eq!(said, format!("{NOT_LASTING}{left}"));
}

#[test]
fn a_rotation_that_is_taken_back_is_said_to_be_where_the_folder_cannot_be_synced() {
    let Some((keys, _, said)) = with_failing_sync(&["--abort", "--yes"], begun, 0) else {
        return;
    };
    assert_eq!(keys.listed(), [old(1)]);
    let left = "the old key stays, and no new one is beside it\n";
    assert_eq!(said, format!("{NOT_LASTING}{left}"));
}

#[test]
fn what_had_ended_is_said_to_be_out_where_the_folder_cannot_be_synced() {
    let Some((keys, _, said)) = with_failing_sync(&["--finish", "--yes"], FINISH.prepare, 0) else {
        return;
    };
    assert_eq!(keys.listed(), [keys.new_key()]);
    let left = "what had ended is taken out, which a power cut may undo\n";
    assert_eq!(said, format!("{NOT_LASTING}{left}"));
}
