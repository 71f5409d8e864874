//! What a record costs, beside what it would cost without a chain or without a buffer.
#![allow(clippy::unwrap_used, reason = "a bench fails where it panics")]
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
use std::{
    fs::File,
    hint::black_box,
    io::{BufWriter, Write as _},
    net::Ipv4Addr,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use aegis::{
    audit::{AuditEvent, AuditLog, AuditSettings, DenialReason},
    caller::{KeySource, RequestIds},
};
use chrono::{DateTime, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use ring::digest::{SHA256, digest};
use serde::Serialize;

const PRODUCERS: u32 = 64;

fn log(folder: &tempfile::TempDir) -> AuditLog {
    AuditLog::open(AuditSettings::new(folder.path().join("audit.log"))).unwrap()
}

fn authenticated() -> AuditEvent<'static> {
    AuditEvent::Authenticated {
        client_ip: Ipv4Addr::new(203, 0, 113, 42).into(),
        user_agent: Some(b"ChatGPT-User/1.0"),
        key_hint: Some("a1b2c3d4...e1f2"),
        method: "POST",
        route: "/mcp",
        key_source: Some(KeySource::Header),
        request_id: RequestIds::new(1).next(),
    }
}

/// The same facts, as they would be written without a thought.
#[derive(Serialize)]
struct Plain<'a> {
    timestamp: DateTime<Utc>,
    event: &'a str,
    status: &'a str,
    client_ip: Ipv4Addr,
    user_agent: &'a str,
    key_hint: &'a str,
    method: &'a str,
    route: &'a str,
    key_source: &'a str,
    request_id: &'a str,
}

fn plain() -> Plain<'static> {
    Plain {
        timestamp: Utc::now(),
        event: "api_authentication",
        status: "success",
        client_ip: Ipv4Addr::new(203, 0, 113, 42),
        user_agent: "ChatGPT-User/1.0",
        key_hint: "a1b2c3d4...e1f2",
        method: "POST",
        route: "/mcp",
        key_source: "header",
        request_id: "0000000100000001",
    }
}

/// `rounds` records from [`PRODUCERS`] threads that do nothing else.
fn saturated(rounds: u64, record: impl Fn() + Sync) -> Duration {
    let each = rounds.div_ceil(u64::from(PRODUCERS));
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..PRODUCERS {
            scope.spawn(|| (0..each).for_each(|_| record()));
        }
    });
    start.elapsed()
}

fn records(bench: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let log = log(&folder);
    let record = || log.record(&authenticated()).unwrap();
    let buffered = Mutex::new(BufWriter::new(
        File::create(folder.path().join("buffered")).unwrap(),
    ));
    let flushed = || {
        let mut file = buffered.lock().unwrap();
        serde_json::to_writer(&mut *file, &plain()).unwrap();
        file.write_all(b"\n").unwrap();
        file.flush().unwrap();
    };
    let direct = Mutex::new(File::create(folder.path().join("direct")).unwrap());
    let unbuffered = || serde_json::to_writer(&mut *direct.lock().unwrap(), &plain()).unwrap();
    let line = serde_json::to_vec(&plain()).unwrap();
    let bare = Mutex::new(File::create(folder.path().join("bare")).unwrap());
    let write = || bare.lock().unwrap().write_all(&line).unwrap();

    let mut one = bench.benchmark_group("one producer");
    one.bench_function("record", |it| it.iter(record));
    one.bench_function("write of a line, no more", |it| it.iter(write));
    one.bench_function("BufWriter and flush, no chain", |it| it.iter(flushed));
    one.bench_function("to_writer(File), no chain", |it| it.iter(unbuffered));
    one.finish();

    let mut many = bench.benchmark_group("64 producers");
    many.bench_function("record", |it| {
        it.iter_custom(|rounds| saturated(rounds, record));
    });
    many.bench_function("BufWriter and flush, no chain", |it| {
        it.iter_custom(|rounds| saturated(rounds, flushed));
    });
    many.finish();
}

fn parts(bench: &mut Criterion) {
    let line = vec![b'x'; 400];
    bench.bench_function("chain: SHA-256 of a line", |it| {
        it.iter(|| digest(&SHA256, black_box(&line)));
    });
    let folder = tempfile::tempdir().unwrap();
    let log = log(&folder);
    let denied = AuditEvent::Denied {
        reason: DenialReason::InvalidApiKey,
        client_ip: Ipv4Addr::new(203, 0, 113, 42).into(),
        method: "GET",
        route: "/mcp/tools",
        key_source: Some(KeySource::Header),
        request_id: RequestIds::new(1).next(),
        offered: Some(b"0123456789abcdef0123456789abcdef"),
        user_agent: Some(b"curl/8.5.0"),
    };
    bench.bench_function("denial beyond the bounds", |it| {
        it.iter(|| log.record(&denied));
    });
}

criterion_group!(benches, records, parts);
criterion_main!(benches);
