//! Which files are read: those that were named, and those that they were before.
use std::{fs, io::Write as _, os::unix::fs::symlink, process::Stdio, time::UNIX_EPOCH};

use flate2::{Compression, write::GzEncoder};

use super::{Logs, history};

/// The history in four parts: two compressed, one plain, the live log; and other things beside it.
fn parts() -> Logs {
    let logs = Logs::new();
    let history = history();
    let lines: Vec<_> = history.lines().map(|line| format!("{line}\n")).collect();
    let part = |at: usize| lines[at * lines.len() / 4..(at + 1) * lines.len() / 4].concat();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(part(0).as_bytes()).unwrap();
    fs::write(
        logs.path("audit-20260122T000000Z-1.log.gz"),
        gzip.finish().unwrap(),
    )
    .unwrap();
    let zstd = zstd::encode_all(part(1).as_bytes(), 3).unwrap();
    fs::write(logs.path("audit.log.2.zst"), zstd).unwrap();
    fs::write(logs.path("audit.log.1"), part(2)).unwrap();
    fs::write(logs.path("audit.log"), part(3)).unwrap();
    fs::write(logs.path("other.txt"), part(0)).unwrap();
    fs::write(logs.path(".audit.log.head"), "7").unwrap();
    logs
}

#[test]
fn what_a_log_was_before_is_found_and_read_in_its_order() {
    let logs = parts();
    let whole = Logs::with(history()).json(&["all"]);
    for arguments in [
        &["all"][..],
        &["all", "--log", "audit.log"],
        &["all", "--log", "."],
        &["all", "--log", "audit*"],
        &["all", "--log", "audit.log", "audit.log.1", "audit*.gz"],
        &["all", "--threads", "1"],
    ] {
        let summary = logs.json(arguments);
        assert_eq!(summary["totals"], whole["totals"], "{arguments:?}");
        assert_eq!(summary["keys"], whole["keys"]);
        assert_eq!(summary["log"]["breaks"], 0, "{arguments:?}");
        assert_eq!(summary["log"]["files"].as_array().unwrap().len(), 4);
    }
}

#[test]
fn a_file_beside_its_compressed_self_is_read_once() {
    let logs = parts();
    let zstd = fs::read(logs.path("audit.log.1")).unwrap();
    fs::write(
        logs.path("audit.log.1.zst"),
        zstd::encode_all(&zstd[..], 3).unwrap(),
    )
    .unwrap();
    symlink("audit.log.1", logs.path("audit.log.7")).unwrap();
    let whole = Logs::with(history()).json(&["all"]);
    for logs_of in [
        &["all"][..],
        &["all", "--log", "."],
        &["all", "--log", "audit*"],
    ] {
        assert_eq!(logs.json(logs_of)["totals"], whole["totals"], "{logs_of:?}");
    }
}

#[test]
fn a_compressed_file_that_is_named_is_read_itself() {
    let logs = parts();
    let other = zstd::encode_all(&b""[..], 3).unwrap();
    fs::write(logs.path("audit.log.1.zst"), other).unwrap();
    let summary = logs.json(&["all", "--log", "audit.log.1.zst"]);
    assert_eq!(
        summary["log"]["files"],
        serde_json::json!(["audit.log.1.zst"])
    );
    assert_eq!(summary["log"]["records"], 0);
}

#[test]
fn a_window_is_the_same_whatever_files_need_not_be_read() {
    let logs = parts();
    let whole = Logs::with(history());
    for (since, until) in [
        ("2026-01-20", "2026-01-20"),
        ("2026-01-22", "2026-01-23"),
        ("2026-01-25T12:00:00Z", "2026-01-27T12:00:00Z"),
        ("2026-01-28", "2026-01-28"),
        ("2025-01-01", "2025-12-31"),
    ] {
        let window = ["--since", since, "--until", until];
        let (parts, whole) = (logs.json(&window), whole.json(&window));
        assert_eq!(parts["totals"], whole["totals"], "{since}");
        assert_eq!(parts["before"], whole["before"], "{since}");
        assert_eq!(parts["timeline"], whole["timeline"], "{since}");
    }
}

/// Records of `numbers`, a second apart from a start.
pub(super) fn records(numbers: std::ops::RangeInclusive<u64>) -> String {
    let line = |seq: u64| {
        format!(
            "{{\"timestamp\": \"2026-01-20T00:{:02}:{:02}.000Z\", \"event\": \"api_authentication\", \"status\": \"success\", \"client_ip\": \"192.0.2.1\", \"seq\": {seq}, \"prev\": \"{seq:064x}\"}}\n",
            seq / 60,
            seq % 60
        )
    };
    numbers.map(line).collect()
}

#[test]
fn a_pattern_means_what_is_hidden_only_where_it_says_so() {
    let logs = Logs::new();
    fs::write(logs.path("audit.log"), records(1..=10)).unwrap();
    fs::write(logs.path(".audit.log.head"), "no record\n").unwrap();
    for (pattern, files) in [("*", 1), ("?udit.log", 1), (".*", 1)] {
        let log = &logs.json(&["all", "--log", pattern])["log"];
        assert_eq!(log["files"].as_array().unwrap().len(), files, "{pattern}");
        let lines = u64::from(pattern == ".*");
        assert_eq!(log["malformed"]["lines"], lines, "{pattern}");
    }
}

#[test]
fn two_logs_in_a_folder_have_numbers_of_their_own() {
    let logs = Logs::new();
    for (name, numbers) in [
        ("audit-a.log.1", 1..=10),
        ("audit-b.log.1", 1..=10),
        ("audit-a.log", 11..=20),
        ("audit-b.log", 11..=20),
    ] {
        fs::write(logs.path(name), records(numbers)).unwrap();
    }
    for arguments in [&["."][..], &["audit-a.log", "audit-b.log"]] {
        let summary = logs.json(&[&["all", "--log"], arguments].concat());
        assert_eq!(summary["log"]["breaks"], 0, "{arguments:?}");
        assert_eq!(summary["totals"]["successful"], 40, "{arguments:?}");
    }
    // What is missing of one of them shows.
    fs::write(logs.path("audit-b.log"), records(12..=20)).unwrap();
    let summary = logs.json(&["all", "--log", "."]);
    assert_eq!(summary["log"]["breaks"], 1);
}

#[test]
fn what_is_missing_of_a_log_shows_where_another_ended_with_its_number() {
    let logs = Logs::new();
    for (name, numbers) in [
        ("audit-a.log.1", 1..=10),
        ("audit-b.log.1", 1..=11),
        ("audit-b.log", 12..=15),
        ("audit-a.log", 16..=20),
    ] {
        fs::write(logs.path(name), records(numbers)).unwrap();
    }
    let log = &logs.json(&["all", "--log", "."])["log"];
    assert_eq!(log["breaks"], 1);
    let place = &log["broken_at"][0];
    assert_eq!((&place["after"], &place["found"]), (&10.into(), &16.into()));
}

#[test]
fn a_copy_among_the_files_of_a_log_is_a_break() {
    for (copied, copy) in [
        ("audit-20260120T001000Z-1.log", "audit.log.1"),
        ("audit.log", "audit.log.2"),
    ] {
        let logs = Logs::new();
        fs::write(logs.path("audit-20260120T001000Z-1.log"), records(1..=10)).unwrap();
        fs::write(logs.path("audit.log"), records(11..=20)).unwrap();
        assert_eq!(logs.json(&["all"])["log"]["breaks"], 0);
        fs::copy(logs.path(copied), logs.path(copy)).unwrap();
        let summary = logs.json(&["all"]);
        assert_eq!(summary["log"]["breaks"], 1, "{copied}");
    }
}

#[test]
fn pieces_that_others_made_of_a_log_follow_each_other_whatever_they_are_called() {
    let logs = Logs::new();
    for (name, numbers) in [("xaa", 1..=10), ("xab", 11..=20), ("xac", 22..=30)] {
        fs::write(logs.path(name), records(numbers)).unwrap();
    }
    let summary = logs.json(&["all", "--log", "xaa", "xab"]);
    assert_eq!(summary["log"]["breaks"], 0);
    let summary = logs.json(&["all", "--log", "xaa", "xab", "xac"]);
    assert_eq!(summary["log"]["breaks"], 1);
}

#[test]
fn a_file_is_passed_over_only_where_it_was_not_written_since() {
    let logs = Logs::new();
    let history = history();
    let half = history.lines().count() / 2;
    let backup: String = history.split_inclusive('\n').take(half).collect();
    fs::write(logs.path("audit.log.1"), &history).unwrap();
    // It was put back over the log, which was moved away.
    fs::write(logs.path("audit.log"), backup).unwrap();
    let window = ["--since", "2026-01-28", "--until", "2026-01-28"];
    assert_eq!(logs.json(&window)["totals"]["denied"], 297);
    let mut append = fs::File::options();
    let closed = append.append(true).open(logs.path("audit.log.1"));
    closed.unwrap().set_modified(UNIX_EPOCH).unwrap();
    assert_eq!(logs.json(&window)["totals"]["denied"], 0);
}

#[test]
fn older_records_at_the_end_of_a_file_that_others_put_together_are_counted() {
    // A minute apart, and large, so that a part of the file would do if it were sorted.
    let records = |count: i64| -> String {
        let line = |minute: i64| {
            let time = chrono::DateTime::from_timestamp(1_767_225_600 + minute * 60, 0).unwrap();
            let time = time.format("%Y-%m-%dT%H:%M:%S.000Z");
            let agent = "x".repeat(2_000);
            let (seq, prev) = (minute + 1, "0".repeat(64));
            format!(
                "{{\"timestamp\": \"{time}\", \"event\": \"api_authentication\", \"status\": \"success\", \"client_ip\": \"192.0.2.1\", \"user_agent\": \"{agent}\", \"seq\": {seq}, \"prev\": \"{prev}\"}}\n"
            )
        };
        (0..count).map(line).collect()
    };
    let logs = Logs::with(records(2_000) + &records(40));
    let summary = logs.json(&["--since", "2026-01-01", "--until", "2026-01-01"]);
    assert_eq!(summary["totals"]["successful"], 24 * 60 + 40);
}

#[test]
fn one_wrong_time_hides_no_file() {
    let wrong = |year: &str| records(21..=21).replace("2026", year);
    for year in ["0001", "9999"] {
        let logs = Logs::new();
        fs::write(logs.path("audit.log.1"), records(1..=20)).unwrap();
        fs::write(logs.path("audit.log"), wrong(year) + &records(22..=30)).unwrap();
        let window = ["--since", "2026-01-20", "--until", "2026-01-21"];
        let summary = logs.json(&window);
        assert_eq!(summary["totals"]["successful"], 29, "{year}");
    }
}

#[test]
fn a_log_is_read_from_standard_input_and_from_a_pipe() {
    let logs = Logs::new();
    let whole = Logs::with(history()).json(&["all"]);
    let mut command = logs.command(&["all", "--json", "--log", "-"]);
    let mut running = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let compressed = zstd::encode_all(history().as_bytes(), 3).unwrap();
    running
        .stdin
        .take()
        .unwrap()
        .write_all(&compressed)
        .unwrap();
    let output = running.wait_with_output().unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["totals"], whole["totals"]);
}

#[test]
fn what_is_missing_between_files_shows_though_the_next_begins_with_another_time() {
    let line = |day: &str, seq: u64| {
        format!("{{\"timestamp\": \"{day}T12:00:00Z\", \"event\": \"x\", \"seq\": {seq}}}\n")
    };
    for (seq, breaks) in [(3, 0), (4, 1)] {
        let logs = Logs::with(line("2030-01-01", seq) + &line("2026-01-22", seq + 1));
        let old = line("2026-01-20", 1) + &line("2026-01-21", 2);
        fs::write(logs.path("audit.log.1"), old).unwrap();
        for until in ["2026-01-21", "2026-01-22"] {
            let summary = logs.json(&["--since", "2026-01-20", "--until", until]);
            assert_eq!(summary["log"]["breaks"], breaks, "{until}");
        }
        let summary = logs.json(&["--since", "2026-01-20", "--until", "2026-01-20"]);
        assert_eq!(summary["log"]["breaks"], 0);
    }
}

#[test]
fn a_log_that_is_missing_is_wrong_usage_and_named() {
    let logs = Logs::new();
    let output = logs.run(&["weekly", "report"]);
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains(logs.path("audit.log").to_str().unwrap()),
        "{error}"
    );
    for wrong in ["nowhere.log", "*.log", ".", "nowhere/*.log"] {
        let output = logs.run(&["--log", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(wrong));
    }
    // What follows `--log` is a log, and mostly it was not meant.
    fs::write(logs.path("audit.log"), records(1..=1)).unwrap();
    let output = logs.run(&["--log", "audit.log", "weekly"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("`aegis audit-summary weekly --log PATH`"),
        "{error}"
    );
}

#[test]
fn the_live_log_may_be_gone() {
    let logs = parts();
    fs::remove_file(logs.path("audit.log")).unwrap();
    assert_eq!(
        logs.json(&["all"])["log"]["files"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
