//! What every form for people tells in tables, and in which words.
use super::{cell::Cell, shown::grouped};
use crate::audit::summary::{CallRow, Ranking, Summary, Totals};

/// A table, and what is said above it.
pub(super) struct Section<'s> {
    pub(super) name: &'static str,
    /// How many there are, and how many of them are rows where those are fewer: `12, the first 10`.
    pub(super) count: Option<String>,
    /// How far its figures may be off.
    pub(super) note: Option<String>,
    /// A head that begins with `<` is that of a column of texts.
    pub(super) heads: &'static [&'static str],
    pub(super) rows: Vec<Vec<Cell<'s>>>,
}

/// What something is called, and how it is counted.
pub(super) type Figure<T> = (&'static str, fn(&T) -> u64);

/// All that is counted of everything together, against the window before where there is one.
pub(super) fn totals(summary: &Summary) -> Section<'_> {
    let figures: [Figure<Totals>; 13] = [
        ("Auth attempts", |it| it.attempts),
        ("Successful", |it| it.successful),
        ("Failed", |it| it.failed),
        ("Refused for any reason", |it| it.denied),
        ("Requests while blocked", |it| it.blocked_requests),
        ("Blocks", |it| it.rate_limit_events),
        ("Retired keys tried", |it| it.retired_keys),
        ("Without authentication", |it| it.unauthenticated),
        ("Calls", |it| it.calls),
        ("Calls that change something", |it| it.writes),
        ("Calls that delete", |it| it.destroys),
        ("Calls refused", |it| it.refused),
        ("Calls that failed", |it| it.errors),
    ];
    let before = summary.before.as_ref();
    let (name, heads): (_, &[_]) = if before.is_some() {
        (
            "Against the period before",
            &["<", "now", "before", "change"],
        )
    } else {
        ("In all", &["<", "count"])
    };
    let rows = figures.iter().filter_map(|(name, count)| {
        let (now, before) = (count(&summary.totals), before.map(count));
        if now == 0 && before.unwrap_or(0) == 0 {
            return None;
        }
        let mut row = vec![Cell::Words((*name).to_owned()), Cell::Count(now)];
        if let Some(before) = before {
            row.extend([Cell::Count(before), Cell::Change(now, before)]);
        }
        Some(row)
    });
    Section {
        name,
        count: None,
        note: None,
        heads,
        rows: rows.collect(),
    }
}

/// What is told by name, in its order, without what there is none of. Of networks and single calls
/// `few` are told, of the rest as many as were asked for.
pub(super) fn named(summary: &Summary, top: usize, few: usize) -> Vec<Section<'_>> {
    let mut sections = vec![
        keys(summary),
        addresses(summary),
        networks(summary, few),
        user_agents(summary),
        operations(summary),
        reasons(summary, top),
        calls("Slowest calls", &summary.slowest, few),
        calls("Largest answers", &summary.largest, few),
        events(summary, top),
    ];
    sections.retain(|section| !section.rows.is_empty());
    sections
}

fn ranked<'s, T>(
    name: &'static str,
    ranking: &'s Ranking<T>,
    heads: &'static [&'static str],
    row: impl Fn(&'s T) -> Vec<Cell<'s>>,
) -> Section<'s> {
    let about = if ranking.estimated { "about " } else { "" };
    let all = format!("{about}{}", grouped(ranking.distinct));
    let note = (ranking.missed_at_most > 0).then(|| {
        format!(
            "too many to count each: up to {} of one may be missing",
            grouped(ranking.missed_at_most)
        )
    });
    Section {
        name,
        count: Some(first(all, ranking.distinct, ranking.rows.len())),
        note,
        heads,
        rows: ranking.rows.iter().map(row).collect(),
    }
}

/// What is not among the first ones is said to be left out.
fn first(all: String, distinct: u64, shown: usize) -> String {
    if distinct > shown as u64 {
        format!("{all}, the first {}", grouped(shown as u64))
    } else {
        all
    }
}

fn keys(summary: &Summary) -> Section<'_> {
    let heads = &[
        "<label",
        "<hint",
        "let in",
        "calls",
        "writes",
        "failed",
        "last used",
    ];
    ranked("Keys", &summary.keys, heads, |row| {
        let last = match row.last_used {
            _ if row.refused_as_retired > 0 => Cell::Words(format!(
                "retired, tried {}",
                grouped(row.refused_as_retired)
            )),
            Some(time) => Cell::Time(time),
            None => Cell::Nothing,
        };
        vec![
            row.label.clone().map_or(Cell::Nothing, Cell::Words),
            Cell::Logged(&row.key_hint),
            Cell::Count(row.requests),
            Cell::Count(row.calls),
            Cell::Count(row.writes),
            Cell::Count(row.errors),
            last,
        ]
    })
}

fn addresses(summary: &Summary) -> Section<'_> {
    let heads = &[
        "<address", "<network", "let in", "failed", "refused", "blocks",
    ];
    ranked("Addresses", &summary.addresses, heads, |row| {
        vec![
            Cell::Words(row.address.to_string()),
            Cell::Logged(&row.network),
            Cell::Count(row.successful),
            Cell::Count(row.failed),
            Cell::Count(row.denied.saturating_add(row.blocked_requests)),
            Cell::Count(row.blocks),
        ]
    })
}

fn networks(summary: &Summary, few: usize) -> Section<'_> {
    let rows = summary.networks.iter().take(few).map(|row| {
        vec![
            Cell::Logged(&row.network),
            Cell::Count(row.addresses),
            Cell::Count(row.successful),
            Cell::Count(row.failed),
            Cell::Count(row.denied.saturating_add(row.blocked_requests)),
            Cell::Count(row.blocks),
        ]
    });
    Section {
        name: "Networks with several addresses",
        count: None,
        note: None,
        heads: &[
            "<network",
            "addresses",
            "let in",
            "failed",
            "refused",
            "blocks",
        ],
        rows: rows.collect(),
    }
}

fn user_agents(summary: &Summary) -> Section<'_> {
    let heads = &["<user agent", "let in", "refused"];
    ranked("Clients", &summary.user_agents, heads, |row| {
        vec![
            Cell::Logged(&row.user_agent),
            Cell::Count(row.successful),
            Cell::Count(row.denied),
        ]
    })
}

fn operations(summary: &Summary) -> Section<'_> {
    let heads = &[
        "<operation",
        "<access",
        "calls",
        "failed",
        "rate",
        "p50",
        "p99",
        "longest",
    ];
    ranked("Operations", &summary.operations, heads, |row| {
        let took = |millis: Option<u64>| millis.map_or(Cell::Nothing, Cell::Millis);
        vec![
            Cell::Logged(&row.operation),
            row.access
                .map_or(Cell::Nothing, |it| Cell::Words(it.as_str().to_owned())),
            Cell::Count(row.calls),
            Cell::Count(row.errors),
            Cell::Share(row.error_rate),
            took(row.p50_ms),
            took(row.p99_ms),
            took(row.longest_ms),
        ]
    })
}

fn reasons(summary: &Summary, top: usize) -> Section<'_> {
    let rows = summary.denials.iter().map(|row| {
        let reason = match &*row.reason {
            "aggregated" => Cell::Words("too many to record each".to_owned()),
            "blocked" => Cell::Words("its address was blocked".to_owned()),
            reason => Cell::Logged(reason),
        };
        vec![reason, Cell::Count(row.count)]
    });
    counted("Refused, and why", &["<reason", "count"], rows, top)
}

fn events(summary: &Summary, top: usize) -> Section<'_> {
    let rows = summary
        .events
        .iter()
        .map(|row| vec![Cell::Logged(&row.event), Cell::Count(row.count)]);
    counted("Other records", &["<event", "count"], rows, top)
}

/// Twice as many as were asked for: those that a server writes are all among them.
fn counted<'s>(
    name: &'static str,
    heads: &'static [&'static str],
    rows: impl ExactSizeIterator<Item = Vec<Cell<'s>>>,
    top: usize,
) -> Section<'s> {
    let (all, most) = (rows.len() as u64, 2 * top);
    Section {
        name,
        count: (all > most as u64).then(|| first(grouped(all), all, most)),
        note: None,
        heads,
        rows: rows.take(most).collect(),
    }
}

fn calls<'s>(name: &'static str, calls: &'s [CallRow], few: usize) -> Section<'s> {
    let rows = calls.iter().take(few).map(|call| {
        vec![
            Cell::Logged(&call.operation),
            call.duration_ms.map_or(Cell::Nothing, Cell::Millis),
            call.answer_bytes.map_or(Cell::Nothing, Cell::Bytes),
            call.key_hint.as_deref().map_or(Cell::Nothing, Cell::Logged),
            Cell::Time(call.time),
        ]
    });
    Section {
        name,
        count: None,
        note: None,
        heads: &["<operation", "took", "answer", "<key", "<ended"],
        rows: rows.collect(),
    }
}
