//! From tables to the rows of a summary.
use std::{cmp::Reverse, collections::HashMap, net::IpAddr};

use chrono::DateTime;
use ipnet::IpNet;

use super::{
    AddressRow, DenialRow, EventRow, KeyRow, NetworkRow, OperationRow, Ranking, Totals,
    UserAgentRow,
    pruned::{Count, Pruned},
    tables::{self, Address, Key, Name, Operation, Times},
};
use crate::{
    audit::{CallOutcome, reader::Ip},
    sort,
};

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

pub(super) fn keys(table: Pruned<Name, Key>, top: usize) -> Ranking<KeyRow> {
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
        last_address: key.last.and_then(|(_, address)| address).map(Ip::address),
        missed_at_most,
    };
    ranking(table, top, row, |row| {
        let count = row.requests + row.calls + row.refused_as_retired;
        (Reverse(count), row.key_hint.clone())
    })
}

pub(super) fn addresses(
    table: Pruned<Ip, Address>,
    top: usize,
) -> (Ranking<AddressRow>, Vec<NetworkRow>) {
    let row = |ip: Ip, address: Address, missed_at_most| {
        let ip = ip.address();
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

pub(super) fn user_agents(
    table: Pruned<Name, tables::Client>,
    top: usize,
) -> Ranking<UserAgentRow> {
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

pub(super) fn operations(table: Pruned<Name, Operation>, top: usize) -> Ranking<OperationRow> {
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

pub(super) fn denials(totals: &Totals, table: Pruned<Name, Times>) -> Vec<DenialRow> {
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

pub(super) fn events(table: Pruned<Name, Times>) -> Vec<EventRow> {
    let rows = counted(table).into_iter();
    rows.map(|(event, count)| EventRow { event, count })
        .collect()
}
