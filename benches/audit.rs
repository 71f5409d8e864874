//! What a record costs, beside what it would cost without a chain, without a buffer, or synced one
//! by one. The table at the end holds the goals W1 to W4: each line is measured in turns in one run.
#![allow(clippy::unwrap_used, reason = "a bench fails where it panics")]
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
use std::{
    fs::File,
    hint::black_box,
    io::{BufWriter, Write as _},
    net::Ipv4Addr,
    num::NonZeroU64,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use aegis::{
    audit::{AuditEvent, AuditLog, AuditSettings, Checkpoints, DenialReason, Fsync, Rotation},
    caller::{KeySource, RequestIds},
};
use chrono::{DateTime, Utc};
use criterion::{Criterion, criterion_group};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

/// As `serve` keeps it.
fn log(folder: &tempfile::TempDir, fsync: Fsync) -> AuditLog {
    let settings = AuditSettings {
        fsync,
        checkpoints: Checkpoints {
            every: Some(Duration::from_mins(1)),
            records: NonZeroU64::new(1_000),
            file: Some(folder.path().join("checkpoints")),
            ..Checkpoints::default()
        },
        rotation: Rotation {
            size: NonZeroU64::new(100 << 20),
            keep: 2,
            ..Rotation::default()
        },
        ballast: true,
        ..AuditSettings::new(folder.path().join("audit.log"))
    };
    AuditLog::open(settings).unwrap()
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

/// Ways to keep a line, that of this program first.
struct Ways {
    folder: tempfile::TempDir,
    log: AuditLog,
    buffered: Mutex<BufWriter<File>>,
    direct: Mutex<File>,
}

impl Ways {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name| Mutex::new(File::create(folder.path().join(name)).unwrap());
        let buffered = BufWriter::new(File::create(folder.path().join("buffered")).unwrap());
        Self {
            log: log(&folder, Fsync::Interval),
            buffered: Mutex::new(buffered),
            direct: file("direct"),
            folder,
        }
    }

    fn record(&self) {
        self.log.record(&authenticated()).unwrap();
    }

    /// Unchained, through a buffer that is emptied after each line.
    fn flush(&self) {
        let mut file = self.buffered.lock().unwrap();
        serde_json::to_writer(&mut *file, &plain()).unwrap();
        file.write_all(b"\n").unwrap();
        file.flush().unwrap();
    }

    /// Unchained and unbuffered: a system call for each piece of a line.
    fn to_writer(&self) {
        serde_json::to_writer(&mut *self.direct.lock().unwrap(), &plain()).unwrap();
    }
}

fn one_producer(bench: &mut Criterion) {
    let ways = Ways::new();
    let line = serde_json::to_vec(&plain()).unwrap();
    let mut bare = File::create(ways.folder.path().join("bare")).unwrap();
    let mut group = bench.benchmark_group("one producer");
    group.bench_function("record", |it| it.iter(|| ways.record()));
    group.bench_function("write of a line, no more", |it| {
        it.iter(|| bare.write_all(&line).unwrap());
    });
    group.bench_function("BufWriter and flush, no chain", |it| {
        it.iter(|| ways.flush());
    });
    group.bench_function("to_writer(File), no chain", |it| {
        it.iter(|| ways.to_writer());
    });
    group.finish();
}

fn parts(bench: &mut Criterion) {
    let line = vec![b'x'; 400];
    bench.bench_function("chain: SHA-256 of a line", |it| {
        it.iter(|| digest(&SHA256, black_box(&line)));
    });
    let folder = tempfile::tempdir().unwrap();
    let log = log(&folder, Fsync::Off);
    let denied = AuditEvent::Denied {
        reason: DenialReason::InvalidApiKey,
        client_ip: Ipv4Addr::new(203, 0, 113, 42).into(),
        method: "GET",
        route: "/mcp/tools",
        key_source: Some(KeySource::Header),
        request_id: RequestIds::new(1).next(),
        offered: Some(b"0123456789abcdef0123456789abcdef"),
        former: None,
        user_agent: Some(b"curl/8.5.0"),
    };
    bench.bench_function("denial beyond the bounds", |it| {
        it.iter(|| log.record(&denied));
    });
}

/// How long single records took, in nanoseconds.
struct Times(Vec<u64>);

impl Times {
    /// The value that this part of a thousand does not exceed, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    fn at(&mut self, thousandth: usize) -> f64 {
        self.0.sort_unstable();
        let at = (self.0.len() * thousandth / 1_000).min(self.0.len() - 1);
        self.0[at] as f64 / 1_000.0
    }

    #[expect(clippy::cast_precision_loss, reason = "shown without digits")]
    fn a_second(&self, took: Duration) -> f64 {
        self.0.len() as f64 / took.as_secs_f64()
    }
}

/// Records from so many producers for a while, each of them so often in a second at most.
fn produce(
    producers: u32,
    each: Option<f64>,
    time: Duration,
    record: impl Fn() + Sync,
) -> (Times, Duration) {
    let start = Instant::now();
    let threads = |scope: &mut Vec<u64>, number: u32| {
        let pause = each.map(|each| Duration::from_secs_f64(1.0 / each));
        let mut next = start + pause.unwrap_or_default() * number / producers;
        while start.elapsed() < time {
            if let Some(pause) = pause {
                thread::sleep(next.saturating_duration_since(Instant::now()));
                next += pause;
            }
            let begun = Instant::now();
            record();
            scope.push(u64::try_from(begun.elapsed().as_nanos()).unwrap());
        }
    };
    let times = thread::scope(|scope| {
        let started = (0..producers).map(|number| {
            scope.spawn(move || {
                let mut times = Vec::new();
                threads(&mut times, number);
                times
            })
        });
        let started: Vec<_> = started.collect();
        let ended = started.into_iter().map(|it| it.join().unwrap());
        ended.collect::<Vec<_>>().concat()
    });
    (Times(times), start.elapsed())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Three turns of both ways: the medians of what `measure` says of each.
fn in_turns<const N: usize>(ways: [&dyn Fn() -> [f64; N]; 2]) -> [[f64; N]; 2] {
    let turns: Vec<_> = (0..3).map(|_| ways.map(|way| way())).collect();
    let of = |way: usize, value: usize| median(turns.iter().map(|it| it[way][value]).collect());
    [0, 1].map(|way| std::array::from_fn(|value| of(way, value)))
}

const TURN: Duration = Duration::from_secs(2);

fn table() {
    let mut out = std::io::stdout().lock();
    let ways = Ways::new();
    for producers in [16, 64] {
        let pace = Some(5_000.0 / f64::from(producers));
        let measure = |record: &(dyn Fn() + Sync)| {
            let (mut times, _) = produce(producers, pace, TURN, record);
            [times.at(500), times.at(990)]
        };
        let [ours, theirs] = in_turns([&|| measure(&|| ways.record()), &|| {
            measure(&|| ways.flush())
        }]);
        writeln!(
            out,
            "W1 5,000/s, {producers} producers: record p50 {:.1} us, p99 {:.1} us; BufWriter and flush p50 {:.1} us, p99 {:.1} us; ratios {:.2} and {:.2}",
            ours[0], ours[1], theirs[0], theirs[1], ours[0] / theirs[0], ours[1] / theirs[1]
        )
        .unwrap();
    }
    let rate = |record: &(dyn Fn() + Sync)| {
        let (times, took) = produce(64, None, TURN, record);
        [times.a_second(took)]
    };
    let [[ours], [flushed]] = in_turns([&|| rate(&|| ways.record()), &|| rate(&|| ways.flush())]);
    let [_, [direct]] = in_turns([&|| [0.0], &|| rate(&|| ways.to_writer())]);
    writeln!(
        out,
        "W2 saturated, 64 producers: record {ours:.0}/s, BufWriter and flush {flushed:.0}/s, to_writer(File) {direct:.0}/s; ratios {:.2} and {:.1}",
        ours / flushed, ours / direct
    )
    .unwrap();
    drop(ways);

    let folder = tempfile::tempdir().unwrap();
    let strict = log(&folder, Fsync::Each);
    let one_by_one = Mutex::new(File::create(folder.path().join("one by one")).unwrap());
    let line = serde_json::to_vec(&plain()).unwrap();
    let commit = || {
        thread_local!(static RUNTIME: Runtime = Builder::new_current_thread().build().unwrap());
        let recorded = strict.record(&authenticated()).unwrap();
        RUNTIME
            .with(|it| it.block_on(strict.committed(recorded)))
            .unwrap();
    };
    let sync = || {
        let mut file = one_by_one.lock().unwrap();
        file.write_all(&line).unwrap();
        file.sync_data().unwrap();
    };
    let measure = |record: &(dyn Fn() + Sync)| {
        let (mut times, took) = produce(64, None, TURN, record);
        [times.a_second(took), times.at(500), times.at(990)]
    };
    let [ours, theirs] = in_turns([&|| measure(&commit), &|| measure(&sync)]);
    writeln!(
        out,
        "W3 strict, 64 producers: {:.0}/s, p50 {:.0} us, p99 {:.0} us; fdatasync each {:.0}/s, p50 {:.0} us, p99 {:.0} us; ratios {:.1} and 1/{:.0}",
        ours[0], ours[1], ours[2], theirs[0], theirs[1], theirs[2],
        ours[0] / theirs[0], theirs[2] / ours[2]
    )
    .unwrap();

    let line = vec![b'x'; 300];
    let begun = Instant::now();
    for _ in 0..1_000_000 {
        black_box(digest(&SHA256, black_box(&line)));
    }
    let chain = begun.elapsed().as_secs_f64();
    writeln!(out, "W4 chain: {chain:.2} us a record of 300 bytes").unwrap();
}

criterion_group!(benches, one_producer, parts);

fn main() {
    benches();
    // Asked for a part by name, it is that part alone.
    if !std::env::args()
        .skip(1)
        .any(|argument| !argument.starts_with('-'))
    {
        table();
    }
}
