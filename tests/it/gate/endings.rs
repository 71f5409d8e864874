use std::{
    io::{Read as _, Write as _, read_to_string},
    net::TcpStream,
};

use super::fixture::{Gate, KEY};

/// Begins a request with a key: its line, and further lines of its head.
fn begin(gate: &Gate, line: &str, further: &str) -> TcpStream {
    let mut stream = gate.client().connect();
    let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n{further}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// What comes until this does.
fn read_to(mut stream: &TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        text.extend(byte);
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn a_connection_ends_with_its_stream_whatever_was_begun_behind_it() {
    let gate = Gate::start();
    let mut stream = begin(&gate, "GET /mcp/sse", "");
    let answer = read_to(&stream, "\n\n\r\n");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    let begun = b"GET /mcp/tools HTTP/1.1\r\nX: a";
    stream.write_all(begun).unwrap();
    gate.protocol.end_streams_unless(|_| false);
    let rest = read_to_string(&stream).unwrap();
    assert!(rest.ends_with("\r\n0\r\n\r\n"), "{rest}");
}

/// A call of a tool, with further lines of its head, and what comes behind it.
fn call(gate: &Gate, further: &str, behind: &str) -> String {
    let further = format!("Content-Type: application/json\r\n{further}");
    let mut stream = begin(gate, "POST /mcp/tool/call", &further);
    stream.write_all(behind.as_bytes()).unwrap();
    read_to_string(stream).unwrap()
}

#[test]
fn a_body_is_as_long_as_it_says_where_a_websocket_is_offered_and_what_follows_is_no_request() {
    let gate = Gate::start();
    let body = r#"{"tool":"who"}"#;
    let length = body.len();
    let further = format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n");
    for offer in [
        "Upgrade: websocket\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    ] {
        let length = format!("{offer}Content-Length: {length}\r\n");
        for behind in [body.to_owned(), body.to_owned() + &further] {
            let answer = call(&gate, &length, &behind);
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
            assert!(answer.contains("127.0.0.1"), "{answer}");
        }
    }
    assert_eq!(gate.records("api_authentication").len(), 4);
}

#[test]
fn no_body_is_awaited_where_a_websocket_is_offered_and_none_is_told_of() {
    let gate = Gate::start();
    let answer = call(&gate, "Upgrade: websocket\r\n", "");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
