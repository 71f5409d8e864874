//! From tables to the rows of a summary.
use std::{collections::HashMap, hash::Hash, net::IpAddr};

use chrono::DateTime;
use foldhash::fast::RandomState;
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

/// The first rows of a table: those with most of what is `asked` for, equals by their name.
fn ranking<K, C, T, O>(
    table: Pruned<K, C>,
    top: usize,
    asked: impl Fn(&C) -> O,
    row: impl Fn(K, C, u64) -> T,
) -> Ranking<T>
where
    K: Eq + Hash + Ord,
    C: Count,
    O: Ord,
{
    let (distinct, estimated) = table.distinct();
    let missed_at_most = table.missed();
    let mut rows: Vec<_> = table.into_rows().collect();
    sort::first_by(&mut rows, top, |one, other| {
        let most_first = asked(&other.1).cmp(&asked(&one.1));
        most_first.then_with(|| one.0.cmp(&other.0))
    });
    let rows = rows.into_iter();
    Ranking {
        rows: rows
            .map(|(name, count, missed)| row(name, count, missed))
            .collect(),
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
    ranking(
        table,
        top,
        |key| key.requests + key.calls + key.retired,
        row,
    )
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
            blocked_requests: address.blocked_requests(),
            last_seen: address
                .last
                .and_then(DateTime::from_timestamp_millis)
                .unwrap_or_default(),
            missed_at_most,
        }
    };
    let networks = networks(&table, top);
    (ranking(table, top, Address::refused_most, row), networks)
}

fn network(address: IpAddr) -> IpNet {
    let length = if address.is_ipv4() { 24 } else { 64 };
    IpNet::new(address, length).map_or_else(|_| address.into(), |it| it.trunc())
}

fn networks(table: &Pruned<Ip, Address>, top: usize) -> Vec<NetworkRow> {
    let mut networks: HashMap<_, (u64, Address), _> = HashMap::with_hasher(RandomState::default());
    for (ip, address) in table.rows() {
        let (addresses, sum) = networks.entry(network(ip.address())).or_default();
        *addresses += 1;
        sum.add(Address {
            blocked: address.blocked_requests(),
            blocked_singly: 0,
            ..*address
        });
    }
    let networks = networks.into_iter();
    let mut networks: Vec<_> = networks
        .filter(|(_, (addresses, _))| *addresses > 1)
        .collect();
    sort::first_by(
        &mut networks,
        top,
        |(one, (_, this)), (other, (_, that))| {
            let most_first = that.refused_most().cmp(&this.refused_most());
            most_first.then_with(|| one.cmp(other))
        },
    );
    let networks = networks.into_iter();
    let rows = networks.map(|(network, (addresses, sum))| NetworkRow {
        network: network.to_string(),
        addresses,
        successful: sum.successful,
        failed: sum.failed,
        denied: sum.denied,
        blocks: sum.blocks,
        blocked_requests: sum.blocked,
    });
    rows.collect()
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
    ranking(table, top, |client| client.successful + client.denied, row)
}

pub(super) fn operations(table: Pruned<Name, Operation>, top: usize) -> Ranking<OperationRow> {
    let row = |name: Name, operation: Operation, missed_at_most| {
        let of = |outcome| operation.outcomes[outcome as usize];
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
            error_rate: share(errors, operation.ended()),
            p50_ms: operation.durations.percentile(50),
            p99_ms: operation.durations.percentile(99),
            longest_ms: operation.durations.longest(),
            answer_bytes: operation.answer_bytes,
            missed_at_most,
        }
    };
    ranking(table, top, |it| it.calls.max(it.ended()), row)
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
