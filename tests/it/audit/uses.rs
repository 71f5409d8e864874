//! What a log says of keys: last let in, how often lately, last refused.
use std::{fs, io, io::Write as _};

use aegis::{
    audit::{KeyUse, key_uses},
    keys::KeyHint,
};
use chrono::{DateTime, Utc};
use flate2::{Compression, write::GzEncoder};

use super::{Scene, authenticated};

const DENIED: &str = r#"{"timestamp": "2026-01-29T12:40:00.000Z", "event": "access_denied", "reason": "invalid_api_key", "client_ip": "198.51.100.7", "method": "GET", "route": "/mcp/tools", "key_source": "header", "request_id": "0a0b0c0d00000002", "credential_fp": "0011223344556677", "key_state": "retired", "key_hint": "a1b2c3d4...e1f2", "category": "api_authentication"}"#;

fn hint() -> KeyHint {
    KeyHint::parse("a1b2c3d4...e1f2").unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn used(at: &str) -> String {
    format!(
        r#"{{"timestamp": "{at}", "event": "api_authentication", "status": "success", "client_ip": "203.0.113.9", "key_hint": "a1b2c3d4...e1f2"}}"#
    ) + "\n"
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_key_is_found_in_the_log_and_in_what_it_was_before() {
    let scene = Scene::new();
    let beside = |name: &str| scene.folder.path().join(name);
    let old = used("2026-01-01T00:00:00Z") + &used("2026-01-20T00:00:00Z");
    fs::write(beside("audit.log.2.gz"), gzip(&old)).unwrap();
    fs::write(
        beside("audit-20260121T000000Z-3.log.zst"),
        zstd::encode_all(used("2026-01-21T00:00:00Z").as_bytes(), 3).unwrap(),
    )
    .unwrap();
    fs::write(beside("audit.log.bak"), used("2026-01-28T00:00:00Z")).unwrap();
    let log = scene.open();
    log.record(&authenticated(b"curl")).unwrap();

    let uses = key_uses(&scene.path(), time("2026-01-15T00:00:00Z")).unwrap();
    let expected = KeyUse {
        last: Some((time("2026-01-29T12:34:56.789Z"), super::IP)),
        lately: 3,
        last_refused: None,
    };
    assert_eq!(uses.get(&hint()), Some(&expected));
    assert_eq!(uses.len(), 1);
}

#[test]
fn a_retired_key_is_told_by_its_refusal() {
    let scene = Scene::new();
    let forgotten = DENIED.replace("\"retired\"", "\"unknown\"");
    let older = DENIED.replace("12:40", "12:39").replace("100.7", "100.8");
    fs::write(scene.path(), format!("{DENIED}\n{older}\n{forgotten}\n")).unwrap();
    let uses = key_uses(&scene.path(), DateTime::UNIX_EPOCH).unwrap();
    let refused = (
        time("2026-01-29T12:40:00Z"),
        "198.51.100.7".parse().unwrap(),
    );
    let expected = KeyUse {
        last_refused: Some(refused),
        ..KeyUse::default()
    };
    assert_eq!(uses.get(&hint()), Some(&expected));
}

#[test]
fn what_is_no_record_says_nothing_of_keys_and_hides_none() {
    let scene = Scene::new();
    let whole = used("2026-01-20T00:00:00Z");
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend_from_slice(whole.trim_end().as_bytes());
    bytes.extend_from_slice(b"\r\n\n[1, 2]\n\xff\xfe\0\n{\"event\": \"api_authentication\"}\n");
    bytes.extend(std::iter::repeat_n(b'x', 3 << 20));
    bytes.extend_from_slice(format!("\n{whole}").as_bytes());
    bytes.extend_from_slice(&whole.as_bytes()[..60]);
    fs::write(scene.path(), bytes).unwrap();
    let uses = key_uses(&scene.path(), DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(uses[&hint()].lately, 2);
}

#[test]
fn a_compressed_log_that_was_cut_says_what_is_left_of_it() {
    let scene = Scene::new();
    let mut text = used("2026-01-20T00:00:00Z");
    text.extend((0..20_000).map(|n| format!("{{\"event\": \"{n}\"}}\n")));
    let whole = gzip(&text);
    fs::write(scene.path(), &whole[..whole.len() / 2]).unwrap();
    let uses = key_uses(&scene.path(), DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(uses[&hint()].lately, 1);
}

#[test]
fn a_log_that_is_not_there_is_an_error() {
    let scene = Scene::new();
    let missing = key_uses(&scene.path(), DateTime::UNIX_EPOCH).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
}
