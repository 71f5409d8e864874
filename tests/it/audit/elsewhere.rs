//! What else tells how a log ends: the head beside it and the checkpoints elsewhere. Where these cannot
//! be read, a log that was cut is not called intact.
use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use aegis::audit::Rotation;
use serde_json::Value;

use super::{
    Scene, grow, stopped,
    verify::{beside, json, only, true_log},
};
use crate::cli::aegis;

/// The code of `verify` with a file of checkpoints, and what it says.
fn with_checkpoints(scene: &Scene, file: &Path) -> (i32, Value) {
    let output = aegis(&["audit-summary", "verify", "--json"])
        .env("AUDIT_LOG_PATH", scene.path())
        .env("AUDIT_CHECKPOINT_FILE", file)
        .output()
        .unwrap();
    let told = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), told)
}

/// What is told of the one file that cannot be read.
fn unread(told: &(i32, Value), file: &Path) -> String {
    let (code, told) = told;
    assert_eq!(
        (*code, &told["intact"], &told["breaks_total"]),
        (2, &false.into(), &0.into())
    );
    let unread = told["unreadable"].as_array().unwrap();
    assert_eq!(unread.len(), 1, "{told:#}");
    let path = Path::new(unread[0]["path"].as_str().unwrap());
    assert_eq!(path.file_name(), file.file_name());
    let why = unread[0]["error"].as_str().unwrap();
    let end = "; whether the log was cut at its end is not known by it";
    why.strip_suffix(end).unwrap().to_owned()
}

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

/// A true log whose last records were cut off.
fn cut() -> Scene {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let text = scene.text();
    let lines: Vec<_> = text.lines().take(150).collect();
    fs::write(scene.path(), lines.join("\n") + "\n").unwrap();
    scene
}

type Make = fn(&Path);

#[test]
fn a_log_whose_head_cannot_be_read_is_not_called_intact() {
    let scene = cut();
    let head = beside(&scene, ".audit.log.head");
    let cases: [(Make, &str); 5] = [
        (|it| fs::write(it, "{}").unwrap(), "it names no record"),
        (
            |it| fs::write(it, " ".repeat(5 << 10)).unwrap(),
            "it names no record",
        ),
        (|it| fs::create_dir(it).unwrap(), "it is not a regular file"),
        (pipe, "it is not a regular file"),
        (
            |it| symlink("/dev/zero", it).unwrap(),
            "it is a symbolic link",
        ),
    ];
    for (make, why) in cases {
        let _ = fs::remove_file(&head);
        make(&head);
        for log in [&[][..], &["--log", "audit.log"]] {
            let told = json(&scene, log);
            assert!(unread(&told, &head).ends_with(why), "{why}");
        }
        let _ = fs::remove_dir(&head);
    }
    let _ = fs::remove_file(&head);
    // One of an older server, or copied without.
    assert_eq!(json(&scene, &[]).0, 0);
}

#[test]
fn a_log_whose_checkpoints_cannot_be_read_is_not_called_intact() {
    let scene = cut();
    fs::remove_file(beside(&scene, ".audit.log.head")).unwrap();
    let file = beside(&scene, "elsewhere");
    let missing = "it is missing or empty, though the log has checkpoints";
    let cases: [(Make, &str); 4] = [
        (|_| {}, missing),
        (|it| fs::write(it, "").unwrap(), missing),
        (
            |it| fs::write(it, "{}\n").unwrap(),
            "it has no checkpoint near its end",
        ),
        (|it| fs::create_dir(it).unwrap(), "it is not a regular file"),
    ];
    for (make, why) in cases {
        let _ = fs::remove_file(&file);
        make(&file);
        assert_eq!(unread(&with_checkpoints(&scene, &file), &file), why);
    }
    // As the server follows a link there.
    fs::remove_dir(&file).unwrap();
    symlink(beside(&scene, "checkpoints"), &file).unwrap();
    assert_eq!(with_checkpoints(&scene, &file).0, 1);
}

#[test]
fn a_log_without_a_checkpoint_needs_no_file_of_them() {
    let scene = Scene::new();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    log.close();
    let file = beside(&scene, "elsewhere");
    for _ in 0..2 {
        assert_eq!(with_checkpoints(&scene, &file).0, 0);
        fs::write(&file, "").unwrap();
    }
}

#[test]
fn a_log_in_place_of_which_there_is_a_pipe_is_refused() {
    let scene = Scene::new();
    pipe(&scene.path());
    for command in [&[][..], &["verify"], &["tail"]] {
        let output = aegis(&["audit-summary"])
            .args(command)
            .env("AUDIT_LOG_PATH", scene.path())
            .output()
            .unwrap();
        assert_eq!(
            (
                output.status.code(),
                String::from_utf8(output.stderr).unwrap()
            ),
            (
                Some(2),
                format!(
                    "error: {} cannot be read: it is not a regular file\n",
                    scene.path().display()
                )
            )
        );
    }
}

#[test]
fn a_head_that_is_a_pipe_holds_no_start_up() {
    let scene = Scene::new();
    pipe(&beside(&scene, ".audit.log.head"));
    let log = scene.open();
    grow(&log, 3);
    log.close();
    assert_eq!(json(&scene, &[]).0, 0);
}

#[test]
fn however_a_live_log_is_named_its_head_is_asked_for() {
    let scene = cut();
    let folder = scene.folder.path().join("log");
    fs::create_dir(&folder).unwrap();
    for name in ["audit.log", ".audit.log.head"] {
        fs::rename(beside(&scene, name), folder.join(name)).unwrap();
    }
    for named in [
        &["--log", "log"][..],
        &["--log", "log/a*.log"],
        &["--log", "log", "log/audit.log"],
        &["log/audit.log"],
    ] {
        assert_eq!(only(&scene, named), ("no_head".to_owned(), 150));
    }
    // Of a copy under another name nothing is known.
    fs::copy(folder.join("audit.log"), folder.join("copy.log")).unwrap();
    assert_eq!(json(&scene, &["log/copy.log"]).0, 0);
}

#[test]
fn the_files_that_a_log_was_are_verified_without_what_is_known_of_its_end() {
    let scene = Scene::new();
    let rotation = Rotation {
        size: std::num::NonZeroU64::new(8 << 10),
        ..Rotation::default()
    };
    true_log(&scene, rotation);
    let closed = scene.closed();
    let named: Vec<_> = closed.iter().map(|it| it.to_str().unwrap()).collect();
    assert_eq!(json(&scene, &named).0, 0);
    assert_eq!(json(&scene, &["audit.log"]).0, 0);
}
