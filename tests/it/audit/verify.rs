//! `aegis audit-summary verify`: whether a log is what was written.
use std::{
    fs,
    num::{NonZeroU64, NonZeroUsize},
    path::Path,
    process::Output,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use aegis::audit::{
    AuditLog, AuditSettings, Checkpoints, Compress, Rotation,
    verify::{Asked, of_log, verify},
};
use chrono::Utc;
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use super::{Scene, authenticated, grow, settings, sha256, stopped, wait_until};
use crate::{cli::aegis, support::golden};

const KEY: &str = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b";

/// A true log: some two hundred records, with checkpoints that are sealed.
pub(super) fn true_log(scene: &Scene, rotation: Rotation) {
    fs::write(beside(scene, "seal.key"), KEY).unwrap();
    fs::write(beside(scene, "first.key"), KEY).unwrap();
    let log = AuditLog::open(AuditSettings {
        rotation,
        checkpoints: Checkpoints {
            records: NonZeroU64::new(50),
            seal_key: Some(beside(scene, "seal.key")),
            file: Some(beside(scene, "checkpoints")),
            ..Checkpoints::default()
        },
        ..settings(&scene.path(), &scene.clock)
    })
    .unwrap();
    for _ in 0..200 {
        scene.clock.fetch_add(1_000, Ordering::Relaxed);
        log.record(&authenticated(b"curl")).unwrap();
    }
    log.record(&stopped()).unwrap();
    log.close();
    drop(log);
    wait_until("closed files are tidied", || {
        let names = scene.names();
        let closed: Vec<_> = names.iter().filter(|it| it.starts_with("audit-")).collect();
        let is_plain = |name: &&String| name.ends_with("log");
        (rotation.compress == Compress::Off || !closed.iter().any(is_plain))
            && (rotation.keep == 0 || closed.len() <= rotation.keep)
    });
}

/// The same, of which the first files are gone.
fn true_log_without_its_beginning(scene: &Scene) {
    let rotation = Rotation {
        size: NonZeroU64::new(20_000),
        keep: 1,
        ..Rotation::default()
    };
    true_log(scene, rotation);
}

pub(super) fn beside(scene: &Scene, name: &str) -> std::path::PathBuf {
    scene.folder.path().join(name)
}

fn run(scene: &Scene, arguments: &[&str]) -> Output {
    aegis(&["audit-summary", "verify"])
        .args(arguments)
        .current_dir(scene.folder.path())
        .env("AUDIT_LOG_PATH", scene.path())
        .output()
        .unwrap()
}

#[test]
fn what_cannot_be_told_is_not_called_broken_unless_it_is() {
    let scene = Scene::new();
    let told = |code: i32| {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = aegis(&["audit-summary", "verify"])
            .env("AUDIT_LOG_PATH", scene.path())
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "error: what was found cannot be written: No space left on device (os error 28)\n"
        );
    };
    fs::write(scene.path(), "").unwrap();
    told(2);
    fs::write(scene.path(), "{}\n").unwrap();
    told(1);
}

/// The code of the summary, and what it prints.
fn summary(scene: &Scene, arguments: &[&str]) -> (i32, String) {
    let output = aegis(&["audit-summary"])
        .args(arguments)
        .env("AUDIT_LOG_PATH", scene.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), text)
}

/// The code, and what was said on either way.
fn said(scene: &Scene, arguments: &[&str]) -> (i32, String) {
    let output = run(scene, arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), text + &error)
}

pub(super) fn json(scene: &Scene, arguments: &[&str]) -> (i32, Value) {
    let output = run(scene, &[arguments, &["--json"]].concat());
    let told = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), told)
}

/// The only break of a log.
pub(super) fn only(scene: &Scene, arguments: &[&str]) -> (String, u64) {
    let (code, told) = json(scene, arguments);
    assert_eq!((code, &told["breaks_total"]), (1, &1.into()), "{told:#}");
    assert_eq!(told["intact"], false);
    let found = &told["breaks"][0];
    let kind = found["kind"].as_str().unwrap();
    (kind.to_owned(), found["line"].as_u64().unwrap())
}

/// Leaves so many bytes of the log.
fn cut(scene: &Scene, length: usize) {
    let file = fs::File::options().write(true).open(scene.path()).unwrap();
    file.set_len(length as u64).unwrap();
}

/// Writes what `change` makes of the lines of the log to another file.
fn tampered(scene: &Scene, name: &str, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<_> = scene.text().lines().map(str::to_owned).collect();
    change(&mut lines);
    fs::write(beside(scene, name), lines.join("\n") + "\n").unwrap();
}

#[test]
fn what_an_operator_reads() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let text = scene.text();
    let head = sha256(text.lines().nth(149).unwrap());
    tampered(&scene, "edited.log", |lines| {
        lines[56] = lines[56].replace("203.0.113.42", "203.0.113.43");
    });
    tampered(&scene, "shorter.log", |lines| {
        lines.drain(56..59);
    });
    tampered(&scene, "cut.log", |lines| lines.truncate(100));
    tampered(&scene, "worse.log", |lines| {
        lines[0].clear();
        lines.swap(20, 30);
        lines.insert(56, "{\"event\": \"audit_checkpoint\"}".to_owned());
        lines.insert(100, lines[99].clone());
    });
    fs::write(beside(&scene, "torn.log"), &text[..20_000]).unwrap();
    fs::write(beside(&scene, "crlf.log"), text.replace('\n', "\r\n")).unwrap();
    fs::write(beside(&scene, "empty.log"), "").unwrap();
    let mut shown = String::new();
    for arguments in [
        &["audit.log"][..],
        &["audit.log", "--seal-key", "first.key", "--head", &head],
        &["edited.log", "--seal-key", "first.key"],
        &["shorter.log"],
        &["cut.log"],
        &["cut.log", "--head", &head],
        &["worse.log"],
        &["torn.log"],
        &["crlf.log"],
        &["empty.log"],
        &["edited.log", "--json"],
        &["missing.log"],
        &["."],
        &["audit.log", "--head", "abc"],
        &["audit.log", "--seal-key", "audit.log"],
    ] {
        let (code, text) = said(&scene, arguments);
        let command = format!("$ aegis audit-summary verify {}", arguments.join(" "));
        shown = format!("{shown}{command}\n{text}exit code {code}\n\n");
    }
    golden("verify.txt", &shown);
}

#[test]
fn the_log_that_serve_writes_is_verified_with_all_that_it_was_before() {
    for compress in [Compress::Off, Compress::Gzip, Compress::Zstd] {
        let scene = Scene::new();
        true_log(
            &scene,
            Rotation {
                size: NonZeroU64::new(8 << 10),
                compress,
                ..Rotation::default()
            },
        );
        let (code, told) = json(&scene, &["--seal-key", "first.key"]);
        assert_eq!(code, 0, "{told:#}");
        let files = told["files"].as_array().unwrap();
        assert!(files.len() > 5);
        for two in files.windows(2) {
            let next = two[0]["last_seq"].as_u64().unwrap() + 1;
            assert_eq!(two[1]["first_seq"], next);
        }
        assert_eq!(told["last"]["seq"], told["records"]);
        let found = &told["seals"]["found"];
        assert!(found.as_u64().unwrap() >= 4);
        assert_eq!(&told["seals"]["right"], found);

        // In whatever order they are named, and one taken out of them.
        let mut paths: Vec<_> = files
            .iter()
            .map(|file| file["path"].as_str().unwrap())
            .collect();
        paths.reverse();
        assert_eq!(json(&scene, &paths).0, 0);
        let taken = paths.remove(2);
        let name = Path::new(taken).file_name().unwrap().to_str().unwrap();
        let name = name.split(".log").next().unwrap();
        let (kind, line) = only(&scene, &paths);
        assert_eq!((kind.as_str(), line), ("missing", 1));
        assert!(said(&scene, &paths).1.contains(name));
    }
}

#[test]
fn a_log_that_lost_its_oldest_files_begins_later_and_is_intact() {
    let scene = Scene::new();
    true_log(
        &scene,
        Rotation {
            size: NonZeroU64::new(8 << 10),
            keep: 2,
            ..Rotation::default()
        },
    );
    let (code, told) = json(&scene, &["--seal-key", "first.key"]);
    assert_eq!(code, 0, "{told:#}");
    assert_eq!(told["files"].as_array().unwrap().len(), 3);
    assert_eq!(told["notes"][0]["kind"], "begins_later");
}

#[test]
fn a_clean_cut_shows_by_what_is_known_elsewhere() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    assert_eq!(json(&scene, &[]).0, 0);
    let text = scene.text();
    let lines: Vec<_> = text.lines().collect();
    fs::write(scene.path(), lines[..150].join("\n") + "\n").unwrap();
    // By the head that the server keeps beside the log.
    for log in [&[][..], &["--log", "audit.log"]] {
        assert_eq!(only(&scene, log), ("no_head".to_owned(), 150));
    }
    fs::remove_file(beside(&scene, ".audit.log.head")).unwrap();
    assert_eq!(json(&scene, &[]).0, 0);
    // By the newest of the checkpoints that went to another file.
    let output = aegis(&["audit-summary", "verify"])
        .env("AUDIT_LOG_PATH", scene.path())
        .env("AUDIT_CHECKPOINT_FILE", beside(&scene, "checkpoints"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    // And by what an operator has noted.
    let (known, cut) = (sha256(lines[99]), sha256(lines[150]));
    assert_eq!(json(&scene, &["--head", &known]).0, 0);
    assert_eq!(
        only(&scene, &["--head", &known, "--head", &cut]).0,
        "no_head"
    );
}

#[test]
fn an_empty_log_by_its_name_is_not_called_cut_while_what_it_held_was_moved_away() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let verify = |files: &[&str]| json(&scene, files).0;
    let moved = beside(&scene, "audit.log.1");
    fs::rename(scene.path(), &moved).unwrap();
    fs::write(scene.path(), "").unwrap();
    assert_eq!(verify(&["audit.log"]), 0);
    assert_eq!(verify(&["audit.log.1", "audit.log"]), 0);
    assert_eq!(verify(&["--log", "audit.log"]), 0);
    assert_eq!(verify(&["--log", "audit.lo?"]), 0);
    // To where nobody looks for it, unless it is named.
    fs::rename(moved, beside(&scene, "moved")).unwrap();
    assert_eq!(verify(&["moved", "audit.log"]), 0);
    assert_eq!(only(&scene, &["audit.log"]), ("no_head".to_owned(), 0));
}

#[test]
fn an_empty_log_is_called_cut_where_what_it_held_is_in_no_file_that_it_was_before() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let text = scene.text();
    let lines: Vec<_> = text.lines().collect();
    fs::write(
        beside(&scene, "audit.log.1"),
        lines[..150].join("\n") + "\n",
    )
    .unwrap();
    fs::write(beside(&scene, "audit.log.copy"), &text).unwrap();
    fs::write(scene.path(), "").unwrap();
    let cut = ("no_head".to_owned(), 150);
    assert_eq!(only(&scene, &["audit.log.1", "audit.log"]), cut);
    assert_eq!(only(&scene, &["--log", "audit.log"]), cut);
    assert_eq!(only(&scene, &["audit.log"]).0, "no_head");
    fs::remove_file(beside(&scene, "audit.log.1")).unwrap();
    assert_eq!(only(&scene, &["audit.log"]).0, "no_head");
}

#[test]
fn of_an_empty_log_a_former_file_that_ends_too_early_takes_the_verdict_only_where_no_other_holds_its_head()
 {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let moved = beside(&scene, "audit.log.1");
    let held = fs::read(scene.path()).unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut packed, &held).unwrap();
    let packed = packed.finish().unwrap();
    let torn = &packed[..packed.len() - 20];
    fs::write(scene.path(), "").unwrap();

    fs::write(&moved, &held).unwrap();
    fs::write(beside(&scene, "audit.log.7.gz"), torn).unwrap();
    assert_eq!(json(&scene, &["audit.log.1", "audit.log"]).0, 0);
    assert_eq!(json(&scene, &["audit.log"]).0, 0);
    fs::remove_file(moved).unwrap();
    assert_eq!(json(&scene, &["audit.log"]).0, 2);
}

#[test]
fn a_log_that_never_had_a_record_is_empty_and_not_cut() {
    let scene = Scene::new();
    fs::write(scene.path(), "").unwrap();
    for log in [&["audit.log"][..], &["--log", "audit.log"], &[]] {
        let (code, told) = json(&scene, log);
        assert_eq!((code, &told["records"]), (0, &0.into()));
    }
}

#[test]
fn nothing_is_asked_of_a_pipe_or_a_device_that_checkpoints_go_to() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let output = aegis(&["audit-summary", "verify"])
        .env("AUDIT_LOG_PATH", scene.path())
        .env("AUDIT_CHECKPOINT_FILE", "/dev/null")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
}

/// The log written anew, each line as `change` has it, in a chain that holds.
fn forge(scene: &Scene, name: &str, change: impl Fn(usize, &str, &str) -> String) {
    let mut prev = "0".repeat(64);
    tampered(scene, name, |lines| {
        for (at, line) in lines.iter_mut().enumerate() {
            let changed = change(at, line, &prev);
            let (body, _) = changed.rsplit_once(", \"prev\"").unwrap();
            *line = format!("{body}, \"prev\": \"{prev}\"}}");
            prev = sha256(line);
        }
    });
    assert!(
        fs::read_to_string(beside(scene, name))
            .unwrap()
            .contains("\"seal\"")
    );
}

/// A line, a checkpoint with another head.
fn with_head(line: &str, head: &str) -> String {
    match line.split_once("\"head\": \"") {
        Some((before, after)) => format!("{before}\"head\": \"{head}{}", &after[64..]),
        None => line.to_owned(),
    }
}

#[test]
fn who_rewrites_a_log_lacks_the_seal() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    forge(&scene, "forged.log", |_, line, prev| {
        with_head(&line.replace("203.0.113.42", "192.0.2.1"), prev)
    });
    assert_eq!(json(&scene, &["forged.log"]).0, 0);
    let (code, told) = json(&scene, &["forged.log", "--seal-key", "first.key"]);
    assert_eq!(code, 1);
    let breaks = told["breaks"].as_array().unwrap();
    assert!(!breaks.is_empty() && breaks.iter().all(|it| it["kind"] == "seal"));
    assert_eq!(
        breaks.len(),
        usize::try_from(told["seals"]["found"].as_u64().unwrap()).unwrap()
    );
    // What would be the right seal is a secret.
    assert!(breaks.iter().all(|it| it["found"] == "another"));
}

#[test]
fn a_log_without_a_seal_is_broken_unless_it_is_too_short_for_one() {
    // How long ago it began, in seconds, how many records there are, and whether the server's key has
    // sealed some.
    for (ago, records, has_sealed, is_broken, when) in [
        (0, 999, false, false, ""),
        (0, 1_000, false, true, ""),
        (90, 1, false, true, ""),
        (0, 1, true, true, ""),
        (500, 1, false, false, "AUDIT_CHECKPOINT_SECONDS=600"),
        (700, 1, false, true, "AUDIT_CHECKPOINT_SECONDS=600"),
        (90_000, 1, false, false, "AUDIT_CHECKPOINT_SECONDS=0"),
        (0, 1_000, false, false, "AUDIT_CHECKPOINT_RECORDS=0"),
        (0, 5, false, true, "AUDIT_CHECKPOINT_RECORDS=5"),
    ] {
        let scene = Scene::new();
        fs::write(beside(&scene, "first.key"), KEY).unwrap();
        fs::write(
            beside(&scene, "own.key"),
            format!("{KEY} {}", u8::from(has_sealed)),
        )
        .unwrap();
        let own = format!("AUDIT_SEAL_KEY_FILE=own.key\n{when}\n");
        fs::write(beside(&scene, ".env"), own).unwrap();
        let begun = Utc::now().timestamp_millis() - ago * 1_000;
        scene.clock.store(begun.unsigned_abs(), Ordering::Relaxed);
        grow(&scene.open(), records);
        let (code, told) = json(&scene, &["--seal-key", "first.key"]);
        assert_eq!(code, i32::from(is_broken), "{told:#}");
        let (list, kind) = if is_broken {
            ("breaks", "seal")
        } else {
            ("notes", "unsealed")
        };
        assert_eq!(told[list][0]["kind"], kind);
        let what = told[list][0]["what"].as_str().unwrap();
        assert!(what.starts_with("nothing is sealed"), "{what}");
    }
}

#[test]
fn a_true_seal_proves_nothing_in_a_log_that_was_rewritten_around_it() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    // One record, and the links of all behind it; what the checkpoints say stays.
    forge(&scene, "forged.log", |at, line, _| match at {
        0 => line.replace("203.0.113.42", "192.0.2.1"),
        _ => line.to_owned(),
    });
    for key in [&[][..], &["--seal-key", "first.key"]] {
        let (code, told) = json(&scene, &[&["forged.log"][..], key].concat());
        assert_eq!(code, 1);
        let breaks = told["breaks"].as_array().unwrap();
        assert!(!breaks.is_empty() && breaks[0]["kind"] == "changed");
        assert_eq!(told["seals"]["right"], 0);
    }
}

#[test]
fn a_seal_of_a_number_that_was_is_no_seal() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let text = scene.text();
    let lines = text.lines().zip(0_usize..);
    let checkpoints: Vec<_> = lines
        .filter(|(line, _)| line.contains("\"sealed\""))
        .map(|(_, at)| at)
        .collect();
    // All behind the second is written anew.
    forge(&scene, "forged.log", |at, line, prev| {
        if at <= checkpoints[1] {
            return line.to_owned();
        }
        let line = with_head(&line.replace("203.0.113.42", "192.0.2.1"), prev);
        match line.split_once("\"sealed\": ") {
            Some((before, _)) => format!(
                "{before}\"sealed\": 0, \"seal\": \"{}\", \"seq\": {}, \"prev\": \"\"}}",
                "0".repeat(64),
                at + 1
            ),
            None => line,
        }
    });
    let (code, told) = json(&scene, &["forged.log", "--seal-key", "first.key"]);
    assert_eq!(code, 1);
    assert_eq!(told["seals"]["right"], 2);
    let breaks = told["breaks"].as_array().unwrap();
    assert_eq!(breaks.len(), checkpoints.len() - 2);
    assert!(breaks.iter().all(|it| it["kind"] == "seal"));
}

/// Where the checkpoints of a log stand.
fn checkpoints(scene: &Scene) -> Vec<usize> {
    let text = scene.text();
    let lines = text.lines().zip(0..);
    let lines = lines.filter(|(line, _)| line.contains("\"sealed\""));
    lines.map(|(_, at)| at).collect()
}

/// A checkpoint with other members for those of its seal.
fn with_seal(line: &str, seal: &str) -> String {
    let (before, after) = line.split_once(", \"sealed\": ").unwrap();
    let (_, after) = after.split_once(", \"seq\"").unwrap();
    format!("{before}{seal}, \"seq\"{after}")
}

/// The seal by the key with a number.
fn seal(number: usize, head: &str) -> String {
    let mut key = hex::decode(KEY).unwrap();
    for _ in 0..number {
        key = hex::decode(sha256_of_bytes(&key)).unwrap();
    }
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
    let mac = hex::encode(ring::hmac::sign(&key, head.as_bytes()));
    format!(", \"sealed\": {number}, \"seal\": \"{mac}\"")
}

#[test]
fn who_finds_the_key_of_a_later_seal_lacks_those_before_it() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let checkpoints = checkpoints(&scene);
    let last = checkpoints.len() - 1;
    for true_ones in [0, 2] {
        forge(&scene, "forged.log", |at, line, prev| {
            let line = line.replace("203.0.113.42", "192.0.2.1");
            match checkpoints.iter().position(|it| *it == at) {
                None => line,
                Some(number) => {
                    let seal = match number {
                        it if it < true_ones || it == last => seal(it, prev),
                        _ => String::new(),
                    };
                    with_seal(&with_head(&line, prev), &seal)
                }
            }
        });
        let (code, told) = json(&scene, &["forged.log", "--seal-key", "first.key"]);
        assert_eq!(code, 1, "{told:#}");
        let breaks = told["breaks"].as_array().unwrap();
        let missing = breaks.iter().find(|it| it["line"] == checkpoints[last] + 1);
        let missing = missing.unwrap();
        assert_eq!(missing["kind"], "seal");
        assert_eq!(missing["expected"], format!("seal {true_ones}"));
        assert_eq!(missing["found"], format!("seal {last}"));
    }
}

#[test]
fn a_log_whose_first_files_are_gone_tells_which_seals_are_not_there() {
    let scene = Scene::new();
    true_log_without_its_beginning(&scene);
    let (code, told) = json(&scene, &["--seal-key", "first.key"]);
    assert_eq!(code, 0, "{told:#}");
    let first = told["seals"]["begins_with"].as_u64().unwrap();
    let (_, text) = said(&scene, &["--seal-key", "first.key"]);
    let told = format!(
        "the first is seal {first}: those before it were in files that are not here, and whoever had its key could have written all of this\n"
    );
    assert!(first > 0 && text.contains(&told), "{text}");
}

#[test]
fn a_checkpoint_that_does_not_say_what_it_should_is_none_of_ours() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let second = checkpoints(&scene)[1];
    let mac = "ab".repeat(32);
    for wrong in [
        format!(", \"sealed\": 1, \"seal\": \"{}\"", "x".repeat(64)),
        format!(", \"sealed\": 1, \"seal\": \"{}\"", "AB".repeat(32)),
        format!(", \"sealed\": \"1\", \"seal\": \"{mac}\""),
        format!(", \"seal\": \"{mac}\""),
        ", \"sealed\": 1".to_owned(),
        ", \"records\": 1".to_owned() + ", \"head\": \"\"",
    ] {
        forge(&scene, "forged.log", |at, line, prev| {
            let line = with_head(line, prev);
            if at == second {
                with_seal(&line, &wrong)
            } else {
                line
            }
        });
        let (kind, line) = only(&scene, &["forged.log"]);
        assert_eq!((&*kind, line), ("changed", second as u64 + 1), "{wrong}");
    }
}

#[test]
fn a_folder_and_a_pattern_are_logs_as_for_the_other_commands() {
    let scene = Scene::new();
    let log = scene.open();
    grow(&log, 5);
    log.close();
    for log in [".", "aud*.log", "audit.log"] {
        let (code, told) = json(&scene, &["--log", log]);
        assert_eq!((code, &told["records"]), (0, &5.into()), "{told:#}");
    }
}

#[test]
fn a_log_that_is_named_and_not_there_cannot_be_read_whatever_it_was_before() {
    let scene = Scene::new();
    true_log(
        &scene,
        Rotation {
            size: NonZeroU64::new(8 << 10),
            ..Rotation::default()
        },
    );
    fs::remove_file(scene.path()).unwrap();
    assert_eq!(run(&scene, &["--log", "audit.log"]).status.code(), Some(2));
}

#[test]
fn a_log_that_was_taken_away_whole_is_missed() {
    let scene = Scene::new();
    let log = scene.open();
    grow(&log, 5);
    log.close();
    drop(log);
    fs::remove_file(scene.path()).unwrap();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    log.close();
    let (kind, line) = only(&scene, &["audit.log"]);
    assert_eq!((kind.as_str(), line), ("restored_or_cut", 1));
}

#[test]
fn a_head_that_is_asked_for_must_be_in_the_log() {
    let scene = Scene::new();
    true_log_without_its_beginning(&scene);
    let first: Value = serde_json::from_str(scene.text().lines().next().unwrap()).unwrap();
    let zeros = "0".repeat(64);
    for head in [first["previous_head"].as_str().unwrap(), &zeros] {
        let (kind, _) = only(&scene, &["audit.log", "--head", head]);
        assert_eq!(kind, "no_head");
    }
}

/// Has the server remember a record that is nowhere.
fn remember(scene: &Scene, seq: u64) {
    remember_of(scene, seq, "2026-01-29T12:34:56.789Z");
}

fn remember_of(scene: &Scene, seq: u64, time: &str) {
    let hash = "ab".repeat(32);
    let head = format!(r#"{{"timestamp": "{time}", "seq": {seq}, "hash": "{hash}"}}"#);
    fs::write(beside(scene, ".audit.log.head"), head).unwrap();
}

#[test]
fn what_is_known_of_files_that_are_gone_cannot_be_judged() {
    let scene = Scene::new();
    true_log_without_its_beginning(&scene);
    remember(&scene, 3);
    for settings in ["AUDIT_KEEP=1\n", "AUDIT_ROTATE_SIZE=0\n"] {
        fs::write(beside(&scene, ".env"), settings).unwrap();
        let (code, told) = json(&scene, &[]);
        assert_eq!(code, 0, "{told:#}");
        assert_eq!(told["notes"][1]["kind"], "head_gone");
    }
}

#[test]
fn a_log_all_of_which_is_kept_holds_what_is_known_of_it() {
    let scene = Scene::new();
    true_log_without_its_beginning(&scene);
    remember(&scene, 3);
    assert_eq!(only(&scene, &[]).0, "no_head");
}

#[test]
fn a_log_that_begins_before_what_is_known_of_it_holds_that() {
    let scene = Scene::new();
    true_log_without_its_beginning(&scene);
    remember_of(&scene, 3, "2026-01-29T13:00:00.000Z");
    assert_eq!(only(&scene, &["--log", "audit.log"]).0, "no_head");
}

#[test]
fn a_log_that_goes_on_from_another_record_than_is_known_is_broken() {
    let scene = Scene::new();
    true_log_without_its_beginning(&scene);
    let (_, told) = json(&scene, &[]);
    let first = told["files"][0]["first_seq"].as_u64().unwrap();
    remember(&scene, first - 1);
    assert_eq!(only(&scene, &[]).0, "no_head");
}

#[test]
fn a_key_that_sealed_nothing_of_a_log_proves_nothing() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    fs::write(beside(&scene, "later.key"), format!("{KEY} 1000\n")).unwrap();
    let (code, told) = json(&scene, &["audit.log", "--seal-key", "later.key"]);
    assert_eq!(code, 1);
    assert_eq!(told["seals"]["right"], 0);
    assert_eq!(told["breaks_total"], 1);
    assert_eq!(told["breaks"][0]["kind"], "seal");
}

#[test]
fn a_key_that_sealed_later_ones_proves_those() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let second = sha256_of_bytes(&hex::decode(KEY).unwrap());
    fs::write(beside(&scene, "second.key"), format!("{second} 1\n")).unwrap();
    let (code, told) = json(&scene, &["audit.log", "--seal-key", "second.key"]);
    assert_eq!(code, 0, "{told:#}");
    let seals = &told["seals"];
    assert_eq!(
        seals["right"].as_u64().unwrap() + 1,
        seals["found"].as_u64().unwrap()
    );
}

fn sha256_of_bytes(bytes: &[u8]) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes))
}

#[test]
fn half_a_record_that_the_server_has_told_of_is_no_tampering() {
    let scene = Scene::new();
    scene.open().record(&stopped()).unwrap();
    let whole = scene.text();
    fs::write(scene.path(), whole.clone() + &whole[..61]).unwrap();
    let (code, told) = json(&scene, &["audit.log"]);
    assert_eq!((code, &told["notes"][0]["kind"]), (0, &"unended".into()));
    let log = scene.open();
    log.record(&stopped()).unwrap();
    log.close();
    let (code, told) = json(&scene, &[]);
    assert_eq!(
        (code, &told["notes"][0]["kind"]),
        (0, &"torn".into()),
        "{told:#}"
    );
    assert_eq!(told["notes"][0]["line"], 2);
    // Nobody else may put a line there.
    let text = scene.text();
    let torn = format!("\n{}\n", &whole[..61]);
    let forged = text.replacen(&torn, "\na line of somebody's own\n", 1);
    fs::write(scene.path(), forged).unwrap();
    assert_eq!(only(&scene, &["audit.log"]), ("inserted".to_owned(), 2));
}

#[test]
fn a_log_restored_from_a_backup_says_where_it_was_cut() {
    let scene = Scene::new();
    let log = scene.open();
    grow(&log, 5);
    let backup = scene.text();
    grow(&log, 5);
    log.close();
    drop(log);
    fs::write(scene.path(), &backup).unwrap();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    log.close();
    let (code, text) = said(&scene, &[]);
    assert_eq!(code, 1);
    assert!(
        text.contains("audit.log:6: restored or cut at seq 5\n"),
        "{text}"
    );
    assert_eq!(only(&scene, &[]), ("restored_or_cut".to_owned(), 6));
}

#[test]
fn a_log_that_was_cut_while_it_was_written_misses_what_was_cut() {
    let scene = Scene::new();
    let log = scene.open();
    grow(&log, 5);
    let text = scene.text();
    let three: usize = text.split_inclusive('\n').take(3).map(str::len).sum();
    for (more, line) in [(7, 4), (0, 4)] {
        cut(&scene, three + more);
        log.tick();
        log.record(&stopped()).unwrap();
        assert_eq!(only(&scene, &["audit.log"]), ("missing".to_owned(), line));
    }
}

/// A log whose second file begins with half a record: that.
fn begun_torn(scene: &Scene) -> &'static str {
    let log = scene.open();
    grow(&log, 5);
    log.close();
    drop(log);
    fs::rename(scene.path(), beside(scene, "audit-20260129T123456Z-1.log")).unwrap();
    let half = r#"{"timestamp": "2026-01-29T12:34:56.789Z", "event": "audit_rot"#;
    fs::write(scene.path(), half).unwrap();
    let log = scene.open();
    log.record(&stopped()).unwrap();
    log.close();
    drop(log);
    assert!(scene.text().starts_with(&format!("{half}\n")));
    half
}

#[test]
fn a_log_whose_first_line_was_cut_off_after_a_rotation_is_intact() {
    let scene = Scene::new();
    begun_torn(&scene);
    let (code, told) = json(&scene, &[]);
    assert_eq!((code, told["records"].as_u64()), (0, Some(8)), "{told:#}");
    assert_eq!(told["notes"][0]["kind"], "torn");
    // Nor is it broken without the file before.
    let (code, told) = json(&scene, &["audit.log"]);
    assert_eq!((code, told["records"].as_u64()), (0, Some(3)), "{told:#}");
    assert_eq!(told["notes"][0]["kind"], "torn");
    assert_eq!(told["notes"][1]["kind"], "begins_later");
}

#[test]
fn a_line_before_the_first_record_of_a_file_is_inserted_unless_the_log_tells_of_it() {
    let whole = r#"{"timestamp": "2026-01-29T12:34:56.789Z", "event": "tool_call"}"#;
    let torn = Scene::new();
    let half = begun_torn(&torn);
    let rotated = Scene::new();
    let log = rotated.open();
    grow(&log, 5);
    fs::rename(
        rotated.path(),
        beside(&rotated, "audit-20260129T123456Z-1.log"),
    )
    .unwrap();
    log.reopen().unwrap();
    log.close();
    let text = torn.text().replacen(half, "", 1);
    // As long as the half that is told of, and yet a whole record; and halves that nobody tells of.
    let as_long = whole.replace("tool_call", "tool_ca");
    assert_eq!(as_long.len(), half.len());
    for (scene, text) in [
        (&torn, as_long + &text),
        (&torn, format!("{}{text}", &half[1..])),
        (&torn, format!("{}{text}", &half[..60])),
        (&rotated, format!("{whole}\n{}", rotated.text())),
        (&rotated, format!("{half}\n{}", rotated.text())),
    ] {
        let before = scene.text();
        fs::write(scene.path(), text).unwrap();
        assert_eq!(only(scene, &[]), ("inserted".to_owned(), 1));
        fs::write(scene.path(), before).unwrap();
    }
}

#[test]
fn a_log_that_was_emptied_says_so_where_it_begins() {
    let scene = Scene::new();
    let log = scene.open();
    grow(&log, 5);
    cut(&scene, 0);
    log.tick();
    log.record(&stopped()).unwrap();
    log.close();
    let (code, told) = json(&scene, &["--log", "audit.log"]);
    let kinds: Vec<_> = told["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!((code, kinds), (0, vec!["begins_later", "displaced"]));
    let (code, text) = summary(&scene, &["all", "--fail-on", "cuts>0"]);
    assert_eq!(code, 4);
    assert!(
        text.contains("the log was cut by others (1 record)"),
        "{text}"
    );
}

/// What is said of a log that is gone from its place while it is written.
fn gone_meanwhile(take_away: impl FnOnce(&Scene)) -> (Scene, Value) {
    let scene = Scene::new();
    let log = scene.open();
    grow(&log, 5);
    take_away(&scene);
    log.tick();
    log.tick();
    log.close();
    let (_, told) = json(&scene, &[]);
    (scene, told)
}

#[test]
fn a_log_that_is_deleted_while_it_is_written_misses_its_beginning() {
    let (scene, _) = gone_meanwhile(|scene| fs::remove_file(scene.path()).unwrap());
    assert_eq!(only(&scene, &[]), ("no_beginning".to_owned(), 1));
}

#[test]
fn a_log_that_is_moved_while_it_is_written_and_then_deleted_misses_its_beginning() {
    let scene = Scene::new();
    let log = scene.open();
    grow(&log, 5);
    let moved = beside(&scene, "gone");
    fs::rename(scene.path(), &moved).unwrap();
    fs::create_dir(scene.path()).unwrap();
    log.tick();
    log.tick();
    grow(&log, 3);
    fs::remove_file(moved).unwrap();
    log.tick();
    log.record(&stopped()).unwrap_err();
    fs::remove_dir(scene.path()).unwrap();
    log.tick();
    log.close();
    assert_eq!(only(&scene, &[]), ("no_beginning".to_owned(), 1));
    let (code, _) = summary(&scene, &["all", "--fail-on", "cuts>0"]);
    assert_eq!(code, 4);
}

#[test]
fn a_log_that_others_moved_and_removed_later_begins_later() {
    let (scene, told) = gone_meanwhile(|scene| {
        fs::rename(scene.path(), beside(scene, "audit.log.1")).unwrap();
    });
    assert_eq!(told["breaks_total"], 0, "{told:#}");
    fs::remove_file(beside(&scene, "audit.log.1")).unwrap();
    let (code, told) = json(&scene, &[]);
    assert_eq!(code, 0, "{told:#}");
    assert_eq!(told["notes"][0]["kind"], "begins_later");
}

#[test]
fn a_log_that_logrotate_copied_and_cut_is_whole() {
    let scene = Scene::new();
    let log = scene.open();
    grow(&log, 5);
    fs::copy(scene.path(), beside(&scene, "audit.log.1")).unwrap();
    cut(&scene, 0);
    log.tick();
    log.record(&stopped()).unwrap();
    log.close();
    let (code, told) = json(&scene, &[]);
    assert_eq!(
        (code, told["files"].as_array().unwrap().len()),
        (0, 2),
        "{told:#}"
    );
}

#[test]
fn a_log_is_intact_while_it_is_written_rotated_and_compressed() {
    let scene = Scene::new();
    let log = AuditLog::open(AuditSettings {
        rotation: Rotation {
            size: NonZeroU64::new(64 << 10),
            compress: Compress::Gzip,
            keep: 20,
            ..Rotation::default()
        },
        ..settings(&scene.path(), &scene.clock)
    })
    .unwrap();
    log.record(&stopped()).unwrap();
    // Not more at a time than three files: whoever looks would else never see all of them at rest.
    let (wanted, a_look) = (AtomicU64::new(0), 600);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // Whatever becomes of this thread: the others are waited for.
        let over = Over(&is_over);
        scope.spawn(|| {
            let mut records = 0;
            while !is_over.load(Ordering::Relaxed) {
                if records == wanted.load(Ordering::Relaxed) {
                    thread::yield_now();
                    continue;
                }
                records += 1;
                scene.clock.fetch_add(1, Ordering::Relaxed);
                log.record(&authenticated(b"curl")).unwrap();
            }
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                log.tick();
            }
        });
        let mut newest = 0;
        for threads in [1, 2, 3, 1, 2, 3, 1, 2, 3] {
            wanted.fetch_add(a_look, Ordering::Relaxed);
            let sources = of_log(&scene.path()).unwrap();
            let is_summed_up = threads == 3;
            let threads = NonZeroUsize::new(threads).unwrap();
            let verdict = verify(&sources, Asked::default(), threads, &AtomicU64::new(0));
            assert!(
                verdict.is_intact() && verdict.unreadable.is_empty(),
                "{verdict:#?}"
            );
            let seq = verdict.end.unwrap().seq;
            assert!(seq >= newest);
            newest = seq;
            if !is_summed_up {
                continue;
            }
            let (code, said) = summary(&scene, &["all", "--json"]);
            let told: Value = serde_json::from_str(&said).unwrap();
            assert_eq!((code, &told["log"]["breaks"]), (0, &0.into()));
        }
        drop(over);
    });
}

/// Says so when it is dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_cannot_be_read_is_told_and_is_not_called_intact() {
    let scene = Scene::new();
    true_log(
        &scene,
        Rotation {
            size: NonZeroU64::new(32 << 10),
            compress: Compress::Gzip,
            ..Rotation::default()
        },
    );
    let first = scene.closed().remove(0);
    let bytes = fs::read(&first).unwrap();
    fs::write(&first, &bytes[..bytes.len() / 2]).unwrap();
    let (code, told) = json(&scene, &[]);
    assert_eq!(
        (code, &told["breaks_total"], &told["intact"]),
        (2, &0.into(), &false.into())
    );
    assert_eq!(told["unreadable"][0]["error"], "it ends too early");
    // What is broken besides is told all the same.
    let edited = scene.text().replacen("203.0.113.42", "203.0.113.43", 1);
    fs::write(scene.path(), edited).unwrap();
    assert_eq!(json(&scene, &[]).0, 1);
}

#[test]
fn whatever_a_log_holds_is_told_as_plain_text() {
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let text = scene.text();
    let name = "\u{1b}[31mred\u{9b}.log";
    let long = "x".repeat(10_000_000);
    for hostile in [
        &b"\0\0\0\n"[..],
        b"\xff\xfe\n",
        "\u{feff}\n".as_bytes(),
        b"\x1b[2J\x1b]0;owned\x07\n",
        b"{\"seq\": 18446744073709551615, \"prev\": \"\"}\n",
        b"[]\n",
        long.as_bytes(),
        b"\n\n\n\n",
    ] {
        let (before, after) = text.split_at(text.lines().next().unwrap().len() + 1);
        let bytes = [before.as_bytes(), hostile, b"\n", after.as_bytes()].concat();
        fs::write(beside(&scene, name), bytes).unwrap();
        let (code, told) = said(&scene, &[name]);
        assert_eq!(code, 1);
        assert!(told.contains("broken: 1 break in "), "{told}");
        assert!(
            told.chars().all(|it| it == '\n' || !it.is_control()),
            "{told:?}"
        );
    }
    assert_eq!(said(&scene, &["\u{1b}[2J"]).0, 2);
    assert!(!said(&scene, &["\u{1b}[2J"]).1.contains('\u{1b}'));
}

#[test]
fn standard_input_and_a_closed_pipe() {
    use std::{io::Write as _, process::Stdio};
    let scene = Scene::new();
    true_log(&scene, Rotation::default());
    let mut child = aegis(&["audit-summary", "verify", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(scene.text().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    // Nobody reads: the code tells all the same.
    tampered(&scene, "edited.log", |lines| lines[7].push(' '));
    let (read, write) = std::io::pipe().unwrap();
    drop(read);
    let output = aegis(&["audit-summary", "verify"])
        .arg(beside(&scene, "edited.log"))
        .stdout(write)
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(1), 0));
}
