//! What is said aloud. A process has one logger, so each of these has a process of its own: this test
//! binary again, told to run one of the tests that are otherwise ignored.
use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    sync::{Mutex, atomic::Ordering},
};

use aegis::audit::{AuditSettings, Checkpoints, Fsync};
use log::{LevelFilter, Log, Metadata, Record};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Scene, failures::alone, open_as, settings, stopped};
use crate::support::assert_passed;

#[derive(Default)]
pub(super) struct Said(Mutex<Vec<String>>);

impl Said {
    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Log for Said {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {}", record.level(), record.args());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

/// Keeps what this process says from now on.
pub(super) fn listen() -> &'static Said {
    let said = Box::leak(Box::<Said>::default());
    log::set_logger(said).unwrap();
    log::set_max_level(LevelFilter::Info);
    said
}

fn assert_passes(name: &str) {
    let scene = Scene::new();
    // The signal that a file is too large kills whoever does not ignore it.
    let child = alone(&format!("said::{name}"), "trap '' XFSZ;", &scene.path());
    assert_passed(&child.wait_with_output().unwrap());
}

#[test]
fn that_records_have_no_place_to_go_is_said_at_once_and_each_minute() {
    assert_passes("while_it_fails");
}

#[test]
#[ignore = "run in a process of its own by another test"]
fn while_it_fails() {
    let (scene, said) = (Scene::new(), listen());
    let files_may_grow = |may: bool| {
        let maximum = getrlimit(Resource::Fsize).maximum;
        let current = if may { maximum } else { Some(0) };
        setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
    };
    let log = scene.open();
    files_may_grow(false);
    for seconds in [0, 1, 58, 1, 1] {
        scene.clock.fetch_add(seconds * 1_000, Ordering::Relaxed);
        log.record(&stopped()).unwrap_err();
    }
    files_may_grow(true);
    log.tick();
    files_may_grow(false);
    log.record(&stopped()).unwrap_err();
    log.close();
    let failed = "ERROR critical: the audit log cannot be written";
    let missing = |many| {
        format!("{failed} (File too large (os error 27)); {many} records are missing so far")
    };
    assert_eq!(
        said.all(),
        [
            missing(1),
            missing(4),
            "WARN the audit log is written again".to_owned(),
            missing(1),
            format!("{failed} to its end: 1 records are missing, and it does not say so"),
        ]
    );
}

#[test]
fn that_records_cannot_be_synced_is_said_once() {
    assert_passes("where_nothing_can_be_synced");
}

#[test]
#[ignore = "run in a process of its own by another test"]
fn where_nothing_can_be_synced() {
    let (scene, said) = (Scene::new(), listen());
    let log = open_as(&AuditSettings {
        fsync: Fsync::Interval,
        sync: |_| Err(io::Error::new(io::ErrorKind::Unsupported, "no such thing")),
        ..settings(&scene.path(), &scene.clock)
    });
    let told = "ERROR critical: records cannot be brought to the disk here (no such thing): choose another place, or `AUDIT_FSYNC=off`";
    for _ in 0..2 {
        log.record(&stopped()).unwrap();
        log.close();
        assert_eq!(said.all(), [told]);
    }
}

#[test]
fn that_the_newest_record_cannot_be_remembered_is_said_once_until_it_can() {
    assert_passes("where_no_head_can_be_kept");
}

#[test]
#[ignore = "run in a process of its own by another test"]
fn where_no_head_can_be_kept() {
    let (scene, said) = (Scene::new(), listen());
    let head = scene.folder.path().join(".audit.log.head");
    fs::create_dir(&head).unwrap();
    let log = scene.open();
    for _ in 0..2 {
        log.record(&stopped()).unwrap();
        log.tick();
    }
    fs::remove_dir(&head).unwrap();
    log.tick();
    let head = head.display();
    let told = [
        format!(
            "ERROR critical: {head} cannot be read (it is not a regular file): whether the audit log was cut before this start is not known by it"
        ),
        format!(
            "ERROR critical: the newest record cannot be remembered beside the audit log ({head}: Is a directory (os error 21)): a log that is cut from now on is not found by it"
        ),
        "WARN the newest record is remembered beside the audit log again".to_owned(),
    ];
    assert_eq!(said.all(), told);
}

#[test]
fn a_clock_that_was_set_back_by_more_than_an_hour_is_told() {
    assert_passes("after_the_clock_was_set_back");
}

#[test]
#[ignore = "run in a process of its own by another test"]
fn after_the_clock_was_set_back() {
    let (scene, said) = (Scene::new(), listen());
    scene.open().record(&stopped()).unwrap();
    scene.clock.fetch_sub(3_600_000, Ordering::Relaxed);
    scene.open();
    assert_eq!(said.all(), [""; 0]);
    scene.clock.fetch_sub(1, Ordering::Relaxed);
    scene.open();
    let told = "WARN the newest record of the audit log is 60 minutes ahead of the clock; records keep its time until then";
    assert_eq!(said.all(), [told]);
}

#[test]
fn a_key_that_seals_and_that_others_can_read_is_told() {
    assert_passes("with_a_key_for_all");
}

#[test]
#[ignore = "run in a process of its own by another test"]
fn with_a_key_for_all() {
    let (scene, said) = (Scene::new(), listen());
    let key = scene.folder.path().join("seal.key");
    let open = |mode| {
        fs::write(&key, "0b".repeat(32)).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        open_as(&AuditSettings {
            checkpoints: Checkpoints {
                seal_key: Some(key.clone()),
                ..Checkpoints::default()
            },
            ..settings(&scene.path(), &scene.clock)
        });
        said.all()
    };
    assert_eq!(open(0o600), [""; 0]);
    let key = key.display();
    let told = format!("WARN others than its owner can read the key that seals: `chmod 600 {key}`");
    assert_eq!(open(0o640), [told]);
}
