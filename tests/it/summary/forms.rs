//! Text, JSON and CSV, as they are written.
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    process::Command,
};

use serde_json::{Value, json};

use super::{Logs, WEEK, history, records};
use crate::support::golden;

#[test]
fn the_word_report_may_follow_and_a_week_is_the_default() {
    let logs = Logs::with("");
    for arguments in [&["weekly", "report"][..], &["weekly"], &["report"], &[]] {
        let said = logs.said(arguments);
        let block = "=== Weekly Auth Summary ===\n\nTotal auth attempts:\n0\n\n";
        assert!(said.starts_with(block), "{arguments:?}");
    }
    for (period, title) in [
        ("daily", "=== Daily Auth Summary ===\n"),
        ("monthly", "=== Monthly Auth Summary ===\n"),
        ("quarterly", "=== Quarterly Auth Summary ===\n"),
        ("yearly", "=== Yearly Auth Summary ===\n"),
        ("all", "=== Auth Summary ===\n"),
    ] {
        assert!(logs.said(&[period, "report"]).starts_with(title));
    }
}

#[test]
fn the_first_lines_are_letter_by_letter_what_the_script_of_the_guide_prints() {
    let logs = Logs::with(history());
    let script = r#"
        echo "=== Auth Summary ==="
        echo ""
        echo "Total auth attempts:"
        grep "api_authentication" $LOG_PATH | wc -l
        echo ""
        echo "Successful:"
        grep "api_authentication.*success" $LOG_PATH | wc -l
        echo ""
        echo "Failed:"
        grep "access_denied.*invalid_api_key" $LOG_PATH | wc -l
        echo ""
        echo "Rate limited IPs:"
        grep "auth_rate_limit_exceeded" $LOG_PATH | wc -l
    "#;
    // What only we count: refusals of which only the number was recorded.
    let history = history();
    let without = history
        .split_inclusive('\n')
        .filter(|line| !line.contains("aggregated"));
    let without = without.collect::<String>();
    fs::write(logs.path("audit.log"), without).unwrap();
    let mut command = Command::new("bash");
    command
        .args(["-c", script])
        .env("LOG_PATH", logs.path("audit.log"));
    let expected = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let said = logs.said(&["all", "report"]);
    assert!(said.starts_with(&expected), "{expected}\n---\n{said}");
}

#[test]
fn the_text_is_what_the_golden_file_says() {
    let logs = Logs::with(history());
    let text = logs.said(&[&["--log", "audit.log"][..], &WEEK].concat());
    golden("audit-summary.txt", &text);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    // Only a terminal gets colours.
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn an_address_is_shown_whole() {
    let addresses = [7000, 7001].map(|at| format!("2001:db8:85a3:8d3:1319:8a2e:370:{at}"));
    let denied = |address: &String| {
        format!(
            "{{\"timestamp\": \"2026-01-20T00:00:00.000Z\", \"event\": \"access_denied\", \"reason\": \"invalid_api_key\", \"client_ip\": \"{address}\"}}\n"
        )
    };
    let logs = Logs::with(addresses.iter().map(denied).collect::<String>());
    let text = logs.said(&["all"]);
    let (_, table) = text.split_once("\nAddresses (2)\n").unwrap();
    let table: String = table.split_inclusive('\n').take(3).collect();
    let line = |cells: [&str; 5]| {
        let [address, numbers @ ..] = cells;
        let [one, two, three, four] = numbers;
        format!("  {address:<36}  {one:>6}  {two:>6}  {three:>7}  {four:>6}\n")
    };
    let expected = [
        line(["address", "let in", "failed", "refused", "blocks"]),
        line([&addresses[0], "0", "1", "1", "0"]),
        line([&addresses[1], "0", "1", "1", "0"]),
    ];
    assert_eq!(table, expected.concat());
}

#[test]
fn the_csv_is_what_the_golden_file_says() {
    let logs = Logs::with(history());
    let csv = logs.said(&[&["--log", "audit.log", "--csv"][..], &WEEK].concat());
    golden("audit-summary.csv", &csv.replace("\r\n", "\n"));
    assert_eq!(csv.lines().count(), csv.matches("\r\n").count());
}

#[test]
fn the_json_is_what_the_golden_file_says_and_fits_its_schema() {
    let logs = Logs::with(history());
    let json = logs.said(&[&["--log", "audit.log", "--json"][..], &WEEK].concat());
    golden("audit-summary.json", &json);
    let schema = schemars::schema_for!(aegis::audit::summary::Summary);
    let schema = serde_json::to_value(schema).unwrap();
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    golden("../../schemas/audit-summary.json", &text);
    let validator = jsonschema::validator_for(&schema).unwrap();
    for given in [history(), records(), String::new(), "{\n[]\n".to_owned()] {
        let logs = Logs::with(given);
        for arguments in [&["all"][..], &["daily"], &WEEK] {
            let value = logs.json(arguments);
            let errors: Vec<_> = validator
                .iter_errors(&value)
                .map(|it| it.to_string())
                .collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
    }
}

#[test]
fn a_key_is_shown_with_its_label() {
    let logs = Logs::with(history());
    let metadata = json!({"version": 1, "keys": [
        {"id": "1", "label": "Büro 日本", "hint": "a1b2c3d4...e1f2"},
        {"id": "2", "label": "one", "hint": "0f0e0d0c...b0a0"},
        {"id": "3", "label": "other", "hint": "0f0e0d0c...b0a0"},
    ]});
    fs::write(logs.path("aegis-keys.json"), metadata.to_string()).unwrap();
    let keys = logs.json(&["all"])["keys"]["rows"].clone();
    let label = |hint: &str| {
        let rows = keys.as_array().unwrap();
        rows.iter().find(|row| row["key_hint"] == hint).unwrap()["label"].clone()
    };
    assert_eq!(label("a1b2c3d4...e1f2"), "Büro 日本");
    // Which of two keys it is nobody knows.
    assert_eq!(label("0f0e0d0c...b0a0"), Value::Null);
    for form in [&["all"][..], &["all", "--csv"], &["all", "--html"]] {
        assert!(logs.said(form).contains("Büro 日本"), "{form:?}");
    }
}

#[test]
fn a_report_goes_to_a_file_that_is_replaced_whole() {
    let logs = Logs::with(history());
    fs::write(logs.path("report.csv"), "old").unwrap();
    let said = logs.said(&["all", "--csv", "--output", "report.csv"]);
    assert_eq!(said, "");
    let written = fs::read_to_string(logs.path("report.csv")).unwrap();
    assert_eq!(written, logs.said(&["all", "--csv"]));
    assert_eq!(fs::read_dir(logs.0.path()).unwrap().count(), 2);
    let failed = logs.run(&["all", "--output", "nowhere/report"]);
    assert_eq!(failed.status.code(), Some(1));
}

#[test]
fn a_report_takes_the_place_of_no_log() {
    let logs = Logs::with(history());
    let write = |name| fs::write(logs.path(name), history()).unwrap();
    write("audit-20260101T000000Z-1.log");
    write("named.log");
    write("audit-2.log");
    write(".audit-2.log.head");
    write(".audit.log.head");
    std::os::unix::fs::symlink("audit.log", logs.path("link")).unwrap();
    fs::create_dir(logs.path("folder")).unwrap();
    for target in [
        "audit.log",
        "link",
        "folder/../audit.log",
        "audit-20260101T000000Z-1.log",
        "audit.log.1.gz",
        ".audit.log.head",
        "audit-2.log",
        "audit-2.log.1",
        "named.log",
    ] {
        let arguments = ["all", "--output", target, "--log", "named.log"];
        let output = logs.run(&arguments);
        let told = format!(
            "error: {target} is an audit log or belongs to one: name another file with `--output`\n"
        );
        assert_eq!(
            (
                output.status.code(),
                String::from_utf8(output.stderr).unwrap()
            ),
            (Some(2), told)
        );
    }
    assert_eq!(
        fs::read_to_string(logs.path("audit.log")).unwrap(),
        history()
    );
    logs.said(&["all", "--output", "report.log"]);
    assert!(logs.path("report.log").exists());
}

#[test]
fn a_report_follows_no_link_to_where_others_want_it() {
    let logs = Logs::with(history());
    let plant =
        "ln -s victim .aegis-report-$$-0.tmp && exec \"$0\" audit-summary all --output report.txt";
    let written = Command::new("sh")
        .args(["-c", plant, env!("CARGO_BIN_EXE_aegis")])
        .current_dir(logs.0.path())
        .env_clear()
        .envs(crate::support::measured())
        .env("PATH", "/usr/bin:/bin")
        .env("AUDIT_LOG_PATH", "audit.log")
        .status();
    assert!(written.unwrap().success());
    assert!(logs.path("report.txt").exists());
    assert!(!logs.path("victim").exists());
}

#[test]
fn a_file_called_dash_is_standard_output() {
    let logs = Logs::with(history());
    let expected = logs.said(&["all", "--csv"]);
    assert_eq!(logs.said(&["all", "--csv", "--output", "-"]), expected);
    assert!(!logs.path("-").exists());
}

#[test]
fn a_report_that_is_replaced_is_read_by_nobody_else() {
    let logs = Logs::with(history());
    let report = logs.path("report.csv");
    fs::write(&report, "old").unwrap();
    for mode in [0o600, 0o664] {
        fs::set_permissions(&report, Permissions::from_mode(mode)).unwrap();
        logs.said(&["all", "--csv", "--output", "report.csv"]);
        let now = fs::metadata(&report).unwrap().permissions().mode();
        assert_eq!(now & 0o777, mode);
    }
}

#[test]
fn records_from_the_future_are_told_wherever_the_window_ends_now() {
    let line = |seq: u64, year: u64| {
        format!(
            "{{\"timestamp\": \"{year}-01-20T00:00:00.000Z\", \"event\": \"server_stopped\", \"reason\": \"SIGTERM\", \"seq\": {seq}, \"prev\": \"{seq:064x}\"}}\n"
        )
    };
    let logs = Logs::with(line(1, 2026) + &line(2, 9000));
    let told = "1 record is from the future: the clock was changed";
    for (window, is_told) in [
        (&["daily"][..], true),
        (&["--since", "7d"], true),
        (&["--since", "7d", "--until", "1d"], false),
    ] {
        assert_eq!(logs.said(window).contains(told), is_told, "{window:?}");
    }
    let next = Logs::with((4..7).map(|seq| line(seq, 9000)).collect::<String>());
    let before = (1..4).map(|seq| line(seq, 2026)).collect::<String>();
    fs::write(next.path("audit.log.1"), before).unwrap();
    for logs in [&logs, &next] {
        let output = logs.run(&["daily", "--fail-on", "later>0"]);
        assert_eq!(output.status.code(), Some(4));
    }
    let past = logs.json(&["--since", "7d", "--until", "1d"]);
    assert_eq!(past["log"]["later"], 0);
}

#[test]
fn a_chart_has_the_hour_in_which_its_window_has_just_begun_to_end() {
    let logs = Logs::with(
        "{\"timestamp\": \"2026-01-20T12:00:00.100Z\", \"event\": \"api_authentication\", \"status\": \"success\"}\n",
    );
    let window = ["--since", "2026-01-20T06:00:00Z", "--until"];
    let said = logs.said(&[&window[..], &["2026-01-20T12:00:00.500Z"]].concat());
    assert!(said.contains("By hour\n"), "{said}");
}

#[test]
fn a_chart_says_that_it_leaves_years_out() {
    let line = |year: u64| {
        format!(
            "{{\"timestamp\": \"{year}-01-20T00:00:00.000Z\", \"event\": \"api_authentication\", \"status\": \"success\"}}\n"
        )
    };
    let logs = Logs::with(line(2020) + &line(2026));
    assert!(logs.said(&["all"]).contains("By day, of one year only\n"));
    let logs = Logs::with(line(2026));
    assert!(logs.said(&["all"]).contains("By day\n"));
}

#[test]
fn a_bound_that_is_passed_is_told_and_is_4() {
    let logs = Logs::with(history());
    for (bounds, code) in [
        ("denied>296", Some(4)),
        ("denied>297", Some(0)),
        ("blocked>0", Some(4)),
        ("invalid>245,attempts>100000", Some(4)),
        ("invalid>246", Some(0)),
        ("breaks>0,gaps>0,cuts>0", Some(0)),
        ("errors>0", Some(4)),
        ("nothing>0", Some(2)),
        ("denied", Some(2)),
        ("", Some(2)),
    ] {
        let output = logs.run(&["all", "--fail-on", bounds]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), code, "{bounds}: {error}");
        // What was counted is said all the same.
        assert_eq!(output.stdout.is_empty(), code == Some(2), "{bounds}");
    }
    let output = logs.run(&["all", "--fail-on", "denied>100,blocked>0"]);
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: denied is 297, more than 100; blocked is 1, more than 0\n"
    );
}

#[test]
fn two_days_are_told_by_the_hour_and_more_by_the_day() {
    let logs = Logs::with(history());
    for (since, step) in [("48h", "hour"), ("2d", "hour"), ("2881m", "day")] {
        let summary = logs.json(&["--since", since]);
        assert_eq!(summary["timeline"]["step"], step, "{since}");
    }
}

#[test]
fn a_period_and_bounds_of_time_together_are_wrong_usage() {
    let logs = Logs::with("");
    for arguments in [
        &["weekly", "--since", "7d"][..],
        &["all", "--until", "2026-01-01"],
        &["--since", "yesterday"],
        &["--since", "1d", "--until", "2d"],
        &["--json", "--csv"],
        &["--html", "--json"],
        &["--csv", "--html"],
        &["hourly"],
        &["weekly", "reports"],
    ] {
        assert_eq!(logs.run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
