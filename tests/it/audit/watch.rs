//! A log that somebody cuts, replaces, deletes, or restores from a backup.
use std::{
    fs::{self, OpenOptions},
    os::unix::fs::symlink,
    sync::atomic::Ordering,
};

use aegis::audit::{AuditLog, AuditSettings, Checkpoints, newest_record};
use serde_json::{Value, json};

use super::{NOON, Scene, assert_chained, grow, open_as, settings, sha256, stopped, values};

fn grown(scene: &Scene, records: usize) -> AuditLog {
    let log = scene.open();
    grow(&log, records);
    log
}

/// A log of so many records that was closed in peace.
fn rested(scene: &Scene, records: usize) {
    grown(scene, records).close();
}

fn cut(scene: &Scene, lines: usize) {
    let text = scene.text();
    let left: String = text.split_inclusive('\n').take(lines).collect();
    fs::write(scene.path(), left).unwrap();
}

fn aside(scene: &Scene) -> std::path::PathBuf {
    scene.folder.path().join("moved-away")
}

#[test]
fn a_log_that_is_cut_meanwhile_says_so_at_once() {
    let scene = Scene::new();
    let log = grown(&scene, 5);
    let text = scene.text();
    let file = OpenOptions::new().write(true).open(scene.path()).unwrap();
    let three: usize = text.split_inclusive('\n').take(3).map(str::len).sum();
    file.set_len(three as u64 + 7).unwrap();
    log.tick();
    log.record(&stopped()).unwrap();
    let now = scene.text();
    let lines: Vec<_> = now.lines().skip(4).collect();
    let records = values(&lines.join("\n"));
    assert_eq!(records[0]["event"], "audit_log_truncated");
    assert_eq!(records[0]["seq"], 6);
    assert_eq!(records[0]["prev"], sha256(text.lines().last().unwrap()));
    assert_eq!(records[0]["expected"]["seq"], 5);
    assert_eq!(records[0]["found"]["seq"], 3);
    assert_eq!(records[1]["event"], "audit_recovered");
    assert_eq!(records[1]["torn_bytes"], 7);
    assert_eq!(records[2]["seq"], 8);
    log.tick();
    assert_eq!(scene.text(), now, "told once");
}

#[test]
fn a_log_that_is_emptied_as_logrotate_does_goes_on_with_its_chain() {
    let scene = Scene::new();
    let log = grown(&scene, 3);
    fs::copy(scene.path(), aside(&scene)).unwrap();
    let file = OpenOptions::new().write(true).open(scene.path()).unwrap();
    file.set_len(0).unwrap();
    log.tick();
    log.record(&stopped()).unwrap();
    let text = scene.text();
    assert!(!text.contains('\0'));
    assert_eq!(
        scene.events(),
        ["audit_rotated", "audit_log_truncated", "server_stopped"]
    );
    let old = fs::read_to_string(aside(&scene)).unwrap();
    assert_chained(&(old.clone() + &text));
    let first = &values(&text)[0];
    assert_eq!(first.get("previous_file"), None);
    assert_eq!(first["chain_id"], sha256(old.lines().next().unwrap())[..16]);
}

#[test]
fn a_file_that_is_moved_away_is_missed_at_the_second_look() {
    let scene = Scene::new();
    let log = grown(&scene, 2);
    fs::rename(scene.path(), aside(&scene)).unwrap();
    log.tick();
    assert!(!scene.path().exists(), "logrotate may be about to say so");
    log.tick();
    log.record(&stopped()).unwrap();
    assert_eq!(
        scene.events(),
        ["audit_rotated", "audit_log_replaced", "server_stopped"]
    );
    let told = &values(&scene.text())[1];
    assert_eq!(told["by"], "nothing");
    assert_eq!(told["expected"]["seq"], 2);
    assert_chained(&(fs::read_to_string(aside(&scene)).unwrap() + &scene.text()));
}

#[test]
fn a_file_that_is_deleted_or_replaced_is_told_of_in_the_one_that_follows() {
    for (other, by) in [(None, "nothing"), (Some("hello\n"), "another file")] {
        let scene = Scene::new();
        let log = grown(&scene, 2);
        fs::remove_file(scene.path()).unwrap();
        if let Some(other) = other {
            fs::write(scene.path(), other).unwrap();
        }
        log.tick();
        log.tick();
        let text = scene.text();
        let text = text.strip_prefix(other.unwrap_or_default()).unwrap();
        let records = values(text);
        assert_eq!(records[0]["event"], "audit_rotated");
        assert_eq!(records[0]["seq"], 3);
        assert_eq!(records[1]["event"], "audit_log_replaced");
        assert_eq!(records[1]["by"], by);
        assert_eq!(records[1]["severity"], "high");
        assert!(log.is_writable());
    }
}

#[test]
fn no_link_is_followed_and_what_is_deleted_is_no_place_for_records() {
    let scene = Scene::new();
    let log = grown(&scene, 2);
    fs::rename(scene.path(), aside(&scene)).unwrap();
    let elsewhere = scene.folder.path().join("elsewhere");
    symlink(&elsewhere, scene.path()).unwrap();
    log.tick();
    log.tick();
    log.record(&stopped()).unwrap();
    assert!(!elsewhere.exists());
    let text = fs::read_to_string(aside(&scene)).unwrap();
    let records = values(&text);
    assert_eq!(records[2]["event"], "audit_log_replaced");
    assert_eq!(records[2]["by"], "a symbolic link");
    assert_eq!(records.len(), 4);

    fs::remove_file(aside(&scene)).unwrap();
    log.tick();
    assert!(!log.is_writable());
    assert!(log.record(&stopped()).is_err());
    fs::remove_file(scene.path()).unwrap();
    log.tick();
    assert!(log.is_writable());
    log.record(&stopped()).unwrap();
    assert_eq!(
        scene.events(),
        [
            "audit_rotated",
            "audit_log_replaced",
            "audit_gap",
            "server_stopped"
        ]
    );
    let first = &values(&scene.text())[0];
    assert_eq!(first["seq"], 5);
    assert_eq!(first["prev"], sha256(text.lines().last().unwrap()));
}

/// Moves the log away, makes its place one that no file can be made in, and has that told.
fn exile(scene: &Scene, log: &AuditLog) {
    fs::rename(scene.path(), aside(scene)).unwrap();
    fs::create_dir(scene.path()).unwrap();
    log.tick();
    log.tick();
}

#[test]
fn of_a_file_that_was_moved_and_then_deleted_the_one_that_follows_tells() {
    for (is_seen, is_asked) in [(true, false), (false, false), (true, true), (false, true)] {
        let scene = Scene::new();
        let log = grown(&scene, 2);
        exile(&scene, &log);
        log.record(&stopped()).unwrap();
        let lost = fs::read_to_string(aside(&scene)).unwrap();
        fs::remove_file(aside(&scene)).unwrap();
        if is_seen {
            log.tick();
            assert!(!log.is_writable());
        }
        fs::remove_dir(scene.path()).unwrap();
        if is_asked {
            log.reopen().unwrap();
        }
        log.tick();
        assert_eq!(scene.events(), ["audit_rotated", "audit_log_replaced"]);
        let told = &values(&scene.text())[1];
        assert_eq!(told["by"], "nothing");
        let hash = sha256(lost.lines().last().unwrap());
        assert_eq!(told["expected"], json!({"seq": 4, "hash": hash}));
    }
}

#[test]
fn to_a_file_that_was_moved_and_is_still_there_the_one_that_follows_goes_back() {
    let scene = Scene::new();
    let log = grown(&scene, 2);
    exile(&scene, &log);
    fs::remove_dir(scene.path()).unwrap();
    log.tick();
    assert_eq!(scene.events(), ["audit_rotated"]);
    assert_eq!(values(&scene.text())[0]["previous_file"], "moved-away");
}

#[test]
fn what_is_kept_beside_the_log_is_written_through_no_link() {
    let scene = Scene::new();
    let others = scene.folder.path().join("somebody's");
    fs::write(&others, "words").unwrap();
    symlink(&others, scene.folder.path().join(".audit.log.head.tmp")).unwrap();
    rested(&scene, 2);
    assert_eq!(fs::read_to_string(&others).unwrap(), "words");
}

#[test]
fn what_is_no_file_in_its_place_is_told_in_the_one_that_was_moved() {
    let scene = Scene::new();
    let log = grown(&scene, 2);
    fs::rename(scene.path(), aside(&scene)).unwrap();
    fs::create_dir(scene.path()).unwrap();
    log.tick();
    log.tick();
    log.record(&stopped()).unwrap();
    let records = values(&fs::read_to_string(aside(&scene)).unwrap());
    assert_eq!(records[2]["event"], "audit_log_replaced");
    assert_eq!(records[2]["by"], "no regular file");
    assert_eq!(records.len(), 4);
}

#[test]
fn a_hangup_in_time_is_no_alarm() {
    let scene = Scene::new();
    let log = grown(&scene, 2);
    fs::rename(scene.path(), aside(&scene)).unwrap();
    log.tick();
    fs::write(scene.path(), "").unwrap();
    log.reopen().unwrap();
    log.tick();
    log.tick();
    assert_eq!(scene.events(), ["audit_rotated"]);
}

/// The record of a log that was opened and is not what it was.
fn told_at_the_start(scene: &Scene) -> Value {
    let before = scene.text().lines().count();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    log.close();
    let text = scene.text();
    let lines: Vec<_> = text.lines().skip(before).collect();
    let grown = values(&lines.join("\n"));
    assert_eq!(grown[0]["seq"], 1);
    assert_eq!(grown[0]["prev"], "0".repeat(64));
    assert_eq!(grown[1]["seq"], 2);
    assert_eq!(grown[1]["prev"], sha256(lines[0]));
    grown[0].clone()
}

#[test]
fn a_log_from_a_backup_begins_a_chain_of_its_own_with_what_is_missing() {
    let scene = Scene::new();
    rested(&scene, 5);
    let lost = sha256(scene.text().lines().last().unwrap());
    cut(&scene, 3);
    let kept = sha256(scene.text().lines().last().unwrap());
    let told = told_at_the_start(&scene);
    assert_eq!(told["event"], "audit_log_truncated");
    assert_eq!(told["expected"], json!({"seq": 5, "hash": lost}));
    assert_eq!(told["found"], json!({"seq": 3, "hash": kept}));
    let log = scene.open();
    log.record(&stopped()).unwrap();
    let newest = values(&scene.text()).pop().unwrap();
    assert_eq!(newest["seq"], 3, "and goes on with that");
}

#[test]
fn a_log_that_was_emptied_or_taken_away_at_rest_says_so() {
    for empty in [true, false] {
        let scene = Scene::new();
        rested(&scene, 4);
        if empty {
            fs::write(scene.path(), "").unwrap();
        } else {
            fs::remove_file(scene.path()).unwrap();
        }
        let log = scene.open();
        log.record(&stopped()).unwrap();
        let told = &values(&scene.text())[0];
        assert_eq!(told["event"], "audit_log_truncated");
        assert_eq!(told["expected"]["seq"], 4);
        assert_eq!(told.get("found"), None);
    }
}

#[test]
fn a_last_record_that_was_rewritten_at_rest_is_noticed() {
    let scene = Scene::new();
    rested(&scene, 4);
    let text = scene.text();
    let (before, last) = text.trim_end().rsplit_once('\n').unwrap();
    let forged = format!("{before}\n{}\n", last.replace("SIGTERM", "SIGHUP"));
    fs::write(scene.path(), forged).unwrap();
    let told = told_at_the_start(&scene);
    assert_eq!(told["expected"]["seq"], told["found"]["seq"]);
    assert_ne!(told["expected"]["hash"], told["found"]["hash"]);
}

#[test]
fn a_log_that_was_rotated_at_rest_goes_on() {
    // logrotate with `create`, which leaves an empty file, with `nocreate`, and with `copytruncate`.
    for (name, empty) in [
        ("audit.log.1", true),
        ("audit.log.1", false),
        ("audit.log-20260129", true),
        ("audit-20260129.log", true),
    ] {
        let scene = Scene::new();
        rested(&scene, 3);
        let old = scene.folder.path().join(name);
        fs::rename(scene.path(), &old).unwrap();
        if empty {
            fs::write(scene.path(), "").unwrap();
        }
        scene.open().record(&stopped()).unwrap();
        assert_eq!(scene.events(), ["audit_rotated", "server_stopped"]);
        assert_chained(&(fs::read_to_string(old).unwrap() + &scene.text()));
    }
}

#[test]
fn the_half_of_a_record_stays_in_the_file_that_was_moved() {
    let scene = Scene::new();
    rested(&scene, 3);
    let old = scene.folder.path().join("audit.log.1");
    fs::write(&old, scene.text() + "{\"timestamp\": \"2026").unwrap();
    fs::write(scene.path(), "").unwrap();
    scene.open().record(&stopped()).unwrap();
    assert!(!scene.text().starts_with('\n'));
    assert_eq!(scene.events(), ["audit_rotated", "server_stopped"]);
}

/// A log that was killed long after its head was kept, and moved away.
#[test]
fn a_log_that_was_rotated_at_rest_goes_on_however_much_came_after_what_is_known_of_it() {
    let scene = Scene::new();
    let log = grown(&scene, 2);
    log.tick();
    for _ in 0..1_000 {
        log.record(&stopped()).unwrap();
    }
    drop(log);
    let old = scene.folder.path().join("audit.log.1");
    fs::rename(scene.path(), &old).unwrap();
    scene.open().record(&stopped()).unwrap();
    assert_eq!(scene.events(), ["audit_rotated", "server_stopped"]);
    assert_chained(&(fs::read_to_string(old).unwrap() + &scene.text()));
}

#[test]
fn a_log_goes_on_with_no_other_one_however_long_that_is() {
    for records in [5, 1_000] {
        let (scene, other) = (Scene::new(), Scene::new());
        other.clock.fetch_add(1, Ordering::Relaxed);
        rested(&scene, 3);
        rested(&other, records);
        fs::rename(other.path(), scene.folder.path().join("audit.log.1")).unwrap();
        fs::write(scene.path(), "").unwrap();
        scene.open().record(&stopped()).unwrap();
        assert_eq!(scene.events(), ["audit_log_truncated", "server_stopped"]);
    }
}

#[test]
fn the_newest_record_is_known_from_the_log_or_what_is_kept_beside_it() {
    let scene = Scene::new();
    let newest = || newest_record(&scene.path(), None).map(|it| it.timestamp_millis());
    assert_eq!(newest(), None);
    rested(&scene, 1);
    let noon = i64::try_from(NOON).unwrap();
    assert_eq!(newest(), Some(noon));
    scene.clock.fetch_add(5, Ordering::Relaxed);
    drop(grown(&scene, 1)); // as if it was killed
    assert_eq!(newest(), Some(noon + 5));
    fs::remove_file(scene.path()).unwrap();
    assert_eq!(newest(), Some(noon));
}

#[test]
fn a_log_that_was_rotated_and_compressed_at_rest_goes_on() {
    for (known, more) in [(1, 0), (2, 1), (2, 1_000)] {
        let scene = Scene::new();
        let log = grown(&scene, known);
        log.tick();
        grow(&log, more);
        drop(log);
        let old = scene.folder.path().join("audit.log.1.zst");
        let text = scene.text();
        fs::write(&old, zstd::encode_all(text.as_bytes(), 3).unwrap()).unwrap();
        fs::write(scene.path(), "").unwrap();
        scene.open().record(&stopped()).unwrap();
        assert_eq!(scene.events(), ["audit_rotated", "server_stopped"]);
        assert_chained(&(text + &scene.text()));
        let told = &values(&scene.text())[0];
        assert_eq!(told["previous_file"], "audit.log.1.zst");
    }
}

#[test]
fn a_folder_from_a_backup_is_found_out_by_checkpoints_elsewhere() {
    let (scene, elsewhere) = (Scene::new(), Scene::new());
    let open = || {
        open_as(&AuditSettings {
            checkpoints: Checkpoints {
                every: Some(std::time::Duration::from_mins(1)),
                file: Some(elsewhere.path()),
                ..Checkpoints::default()
            },
            ..settings(&scene.path(), &scene.clock)
        })
    };
    let mut backup = Vec::new();
    for _ in 0..2 {
        backup.push(fs::read(scene.path()).unwrap_or_default());
        let log = open();
        log.record(&stopped()).unwrap();
        log.finish();
        log.record(&stopped()).unwrap();
        log.close();
    }
    fs::write(scene.path(), &backup[1]).unwrap();
    fs::remove_file(scene.folder.path().join(".audit.log.head")).unwrap();
    scene.clock.fetch_add(1, Ordering::Relaxed);
    open().record(&stopped()).unwrap();
    let records = values(&scene.text());
    assert_eq!(records[3]["event"], "audit_log_truncated");
    assert_eq!(records[3]["expected"]["seq"], 5);
    assert_eq!(records[3]["found"]["seq"], 3);
    // The chain that began then is the newer one, though its numbers are lower.
    open().record(&stopped()).unwrap();
    assert_eq!(
        scene.events()[3..],
        ["audit_log_truncated", "server_stopped", "server_stopped"]
    );
}

#[test]
fn a_log_that_grew_after_its_head_was_kept_is_no_alarm() {
    let scene = Scene::new();
    let log = grown(&scene, 2);
    log.tick();
    for _ in 0..300 {
        log.record(&stopped()).unwrap();
    }
    drop(log); // as if it was killed
    scene.open().record(&stopped()).unwrap();
    assert_chained(&scene.text());
    assert!(!scene.text().contains("truncated"));
}
