//! Our own rotation: files that are closed, compressed and removed.
use std::{
    fs::{self, Permissions},
    num::NonZeroU64,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::{Duration, UNIX_EPOCH},
};

use aegis::audit::{AuditLog, AuditSettings, Compress, Rotation};

use serde_json::Value;

use super::{
    NOON, Scene, assert_chained, authenticated, grow, open_as, settings, sha256, stopped, unpacked,
    values, wait_until,
};
use crate::cli::aegis;

/// Room for some three records.
const SMALL: Option<NonZeroU64> = NonZeroU64::new(600);

fn open(scene: &Scene, rotation: Rotation) -> AuditLog {
    open_as(&AuditSettings {
        rotation,
        ..settings(&scene.path(), &scene.clock)
    })
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|it| it == ending)
}

/// Records that so many were let in.
fn let_in(log: &AuditLog, times: usize) {
    for _ in 0..times {
        log.record(&authenticated(b"curl")).unwrap();
    }
}

fn by_size() -> Rotation {
    Rotation {
        size: SMALL,
        ..Rotation::default()
    }
}

#[test]
fn a_large_file_is_closed_and_named_after_its_time_and_its_first_record() {
    let scene = Scene::new();
    let log = open(&scene, by_size());
    let_in(&log, 12);
    let closed = scene.closed();
    let names: Vec<_> = closed
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(names[0], "audit-20260129T123456Z-1.log");
    assert!(names.len() >= 3, "{names:?}");
    assert_chained(&scene.whole());
    let mut before = fs::read_to_string(&closed[0]).unwrap();
    let chain = &sha256(before.lines().next().unwrap())[..16];
    for (path, name) in closed[1..].iter().chain([&scene.path()]).zip(names) {
        let text = fs::read_to_string(path).unwrap();
        let first = &values(&text)[0];
        assert_eq!(first["event"], "audit_rotated");
        assert_eq!(first["chain_id"], chain);
        assert_eq!(first["previous_file"], name);
        assert_eq!(
            first["previous_head"],
            sha256(before.lines().last().unwrap())
        );
        before = text;
    }
    let mode = fs::metadata(scene.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_chain_has_one_name_whoever_goes_on_with_it() {
    let scene = Scene::new();
    for _ in 0..3 {
        let log = open(&scene, by_size());
        let_in(&log, 4);
    }
    let names = values(&scene.whole()).into_iter();
    let names: Vec<_> = names.filter_map(|it| it.get("chain_id").cloned()).collect();
    let chain = sha256(scene.whole().lines().next().unwrap());
    assert!(names.len() >= 3);
    assert!(names.iter().all(|name| name == &chain[..16]), "{names:?}");
}

#[test]
fn a_file_that_begins_with_no_record_is_named_after_the_first_that_is_one() {
    let scene = Scene::new();
    fs::write(scene.path(), "hello\n").unwrap();
    let log = open(&scene, by_size());
    let_in(&log, 6);
    let first = scene.closed()[0].file_name().unwrap().to_owned();
    assert_eq!(first, "audit-20260129T123456Z-1.log");
}

#[test]
fn the_first_record_of_a_day_closes_the_file_of_the_day_before() {
    let scene = Scene::new();
    let daily = Rotation {
        daily: true,
        ..Rotation::default()
    };
    let log = open(&scene, daily);
    log.record(&stopped()).unwrap();
    scene.clock.store(1_769_731_199_999, Ordering::Relaxed); // the last millisecond of that day
    log.record(&stopped()).unwrap();
    assert!(scene.closed().is_empty());
    scene.clock.fetch_add(1, Ordering::Relaxed);
    log.tick();
    assert!(
        scene.closed().is_empty(),
        "nothing happened on that day yet"
    );
    drop(log);
    let log = open(&scene, daily);
    log.record(&stopped()).unwrap();
    let closed = scene.closed();
    let name = closed[0].file_name().unwrap();
    assert_eq!(name, "audit-20260130T000000Z-1.log");
    assert_eq!(scene.events(), ["audit_rotated", "server_stopped"]);
    assert_chained(&scene.whole());
    scene.clock.store(NOON, Ordering::Relaxed);
    log.record(&stopped()).unwrap();
    assert_eq!(
        scene.closed().len(),
        1,
        "a clock that runs back closes nothing"
    );
}

#[test]
fn a_day_is_over_by_the_clock_where_the_newest_record_is_from_the_future() {
    const DAY: u64 = 24 * 3_600_000;
    let scene = Scene::new();
    let daily = Rotation {
        daily: true,
        ..Rotation::default()
    };
    let log = open(&scene, daily);
    log.record(&stopped()).unwrap();
    scene.clock.fetch_add(365 * DAY, Ordering::Relaxed);
    log.record(&stopped()).unwrap();
    assert_eq!(scene.closed().len(), 1);
    for (written, now, closed) in [
        (NOON + 365 * DAY, NOON, 1),
        (NOON, NOON + 3_600_000, 1),
        (NOON, NOON + DAY, 2),
    ] {
        let file = fs::File::options().append(true).open(scene.path()).unwrap();
        let written = UNIX_EPOCH + Duration::from_millis(written);
        file.set_modified(written).unwrap();
        scene.clock.store(now, Ordering::Relaxed);
        log.record(&stopped()).unwrap();
        assert_eq!(scene.closed().len(), closed, "{now}");
    }
    assert_eq!(scene.events(), ["audit_rotated", "server_stopped"]);
    assert_chained(&scene.whole());
}

#[test]
fn a_log_keeps_its_ending_when_it_is_closed_and_all_of_it_is_found_in_its_folder() {
    for live in ["audit.jsonl", "audit"] {
        let scene = Scene::new();
        let path = scene.folder.path().join(live);
        let log = open_as(&AuditSettings {
            rotation: by_size(),
            ..settings(&path, &scene.clock)
        });
        grow(&log, 12);
        log.close();
        drop(log);
        let summary = || {
            let mut command = aegis(&["audit-summary", "all", "--json", "--log"]);
            let output = command.arg(scene.folder.path()).output().unwrap();
            let told: Value = serde_json::from_slice(&output.stdout).unwrap();
            let files = told["log"]["files"].as_array().unwrap().len();
            (files, told["log"]["breaks"].as_u64().unwrap())
        };
        let closed = scene.closed();
        let is_alike = |closed: &PathBuf| closed.extension() == path.extension();
        assert!(closed.len() >= 3 && closed.iter().all(is_alike));
        assert_eq!(summary(), (closed.len() + 1, 0));
        fs::remove_file(&closed[closed.len() - 1]).unwrap();
        assert_eq!(summary(), (closed.len(), 1));
    }
}

/// As one of another chain is, or what a server left whose clock was ahead.
#[test]
fn a_closed_file_from_the_future_goes_before_those_that_were_closed_now() {
    let scene = Scene::new();
    let future = scene.folder.path().join("audit-20270129T000000Z-500.log");
    fs::write(&future, "hello\n").unwrap();
    let rotation = Rotation {
        keep: 2,
        ..by_size()
    };
    let log = open(&scene, rotation);
    grow(&log, 20);
    wait_until("two closed files are left", || {
        log.tick();
        scene.closed().len() == 2
    });
    assert!(!future.exists());
}

#[test]
fn a_file_that_is_closed_after_the_clock_was_set_back_is_still_the_younger_one() {
    let scene = Scene::new();
    let log = open(&scene, by_size());
    grow(&log, 12);
    scene.clock.fetch_sub(3_600_000, Ordering::Relaxed);
    grow(&log, 12);
    let names = scene.names();
    let closed: Vec<_> = names.iter().filter(|it| it.starts_with("audit-")).collect();
    assert!(closed.len() >= 4, "{names:?}");
    let of_noon = |name: &&String| name.starts_with("audit-20260129T123456Z-");
    assert!(closed.iter().all(of_noon), "{names:?}");
}

/// As a process leaves it that ended between the compressed file and the removal of the other.
#[test]
fn a_file_beside_its_compressed_self_counts_once() {
    let scene = Scene::new();
    let log = open(&scene, by_size());
    let_in(&log, 20);
    drop(log);
    let closed = scene.closed();
    let (newest, before) = (&closed[closed.len() - 1], &closed[closed.len() - 2]);
    let packed = zstd::encode_all(&fs::read(newest).unwrap()[..], 1).unwrap();
    fs::write(newest.with_added_extension("zst"), packed).unwrap();
    let rotation = Rotation {
        keep: 2,
        ..Rotation::default()
    };
    let log = open(&scene, rotation);
    wait_until("the third is gone", || {
        log.tick();
        !closed[closed.len() - 3].exists()
    });
    assert!(before.exists() && newest.exists());
}

#[test]
fn closed_files_are_compressed_and_the_oldest_go() {
    for (compress, ending) in [
        (Compress::Off, "log"),
        (Compress::Gzip, "gz"),
        (Compress::Zstd, "zst"),
    ] {
        let scene = Scene::new();
        let rotation = Rotation {
            keep: 2,
            compress,
            ..by_size()
        };
        let log = open(&scene, rotation);
        let_in(&log, 20);
        wait_until("two closed files, compressed", || {
            log.tick();
            let closed = scene.closed();
            closed.len() == 2
                && closed
                    .iter()
                    .all(|path| path.extension().is_some_and(|it| it == ending))
        });
        let closed = scene.closed();
        let text: String = closed.iter().map(|path| unpacked(path)).collect();
        let text = text + &scene.text();
        let first = values(&text)[0]["seq"].as_u64().unwrap();
        for (record, seq) in values(&text).iter().zip(first..) {
            assert_eq!(record["seq"], seq);
        }
        for path in &closed {
            let mode = fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        wait_until("nothing half done is left", || {
            !scene.names().iter().any(|name| has_ending(name, "tmp"))
        });
    }
}

#[test]
fn what_was_cut_off_is_cleared_and_done_again_at_the_next_start() {
    let scene = Scene::new();
    let log = open(&scene, by_size());
    let_in(&log, 5);
    drop(log);
    let closed = scene.closed();
    let name = closed[0].file_name().unwrap().to_str().unwrap();
    let held = fs::read_to_string(&closed[0]).unwrap();
    let beside = |name: &str| scene.folder.path().join(name);
    // Killed while it compressed, and, another time, before it removed the original.
    fs::write(beside(&format!(".{name}.gz.tmp")), b"half").unwrap();
    fs::write(beside(&format!("{name}.gz")), b"of the last time").unwrap();
    let rotation = Rotation {
        compress: Compress::Gzip,
        ..by_size()
    };
    let log = open(&scene, rotation);
    wait_until("all are compressed", || {
        log.tick();
        !closed.iter().any(|path| path.exists())
    });
    assert_eq!(unpacked(&beside(&format!("{name}.gz"))), held);
    assert!(!scene.names().iter().any(|name| has_ending(name, "tmp")));
}

#[test]
fn a_process_that_ends_between_two_files_leaves_one_chain() {
    let scene = Scene::new();
    let log = open(&scene, Rotation::default());
    log.record(&stopped()).unwrap();
    log.record(&stopped()).unwrap();
    drop(log);
    let name = "audit-20260129T123456Z-1.log";
    fs::rename(scene.path(), scene.folder.path().join(name)).unwrap();
    let log = open(&scene, Rotation::default());
    log.record(&stopped()).unwrap();
    assert_chained(&scene.whole());
    let first = &values(&scene.text())[0];
    assert_eq!(first["event"], "audit_rotated");
    assert_eq!(first["previous_file"], name);
}

#[test]
fn where_nothing_can_be_made_the_file_just_grows() {
    let scene = Scene::new();
    let log = open(&scene, by_size());
    let name = scene.folder.path().join("audit-20260129T123456Z-1.log");
    fs::create_dir(&name).unwrap();
    let_in(&log, 9);
    assert_eq!(scene.text().lines().count(), 9);
    assert_chained(&scene.text());
    fs::remove_dir(&name).unwrap();
    // It is tried again after a minute.
    for (millis, closed) in [(59_999, 0), (1, 1)] {
        scene.clock.fetch_add(millis, Ordering::Relaxed);
        log.record(&authenticated(b"curl")).unwrap();
        assert_eq!(scene.closed().len(), closed);
    }
    assert_chained(&scene.whole());
}

#[test]
fn what_could_not_be_compressed_is_tried_again() {
    let scene = Scene::new();
    let log = open(
        &scene,
        Rotation {
            compress: Compress::Gzip,
            ..by_size()
        },
    );
    let in_the_way = scene
        .folder
        .path()
        .join("audit-20260129T123456Z-1.log.gz/full");
    fs::create_dir_all(&in_the_way).unwrap();
    let_in(&log, 5);
    log.tick();
    fs::remove_dir(&in_the_way).unwrap();
    fs::remove_dir(in_the_way.parent().unwrap()).unwrap();
    wait_until("it is compressed", || {
        scene.clock.fetch_add(600_000, Ordering::Relaxed);
        log.tick();
        let is_gzip = |path: &PathBuf| path.extension().is_some_and(|it| it == "gz");
        scene.closed().iter().all(is_gzip)
    });
}

#[test]
fn no_other_file_of_the_folder_is_touched() {
    let scene = Scene::new();
    let others = [
        "audit-old.log",
        "audit-20260129T123456Z-1.log.bak",
        "other-20260129T123456Z-1.log",
        "audit.log.1",
        ".audit-notes",
    ];
    for name in others {
        fs::write(scene.folder.path().join(name), name).unwrap();
        let mode = Permissions::from_mode(0o640);
        fs::set_permissions(scene.folder.path().join(name), mode).unwrap();
    }
    let rotation = Rotation {
        keep: 1,
        compress: Compress::Zstd,
        ..by_size()
    };
    let log = open(&scene, rotation);
    let_in(&log, 12);
    let is_closed = |name: &String| name.starts_with("audit-2026") && !has_ending(name, "bak");
    wait_until("one closed file is left", || {
        log.tick();
        let names = scene.names();
        let closed: Vec<_> = names.iter().filter(|name| is_closed(name)).collect();
        closed.len() == 1 && has_ending(closed[0], "zst")
    });
    for name in others {
        let held = fs::read_to_string(scene.folder.path().join(name)).unwrap();
        assert_eq!(held, name);
    }
}
