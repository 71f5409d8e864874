//! Keys that change while the server runs: what is taken, what is not, and who is told.
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::symlink,
    path::Path,
    process::Stdio,
    thread,
};

use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    process::Signal,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    cli::{aegis, text},
    serve::{Served, serve},
};

const ONE: &str = "1111111111111111111111111111111111111111111111111111111111abcdef";
const TWO: &str = "2222222222222222222222222222222222222222222222222222222222abcdef";
/// SHA-256 of the first.
const ONE_HASHED: &str = "sha256:899c1fddefb32542394fdcaa6f6d0afde0d49f4384bda41be51e654525d423e9";
const ONE_HINT: &str = "11111111...cdef";
const TWO_HINT: &str = "22222222...cdef";
const THREE: &str = "3333333333333333333333333333333333333333333333333333333333abcdef";
const THREE_HINT: &str = "33333333...cdef";

/// A folder with a `.env` that holds these keys, and the metadata `aegis-keys.json`, if any.
struct Home(TempDir);

impl Home {
    fn new(keys: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.keys(keys);
        home
    }

    fn put(&self, name: &str, text: &str) {
        put(&self.0, name, text);
    }

    fn keys(&self, keys: &str) {
        put_keys(&self.0, keys);
    }

    fn metadata(&self, records: &Value) {
        self.put(
            "aegis-keys.json",
            &json!({"version": 1, "keys": records}).to_string(),
        );
    }

    fn serve(self, variables: &[(&str, &str)]) -> Served {
        let mut all = vec![
            ("GITEA_URL", "http://127.0.0.1:9"),
            ("GITEA_TOKEN", "a-token"),
        ];
        all.extend(variables);
        Served::start_in(self.0, &[], &all)
    }

    /// What a server says that does not start, and its code.
    fn refused(&self) -> (Option<i32>, String) {
        let variables = [
            ("GITEA_URL", "http://127.0.0.1:9"),
            ("GITEA_TOKEN", "a-token"),
        ];
        let output = serve(self.0.path(), &[], &variables).output().unwrap();
        (output.status.code(), text(&output.stderr).to_owned())
    }
}

/// Puts a file in the place of another in one step, as our commands do.
fn put(folder: &TempDir, name: &str, text: &str) {
    let new = folder.path().join(format!("{name}.new"));
    fs::write(&new, text).unwrap();
    fs::rename(new, folder.path().join(name)).unwrap();
}

fn put_keys(folder: &TempDir, keys: &str) {
    put(folder, ".env", &format!("MCP_API_KEYS={keys}\n"));
}

fn status(served: &Served, key: &str) -> u16 {
    served.client().bearer(key).get("/mcp/tools").status
}

/// The fields of the records of this event, without time, number and hash.
fn told(records: &[Value], event: &str) -> Vec<Value> {
    let own = records.iter().filter(|record| record["event"] == event);
    let own = own.cloned().map(|mut record| {
        let fields = record.as_object_mut().unwrap();
        for name in ["timestamp", "event", "seq", "prev"] {
            fields.remove(name);
        }
        record
    });
    own.collect()
}

const CHANGED: &str = "other keys are in force: ";

#[test]
fn a_key_in_the_file_is_taken_and_one_that_left_it_is_refused() {
    let mut served = Home::new(ONE).serve(&[]);
    assert_eq!((status(&served, ONE), status(&served, TWO)), (200, 401));
    put_keys(&served.folder, &format!("{ONE},{TWO}"));
    served.wait_for(&format!("{CHANGED}2 now, added: {TWO_HINT}"));
    assert_eq!((status(&served, ONE), status(&served, TWO)), (200, 200));
    put_keys(&served.folder, TWO);
    served.wait_for(&format!("{CHANGED}1 now, removed: {ONE_HINT}"));
    assert_eq!((status(&served, ONE), status(&served, TWO)), (401, 200));
    let ended = served.stop();
    assert_eq!(
        told(&ended.records, "keys_reloaded"),
        [
            json!({"added": [TWO_HINT], "removed": []}),
            json!({"added": [], "removed": [ONE_HINT]}),
        ]
    );
    assert!(!ended.stderr.contains(ONE) && !ended.stderr.contains(TWO));
}

#[test]
fn sighup_asks_for_the_keys_to_be_read_and_still_opens_the_log_anew() {
    let mut served = Home::new(ONE).serve(&[]);
    served.signal(Signal::HUP);
    served.wait_for("the keys in force are the same");
    let log = served.folder.path().join("audit.log");
    fs::rename(&log, served.folder.path().join("audit.log.1")).unwrap();
    put_keys(&served.folder, TWO);
    served.signal(Signal::HUP);
    served.wait_for(&format!("1 now, added: {TWO_HINT}, removed: {ONE_HINT}"));
    assert!(served.said.contains("the audit log is open anew"));
    assert_eq!((status(&served, ONE), status(&served, TWO)), (401, 200));
    assert_eq!(served.stop().records[0]["event"], "audit_rotated");
}

#[test]
fn where_it_is_switched_off_nothing_is_read_again() {
    let mut served = Home::new(ONE).serve(&[("KEY_RELOAD", "off")]);
    put_keys(&served.folder, TWO);
    served.signal(Signal::HUP);
    served.wait_for("the audit log is open anew");
    assert_eq!((status(&served, ONE), status(&served, TWO)), (200, 401));
    let ended = served.stop();
    assert!(!ended.stderr.contains(CHANGED));
}

#[test]
fn what_leaves_no_usable_key_is_not_taken_until_it_is_mended() {
    let harms = [
        "",
        "MCP_API_KEYS=\n",
        "MCP_API_KEYS=too-short\n",
        "OTHER=1\n",
        "MCP_API_KEYS=\u{feff}\u{0}\n",
    ];
    each_at_once(harms, |harm| {
        // The environment's keys count for nothing where the file had some.
        let mut served = Home::new(ONE).serve(&[("MCP_API_KEYS", TWO)]);
        put(&served.folder, ".env", harm);
        served.wait_for("critical: the keys in force stay those of before: no usable key is left");
        assert_eq!((status(&served, ONE), status(&served, TWO)), (200, 401));
        put_keys(&served.folder, &format!("{ONE},{TWO}"));
        served.wait_for("the keys can be read again");
        served.wait_for(CHANGED);
        assert_eq!(status(&served, TWO), 200);
        let failures = told(&served.stop().records, "config_reload_failed");
        assert_eq!(failures, [json!({"reason": "no_usable_key"})]);
    });
}

/// Tries every case, each with a server of its own: a server looks at its files every few seconds.
fn each_at_once<C: Send, const N: usize>(cases: [C; N], check: impl Fn(C) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| check(case));
        }
    });
}

/// What somebody does to a file.
type Harm = fn(&Path);

#[test]
fn a_file_that_is_gone_or_no_file_changes_nothing() {
    let gone = |file: &Path| fs::remove_file(file).unwrap();
    let folder = |file: &Path| {
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
    };
    let pipe = |file: &Path| {
        fs::remove_file(file).unwrap();
        mknodat(CWD, file, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    };
    let utf16 = |file: &Path| fs::write(file, b"\xff\xfeM\0").unwrap();
    let harms: [(Harm, &str); 4] = [
        (gone, "No such file"),
        (folder, "Is a directory"),
        (pipe, "it is a pipe"),
        (utf16, "UTF-16"),
    ];
    each_at_once(harms, |(harm, reason)| {
        let mut served = Home::new(ONE).serve(&[]);
        harm(&served.folder.path().join(".env"));
        served.wait_for("the keys in force stay those of before");
        assert!(served.said.contains(reason), "{}", served.said);
        assert_eq!(status(&served, ONE), 200);
    });
}

#[test]
fn the_stream_of_a_key_that_went_ends() {
    let mut served = Home::new(&format!("{ONE},{TWO}")).serve(&[]);
    let mut stream = served.client().bearer(ONE).events("GET", "/mcp/sse", "");
    assert_eq!(stream.next().unwrap().0, "endpoint");
    put_keys(&served.folder, TWO);
    served.wait_for("removed: ");
    assert_eq!(stream.next().unwrap().0, "error");
    // It would not end by itself.
    assert_eq!(stream.next(), None);
}

#[test]
fn a_bad_entry_beside_good_ones_is_left_out_and_told() {
    let mut served = Home::new(ONE).serve(&[]);
    put_keys(&served.folder, &format!("{ONE},cut-off,{TWO}"));
    served.wait_for("`MCP_API_KEYS`, entry #2: 7 characters, at least 32 needed: left out");
    served.wait_for(CHANGED);
    assert_eq!(status(&served, TWO), 200);
    let rejected = told(&served.stop().records, "config_key_rejected");
    assert_eq!(rejected, [json!({"entry": 2, "length": 7})]);
}

#[test]
fn keys_are_taken_by_their_digests_too() {
    let mut served = Home::new(ONE_HASHED).serve(&[]);
    assert!(served.said.contains("ENABLED (1 key(s) configured)"));
    assert_eq!(status(&served, ONE), 200);
    assert_eq!(status(&served, ONE_HASHED), 401);
    // The same key in its other form is no other key.
    put_keys(&served.folder, &format!("{ONE},{TWO}"));
    served.wait_for(&format!("2 now, added: {TWO_HINT}\n"));
    assert_eq!((status(&served, ONE), status(&served, TWO)), (200, 200));
}

#[test]
fn a_further_file_of_keys_is_watched_too() {
    let home = Home::new(ONE);
    home.put("more", TWO);
    let more = home.0.path().join("more");
    let mut served = home.serve(&[("MCP_API_KEYS_FILE", more.to_str().unwrap())]);
    assert_eq!(status(&served, TWO), 200);
    put(&served.folder, "more", "");
    served.wait_for(&format!("removed: {TWO_HINT}"));
    assert_eq!((status(&served, ONE), status(&served, TWO)), (200, 401));
}

#[test]
fn a_key_that_was_retired_stays_refused_if_it_comes_back() {
    let home = Home::new(&format!("{ONE},{TWO}"));
    home.metadata(&json!([{
        "id": "1", "fp": &ONE_HASHED[7..23], "hint": ONE_HINT,
        "retired_at": "2026-01-29T12:00:00Z",
    }]));
    let served = home.serve(&[]);
    let words = format!("key {ONE_HINT} was retired on 2026-01-29T12:00:00Z by ");
    assert!(served.said.contains(&words), "{}", served.said);
    assert!(served.said.contains("ENABLED (1 key(s) configured)"));
    let wrong = served.client().bearer(&"f".repeat(64)).get("/mcp/tools");
    let former = served.client().bearer(ONE).get("/mcp/tools");
    assert_eq!((wrong.status, former.status), (401, 401));
    let sentence = |response: &crate::support::Response| response.json()["message"].clone();
    assert_eq!(sentence(&wrong), sentence(&former));
    let records = served.stop().records;
    let states = told(&records, "access_denied");
    let states: Vec<_> = states
        .iter()
        .map(|it| (it["key_state"].clone(), it["key_hint"].clone()))
        .collect();
    assert_eq!(
        states,
        [
            (Value::Null, Value::Null),
            (json!("retired"), json!(ONE_HINT))
        ]
    );
}

#[test]
fn a_key_ends_at_its_time_while_the_server_runs() {
    let home = Home::new(&format!("{ONE},{TWO}"));
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(3);
    home.metadata(&json!([{
        "id": "1", "fp": &ONE_HASHED[7..23], "hint": ONE_HINT, "expires_at": soon.to_rfc3339(),
    }]));
    let mut served = home.serve(&[]);
    assert_eq!((status(&served, ONE), status(&served, TWO)), (200, 200));
    served.wait_for(&format!("1 now, removed: {ONE_HINT}"));
    assert_eq!((status(&served, ONE), status(&served, TWO)), (401, 200));
    let ended = told(&served.stop().records, "keys_reloaded");
    assert_eq!(ended, [json!({"added": [], "removed": [ONE_HINT]})]);
}

#[test]
fn a_key_that_ends_at_another_time_is_named_and_no_other_key_is_said_to_be_in_force() {
    let home = Home::new(&format!("{ONE},{TWO}"));
    let mut served = home.serve(&[]);
    let known = json!({"version": 1, "keys": [{
        "id": "1", "fp": &ONE_HASHED[7..23], "hint": ONE_HINT, "expires_at": "2099-01-01T00:00:00Z",
    }]});
    put(&served.folder, "aegis-keys.json", &known.to_string());
    served.signal(Signal::HUP);
    served.wait_for(" now");
    let ended = served.stop();
    let named = format!("keys that end at another time now: {ONE_HINT}\n");
    assert!(ended.stderr.contains(&named), "{}", ended.stderr);
    assert!(!ended.stderr.contains(CHANGED), "{}", ended.stderr);
    assert_eq!(told(&ended.records, "keys_reloaded"), [Value::Null; 0]);
}

#[test]
fn a_clock_that_is_set_back_revives_no_key() {
    let home = Home::new(&format!("{ONE},{TWO}"));
    home.metadata(&json!([{
        "id": "1", "fp": &ONE_HASHED[7..23], "expires_at": "2098-01-01T00:00:00Z",
    }]));
    let zeros = "0".repeat(64);
    home.put(
        "audit.log",
        &format!(
            "{{\"timestamp\": \"2099-01-01T00:00:00.000Z\", \"event\": \"server_stopped\", \"reason\": \"SIGTERM\", \"seq\": 1, \"prev\": \"{zeros}\"}}\n"
        ),
    );
    let served = home.serve(&[]);
    assert!(served.said.contains("ENABLED (1 key(s) configured)"));
    assert_eq!((status(&served, ONE), status(&served, TWO)), (401, 200));
}

#[test]
fn metadata_that_say_nothing_let_nobody_in_at_a_start() {
    let home = Home::new(ONE);
    home.put("aegis-keys.json", "{\"version\": 1, \"keys\": [{");
    let (code, told) = home.refused();
    assert_eq!(code, Some(78));
    assert!(told.contains("aegis-keys.json is broken"), "{told}");
    home.put("aegis-keys.json", "{\"version\": 2, \"keys\": []}");
    assert_eq!(home.refused().0, Some(78));
    home.metadata(&json!([{
        "id": "1", "fp": &ONE_HASHED[7..23], "revoked_at": "2026-01-29T12:00:00Z",
    }]));
    let (code, told) = home.refused();
    assert_eq!(code, Some(78));
    assert!(
        told.contains("No API keys configured in environment"),
        "{told}"
    );
}

#[test]
fn metadata_that_break_or_vanish_later_change_nothing() {
    let home = Home::new(ONE);
    home.metadata(&json!([]));
    let mut served = home.serve(&[]);
    put(&served.folder, "aegis-keys.json", "{");
    served.wait_for("aegis-keys.json is broken");
    assert_eq!(status(&served, ONE), 200);
    fs::remove_file(served.folder.path().join("aegis-keys.json")).unwrap();
    served.wait_for("aegis-keys.json is gone");
    assert_eq!(status(&served, ONE), 200);
}

#[test]
fn a_start_misses_metadata_that_were_there() {
    let home = Home::new(ONE);
    let variables = [
        ("GITEA_URL", "http://127.0.0.1:9"),
        ("GITEA_TOKEN", "a-token"),
    ];
    let told = "aegis-keys.json was here and is gone, and with it which keys ";
    // Commands of before left a lock also where they wrote nothing.
    for (lock, is_missed) in [("", false), ("written\n", true)] {
        home.put("aegis-keys.json.lock", lock);
        let mut check = serve(home.0.path(), &["--check"], &variables);
        let output = check.output().unwrap();
        let said = text(&output.stdout);
        assert_eq!(said.contains(told), is_missed, "{said}");
    }
    let served = home.serve(&[]);
    assert!(served.said.contains(told), "{}", served.said);
}

#[test]
fn a_start_that_found_metadata_lets_the_lock_of_before_tell_of_them() {
    let told = "aegis-keys.json was here and is gone, and with it which keys ";
    for has_metadata in [true, false] {
        let home = Home::new(ONE);
        home.put("aegis-keys.json.lock", "");
        if has_metadata {
            home.metadata(&json!([]));
        }
        let served = home.serve(&[]);
        assert!(!served.said.contains(told), "{}", served.said);
        let folder = served.folder.path();
        let lock = fs::read_to_string(folder.join("aegis-keys.json.lock")).unwrap();
        assert_eq!(lock, if has_metadata { "written\n" } else { "" });
        // Who only looks says then what is lost.
        let _ = fs::remove_file(folder.join("aegis-keys.json"));
        let listed = aegis(&["list-keys"]).current_dir(folder).output().unwrap();
        assert_eq!(text(&listed.stderr).contains(told), has_metadata);
    }
}

#[test]
fn a_start_makes_no_lock_of_its_own() {
    let home = Home::new(ONE);
    home.metadata(&json!([]));
    let served = home.serve(&[]);
    assert!(!served.folder.path().join("aegis-keys.json.lock").exists());
}

#[test]
fn metadata_that_were_made_anew_revive_no_key_that_ended() {
    let home = Home::new(&format!("{ONE},{TWO}"));
    home.metadata(&json!([{
        "id": "1", "fp": &ONE_HASHED[7..23], "hint": ONE_HINT, "revoked_at": "2026-01-29T12:00:00Z",
    }]));
    let mut served = home.serve(&[]);
    let metadata = served.folder.path().join("aegis-keys.json");
    fs::remove_file(&metadata).unwrap();
    served.wait_for("aegis-keys.json is gone");
    let mut adopt = aegis(&["check-key-age", "--adopt"]);
    adopt.current_dir(served.folder.path()).output().unwrap();
    assert!(metadata.exists());
    served.wait_for(&format!(
        "critical: keys that ended stay refused, and all others are as they are written down: aegis-keys.json says no more that {ONE_HINT} ended: "
    ));
    assert_eq!((status(&served, ONE), status(&served, TWO)), (401, 200));
    // What is done after that counts.
    put_keys(&served.folder, &format!("{ONE},{THREE}"));
    served.wait_for(&format!("1 now, added: {THREE_HINT}, removed: {TWO_HINT}"));
    assert_eq!((status(&served, ONE), status(&served, THREE)), (401, 200));
    put_keys(&served.folder, THREE);
    served.wait_for("the keys can be read again");
    let records = served.stop().records;
    let reasons = told(&records, "config_reload_failed");
    assert_eq!(
        reasons,
        [
            json!({"reason": "metadata_gone"}),
            json!({"reason": "ends_forgotten"}),
        ]
    );
    assert_eq!(told(&records, "access_denied")[0]["key_hint"], ONE_HINT);
}

#[test]
fn a_backup_that_brings_a_revoked_key_back_does_not_revive_it() {
    let home = Home::new(TWO);
    home.metadata(&json!([{
        "id": "1", "fp": &ONE_HASHED[7..23], "hint": ONE_HINT, "revoked_at": "2026-01-29T12:00:00Z",
    }]));
    let mut served = home.serve(&[]);
    put_keys(&served.folder, &format!("{ONE_HASHED},{TWO}"));
    served.wait_for(&format!(
        "key {ONE_HINT} was revoked on 2026-01-29T12:00:00Z by "
    ));
    served.signal(Signal::HUP);
    served.wait_for("the keys in force are the same");
    assert_eq!((status(&served, ONE), status(&served, TWO)), (401, 200));
    let denied = &told(&served.stop().records, "access_denied")[0];
    assert_eq!(denied["key_hint"], ONE_HINT);
}

#[test]
fn who_changes_another_setting_is_told_that_it_counts_later() {
    let mut served = Home::new(ONE).serve(&[]);
    let text = format!("MCP_API_KEYS={TWO}\nMAX_AUTH_FAILURES=7\nRUST_LOG=debug\nNO_SETTING=1\n");
    put(&served.folder, ".env", &text);
    served.wait_for("changed since the start: `MAX_AUTH_FAILURES`, `RUST_LOG`; what is no key counts from the next start on");
    served.wait_for(CHANGED);
    assert_eq!((status(&served, ONE), status(&served, TWO)), (401, 200));
}

#[test]
fn keys_from_a_pipe_stay_until_a_restart() {
    let home = Home::new("");
    let variables = [
        ("GITEA_URL", "http://127.0.0.1:9"),
        ("GITEA_TOKEN", "a-token"),
        ("MCP_API_KEYS_FILE", "/dev/stdin"),
    ];
    let mut command = serve(home.0.path(), &[], &variables);
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    write!(child.stdin.take().unwrap(), "{ONE}").unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    let is_told =
        lines.any(|line| line.contains("/dev/stdin is a pipe, which gives its text once"));
    let is_served = lines.any(|line| line.contains("ENABLED (1 key(s) configured)"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_told && is_served);
}

/// A home where `.env` is a link to one in the folder `real`.
fn linked(keys: &str) -> Home {
    let home = Home::new(keys);
    fs::create_dir(home.0.path().join("real")).unwrap();
    fs::rename(home.0.path().join(".env"), home.0.path().join("real/.env")).unwrap();
    symlink("real/.env", home.0.path().join(".env")).unwrap();
    home
}

fn retired() -> Value {
    json!([{
        "id": "1", "fp": &ONE_HASHED[7..23], "hint": ONE_HINT, "retired_at": "2026-01-29T12:00:00Z",
    }])
}

#[test]
fn what_is_known_of_the_keys_of_a_link_is_beside_what_it_leads_to() {
    let home = linked(&format!("{ONE},{TWO}"));
    home.metadata(&retired());
    let place = |name: &str| home.0.path().join(name).join("aegis-keys.json");
    fs::rename(place(""), place("real")).unwrap();
    let served = home.serve(&[]);
    assert_eq!((status(&served, ONE), status(&served, TWO)), (401, 200));
}

#[test]
fn what_is_known_of_keys_beside_a_link_alone_opens_no_server() {
    let home = linked(&format!("{ONE},{TWO}"));
    home.metadata(&retired());
    let variables = [("GITEA_URL", "http://127.0.0.1:9")];
    let output = serve(home.0.path(), &[], &variables).output().unwrap();
    let said = text(&output.stderr);
    let words = "aegis-keys.json counts for nothing, since .env is a link: move it to ";
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains(words), "{said}");
}

#[test]
fn a_check_tells_which_keys_ended_and_where_that_stands() {
    let home = Home::new(&format!("{ONE},{TWO}"));
    home.metadata(&json!([{
        "id": "1", "fp": &ONE_HASHED[7..23], "hint": ONE_HINT, "retired_at": "2026-01-29T12:00:00Z",
    }]));
    let variables = [
        ("GITEA_URL", "http://127.0.0.1:9"),
        ("GITEA_TOKEN", "a-token"),
    ];
    let output = serve(home.0.path(), &["--check", "--json"], &variables)
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["keys_in_force"], &told["keys"]),
        (&json!(1), &json!(TWO_HINT))
    );
    let ended = format!("{ONE_HINT} was retired on 2026-01-29T12:00:00Z");
    assert_eq!(told["keys_that_ended"], ended);
    assert_eq!(told["key_metadata"], "aegis-keys.json");
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(!said.contains(ONE) && !said.contains(TWO) && !said.contains("a-token"));
}

#[test]
fn metadata_that_come_later_count() {
    let mut served = Home::new(&format!("{ONE},{TWO}")).serve(&[]);
    let record = json!({
        "version": 1,
        "keys": [{"id": "1", "fp": &ONE_HASHED[7..23], "revoked_at": "2026-01-29T12:00:00Z"}],
    });
    put(&served.folder, "aegis-keys.json", &record.to_string());
    served.wait_for(&format!("removed: {ONE_HINT}"));
    assert_eq!((status(&served, ONE), status(&served, TWO)), (401, 200));
}
