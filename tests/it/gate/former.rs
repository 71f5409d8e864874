use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aegis::{
    keys::{KeyHint, KeyId, KeyList, KeyRing, Metadata},
    rights::{Access, Rights},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::fixture::{Gate, KEY, OTHER_KEY, WRONG};
use crate::support::Response;

/// 2026-01-29T12:34:56.789Z
const NOON: u64 = 1_769_690_096_789;
const MINUTE: u64 = 60_000;

fn time(millis: u64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(millis.try_into().unwrap())
}

fn id(key: &str) -> KeyId {
    KeyId::of(key.as_bytes())
}

fn hint(key: &str) -> KeyHint {
    KeyHint::parse(&format!("{}...{}", &key[..8], &key[60..])).unwrap()
}

/// A gate whose first key was retired, and whose second ends a minute after noon.
fn gate(clock: &Arc<AtomicU64>) -> Gate {
    let mut metadata = Metadata::default();
    metadata.note_retired(&id(KEY), hint(KEY), time(NOON));
    metadata.note_expires(&id(OTHER_KEY), hint(OTHER_KEY), time(NOON + MINUTE));
    Gate::known_by(&metadata, clock)
}

fn noon() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(NOON))
}

fn ask(gate: &Gate, key: &str) -> Response {
    gate.client().bearer(key).get("/mcp/tools")
}

/// An answer without what no two answers share.
fn seen(response: &Response) -> (u16, Vec<(String, String)>, Value) {
    let mut headers = response.headers.clone();
    headers.retain(|(name, _)| !["date", "x-request-id"].contains(&&**name));
    let mut body = response.json();
    body.as_object_mut().unwrap().remove("request_id");
    (response.status, headers, body)
}

#[test]
fn whoever_shows_a_former_key_sees_what_every_wrong_key_sees_and_is_counted_as_well() {
    let gate = gate(&noon());
    let strange = seen(&ask(&gate, WRONG));
    assert_eq!(strange.0, 401);
    for _ in 0..4 {
        assert_eq!(seen(&ask(&gate, KEY)), strange);
    }
    assert_eq!(ask(&gate, KEY).status, 429);
    assert_eq!(ask(&gate, OTHER_KEY).status, 200);
}

#[test]
fn a_former_key_is_told_apart_in_the_log_in_its_place_among_the_fields() {
    let gate = gate(&noon());
    ask(&gate, WRONG);
    ask(&gate, KEY);
    let records = gate.records("access_denied");
    let names =
        |record: &Value| -> Vec<String> { record.as_object().unwrap().keys().cloned().collect() };
    let mut with = names(&records[0]);
    let place = with
        .iter()
        .position(|name| name == "credential_fp")
        .unwrap();
    with.splice(
        (place + 1)..=place,
        ["key_state".to_owned(), "key_hint".to_owned()],
    );
    assert_eq!(names(&records[1]), with);
    assert_eq!(records[1]["key_state"], "retired");
    assert_eq!(records[1]["key_hint"], hint(KEY).as_str());
    assert_eq!(records[1]["category"], "api_authentication");
    assert!(!gate.log().contains(KEY));
}

#[test]
fn a_key_is_refused_from_its_end_on_without_anything_being_read() {
    let clock = noon();
    let gate = gate(&clock);
    clock.store(NOON + MINUTE - 1, Ordering::Relaxed);
    assert_eq!(ask(&gate, OTHER_KEY).status, 200);
    clock.store(NOON + MINUTE, Ordering::Relaxed);
    assert_eq!(ask(&gate, OTHER_KEY).status, 401);
    let denied = gate.records("access_denied");
    assert_eq!(denied[0]["key_state"], "retired");
    assert_eq!(denied[0]["key_hint"], hint(OTHER_KEY).as_str());
}

#[test]
fn a_clock_that_is_set_back_revives_no_key() {
    let clock = noon();
    let gate = gate(&clock);
    clock.store(NOON + MINUTE, Ordering::Relaxed);
    // Whatever is recorded keeps the time.
    assert_eq!(ask(&gate, WRONG).status, 401);
    clock.store(NOON - 60 * MINUTE, Ordering::Relaxed);
    assert_eq!(ask(&gate, OTHER_KEY).status, 401);
}

#[test]
fn other_keys_are_in_force_from_one_request_to_the_next() {
    let gate = Gate::start();
    assert_eq!(
        (ask(&gate, KEY).status, ask(&gate, WRONG).status),
        (200, 401)
    );
    let listed = KeyList::parse(&id(WRONG).hashed_entry()).keys;
    let ring = KeyRing::new(
        &listed,
        &Metadata::default(),
        Rights::up_to(Access::Destroy),
    );
    gate.ring.store(Arc::new(ring.after(&gate.ring.load())));
    assert_eq!(
        (ask(&gate, KEY).status, ask(&gate, WRONG).status),
        (401, 200)
    );
    assert_eq!(gate.records("access_denied")[1]["key_state"], "retired");
}
