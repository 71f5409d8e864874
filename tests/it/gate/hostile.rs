use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use aegis::auth::TrustedProxies;

use super::fixture::{Gate, KEY, WRONG};

const MIB: usize = 1 << 20;

/// What comes until the server closes.
pub(super) fn rest(mut stream: &TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of each answer in a text of several.
pub(super) fn statuses(text: &str) -> Vec<&str> {
    let answers = text.split("HTTP/1.").skip(1);
    answers.map(|answer| &answer[2..5]).collect()
}

fn first(gate: &Gate, bytes: &[u8]) -> String {
    let text = gate.client().raw(bytes);
    statuses(&text).first().copied().unwrap_or("").to_owned()
}

#[test]
fn heads_that_two_servers_would_read_differently_are_refused() {
    let gate = Gate::start();
    let known = format!("Host: localhost\r\nConnection: close\r\nAuthorization: Bearer {KEY}\r\n");
    let post = |headers: &str, body: &str| {
        let head = format!(
            "POST /mcp HTTP/1.1\r\n{known}Content-Type: application/json\r\n{headers}\r\n{body}"
        );
        first(&gate, head.as_bytes())
    };
    for (headers, body) in [
        (
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
        ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: identity\r\n", "{}"),
        ("Content-Length: 2\r\nContent-Length: 3\r\n", "{} "),
        ("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
        ("Content-Length: +2\r\n", "{}"),
        ("Content-Length: 2, 2\r\n", "{}"),
        ("Content-Length: -1\r\n", "{}"),
        ("Content-Length: 99999999999999999999\r\n", "{}"),
        ("Content-Length : 2\r\n", "{}"),
        ("X-Folded: a\r\n b\r\nContent-Length: 2\r\n", "{}"),
        ("Host: localhost\r\nContent-Length: 2\r\n", "{}"),
        ("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n{}"),
    ] {
        assert_eq!(post(headers, body), "400", "{headers:?}");
    }
    for head in [
        "GET /mcp/tools HTTP/1.1\r\n\r\n",
        "GET /mcp/tools HTTP/1.0\r\nHost: localhost\r\n\r\n",
        "GET /mcp/tools HTTP/1.0\r\n\r\n",
        "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n",
        "GET  /mcp/tools HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /mcp/\x00tools HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /mcp/tools\r\nHost: localhost\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\x03\x03\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        assert_eq!(first(&gate, head.as_bytes()), "400", "{head:?}");
    }
    let admitted = gate.records("api_authentication").len();
    assert_eq!(admitted, 2, "only the heads before the two broken bodies");
}

#[test]
fn bare_line_feeds_hide_no_second_request() {
    let gate = Gate::start();
    let hidden = format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n");
    let length = hidden.len();
    let text = format!("POST /mcp HTTP/1.1\nHost: localhost\nContent-Length: {length}\n\n{hidden}");
    assert_eq!(statuses(&gate.client().raw(text.as_bytes())), ["401"]);
    assert!(gate.records("api_authentication").is_empty());
}

#[test]
fn a_stranger_gets_one_answer_on_a_connection_and_a_known_client_as_many_as_it_asks() {
    let gate = Gate::start();
    let ask = |key: &str| {
        format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\r\n")
    };
    let mut stream = gate.client().connect();
    for key in [KEY, KEY, WRONG] {
        stream.write_all(ask(key).as_bytes()).unwrap();
    }
    assert_eq!(statuses(&rest(&stream)), ["200", "200", "401"]);
    let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(statuses(&gate.client().raw(health.as_bytes())), ["200"]);
}

#[test]
fn nothing_is_run_that_was_sent_behind_a_connection_s_last_request() {
    let gate = Gate::start();
    let ask =
        |headers: &str| format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    let known = format!("X-API-Key: {KEY}\r\n");
    for last in [&*format!("{known}Connection: close\r\n"), ""] {
        let asked = ask(last) + &ask(&known) + &ask(&known);
        let answers = gate.client().raw(asked.as_bytes());
        assert_eq!(statuses(&answers)[1..], ["400", "400"], "{answers}");
    }
    assert_eq!(gate.records("api_authentication").len(), 1);
}

#[test]
fn a_trusted_proxy_keeps_its_connection_whoever_is_behind_it() {
    let gate = Gate::with(|gate, _| {
        gate.trusted_proxies = TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    });
    let ask = "GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
    let last = "GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answers = gate.client().raw(format!("{ask}{ask}{last}").as_bytes());
    assert_eq!(statuses(&answers), ["401", "401", "401"]);
}

#[test]
fn a_head_above_16_kib_is_refused_before_the_key_is_looked_at() {
    let gate = Gate::start();
    let status = |headers: &str, target: &str| {
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n{headers}Connection: close\r\n\r\n"
        );
        first(&gate, head.as_bytes())
    };
    assert_eq!(
        status(
            &format!("X-Large: {}\r\n", "a".repeat(15 << 10)),
            "/mcp/tools"
        ),
        "200"
    );
    assert_eq!(
        status(
            &format!("X-Large: {}\r\n", "a".repeat(16 << 10)),
            "/mcp/tools"
        ),
        "431"
    );
    assert_eq!(
        status("", &format!("/mcp/tools?{}", "a".repeat(16 << 10))),
        "431"
    );
    assert_eq!(
        status(
            &format!("X-Huge: {}\r\n", "a".repeat(200 << 10)),
            "/mcp/tools"
        ),
        "431"
    );
    let many = "X-Many: a\r\n".repeat(10_000);
    assert!(["400", "431"].contains(&&*status(&many, "/mcp/tools")));
    assert_eq!(gate.records("api_authentication").len(), 1);
}

#[test]
fn a_body_above_1_mib_is_refused_by_its_length_or_when_it_comes() {
    let gate = Gate::start();
    let head = |headers: &str| {
        format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\nContent-Type: application/json\r\nConnection: close\r\n{headers}\r\n\r\n"
        )
    };
    let declared = head("Content-Length: 1048577");
    assert_eq!(first(&gate, declared.as_bytes()), "413");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(1 << 16));
    let chunked = head("Transfer-Encoding: chunked") + &chunk.repeat(17);
    assert_eq!(first(&gate, chunked.as_bytes()), "413");
    let most = head(&format!("Content-Length: {MIB}")) + &" ".repeat(MIB);
    assert_eq!(
        first(&gate, most.as_bytes()),
        "400",
        "white space is no message, and it was read"
    );
    let most = head("Transfer-Encoding: chunked") + &chunk.repeat(16) + "0\r\n\r\n";
    assert_eq!(first(&gate, most.as_bytes()), "400");
}

#[test]
fn a_body_is_not_read_before_the_key_is_known_and_its_connection_ends() {
    let gate = Gate::start();
    for headers in [
        "Content-Length: 1000000",
        "Transfer-Encoding: chunked",
        "Content-Length: 5\r\nExpect: 100-continue",
    ] {
        let mut stream = gate.client().connect();
        let head = format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let answer = rest(&stream);
        assert!(answer.contains("HTTP/1.1 401 "), "{headers}: {answer}");
    }
}

#[test]
fn an_endless_body_that_nobody_wants_ends_with_its_connection() {
    let gate = Gate::start();
    let mut stream = gate.client().connect();
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(1 << 16));
    let is_cut = (0..1_000_000).any(|_| stream.write_all(chunk.as_bytes()).is_err());
    assert!(is_cut);
}

#[test]
fn a_body_that_does_not_come_is_408() {
    let gate = Gate::with(|_, server| server.body_timeout = Duration::from_millis(50));
    for headers in ["Content-Length: 10", "Transfer-Encoding: chunked"] {
        let mut stream = gate.client().connect();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n{headers}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let answer = rest(&stream);
        assert_eq!(statuses(&answer), ["408"]);
        assert!(answer.contains(r#""error":"timeout""#), "{answer}");
    }
}

#[test]
fn a_body_that_breaks_off_is_nobody_s_message() {
    let gate = Gate::start();
    let mut stream = gate.client().connect();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\nContent-Length: 10\r\n\r\n{{}}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    rest(&stream);
    assert_eq!(gate.known().get("/mcp/tools").status, 200);
}

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    let gate = Gate::with(|_, server| server.connections_per_address = 2);
    let ask = |mut stream: &TcpStream| {
        let head =
            format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).unwrap();
        String::from_utf8_lossy(&begin[9..]).into_owned()
    };
    let (one, two, three) = (
        gate.client().connect(),
        gate.client().connect(),
        gate.client().connect(),
    );
    assert_eq!([ask(&one), ask(&two), ask(&three)], ["200", "200", "503"]);
    assert!(rest(&three).contains(r#""error":"overloaded""#));
    let health = gate.client().get("/health");
    assert_eq!(health.status, 200, "a probe is not turned away");
}

#[test]
fn an_address_that_floods_gets_no_answer_at_all() {
    let gate = Gate::with(|_, server| server.connections_per_address = 1);
    let idle: Vec<_> = (0..4).map(|_| gate.client().connect()).collect();
    assert_eq!(rest(&gate.client().connect()), "");
    drop(idle);
}

#[test]
fn a_trusted_proxy_has_as_many_connections_as_it_likes() {
    let gate = Gate::with(|gate, server| {
        gate.trusted_proxies = TrustedProxies::new(vec!["127.0.0.1/32".parse().unwrap()]);
        server.connections_per_address = 1;
    });
    let idle: Vec<_> = (0..8).map(|_| gate.client().connect()).collect();
    assert_eq!(gate.known().get("/mcp/tools").status, 200);
    drop(idle);
}
