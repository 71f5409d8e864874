use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use super::{
    fixture::{Gate, KEY},
    hostile::{rest, statuses},
};

#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    let gate = Gate::with(|_, server| server.head_timeout = Duration::from_millis(50));
    for begin in ["", "G", "GET /health HTTP/1.1\r\nHost: localhost\r\n"] {
        let mut stream = gate.client().connect();
        stream.write_all(begin.as_bytes()).unwrap();
        assert_eq!(statuses(&rest(&stream)), ["408"], "{begin:?}");
    }
}

/// Asks for the tools, and waits until the answer is whole.
fn ask(mut stream: &TcpStream) {
    let head = format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    read_to(stream, "]}");
}

fn read_to(mut stream: &TcpStream, end: &str) {
    let mut answer = Vec::new();
    while !answer.ends_with(end.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
}

/// Enough for a first head: the HTTP layer's clock for it ticks twice a second.
const HEAD: Duration = Duration::from_secs(1);

#[test]
fn a_head_that_does_not_come_behind_an_answer_ends_the_connection_too() {
    let gate = Gate::with(|_, server| server.head_timeout = HEAD);
    let begins = ["P", "\r\nP", "POST /mcp HTTP/1.1\r\nHost: localhost\r\n"];
    let begun = begins.map(|begin| {
        let mut stream = gate.client().connect();
        ask(&stream);
        ask(&stream);
        stream.write_all(begin.as_bytes()).unwrap();
        stream
    });
    let ends = begun.map(|stream| std::io::read_to_string(stream).unwrap());
    assert_eq!(ends, ["", "", ""]);
}

/// A call of a tool, with its body.
fn call_of(tool: &str) -> String {
    let body = format!("{{\"tool\":\"{tool}\"}}");
    let length = body.len();
    let known =
        format!("Host: localhost\r\nX-API-Key: {KEY}\r\nContent-Type: application/json\r\n");
    format!("POST /mcp/tool/call HTTP/1.1\r\n{known}Content-Length: {length}\r\n\r\n{body}")
}

/// Waits until a head that was begun before is too slow.
fn wait_for_heads(gate: &Gate) {
    // Each takes half of `HEAD` at least.
    for _ in 0..3 {
        assert_eq!(statuses(&gate.client().raw(b"GET ")), ["408"]);
    }
}

#[test]
fn a_head_that_comes_with_the_request_before_it_has_its_deadline_too() {
    let gate = Gate::with(|_, server| server.head_timeout = HEAD);
    let tools = format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n");
    let chunked = call_of("who").replace("Content-Length: 14", "Transfer-Encoding: chunked");
    let chunked = chunked.replace("{\"tool\":\"who\"}", "e\r\n{\"tool\":\"who\"}\r\n0\r\n\r\n");
    let begun = [
        tools.clone(),
        call_of("who"),
        chunked,
        tools + &call_of("who"),
    ]
    .map(|asked| {
        let mut stream = gate.client().connect();
        let asked = asked + "GET /mcp/tools HTTP/1.1\r\n";
        stream.write_all(asked.as_bytes()).unwrap();
        stream
    });
    let mut waiting = gate.client().connect();
    waiting.write_all(call_of("wait").as_bytes()).unwrap();
    waiting.write_all(b"GET /mcp").unwrap();
    gate.hands.go.notify_one();
    let ends = begun.map(|stream| std::io::read_to_string(stream).unwrap());
    let ends = ends.each_ref().map(|end| statuses(end));
    assert_eq!(
        ends,
        [vec!["200"], vec!["200"], vec!["200"], vec!["200"; 2]]
    );
    assert_eq!(
        statuses(&std::io::read_to_string(waiting).unwrap()),
        ["200"]
    );
}

#[test]
fn line_ends_behind_a_request_begin_no_head() {
    let gate = Gate::with(|_, server| server.head_timeout = HEAD);
    let tools = format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n");
    let asked = [tools.clone() + "\r\n", call_of("who")].map(|asked| {
        let mut stream = gate.client().connect();
        stream.write_all((asked + "\r\n").as_bytes()).unwrap();
        read_to(&stream, "}");
        stream.write_all(b"\r\n").unwrap();
        stream
    });
    wait_for_heads(&gate);
    for mut stream in &asked {
        let last = tools.clone() + "Connection: close\r\n\r\n";
        stream.write_all(last.as_bytes()).unwrap();
        assert_eq!(statuses(&rest(stream)), ["200"]);
    }
}

#[test]
fn what_comes_while_a_request_is_answered_ends_no_connection() {
    let gate = Gate::with(|_, server| server.head_timeout = HEAD);
    let known = format!("Host: localhost\r\nX-API-Key: {KEY}\r\n");
    let mut call = gate.client().connect();
    ask(&call);
    call.write_all(call_of("wait").as_bytes()).unwrap();
    let mut events = gate.client().connect();
    ask(&events);
    let asked = format!("GET /mcp/sse HTTP/1.1\r\n{known}\r\n");
    events.write_all(asked.as_bytes()).unwrap();
    read_to(&events, "\n\n\r\n");
    for mut stream in [&call, &events] {
        stream.write_all(b"\r\n").unwrap();
    }
    wait_for_heads(&gate);
    gate.hands.go.notify_one();
    read_to(&call, "}");
    events.set_nonblocking(true).unwrap();
    let open = events.read(&mut [0]).unwrap_err();
    assert_eq!(open.kind(), ErrorKind::WouldBlock);
}
