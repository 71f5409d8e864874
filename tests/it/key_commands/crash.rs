//! Killed at every system call that changes files: no key is in force that nobody saw, what is known
//! never says what is not so, and there is always a key that works. `--nocapture` shows the table.
use std::{collections::HashMap, fs, process::Command};

use serde_json::Value;

use super::{KEY, Keys, OTHER, fixture::Done, hint};

/// What changes files or their names, or shows something; between two of these nothing is different.
/// A question mark before a name: where the machine has no such call, never mind.
const CALLS: &str = "openat,write,fsync,fchown,fchmod,fsetxattr,fallocate,ftruncate,\
    ?rename,?renameat,renameat2,?unlink,unlinkat";

/// A command under strace with `options`.
fn traced(keys: &Keys, options: &[&str], arguments: &[&str]) -> Done {
    let aegis = keys.command(arguments);
    let mut command = Command::new("strace");
    command
        .args(options)
        .arg(aegis.get_program())
        .args(aegis.get_args())
        .current_dir(keys.path(""));
    Done::of(&command.output().unwrap())
}

/// The calls from the first on that locks a file: each by its name and its number of that name.
fn calls(log: &str) -> Vec<(String, usize)> {
    let mut numbers = HashMap::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let Some((name, rest)) = line.split_once('(') else {
            continue;
        };
        let number = numbers.entry(name.to_owned()).or_insert(0);
        *number += 1;
        if !calls.is_empty() || rest.contains(".lock\"") {
            calls.push((name.to_owned(), *number));
        }
    }
    calls
}

/// What there is after a command was killed.
struct Left {
    /// What it had printed.
    printed: String,
    /// The keys of the `.env` file.
    keys: Vec<String>,
    known: Vec<Value>,
}

impl Left {
    fn of(keys: &Keys, done: &Done) -> Self {
        let text = fs::read_to_string(keys.path(".env")).unwrap_or_default();
        let value = text.trim_end().strip_prefix("MCP_API_KEYS=");
        assert!(
            text.is_empty() || (text.ends_with('\n') && value.is_some()),
            "torn: {text:?}"
        );
        let listed = value.unwrap_or_default().split(',');
        let metadata = fs::read_to_string(keys.path("aegis-keys.json")).ok();
        let metadata = metadata.map(|text| serde_json::from_str::<Value>(&text).unwrap());
        Self {
            printed: done.stdout.clone(),
            keys: listed
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .collect(),
            known: metadata
                .map_or_else(Vec::new, |known| known["keys"].as_array().unwrap().clone()),
        }
    }

    fn record(&self, key: &str) -> Option<&Value> {
        self.known.iter().find(|record| record["hint"] == hint(key))
    }

    fn is_revoked(&self, key: &str) -> bool {
        self.record(key)
            .is_some_and(|record| record["revoked_at"].is_string())
    }

    fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    fn usable(&self) -> usize {
        self.keys.iter().filter(|key| !self.is_revoked(key)).count()
    }

    /// The keys that were not there before.
    fn added(&self) -> Vec<&str> {
        let keys = self.keys.iter().map(String::as_str);
        keys.filter(|key| ![KEY, OTHER].contains(key)).collect()
    }

    fn expect_new_keys_were_seen(&self, at: &str) {
        for key in self.added() {
            assert!(self.printed.contains(key), "{at}: a key that nobody saw");
            assert!(
                self.record(key).is_some(),
                "{at}: a key of which nothing is known"
            );
        }
    }
}

/// Kills the command at each of its calls, each time in a new folder; `state` looks at what is left
/// and names it.
#[expect(clippy::print_stdout, reason = "the table is for a person to read")]
fn killed_at_each_call(
    folder: impl Fn() -> Keys,
    arguments: &[&str],
    state: impl Fn(&str, &Left, &Keys) -> &'static str,
) {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("no strace here: nothing was killed");
        return;
    }
    let first = folder();
    let log = tempfile::NamedTempFile::new().unwrap();
    let trace = format!("trace={CALLS}");
    let path = log.path().to_str().unwrap();
    let done = traced(&first, &["-o", path, "-e", &trace], arguments);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let calls = calls(&fs::read_to_string(path).unwrap());
    assert!(calls.iter().any(|(name, _)| name.starts_with("rename")));

    let mut states: Vec<(&str, Vec<String>)> = Vec::new();
    for (call, number) in calls {
        let keys = folder();
        let inject = format!("inject={call}:signal=KILL:when={number}");
        let done = traced(&keys, &["-o", "/dev/null", "-e", &inject], arguments);
        let at = format!("{call} {number}");
        assert_ne!(done.code, Some(0), "{at} was not reached");
        let left = Left::of(&keys, &done);
        left.expect_new_keys_were_seen(&at);
        assert!(
            left.usable() > 0 || left.keys.is_empty(),
            "{at}: no key is left"
        );
        let state = state(&at, &left, &keys);
        match states.last_mut() {
            Some((last, points)) if *last == state => points.push(at),
            _ => states.push((state, vec![at])),
        }
    }
    println!("{}", arguments.join(" "));
    for (state, points) in &states {
        println!("  {state}: {}", points.join(", "));
    }
    assert!(
        states.len() > 1,
        "it was killed too early or too late each time"
    );
}

/// The files without locks, after one more command.
fn expect_clear(at: &str, keys: &Keys) {
    let done = keys.run(&["generate-key", "--add", "--save-metadata"]);
    assert_eq!(done.code, Some(0), "{at}: {}", done.stderr);
    assert_eq!(keys.names(), [".env", "aegis-keys.json"], "{at}");
}

const GENERATE: &[&str] = &["generate-key", "--add", "--expires", "90d"];

#[test]
fn a_generated_key_is_in_force_only_after_it_was_seen_and_with_its_end() {
    let state = |at: &str, left: &Left, keys: &Keys| {
        let state = match &left.added()[..] {
            [] if left.known.is_empty() && left.printed.is_empty() => "nothing",
            [] if left.known.is_empty() => "shown, in no file",
            [] => "shown and known, not in force",
            [new] => {
                assert!(left.record(new).unwrap()["expires_at"].is_string(), "{at}");
                "shown, known, in force"
            }
            _ => panic!("{at}: more than one"),
        };
        expect_clear(at, keys);
        state
    };
    let folder = || Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    killed_at_each_call(folder, GENERATE, state);
    killed_at_each_call(Keys::new, GENERATE, state);
}

#[test]
fn a_revoked_key_is_as_it_was_or_dead() {
    let folder = || Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    let arguments = ["revoke-key", "0123", "--yes", "--no-wait"];
    killed_at_each_call(folder, &arguments, |at, left, keys| {
        let state = match (left.has(KEY), left.is_revoked(KEY)) {
            (true, false) => "as before",
            (true, true) => "dead: noted as revoked, still in the file",
            (false, true) => "dead: noted and out of the file",
            (false, false) => panic!("{at}: out of the file and not noted"),
        };
        let again = keys.run(&arguments);
        assert_eq!(again.code, Some(0), "{at}: {}", again.stderr);
        let left = Left::of(keys, &again);
        assert!(!left.has(KEY) && left.is_revoked(KEY), "{at}");
        expect_clear(at, keys);
        state
    });
}

#[test]
fn the_only_key_is_as_it_was_or_dead_and_replaced_by_one_that_was_seen() {
    let folder = || Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let arguments = [
        "revoke-key",
        "0123",
        "--yes",
        "--no-wait",
        "--replace",
        "--print",
    ];
    killed_at_each_call(folder, &arguments, |at, left, keys| {
        let state = match (left.has(KEY), left.added().len(), left.is_revoked(KEY)) {
            (true, 0, false) if left.printed.is_empty() => "as before",
            (true, 0, false) => "as before; a new key shown, not in force",
            (false, 1, false) => "dead: the new key has its place",
            (false, 1, true) => "dead and noted: the new key has its place",
            other => panic!("{at}: {other:?}"),
        };
        let was_there = left.has(KEY);
        let more: &[&str] = if was_there {
            &["--replace", "--print"]
        } else {
            &[]
        };
        let again = keys.run(&[&arguments[..4], more].concat());
        assert_eq!(again.code, Some(0), "{at}: {}", again.stderr);
        let left = Left::of(keys, &again);
        assert!(
            !left.has(KEY) && left.is_revoked(KEY) && left.usable() == 1,
            "{at}"
        );
        expect_clear(at, keys);
        state
    });
}

/// What a command says whose last but `before_end` call of `fsync` fails, and what is left.
fn with_failing_sync(arguments: &[&str], before_end: usize) -> Option<(Done, Left)> {
    if Command::new("strace").arg("-V").output().is_err() {
        return None;
    }
    let folder = || Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    let log = tempfile::NamedTempFile::new().unwrap();
    let path = log.path().to_str().unwrap();
    traced(&folder(), &["-o", path, "-e", "trace=fsync"], arguments);
    let log = fs::read_to_string(path).unwrap();
    let number = log.matches("fsync(").count() - before_end;
    let inject = format!("inject=fsync:error=EIO:when={number}");
    let keys = folder();
    let done = traced(&keys, &["-o", "/dev/null", "-e", &inject], arguments);
    let left = Left::of(&keys, &done);
    Some((done, left))
}

#[test]
fn a_key_that_is_out_of_the_file_is_not_said_to_stand_there_where_the_folder_cannot_be_synced() {
    let arguments = ["revoke-key", "0123", "--yes", "--no-wait"];
    let Some((done, left)) = with_failing_sync(&arguments, 0) else {
        return;
    };
    assert!(!left.has(KEY) && left.is_revoked(KEY));
    assert_eq!(
        (done.code, &*done.stderr),
        (
            Some(1),
            "error: .env cannot be made lasting: Input/output error (os error 5); \
             01234567...cdef is revoked and out of .env, which a power cut may undo\n"
        )
    );
}

#[test]
fn a_key_that_has_the_place_of_another_is_not_said_to_be_in_no_file_where_the_folder_cannot_be_synced()
 {
    let arguments = [
        "revoke-key",
        "0123",
        "--yes",
        "--no-wait",
        "--replace",
        "--print",
    ];
    let Some((done, left)) = with_failing_sync(&arguments, 2) else {
        return;
    };
    assert!(!left.has(KEY) && left.is_revoked(KEY));
    assert_eq!(left.added(), [done.stdout.trim_end()]);
    assert_eq!(
        (done.code, &*done.stderr),
        (
            Some(1),
            "error: .env cannot be made lasting: Input/output error (os error 5); \
             01234567...cdef is revoked and out of .env, which a power cut may undo\n"
        )
    );
}

#[test]
fn a_key_that_is_noted_as_revoked_is_said_to_stand_in_the_file_where_the_note_cannot_be_synced() {
    let arguments = ["revoke-key", "0123", "--yes", "--no-wait"];
    let Some((done, left)) = with_failing_sync(&arguments, 2) else {
        return;
    };
    assert!(left.has(KEY) && left.is_revoked(KEY));
    assert_eq!(
        (done.code, &*done.stderr),
        (
            Some(1),
            "error: aegis-keys.json cannot be made lasting: Input/output error (os error 5); \
             01234567...cdef is noted as revoked, so servers refuse it, but it still stands in .env\n"
        )
    );
}

#[test]
fn a_key_that_was_replaced_is_said_to_be_revoked_where_that_is_noted_and_cannot_be_synced() {
    let arguments = ["revoke-key", "0123", "--yes", "--no-wait", "--replace"];
    let Some((done, left)) = with_failing_sync(&arguments, 0) else {
        return;
    };
    assert!(!left.has(KEY) && left.is_revoked(KEY));
    assert_eq!(
        (done.code, &*done.stderr),
        (
            Some(1),
            "error: aegis-keys.json cannot be made lasting: Input/output error (os error 5); \
             01234567...cdef is revoked and out of .env, which a power cut may undo\n"
        )
    );
}

#[test]
fn a_file_that_cannot_be_looked_at_is_no_link_and_not_missing() {
    if Command::new("strace").arg("-V").output().is_err() {
        return;
    }
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    keys.run(&["check-key-age", "--adopt"]);
    let table = |done: &Done| done.stdout.lines().take(3).collect::<Vec<_>>().join("\n");
    let as_it_is = table(&keys.run(&["list-keys"]));
    for number in 1..=10 {
        let inject = format!("inject=statx:error=EIO:when={number}");
        let done = traced(&keys, &["-o", "/dev/null", "-e", &inject], &["list-keys"]);
        match done.code {
            Some(0) => assert_eq!(table(&done), as_it_is, "{number}"),
            _ => assert!(
                done.stderr.contains("cannot be read: Input/output error"),
                "{}",
                done.stderr
            ),
        }
    }
}
