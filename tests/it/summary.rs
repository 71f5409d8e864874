//! `aegis audit-summary`: its figures, its forms, whatever the log holds.
use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use crate::cli::aegis;

/// Logs in a folder of their own.
struct Logs(tempfile::TempDir);

impl Logs {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(text: impl AsRef<[u8]>) -> Self {
        let logs = Self::new();
        fs::write(logs.path("audit.log"), text).unwrap();
        logs
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = aegis(&["audit-summary"]);
        command.args(arguments);
        command.env("AUDIT_LOG_PATH", self.path("audit.log"));
        command.current_dir(self.0.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What it prints, where it succeeds.
    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Each record of the golden file of the writer.
fn records() -> String {
    fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/records.jsonl"
    ))
    .unwrap()
}

#[test]
fn the_word_report_may_follow_and_a_week_is_the_default() {
    let logs = Logs::with("");
    for arguments in [&["weekly", "report"][..], &["weekly"], &["report"], &[]] {
        assert!(
            logs.said(arguments)
                .starts_with("=== Weekly Auth Summary ===\n\nTotal auth attempts:\n0\n\n"),
            "{arguments:?}"
        );
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
fn the_block_of_the_guide_is_letter_by_letter_what_its_script_prints() {
    let logs = Logs::with(records());
    let said = logs.said(&["all"]);
    let block = "=== Auth Summary ===\n\n\
                 Total auth attempts:\n1000002\n\n\
                 Successful:\n1\n\n\
                 Failed:\n1000001\n\n\
                 Rate limited IPs:\n1\n";
    assert!(said.starts_with(block), "{said}");
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
    let output = logs.run(&["--log", "nowhere.log"]);
    assert_eq!(output.status.code(), Some(2));
}
