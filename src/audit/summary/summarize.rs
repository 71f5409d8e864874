//! From logs to their summary.
use std::{io, sync::atomic::AtomicU64};

use chrono::{DateTime, TimeDelta};

use super::{
    LogState, Malformed, Step, Summary, Window, chain,
    count::{Counter, Lines, Scope},
    rankings::{addresses, denials, events, keys, operations, user_agents},
};
use crate::audit::reader::{self, Log};

/// Up to this length a window is told by the hour: two days, and the moment at which it is asked.
const HOURS: TimeDelta = TimeDelta::milliseconds(48 * 3_600_000 + 1);

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
        is_to_end: source.is_to_end(),
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
