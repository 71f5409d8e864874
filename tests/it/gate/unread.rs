use std::{collections::HashSet, io::Write as _, time::Duration};

use aegis::server::Metrics;
use serde_json::Value;

use super::fixture::{Gate, KEY};

/// The head of the last answer in a text of several, and its body.
fn last(text: &str) -> (&str, Value) {
    let start = text.rfind("HTTP/1.1 4").unwrap();
    let (head, body) = text[start..].split_once("\r\n\r\n").unwrap();
    let length = format!("\r\ncontent-length: {}", body.len());
    assert_eq!(head.matches("content-length").count(), 1, "{head}");
    assert!(head.contains(&length), "{head}");
    (head, serde_json::from_str(body).unwrap())
}

#[test]
fn what_cannot_be_read_is_refused_in_words_too() {
    let gate = Gate::start();
    let many = "X-Many: a\r\n".repeat(120);
    let huge = format!("X-Huge: {}\r\n", "a".repeat(200 << 10));
    let mut ids = HashSet::new();
    for (request, status) in [
        ("GET /mcp/tools HTTP/1.1\r\n\r\n", "400 Bad Request"),
        ("GARBAGE\r\n\r\n", "400 Bad Request"),
        (
            "\x16\x03\x01\x02\x00\x01\x00\x01\x03\x03\r\n\r\n",
            "400 Bad Request",
        ),
        (
            &format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"),
            "431 Request Header Fields Too Large",
        ),
        (
            &format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{huge}\r\n"),
            "431 Request Header Fields Too Large",
        ),
    ] {
        let text = gate.client().raw(request.as_bytes());
        let (head, fault) = last(&text);
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{head}"
        );
        assert_eq!(fault["error"], "invalid_request");
        let id = fault["request_id"].as_str().unwrap().to_owned();
        for header in [
            "connection: close",
            "content-type: application/json",
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            &format!("x-request-id: {id}"),
        ] {
            assert!(head.lines().any(|line| line == header), "{header}: {head}");
        }
        assert!(ids.insert(id), "an id of its own");
    }
}

#[test]
fn answers_before_what_cannot_be_read_arrive_whole() {
    let gate = Gate::start();
    let asked = format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n");
    let text = gate
        .client()
        .raw(format!("{asked}{asked}GARBAGE\r\n\r\n").as_bytes());
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2);
    let (head, fault) = last(&text);
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert_eq!(fault["error"], "invalid_request");
}

#[test]
fn a_head_that_does_not_come_is_told_so() {
    let gate = Gate::with(|_, server| server.head_timeout = Duration::from_millis(50));
    let mut stream = gate.client().connect();
    stream.write_all(b"GET /health HTTP/1.1\r\n").unwrap();
    let text = std::io::read_to_string(stream).unwrap();
    let (head, fault) = last(&text);
    assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
    assert_eq!(fault["error"], "timeout");
}

#[test]
fn what_cannot_be_read_is_counted_among_the_answers() {
    let gate = Gate::with(|_, server| server.metrics = Some(Metrics::new(|_| ())));
    gate.client().raw(b"GARBAGE\r\n\r\n");
    let page = gate.known().get("/metrics").body;
    assert!(
        page.ends_with("\naegis_http_responses_total{status=\"400\"} 1\n"),
        "{page}"
    );
}
