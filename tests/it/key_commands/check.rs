//! `check-key-age`: what monitoring is told, day by day and fault by fault.
use std::{fs, os::unix::fs::PermissionsExt};

use super::{
    KEY, Keys, OLD, OTHER, ago,
    fixture::{Done, fingerprint, hashed},
    hint,
};
use crate::support::golden;

/// The first line and the code for a key that is so many days old.
fn aged(days: i64) -> Done {
    Keys::known(&[(KEY, &ago("created_at", days))]).run(&["check-key-age"])
}

/// The words before the figures.
fn first(done: &Done) -> &str {
    let line = done.stdout.lines().next().unwrap();
    line.split(" | ").next().unwrap()
}

#[test]
fn a_key_is_well_until_day_75_old_from_76_and_too_old_from_90_days_on() {
    for (days, code, line) in [
        (
            0,
            0,
            "OK - key 01234567...cdef is 0 days old | oldest_days=0;76;90;0",
        ),
        (
            1,
            0,
            "OK - key 01234567...cdef is 1 day old | oldest_days=1;76;90;0",
        ),
        (
            75,
            0,
            "OK - key 01234567...cdef is 75 days old | oldest_days=75;76;90;0",
        ),
        (
            76,
            1,
            "WARNING - key 01234567...cdef is 76 days old | oldest_days=76;76;90;0",
        ),
        (
            89,
            1,
            "WARNING - key 01234567...cdef is 89 days old | oldest_days=89;76;90;0",
        ),
        (
            90,
            2,
            "CRITICAL - key 01234567...cdef is 90 days old | oldest_days=90;76;90;0",
        ),
        (
            800,
            2,
            "CRITICAL - key 01234567...cdef is 800 days old | oldest_days=800;76;90;0",
        ),
    ] {
        let done = aged(days);
        assert_eq!(done.stdout, format!("AEGIS KEYS {line}\n"));
        assert_eq!((done.code, &*done.stderr), (Some(code), ""));
    }
}

#[test]
fn a_key_from_the_future_is_unknown_and_has_no_age() {
    let done = aged(-2);
    assert_eq!(done.code, Some(3));
    let line = &done.stdout;
    assert!(line.starts_with("AEGIS KEYS UNKNOWN - key 01234567...cdef is from the future (20"));
    assert!(
        line.ends_with("Z): a clock was wrong | oldest_days=U;76;90;0\n"),
        "{line}"
    );
    // `--unknown` is for keys of which nothing is known.
    let keys = Keys::known(&[(KEY, &ago("created_at", -2))]);
    assert_eq!(keys.run(&["check-key-age", "--unknown=ok"]).code, Some(3));
}

#[test]
fn the_limits_can_be_set() {
    let keys = Keys::known(&[(KEY, &ago("created_at", 25))]);
    for (max_age, warn_before, code) in [("30d", "7d", 1), ("20d", "7d", 2), ("30d", "2d", 0)] {
        let done = keys.run(&[
            "check-key-age",
            "--max-age",
            max_age,
            "--warn-before",
            warn_before,
        ]);
        assert_eq!(done.code, Some(code), "{max_age} {warn_before}");
    }
}

#[test]
fn a_short_limit_warns_in_its_second_half_and_no_limit_is_all_warning() {
    let keys = Keys::known(&[(KEY, &ago("created_at", 0))]);
    let done = keys.run(&["check-key-age", "--max-age", "7d"]);
    assert_eq!(done.code, Some(0), "{}", done.stdout);
    let done = keys.run(&["check-key-age", "--max-age", "5d", "--warn-before", "5d"]);
    assert_eq!(done.code, Some(3));
    assert!(
        first(&done).contains("`--warn-before` is not less than"),
        "{}",
        done.stdout
    );
}

#[test]
fn a_key_of_unknown_age_is_what_the_operator_says() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY}\n"));
    let told = "the age of key 01234567...cdef is unknown; `--adopt` takes it to be from today";
    for (option, status, code) in [
        (None, "UNKNOWN", 3),
        (Some("--unknown=warn"), "WARNING", 1),
        (Some("--unknown=critical"), "CRITICAL", 2),
    ] {
        let done = keys.run(&[&["check-key-age"][..], option.as_slice()].concat());
        assert_eq!(first(&done), format!("AEGIS KEYS {status} - {told}"));
        assert_eq!(done.code, Some(code));
    }
    let done = keys.run(&["check-key-age", "--unknown=ok"]);
    assert_eq!(
        done.stdout,
        "AEGIS KEYS OK - the age of no key is known | oldest_days=U;76;90;0\n"
    );
    assert_eq!(done.code, Some(0));
    assert_eq!(keys.names(), [".env"]);
}

#[test]
fn adopted_keys_are_from_today_and_keys_of_known_age_stay_as_old_as_they_are() {
    let keys = Keys::with(&format!("MCP_API_KEYS={KEY},{OTHER},{}\n", hashed(OLD)));
    keys.note(&[(OTHER, &ago("created_at", 80))]);
    let env_file = keys.read(".env");
    let done = keys.run(&["check-key-age", "--adopt"]);
    assert_eq!(done.code, Some(1));
    let last = done.stdout.lines().last().unwrap();
    let digest = hashed(OLD);
    let digest = digest.strip_prefix("sha256:").unwrap();
    assert_eq!(
        last,
        format!("taken to be from today: {}, {}", hint(KEY), hint(digest))
    );
    assert_eq!(keys.read(".env"), env_file);
    let metadata = keys.read("aegis-keys.json");
    let again = keys.run(&["check-key-age", "--adopt"]);
    assert_eq!(
        first(&again),
        "AEGIS KEYS WARNING - key fedcba98...3210 is 80 days old"
    );
    assert_eq!(keys.read("aegis-keys.json"), metadata);
}

#[test]
fn the_worst_comes_first() {
    let records = [
        (KEY, ago("created_at", 80)),
        (
            OTHER,
            format!(r#""label": "old one", {}"#, ago("created_at", 100)),
        ),
    ];
    let records = records.each_ref().map(|(key, members)| (*key, &**members));
    let keys = Keys::known(&records);
    keys.write(
        ".env",
        format!("MCP_API_KEYS={KEY},{OTHER},{OLD},tooshort\n"),
    );
    fs::set_permissions(keys.path(".env"), PermissionsExt::from_mode(0o644)).unwrap();
    let done = keys.run(&["check-key-age"]);
    golden("keys/check.txt", &done.stdout);
    assert_eq!(done.code, Some(2));
    let done = keys.run(&["check-key-age", "--json"]);
    let told = done.json();
    assert_eq!(done.code, Some(2));
    assert_eq!(told["status"], "critical");
    let dates = told["keys"].as_array().unwrap().iter();
    let shown = dates
        .filter_map(|key| key["created_at"].as_str())
        .fold(done.stdout.clone(), |shown, date| {
            shown.replace(date, "<date>")
        });
    golden("keys/check.json", &shown);
}

#[test]
fn nothing_is_said_where_all_is_well_and_nobody_wants_to_hear_it() {
    let well = Keys::known(&[(KEY, &ago("created_at", 3))]);
    let done = well.run(&["check-key-age", "--quiet"]);
    assert_eq!((done.code, &*done.stdout, &*done.stderr), (Some(0), "", ""));
    let old = Keys::known(&[(KEY, &ago("created_at", 76))]);
    let done = old.run(&["check-key-age", "--quiet"]);
    assert_eq!(done.code, Some(1));
    assert!(done.stdout.starts_with("AEGIS KEYS WARNING"));
}

#[test]
fn a_key_beyond_its_end_that_is_still_there_is_critical() {
    let ended = |more: &str| {
        let members = format!("{}, {}{more}", ago("created_at", 60), ago("expires_at", 3));
        let young = ago("created_at", 10);
        let keys = Keys::known(&[(KEY, &members), (OTHER, &young)]);
        let done = keys.run(&["check-key-age"]);
        assert_eq!(done.code, Some(2));
        done.stdout
    };
    let told = ended(r#", "replaced_by": "x""#);
    assert!(
        told.starts_with("AEGIS KEYS CRITICAL - key 01234567...cdef ended at 20"),
        "{told}"
    );
    assert!(told.contains("Z and still is in `.env`; `aegis rotate-key --finish` takes it out"));
    assert!(ended("").contains("`aegis revoke-key 01234567...cdef` takes it out"));
}

#[test]
fn a_key_that_was_taken_out_of_use_and_came_back_is_critical() {
    for (member, word) in [("retired_at", "retired"), ("revoked_at", "revoked")] {
        let members = ago(member, 3);
        let young = ago("created_at", 10);
        let keys = Keys::known(&[(KEY, &members), (OTHER, &young)]);
        let done = keys.run(&["check-key-age"]);
        let line = format!(
            "AEGIS KEYS CRITICAL - key 01234567...cdef was {word} and still is in `.env`; `aegis revoke-key 01234567...cdef` takes it out"
        );
        assert_eq!(first(&done), line);
    }
}

#[test]
fn a_key_that_ends_soon_is_told_unless_another_has_its_place() {
    let ending = format!("{}, {}", ago("created_at", 30), ago("expires_at", -5));
    let done = Keys::known(&[(KEY, &ending)]).run(&["check-key-age"]);
    assert_eq!(
        first(&done),
        "AEGIS KEYS WARNING - key 01234567...cdef ends in 4 days"
    );
    // One that is being replaced counts by its end, not by its age.
    let replaced = format!(
        r#"{}, {}, "replaced_by": "{}""#,
        ago("created_at", 95),
        ago("expires_at", -5),
        fingerprint(OTHER)
    );
    let young = ago("created_at", 2);
    let keys = Keys::known(&[(KEY, &replaced), (OTHER, &young)]);
    let done = keys.run(&["check-key-age"]);
    assert_eq!(
        first(&done),
        "AEGIS KEYS OK - 2 keys, the oldest is 2 days old"
    );
    // Where that one is gone, nobody will get in then.
    keys.write(".env", format!("MCP_API_KEYS={KEY}\n"));
    let done = keys.run(&["check-key-age", "--max-age", "200d"]);
    assert_eq!(
        first(&done),
        "AEGIS KEYS WARNING - key 01234567...cdef ends in 4 days"
    );
}

#[test]
fn weak_keys_are_told_and_the_example_that_everybody_knows_is_critical() {
    let short = &KEY[..40];
    let keys = Keys::known(&[(short, &ago("created_at", 3))]);
    let done = keys.run(&["check-key-age"]);
    assert!(
        first(&done).starts_with("AEGIS KEYS WARNING - key 01234567...4567: 40 characters, 64")
    );
    // The key itself stands nowhere here; this is its digest.
    let digest = "cd210f14d1315f4d61fd9047d4ab39d6ff59ddfa9dade2593731d1e6000bbc99";
    let keys = Keys::with(&format!("MCP_API_KEYS=sha256:{digest}\n"));
    let done = keys.run(&["check-key-age"]);
    assert_eq!(done.code, Some(2));
    assert!(first(&done).starts_with("AEGIS KEYS CRITICAL - key cd210f14...bc99: the example"));
}

#[test]
fn hashed_keys_have_an_age_and_the_hint_that_was_noted() {
    let keys = Keys::with(&format!("MCP_API_KEYS={}\n", hashed(KEY)));
    keys.note(&[(KEY, &ago("created_at", 80))]);
    let done = keys.run(&["check-key-age"]);
    assert_eq!(
        first(&done),
        "AEGIS KEYS WARNING - key 01234567...cdef is 80 days old"
    );
}

#[test]
fn whatever_keeps_it_from_looking_is_unknown_and_one_line() {
    let keys = Keys::new();
    let done = keys.run(&["check-key-age"]);
    assert_eq!(
        first(&done),
        "AEGIS KEYS UNKNOWN - no keys are set: there is no .env here (`--env-file` or `AEGIS_ENV_FILE` names one that is elsewhere); make one with `aegis generate-key`"
    );
    assert_eq!(done.code, Some(3));
    let done = keys.run(&["check-key-age", "--env-file", "nope"]);
    assert_eq!(
        first(&done),
        "AEGIS KEYS UNKNOWN - `nope` does not exist: name the file with the settings by `--env-file` or `AEGIS_ENV_FILE`"
    );
    assert_eq!(done.code, Some(3));
    keys.write(".env", b"\xff\xfeM\0");
    let done = keys.run(&["check-key-age"]);
    assert_eq!(done.code, Some(3));
    assert!(first(&done).starts_with("AEGIS KEYS UNKNOWN - `.env` cannot be read"));
    keys.write(".env", format!("MCP_API_KEYS={KEY}\n"));
    keys.write("aegis-keys.json", "{\"version\": 1, \"keys\": [");
    let done = keys.run(&["check-key-age"]);
    assert_eq!(done.code, Some(3));
    assert!(
        first(&done).starts_with("AEGIS KEYS UNKNOWN - aegis-keys.json is broken"),
        "{}",
        done.stdout
    );
    let done = keys.run(&["check-key-age", "--json"]);
    assert_eq!(done.json()["status"], "unknown");
}

#[test]
fn wrong_usage_is_unknown_to_monitoring() {
    let keys = Keys::new();
    for arguments in [
        &["--max-age", "old"][..],
        &["--max-age", "2026-01-01"],
        &["--no-such"],
        &["--unknown", "fine"],
        &["more"],
    ] {
        let done = keys.run(&[&["check-key-age"][..], arguments].concat());
        assert_eq!(done.code, Some(3), "{arguments:?}");
        assert_eq!(done.stdout, "AEGIS KEYS UNKNOWN - wrong usage\n");
        assert!(done.stderr.starts_with("error: "), "{}", done.stderr);
    }
    assert_eq!(keys.run(&["check-key-age", "--help"]).code, Some(0));
}

#[test]
fn wrong_usage_is_unknown_to_a_program_too() {
    let done = Keys::new().run(&["check-key-age", "--json", "--max-age", "soon"]);
    let told = done.json();
    assert_eq!(done.code, Some(3), "{}", done.stderr);
    assert_eq!(
        (&told["status"], &told["code"]),
        (&"unknown".into(), &3.into())
    );
    assert_eq!(told["problems"][0]["told"], "wrong usage");
}

#[test]
fn ten_thousand_old_keys_are_told_in_a_few_lines() {
    let all: Vec<_> = (0..10_000).map(|number| format!("{number:064x}")).collect();
    let keys = Keys::with(&format!("MCP_API_KEYS={}\n", all.join(",")));
    let done = keys.run(&["check-key-age"]);
    assert_eq!((done.code, done.stdout.lines().count()), (Some(1), 22));
    assert!(done.stdout.ends_with("more; `--json` has them all\n"));
}

#[test]
fn a_former_key_that_somebody_still_tries_is_told() {
    let day = 24 * 60;
    for (ended, minutes, code) in [
        // Tried since, and lately.
        ("revoked_at", 5, 1),
        ("retired_at", 5, 1),
        ("expires_at", 5, 1),
        // By the command that took it out, or long ago.
        ("revoked_at", 3 * day + 1, 0),
        ("revoked_at", 8 * day, 0),
    ] {
        let keys = Keys::known(&[(KEY, &ago("created_at", 10))]);
        let days = if minutes == 8 * day { 20 } else { 3 };
        let former = format!(r#""label": "lost laptop", {}"#, ago(ended, days));
        keys.note(&[(KEY, &ago("created_at", 10)), (OLD, &former)]);
        keys.log(&[(OLD, minutes, "203.0.113.9", false)]);
        let done = keys.run(&["check-key-age"]);
        assert_eq!(done.code, Some(code), "{ended} {minutes}: {}", done.stdout);
        if code == 1 {
            let line = first(&done);
            let start = "AEGIS KEYS WARNING - former key 00112233...eeff (lost laptop) is still tried, last at 20";
            assert!(
                line.starts_with(start) && line.ends_with("Z from 203.0.113.9"),
                "{line}"
            );
        }
    }
}

#[test]
fn where_the_log_cannot_be_read_nobody_knows_whether_a_former_key_is_tried() {
    let keys = Keys::known(&[(KEY, &ago("created_at", 10))]);
    keys.note(&[(KEY, &ago("created_at", 10)), (OLD, &ago("revoked_at", 3))]);
    let told = |reason: &str| {
        format!("AEGIS KEYS UNKNOWN - whether former keys are still tried is not known: {reason}")
    };
    assert_eq!(keys.run(&["check-key-age"]).code, Some(0), "no server ran");
    let missing = keys.run(&["check-key-age", "--audit-log", "audit.lgo"]);
    assert_eq!(first(&missing), told("there is no audit.lgo"));
    assert_eq!(missing.code, Some(3));
    let mut command = keys.command(&["check-key-age"]);
    let output = command.env("AUDIT_LOG_PATH", ".env/audit.log").output();
    let unreadable = Done::of(&output.unwrap());
    let reason = ".env/audit.log cannot be read: Not a directory (os error 20)";
    assert_eq!(first(&unreadable), told(reason));
    assert_eq!(unreadable.code, Some(3));
}

#[test]
fn a_clock_behind_the_newest_record_is_warned_of() {
    let keys = Keys::known(&[(KEY, &ago("created_at", 1))]);
    keys.log_ahead(30);
    let done = keys.run(&["check-key-age"]);
    assert_eq!(done.code, Some(1));
    let warning = "WARNING - the newest audit record is from ";
    assert!(done.stdout.contains(warning), "{}", done.stdout);
}

#[test]
fn an_entry_that_is_no_key_is_1_wherever_it_stands() {
    let known = [(KEY, &*ago("created_at", 1))];
    let of_environment = Keys::known(&known);
    of_environment.write(".env", "");
    let of_file = Keys::known(&known);
    of_file.write("further", format!("{KEY}\nshort\n"));
    let both = format!("{KEY},short");
    for (keys, name, value) in [
        (of_environment, "MCP_API_KEYS", &*both),
        (of_file, "MCP_API_KEYS_FILE", "further"),
    ] {
        let mut command = keys.command(&["check-key-age"]);
        let done = Done::of(&command.env(name, value).output().unwrap());
        let told = format!("`{name}`, entry #2: 5 characters, at least 32 needed: left out");
        assert!(done.stdout.contains(&told), "{}", done.stdout);
        assert_eq!(
            (done.code, done.stdout.matches("left out").count()),
            (Some(1), 1)
        );
    }
}

#[test]
fn that_all_is_well_is_not_said_to_nobody() {
    for (days, code) in [(0, 3), (80, 1), (90, 2)] {
        let keys = Keys::known(&[(KEY, &ago("created_at", days))]);
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = keys.command(&["check-key-age"]);
        let output = command.stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{days}");
    }
}
