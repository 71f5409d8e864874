//! `kill -9` while records are written: no record that was acknowledged is lost, the chain is whole.
//! The process that is killed is this test binary again. `AEGIS_KILLS=100` kills as often for each
//! way to the disk, and prints what it found.
use std::{
    collections::BTreeSet,
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    num::NonZeroU64,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use aegis::audit::{AuditEvent, AuditLog, AuditSettings, Checkpoints, Compress, Fsync, Rotation};

use super::{Scene, stopped, wait_until, walk};

const LOG: &str = "LOG_OF_THE_TEST";
const FSYNC: &str = "FSYNC_OF_THE_TEST";
const WRITERS: usize = 4;

fn settings(log: &Path, fsync: Fsync) -> AuditSettings {
    AuditSettings {
        fsync,
        checkpoints: Checkpoints {
            every: Some(Duration::from_secs(1)),
            records: NonZeroU64::new(50),
            file: Some(log.with_file_name("checkpoints")),
            seal_key: Some(log.with_file_name("seal.key")),
            ..Checkpoints::default()
        },
        rotation: Rotation {
            size: NonZeroU64::new(64 << 10),
            compress: Compress::Gzip,
            ..Rotation::default()
        },
        ballast: true,
        ..AuditSettings::new(log.to_owned())
    }
}

fn started(scene: &Scene, fsync: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "audit::killed::until_killed", "--ignored"])
        .arg("--nocapture")
        .env(LOG, scene.path())
        .env(FSYNC, fsync)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "killed by another test"]
fn until_killed() {
    let fsync = match env::var(FSYNC).unwrap().as_str() {
        "each" => Fsync::Each,
        "interval" => Fsync::Interval,
        _ => Fsync::Off,
    };
    let path = env::var_os(LOG).unwrap();
    let log = Arc::new(AuditLog::open(settings(Path::new(&path), fsync)).unwrap());
    let stdout = Mutex::new(std::io::stdout());
    let first = log.previous().map_or(0, |previous| previous.seq) * 1_000;
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (log, stdout) = (&log, &stdout);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                for number in 0..1_000_000 {
                    let entry = usize::try_from(first).unwrap() + number * WRITERS + writer;
                    let event = AuditEvent::ConfigKeyRejected { entry, length: 0 };
                    let recorded = log.record(&event).unwrap();
                    runtime.block_on(log.committed(recorded)).unwrap();
                    writeln!(stdout.lock().unwrap(), "told {entry}").unwrap();
                }
            });
        }
        loop {
            thread::sleep(Duration::from_millis(10));
            log.tick();
        }
    });
}

/// How many kills, and what is found after them all.
fn kill(fsync: &str, times: usize) {
    let scene = Scene::new();
    fs::write(scene.folder.path().join("seal.key"), "5a".repeat(32)).unwrap();
    let mut told = BTreeSet::new();
    for round in 0..times {
        let mut child = started(&scene, fsync);
        // At another moment each time: before the first record, in the midst of them, in a rotation.
        let until = (round * 7919) % 997;
        let mut seen = 0;
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while said.read_line(&mut line).is_ok_and(|read| read > 0) {
            let whole = std::mem::take(&mut line);
            // Half a line says nothing: a number that was cut is another's.
            let whole = whole.strip_suffix('\n');
            let Some(entry) = whole.and_then(|whole| whole.strip_prefix("told ")) else {
                continue;
            };
            told.extend(entry.parse::<u64>().ok());
            seen += 1;
            if seen == until.max(1) {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
    }
    let log = AuditLog::open(settings(&scene.path(), Fsync::Off)).unwrap();
    log.record(&stopped()).unwrap();
    wait_until("what was cut off is done", || {
        log.tick();
        let is_done = |path: &PathBuf| path.extension().is_some_and(|it| it == "gz");
        scene.closed().iter().all(is_done)
    });
    let text = scene.whole();
    let torn = walk(&text);
    assert!(torn <= times, "at most one a kill");
    let kept: BTreeSet<u64> = text
        .lines()
        .filter_map(|line| {
            line.split_once("\"entry\": ")?
                .1
                .split(',')
                .next()?
                .parse()
                .ok()
        })
        .collect();
    let lost = told.difference(&kept).count();
    let sealed = text.matches("\"sealed\": ").count();
    let line = format!(
        "fsync={fsync}: {times} kills, {} records, {} acknowledged, {lost} lost, {torn} torn, {sealed} seals, {} files\n",
        kept.len(),
        told.len(),
        scene.closed().len() + 1,
    );
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    assert_eq!(lost, 0, "{line}");
    for number in 0..sealed {
        assert!(
            text.contains(&format!("\"sealed\": {number},")),
            "seal {number}"
        );
    }
    assert!(!text.contains("audit_log_truncated"));
}

fn times() -> usize {
    let set = env::var("AEGIS_KILLS").ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(5)
}

#[test]
fn no_acknowledged_record_is_lost_where_the_system_syncs() {
    kill("off", times());
}

#[test]
fn no_acknowledged_record_is_lost_within_an_interval() {
    kill("interval", times());
}

#[test]
fn no_acknowledged_record_is_lost_where_each_is_synced() {
    kill("each", times());
}
