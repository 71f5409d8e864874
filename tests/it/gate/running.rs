use std::{
    env,
    io::{ErrorKind, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::mpsc,
    thread,
    time::Duration,
};

use aegis::server::ServerSettings;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use super::fixture::{Gate, KEY, WRONG};
use crate::support::assert_passed;

/// Begins `wait` by the plain route on a connection of its own.
fn begin_waiting(gate: &Gate) -> TcpStream {
    let mut stream = gate.client().connect();
    stream
        .write_all(waiting("/mcp/tool/call", r#"{"tool": "wait"}"#).as_bytes())
        .unwrap();
    block_on(gate.hands.begun.notified());
    stream
}

fn waiting(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

fn block_on(future: impl Future) {
    actix_web::rt::System::new().block_on(future);
}

fn read_some(mut stream: &TcpStream) -> String {
    let mut bytes = [0; 4096];
    let read = stream.read(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

#[test]
fn a_client_that_offers_to_upgrade_is_told_that_its_connection_ends() {
    let gate = Gate::start();
    let ask = format!(
        "GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\
         Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n\r\n"
    );
    let answer = gate.client().raw(ask.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
}

#[test]
fn a_panic_is_an_answer_and_the_server_goes_on() {
    let gate = Gate::start();
    let broken = gate
        .known()
        .post("/mcp/tool/call", &json!({"tool": "break"}));
    assert_eq!(broken.status, 500);
    let fault = broken.json();
    assert_eq!(fault["error"], "internal");
    assert_eq!(fault["request_id"], broken.header("X-Request-Id").unwrap());
    assert!(!broken.body.contains("secret"));
    assert_eq!(gate.known().get("/mcp/tools").status, 200);
}

#[test]
fn a_call_that_takes_too_long_is_504() {
    let gate = Gate::with(|_, server| server.answer_timeout = Duration::from_millis(50));
    let slow = gate
        .known()
        .post("/mcp/tool/call", &json!({"tool": "wait"}));
    assert_eq!(slow.status, 504);
    assert_eq!(slow.json()["error"], "timeout");
    assert_eq!(gate.known().get("/mcp/tools").status, 200);
}

#[test]
fn what_runs_is_answered_when_the_server_stops_and_later_requests_are_refused() {
    let mut gate = Gate::start();
    let kept = gate.client().connect();
    let ask = format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n");
    (&kept).write_all(ask.as_bytes()).unwrap();
    assert!(read_some(&kept).starts_with("HTTP/1.1 200 "));
    let probe = gate.client().connect();
    let running = begin_waiting(&gate);
    let mut events = gate.known().events("GET", "/mcp/sse", "");
    assert!(events.next().is_some());

    gate.ask_to_stop();
    assert_eq!(events.next(), None, "a stream ends at once");
    (&kept).write_all(ask.as_bytes()).unwrap();
    let refused = read_some(&kept);
    assert!(
        refused.starts_with("HTTP/1.1 503 ") && refused.contains("shutting_down"),
        "{refused}"
    );
    (&probe)
        .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    assert!(read_some(&probe).starts_with("HTTP/1.1 503 "));

    gate.hands.go.notify_one();
    let answer = read_some(&running);
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("waited"),
        "{answer}"
    );
    gate.join();
}

#[test]
fn a_server_that_stops_refuses_connections_while_its_calls_run_and_its_port_is_free() {
    let mut gate = Gate::start();
    let running = begin_waiting(&gate);
    gate.ask_to_stop();
    let patience = Duration::from_secs(20);
    let refused = loop {
        match TcpStream::connect_timeout(&gate.address, patience) {
            Ok(_) => thread::yield_now(),
            Err(error) => break error.kind(),
        }
    };
    assert_eq!(refused, ErrorKind::ConnectionRefused);
    TcpListener::bind(gate.address).unwrap();
    gate.hands.go.notify_one();
    assert!(read_some(&running).starts_with("HTTP/1.1 200 "));
    gate.join();
}

#[test]
fn a_request_whose_body_is_half_there_is_answered_when_the_server_stops() {
    let mut gate = Gate::with(|_, server| server.body_timeout = Duration::from_mins(1));
    let stream = gate.client().connect();
    let whole = waiting("/mcp/tool/call", r#"{"tool": "who"}"#);
    (&stream)
        .write_all(&whole.as_bytes()[..whole.len() - 1])
        .unwrap();
    // It has been let in, so its body is being read.
    while gate.records("api_authentication").is_empty() {
        thread::yield_now();
    }
    gate.ask_to_stop();
    let answer = read_some(&stream);
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("shutting_down"),
        "{answer}"
    );
    gate.join();
}

#[test]
fn a_legacy_call_outlives_its_client_and_the_server_waits_for_it() {
    let (ended, has_ended) = mpsc::channel();
    let mut gate = Gate::ending(|_, _| (), ended);
    let mut stream = gate.client().connect();
    let call =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{}}}"#;
    stream.write_all(waiting("/mcp", call).as_bytes()).unwrap();
    block_on(gate.hands.begun.notified());
    drop(stream);
    gate.ask_to_stop();
    assert!(has_ended.try_recv().is_err());
    gate.hands.go.notify_one();
    gate.join();
    assert_eq!(has_ended.try_recv(), Ok(()));
}

#[test]
fn what_outlasts_the_grace_is_given_up_before_the_server_has_stopped() {
    let (ended, has_ended) = mpsc::channel();
    let short = |_: &mut _, server: &mut ServerSettings| {
        server.shutdown_grace = Duration::from_millis(20);
    };
    let mut gate = Gate::ending(short, ended);
    let running = begin_waiting(&gate);
    gate.ask_to_stop();
    let answer = read_some(&running);
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("shutting_down"),
        "{answer}"
    );
    gate.join();
    assert_eq!(
        has_ended.try_recv(),
        Ok(()),
        "its record is written by then"
    );
}

#[test]
fn a_server_stops_when_it_is_asked_to() {
    let mut gate = Gate::start();
    assert_eq!(gate.known().get("/mcp/tools").status, 200);
    gate.ask_to_stop();
    gate.join();
}

#[test]
fn many_clients_at_once_are_each_answered() {
    let gate = Gate::with(|_, server| server.workers = Some(2));
    let clients = (0..16).map(|_| {
        let client = gate.known();
        thread::spawn(move || {
            (0..20)
                .filter(|_| client.get("/mcp/tools").status == 200)
                .count()
        })
    });
    let clients: Vec<_> = clients.collect();
    let answered: usize = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .sum();
    assert_eq!(answered, 320);
    assert_eq!(gate.records("api_authentication").len(), 320);
}

#[test]
fn nothing_runs_unrecorded_and_who_is_refused_stays_refused() {
    // A process of its own, in which no file can grow: this test binary again.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -S -f 0; exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args([
            "--exact",
            "gate::running::on_a_full_disk",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    assert_passed(&output);
}

#[test]
#[ignore = "a part of nothing_runs_unrecorded_and_who_is_refused_stays_refused"]
fn on_a_full_disk() {
    let gate = Gate::with(|gate, _| gate.max_failures = 2);
    assert_eq!(gate.client().get("/health").status, 200);
    let refused = gate.known().get("/mcp/tools");
    assert_eq!(
        (refused.status, refused.header("Retry-After")),
        (503, Some("30"))
    );
    assert_eq!(refused.json()["error"], "audit_unavailable");
    let health = gate.client().get("/health");
    assert_eq!(health.status, 503);
    assert_eq!(health.json()["reason"], "the audit log cannot be written");
    let wrong = gate.client().bearer(WRONG);
    let statuses = [0; 3].map(|_| wrong.get("/mcp/tools").status);
    assert_eq!(statuses, [401, 401, 429]);
    assert_eq!(gate.client().get("/mcp").status, 429);

    let limit = getrlimit(Resource::Fsize);
    setrlimit(
        Resource::Fsize,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )
    .unwrap();
    assert_eq!(
        gate.known().get("/mcp/tools").status,
        200,
        "nobody had to restart it"
    );
    assert_eq!(gate.client().get("/health").status, 200);
    assert_eq!(gate.records("audit_gap").len(), 1);
}
