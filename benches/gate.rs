//! What the gate costs: a key found, many keys read, a request let in, a failure counted in a full table.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench fails where it panics"
)]
use std::{
    hint::black_box,
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU64,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    dev::RequestHead,
    http::header::{AUTHORIZATION, HeaderValue},
};
use aegis::{
    audit::{AuditLog, AuditSettings, Checkpoints, Fsync, Rotation},
    auth::{Attempt, FailureLimiter, GateSettings, Gatekeeper, Knock},
    caller::RequestIds,
    keys::{ApiKey, Found, KeyEntry, KeyList, KeyRing, Metadata},
    redaction::Redaction,
    rights::{Access, Rights},
    secret::Secret,
};
use arc_swap::ArcSwap;
use chrono::Utc;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use futures_util::FutureExt as _;

fn keys(count: usize) -> Vec<ApiKey> {
    (0..count).map(|_| ApiKey::generate().unwrap()).collect()
}

/// As keys are written down of which nobody can read more than the digest.
fn ring(keys: &[ApiKey]) -> KeyRing {
    let hashed: Vec<_> = keys.iter().map(|key| KeyEntry::hashed(&key.id())).collect();
    KeyRing::new(&hashed, &Metadata::default(), Rights::up_to(Access::Read))
}

fn is_in_force(ring: &KeyRing, offered: &[u8]) -> bool {
    matches!(ring.find(offered, Utc::now()), Found::InForce(_))
}

fn find(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("find");
    for count in [10, 10_000] {
        let keys = keys(count);
        let ring = ring(&keys);
        let known = keys[count / 2].expose().as_bytes();
        let wrong = [b'f'; 64];
        group.bench_function(BenchmarkId::new("hit", count), |bench| {
            bench.iter(|| is_in_force(&ring, black_box(known)));
        });
        group.bench_function(BenchmarkId::new("miss", count), |bench| {
            bench.iter(|| is_in_force(&ring, black_box(&wrong)));
        });
    }
}

/// What a reload of many keys costs: on a thread of its own, beside the requests.
fn read(criterion: &mut Criterion) {
    let entries: Vec<_> = keys(10_000)
        .iter()
        .map(|key| key.id().hashed_entry())
        .collect();
    let text = entries.join(",");
    let nothing = Metadata::default();
    criterion.bench_function("read 10,000 hashed keys", |bench| {
        bench.iter(|| {
            let list = KeyList::parse(black_box(&text));
            KeyRing::new(&list.keys, &nothing, Rights::up_to(Access::Read))
        });
    });
}

/// With a log and nothing beside it, and with one as `serve` keeps it.
fn admit(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let bare = AuditSettings::new(folder.path().join("bare.log"));
    let kept = AuditSettings {
        fsync: Fsync::Interval,
        checkpoints: Checkpoints {
            every: Some(Duration::from_mins(1)),
            records: NonZeroU64::new(1_000),
            file: Some(folder.path().join("checkpoints")),
            ..Checkpoints::default()
        },
        rotation: Rotation {
            size: NonZeroU64::new(100 << 20),
            keep: 1,
            ..Rotation::default()
        },
        ballast: true,
        ..AuditSettings::new(folder.path().join("kept.log"))
    };
    admit_with(criterion, "admit", bare);
    admit_with(criterion, "admit, log kept as by serve", kept);
}

fn admit_with(criterion: &mut Criterion, name: &str, settings: AuditSettings) {
    let audit = AuditLog::open(settings);
    let keys = keys(10);
    let ring = Arc::new(ArcSwap::from_pointee(ring(&keys)));
    let redaction = Redaction::new(Secret::new("a-token".to_owned()), Arc::clone(&ring));
    let gatekeeper = Gatekeeper::new(
        GateSettings::default(),
        ring,
        Arc::new(redaction),
        Arc::new(audit.unwrap()),
        Instant::now(),
    );
    let mut head = RequestHead::default();
    let bearer = format!("Bearer {}", keys[0].expose());
    head.headers
        .insert(AUTHORIZATION, HeaderValue::from_str(&bearer).unwrap());
    let ids = RequestIds::new(1);
    criterion.bench_function(name, |bench| {
        bench.iter(|| {
            let knock = Knock {
                head: &head,
                route: "/mcp",
                key_in_query: false,
                client_ip: Ipv4Addr::LOCALHOST.into(),
                request_id: ids.next(),
            };
            let admitted = gatekeeper.admit(&knock, Instant::now());
            admitted.now_or_never().unwrap().unwrap()
        });
    });
}

fn fail(criterion: &mut Criterion) {
    let mut number = 0_u32;
    let mut stranger = || {
        number = number.wrapping_add(0x9e37_79b9);
        IpAddr::from(Ipv4Addr::from_bits(number))
    };
    let now = Instant::now();
    let limiter = FailureLimiter::new(5, Duration::from_mins(5), now);
    for _ in 0..1_000_000 {
        let _ = limiter
            .ask(stranger(), Attempt::WrongKey, now)
            .now_or_never();
    }
    criterion.bench_function("fail in a full table", |bench| {
        bench.iter(|| {
            limiter
                .ask(stranger(), Attempt::WrongKey, now)
                .now_or_never()
        });
    });
}

criterion_group!(benches, find, read, admit, fail);
criterion_main!(benches);
