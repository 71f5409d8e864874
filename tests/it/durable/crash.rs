//! Killed at every system call that changes files, and failed by every one: the file is the old one
//! or the new one, whole, and the next edit clears the rest. `--nocapture` shows the table.
use std::{
    collections::HashMap,
    fs::{self, File},
    io::Write,
    os::unix::fs::MetadataExt,
    path::Path,
    process::Command,
};

use aegis::durable::{InPlace, LockedFile};

use super::{Folder, LIMIT, NEW, OLD, PATIENCE, again, mounts, said};

/// What changes files or their names; between two of these nothing is different. A question mark
/// before a name: where the machine has no such call, never mind.
const CALLS: &str = "openat,write,fsync,fchown,fchmod,fsetxattr,fallocate,ftruncate,\
    ?rename,?renameat,renameat2,?unlink,unlinkat";

#[test]
#[ignore = "run in a process of its own by other tests"]
fn edits_the_file_it_is_told() {
    let path = std::env::var("EDITED_FILE").unwrap();
    outnumber_the_other_thread();
    let mut file = LockedFile::open(Path::new(&path), LIMIT, PATIENCE).unwrap();
    file.replace(NEW.as_bytes(), InPlace::Allowed).unwrap();
}

/// Calls are numbered in each thread: what is counted here must be beyond what the test's runner does.
fn outnumber_the_other_thread() {
    for _ in 0..64 {
        let mut null = File::options().write(true).open("/dev/null").unwrap();
        null.write_all(b"x").unwrap();
    }
}

/// The edit of `.env` under strace with `arguments`; mounted as a single file if `mounted`.
fn edit(folder: &Folder, mounted: bool, arguments: &[&str]) -> Command {
    let path = folder.path(".env");
    let edit = again("crash::edits_the_file_it_is_told");
    let mut command = if mounted {
        mounts::mounted(&path, "strace")
    } else {
        Command::new("strace")
    };
    command
        .args(arguments)
        .arg(edit.get_program())
        .args(edit.get_args());
    command.env("EDITED_FILE", path);
    command
}

/// The calls of the thread that edits, from the first on that names the file: each by its name and
/// its number among those of the name.
fn calls(log: &str) -> Vec<(&str, usize)> {
    let lines = || log.lines().filter_map(|line| line.split_once(' '));
    let (editing, _) = lines().find(|(_, call)| call.contains("\".env")).unwrap();
    let mut numbers = HashMap::new();
    let mut calls = Vec::new();
    for (_, call) in lines().filter(|(thread, _)| *thread == editing) {
        let Some((name, rest)) = call.trim_start().split_once('(') else {
            continue;
        };
        let number = numbers.entry(name).or_insert(0);
        *number += 1;
        if !calls.is_empty() || rest.contains("\".env") {
            calls.push((name, *number));
        }
    }
    calls
}

/// Lets every call of an edit go wrong, one in each run: `how` is what strace does to it.
#[expect(clippy::print_stdout, reason = "the table is for a person to read")]
fn whole_after_each(how: &str, mounted: bool, exists: bool, in_between: &[&str]) {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("no strace here: nothing went wrong");
        return;
    }
    let folder = || {
        if exists {
            Folder::with_file()
        } else {
            Folder::new()
        }
    };
    let first = folder();
    let log = first.path("log");
    let trace = format!("trace={CALLS}");
    let output = edit(
        &first,
        mounted,
        &["-f", "-o", log.to_str().unwrap(), "-e", &trace],
    )
    .output()
    .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let log = fs::read_to_string(log).unwrap();
    let calls = calls(&log);
    assert!(calls.iter().any(|(name, _)| name.starts_with("rename")));

    let mut seen = Vec::new();
    for (call, number) in calls {
        let folder = folder();
        let before = fs::metadata(folder.path(".env")).ok();
        let inject = format!("inject={call}:{how}:when={number}");
        let output = edit(&folder, mounted, &["-f", "-o", "/dev/null", "-e", &inject])
            .output()
            .unwrap();
        let ended = output.status.success();
        assert!(!ended || how != KILL, "{call} {number}: {}", said(&output));
        let state = |folder: &Folder| match fs::read_to_string(folder.path(".env")) {
            Ok(text) if text == OLD => "old",
            Ok(text) if text == NEW => "new",
            Ok(_) => "torn",
            Err(_) => "none",
        };
        let (then, left) = (state(&folder), folder.names().len());
        assert!(in_between.contains(&then), "{call} {number}: {then}");
        if let (Some(before), Ok(after)) = (before, fs::metadata(folder.path(".env"))) {
            let kept = |file: &fs::Metadata| (file.uid(), file.gid(), file.mode());
            assert_eq!(kept(&before), kept(&after), "{call} {number}");
        }

        let file = LockedFile::open(&folder.path(".env"), LIMIT, PATIENCE).unwrap();
        let later = state(&folder);
        assert!(
            ["old", "new"].contains(&later) || !exists,
            "{call} {number}: {later}"
        );
        assert_eq!(
            folder.names().len(),
            usize::from(file.exists()),
            "{call} {number}"
        );
        println!("{how} at {call} {number}: {then} with {left} files, then {later}");
        seen.push(later);
    }
    assert!(seen.contains(&"new"));
    assert!(seen.contains(if exists { &"old" } else { &"none" }));
}

const KILL: &str = "signal=KILL";
const FAIL: &str = "error=EIO";

#[test]
fn a_killed_edit_leaves_the_old_file_or_the_new_one_and_the_next_clears_the_rest() {
    whole_after_each(KILL, false, true, &["old", "new"]);
}

#[test]
fn a_killed_edit_that_makes_the_file_leaves_it_whole_or_not_there() {
    whole_after_each(KILL, false, false, &["none", "new"]);
}

#[test]
fn a_killed_edit_in_place_is_ended_by_the_next() {
    if mounts::are_possible() {
        whole_after_each(KILL, true, true, &["old", "new", "torn"]);
    }
}

#[test]
fn a_call_that_fails_leaves_the_old_file_or_the_new_one() {
    whole_after_each(FAIL, false, true, &["old", "new"]);
}

#[test]
fn an_edit_in_place_that_fails_takes_back_what_it_wrote() {
    if mounts::are_possible() {
        whole_after_each(FAIL, true, true, &["old", "new"]);
    }
}
