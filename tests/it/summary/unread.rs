//! Files that cannot be opened: more than may be open at once, or not ours to read.
use std::{
    fs,
    process::{Command, Output},
};

use super::{Logs, files::records};
use crate::support::measured;

/// Sixty files of one record each, and the live log.
fn many() -> Logs {
    let logs = Logs::with(records(61..=61));
    for at in 1..=60 {
        let name = format!("audit.log.{}", 61 - at);
        fs::write(logs.path(&name), records(at..=at)).unwrap();
    }
    logs
}

/// What a command says that may not open so many files.
fn limited(logs: &Logs, limit: &str, arguments: &[&str]) -> Output {
    let limited = format!("ulimit {limit} 32 && exec \"$0\" \"$@\"");
    Command::new("/bin/sh")
        .args(["-c", &limited, env!("CARGO_BIN_EXE_aegis")])
        .args(arguments)
        .env_clear()
        .envs(measured())
        .env("AUDIT_LOG_PATH", logs.path("audit.log"))
        .current_dir(logs.0.path())
        .output()
        .unwrap()
}

#[test]
fn a_log_may_be_in_more_files_than_a_process_begins_with() {
    let logs = many();
    let said = |arguments: &[&str]| {
        let output = limited(&logs, "-Sn", arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let said_of_all = said(&["audit-summary", "all", "--json"]);
    let summary: serde_json::Value = serde_json::from_str(&said_of_all).unwrap();
    assert_eq!(summary["log"]["records"], 61);
    let newest = said(&["audit-summary", "tail", "--json", "--lines", "61"]);
    assert_eq!(newest.lines().count(), 61);
    let keys = said(&["list-keys", "--json"]);
    assert!(keys.contains("\"uses_known\":true"), "{keys}");
}

#[test]
fn more_files_than_a_process_may_have_are_told_with_what_to_do() {
    let logs = many();
    for command in [&["all"][..], &["verify"], &["tail", "--lines", "61"]] {
        let output = limited(&logs, "-n", &[&["audit-summary"], command].concat());
        assert!(!output.status.success());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.ends_with(
                " cannot be read: there are more files than may be open at once; raise that limit (`ulimit -Hn`)\n"
            ),
            "{error}"
        );
    }
}
