//! Whatever a log may hold beside records: nothing fails, it is counted and told, the rest is right.
use std::{fs, io::Write as _, process::Stdio};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use super::{Logs, history};

const RECORD: &str = "{\"timestamp\": \"2026-01-28T12:00:00.000Z\", \"event\": \"api_authentication\", \"status\": \"success\", \"client_ip\": \"203.0.113.7\", \"key_hint\": \"a1b2c3d4...e1f2\"}\n";

/// What is told of a log: records, malformed lines, torn ends.
fn told(text: impl AsRef<[u8]>) -> (Value, Value, Value) {
    let logs = Logs::with(text);
    let log = logs.json(&["all"])["log"].clone();
    let malformed = log["malformed"]["lines"].clone();
    // The same in the text, by whatever words, and an end with code 1 where that is asked for.
    let strict = logs.run(&["all", "--strict"]);
    assert_eq!(strict.status.code(), Some(i32::from(malformed != 0)));
    (log["records"].clone(), malformed, log["torn"].clone())
}

fn counts(records: u64, malformed: u64, torn: u64) -> (Value, Value, Value) {
    (records.into(), malformed.into(), torn.into())
}

#[test]
fn what_is_no_record_is_counted_and_the_rest_is_right() {
    let two = |middle: &[u8]| [RECORD.as_bytes(), middle, RECORD.as_bytes()].concat();
    for (name, text, expected) in [
        ("nothing", Vec::new(), counts(0, 0, 0)),
        ("empty lines", b"\n\n \n\r\n\t\n".to_vec(), counts(0, 0, 0)),
        ("garbage", two(b"hello\n"), counts(2, 1, 0)),
        ("foreign JSON", two(b"{\"level\": \"info\", \"msg\": \"x\"}\n"), counts(2, 1, 0)),
        ("arrays", two(b"[1, 2]\n[]\n"), counts(2, 2, 0)),
        ("an array of records", two(format!("[{}]\n", RECORD.trim_end()).as_bytes()), counts(2, 1, 0)),
        ("scalars", two(b"1\n\"x\"\nnull\ntrue\n"), counts(2, 4, 0)),
        ("a record over several lines", two(b"{\n  \"timestamp\": \"2026-01-29T12:34:56.789Z\",\n  \"event\": \"access_denied\"\n}\n"), counts(2, 4, 0)),
        ("no time", two(b"{\"event\": \"access_denied\"}\n"), counts(2, 1, 0)),
        ("no such time", two(b"{\"timestamp\": \"2026-02-30T00:00:00Z\", \"event\": \"x\"}\n"), counts(2, 1, 0)),
        ("a member twice", two(b"{\"timestamp\": \"2026-01-28T12:00:00Z\", \"event\": \"x\", \"event\": \"y\"}\n"), counts(2, 1, 0)),
        ("more behind it", two(format!("{} {RECORD}", RECORD.trim_end()).as_bytes()), counts(2, 1, 0)),
        ("line ends of another system", RECORD.replace('\n', "\r\n").repeat(3).into_bytes(), counts(3, 0, 0)),
        ("a byte order mark", [b"\xef\xbb\xbf", RECORD.as_bytes()].concat(), counts(1, 0, 0)),
        ("a byte order mark elsewhere", two([b"\xef\xbb\xbf", RECORD.as_bytes()].concat().as_slice()), counts(2, 1, 0)),
        ("zeros", two(&[&[0; 100][..], b"\n"].concat()), counts(2, 1, 0)),
        ("a zero within", two(RECORD.replace("203.", "20\x003.").as_bytes()), counts(2, 1, 0)),
        ("no UTF-8", two(&RECORD.bytes().map(|byte| if byte == b'7' { 0xff } else { byte }).collect::<Vec<_>>()), counts(2, 1, 0)),
        ("10 MB in a line", two(&[&vec![b'x'; 10_000_000][..], b"\n"].concat()), counts(2, 1, 0)),
        ("a record of 2 MB", two(RECORD.replace("203.0.113.7", &"7".repeat(2 << 20)).as_bytes()), counts(2, 1, 0)),
        ("10 MB and no end", [RECORD.as_bytes(), &vec![b'x'; 10_000_000]].concat(), counts(1, 1, 0)),
        ("half a record at the end", two(b"")[..RECORD.len() + 50].to_vec(), counts(1, 0, 1)),
        ("a whole one without its end", two(b"").trim_ascii_end().to_vec(), counts(2, 0, 0)),
        ("years far away", two(format!("{}{}", RECORD.replace("2026", "0001"), RECORD.replace("2026", "9999")).as_bytes()), counts(4, 0, 0)),
        ("much within much", two(format!("{{\"timestamp\": \"2026-01-28T12:00:00Z\", \"event\": \"x\", \"a\": {}{}}}\n", "[".repeat(10_000), "]".repeat(10_000)).as_bytes()), counts(3, 0, 0)),
        ("numbers too large", two(b"{\"timestamp\": \"2026-01-28T12:00:00Z\", \"event\": \"auth_rate_limit_summary\", \"blocked_requests\": 18446744073709551616}\n"), counts(2, 1, 0)),
        ("the largest numbers", b"{\"timestamp\": \"2026-01-28T12:00:00Z\", \"event\": \"auth_rate_limit_summary\", \"client_ip\": \"::1\", \"blocked_requests\": 18446744073709551615, \"seq\": 18446744073709551615}\n".repeat(3), counts(3, 0, 0)),
    ] {
        assert_eq!(told(text), expected, "{name}");
    }
}

#[test]
fn wrong_years_in_the_midst_fool_no_search_for_a_window() {
    // Long enough that a window is searched for.
    let mut text = String::new();
    for minute in 0..20_000_i64 {
        let time = chrono::DateTime::from_timestamp(1_769_000_000 + minute * 60, 0).unwrap();
        text += &RECORD.replace(
            "2026-01-28T12:00:00.000Z",
            &time.format("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        );
        if minute % 1_000 == 7 {
            text += &RECORD.replace("2026", "0001");
            text += &RECORD
                .replace("2026", "9999")
                .repeat(if minute == 11_007 { 300 } else { 1 });
        }
    }
    let logs = Logs::with(&text);
    let (since, until) = (1_769_000_000 + 15_000 * 60, 1_769_000_000 + 16_000 * 60);
    let time = |seconds| {
        chrono::DateTime::from_timestamp(seconds, 0)
            .unwrap()
            .format("%Y-%m-%dT%H:%M:%SZ")
            .to_string()
    };
    let summary = logs.json(&["--since", &time(since), "--until", &time(until)]);
    assert_eq!(summary["totals"]["successful"], 1_000);
    assert_eq!(summary["before"]["successful"], 1_000);
    assert_eq!(
        logs.json(&["all"])["totals"]["successful"],
        text.lines().count()
    );
}

#[test]
fn a_file_that_was_cut_in_its_compression_is_told_and_read_as_far_as_it_goes() {
    for zstd in [false, true] {
        let text: String = (0..50_000)
            .map(|n| {
                RECORD.replace(
                    "203.0.113.7",
                    &format!("10.0.{}.{}", n / 250 % 250, n % 250),
                )
            })
            .collect();
        let whole = if zstd {
            zstd::encode_all(text.as_bytes(), 3).unwrap()
        } else {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        let logs = Logs::with(&whole);
        assert_eq!(logs.json(&["all"])["log"]["records"], 50_000);
        let logs = Logs::with(&whole[..whole.len() / 2]);
        let log = logs.json(&["all"])["log"].clone();
        let records = log["records"].as_u64().unwrap();
        assert!((1_000..40_000).contains(&records), "{records}");
        let unreadable = log["unreadable"].as_array().unwrap();
        assert_eq!(unreadable.len(), 1);
        assert!(unreadable[0].as_str().unwrap().contains("audit.log: "));
        assert!(logs.said(&["all"]).contains("not all was read"));
        let strict = logs.run(&["all", "--strict"]);
        assert_eq!(strict.status.code(), Some(1));
        assert_eq!(
            String::from_utf8(strict.stderr).unwrap(),
            "error: 0 lines are no records, 1 file could not be read to the end\n"
        );
        // What only says that it is compressed.
        let logs = Logs::with(&whole[..6]);
        assert_eq!(logs.json(&["all"])["log"]["records"], 0);
    }
}

#[test]
fn a_log_may_grow_and_be_cut_while_it_is_read() {
    let logs = Logs::with(RECORD.repeat(100_000));
    let path = logs.path("audit.log");
    let reading = logs
        .command(&["all", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    for _ in 0..1_000 {
        file.write_all(RECORD.as_bytes()).unwrap();
    }
    file.set_len(10).unwrap();
    let output = reading.wait_with_output().unwrap();
    assert!(output.status.success());
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(summary["log"]["records"].as_u64().unwrap() <= 101_000);
}

#[test]
fn no_text_of_a_log_reaches_a_terminal_as_it_is() {
    let evil = "\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m\\r\\n\\u202eABC\\u200b<script>alert(1)</script>,=1+1";
    let lines = [
        format!("\"event\": \"api_authentication\", \"status\": \"success\", \"client_ip\": \"::1\", \"user_agent\": \"{evil}\", \"key_hint\": \"{evil}\""),
        format!("\"event\": \"access_denied\", \"reason\": \"{evil}\", \"client_ip\": \"{evil}\", \"user_agent\": \"{evil}\""),
        format!("\"event\": \"tool_call\", \"phase\": \"finished\", \"operation\": \"{evil}\", \"key_hint\": \"{evil}\", \"outcome\": \"ok\", \"duration_ms\": 5, \"answer_bytes\": 5, \"request_id\": \"{evil}\""),
        format!("\"event\": \"{evil}\""),
    ]
    .iter()
    .map(|fields| format!("{{\"timestamp\": \"2026-01-28T12:00:00.000Z\", {fields}}}\n"))
    .collect::<Vec<_>>();
    let logs = Logs::with(lines.concat());
    for form in [&["all"][..], &["all", "--csv"]] {
        let said = logs.said(form);
        let plain = |c: char| {
            c == '\n'
                || c == '\r'
                || c == '…'
                || "▁▂▃▄▅▆▇█·".contains(c)
                || (' '..='~').contains(&c)
        };
        let other: Vec<_> = said.chars().filter(|c| !plain(*c)).collect();
        assert!(other.is_empty(), "{other:?}");
        assert_eq!(
            said.matches('\r').count(),
            if form.len() == 2 {
                said.lines().count()
            } else {
                0
            }
        );
        assert!(said.contains(r"\u{1b}]0;owned"));
    }
    // JSON escapes what a terminal would obey.
    let json = logs.said(&["all", "--json"]);
    assert!(!json.contains('\u{1b}') && !json.contains('\u{7}'));
    // The name of a file may be evil as well.
    fs::write(logs.path("x\u{1b}[2J\n.log"), "garbage\n").unwrap();
    let said = logs.said(&["all", "--log", "x\u{1b}[2J\n.log"]);
    assert!(!said.contains('\u{1b}'));
}

#[test]
fn records_that_are_missing_or_out_of_order_are_breaks() {
    let history = history();
    let lines: Vec<_> = history.lines().collect();
    let breaks = |lines: &[&str]| {
        let summary = Logs::with(lines.join("\n") + "\n").json(&["all"]);
        summary["log"]["breaks"].as_u64().unwrap()
    };
    assert_eq!(breaks(&lines), 0);
    let mut missing = lines.clone();
    missing.drain(100..110);
    assert_eq!(breaks(&missing), 1);
    let mut doubled = lines.clone();
    doubled.insert(100, doubled[100]);
    assert_eq!(breaks(&doubled), 1);
    let mut swapped = lines.clone();
    swapped.swap(100, 101);
    assert_eq!(breaks(&swapped), 3);
    let again = [&lines[..], &lines].concat();
    assert_eq!(breaks(&again), 1, "no time runs back within a file");
    let last = lines[lines.len() - 1];
    let begun = last.replace(&format!("\"seq\": {},", lines.len()), "\"seq\": 1,");
    assert_eq!(
        breaks(&[&lines[..], &[&begun]].concat()),
        0,
        "a chain of its own begins"
    );
    let logs = Logs::with(missing.join("\n") + "\n");
    let said = logs.said(&["all", "--log", "audit.log"]);
    let place = "after record 100 comes 111 (audit.log, byte ";
    assert!(said.contains(place), "{said}");
}

#[test]
fn a_break_is_one_of_a_window_unless_both_of_its_records_are_before_it_or_behind() {
    let breaks = |times: [&str; 2]| {
        let line = |time: &str, seq: u64| {
            format!("{{\"timestamp\": \"{time}T12:00:00Z\", \"event\": \"x\", \"seq\": {seq}}}\n")
        };
        let logs = Logs::with(line(times[0], 1) + &line(times[1], 3));
        logs.json(&["--since", "2026-01-21", "--until", "2026-01-28"])["log"]["breaks"].clone()
    };
    let (before, within, behind) = ("2026-01-20", "2026-01-24", "2026-02-01");
    for (times, expected) in [
        ([within, within], 1),
        ([before, within], 1),
        ([within, behind], 1),
        ([within, before], 1),
        ([before, behind], 1),
        ([before, before], 0),
        ([behind, behind], 0),
    ] {
        assert_eq!(breaks(times), expected, "{times:?}");
    }
}

#[test]
fn a_line_of_a_record_over_several_is_no_json() {
    let logs = Logs::with("{\n  \"event\": \"x\",\n}\n\"event\"\n{\"event\": 1}\n");
    let malformed = &logs.json(&["all"])["log"]["malformed"];
    assert_eq!(
        (&malformed["not_json"], &malformed["not_a_record"]),
        (&3.into(), &2.into())
    );
}

#[test]
fn an_address_is_blocked_once_in_whichever_way_it_is_written() {
    let line = |ip: &str| {
        format!(
            "{{\"timestamp\": \"2026-01-20T12:00:00.100Z\", \"event\": \"auth_rate_limit_exceeded\", \"client_ip\": \"{ip}\"}}\n"
        )
    };
    let logs = Logs::with(line("203.0.113.1") + &line("::ffff:203.0.113.1"));
    assert_eq!(logs.json(&["all"])["totals"]["rate_limited_addresses"], 1);
}
