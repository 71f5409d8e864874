//! What a line of the log costs to read, and a log to sum up.
#![allow(clippy::unwrap_used, reason = "a bench fails where it panics")]
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
use std::{hint::black_box, sync::atomic::AtomicU64};

use aegis::audit::{
    reader::{self, Line},
    summary::{Effort, Period, Window, summarize},
};
use chrono::DateTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Every record that the writer writes.
const RECORDS: &str = include_str!("../tests/golden/records.jsonl");

/// The three that a log is made of.
fn usual() -> Vec<&'static str> {
    let is_usual = |line: &&str| {
        [
            "\"status\": \"success\"",
            "\"phase\": \"started\"",
            "\"phase\": \"finished\"",
        ]
        .iter()
        .any(|word| line.contains(word))
    };
    RECORDS.lines().filter(is_usual).take(3).collect()
}

fn lines(bench: &mut Criterion) {
    let lines = usual();
    let bytes = lines.iter().map(|line| line.len() as u64 + 1).sum();
    let mut group = bench.benchmark_group("three lines");
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("as our writer writes them", |it| {
        it.iter(|| {
            for line in &lines {
                black_box(Line::of(black_box(line.as_bytes())).unwrap());
            }
        });
    });
    group.bench_function("as anybody may write them", |it| {
        it.iter(|| {
            for line in &lines {
                black_box(Line::read(black_box(line.as_bytes())).unwrap());
            }
        });
    });
    group.finish();
}

fn logs(bench: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let text = (usual().join("\n") + "\n").repeat(20_000);
    std::fs::write(&path, &text).unwrap();
    let logs = reader::find(&[path]).unwrap();
    let window = Window::rolling(Period::All, DateTime::UNIX_EPOCH);
    let mut group = bench.benchmark_group("60,000 records");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.sample_size(20);
    for threads in [1, 2] {
        let effort = Effort { threads, top: 10 };
        group.bench_function(format!("{threads} threads"), |it| {
            it.iter(|| summarize(&logs, &window, effort, &AtomicU64::new(0)));
        });
    }
    group.finish();
}

criterion_group!(benches, lines, logs);
criterion_main!(benches);
