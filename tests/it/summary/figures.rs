//! What is counted is what was done: the summary against a plain count of random true histories.
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aegis::{
    audit::{
        AuditEvent, AuditLog, AuditSettings, CallOutcome, Clock, DenialReason, reader,
        summary::{Effort, Period, Summary, Window, summarize},
    },
    caller::{KeySource, RequestIds},
    rights::Access,
};
use chrono::DateTime;
use proptest::{prelude::*, sample::select};
use serde_json::Map;

/// 2026-01-21T00:00:00Z
const START: i64 = 1_768_953_600_000;

/// Something that a server records.
#[derive(Clone, Debug)]
enum Did {
    LetIn {
        ip: IpAddr,
        agent: &'static str,
        key: Option<&'static str>,
    },
    Refused {
        ip: IpAddr,
        agent: &'static str,
        reason: DenialReason,
    },
    Blocked {
        ip: IpAddr,
    },
    BlockEnded {
        ip: IpAddr,
        requests: u64,
    },
    Called {
        operation: &'static str,
        access: Access,
        key: &'static str,
        outcome: CallOutcome,
        took: u64,
        bytes: usize,
    },
    Started,
}

fn did() -> impl Strategy<Value = Did> {
    let ip = || {
        prop_oneof![
            (0_u8..6).prop_map(|n| IpAddr::V4(Ipv4Addr::new(203, 0, 113, n))),
            (0_u16..3).prop_map(|n| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, n, 0, 0, 0, 1))),
        ]
    };
    let agent = || {
        select(vec![
            "curl/8.5.0",
            "ChatGPT-User/1.0",
            "a_b \"c\" \\ é\n",
            "",
        ])
    };
    let key = || select(vec!["a1b2c3d4...e1f2", "0f0e0d0c...b0a0"]);
    let reason = select(vec![
        DenialReason::InvalidApiKey,
        DenialReason::MissingApiKey,
        DenialReason::InvalidRequest,
        DenialReason::ForbiddenOrigin,
        DenialReason::ForbiddenHost,
    ]);
    let outcome = select(vec![
        CallOutcome::Ok,
        CallOutcome::Error,
        CallOutcome::Refused,
        CallOutcome::Cancelled,
        CallOutcome::Abandoned,
    ]);
    prop_oneof![
        3 => (ip(), agent(), proptest::option::of(key())).prop_map(|(ip, agent, key)| Did::LetIn { ip, agent, key }),
        2 => (ip(), agent(), reason).prop_map(|(ip, agent, reason)| Did::Refused { ip, agent, reason }),
        1 => ip().prop_map(|ip| Did::Blocked { ip }),
        1 => (ip(), 1_u64..500).prop_map(|(ip, requests)| Did::BlockEnded { ip, requests }),
        3 => (select(vec!["issue.list", "file.get"]), select(vec![Access::Read, Access::Write, Access::Destroy]), key(), outcome, 0_u64..100_000, 0_usize..100_000)
            .prop_map(|(operation, access, key, outcome, took, bytes)| Did::Called { operation, access, key, outcome, took, bytes }),
        1 => Just(Did::Started),
    ]
}

/// Writes a history by the writer itself.
fn write(log: &AuditLog, did: &Did, ids: &RequestIds) {
    let empty = Map::new();
    let record = |event: &AuditEvent<'_>| {
        log.record(event).unwrap();
    };
    match *did {
        Did::LetIn { ip, agent, key } => record(&AuditEvent::Authenticated {
            client_ip: ip,
            user_agent: Some(agent.as_bytes()),
            key_hint: key,
            method: "POST",
            route: "/mcp",
            key_source: key.map(|_| KeySource::Header),
            request_id: ids.next(),
        }),
        Did::Refused { ip, agent, reason } => record(&AuditEvent::Denied {
            reason,
            client_ip: ip,
            method: "POST",
            route: "/mcp",
            key_source: None,
            request_id: ids.next(),
            offered: None,
            former: None,
            user_agent: Some(agent.as_bytes()),
        }),
        Did::Blocked { ip } => record(&AuditEvent::Blocked {
            client_ip: ip,
            failures: 5,
            window_seconds: 300,
            blocked_until: DateTime::UNIX_EPOCH,
            request_id: ids.next(),
        }),
        Did::BlockEnded { ip, requests } => record(&AuditEvent::BlockEnded {
            client_ip: ip,
            blocked_requests: requests,
            first: DateTime::UNIX_EPOCH,
            last: DateTime::UNIX_EPOCH,
        }),
        Did::Called {
            operation,
            access,
            key,
            outcome,
            took,
            bytes,
        } => {
            let request_id = ids.next();
            record(&AuditEvent::CallStarted {
                tool: "tool",
                operation,
                access,
                key_hint: Some(key),
                client_ip: Ipv4Addr::LOCALHOST.into(),
                arguments_digest: [0; 32],
                arguments: &empty,
                request_id,
                call: 1,
            });
            record(&AuditEvent::CallFinished {
                tool: "tool",
                operation,
                access,
                key_hint: Some(key),
                outcome,
                duration_ms: took,
                gitea_calls: None,
                gitea_status: None,
                answer_bytes: Some(bytes),
                request_id,
                call: 1,
            });
        }
        Did::Started => record(&AuditEvent::ServerStopped { reason: "SIGTERM" }),
    }
}

fn summary(folder: &tempfile::TempDir, window: &Window, threads: usize) -> Summary {
    let logs = reader::find(&[folder.path().join("audit.log")]).unwrap();
    summarize(
        &logs,
        window,
        Effort {
            threads,
            top: 1_000,
        },
        &AtomicU64::new(0),
    )
}

fn time(millis: i64) -> DateTime<chrono::Utc> {
    DateTime::from_timestamp_millis(millis).unwrap()
}

/// How often each name occurs.
fn tally<K: Ord>(names: impl Iterator<Item = K>) -> BTreeMap<K, u64> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_summary_is_a_plain_count(
        history in proptest::collection::vec((1_u64..7_200_000, did()), 0..120),
        from in 0_i64..150_000_000,
        length in 1_i64..400_000_000,
        threads in 1_usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicU64::new(START.unsigned_abs()));
        let log = AuditLog::open(AuditSettings {
            clock: Clock::Manual(Arc::clone(&clock)),
            ..AuditSettings::new(folder.path().join("audit.log"))
        })
        .unwrap();
        let ids = RequestIds::new(1);
        let mut at = START;
        let mut true_history = Vec::new();
        for (later, did) in history {
            at += i64::try_from(later).unwrap();
            clock.store(at.unsigned_abs(), Ordering::Relaxed);
            write(&log, &did, &ids);
            true_history.push((at, did));
        }
        drop(log);

        let (from, until) = (START + from, START + from + length);
        let window = Window { period: Period::Custom, from: Some(time(from)), until: Some(time(until)), until_now: false };
        let summary = summary(&folder, &window, threads);
        let within = |from: i64, until: i64| -> Vec<&Did> {
            true_history.iter().filter(|(at, _)| (from..until).contains(at)).map(|(_, did)| did).collect()
        };
        let now = within(from, until);
        let before = within(2 * from - until, from);
        for (did, totals) in [(&now, &summary.totals), (&before, summary.before.as_ref().unwrap())] {
            let count = |is: &dyn Fn(&Did) -> bool| did.iter().filter(|it| is(it)).count() as u64;
            let ended = |wanted| count(&|it| matches!(it, Did::Called { outcome, .. } if *outcome == wanted));
            let successful = count(&|it| matches!(it, Did::LetIn { key: Some(_), .. }));
            let failed = count(&|it| matches!(it, Did::Refused { reason: DenialReason::InvalidApiKey, .. }));
            let blocked: u64 = did.iter().map(|it| if let Did::BlockEnded { requests, .. } = it { *requests } else { 0 }).sum();
            let addresses: BTreeSet<_> = did.iter().filter_map(|it| if let Did::Blocked { ip } = it { Some(ip) } else { None }).collect();
            prop_assert_eq!(totals.successful, successful);
            prop_assert_eq!(totals.failed, failed);
            prop_assert_eq!(totals.attempts, successful + failed);
            prop_assert_eq!(totals.denied, count(&|it| matches!(it, Did::Refused { .. })) + blocked);
            prop_assert_eq!(totals.blocked_requests, blocked);
            prop_assert_eq!(totals.rate_limited_addresses, addresses.len() as u64);
            prop_assert_eq!(totals.rate_limit_events, count(&|it| matches!(it, Did::Blocked { .. })));
            prop_assert_eq!(totals.unauthenticated, count(&|it| matches!(it, Did::LetIn { key: None, .. })));
            prop_assert_eq!(totals.calls, count(&|it| matches!(it, Did::Called { .. })));
            prop_assert_eq!(totals.errors, ended(CallOutcome::Error));
            prop_assert_eq!(totals.abandoned, ended(CallOutcome::Abandoned));
            prop_assert_eq!(totals.writes, count(&|it| matches!(it, Did::Called { access: Access::Write | Access::Destroy, .. })));
            prop_assert_eq!(totals.destroys, count(&|it| matches!(it, Did::Called { access: Access::Destroy, .. })));
        }

        let keys: BTreeMap<_, _> = summary.keys.rows.iter().map(|row| (&*row.key_hint, row.requests)).filter(|(_, count)| *count > 0).collect();
        prop_assert_eq!(keys, tally(now.iter().filter_map(|it| if let Did::LetIn { key, .. } = it { *key } else { None })));
        let addresses: BTreeMap<_, _> = summary.addresses.rows.iter().map(|row| (row.address, row.denied)).filter(|(_, count)| *count > 0).collect();
        prop_assert_eq!(addresses, tally(now.iter().filter_map(|it| if let Did::Refused { ip, .. } = it { Some(*ip) } else { None })));
        let agents: BTreeMap<_, _> = summary.user_agents.rows.iter().map(|row| (&*row.user_agent, row.successful + row.denied)).collect();
        prop_assert_eq!(agents, tally(now.iter().filter_map(|it| match it {
            Did::LetIn { agent, .. } | Did::Refused { agent, .. } => Some(*agent),
            _ => None,
        })));
        let slots: u64 = summary.timeline.slots.iter().map(|slot| slot.successful).sum();
        prop_assert_eq!(slots, summary.totals.successful);
        let hours: u64 = summary.hours.iter().map(|slot| slot.calls).sum();
        prop_assert_eq!(hours, summary.totals.calls);
        let slowest = now.iter().filter_map(|it| if let Did::Called { took, .. } = it { Some(*took) } else { None }).max().filter(|took| *took > 0);
        prop_assert_eq!(summary.slowest.first().and_then(|it| it.duration_ms), slowest);
        prop_assert_eq!(summary.log.breaks, 0);
        prop_assert_eq!(summary.log.malformed.lines, 0);
    }
}

#[test]
fn a_flood_is_counted_to_the_last_request() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(AuditSettings::new(folder.path().join("audit.log"))).unwrap();
    let ids = RequestIds::new(1);
    for n in 0..5_000_u32 {
        let ip = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n % 50));
        write(
            &log,
            &Did::Refused {
                ip,
                agent: "x",
                reason: DenialReason::InvalidApiKey,
            },
            &ids,
        );
    }
    log.finish();
    let totals = summary(&folder, &Window::rolling(Period::All, time(START)), 2).totals;
    assert_eq!(
        (totals.failed, totals.denied, totals.attempts),
        (5_000, 5_000, 5_000)
    );
    assert!(totals.aggregated > 3_000);
}

#[test]
fn with_each_blocked_request_recorded_none_is_counted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(AuditSettings::new(folder.path().join("audit.log"))).unwrap();
    let ids = RequestIds::new(1);
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for _ in 0..7 {
        write(
            &log,
            &Did::Refused {
                ip,
                agent: "x",
                reason: DenialReason::RateLimited,
            },
            &ids,
        );
    }
    // While the block lasts, and when its end has told of them again.
    for has_ended in [false, true] {
        if has_ended {
            write(&log, &Did::BlockEnded { ip, requests: 7 }, &ids);
        }
        let summary = summary(&folder, &Window::rolling(Period::All, time(START)), 1);
        assert_eq!(
            (summary.totals.denied, summary.totals.blocked_requests),
            (7, 7)
        );
        assert_eq!(summary.addresses.rows[0].blocked_requests, 7);
        assert_eq!(summary.timeline.slots[0].denied, 7);
        let hours = summary.hours.iter().map(|hour| hour.denied);
        assert_eq!(hours.sum::<u64>(), 7);
    }
}

#[test]
fn more_addresses_than_there_is_room_for_are_estimated_and_the_most_frequent_are_right() {
    let lines = (0..60_000_u32).map(|n| {
        let often = Ipv4Addr::new(198, 51, 100, 7);
        let ip = if n % 3 == 0 { often } else { Ipv4Addr::from(0x0a00_0000 + n) };
        format!("{{\"timestamp\": \"2026-01-28T12:00:00.000Z\", \"event\": \"access_denied\", \"reason\": \"invalid_api_key\", \"client_ip\": \"{ip}\"}}\n")
    });
    let text = lines.collect::<Vec<_>>().concat();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("audit.log"), text).unwrap();
    let addresses = summary(&folder, &Window::rolling(Period::All, time(START)), 2).addresses;
    assert!(addresses.estimated && addresses.missed_at_most > 0);
    assert!(
        addresses.distinct.abs_diff(40_001) < 2_000,
        "{}",
        addresses.distinct
    );
    let first = &addresses.rows[0];
    assert_eq!(first.address, IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)));
    assert!(first.failed <= 20_000 && first.failed + first.missed_at_most >= 20_000);
}

#[test]
fn addresses_and_networks_of_equal_figures_are_in_the_order_of_their_numbers_ipv4_first() {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::open(AuditSettings::new(folder.path().join("audit.log"))).unwrap();
    let ids = RequestIds::new(1);
    let addresses = [
        "9.0.0.1",
        "9.0.0.2",
        "10.0.0.1",
        "10.0.0.2",
        "::1",
        "::2",
        "2001:db8::1",
        "2001:db8::2",
    ];
    for ip in addresses.iter().rev() {
        let refused = Did::Refused {
            ip: ip.parse().unwrap(),
            agent: "x",
            reason: DenialReason::MissingApiKey,
        };
        write(&log, &refused, &ids);
    }
    let summary = summary(&folder, &Window::rolling(Period::All, time(START)), 1);
    let rows = summary.addresses.rows.iter();
    let told: Vec<_> = rows.map(|row| row.address.to_string()).collect();
    assert_eq!(told, addresses);
    let networks: Vec<_> = summary.networks.iter().map(|row| &*row.network).collect();
    assert_eq!(
        networks,
        ["9.0.0.0/24", "10.0.0.0/24", "::/64", "2001:db8::/64"]
    );
}
