//! The audit log, from outside: what stands in the file.
mod chain; // goes on over starts, rotations and whatever a file ends with
mod failures; // a full disk, a killed process
mod flood; // denials beyond what is written singly
mod records; // the lines, letter by letter

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
};

use aegis::{
    audit::{AuditEvent, AuditLog, AuditSettings, Clock, DenialReason, FailureMode},
    caller::{KeySource, RequestId, RequestIds},
};
use serde_json::Value;

const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 42));
/// 2026-01-29T12:34:56.789Z
const NOON: u64 = 1_769_690_096_789;

/// A folder of its own with a log that is written, and the hands of its clock.
struct Scene {
    folder: tempfile::TempDir,
    clock: Arc<AtomicU64>,
}

impl Scene {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(AtomicU64::new(NOON)),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("audit.log")
    }

    fn open(&self) -> AuditLog {
        open(&self.path(), &self.clock)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn events(&self) -> Vec<String> {
        let lines = values(&self.text());
        let events = lines.iter().map(|line| line["event"].as_str().unwrap());
        events.map(str::to_owned).collect()
    }
}

fn open(path: &Path, clock: &Arc<AtomicU64>) -> AuditLog {
    AuditLog::open(AuditSettings {
        path: path.to_owned(),
        mode: FailureMode::Block,
        clock: Clock::Manual(Arc::clone(clock)),
    })
    .unwrap()
}

fn values(text: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn sha256(line: &str) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, line.as_bytes()))
}

/// Walks a chain: each record has the next number and the hash of the line before it.
fn assert_chained(text: &str) {
    assert!(text.ends_with('\n'));
    let mut prev = "0".repeat(64);
    for (at, line) in text.lines().enumerate() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["seq"], at + 1, "{line}");
        assert_eq!(record["prev"], prev, "{line}");
        prev = sha256(line);
    }
}

fn request() -> RequestId {
    RequestIds::new(0x0a0b_0c0d).next()
}

fn stopped() -> AuditEvent<'static> {
    AuditEvent::ServerStopped { reason: "SIGTERM" }
}

fn authenticated(user_agent: &[u8]) -> AuditEvent<'_> {
    AuditEvent::Authenticated {
        client_ip: IP,
        user_agent: Some(user_agent),
        key_hint: Some("a1b2c3d4...e1f2"),
        method: "POST",
        route: "/mcp",
        key_source: Some(KeySource::Header),
        request_id: request(),
    }
}

fn denied(reason: DenialReason, client_ip: IpAddr, user_agent: &[u8]) -> AuditEvent<'_> {
    AuditEvent::Denied {
        reason,
        client_ip,
        method: "GET",
        route: "/mcp/tools",
        key_source: Some(KeySource::Query),
        request_id: request(),
        offered: None,
        user_agent: Some(user_agent),
    }
}
