//! Files that cannot be opened: more than may be open at once, or not ours to read.
use std::{
    fs,
    os::unix::fs::symlink,
    process::{Command, Output},
};

use aegis::audit::reader::Follow;

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

/// A log of which one file that it was before may not be read, not even by root.
fn one_unreadable() -> Logs {
    let logs = Logs::with(records(21..=30));
    symlink("/proc/sys/vm/drop_caches", logs.path("audit.log.1")).unwrap();
    fs::write(logs.path("audit.log.2"), records(1..=10)).unwrap();
    logs
}

#[test]
fn what_can_be_read_is_summed_up_and_the_rest_is_named() {
    let logs = one_unreadable();
    for log in [&["all"][..], &["all", "--log", "."]] {
        let summary = logs.json(log);
        assert_eq!(summary["totals"]["successful"], 20, "{log:?}");
        let unreadable = summary["log"]["unreadable"].as_array().unwrap();
        assert_eq!(unreadable.len(), 1);
        let told = unreadable[0].as_str().unwrap();
        assert!(told.ends_with("audit.log.1: Permission denied (os error 13)"));
    }
    assert_eq!(logs.run(&["all", "--strict"]).status.code(), Some(1));
}

#[test]
fn a_log_that_cannot_be_read_itself_is_no_empty_summary() {
    let logs = one_unreadable();
    fs::remove_file(logs.path("audit.log")).unwrap();
    fs::remove_file(logs.path("audit.log.2")).unwrap();
    symlink("audit.log.1", logs.path("audit.log")).unwrap();
    for log in ["audit.log", ".", "audit*"] {
        let output = logs.run(&["all", "--log", log]);
        assert_eq!(output.status.code(), Some(1), "{log}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_newest_records_need_no_file_before_theirs() {
    let logs = one_unreadable();
    let newest = logs.said(&["tail", "--json", "--lines", "10"]);
    assert_eq!(newest, records(21..=30));
    let mut follow = Follow::begin(&logs.path("audit.log")).unwrap();
    fs::write(logs.path("audit.log"), records(21..=31)).unwrap();
    let mut seen = Vec::new();
    follow
        .news(&mut |line| seen.extend([line, b"\n"].concat()))
        .unwrap();
    assert_eq!(String::from_utf8(seen).unwrap(), records(31..=31));
}

#[test]
fn the_file_that_cannot_be_read_is_named_and_no_other() {
    let logs = one_unreadable();
    let (log, old) = (logs.path("audit.log"), logs.path("audit.log.1"));
    let (log, old) = (log.display(), old.display());
    let denied = "Permission denied (os error 13)";
    for (command, code, told) in [
        (
            &["verify"][..],
            2,
            format!("{old} cannot be read: {denied}"),
        ),
        (
            &["tail", "-n", "11"],
            1,
            format!("{log} cannot be read: {old}: {denied}"),
        ),
    ] {
        let output = logs.run(command);
        assert_eq!(output.status.code(), Some(code));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error, format!("error: {told}\n"));
    }
}
