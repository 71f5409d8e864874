//! A disk that is full, a process that is killed. Both need a process of their own: this test
//! binary again, told to run one of the tests that are otherwise ignored.
use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::Ordering,
};

use aegis::audit::{
    AuditEvent, AuditLog, AuditSettings, AuditUnavailable, DenialReason, FailureMode,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{IP, Scene, assert_chained, authenticated, denied, open, stopped, values};
use crate::support::assert_passed;

/// Where the process of its own finds its log.
const LOG: &str = "LOG_OF_THE_TEST";

/// Runs the test `name` of the audit log in a process that `shell` has prepared.
pub(super) fn alone(name: &str, shell: &str, log: &Path) -> Child {
    Command::new("sh")
        .args(["-c", &format!("{shell} exec \"$0\" \"$@\"")])
        .arg(env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("audit::{name}"),
            "--ignored",
            "--nocapture",
        ])
        .env(LOG, log)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_full_disk_closes_the_gate_and_leaves_one_exact_gap() {
    let scene = Scene::new();
    // The signal that a file is too large kills whoever does not ignore it.
    let child = alone(
        "failures::on_a_full_disk",
        "trap '' XFSZ; ulimit -S -f 8;",
        &scene.path(),
    );
    assert_passed(&child.wait_with_output().unwrap());
    assert_chained(&scene.text());
}

#[test]
#[ignore = "a part of a_full_disk_closes_the_gate_and_leaves_one_exact_gap"]
fn on_a_full_disk() {
    let path = env::var_os(LOG).unwrap();
    let scene = Scene::new();
    let log = open(Path::new(&path), &scene.clock);
    let mut written = 0;
    while log.record(&authenticated(b"curl")).is_ok() {
        written += 1;
        assert!(log.is_writable());
    }
    assert!(!log.is_writable());
    assert!(!log.lets_calls_run());
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), written, "half a record stays");
    assert_chained(&text);

    scene.clock.fetch_add(5_000, Ordering::Relaxed);
    let refused = denied(DenialReason::InvalidApiKey, IP, b"curl");
    assert_eq!(log.record(&refused), Err(AuditUnavailable));
    log.tick();
    assert!(!log.is_writable());

    let limit = getrlimit(Resource::Fsize);
    setrlimit(
        Resource::Fsize,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )
    .unwrap();
    log.tick();
    assert!(log.is_writable(), "nobody had to ask");
    log.record(&stopped()).unwrap();
    let records = values(&std::fs::read_to_string(&path).unwrap());
    assert_eq!(records.len(), written + 2);
    let gap = &records[written];
    assert_eq!(gap["event"], "audit_gap");
    assert_eq!(gap["lost"], 2);
    assert_eq!(gap["first"], "2026-01-29T12:34:56.789Z");
    assert_eq!(gap["last"], "2026-01-29T12:35:01.789Z");
}

#[test]
fn a_failing_log_stops_nothing_where_that_is_asked_for() {
    let scene = Scene::new();
    let child = alone(
        "failures::allowed_on_a_full_disk",
        "trap '' XFSZ; ulimit -S -f 0;",
        &scene.path(),
    );
    assert_passed(&child.wait_with_output().unwrap());
}

#[test]
#[ignore = "a part of a_failing_log_stops_nothing_where_that_is_asked_for"]
fn allowed_on_a_full_disk() {
    let log = AuditLog::open(AuditSettings {
        mode: FailureMode::Allow,
        ..AuditSettings::new(env::var_os(LOG).unwrap().into())
    })
    .unwrap();
    assert!(log.record(&stopped()).is_ok());
    assert!(!log.is_writable());
    assert!(log.lets_calls_run());
}

#[test]
fn a_killed_process_loses_no_record_that_it_was_told_is_written() {
    let scene = Scene::new();
    let mut child = alone("failures::until_killed", "", &scene.path());
    let mut told = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Ok(line) = line else { break };
        if let Ok(number) = line.parse::<usize>() {
            told = number;
        }
        if told == 500 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    let log = scene.open();
    assert!(told >= 500);
    assert!(log.previous().unwrap().seq >= told as u64);
    assert!(scene.text().lines().count() >= told);
}

#[test]
#[ignore = "a part of a_killed_process_loses_no_record_that_it_was_told_is_written"]
fn until_killed() {
    let scene = Scene::new();
    let log = open(Path::new(&env::var_os(LOG).unwrap()), &scene.clock);
    let mut stdout = std::io::stdout();
    for told in 1..1_000_000 {
        log.record(&AuditEvent::ConfigKeyRejected {
            entry: told,
            length: 0,
        })
        .unwrap();
        writeln!(stdout, "{told}").unwrap();
    }
}
