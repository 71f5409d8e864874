//! The chain over starts and rotations, and whatever a file ends with.
use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    sync::{Arc, atomic::Ordering},
    thread,
};

use aegis::audit::{AuditEvent, AuditLog, AuditOpenError, AuditSettings};
use proptest::prelude::*;

use super::{Scene, assert_chained, authenticated, open, sha256, stopped, values};

fn try_open(path: &Path) -> Result<AuditLog, AuditOpenError> {
    AuditLog::open(AuditSettings::new(path.to_owned()))
}

fn append(scene: &Scene, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).open(scene.path()).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn the_chain_goes_on_after_a_restart() {
    let scene = Scene::new();
    for _ in 0..3 {
        let log = scene.open();
        log.record(&AuditEvent::ServerStarted {
            version: "0.1.0",
            instance: "0a0b0c0d",
            auth: true,
            keys: 2,
            previous: log.previous(),
        })
        .unwrap();
        log.record(&stopped()).unwrap();
    }
    let text = scene.text();
    assert_chained(&text);
    let records = values(&text);
    assert_eq!(records[0].get("previous"), None);
    assert_eq!(records[4]["previous"]["seq"], 4);
    let fourth = text.lines().nth(3).unwrap();
    assert_eq!(records[4]["previous"]["hash"], sha256(fourth));
}

#[test]
fn opening_writes_nothing() {
    let scene = Scene::new();
    let log = scene.open();
    log.tick();
    assert_eq!(scene.text(), "");
    assert_eq!(scene.names(), ["audit.log"], "nothing is known of it");
}

#[test]
fn a_torn_last_line_is_ended_and_told() {
    let scene = Scene::new();
    scene.open().record(&stopped()).unwrap();
    let torn = r#"{"timestamp": "2026-01-29T12:34:57.000Z", "event": "api_authen"#;
    append(&scene, torn.as_bytes());
    scene.open().record(&stopped()).unwrap();
    let text = scene.text();
    let lines = text.lines().collect::<Vec<_>>();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[1], torn);
    let records = values(&lines[2..].join("\n"));
    assert_eq!(records[0]["event"], "audit_recovered");
    assert_eq!(records[0]["torn_bytes"], torn.len());
    assert_eq!(records[0]["seq"], 2);
    assert_eq!(records[0]["prev"], sha256(torn));
    assert_eq!(records[1]["event"], "server_stopped");
    assert_eq!(records[1]["seq"], 3);
    assert_eq!(records[1]["prev"], sha256(lines[2]));
}

#[test]
fn a_record_that_lacks_its_newline_only_is_a_record() {
    let scene = Scene::new();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    log.record(&stopped()).unwrap();
    drop(log);
    let text = scene.text();
    fs::write(scene.path(), text.trim_end()).unwrap();
    scene.open().record(&stopped()).unwrap();
    assert_chained(&scene.text());
    assert_eq!(scene.events()[2], "audit_recovered");
}

#[test]
fn a_foreign_last_line_is_chained_to_and_the_count_goes_on() {
    let scene = Scene::new();
    scene.open().record(&stopped()).unwrap();
    append(&scene, b"[1, 2, 3]\n\n{\"seq\": 99}\nhello\n");
    scene.open().record(&stopped()).unwrap();
    let text = scene.text();
    let last = values(text.lines().last().unwrap());
    assert_eq!(last[0]["seq"], 2);
    assert_eq!(last[0]["prev"], sha256("hello"));
}

#[test]
fn a_file_without_a_record_begins_a_chain() {
    for foreign in [
        &b"hello\n"[..],
        &b"x".repeat(200_000),
        b"\n\n\n",
        &[0; 4096],
        "\u{feff}[]\r\n".as_bytes(),
        b"{\"timestamp\": \"2026-01-29T12:34:57.000Z\", \"seq\": 18446744073709551615, \"prev\": \"\"}\n",
    ] {
        let scene = Scene::new();
        fs::write(scene.path(), foreign).unwrap();
        scene.open().record(&stopped()).unwrap();
        let bytes = fs::read(scene.path()).unwrap();
        let grown = bytes.strip_prefix(foreign).unwrap();
        assert_chained(std::str::from_utf8(grown).unwrap().trim_start());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_a_file_holds_every_record_is_a_line_of_its_own(held in proptest::collection::vec(any::<u8>(), 0..300)) {
        let scene = Scene::new();
        scene.open().record(&stopped()).unwrap();
        append(&scene, &held);
        let log = scene.open();
        log.record(&stopped()).unwrap();
        let before = fs::read(scene.path()).unwrap();
        log.record(&authenticated(b"curl")).unwrap();
        let after = fs::read(scene.path()).unwrap();
        prop_assert_eq!(before.last(), Some(&b'\n'));
        let line = std::str::from_utf8(after.strip_prefix(&before[..]).unwrap()).unwrap();
        let record = &values(line)[0];
        prop_assert_eq!(&record["event"], "api_authentication");
    }
}

#[test]
fn sixteen_threads_make_one_chain() {
    let scene = Scene::new();
    let log = Arc::new(scene.open());
    let threads = (0..16).map(|_| {
        let log = Arc::clone(&log);
        thread::spawn(move || {
            for _ in 0..200 {
                log.record(&authenticated(b"ChatGPT-User/1.0")).unwrap();
            }
        })
    });
    threads
        .collect::<Vec<_>>()
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let text = scene.text();
    assert_eq!(text.lines().count(), 3_200);
    assert_chained(&text);
}

#[test]
fn times_never_run_back() {
    let scene = Scene::new();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    scene.clock.fetch_sub(60_000, Ordering::Relaxed);
    log.record(&stopped()).unwrap();
    drop(log);
    scene.open().record(&stopped()).unwrap();
    scene.clock.fetch_add(60_001, Ordering::Relaxed);
    scene.open().record(&stopped()).unwrap();
    let times = values(&scene.text());
    let times = times.iter().map(|record| record["timestamp"].as_str());
    let (noon, later) = ("2026-01-29T12:34:56.789Z", "2026-01-29T12:34:56.790Z");
    assert_eq!(
        times.collect::<Vec<_>>(),
        [Some(noon), Some(noon), Some(noon), Some(later)]
    );
}

#[test]
fn a_log_that_was_laid_aside_with_its_head_holds_no_time_up() {
    let scene = Scene::new();
    scene.clock.fetch_add(86_400_000, Ordering::Relaxed);
    let log = scene.open();
    log.record(&stopped()).unwrap();
    log.close();
    drop(log);
    scene.clock.fetch_sub(86_400_000, Ordering::Relaxed);
    for name in ["audit.log", ".audit.log.head"] {
        fs::remove_file(scene.folder.path().join(name)).unwrap();
    }
    scene.open().record(&stopped()).unwrap();
    assert_chained(&scene.text());
    let record = &values(&scene.text())[0];
    assert_eq!(record["timestamp"], "2026-01-29T12:34:56.789Z");
}

#[test]
fn a_new_log_is_for_its_owner_alone() {
    let scene = Scene::new();
    scene.open();
    let mode = fs::metadata(scene.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_second_writer_is_refused_until_the_first_has_ended() {
    let scene = Scene::new();
    let first = scene.open();
    assert!(matches!(
        try_open(&scene.path()),
        Err(AuditOpenError::Locked(path)) if path == scene.path()
    ));
    drop(first);
    try_open(&scene.path()).unwrap();
}

#[test]
fn what_is_no_file_in_a_folder_is_refused() {
    let scene = Scene::new();
    let folder = scene.folder.path();
    let missing = folder.join("missing");
    assert!(matches!(
        try_open(&missing.join("audit.log")),
        Err(AuditOpenError::FolderMissing(path)) if path == missing
    ));
    assert!(matches!(try_open(folder), Err(AuditOpenError::IsFolder(_))));
    assert!(matches!(
        try_open(Path::new("/dev/null")),
        Err(AuditOpenError::NotAFile(_))
    ));
    scene.open();
    assert!(matches!(
        try_open(&scene.path().join("audit.log")),
        Err(AuditOpenError::FolderMissing(_))
    ));
    let link = folder.join("link.log");
    symlink(scene.path(), &link).unwrap();
    assert!(matches!(try_open(&link), Err(AuditOpenError::IsLink(_))));
}

#[test]
fn a_rotated_log_goes_on_in_the_new_file() {
    let scene = Scene::new();
    let log = scene.open();
    let (one, two) = (
        scene.folder.path().join("audit.log.1"),
        scene.folder.path().join("audit.log.2"),
    );
    log.record(&stopped()).unwrap();
    fs::rename(scene.path(), &two).unwrap();
    log.record(&stopped()).unwrap();
    log.reopen().unwrap();
    log.record(&stopped()).unwrap();
    fs::rename(scene.path(), &one).unwrap();
    log.reopen().unwrap();
    log.record(&stopped()).unwrap();

    let files = [&two, &one, &scene.path()].map(|path| fs::read_to_string(path).unwrap());
    assert_chained(&files.concat());
    let [oldest, older, newest] = files.each_ref().map(|text| values(text));
    assert_eq!(oldest.len(), 2);
    let chain = &sha256(files[0].lines().next().unwrap())[..16];
    for (records, previous, file) in [
        (&older, &files[0], "audit.log.2"),
        (&newest, &files[1], "audit.log.1"),
    ] {
        assert_eq!(records.len(), 2);
        assert_eq!(records[0]["event"], "audit_rotated");
        assert_eq!(records[0]["chain_id"], chain);
        assert_eq!(records[0]["previous_file"], file);
        assert_eq!(
            records[0]["previous_head"],
            sha256(previous.lines().last().unwrap())
        );
    }
}

/// Leaves a log that was rotated twice since its head was kept: its files, the older first.
fn rotated_twice(scene: &Scene) -> [String; 2] {
    let log = scene.open();
    log.record(&stopped()).unwrap();
    // Keeps the head, and nobody does so again.
    log.close();
    let file = |name| scene.folder.path().join(name);
    let files = [file("audit.log.2"), file("audit.log.1")];
    fs::rename(scene.path(), &files[0]).unwrap();
    scene.clock.fetch_add(1_000, Ordering::Relaxed);
    log.reopen().unwrap();
    log.record(&stopped()).unwrap();
    drop(log);
    fs::rename(scene.path(), &files[1]).unwrap();
    files.map(|path| fs::read_to_string(path).unwrap())
}

#[test]
fn a_log_that_was_rotated_twice_since_its_head_was_kept_goes_on_from_the_newest_file() {
    for packed in [false, true] {
        let scene = Scene::new();
        let files = rotated_twice(&scene);
        if packed {
            let one = scene.folder.path().join("audit.log.1");
            let packed = zstd::encode_all(files[1].as_bytes(), 1).unwrap();
            fs::write(one.with_added_extension("zst"), packed).unwrap();
            fs::remove_file(&one).unwrap();
        }
        scene.open().record(&stopped()).unwrap();
        assert_chained(&(files.concat() + &scene.text()));
    }
}

/// As `cat audit.log.*` puts them.
#[test]
fn files_that_were_joined_newest_first_are_not_gone_on_from() {
    for has_pieces in [true, false] {
        let scene = Scene::new();
        let [two, one] = rotated_twice(&scene);
        let joined = scene.folder.path().join("audit.log.all");
        fs::write(joined, one.clone() + &two).unwrap();
        if !has_pieces {
            fs::remove_file(scene.folder.path().join("audit.log.1")).unwrap();
            fs::remove_file(scene.folder.path().join("audit.log.2")).unwrap();
        }
        scene.open().record(&stopped()).unwrap();
        let before = if has_pieces {
            two + &one
        } else {
            String::new()
        };
        assert_chained(&(before + &scene.text()));
    }
}

#[test]
fn the_lock_moves_along_with_the_log() {
    let scene = Scene::new();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    let old = scene.folder.path().join("audit.log.1");
    fs::rename(scene.path(), &old).unwrap();
    log.reopen().unwrap();
    assert!(matches!(
        try_open(&scene.path()),
        Err(AuditOpenError::Locked(_))
    ));
    try_open(&old).unwrap();
}

#[test]
fn reopening_the_same_file_changes_nothing() {
    let scene = Scene::new();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    log.reopen().unwrap();
    log.record(&stopped()).unwrap();
    assert_eq!(scene.events(), ["server_stopped", "server_stopped"]);
    assert_chained(&scene.text());
}

#[test]
fn a_log_that_cannot_be_reopened_stays_in_use() {
    let scene = Scene::new();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    let old = scene.folder.path().join("audit.log.1");
    fs::rename(scene.path(), &old).unwrap();
    let other = open(&scene.path(), &scene.clock);
    assert!(matches!(log.reopen(), Err(AuditOpenError::Locked(_))));
    log.record(&stopped()).unwrap();
    assert_chained(&fs::read_to_string(&old).unwrap());
    drop(other);
    log.reopen().unwrap();
    assert_eq!(scene.events(), ["audit_rotated"]);
}
