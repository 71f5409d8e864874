//! Denials beyond what is written singly.
use std::sync::atomic::Ordering;

use aegis::audit::DenialReason;
use serde_json::json;

use super::{IP, Scene, assert_chained, denied, values};

#[test]
fn denials_beyond_the_bounds_are_counted_and_told_each_minute() {
    let scene = Scene::new();
    let log = scene.open();
    for _ in 0..150 {
        log.record(&denied(DenialReason::InvalidApiKey, IP, b"curl"))
            .unwrap();
    }
    assert_eq!(scene.text().lines().count(), 100);
    scene.clock.fetch_add(59_999, Ordering::Relaxed);
    log.tick();
    assert_eq!(scene.text().lines().count(), 100);
    scene.clock.fetch_add(1, Ordering::Relaxed);
    log.tick();
    log.tick();
    let records = values(&scene.text());
    assert_eq!(records.len(), 101);
    let last = &records[100];
    assert_eq!(last["event"], "auth_failures_aggregated");
    assert_eq!(last["count"], 50);
    assert_eq!(last["invalid_keys"], 50);
    assert_eq!(last["addresses"], 1);
    assert_eq!(last["first"], json!("2026-01-29T12:34:56.789Z"));
    assert_eq!(last["last"], json!("2026-01-29T12:34:56.789Z"));
    assert_chained(&scene.text());
}

#[test]
fn what_was_counted_is_told_when_the_server_stops() {
    let scene = Scene::new();
    let log = scene.open();
    for _ in 0..103 {
        log.record(&denied(DenialReason::MissingApiKey, IP, b"curl"))
            .unwrap();
    }
    log.finish();
    log.finish();
    let records = values(&scene.text());
    assert_eq!(records.len(), 101);
    assert_eq!(records[100]["count"], 3);
    assert_eq!(records[100]["invalid_keys"], 0);
}

#[test]
fn each_request_of_a_blocked_address_is_written_where_asked_for() {
    let scene = Scene::new();
    let log = scene.open();
    for _ in 0..300 {
        log.record(&denied(DenialReason::RateLimited, IP, b"curl"))
            .unwrap();
    }
    assert_eq!(scene.text().lines().count(), 300);
}
