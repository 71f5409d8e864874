//! `revoke-key`: the key is dead, and somebody saw it.
use std::{fs::OpenOptions, io::Write, thread, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    KEY, Keys, OLD, OTHER, ago,
    fixture::{Done, Door, fingerprint, hashed},
    hint,
};

/// Two keys, the first with a label.
fn two() -> Keys {
    let keys = Keys::known(&[(KEY, r#""label": "laptop""#)]);
    keys.write(".env", format!("# keys\nMCP_API_KEYS={KEY}, {OTHER}\n"));
    keys
}

fn record(keys: &Keys, key: &str) -> Value {
    let known: Value = serde_json::from_str(&keys.read("aegis-keys.json")).unwrap();
    let mut records = known["keys"].as_array().unwrap().iter();
    let found = records.find(|record| record["hint"] == hint(key));
    found.cloned().unwrap_or_default()
}

fn is_revoked(keys: &Keys, key: &str) -> bool {
    record(keys, key)["revoked_at"].is_string()
}

#[test]
fn a_revoked_key_is_out_of_the_file_noted_and_seen_to_be_refused() {
    let keys = two();
    let door = Door::before(&keys, "127.0.0.1");
    let mut command = keys.command(&["revoke-key", "laptop", "--yes"]);
    let output = command.env("MCP_PORT", door.port()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(keys.read(".env"), format!("# keys\nMCP_API_KEYS={OTHER}\n"));
    assert!(is_revoked(&keys, KEY));
    let (before, seconds) = told.split_once(" (seen after ").unwrap();
    assert_eq!(
        before,
        format!(
            "waiting until the running server refuses it\n01234567...cdef (laptop) is revoked: it is out of .env\n{} refuses it",
            door.url()
        )
    );
    assert!(seconds.ends_with(" s)\n"), "{seconds}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn a_key_is_named_by_its_label_its_hint_or_the_beginning_of_that() {
    for name in ["laptop", "01234567...cdef", "0123", "01234567"] {
        let keys = two();
        let done = keys.run(&["revoke-key", name, "--yes", "--no-wait"]);
        assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
        assert!(!keys.read(".env").contains(KEY));
    }
    for (name, code) in [("012", 1), ("laptop2", 1), ("fedcba98...0000", 1), ("", 1)] {
        let keys = two();
        let before = keys.everything();
        let done = keys.run(&["revoke-key", name, "--yes", "--no-wait"]);
        assert_eq!(done.code, Some(code), "{name}");
        let there = "there are 01234567...cdef (laptop), fedcba98...3210\n";
        assert!(done.stderr.ends_with(there), "{}", done.stderr);
        assert_eq!(keys.everything(), before);
    }
}

#[test]
fn a_name_of_several_keys_is_refused_with_those_it_may_mean() {
    let alike = format!("{}{}", &KEY[..60], "aaaa");
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY},{alike},{OTHER}\n"));
    let before = keys.everything();
    let done = keys.run(&["revoke-key", "01234567", "--yes"]);
    assert_eq!(done.code, Some(2));
    assert_eq!(
        done.stderr,
        format!(
            "error: several keys are called `01234567`: 01234567...cdef [{}], 01234567...aaaa [{}]; say which by its whole hint, or by its id (in brackets)\n",
            fingerprint(KEY),
            fingerprint(&alike)
        )
    );
    assert_eq!(keys.everything(), before);
}

#[test]
fn of_keys_with_one_hint_each_is_named_by_its_id() {
    let alike = format!("{}{}{}", &KEY[..8], "e".repeat(52), &KEY[60..]);
    let id = fingerprint(&alike);
    for name in [&id, &id[..8], &hashed(&alike)] {
        let keys = Keys::with(&format!("MCP_API_KEYS={KEY},{alike}\n"));
        let done = keys.run(&["revoke-key", name, "--yes", "--no-wait"]);
        assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
        assert_eq!(keys.read(".env"), format!("MCP_API_KEYS={KEY}\n"));
    }
}

#[test]
fn a_label_does_not_pose_as_the_hint_of_another_key() {
    let keys = Keys::known(&[(OTHER, &format!(r#""label": "{}""#, hint(KEY)))]);
    keys.write(".env", format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    let done = keys.run(&["revoke-key", &hint(KEY), "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(keys.read(".env"), format!("MCP_API_KEYS={OTHER}\n"));
    let done = keys.run(&["generate-key", "--label", &hint(KEY)]);
    assert_eq!(done.code, Some(2));
}

#[test]
fn a_whole_key_is_no_name_and_is_not_repeated() {
    let keys = two();
    for name in [KEY, &format!("Bearer {KEY}"), &format!("X-API-Key: {KEY};")] {
        let done = keys.run(&["revoke-key", name, "--yes"]);
        assert_eq!(done.code, Some(2));
        assert!(
            done.stderr
                .starts_with("error: that looks like a key, which now may stand in")
        );
        assert!(!done.stderr.contains(KEY));
    }
}

#[test]
fn what_a_person_typed_is_shown_without_what_could_move_the_cursor() {
    let done = two().run(&["revoke-key", "a\u{1b}[2J", "--yes"]);
    assert!(done.stderr.contains("`a\\u{1b}[2J`"), "{}", done.stderr);
}

#[test]
fn a_key_is_revoked_although_the_file_of_further_keys_cannot_be_read() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\nMCP_API_KEYS_FILE=gone\n"));
    let done = keys.run(&["revoke-key", "0123", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let note = "note: `MCP_API_KEYS_FILE` names a file that cannot be read: ";
    assert!(done.stderr.starts_with(note), "{}", done.stderr);
    assert_eq!(keys.read(".env"), "MCP_API_KEYS=\nMCP_API_KEYS_FILE=gone\n");
    assert!(is_revoked(&keys, KEY));
}

#[test]
fn the_only_key_is_not_revoked_into_nothing() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let done = keys.run(&["revoke-key", "0123", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(1));
    assert_eq!(
        done.stderr,
        "error: 01234567...cdef is the only key that opens anything: `--replace` puts a new one in its place\n"
    );
    // Others that open nothing do not count.
    let dead = ago("expires_at", 1);
    let keys = Keys::known(&[(KEY, r#""label": "x""#), (OTHER, &dead)]);
    let done = keys.run(&["revoke-key", "0123", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(1));
    // And such a one can be taken out.
    let done = keys.run(&["revoke-key", "fedc", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(keys.read(".env"), format!("MCP_API_KEYS={KEY}\n"));
}

#[test]
fn the_key_that_the_others_end_for_is_not_revoked_without_another() {
    let ending = format!(
        r#"{}, "replaced_by": "{}""#,
        ago("expires_at", -5),
        fingerprint(OTHER)
    );
    let keys = Keys::known(&[(KEY, &ending), (OTHER, &ago("created_at", 2))]);
    let done = keys.run(&["revoke-key", "fedc", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(1));
    assert!(
        done.stderr
            .contains("the others are replaced and end: `--replace`"),
        "{}",
        done.stderr
    );
    let done = keys.run(&["revoke-key", "fedc", "--yes", "--no-wait", "--replace"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    // The old one may go, for the new one's successor has its place.
    let done = keys.run(&["check-key-age"]);
    assert_eq!(done.code, Some(0), "{}", done.stdout);
    let done = keys.run(&["revoke-key", "0123", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[test]
fn a_new_key_takes_the_place_of_the_only_one() {
    let keys = Keys::known(&[(KEY, r#""label": "laptop""#)]);
    let door = Door::before(&keys, "127.0.0.1");
    let url = door.url();
    let done = keys.run(&[
        "revoke-key",
        "laptop",
        "--yes",
        "--replace",
        "--print",
        "--server",
        &url,
    ]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let new = done.stdout.strip_suffix('\n').unwrap();
    assert_eq!(keys.read(".env"), format!("MCP_API_KEYS={new}\n"));
    assert!(
        done.stderr
            .contains(&format!("in .env, {} has its place\n", hint(new)))
    );
    assert!(
        done.stderr.ends_with(", and takes the new one\n"),
        "{}",
        done.stderr
    );
    assert!(!done.stderr.contains(new));
    assert!(is_revoked(&keys, KEY));
    assert_eq!(record(&keys, KEY)["replaced_by"], record(&keys, new)["id"]);
    assert_eq!(record(&keys, new)["label"], "laptop");
    let done = keys.run(&["check-key-age"]);
    assert_eq!(done.code, Some(0), "{}", done.stdout);
}

#[test]
fn a_new_key_ends_as_long_after_it_was_made_as_the_old_one_did() {
    for json in [&[][..], &["--json"]] {
        let made_for_90_days = format!("{}, {}", ago("created_at", 80), ago("expires_at", -10));
        let keys = Keys::known(&[(KEY, &made_for_90_days)]);
        let arguments = ["revoke-key", "0123", "--yes", "--replace", "--no-wait"];
        let done = keys.run(&[&arguments[..], json].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let new = keys.read(".env");
        let new = record(&keys, new.trim_end().strip_prefix("MCP_API_KEYS=").unwrap());
        let time = |member: &str| new[member].as_str().unwrap().parse::<DateTime<Utc>>();
        let (made, end) = (time("created_at").unwrap(), time("expires_at").unwrap());
        assert_eq!((end - made).num_days(), 90);
        if json.is_empty() {
            let told = format!(
                "{} has its place until {}\n",
                new["hint"].as_str().unwrap(),
                end.format("%Y-%m-%d %H:%M UTC")
            );
            assert!(done.stderr.contains(&told), "{}", done.stderr);
        } else {
            assert_eq!(done.json()["new_expires_at"], new["expires_at"]);
        }
    }
}

#[test]
fn a_key_that_is_being_replaced_gets_no_second_successor() {
    let replaced = format!(r#""replaced_by": "{}""#, fingerprint(OTHER));
    let keys = Keys::known(&[(KEY, &replaced), (OTHER, &ago("created_at", 2))]);
    let before = keys.everything();
    let done = keys.run(&["revoke-key", "0123", "--yes", "--no-wait", "--replace"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    assert_eq!(
        done.stderr,
        "error: fedcba98...3210 already has its place: leave out `--replace`\n"
    );
    assert!(keys.everything() == before, "something is changed");
    let done = keys.run(&["revoke-key", "0123", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(keys.read(".env"), format!("MCP_API_KEYS={OTHER}\n"));
}

#[test]
fn a_new_key_that_nobody_asked_to_see_is_in_the_file_alone() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let done = keys.run(&["revoke-key", "0123", "--yes", "--replace", "--no-wait"]);
    assert_eq!((done.code, &*done.stdout), (Some(0), ""), "{}", done.stderr);
    let text = keys.read(".env");
    let new = text.trim_end().strip_prefix("MCP_API_KEYS=").unwrap();
    assert!(!done.stderr.contains(new));
    // Of a hashed one nobody would know it.
    let keys = Keys::with(&format!("MCP_API_KEYS={}\n", hashed(KEY)));
    let name = &hashed(KEY)["sha256:".len()..][..8];
    let before = keys.everything();
    let done = keys.run(&["revoke-key", name, "--yes", "--replace", "--no-wait"]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert_eq!(keys.everything(), before);
    let done = keys.run(&[
        "revoke-key",
        name,
        "--yes",
        "--replace",
        "--no-wait",
        "--print",
    ]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let entry = hashed(done.stdout.trim_end());
    assert_eq!(keys.read(".env"), format!("MCP_API_KEYS={entry}\n"));
}

#[test]
fn every_assignment_of_the_keys_loses_it() {
    let before = format!("MCP_API_KEYS={KEY}\nX=1\nexport MCP_API_KEYS='{KEY},{OTHER},{KEY}'\n");
    let keys = Keys::with(&before);
    let done = keys.run(&["revoke-key", "0123", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(
        keys.read(".env"),
        format!("MCP_API_KEYS={OTHER}\nX=1\nexport MCP_API_KEYS='{OTHER}'\n")
    );
}

#[test]
fn nobody_is_asked_where_nobody_is() {
    let keys = two();
    let before = keys.everything();
    let done = keys.run(&["revoke-key", "laptop"]);
    assert_eq!(done.code, Some(2));
    assert!(
        done.stderr
            .contains("`--yes` revokes it without a question"),
        "{}",
        done.stderr
    );
    assert_eq!(keys.everything(), before);
}

#[test]
fn where_no_server_answers_it_is_revoked_and_the_missing_proof_is_told() {
    let keys = two();
    let done = keys.run(&["revoke-key", "laptop", "--yes"]);
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("is revoked: it is out of .env\n"));
    let reason = "error: nobody saw the running server refuse it: no answer from http://127.0.0.1:1/mcp/tools: ";
    assert!(done.stderr.contains(reason), "{}", done.stderr);
    assert!(!keys.read(".env").contains(KEY) && is_revoked(&keys, KEY));
}

#[test]
fn of_a_hashed_key_the_servers_record_is_the_proof() {
    let digest = hashed(KEY);
    let keys = Keys::with(&format!("MCP_API_KEYS={digest},{OTHER}\n"));
    keys.write("audit.log", "{\"event\": \"server_started\"}\n");
    let log = keys.path("audit.log");
    let env_file = keys.path(".env");
    let name = hint(&digest["sha256:".len()..]);
    let dropped = format!("{{\"event\": \"keys_reloaded\", \"removed\": [\"{name}\"]}}\n");
    let server = thread::spawn(move || {
        while std::fs::read_to_string(&env_file)
            .unwrap()
            .contains("sha256")
        {
            thread::sleep(Duration::from_millis(5));
        }
        let mut log = OpenOptions::new().append(true).open(log).unwrap();
        log.write_all(dropped.as_bytes()).unwrap();
    });
    let done = keys.run(&["revoke-key", &name, "--yes"]);
    server.join().unwrap();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stderr
            .ends_with("the running server recorded that it dropped it\n")
    );

    let keys = Keys::with(&format!("MCP_API_KEYS={digest},{OTHER}\n"));
    let done = keys.run(&["revoke-key", &name, "--yes"]);
    assert_eq!(done.code, Some(1));
    let reason = "refuse it: only its digest is written down, so it cannot be shown to the server, and audit.log cannot be read";
    assert!(done.stderr.contains(reason), "{}", done.stderr);
}

#[test]
fn a_key_that_no_command_can_take_out_is_noted_and_where_it_stands_is_told() {
    let keys = Keys::with(&format!("MCP_API_KEYS={OTHER}\nMCP_API_KEYS_FILE=more\n"));
    keys.write("more", format!("{KEY}\n{OLD}\n"));
    let done = keys.run(&["revoke-key", "0123", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let place = "it still stands in the file that `MCP_API_KEYS_FILE` names, which no command edits: take it out there\n";
    assert!(done.stderr.contains(place), "{}", done.stderr);
    assert!(is_revoked(&keys, KEY));
    assert_eq!(keys.read("more"), format!("{KEY}\n{OLD}\n"));

    let keys = Keys::new();
    let run = |more: &[&str]| {
        let arguments = [&["revoke-key", "0123", "--yes", "--no-wait"][..], more].concat();
        let mut command = keys.command(&arguments);
        command
            .env("MCP_API_KEYS", format!("{KEY},{OTHER}"))
            .output()
            .unwrap()
    };
    assert_eq!(run(&["--replace"]).status.code(), Some(78));
    assert!(keys.names().is_empty());
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("`MCP_API_KEYS` of the environment"), "{told}");
    assert!(is_revoked(&keys, KEY));
}

#[test]
fn a_key_that_is_gone_already_is_noted_so_that_it_stays_refused_if_it_comes_back() {
    let keys = Keys::with(&format!("MCP_API_KEYS={OTHER}\n"));
    keys.note(&[(KEY, &ago("created_at", 20))]);
    let done = keys.run(&["revoke-key", "0123", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(
        done.stderr,
        "01234567...cdef is revoked: it was in no file, and stays refused if it comes back\na running server refuses it within three seconds\n"
    );
    assert!(is_revoked(&keys, KEY));
    let before = keys.everything();
    let done = keys.run(&["revoke-key", "0123", "--yes", "--no-wait"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(keys.everything(), before);
}

#[test]
fn a_key_that_is_gone_already_needs_a_proof_too() {
    let keys = Keys::with(&format!("MCP_API_KEYS={OTHER}\n"));
    keys.note(&[(KEY, &ago("revoked_at", 2))]);
    let run = || keys.run(&["revoke-key", "0123", "--yes", "--json"]);
    let done = run();
    assert_eq!(
        (done.code, &done.json()["proof"]),
        (Some(1), &"missing".into())
    );
    let missing = done.json()["missing"].clone();
    let reason = "no answer from http://127.0.0.1:1/health: ";
    assert!(missing.as_str().unwrap().starts_with(reason), "{missing}");
    // Somebody was refused who tried it.
    keys.log(&[(KEY, 5, "127.0.0.1", false)]);
    let done = run();
    assert_eq!(
        (done.code, &done.json()["proof"]),
        (Some(0), &"known".into())
    );
    // Or was let in.
    keys.log(&[(KEY, 5, "127.0.0.1", false), (KEY, 4, "127.0.0.1", true)]);
    assert_eq!(run().code, Some(1));
}

#[test]
fn where_a_new_key_cannot_be_told_nothing_is_changed() {
    for more in [&["--print"][..], &["--print", "--json"]] {
        let keys = two();
        let before = keys.everything();
        let arguments = ["revoke-key", "laptop", "--yes", "--replace", "--no-wait"];
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = keys.command(&[&arguments[..], more].concat());
        let output = command.stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(keys.everything(), before, "{more:?}");
    }
}

#[test]
fn a_program_reads_what_was_done() {
    let keys = two();
    let door = Door::before(&keys, "127.0.0.1");
    let done = keys.run(&[
        "revoke-key",
        "laptop",
        "--yes",
        "--json",
        "--server",
        &door.url(),
    ]);
    assert_eq!((done.code, &*done.stderr), (Some(0), ""));
    let told = done.json();
    assert_eq!(told["hint"], hint(KEY));
    assert_eq!(told["label"], "laptop");
    assert_eq!(told["proof"], "refused");
    let keys = two();
    let done = keys.run(&[
        "revoke-key",
        "laptop",
        "--yes",
        "--json",
        "--replace",
        "--print",
    ]);
    assert_eq!((done.code, &*done.stderr), (Some(1), ""));
    let told = done.json();
    assert_eq!(told["proof"], "missing");
    let new = told["new_key"].as_str().unwrap();
    assert!(keys.read(".env").contains(new) && told["new_hint"] == hint(new));
    let done = keys.run(&["revoke-key", &hint(new), "--yes", "--json", "--no-wait"]);
    assert_eq!(done.json()["proof"], "not_asked");
}

#[test]
fn from_another_container_the_server_is_asked_under_its_name_there() {
    let keys = two();
    // Another address of this machine stands for another container's.
    let door = Door::before(&keys, "127.0.0.2");
    let done = keys.run(&["revoke-key", "laptop", "--yes", "--server", &door.url()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let asked = door.asked();
    assert!(
        asked
            .iter()
            .all(|asked| asked == "GET /mcp/tools HTTP/1.1, localhost"),
        "{asked:?}"
    );
}

#[test]
fn a_key_is_revoked_where_it_is_not_known_where_the_server_is() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    let mut command = keys.command(&["revoke-key", "0123", "--yes"]);
    let done = Done::of(&command.env("MCP_PORT", "0").output().unwrap());
    assert_eq!(done.code, Some(1));
    let told = "error: nobody saw the running server refuse it: `MCP_PORT` is 0, so the port is chosen when the server starts: name the server by `--server`\n";
    assert!(done.stderr.ends_with(told), "{}", done.stderr);
    assert_eq!(keys.read(".env"), format!("MCP_API_KEYS={OTHER}\n"));
}
