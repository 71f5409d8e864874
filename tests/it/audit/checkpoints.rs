//! What the chain has come to: told in time, told elsewhere, and sealed.
use std::{
    fs,
    num::NonZeroU64,
    path::PathBuf,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use aegis::audit::{AuditLog, AuditSettings, Checkpoints};
use ring::{digest, hmac};
use serde_json::Value;

use super::{Scene, assert_chained, open_as, settings, sha256, stopped, values, wait_until};

const MINUTE: u64 = 60_000;

fn open(scene: &Scene, checkpoints: Checkpoints) -> AuditLog {
    open_as(&AuditSettings {
        checkpoints,
        ..settings(&scene.path(), &scene.clock)
    })
}

fn each_minute() -> Checkpoints {
    Checkpoints {
        every: Some(Duration::from_mins(1)),
        records: NonZeroU64::new(1_000),
        ..Checkpoints::default()
    }
}

fn checkpoints(text: &str) -> Vec<Value> {
    let mut records = values(text);
    records.retain(|record| record["event"] == "audit_checkpoint");
    records
}

#[test]
fn a_minute_with_records_ends_with_a_checkpoint_and_one_without_does_not() {
    let scene = Scene::new();
    let log = open(&scene, each_minute());
    log.record(&stopped()).unwrap();
    log.record(&stopped()).unwrap();
    scene.clock.fetch_add(MINUTE - 1, Ordering::Relaxed);
    // The first is due at once: the clock of this test began long ago.
    log.tick();
    assert_eq!(scene.events()[2], "audit_checkpoint");
    log.record(&stopped()).unwrap();
    scene.clock.fetch_add(MINUTE - 1, Ordering::Relaxed);
    log.tick();
    assert_eq!(scene.events().len(), 4);
    scene.clock.fetch_add(1, Ordering::Relaxed);
    log.tick();
    scene.clock.fetch_add(MINUTE, Ordering::Relaxed);
    log.tick();
    let text = scene.text();
    assert_chained(&text);
    let found = checkpoints(&text);
    assert_eq!(found.len(), 2);
    assert_eq!(
        (&found[0]["records"], &found[1]["records"]),
        (&2.into(), &1.into())
    );
    let before = text.lines().nth(3).unwrap();
    assert_eq!(found[1]["head"], sha256(before));
    assert_eq!(found[1]["head"], found[1]["prev"]);
    assert_eq!(found[1].get("seal"), None);
}

#[test]
fn after_so_many_records_there_is_one_without_waiting() {
    let scene = Scene::new();
    let log = open(
        &scene,
        Checkpoints {
            records: NonZeroU64::new(3),
            ..Checkpoints::default()
        },
    );
    for _ in 0..7 {
        log.record(&stopped()).unwrap();
    }
    let events = scene.events();
    let at: Vec<_> = (0..events.len())
        .filter(|at| events[*at] == "audit_checkpoint")
        .collect();
    assert_eq!(at, [3, 7]);
    assert_chained(&scene.text());
}

#[test]
fn the_end_is_a_checkpoint_too_where_there_are_any() {
    for (settings, expected) in [(each_minute(), 1), (Checkpoints::default(), 0)] {
        let scene = Scene::new();
        let log = open(&scene, settings);
        log.record(&stopped()).unwrap();
        log.finish();
        log.finish();
        assert_eq!(checkpoints(&scene.text()).len(), expected);
    }
}

#[test]
fn checkpoints_stand_in_a_file_of_their_own_word_by_word() {
    let scene = Scene::new();
    let file = scene.folder.path().join("elsewhere.log");
    fs::write(&file, "somebody's\n").unwrap();
    for _ in 0..2 {
        let log = open(
            &scene,
            Checkpoints {
                file: Some(file.clone()),
                ..each_minute()
            },
        );
        log.record(&stopped()).unwrap();
        log.finish();
        log.record(&stopped()).unwrap();
        log.close();
    }
    let text = scene.text();
    let lines = text
        .lines()
        .filter(|line| line.contains("audit_checkpoint"));
    let expected: Vec<_> = ["somebody's"].into_iter().chain(lines).collect();
    let told = fs::read_to_string(&file).unwrap();
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    assert_eq!(expected.len(), 3);
}

#[test]
fn a_place_that_takes_no_checkpoints_holds_nothing_up() {
    let scene = Scene::new();
    // A pipe that nobody reads would hold up whoever opens it.
    let pipe = scene.folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for file in [pipe, scene.folder.path().join("missing/file")] {
        let log = open(
            &scene,
            Checkpoints {
                records: NonZeroU64::new(1),
                file: Some(file),
                ..Checkpoints::default()
            },
        );
        for _ in 0..1_000 {
            log.record(&stopped()).unwrap();
        }
        log.tick();
        assert!(log.is_writable());
        // Neither does the end of the process wait for long; nobody waits for this one.
        std::mem::forget(log);
        fs::rename(scene.path(), scene.folder.path().join("old")).unwrap();
        fs::remove_file(scene.folder.path().join(".audit.log.head")).unwrap();
        fs::remove_file(scene.folder.path().join("old")).unwrap();
    }
}

/// A pipe that nobody reads: whoever opens it waits.
#[test]
fn whoever_closes_the_log_waits_a_second_for_checkpoints_that_are_not_out_yet() {
    let scene = Scene::new();
    let pipe = scene.folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let log = open(
        &scene,
        Checkpoints {
            records: NonZeroU64::new(1),
            file: Some(pipe),
            ..Checkpoints::default()
        },
    );
    log.record(&stopped()).unwrap();
    let began = Instant::now();
    log.close();
    assert!(began.elapsed() >= Duration::from_secs(1));
}

fn key_file(scene: &Scene) -> PathBuf {
    scene.folder.path().join("seal.key")
}

fn sealed(scene: &Scene) -> AuditLog {
    open(
        scene,
        Checkpoints {
            records: NonZeroU64::new(2),
            seal_key: Some(key_file(scene)),
            ..Checkpoints::default()
        },
    )
}

/// The seals of a log, verified by the first key as the documentation says; how many there are.
fn verify(text: &str, first: [u8; 32]) -> usize {
    let mut key = first;
    let found = checkpoints(text);
    for (number, checkpoint) in found.iter().enumerate() {
        assert_eq!(checkpoint["sealed"], number);
        let head = checkpoint["head"].as_str().unwrap();
        let signed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), head.as_bytes());
        assert_eq!(checkpoint["seal"], hex::encode(signed));
        let next = digest::digest(&digest::SHA256, &key);
        key.copy_from_slice(next.as_ref());
    }
    found.len()
}

#[test]
fn seals_go_on_over_restarts_and_the_file_has_the_next_key_only() {
    let scene = Scene::new();
    fs::write(key_file(&scene), format!("{}\n", "5a".repeat(32))).unwrap();
    for _ in 0..3 {
        let log = sealed(&scene);
        for _ in 0..4 {
            log.record(&stopped()).unwrap();
        }
        log.close();
    }
    assert_eq!(verify(&scene.text(), [0x5a; 32]), 6);
    let held = fs::read_to_string(key_file(&scene)).unwrap();
    let mut next = [0x5a; 32];
    for _ in 0..6 {
        let hash = digest::digest(&digest::SHA256, &next);
        next.copy_from_slice(hash.as_ref());
    }
    assert_eq!(held, format!("{} 6\n", hex::encode(next)));
    assert_chained(&scene.text());
}

#[test]
fn a_process_that_ends_before_it_has_replaced_the_key_does_not_use_it_again() {
    let scene = Scene::new();
    fs::write(key_file(&scene), "5a".repeat(32)).unwrap();
    for _ in 0..3 {
        // Sealed twice and never ticked: the file still has the key of the start.
        let log = sealed(&scene);
        for _ in 0..5 {
            log.record(&stopped()).unwrap();
        }
        drop(log);
    }
    assert_eq!(verify(&scene.text(), [0x5a; 32]), 6);
    let held = fs::read_to_string(key_file(&scene)).unwrap();
    assert!(held.ends_with(" 4\n"), "of the last start: {}", &held[64..]);
}

#[test]
fn a_key_is_not_used_again_where_others_moved_the_log_since_it_sealed() {
    for packed in [false, true] {
        let scene = Scene::new();
        fs::write(key_file(&scene), "5a".repeat(32)).unwrap();
        let moved = scene.folder.path().join("audit.log.1");
        // Never ticked: the file still has the key of the start.
        let log = sealed(&scene);
        for _ in 0..5 {
            log.record(&stopped()).unwrap();
        }
        fs::rename(scene.path(), &moved).unwrap();
        log.reopen().unwrap();
        drop(log);
        let before = fs::read_to_string(&moved).unwrap();
        if packed {
            let packed = zstd::encode_all(before.as_bytes(), 1).unwrap();
            fs::write(moved.with_added_extension("zst"), packed).unwrap();
            fs::remove_file(&moved).unwrap();
        }
        let log = sealed(&scene);
        log.record(&stopped()).unwrap();
        log.record(&stopped()).unwrap();
        drop(log);
        assert_eq!(verify(&(before + &scene.text()), [0x5a; 32]), 3);
    }
}

#[test]
fn a_new_key_begins_from_nothing() {
    let scene = Scene::new();
    for key in ["5a", "5b"] {
        fs::write(key_file(&scene), key.repeat(32)).unwrap();
        let log = sealed(&scene);
        log.record(&stopped()).unwrap();
        log.record(&stopped()).unwrap();
        drop(log);
    }
    let found = checkpoints(&scene.text());
    let numbers: Vec<_> = found.iter().map(|it| it["sealed"].as_u64()).collect();
    assert_eq!(numbers, [Some(0), Some(0)]);
}

#[test]
fn a_file_without_a_key_is_refused_with_what_to_do_and_nothing_of_it() {
    let scene = Scene::new();
    let refused = |scene: &Scene| {
        let checkpoints = Checkpoints {
            seal_key: Some(key_file(scene)),
            ..Checkpoints::default()
        };
        let opened = AuditLog::open(AuditSettings {
            checkpoints,
            ..settings(&scene.path(), &scene.clock)
        });
        opened.unwrap_err().to_string()
    };
    fs::write(key_file(&scene), "correct-horse-battery-staple").unwrap();
    let told = refused(&scene);
    assert!(told.contains("openssl rand -hex 32"), "{told}");
    assert!(!told.contains("horse"));
    fs::remove_file(key_file(&scene)).unwrap();
    assert!(refused(&scene).contains("seal.key"));
}

#[test]
fn a_second_server_cannot_use_the_same_key() {
    let (one, two) = (Scene::new(), Scene::new());
    fs::write(key_file(&one), "5a".repeat(32)).unwrap();
    let _first = sealed(&one);
    wait_until("the key is locked", || {
        fs::exists(key_file(&one)).unwrap_or(false)
    });
    let opened = std::thread::spawn(move || {
        AuditLog::open(AuditSettings {
            checkpoints: Checkpoints {
                seal_key: Some(key_file(&one)),
                ..Checkpoints::default()
            },
            ..settings(&two.path(), &two.clock)
        })
        .err()
        .map(|error| error.to_string())
    });
    let told = opened.join().unwrap().unwrap();
    assert!(told.contains("edited by another"), "{told}");
}
