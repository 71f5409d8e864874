//! `aegis audit-summary`: its figures, its forms, whatever the log holds.
mod figures; // what is counted is what was done
mod files; // which files are read, and how far
mod forms; // text, JSON, CSV, as they are written
mod hostile; // whatever a log may hold beside records
mod page; // the page for a browser
mod unread; // files that cannot be opened

use std::{
    fs,
    path::{Path, PathBuf},
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

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let said = self.said(&[&["--json"], arguments].concat());
        serde_json::from_str(&said).unwrap()
    }
}

/// A day of an office, and what happened in its night.
fn history() -> String {
    let mut lines = Vec::new();
    let mut write = |time: &str, event: &str, fields: &str| {
        let seq = lines.len() + 1;
        lines.push(format!(
            "{{\"timestamp\": \"2026-01-{time}Z\", \"event\": \"{event}\", {fields}, \"seq\": {seq}, \"prev\": \"{seq:064x}\"}}\n"
        ));
    };
    let office = ["203.0.113.7", "203.0.113.8", "2001:db8::5"];
    let keys = ["a1b2c3d4...e1f2", "0f0e0d0c...b0a0"];
    write(
        "20T09:00:00.000",
        "server_started",
        "\"version\": \"0.1.0\", \"instance\": \"0a0b0c0d\", \"auth\": \"enabled\", \"keys\": 2",
    );
    for day in 21..28_usize {
        for hour in 8..18 {
            let n = (day * 7 + hour * 3) % 11;
            for request in 0..=n {
                let (ip, key) = (office[request % 3], keys[request % 2]);
                let time = format!("{day}T{hour:02}:{request:02}:00.000");
                let id = format!("{:016x}", day * 10_000 + hour * 100 + request);
                write(
                    &time,
                    "api_authentication",
                    &format!(
                        "\"status\": \"success\", \"client_ip\": \"{ip}\", \"user_agent\": \"ChatGPT-User/1.0\", \"key_hint\": \"{key}\", \"method\": \"POST\", \"route\": \"/mcp\", \"key_source\": \"header\", \"request_id\": \"{id}\""
                    ),
                );
                let (operation, access) = [
                    ("issue.list", "read"),
                    ("file.get", "read"),
                    ("issue.create", "write"),
                ][(request + hour) % 3];
                write(
                    &time,
                    "tool_call",
                    &format!(
                        "\"phase\": \"started\", \"tool\": \"issue\", \"operation\": \"{operation}\", \"access\": \"{access}\", \"key_hint\": \"{key}\", \"client_ip\": \"{ip}\", \"arguments_digest\": \"{}\", \"arguments\": {{\"owner\":\"observatory\"}}, \"request_id\": \"{id}\", \"call\": 1",
                        "0".repeat(64)
                    ),
                );
                let outcome = if n == 10 && request == 3 {
                    "error"
                } else {
                    "ok"
                };
                write(
                    &time,
                    "tool_call",
                    &format!(
                        "\"phase\": \"finished\", \"tool\": \"issue\", \"operation\": \"{operation}\", \"access\": \"{access}\", \"key_hint\": \"{key}\", \"outcome\": \"{outcome}\", \"duration_ms\": {}, \"gitea_calls\": 1, \"gitea_status\": 200, \"answer_bytes\": {}, \"request_id\": \"{id}\", \"call\": 1",
                        10 + request * hour,
                        request * 1000 + hour
                    ),
                );
            }
        }
    }
    for n in 0..5 {
        write(
            &format!("28T02:00:0{n}.000"),
            "access_denied",
            &format!(
                "\"reason\": \"invalid_api_key\", \"client_ip\": \"198.51.100.9\", \"method\": \"GET\", \"route\": \"/mcp/tools\", \"key_source\": \"query\", \"request_id\": \"{n:016x}\", \"user_agent\": \"curl/8.5.0\", \"category\": \"api_authentication\""
            ),
        );
    }
    write(
        "28T02:00:04.000",
        "auth_rate_limit_exceeded",
        "\"client_ip\": \"198.51.100.9\", \"severity\": \"high\", \"failures\": 5, \"window_seconds\": 300, \"blocked_until\": \"2026-01-28T02:05:04.000Z\", \"request_id\": \"0000000000000004\"",
    );
    write(
        "28T02:05:05.000",
        "auth_rate_limit_summary",
        "\"client_ip\": \"198.51.100.9\", \"blocked_requests\": 41, \"first\": \"2026-01-28T02:00:05.000Z\", \"last\": \"2026-01-28T02:05:00.000Z\"",
    );
    write(
        "28T03:00:00.000",
        "auth_failures_aggregated",
        "\"count\": 250, \"invalid_keys\": 240, \"addresses\": 12, \"first\": \"2026-01-28T02:59:00.000Z\", \"last\": \"2026-01-28T03:00:00.000Z\"",
    );
    write(
        "28T04:00:00.000",
        "access_denied",
        "\"reason\": \"invalid_api_key\", \"client_ip\": \"203.0.113.8\", \"method\": \"POST\", \"route\": \"/mcp\", \"key_source\": \"header\", \"request_id\": \"0000000000000009\", \"credential_fp\": \"0011223344556677\", \"key_state\": \"retired\", \"key_hint\": \"deadbeef...0000\", \"user_agent\": \"ChatGPT-User/1.0\", \"category\": \"api_authentication\"",
    );
    lines.concat()
}

/// The window of [`history`].
const WEEK: [&str; 4] = ["--since", "2026-01-21", "--until", "2026-01-28"];

fn records() -> String {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/records.jsonl");
    fs::read_to_string(golden).unwrap()
}
