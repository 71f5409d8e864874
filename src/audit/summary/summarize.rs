//! From logs to their summary.
use std::{cmp::Reverse, collections::HashMap, io, net::IpAddr, sync::atomic::AtomicU64};

use chrono::{DateTime, TimeDelta};
use ipnet::IpNet;

use super::{
    AddressRow, DenialRow, EventRow, KeyRow, LogState, Malformed, NetworkRow, OperationRow,
    Ranking, Step, Summary, Totals, UserAgentRow, Window, chain,
    count::{Counter, Lines, Scope},
    pruned::{Count, Pruned},
    tables::{self, Address, Key, Name, Operation, Times},
};
use crate::{
    audit::{
        CallOutcome,
        reader::{self, Log},
    },
    sort,
};

/// Up to this length a window is told by the hour.
const HOURS: TimeDelta = TimeDelta::hours(48);

/// How a summary is made.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    pub threads: usize,
    /// So many rows of a kind, at most.
    pub top: usize,
}

/// Sums up what logs say of a window, and of the one before. `progress` counts the bytes that were
/// read. What cannot be read to its end is told in the summary; the rest is right.
pub fn summarize(logs: &[Log], window: &Window, effort: Effort, progress: &AtomicU64) -> Summary {
    let (from, until) = window.millis();
    let before = window.before();
    let is_short = window
        .from
        .zip(window.until)
        .is_some_and(|(from, until)| until - from <= HOURS);
    let scope = Scope {
        before: before.map_or(from, |before| before.millis().0),
        from,
        until,
        step: if is_short { Step::Hour } else { Step::Day },
        hasher: foldhash::quality::RandomState::default(),
    };
    // What is later than now is told, so no file is left out for that.
    let until = if window.until_now { i64::MAX } else { until };
    let sources = reader::sources(logs, scope.before, until);
    let pieces = reader::pieces(&sources);
    let new = || Counter::new(&scope);
    let (counters, faults) = reader::read(&sources, &pieces, effort.threads, progress, new);
    let mut counters = counters.into_iter();
    let mut all = counters.next().unwrap_or_else(new);
    counters.for_each(|counter| all.merge(counter));

    let files: Vec<_> = logs
        .iter()
        .map(|log| log.path.display().to_string())
        .collect();
    let totals = all.sums.totals();
    let (timeline, hours) = all.slots.finish(all.sums.are_blocked_singly());
    let families: Vec<_> = logs.iter().map(Log::family).collect();
    let numbered = files.iter().zip(&families).zip(&sources);
    let numbered = numbered.map(|((path, family), source)| chain::File {
        path,
        family,
        is_from_start: source.is_from_start(),
    });
    let (breaks, broken_at) = all.chain.finish(&numbered.collect::<Vec<_>>());
    let denials = denials(&totals, all.tables.reasons);
    let addresses = addresses(all.tables.addresses, effort.top);
    Summary {
        version: Summary::VERSION,
        period: window.period,
        from: window.from,
        until: window.until,
        until_now: window.until_now,
        before: before.map(|_| all.before.totals()),
        timeline,
        hours,
        networks: addresses.1,
        addresses: addresses.0,
        keys: keys(all.tables.keys, effort.top),
        user_agents: user_agents(all.tables.user_agents, effort.top),
        operations: operations(all.tables.operations, effort.top),
        denials,
        events: events(all.tables.events),
        slowest: all.tables.slowest.finish(),
        largest: all.tables.largest.finish(),
        log: LogState {
            breaks,
            broken_at,
            unreadable: faults
                .into_iter()
                .map(|(source, error)| unreadable(&files, source, &error))
                .collect(),
            later: if window.until_now { all.log.later } else { 0 },
            ..log_state(&all.log, &files)
        },
        totals,
    }
}

fn unreadable(files: &[String], source: usize, error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => error.to_string(),
    };
    format!("{}: {why}", files[source])
}

fn log_state(lines: &Lines, files: &[String]) -> LogState {
    let time = |millis| DateTime::from_timestamp_millis(millis);
    let first = lines.first_malformed;
    LogState {
        files: files.to_vec(),
        records: lines.records,
        first: lines.span.and_then(|(first, _)| time(first)),
        last: lines.span.and_then(|(_, last)| time(last)),
        gaps: lines.gaps,
        lost: lines.lost,
        unnumbered: lines.unnumbered,
        malformed: Malformed {
            first: first.map(|(_, source, offset)| format!("{}, byte {offset}", files[source])),
            ..lines.malformed.clone()
        },
        torn: lines.torn,
        ..LogState::default()
    }
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// The rows of a table, the most frequent first, equals by their name.
fn ranking<K, C, T, O>(
    table: Pruned<K, C>,
    top: usize,
    row: impl Fn(K, C, u64) -> T,
    key: impl Fn(&T) -> O,
) -> Ranking<T>
where
    K: Eq + std::hash::Hash,
    C: Count,
    O: Ord,
{
    let (distinct, estimated) = table.distinct();
    let missed_at_most = table.missed();
    let mut rows: Vec<_> = table
        .into_rows()
        .map(|(name, count, missed)| row(name, count, missed))
        .collect();
    sort::by_cached_key(&mut rows, key);
    rows.truncate(top);
    Ranking {
        rows,
        distinct,
        estimated,
        missed_at_most,
    }
}

fn keys(table: Pruned<Name, Key>, top: usize) -> Ranking<KeyRow> {
    let row = |name: Name, key: Key, missed_at_most| KeyRow {
        key_hint: text(&name),
        label: None,
        requests: key.requests,
        calls: key.calls,
        writes: key.writes,
        errors: key.errors,
        refused_as_retired: key.retired,
        last_used: key
            .last
            .and_then(|(millis, _)| DateTime::from_timestamp_millis(millis)),
        last_address: key.last.and_then(|(_, address)| address),
        missed_at_most,
    };
    ranking(table, top, row, |row| {
        let count = row.requests + row.calls + row.refused_as_retired;
        (Reverse(count), row.key_hint.clone())
    })
}

fn addresses(table: Pruned<u128, Address>, top: usize) -> (Ranking<AddressRow>, Vec<NetworkRow>) {
    let row = |bits, address: Address, missed_at_most| {
        let ip = tables::address(bits);
        AddressRow {
            address: ip,
            network: network(ip).to_string(),
            successful: address.successful,
            failed: address.failed,
            denied: address.denied,
            blocks: address.blocks,
            blocked_requests: address.blocked_singly.max(address.blocked),
            last_seen: address
                .last
                .and_then(DateTime::from_timestamp_millis)
                .unwrap_or_default(),
            missed_at_most,
        }
    };
    // Who was refused most is asked for first.
    let mut all = ranking(table, usize::MAX, row, |row| {
        let refused = row.denied.saturating_add(row.blocked_requests);
        (Reverse((refused, row.blocks, row.successful)), row.address)
    });
    let networks = networks(&all.rows, top);
    all.rows.truncate(top);
    (all, networks)
}

fn network(address: IpAddr) -> IpNet {
    let length = if address.is_ipv4() { 24 } else { 64 };
    IpNet::new(address, length).map_or_else(|_| address.into(), |it| it.trunc())
}

fn networks(rows: &[AddressRow], top: usize) -> Vec<NetworkRow> {
    let mut networks: HashMap<&str, NetworkRow> = HashMap::new();
    for row in rows {
        let sum = networks.entry(&row.network).or_insert_with(|| NetworkRow {
            network: row.network.clone(),
            addresses: 0,
            successful: 0,
            failed: 0,
            denied: 0,
            blocks: 0,
            blocked_requests: 0,
        });
        sum.addresses += 1;
        sum.successful += row.successful;
        sum.failed += row.failed;
        sum.denied += row.denied;
        sum.blocks += row.blocks;
        sum.blocked_requests = sum.blocked_requests.saturating_add(row.blocked_requests);
    }
    let mut networks: Vec<_> = networks
        .into_values()
        .filter(|it| it.addresses > 1)
        .collect();
    sort::by_cached_key(&mut networks, |row| {
        let refused = row.denied.saturating_add(row.blocked_requests);
        (
            Reverse((refused, row.blocks, row.successful)),
            row.network.clone(),
        )
    });
    networks.truncate(top);
    networks
}

fn user_agents(table: Pruned<Name, tables::Client>, top: usize) -> Ranking<UserAgentRow> {
    let row = |name: Name, client: tables::Client, missed_at_most| UserAgentRow {
        user_agent: text(&name),
        successful: client.successful,
        denied: client.denied,
        missed_at_most,
    };
    ranking(table, top, row, |row| {
        (Reverse(row.successful + row.denied), row.user_agent.clone())
    })
}

fn operations(table: Pruned<Name, Operation>, top: usize) -> Ranking<OperationRow> {
    let row = |name: Name, operation: Operation, missed_at_most| {
        let of = |outcome| operation.outcomes[outcome as usize];
        let ended: u64 = operation.outcomes.iter().sum();
        let errors = of(CallOutcome::Error);
        OperationRow {
            operation: text(&name),
            access: operation.access,
            calls: operation.calls,
            ok: of(CallOutcome::Ok),
            errors,
            refused: of(CallOutcome::Refused),
            cancelled: of(CallOutcome::Cancelled),
            abandoned: of(CallOutcome::Abandoned),
            error_rate: share(errors, ended),
            p50_ms: operation.durations.percentile(50),
            p99_ms: operation.durations.percentile(99),
            longest_ms: operation.durations.longest(),
            answer_bytes: operation.answer_bytes,
            missed_at_most,
        }
    };
    ranking(table, top, row, |row| {
        let ended = row.ok + row.errors + row.refused + row.cancelled + row.abandoned;
        (Reverse(row.calls.max(ended)), row.operation.clone())
    })
}

#[expect(clippy::cast_precision_loss, reason = "a rate is for the eye")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn counted(table: Pruned<Name, Times>) -> Vec<(String, u64)> {
    let rows = table
        .into_rows()
        .map(|(name, times, _)| (text(&name), times.0));
    let mut rows: Vec<_> = rows.collect();
    sort::by(&mut rows, |one, other| {
        (other.1, &one.0).cmp(&(one.1, &other.0))
    });
    rows
}

fn denials(totals: &Totals, table: Pruned<Name, Times>) -> Vec<DenialRow> {
    let singly = counted(table)
        .into_iter()
        .filter(|(reason, _)| reason != "rate_limited");
    let more = [
        ("aggregated".to_owned(), totals.aggregated),
        ("blocked".to_owned(), totals.blocked_requests),
    ];
    let all = singly.chain(more).filter(|(_, count)| *count > 0);
    all.map(|(reason, count)| DenialRow { reason, count })
        .collect()
}

fn events(table: Pruned<Name, Times>) -> Vec<EventRow> {
    let rows = counted(table).into_iter();
    rows.map(|(event, count)| EventRow { event, count })
        .collect()
}
