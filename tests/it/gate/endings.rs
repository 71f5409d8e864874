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
