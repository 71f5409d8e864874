//! `generate-key`: who sees the key, and where it is written.
use std::{
    fs::{self, File},
    process::Command,
};

use super::{
    KEY, Keys, OTHER, ago,
    fixture::{Done, hashed},
    hint,
};
use crate::support::golden;

fn is_key(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
}

/// The key that was printed alone.
fn printed(stdout: &str) -> &str {
    let key = stdout.strip_suffix('\n').unwrap();
    assert!(is_key(key), "not 64 hexadecimal digits");
    key
}

#[test]
fn an_added_key_is_alone_on_standard_output_and_in_a_file_of_its_owner_alone() {
    let keys = Keys::new();
    let done = keys.run(&["generate-key", "--add"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let key = printed(&done.stdout);
    assert_eq!(keys.read(".env"), format!("MCP_API_KEYS={key}\n"));
    assert_eq!(keys.mode(".env"), 0o600);
    assert_eq!(keys.names(), [".env"]);
    let told = format!(
        "{} is in .env; a running server takes it within three seconds\n",
        hint(key)
    );
    assert_eq!(done.stderr, told);
}

#[test]
fn a_key_is_added_beside_the_others_and_touches_nothing_else() {
    let before = format!("# mine\r\nexport MCP_API_KEYS = '{KEY}' # one\r\nX=\u{e9}");
    let keys = Keys::with(&before);
    let done = keys.run(&["generate-key", "--add", "--quiet"]);
    assert_eq!((done.code, &*done.stderr), (Some(0), ""));
    let key = printed(&done.stdout);
    let after = before.replace(KEY, &format!("{KEY},{key}"));
    assert_eq!(keys.read(".env"), after);
}

#[test]
fn the_file_that_is_named_need_not_be_there_yet() {
    let keys = Keys::new();
    let done = keys.run(&[
        "generate-key",
        "--add",
        "--env-file",
        "new.env",
        "--save-metadata",
    ]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(keys.names(), ["aegis-keys.json", "new.env"]);
    let mut named = keys.command(&["generate-key", "--add"]);
    let named = named.env("AEGIS_ENV_FILE", "other.env").output().unwrap();
    assert!(named.status.success());
    assert_eq!(keys.names(), ["aegis-keys.json", "new.env", "other.env"]);
}

#[test]
fn what_is_saved_of_a_key_never_has_the_key() {
    let keys = Keys::new();
    let done = keys.run(&[
        "generate-key",
        "--save-metadata",
        "--label",
        "ChatGPT, büro",
    ]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let key = printed(&done.stdout);
    assert_eq!(keys.names(), ["aegis-keys.json"]);
    assert!(!keys.everything().contains(key));
    assert!(!done.stderr.contains(key));
    let known: serde_json::Value = serde_json::from_str(&keys.read("aegis-keys.json")).unwrap();
    let record = &known["keys"][0];
    assert_eq!(record["hint"], hint(key));
    assert_eq!(record["label"], "ChatGPT, büro");
    assert_eq!(record["source"], "generated");
    assert_eq!(keys.mode("aegis-keys.json"), 0o600);
}

#[test]
fn of_a_hashed_key_only_the_digest_is_written_down() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let done = keys.run(&["generate-key", "--add", "--hashed", "--label", "ci"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let (key, digest) = done.stdout.trim_end().split_once('\n').unwrap();
    assert!(is_key(key));
    assert_eq!(digest, hashed(key));
    assert_eq!(keys.read(".env"), format!("MCP_API_KEYS={KEY},{digest}\n"));
    assert!(!keys.everything().contains(key));
}

#[test]
fn an_end_is_written_down_with_the_key() {
    let keys = Keys::new();
    let done = keys.run(&["generate-key", "--expires", "90d", "--json"]);
    let told = done.json();
    let known: serde_json::Value = serde_json::from_str(&keys.read("aegis-keys.json")).unwrap();
    assert_eq!(known["keys"][0]["expires_at"], told["expires_at"]);
    let time =
        |name: &str| chrono::DateTime::parse_from_rfc3339(told[name].as_str().unwrap()).unwrap();
    assert_eq!((time("expires_at") - time("created_at")).num_days(), 90);
    for past in ["2020-01-01", "0", "2020-01-01T00:00:00Z"] {
        let done = keys.run(&["generate-key", "--expires", past]);
        assert_eq!((done.code, &*done.stdout), (Some(2), ""), "{past}");
    }
    let done = keys.run(&["generate-key", "--expires", "soon"]);
    assert_eq!(done.code, Some(2));
}

#[test]
fn a_label_names_one_key() {
    let keys = Keys::known(&[(KEY, r#""label": "laptop""#)]);
    let before = keys.everything();
    let done = keys.run(&["generate-key", "--add", "--label", "laptop"]);
    assert_eq!((done.code, &*done.stdout), (Some(1), ""));
    assert_eq!(
        done.stderr,
        "error: there is a key called `laptop` already: call this one otherwise, or replace that one with `aegis rotate-key`\n"
    );
    assert_eq!(keys.everything(), before);
    keys.note(&[(
        KEY,
        &format!(r#""label": "laptop", {}"#, ago("revoked_at", 1)),
    )]);
    assert_eq!(
        keys.run(&["generate-key", "--label", "laptop"]).code,
        Some(0)
    );
}

#[test]
fn of_a_key_whose_end_has_come_it_is_told_how_its_label_becomes_free() {
    let expired = format!(r#""label": "laptop", {}"#, ago("expires_at", 1));
    let keys = Keys::known(&[(KEY, &expired), (OTHER, r#""label": "x""#)]);
    let done = keys.run(&["generate-key", "--add", "--label", "laptop"]);
    assert_eq!(done.code, Some(1));
    let way_out =
        "whose end has come: call this one otherwise, or revoke that one with `aegis revoke-key`\n";
    assert!(done.stderr.ends_with(way_out), "{}", done.stderr);
    keys.run(&["revoke-key", "laptop", "--yes", "--no-wait"]);
    let done = keys.run(&["generate-key", "--add", "--label", "laptop"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[test]
fn a_key_in_the_file_would_take_the_place_of_those_in_the_environment_so_none_is_added() {
    let keys = Keys::with("X=1\n");
    let mut command = keys.command(&["generate-key", "--add"]);
    let output = command.env("MCP_API_KEYS", KEY).output().unwrap();
    assert_eq!(
        (output.status.code(), &*output.stdout),
        (Some(78), &b""[..])
    );
    assert_eq!(keys.read(".env"), "X=1\n");
    // Where the file has them already it is the file that counts.
    keys.write(".env", format!("MCP_API_KEYS={OTHER}\n"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_key_of_an_earlier_line_that_does_not_count_is_not_erased_in_silence() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\nX=1\nMCP_API_KEYS=\n"));
    let before = keys.everything();
    let done = keys.run(&["generate-key", "--add", "--label", "new"]);
    let told = "error: .env: line 1 has a key that line 3, which counts, has not, and it would be lost; write all keys into one line by hand\n";
    assert_eq!((done.code, &*done.stderr), (Some(78), told));
    assert_eq!((&*done.stdout, keys.everything()), ("", before));
}

#[test]
fn a_key_that_nobody_could_see_is_not_put_into_force() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let before = keys.everything();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = keys.command(&["generate-key", "--add", "--label", "x"]);
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(keys.everything(), before);
}

#[test]
fn metadata_that_are_broken_are_not_overwritten() {
    for broken in ["{", "[]", r#"{"version": 2, "keys": []}"#, ""] {
        let keys = Keys::with("MCP_API_KEYS=\n");
        keys.write("aegis-keys.json", broken);
        for arguments in [&["--add"][..], &["--save-metadata"]] {
            let done = keys.run(&[&["generate-key"][..], arguments].concat());
            assert_eq!((done.code, &*done.stdout), (Some(78), ""), "{broken}");
        }
        assert_eq!(keys.everything(), format!("MCP_API_KEYS=\n{broken}"));
    }
}

#[test]
fn a_program_reads_all_of_it_as_json() {
    let keys = Keys::new();
    let done = keys.run(&[
        "generate-key",
        "--json",
        "--add",
        "--hashed",
        "--label",
        "ci",
        "--expires",
        "2099-12-30",
    ]);
    assert_eq!((done.code, &*done.stderr), (Some(0), ""));
    let told = done.json();
    let key = told["key"].as_str().unwrap();
    let created = told["created_at"].as_str().unwrap();
    let shown = done
        .stdout
        .replace(&hashed(key), "<hashed>")
        .replace(key, "<key>");
    let shown = shown
        .replace(&hint(key), "<hint>")
        .replace(created, "<now>");
    golden("keys/generate.json", &shown);
}

#[test]
fn what_is_known_of_keys_is_missed_aloud_where_it_was_there() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    // A lock is left by what wrote something.
    let first = keys.run(&["generate-key", "--add"]);
    let second = keys.run(&["generate-key", "--add", "--label", "one"]);
    assert!(!first.stderr.contains("warning") && !second.stderr.contains("warning"));
    fs::remove_file(keys.path("aegis-keys.json")).unwrap();
    let told = "warning: aegis-keys.json was here and is gone, and with it which keys were revoked, retired or expired: such as still stand among the keys open the door from the server's next start on; take them out, or revoke them anew\n";
    for looking in [
        &["list-keys"][..],
        &["list-keys", "--json"],
        &["check-key-age", "--json"],
        &["rotate-key", "--status", "--json"],
    ] {
        let done = keys.run(looking);
        assert_eq!(done.stderr.matches(told).count(), 1, "{}", done.stderr);
        assert!(!done.stdout.contains("was here"), "{}", done.stdout);
    }
    let revoked = keys.run(&["revoke-key", &hint(KEY), "--yes", "--no-wait", "--replace"]);
    assert_eq!(
        revoked.stderr.matches(told).count(),
        1,
        "{}",
        revoked.stderr
    );
    fs::remove_file(keys.path("aegis-keys.json")).unwrap();
    let without = keys.run(&["generate-key", "--add"]);
    let anew = keys.run(&["generate-key", "--add", "--label", "two"]);
    assert!(without.stderr.starts_with(told) && anew.stderr.starts_with(told));
    let next = keys.run(&["generate-key", "--add", "--label", "three"]);
    assert!(!next.stderr.contains("warning"), "{}", next.stderr);
}

#[test]
fn a_lock_that_a_command_of_before_left_tells_nothing_and_goes() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let lock = keys.path("aegis-keys.json.lock");
    fs::write(&lock, "").unwrap();
    let first = keys.run(&["generate-key", "--add"]);
    assert!(!first.stderr.contains("warning"), "{}", first.stderr);
    assert!(!lock.exists());
    fs::write(&lock, "").unwrap();
    keys.run(&["generate-key", "--add", "--label", "one"]);
    fs::remove_file(keys.path("aegis-keys.json")).unwrap();
    let missed = keys.run(&["generate-key", "--add"]);
    assert!(
        missed
            .stderr
            .starts_with("warning: aegis-keys.json was here and is gone, ")
    );
    assert!(lock.exists());
}

#[test]
fn a_lock_of_before_tells_from_when_a_command_finds_what_it_locks() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let metadata = keys.path("aegis-keys.json");
    keys.run(&["generate-key", "--add", "--label", "one"]);
    fs::write(keys.path("aegis-keys.json.lock"), "").unwrap();
    // It locks what is known, and has nothing to write there.
    keys.run(&["generate-key", "--add"]);
    fs::remove_file(&metadata).unwrap();
    let missed = keys.run(&["list-keys"]);
    assert!(
        missed
            .stderr
            .starts_with("warning: aegis-keys.json was here and is gone, ")
    );
}

#[test]
fn a_hashed_key_is_not_put_into_force_where_standard_output_is_closed_or_nowhere() {
    for (arguments, shell) in [
        (&["--add", "--hashed"][..], "exec \"$@\" >&-"),
        (&["--add", "--hashed", "--json"], "exec \"$@\" >&-"),
        (&["--add", "--hashed"], "exec \"$@\" > /dev/null"),
    ] {
        let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
        let before = keys.everything();
        let done = in_shell(&keys, shell, &[&["generate-key"], arguments].concat());
        let told = "error: no key was made: standard output is closed or `/dev/null`, and of a hashed key nobody else would know\n";
        assert_eq!((done.code, &*done.stderr), (Some(1), told));
        assert_eq!(keys.everything(), before);
    }
    // Of this one the file tells.
    let keys = Keys::with("");
    let done = in_shell(&keys, "exec \"$@\" > /dev/null", &["generate-key", "--add"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

/// A command as a shell runs it.
fn in_shell(keys: &Keys, shell: &str, arguments: &[&str]) -> Done {
    let aegis = keys.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", shell, "sh"]);
    command.arg(aegis.get_program()).args(aegis.get_args());
    Done::of(&command.current_dir(keys.path("")).output().unwrap())
}
