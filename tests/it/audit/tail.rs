//! `aegis audit-summary tail`: the newest records, over whatever becomes of the file.
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    mem,
    num::NonZeroU64,
    os::unix::process::ExitStatusExt as _,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use aegis::audit::{AuditLog, AuditSettings, Compress, Rotation, reader::Follow};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Scene, grow, settings, stopped, values};
use crate::{cli::aegis, support::golden};

fn tail(scene: &Scene, arguments: &[&str]) -> Command {
    let mut command = aegis(&["audit-summary", "tail"]);
    command
        .args(arguments)
        .current_dir(scene.folder.path())
        .env("AUDIT_LOG_PATH", scene.path());
    command
}

fn shown(scene: &Scene, arguments: &[&str]) -> String {
    let output = tail(scene, arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn numbers(json: &str) -> Vec<u64> {
    let lines = json.lines().map(serde_json::from_str::<Value>);
    lines
        .map(|line| line.unwrap()["seq"].as_u64().unwrap())
        .collect()
}

/// Every record that there is.
fn all_records(scene: &Scene) {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/records.jsonl");
    fs::copy(golden, scene.path()).unwrap();
}

#[test]
fn what_people_read_of_each_record() {
    let scene = Scene::new();
    all_records(&scene);
    golden("tail.txt", &shown(&scene, &["-n", "1000"]));
}

#[test]
fn records_are_chosen_by_number_key_and_event() {
    let scene = Scene::new();
    all_records(&scene);
    let text = scene.text();
    let last: Vec<_> = text.lines().rev().take(10).collect();
    let ten = shown(&scene, &["--json"]);
    assert!(ten.lines().rev().eq(last));
    let denied = shown(
        &scene,
        &[
            "--event",
            "access_denied",
            "--event",
            "audit_gap",
            "-n",
            "3",
        ],
    );
    let events: Vec<_> = denied
        .lines()
        .map(|line| line.split_whitespace().nth(2).unwrap())
        .collect();
    assert_eq!(events, ["access_denied", "access_denied", "audit_gap"]);
    let of_key = shown(&scene, &["--key", "a1b2c3d4", "--json", "-n", "2"]);
    assert_eq!(of_key.matches("a1b2c3d4...e1f2").count(), 2);
    assert_eq!(shown(&scene, &["--key", "ffffffff"]), "");
    assert_eq!(shown(&scene, &["-n", "0"]), "");
}

#[test]
fn each_event_that_is_written_can_be_asked_for_and_no_other() {
    let scene = Scene::new();
    all_records(&scene);
    for record in values(&scene.text()) {
        let event = record["event"].as_str().unwrap();
        assert!(
            !shown(&scene, &["--event", event, "--json"]).is_empty(),
            "{event}"
        );
    }
    let output = tail(&scene, &["--event", "acces_denied"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("`acces_denied`") && error.contains(" access_denied,"),
        "{error}"
    );
}

#[test]
fn what_a_client_calls_the_end_of_a_log_is_shown_as_its_arguments() {
    let scene = Scene::new();
    let arguments = r#"{"hash":"1","seq":"\u009b31m\u202e"}"#;
    let record = format!(
        r#"{{"timestamp": "2026-01-29T12:34:56.789Z", "event": "tool_call", "arguments": {arguments}}}"#
    );
    fs::write(scene.path(), record + "\n").unwrap();
    let text = shown(&scene, &[]);
    assert!(
        text.contains(r#"{"hash":"1","seq":"\u{9b}31m\u{202e}"}"#),
        "{text}"
    );
}

#[test]
fn a_whole_key_is_no_hint_and_is_not_repeated() {
    let key = "0123456789abcdef".repeat(4);
    let output = tail(&Scene::new(), &["--key", &key]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("not the key") && !error.contains(&key),
        "{error}"
    );
}

#[test]
fn a_key_is_named_by_its_label_too_and_that_it_has_no_record_is_said() {
    let scene = Scene::new();
    all_records(&scene);
    let keys = r#"{"version": 1, "keys": [{"id": "1", "label": "Büro 日本, am Fenster", "hint": "a1b2c3d4...e1f2"}]}"#;
    fs::write(scene.folder.path().join("aegis-keys.json"), keys).unwrap();
    let by_label = shown(&scene, &["--key", "Büro 日本, am Fenster"]);
    assert!(!by_label.is_empty());
    assert_eq!(by_label, shown(&scene, &["--key", "a1b2c3d4...e1f2"]));
    for (name, code, told) in [
        (
            "zzz",
            0,
            "note: no such record is of a key whose label is `zzz`, or whose hint begins so\n",
        ),
        (
            "Büro am",
            0,
            "note: no such record is of a key whose label is `Büro am`, or whose hint begins so\n",
        ),
    ] {
        let output = tail(&scene, &["--key", name]).output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), told);
    }
}

#[test]
fn what_the_live_file_lacks_is_in_those_before() {
    for compress in [Compress::Off, Compress::Gzip, Compress::Zstd] {
        let scene = Scene::new();
        let log = small(&scene, compress);
        grow(&log, 40);
        log.close();
        let seen = numbers(&shown(&scene, &["--json", "-n", "35"]));
        let last = *seen.last().unwrap();
        assert!(seen.iter().copied().eq(last - 34..=last), "{seen:?}");
    }
}

#[test]
fn a_compressed_file_is_shown_and_not_followed() {
    let scene = Scene::new();
    all_records(&scene);
    let expected = shown(&scene, &["--json", "-n", "5"]);
    for (program, name) in [("gzip", "old.gz"), ("zstd", "old.zst")] {
        let packed = Command::new(program)
            .arg("-c")
            .arg(scene.path())
            .output()
            .unwrap();
        fs::write(scene.folder.path().join(name), packed.stdout).unwrap();
        let named = scene.folder.path().join(name);
        let named = named.to_str().unwrap();
        assert_eq!(
            shown(&scene, &["--json", "-n", "5", "--log", named]),
            expected
        );
        let output = tail(&scene, &["-f", "--log", named]).output().unwrap();
        let told =
            format!("error: {named} is compressed, so nothing is added to it: leave out `-f`\n");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), told);
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn that_the_end_of_a_compressed_file_is_missing_is_told() {
    let scene = Scene::new();
    all_records(&scene);
    let closed = scene.folder.path().join("audit.log.1.gz");
    let packed = Command::new("gzip")
        .arg("-c")
        .arg(scene.path())
        .output()
        .unwrap();
    fs::write(&closed, &packed.stdout[..packed.stdout.len() - 9]).unwrap();
    fs::write(scene.path(), "").unwrap();
    let output = tail(&scene, &["--json"]).output().unwrap();
    let told = format!(
        "warning: {} ends too early: what stood there is not shown\n",
        closed.display()
    );
    assert_eq!(String::from_utf8(output.stderr).unwrap(), told);
    assert!(output.status.success());
    assert!(!output.stdout.is_empty());
}

#[test]
fn a_log_that_is_not_there_is_2() {
    let output = tail(&Scene::new(), &["-f"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let folder = tail(&Scene::new(), &["--log", "."]).output().unwrap();
    assert_eq!(folder.status.code(), Some(1));
}

#[test]
fn what_is_no_record_and_what_is_no_text_is_shown_as_such() {
    let scene = Scene::new();
    let hostile = "\u{1b}[2Jnothing\n\n{\"timestamp\": \"\u{9b}2J\", \"event\": \"\\u001b]0;x\\u0007\", \"a\\u202eb\": [1]}\n[]\nhalf";
    fs::write(
        scene.path(),
        [hostile.as_bytes(), b"\xff\n", &vec![b'x'; 3 << 20], b"\n"].concat(),
    )
    .unwrap();
    let text = shown(&scene, &[]);
    assert!(
        text.chars().all(|it| matches!(it, ' '..='~' | '\n')),
        "{text:?}"
    );
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("no record: "))
            .count(),
        3
    );
    assert!(text.contains(r"a\u{202e}b=[1]"), "{text}");
    let json = shown(&scene, &["--json"]);
    assert!(json.is_ascii());
    assert_eq!(json.lines().count(), 1);
}

fn small(scene: &Scene, compress: Compress) -> AuditLog {
    AuditLog::open(AuditSettings {
        rotation: Rotation {
            size: NonZeroU64::new(2_000),
            compress,
            ..Rotation::default()
        },
        ..settings(&scene.path(), &scene.clock)
    })
    .unwrap()
}

/// A process that follows, and the numbers of the records that it has shown.
struct Follower {
    child: Child,
    seen: Receiver<u64>,
}

impl Follower {
    fn new(scene: &Scene) -> Self {
        let mut child = tail(scene, &["-f", "--json", "-n", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out: ChildStdout = child.stdout.take().unwrap();
        let (tell, seen) = channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                let number = numbers(&line.unwrap())[0];
                if tell.send(number).is_err() {
                    return;
                }
            }
        });
        Self { child, seen }
    }

    fn next(&self) -> u64 {
        self.seen.recv_timeout(Duration::from_mins(1)).unwrap()
    }

    /// Ends it. Not as Ctrl-C does: what a shell runs in the background ignores that.
    fn end(mut self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        let output = self.child.wait().unwrap();
        assert_eq!(output.signal(), Some(Signal::TERM.as_raw()));
        assert_eq!(self.seen.recv().ok(), None);
    }
}

#[test]
fn every_record_is_seen_once_over_all_our_own_rotations() {
    for compress in [Compress::Off, Compress::Gzip] {
        let scene = Scene::new();
        let log = small(&scene, compress);
        log.record(&stopped()).unwrap();
        let follower = Follower::new(&scene);
        assert_eq!(follower.next(), 1);
        // Many rotations between two looks, and none.
        for _ in 0..3 {
            let before = seq(&scene);
            grow(&log, 50);
            let last = seq(&scene);
            for number in before + 1..=last {
                assert_eq!(follower.next(), number);
            }
            log.tick();
        }
        follower.end();
    }
}

/// The number of the newest record.
fn seq(scene: &Scene) -> u64 {
    numbers(scene.text().lines().last().unwrap())[0]
}

#[test]
fn every_record_is_seen_once_where_the_file_is_copied_and_cut() {
    let scene = Scene::new();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    let follower = Follower::new(&scene);
    let mut expected = 1;
    assert_eq!(follower.next(), expected);
    for round in 1..4_u32 {
        // Some that it has no time to see before the file is cut.
        grow(&log, 20);
        fs::copy(
            scene.path(),
            scene.path().with_extension(format!("log.{}", 4 - round)),
        )
        .unwrap();
        File::options()
            .write(true)
            .open(scene.path())
            .unwrap()
            .set_len(0)
            .unwrap();
        log.tick();
        grow(&log, 5);
        let last = seq(&scene);
        while expected < last {
            expected += 1;
            assert_eq!(follower.next(), expected);
        }
    }
    follower.end();
}

#[test]
fn every_record_is_seen_once_where_the_file_is_cut_while_it_is_read() {
    let scene = Scene::new();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    let mut follow = Follow::begin(&scene.path()).unwrap();
    grow(&log, 5);
    let mut seen = Vec::new();
    let mut is_cut = false;
    follow
        .news(&mut |line| {
            seen.extend(numbers(str::from_utf8(line).unwrap()));
            if !mem::replace(&mut is_cut, true) {
                fs::copy(scene.path(), scene.path().with_extension("log.1")).unwrap();
                File::create(scene.path()).unwrap();
                log.tick();
                grow(&log, 5);
            }
        })
        .unwrap();
    assert!(seen.iter().copied().eq(2..=seq(&scene)), "{seen:?}");
}

#[test]
fn a_line_that_is_too_long_is_left_out_and_those_after_it_are_seen() {
    let scene = Scene::new();
    fs::write(scene.path(), "one\n").unwrap();
    let mut follow = Follow::begin(&scene.path()).unwrap();
    let mut file = File::options().append(true).open(scene.path()).unwrap();
    let mut seen = Vec::new();
    let mut see = |follow: &mut Follow| {
        follow
            .news(&mut |line| seen.push(String::from_utf8(line.to_vec()).unwrap()))
            .unwrap();
    };
    file.write_all(&vec![b'x'; 40 << 20]).unwrap();
    see(&mut follow);
    file.write_all(b"\ntwo\nthree\n").unwrap();
    see(&mut follow);
    assert_eq!(seen, ["two", "three"]);
}

#[test]
fn every_record_is_seen_once_where_logrotate_moves_the_file() {
    let scene = Scene::new();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    let follower = Follower::new(&scene);
    let mut expected = 1;
    assert_eq!(follower.next(), expected);
    for _ in 0..3 {
        fs::rename(scene.path(), scene.folder.path().join("audit.log.1")).unwrap();
        log.record(&stopped()).unwrap();
        File::create(scene.path()).unwrap();
        log.record(&stopped()).unwrap();
        log.reopen().unwrap();
        log.record(&stopped()).unwrap();
        let last = seq(&scene);
        while expected < last {
            expected += 1;
            assert_eq!(follower.next(), expected);
        }
    }
    follower.end();
}

#[test]
fn it_ends_in_silence_when_nobody_reads() {
    let scene = Scene::new();
    all_records(&scene);
    let mut child = tail(&scene, &["-f"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    drop(out);
    // Without another record.
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty());
}
