use std::time::{Duration, Instant};

use aegis::auth::{BlockedRecords, Lockout, TrustedProxies};
use chrono::DateTime;

use super::fixture::{Gate, KEY, WRONG};

#[test]
fn five_failures_are_answered_and_the_sixth_request_meets_the_block() {
    let gate = Gate::start();
    let wrong = gate.client().bearer(WRONG);
    for _ in 0..5 {
        assert_eq!(wrong.get("/mcp/tools").status, 401);
    }
    for client in [&wrong, &gate.client(), &wrong.with("X-API-Key", "two")] {
        let blocked = client.get("/mcp/tools");
        assert_eq!(blocked.status, 429);
        let fault = blocked.json();
        assert_eq!(fault["error"], "too_many_failures");
        assert_eq!(fault["valid_keys_pass"], true);
        let seconds = blocked.header("Retry-After").unwrap();
        assert!((295..=300).contains(&seconds.parse().unwrap()));
        let message = fault["message"].as_str().unwrap();
        let begin = format!(
            "Too many failed authentication attempts from this address; try again in {seconds} seconds"
        );
        assert!(message.starts_with(&begin), "{message}");
        assert!(
            message.ends_with("a valid key still passes, and a restart clears it"),
            "{message}"
        );
    }
}

#[test]
fn a_valid_key_passes_from_a_blocked_address_and_clears_nothing() {
    let gate = Gate::with(|gate, _| gate.max_failures = 2);
    let wrong = gate.client().bearer(WRONG);
    assert_eq!(wrong.get("/mcp/tools").status, 401);
    assert_eq!(gate.known().get("/mcp/tools").status, 200);
    assert_eq!(wrong.get("/mcp/tools").status, 401);
    assert_eq!(wrong.get("/mcp/tools").status, 429);
    assert_eq!(gate.known().get("/mcp/tools").status, 200);
    assert_eq!(
        gate.client()
            .get(&format!("/mcp/tools?api_key={KEY}"))
            .status,
        200
    );
    assert_eq!(wrong.get("/mcp/tools").status, 429);
    assert_eq!(gate.client().get("/health").status, 200);
}

#[test]
fn a_strict_block_meets_valid_keys_too() {
    let gate = Gate::with(|gate, _| {
        gate.max_failures = 1;
        gate.lockout = Lockout::Strict;
        gate.blocked_records = BlockedRecords::Each;
    });
    assert_eq!(gate.known().get("/mcp/tools").status, 200);
    assert_eq!(gate.client().bearer(WRONG).get("/mcp/tools").status, 401);
    let blocked = gate.known().get("/mcp/tools");
    assert_eq!(blocked.status, 429);
    assert!(
        blocked
            .body
            .contains("valid keys do not pass from this address either")
    );
    assert!(!blocked.body.contains("restart"));
    let record = gate.records("access_denied").pop().unwrap();
    assert_eq!(record["reason"], "rate_limited");
    assert_eq!(record["key_source"], "header");
    assert_eq!(gate.client().get("/health").status, 200);
}

#[test]
fn missing_keys_are_no_failures_however_many() {
    let gate = Gate::with(|gate, _| gate.max_failures = 2);
    for _ in 0..20 {
        assert_eq!(gate.client().get("/mcp/tools").status, 401);
    }
    assert_eq!(gate.client().bearer(WRONG).get("/mcp/tools").status, 401);
}

#[test]
fn wrong_keys_count_on_every_path() {
    let gate = Gate::with(|gate, _| gate.max_failures = 2);
    let wrong = gate.client().bearer(WRONG);
    assert_eq!(wrong.get("/nothing").status, 401);
    assert_eq!(wrong.request("DELETE", "/mcp", "").status, 401);
    assert_eq!(wrong.get("/mcp/tools").status, 429);
}

#[test]
fn an_episode_is_one_record_and_one_summary() {
    let gate = Gate::with(|gate, _| gate.max_failures = 2);
    let wrong = gate.client().bearer(WRONG);
    for _ in 0..10 {
        wrong.get("/mcp/tools");
    }
    assert_eq!(gate.records("access_denied").len(), 2);
    let [blocked] = &gate.records("auth_rate_limit_exceeded")[..] else {
        panic!("one record an episode")
    };
    assert_eq!(blocked["severity"], "high");
    assert_eq!(
        (
            blocked["failures"].as_u64(),
            blocked["window_seconds"].as_u64()
        ),
        (Some(2), Some(300))
    );
    let time = |name: &str| {
        let time = blocked[name].as_str().unwrap();
        DateTime::parse_from_rfc3339(time).unwrap()
    };
    let rest = (time("blocked_until") - time("timestamp")).num_seconds();
    assert!((240..=300).contains(&rest), "{rest}");
    assert!(gate.records("auth_rate_limit_summary").is_empty());
    gate.gatekeeper
        .tick(Instant::now() + Duration::from_secs(301));
    let [summary] = &gate.records("auth_rate_limit_summary")[..] else {
        panic!("one summary an episode")
    };
    assert_eq!(summary["client_ip"], "127.0.0.1");
    assert_eq!(summary["blocked_requests"], 8);
    for name in ["first", "last"] {
        let time = DateTime::parse_from_rfc3339(summary[name].as_str().unwrap()).unwrap();
        assert!(time <= chrono::Utc::now(), "{name} is ahead");
    }
    gate.gatekeeper.close(Instant::now());
    assert_eq!(gate.records("auth_rate_limit_summary").len(), 1);
}

#[test]
fn a_request_of_a_blocked_address_that_is_turned_away_is_counted_and_not_recorded() {
    let gate = Gate::with(|gate, _| gate.max_failures = 1);
    gate.client().bearer(WRONG).get("/mcp/tools");
    for (name, value) in [("Host", "evil.example"), ("Origin", "https://evil.example")] {
        let turned_away = gate.client().with(name, value).get("/mcp/tools");
        assert_eq!(turned_away.status, 403, "{name}");
    }
    assert_eq!(gate.records("access_denied").len(), 1, "the wrong key");
    gate.gatekeeper.close(Instant::now());
    assert_eq!(
        gate.records("auth_rate_limit_summary")[0]["blocked_requests"],
        2
    );
}

#[test]
fn a_block_that_stands_at_the_end_is_summed_up_then() {
    let gate = Gate::with(|gate, _| gate.max_failures = 1);
    let wrong = gate.client().bearer(WRONG);
    for _ in 0..3 {
        wrong.get("/mcp/tools");
    }
    gate.gatekeeper.close(Instant::now());
    assert_eq!(
        gate.records("auth_rate_limit_summary")[0]["blocked_requests"],
        2
    );
}

#[test]
fn each_request_of_a_blocked_address_is_recorded_where_that_is_asked_for() {
    let gate = Gate::with(|gate, _| {
        gate.max_failures = 1;
        gate.blocked_records = BlockedRecords::Each;
    });
    let wrong = gate.client().bearer(WRONG);
    for _ in 0..4 {
        wrong.get("/mcp/tools");
    }
    let records = gate.records("access_denied");
    let limited = records
        .iter()
        .filter(|record| record["reason"] == "rate_limited");
    assert_eq!(limited.count(), 3);
}

/// What a wrong key is answered that came from there, if that is believed.
fn forwarded(gate: &Gate, client: &str) -> u16 {
    let wrong = gate.client().bearer(WRONG);
    let wrong = wrong.with("X-Forwarded-For", client);
    wrong.get("/mcp/tools").status
}

#[test]
fn behind_a_trusted_proxy_the_client_is_blocked_and_not_the_proxy() {
    let gate = Gate::with(|gate, _| {
        gate.max_failures = 1;
        gate.trusted_proxies = TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    });
    let from = |client: &str| forwarded(&gate, client);
    assert_eq!(from("198.51.100.1"), 401);
    assert_eq!(from("198.51.100.1"), 429);
    assert_eq!(
        from("203.0.113.9, 198.51.100.1"),
        429,
        "what stands further left, the client wrote"
    );
    assert_eq!(from("198.51.100.2:4711"), 401);
    assert_eq!(from("::ffff:198.51.100.2"), 429);
    assert_eq!(from("2001:db8:1:1::1"), 401);
    assert_eq!(
        from("[2001:db8:1:1:ffff::2]:443"),
        429,
        "an IPv6 network of 64 bits is one client"
    );
    assert_eq!(from("2001:db8:1:2::1"), 401);
    assert_eq!(
        from(&["10.0.0.1"; 40].join(",")),
        401,
        "the walk ends at the first stranger"
    );
    assert_eq!(from(&["127.0.0.1"; 40].join(",")), 400);
    let addresses: Vec<_> = gate
        .records("access_denied")
        .iter()
        .map(|it| it["client_ip"].clone())
        .collect();
    assert_eq!(addresses[..2], ["198.51.100.1", "198.51.100.2"]);
}

#[test]
fn a_stranger_cannot_choose_whose_address_is_blocked() {
    let gate = Gate::with(|gate, _| gate.max_failures = 1);
    let from = |client: &str| forwarded(&gate, client);
    assert_eq!(from("198.51.100.1"), 401);
    assert_eq!(from("198.51.100.2"), 429);
    assert_eq!(gate.records("access_denied")[0]["client_ip"], "127.0.0.1");
}
