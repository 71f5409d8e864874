//! The records, letter by letter, and what a plain grep finds in them.
use std::{net::Ipv6Addr, process::Command, sync::Arc};

use aegis::{
    audit::{AuditEvent, AuditLog, CallOutcome, DenialReason, Finished, Previous, Seal},
    caller::{Caller, CallerKey, KeySource},
    keys::{ApiKey, KeyHint},
    rights::{Access, Rights},
};
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{IP, Scene, assert_chained, authenticated, denied, request, stopped, values};
use crate::support::golden;

#[test]
fn every_record_has_its_fields_in_their_order() {
    let scene = Scene::new();
    let log = Arc::new(scene.open());
    let first = DateTime::from_timestamp_millis(1_769_690_000_000).unwrap();
    let last = DateTime::from_timestamp_millis(1_769_690_096_001).unwrap();
    let newest = Previous {
        seq: 41,
        hash: [0xab; 32],
    };
    let events = [
        AuditEvent::ServerStarted {
            version: "0.1.0",
            instance: "0a0b0c0d",
            auth: true,
            keys: 2,
            previous: None,
        },
        AuditEvent::ServerStarted {
            version: "0.1.0",
            instance: "0a0b0c0d",
            auth: false,
            keys: 0,
            previous: Some(newest),
        },
        AuditEvent::ConfigKeyRejected {
            entry: 2,
            length: 20,
        },
        AuditEvent::KeysReloaded {
            added: &[hint("a1b2c3d4...e1f2"), hint("01234567...cdef")],
            removed: &[],
        },
        AuditEvent::ConfigReloadFailed {
            reason: "no_usable_key",
        },
        former(),
        authenticated(b"ChatGPT-User/1.0"),
        AuditEvent::Authenticated {
            client_ip: Ipv6Addr::LOCALHOST.into(),
            user_agent: None,
            key_hint: None,
            method: "GET",
            route: "unmatched",
            key_source: None,
            request_id: request(),
        },
        denied(
            DenialReason::InvalidApiKey,
            IP,
            b"Mozilla/5.0 (\"x\\y\") a_b \xff \xf0\x9f\x98\x80\r\n",
        ),
        denied(DenialReason::MissingApiKey, IP, b""),
        denied(DenialReason::InvalidRequest, IP, b"curl"),
        denied(DenialReason::ForbiddenOrigin, IP, b"curl"),
        denied(DenialReason::ForbiddenHost, IP, b"curl"),
        denied(DenialReason::RateLimited, IP, b"curl"),
        AuditEvent::Blocked {
            client_ip: IP,
            failures: 5,
            window_seconds: 300,
            blocked_until: last,
            request_id: request(),
        },
        AuditEvent::BlockEnded {
            client_ip: IP,
            blocked_requests: 1_234,
            first,
            last,
        },
        AuditEvent::FailuresAggregated {
            count: 1_000_000,
            invalid_keys: 999_000,
            addresses: 65_536,
            first,
            last,
        },
    ];
    for event in events.iter().chain(&of_itself(newest, first, last)) {
        log.record(event).unwrap();
    }
    let arguments =
        json!({"method": "list", "owner": "observatory", "per_page": 30, "status": "success"});
    let entry = open_call(&log, &arguments);
    close(
        entry,
        Finished {
            outcome: CallOutcome::Ok,
            gitea_calls: 1,
            gitea_status: Some(200),
            answer_bytes: 750,
        },
    );
    drop(open_call(&log, &json!({})));
    log.record(&stopped()).unwrap();
    assert_chained(&scene.text());
    golden("records.jsonl", &scene.text());
}

/// What the log tells of itself.
fn of_itself(
    newest: Previous,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
) -> [AuditEvent<'static>; 10] {
    [
        AuditEvent::Checkpoint {
            records: 1_000,
            head: [0xef; 32],
            seal: None,
        },
        AuditEvent::Checkpoint {
            records: 7,
            head: [0xef; 32],
            seal: Some(Seal {
                number: 3,
                mac: [0x12; 32],
            }),
        },
        AuditEvent::Rotated {
            chain_id: [1, 2, 3, 4, 5, 6, 7, 8],
            previous_file: Some(b"audit.log.1"),
            previous_head: [0xcd; 32],
        },
        AuditEvent::Rotated {
            chain_id: [1, 2, 3, 4, 5, 6, 7, 8],
            previous_file: None,
            previous_head: [0xcd; 32],
        },
        AuditEvent::Gap {
            lost: 12,
            first,
            last,
        },
        AuditEvent::Recovered { torn_bytes: 61 },
        AuditEvent::Truncated {
            expected: Some(newest),
            found: Some(Previous { seq: 12, ..newest }),
        },
        AuditEvent::Truncated {
            expected: Some(newest),
            found: None,
        },
        AuditEvent::Replaced {
            by: "a symbolic link",
            expected: Some(newest),
            found: None,
        },
        AuditEvent::DiskFull { reason: "no_space" },
    ]
}

/// Somebody with a key that was ours.
fn former() -> AuditEvent<'static> {
    let mut event = denied(DenialReason::InvalidApiKey, IP, b"curl");
    if let AuditEvent::Denied { former, .. } = &mut event {
        *former = Some(hint("a1b2c3d4...e1f2"));
    }
    event
}

fn hint(text: &str) -> KeyHint {
    KeyHint::parse(text).unwrap()
}

fn caller() -> Caller {
    let key = ApiKey::parse("a1b2c3d4_not_a_real_key_but_long_enough_e1f2").unwrap();
    Caller {
        key: Some(CallerKey {
            id: key.id(),
            hint: key.hint(),
            source: KeySource::Header,
        }),
        rights: Rights::up_to(Access::Read),
        client_ip: IP,
        request_id: request(),
    }
}

fn open_call(log: &Arc<AuditLog>, arguments: &Value) -> aegis::audit::AuditEntry {
    let arguments = arguments.as_object().unwrap();
    let caller = caller();
    let opened = log.open_call(
        &caller,
        "issue_read",
        "issue.list",
        Access::Read,
        arguments,
        1,
    );
    opened.now_or_never().unwrap().unwrap()
}

fn close(entry: aegis::audit::AuditEntry, finished: Finished) {
    entry.close(finished).now_or_never().unwrap();
}

#[test]
fn each_block_is_counted() {
    let scene = Scene::new();
    let log = scene.open();
    for blocks in 0..3 {
        assert_eq!(log.counts().blocks(), blocks);
        let blocked = AuditEvent::Blocked {
            client_ip: IP,
            failures: 5,
            window_seconds: 300,
            blocked_until: DateTime::UNIX_EPOCH,
            request_id: request(),
        };
        log.record(&blocked).unwrap();
    }
}

#[test]
fn what_was_offered_as_a_key_leaves_a_fingerprint_only() {
    let offer = |scene: &Scene, offered: &[&[u8]]| {
        let log = scene.open();
        for offered in offered {
            let mut event = denied(DenialReason::InvalidApiKey, IP, b"curl");
            if let AuditEvent::Denied { offered: slot, .. } = &mut event {
                *slot = Some(offered);
            }
            log.record(&event).unwrap();
        }
        assert!(!scene.text().contains("somebody"));
        let prints = values(&scene.text());
        let prints = prints
            .iter()
            .map(|record| record["credential_fp"].as_str().unwrap());
        prints.map(str::to_owned).collect::<Vec<_>>()
    };
    let (one, other): (&[u8], &[u8]) = (b"somebody else's password", b"somebody");
    let prints = offer(&Scene::new(), &[one, one, other]);
    assert_eq!(prints[0], prints[1]);
    assert_ne!(prints[0], prints[2]);
    assert_eq!(prints[0].len(), 16);
    let again = offer(&Scene::new(), &[one]);
    assert_ne!(
        prints[0], again[0],
        "another start, another key of fingerprints"
    );
}

#[test]
fn an_entry_that_nobody_closes_says_whether_its_client_left_or_it_panicked() {
    let scene = Scene::new();
    let log = Arc::new(scene.open());
    drop(open_call(&log, &json!({})));
    let entry = open_call(&log, &json!({}));
    let panicked = std::thread::spawn(move || {
        let _entry = entry;
        std::panic::resume_unwind(Box::new(()));
    });
    panicked.join().unwrap_err();
    let records = values(&scene.text());
    let outcomes = records
        .iter()
        .filter_map(|record| record["outcome"].as_str());
    assert_eq!(outcomes.collect::<Vec<_>>(), ["cancelled", "abandoned"]);
}

#[test]
fn a_call_tells_how_long_it_took() {
    let scene = Scene::new();
    let log = Arc::new(scene.open());
    let entry = open_call(&log, &json!({}));
    scene
        .clock
        .fetch_add(1_234, std::sync::atomic::Ordering::Relaxed);
    close(
        entry,
        Finished {
            outcome: CallOutcome::Error,
            gitea_calls: 0,
            gitea_status: None,
            answer_bytes: 0,
        },
    );
    assert_eq!(values(&scene.text())[1]["duration_ms"], 1_234);
}

fn found(scene: &Scene, pattern: &str) -> String {
    let grep = Command::new("grep")
        .args(["-c", pattern])
        .arg(scene.path())
        .output()
        .unwrap();
    String::from_utf8(grep.stdout).unwrap().trim().to_owned()
}

#[test]
fn no_stranger_changes_what_the_guides_greps_find() {
    let scene = Scene::new();
    let log = Arc::new(scene.open());
    let hostile: [&[u8]; 4] = [
        b"api_authentication success",
        b"\", \"event\": \"api_authentication\", \"status\": \"success\"",
        b"x\n{\"event\": \"api_authentication\", \"status\": \"success\"}\n",
        b"access_denied invalid_api_key auth_rate_limit_exceeded success",
    ];
    for agent in hostile {
        let text = String::from_utf8_lossy(agent);
        log.record(&authenticated(agent)).unwrap();
        log.record(&denied(DenialReason::InvalidApiKey, IP, agent))
            .unwrap();
        log.record(&denied(DenialReason::MissingApiKey, IP, agent))
            .unwrap();
        let mut event = denied(DenialReason::ForbiddenHost, IP, agent);
        if let AuditEvent::Denied { method, .. } = &mut event {
            *method = &text;
        }
        log.record(&event).unwrap();
        drop(open_call(
            &log,
            &json!({"status": "success", "query": text, &*text: 1}),
        ));
    }
    assert_eq!(found(&scene, "api_authentication"), "8");
    assert_eq!(found(&scene, "api_authentication.*success"), "4");
    assert_eq!(found(&scene, "\"status\": \"success\""), "4");
    assert_eq!(found(&scene, "access_denied.*invalid_api_key"), "4");
    assert_eq!(found(&scene, "invalid_api_key"), "4");
    assert_eq!(found(&scene, "auth_rate_limit_exceeded"), "0");
    assert_eq!(found(&scene, ""), "24");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_bytes_make_one_line_of_ascii_and_come_back_as_text(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        text in ".{0,300}",
    ) {
        let scene = Scene::new();
        let log = Arc::new(scene.open());
        for agent in [&bytes[..], text.as_bytes()] {
            log.record(&denied(DenialReason::InvalidApiKey, IP, agent)).unwrap();
        }
        drop(open_call(&log, &json!({ &text: &text })));
        let written = scene.text();
        prop_assert!(written.is_ascii());
        prop_assert_eq!(written.lines().count(), 4);
        prop_assert!(written.lines().all(|line| line.bytes().all(|byte| byte >= b' ')));
        for (record, agent) in values(&written).iter().zip([&bytes[..], text.as_bytes()]) {
            let shown = String::from_utf8_lossy(agent);
            let mut expected = shown.chars().take(256).collect::<String>();
            if expected.len() < shown.len() {
                expected += "...";
            }
            prop_assert_eq!(record["user_agent"].as_str(), Some(&*expected));
        }
    }
}
