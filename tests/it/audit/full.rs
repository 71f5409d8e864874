//! Disks that are full: small ones in a mount namespace of their own, with this test binary in it.
use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, atomic::Ordering},
};

use aegis::audit::{AuditLog, AuditSettings, AuditUnavailable, DenialReason};

use super::{
    IP, Scene, assert_chained, authenticated, denied, gatekeeper, said::listen, settings, stopped,
    values,
};
use crate::support::assert_passed;

/// Where the process in the namespace has its disk.
const DISK: &str = "DISK_OF_THE_TEST";

/// The test `name` of this file passes with a disk of `size`, if this user may mount one.
#[expect(clippy::print_stdout, reason = "what was not tried is said")]
fn passes_on_a_disk(size: &str, name: &str) {
    let tried = Command::new("unshare").args(["-m", "true"]).status();
    if !tried.is_ok_and(|status| status.success()) {
        println!("no mount namespaces here: no disk was filled");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = format!(r#"mount -t tmpfs -o size={size} none "${DISK}" && exec "$0" "$@""#);
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", &script])
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("audit::full::{name}"), "--ignored"])
        .env(DISK, folder.path())
        .output();
    assert_passed(&output.unwrap());
}

fn disk() -> PathBuf {
    env::var_os(DISK).unwrap().into()
}

fn open(scene: &Scene, disk: &Path) -> Arc<AuditLog> {
    let log = AuditLog::open(AuditSettings {
        ballast: true,
        ..settings(&disk.join("audit.log"), &scene.clock)
    });
    Arc::new(log.unwrap())
}

/// Takes all the room that is left.
fn fill(disk: &Path) {
    let mut file = fs::File::create(disk.join("others")).unwrap();
    for size in [1 << 16, 1 << 10, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
}

/// Writes until the disk is full, and a thousand more; gives the room back; then all is well again.
/// What the log holds then.
fn fill_and_free(scene: &Scene, disk: &Path) -> Vec<serde_json::Value> {
    let log = open(scene, disk);
    log.record(&stopped()).unwrap();
    fill(disk);
    let mut refused = 0;
    while refused < 1_000 {
        let event = if refused % 2 == 0 {
            authenticated(b"curl")
        } else {
            denied(DenialReason::RateLimited, IP, b"curl")
        };
        refused += u64::from(log.record(&event) == Err(AuditUnavailable));
        if refused % 100 == 50 {
            log.tick();
        }
    }
    assert!(!log.is_writable());
    fs::remove_file(disk.join("others")).unwrap();
    log.tick();
    assert!(log.is_writable(), "nobody had to ask");
    log.record(&stopped()).unwrap();
    let text = fs::read_to_string(disk.join("audit.log")).unwrap();
    assert_chained(&text);
    let records = values(&text);
    let gaps: Vec<_> = records
        .iter()
        .filter(|record| record["event"] == "audit_gap")
        .collect();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0]["lost"], 1_000);
    records
}

#[test]
fn a_full_disk_is_told_in_room_that_was_kept_and_leaves_one_exact_gap() {
    passes_on_a_disk("24m", "with_ballast");
}

#[test]
#[ignore = "run in a namespace of its own by another test"]
fn with_ballast() {
    let (scene, disk) = (Scene::new(), disk());
    let records = fill_and_free(&scene, &disk);
    let events: Vec<_> = records
        .iter()
        .map(|record| record["event"].as_str().unwrap())
        .collect();
    let full = events.iter().position(|event| *event == "audit_disk_full");
    assert_eq!(events[full.unwrap() + 1..], ["audit_gap", "server_stopped"]);
    assert_eq!(records[full.unwrap()]["reason"], "no_space");
    let ballast = fs::metadata(disk.join(".audit.log.ballast")).unwrap();
    assert_eq!(ballast.len(), 1 << 20, "kept again");
}

#[test]
fn a_server_that_stops_while_the_disk_is_full_tells_the_gap_in_room_that_was_kept() {
    passes_on_a_disk("24m", "stopped_while_full");
}

#[test]
#[ignore = "run in a namespace of its own by another test"]
fn stopped_while_full() {
    let (scene, disk) = (Scene::new(), disk());
    let log = open(&scene, &disk);
    fill(&disk);
    while log.record(&authenticated(b"curl")).is_ok() {}
    for _ in 1..7 {
        log.record(&authenticated(b"curl")).unwrap_err();
    }
    log.tick();
    log.finish();
    log.record(&stopped()).unwrap();
    log.close();
    let text = fs::read_to_string(disk.join("audit.log")).unwrap();
    assert_chained(&text);
    let records = values(&text);
    let [.., full, gap, last] = &records[..] else {
        panic!("{text}")
    };
    let events = [full, gap, last].map(|record| record["event"].as_str().unwrap());
    assert_eq!(events, ["audit_disk_full", "audit_gap", "server_stopped"]);
    assert_eq!(gap["lost"], 7);
}

#[test]
fn a_small_disk_has_no_room_to_spare_and_leaves_one_exact_gap_too() {
    // There would be room for it.
    passes_on_a_disk("8m", "without_ballast");
}

#[test]
#[ignore = "run in a namespace of its own by another test"]
fn without_ballast() {
    let (scene, disk) = (Scene::new(), disk());
    let records = fill_and_free(&scene, &disk);
    assert!(!records.iter().any(|it| it["event"] == "audit_disk_full"));
    assert!(!disk.join(".audit.log.ballast").exists());
}

#[test]
fn room_is_kept_where_there_is_twice_as_much_and_found_again_after_a_restart() {
    passes_on_a_disk("24m", "ballast_of_before");
}

#[test]
#[ignore = "run in a namespace of its own by another test"]
fn ballast_of_before() {
    let (scene, disk) = (Scene::new(), disk());
    let ballast = disk.join(".audit.log.ballast");
    let others = disk.join("others");
    fs::write(&others, vec![b'x'; (24 << 20) - (3 << 19)]).unwrap();
    drop(open(&scene, &disk));
    assert!(
        !ballast.exists(),
        "it would take more than half of what is left"
    );
    fs::remove_file(&others).unwrap();
    drop(open(&scene, &disk));
    assert!(ballast.exists());
    fill(&disk);
    let log = open(&scene, &disk);
    let full = log.record(&stopped());
    assert_eq!(full, Err(AuditUnavailable));
    assert!(!ballast.exists(), "given up");
    let text = fs::read_to_string(disk.join("audit.log")).unwrap();
    assert!(text.contains("audit_disk_full"), "{text}");
}

#[test]
fn room_that_somebody_removed_is_kept_again() {
    passes_on_a_disk("24m", "ballast_that_was_removed");
}

#[test]
#[ignore = "run in a namespace of its own by another test"]
fn ballast_that_was_removed() {
    let (scene, disk) = (Scene::new(), disk());
    let ballast = disk.join(".audit.log.ballast");
    let log = open(&scene, &disk);
    fs::remove_file(&ballast).unwrap();
    log.tick();
    assert_eq!(fs::metadata(&ballast).unwrap().len(), 1 << 20);
}

#[test]
fn nothing_is_written_through_a_link_in_the_place_of_the_room_that_is_kept() {
    let scene = Scene::new();
    let folder = scene.folder.path();
    let others = folder.join("somebody's");
    fs::write(&others, "").unwrap();
    std::os::unix::fs::symlink(&others, folder.join(".audit.log.ballast")).unwrap();
    drop(open(&scene, folder));
    assert_eq!(fs::metadata(&others).unwrap().len(), 0);
}

#[test]
fn a_disk_that_is_nearly_full_is_warned_of_while_all_is_well() {
    passes_on_a_disk("24m", "nearly_full");
}

#[test]
#[ignore = "run in a namespace of its own by another test"]
fn nearly_full() {
    let (scene, disk, said) = (Scene::new(), disk(), listen());
    let log = open(&scene, &disk);
    let gatekeeper = gatekeeper(&log);
    let is_short = || {
        log.tick();
        assert!(gatekeeper.is_open());
        gatekeeper.is_short_of_room()
    };
    assert!(!is_short());
    fs::write(disk.join("others"), vec![b'x'; 21 << 20]).unwrap();
    // It is said at once and again each hour.
    for (minutes, times) in [(0, 1), (59, 1), (1, 2), (59, 2)] {
        scene.clock.fetch_add(minutes * 60_000, Ordering::Relaxed);
        assert!(is_short());
        let told = "WARN the disk of the audit log is 91% full, 2 MiB are left";
        assert_eq!(said.all(), vec![told; times]);
    }
    fs::remove_file(disk.join("others")).unwrap();
    assert!(!is_short());
    fill(&disk);
    while log.record(&stopped()).is_ok() {}
    assert!(!gatekeeper.is_open());
}

#[test]
fn a_disk_that_another_day_would_fill_is_warned_of_after_an_hour() {
    passes_on_a_disk("24m", "outgrown");
}

#[test]
#[ignore = "run in a namespace of its own by another test"]
fn outgrown() {
    let (scene, disk) = (Scene::new(), disk());
    let log = open(&scene, &disk);
    log.tick();
    while fs::metadata(disk.join("audit.log")).unwrap().len() < 1 << 20 {
        log.record(&stopped()).unwrap();
    }
    for (minutes, is_nearly_full) in [(59, false), (1, true)] {
        scene.clock.fetch_add(minutes * 60_000, Ordering::Relaxed);
        log.tick();
        assert_eq!(log.is_nearly_full(), is_nearly_full, "{minutes}");
    }
}
