//! The audit log, from outside: what stands in the file.
mod chain; // goes on over starts, rotations and whatever a file ends with
mod checkpoints; // what the chain has come to, told elsewhere and sealed
mod elsewhere; // what else tells how a log ends, for `verify` and at the start
mod failures; // a file that may not grow, a log that may fail
mod flood; // denials beyond what is written singly
mod full; // disks that are full, in a namespace of their own
mod killed; // processes that are killed while they write
mod logrotate; // the real one
mod records; // the lines, letter by letter
mod rotation; // our own: closed files, compressed and gone
mod said; // aloud, for whoever reads what a server prints
mod syncs; // the way to the disk, and what follows where it fails
mod tail; // the newest records as people see them, over every rotation
mod uses; // what a log says of keys
mod verify; // whether a log is what was written, as an operator asks
mod watch; // a log that somebody cut, replaced, deleted, restored

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    thread,
    time::{Duration, Instant},
};

use aegis::{
    audit::{AuditEvent, AuditLog, AuditOpenError, AuditSettings, Clock, DenialReason},
    auth::{GateSettings, Gatekeeper},
    caller::{KeySource, RequestId, RequestIds},
    keys::{KeyRing, Metadata},
    redaction::Redaction,
    rights::{Access, Rights},
    secret::Secret,
};
use arc_swap::ArcSwap;
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

    /// What the closed files and the live one hold, one after the other.
    fn whole(&self) -> String {
        let closed = self.closed().into_iter().map(|path| unpacked(&path));
        closed.chain([self.text()]).collect()
    }

    /// What our own rotation closed, the oldest first.
    fn closed(&self) -> Vec<PathBuf> {
        let names = self.names().into_iter();
        let mut closed: Vec<_> = names.filter(|name| name.starts_with("audit-")).collect();
        let first = |name: &String| {
            let number = name.split(['-', '.']).nth(2).unwrap();
            number.parse::<u64>().unwrap()
        };
        closed.sort_by_key(first);
        let paths = closed.iter().map(|name| self.folder.path().join(name));
        paths.collect()
    }

    /// What stands in the folder.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names
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
    open_as(&settings(path, clock))
}

/// The same by settings of the test's own, for a log that may have been open a moment ago.
fn open_as(settings: &AuditSettings) -> AuditLog {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match AuditLog::open(settings.clone()) {
            // A process that another test starts has the lock too, until it is that other program.
            Err(AuditOpenError::Locked(_)) if Instant::now() < deadline => thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

/// A gate that writes to this log and lets nobody in.
fn gatekeeper(log: &Arc<AuditLog>) -> Gatekeeper {
    let ring = KeyRing::new([], &Metadata::default(), Rights::up_to(Access::Read));
    let ring = Arc::new(ArcSwap::from_pointee(ring));
    let redaction = Redaction::new(Secret::new(String::new()), Arc::clone(&ring));
    Gatekeeper::new(
        GateSettings::default(),
        ring,
        Arc::new(redaction),
        Arc::clone(log),
        Instant::now(),
    )
}

fn settings(path: &Path, clock: &Arc<AtomicU64>) -> AuditSettings {
    AuditSettings {
        clock: Clock::Manual(Arc::clone(clock)),
        ..AuditSettings::new(path.to_owned())
    }
}

/// What a file held before it was compressed, by the tools that people have.
fn unpacked(path: &Path) -> String {
    let program = match path.extension().and_then(|it| it.to_str()) {
        Some("gz") => "gzip",
        Some("zst") => "zstd",
        _ => return fs::read_to_string(path).unwrap(),
    };
    let output = std::process::Command::new(program)
        .args(["-dcq"])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", path.display());
    String::from_utf8(output.stdout).unwrap()
}

/// Asks until it is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed().as_secs() < 60, "not in a minute: {what}");
        thread::sleep(Duration::from_millis(2));
    }
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

/// Walks a chain over lines of which some were cut off by the end of a process: how many those are.
/// Each must be followed by a record that tells of it.
fn walk(text: &str) -> usize {
    assert!(text.ends_with('\n'));
    let (mut seq, mut prev, mut torn, mut told) = (0, "0".repeat(64), 0, 0);
    for line in text.lines() {
        if let Ok(record) = serde_json::from_str::<Value>(line) {
            seq += 1;
            assert_eq!(record["seq"], seq, "{line}");
            assert_eq!(record["prev"], prev, "{line}");
            told += usize::from(record["event"] == "audit_recovered");
        } else {
            torn += 1;
        }
        prev = sha256(line);
    }
    // Half a record that lacks its newline only is a record, and is told of too.
    assert!(torn <= told, "{torn} torn lines, {told} told");
    torn
}

fn request() -> RequestId {
    RequestIds::new(0x0a0b_0c0d).next()
}

fn stopped() -> AuditEvent<'static> {
    AuditEvent::ServerStopped { reason: "SIGTERM" }
}

/// Writes so many records.
fn grow(log: &AuditLog, records: usize) {
    for _ in 0..records {
        log.record(&stopped()).unwrap();
    }
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
        former: None,
        user_agent: Some(user_agent),
    }
}
