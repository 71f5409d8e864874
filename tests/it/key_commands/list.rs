//! `list-keys`: whose keys there are.
use super::{
    KEY, Keys, OLD, OTHER, ago,
    fixture::{Done, hashed},
    hint,
};
use crate::support::golden;

#[test]
fn a_folder_without_keys_says_so() {
    let keys = Keys::new();
    let done = keys.run(&["list-keys"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stdout
            .starts_with("no keys are set: there is no .env here (`--env-file` or")
    );
    assert!(keys.names().is_empty());
    keys.write(".env", "");
    let done = keys.run(&["list-keys"]);
    assert!(done.stdout.starts_with("no keys are set in .env\n"));
}

#[test]
fn entries_that_are_no_keys_are_told_beside_those_that_are() {
    let told = "`MCP_API_KEYS`, entry #1: ";
    for (text, listed) in [
        (format!("{KEY}# mine"), "no keys are set in .env"),
        (format!("{KEY};{OTHER}"), "no keys are set in .env"),
        (format!("short,{KEY}"), "01234567...cdef"),
    ] {
        let keys = Keys::with(&format!("MCP_API_KEYS={text}\n"));
        let done = keys.run(&["list-keys"]);
        assert_eq!((done.code, done.stdout.matches(told).count()), (Some(0), 1));
        assert!(done.stdout.contains(listed), "it lists another key");
        assert!(!done.stdout.contains(KEY), "it shows a key");
    }
}

#[test]
fn hints_are_for_shells_to_complete() {
    let keys = Keys::known(&[(KEY, r#""label": "my laptop""#)]);
    keys.write(".env", format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    let done = keys.run(&["list-keys", "--hints"]);
    let lines = format!("{}\tmy laptop\n{}\t\n", hint(KEY), hint(OTHER));
    assert_eq!(
        (done.code, &*done.stdout, &*done.stderr),
        (Some(0), &*lines, "")
    );
}

/// Keys of every kind, with the records of their uses.
fn all_kinds() -> Keys {
    let records = [
        (
            KEY,
            format!(r#""label": "laptop", {}"#, ago("created_at", 20)),
        ),
        (
            OTHER,
            format!(
                r#""label": "the assistant of the whole team", {}"#,
                ago("created_at", 120)
            ),
        ),
        (
            OLD,
            format!("{}, {}", ago("created_at", 300), ago("revoked_at", 10)),
        ),
        (
            NEVER,
            format!(r#""label": "made, not set", {}"#, ago("created_at", 2)),
        ),
    ];
    let records = records.each_ref().map(|(key, members)| (*key, &**members));
    let keys = Keys::known(&records);
    keys.write(
        ".env",
        format!("MCP_API_KEYS={KEY},{},{BARE}\n", hashed(OTHER)),
    );
    let day = 24 * 60;
    keys.log(&[
        (OTHER, 30 * day, "198.51.100.7", true),
        (KEY, 8 * day, "203.0.113.42", true),
        (KEY, day, "203.0.113.42", true),
        (KEY, 190, "203.0.113.42", true),
        (
            OTHER,
            9 * day + 5,
            "2001:db8:1234:5678:9abc:def0:1234:5678",
            true,
        ),
        (OLD, 5, "203.0.113.9", false),
    ]);
    keys
}

const NEVER: &str = "11112222333344445555666677778888aaaabbbbccccddddeeeeffff00001111";
const BARE: &str = "99992222333344445555666677778888aaaabbbbccccddddeeeeffff00009999";

/// Without the dates, which differ from day to day.
fn undated(done: &Done) -> String {
    let text = &done.stdout;
    let is_date = |at: usize| {
        let date = text.as_bytes().get(at..at + 10)?;
        let fits = date.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        (fits && date.starts_with(b"20")).then_some(())
    };
    let mut shown = String::new();
    let mut rest = 0;
    for at in 0..text.len() {
        if at >= rest && is_date(at).is_some() {
            shown += &text[rest..at];
            let timed = text.as_bytes().get(at + 10) == Some(&b'T');
            shown += if timed { "<time>" } else { "<date    >" };
            rest = at + if timed { 20 } else { 10 };
        }
    }
    shown + &text[rest..]
}

#[test]
fn the_table_tells_all_and_fits_eighty_columns() {
    let keys = all_kinds();
    let done = keys.run(&["list-keys"]);
    assert_eq!((done.code, &*done.stderr), (Some(0), ""));
    golden("keys/list.txt", &undated(&done));
    let done = keys.run(&["list-keys", "--all"]);
    golden("keys/list-all.txt", &undated(&done));
    for line in done.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    golden(
        "keys/list.json",
        &undated(&keys.run(&["list-keys", "--all", "--json"])),
    );
}

#[test]
fn without_an_audit_log_it_says_that_uses_are_not_known() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let done = keys.run(&["list-keys"]);
    assert_eq!(done.code, Some(0));
    let last = done.stdout.lines().last().unwrap();
    assert_eq!(last, "uses are not known: there is no audit.log");
    assert_eq!(
        keys.run(&["list-keys", "--json"]).json()["uses_known"],
        false
    );
    keys.log(&[(KEY, 3, "203.0.113.42", true)]);
    std::fs::rename(keys.path("audit.log"), keys.path("elsewhere.log")).unwrap();
    let done = keys.run(&["list-keys", "--audit-log", "elsewhere.log", "--json"]);
    assert_eq!(done.json()["keys"][0]["last_used_from"], "203.0.113.42");
}

#[test]
fn keys_of_other_places_are_marked() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\nMCP_API_KEYS_FILE=more\n"));
    keys.write("more", format!("{OTHER}\n{KEY}\n"));
    let done = keys.run(&["list-keys"]);
    let lines: Vec<_> = done.stdout.lines().collect();
    assert!(lines[1].starts_with("01234567...cdef+ "), "{}", done.stdout);
    assert!(lines[2].starts_with("fedcba98...3210+ "), "{}", done.stdout);
    let note = "+ is in the file that `MCP_API_KEYS_FILE` names, which no command here edits";
    assert_eq!(lines[3], note);
}

#[test]
fn broken_metadata_are_told_and_left_alone() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    keys.write("aegis-keys.json", "{");
    let done = keys.run(&["list-keys"]);
    assert_eq!((done.code, &*done.stdout), (Some(78), ""));
    assert!(
        done.stderr.starts_with("error: aegis-keys.json is broken"),
        "{}",
        done.stderr
    );
    assert_eq!(keys.read("aegis-keys.json"), "{");
}

#[test]
fn a_label_from_a_file_is_shown_escaped() {
    let keys = Keys::known(&[(KEY, r#""label": "a\u001b[2J\u202eb""#)]);
    let done = keys.run(&["list-keys"]);
    assert!(
        done.stdout.contains("a<U+001B>[2J<U+202E>b"),
        "{}",
        done.stdout
    );
    let check = keys.run(&["check-key-age"]);
    assert!(
        check.stdout.contains("a<U+001B>[2J<U+202E>b"),
        "{}",
        check.stdout
    );
}

#[test]
fn keys_end_by_the_newest_record_where_that_is_ahead_of_the_clock() {
    let keys = Keys::known(&[(KEY, &ago("expires_at", -10)), (OTHER, r#""label": "x""#)]);
    assert!(!keys.run(&["list-keys"]).stdout.contains("expired"));
    keys.log_ahead(30);
    let done = keys.run(&["list-keys"]);
    assert!(done.stdout.contains("expired"), "{}", done.stdout);
    let warning = "warning: the newest audit record is from ";
    assert!(done.stderr.starts_with(warning), "{}", done.stderr);
}

#[test]
fn a_grace_begins_at_the_newest_record_where_that_is_ahead_of_the_clock() {
    let keys = Keys::known(&[(KEY, &ago("created_at", 1))]);
    let ahead = keys.log_ahead(30);
    let done = keys.run(&["rotate-key", "--yes", "--no-test", "--grace", "7d"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let end = ahead + chrono::TimeDelta::days(7);
    let end = end.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    assert!(
        keys.read("aegis-keys.json").contains(&end),
        "{}",
        keys.read("aegis-keys.json")
    );
}

#[test]
fn an_end_of_a_new_key_is_counted_from_the_newest_record_where_that_is_ahead_of_the_clock() {
    let keys = Keys::new();
    let ahead = keys.log_ahead(30);
    let done = keys.run(&["generate-key", "--add", "--expires", "7d"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let end = ahead + chrono::TimeDelta::days(7);
    let end = end.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    assert!(keys.read("aegis-keys.json").contains(&end));
}
