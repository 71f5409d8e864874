//! What the gate costs: a key found, a request let in, a failure counted in a full table.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench fails where it panics"
)]
use std::{
    hint::black_box,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    dev::RequestHead,
    http::header::{AUTHORIZATION, HeaderValue},
};
use aegis::{
    audit::{AuditLog, AuditSettings},
    auth::{Attempt, FailureLimiter, GateSettings, Gatekeeper, Knock},
    caller::RequestIds,
    keys::{ApiKey, KeyRing},
    rights::{Access, Rights},
};
use arc_swap::ArcSwap;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use futures_util::FutureExt as _;

fn keys(count: usize) -> Vec<ApiKey> {
    (0..count).map(|_| ApiKey::generate().unwrap()).collect()
}

fn find(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("find");
    for count in [10, 10_000] {
        let keys = keys(count);
        let ring = KeyRing::new(&keys, Rights::up_to(Access::Read));
        let known = keys[count / 2].expose().as_bytes();
        let wrong = [b'f'; 64];
        group.bench_function(BenchmarkId::new("hit", count), |bench| {
            bench.iter(|| ring.find(black_box(known)).is_some());
        });
        group.bench_function(BenchmarkId::new("miss", count), |bench| {
            bench.iter(|| ring.find(black_box(&wrong)).is_some());
        });
    }
}

fn admit(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let audit = AuditLog::open(AuditSettings::new(folder.path().join("audit.log")));
    let keys = keys(10);
    let ring = KeyRing::new(&keys, Rights::up_to(Access::Read));
    let gatekeeper = Gatekeeper::new(
        GateSettings::default(),
        Arc::new(ArcSwap::from_pointee(ring)),
        Arc::new(audit.unwrap()),
        Instant::now(),
    );
    let mut head = RequestHead::default();
    let bearer = format!("Bearer {}", keys[0].expose());
    head.headers
        .insert(AUTHORIZATION, HeaderValue::from_str(&bearer).unwrap());
    let ids = RequestIds::new(1);
    criterion.bench_function("admit", |bench| {
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

criterion_group!(benches, find, admit, fail);
criterion_main!(benches);
