//! The protocol as clients meet it: over TCP, behind the gate, before a Gitea.
use std::{
    io::Write as _,
    net::TcpStream,
    sync::mpsc::Sender,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::schemas;
use crate::support::{Client, Fake, Reply, Server};

const BRANCHES: &str = "/api/v1/repos/observatory/telescope/branches";

/// A question that its Gitea holds back.
struct Held {
    server: Server,
    fake: Fake,
    release: Sender<()>,
}

impl Held {
    fn new() -> Self {
        let fake = Fake::start();
        let server = Server::before(&fake);
        let (reply, release) = Reply::json(200, "[]").held();
        fake.says_once(BRANCHES, reply);
        Self {
            server,
            fake,
            release,
        }
    }

    /// Asks it, with these headers, and waits until Gitea has been asked.
    fn ask(&self, meta: &Value, headers: &str) -> TcpStream {
        let arguments = json!({ "method": "list", "owner": "observatory", "repo": "telescope" });
        let mut params = json!({ "name": "branch_read", "arguments": arguments });
        if !meta.is_null() {
            params["_meta"] = meta.clone();
        }
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let (body, address, key) = (body.to_string(), self.server.address, &self.server.key);
        let mut stream = self.server.client().connect();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        wait_for("the question", || !self.fake.asked().is_empty());
        stream
    }

    /// How the one call ended.
    fn outcome(&self) -> Option<Value> {
        let records = self.server.records();
        let end = records
            .iter()
            .find(|record| record["phase"] == "finished")?;
        Some(end["outcome"].clone())
    }
}

fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !happened() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::yield_now();
    }
}

#[test]
fn a_modern_client_that_leaves_has_cancelled() {
    let held = Held::new();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let headers =
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: branch_read\r\n";
    drop(held.ask(&meta, headers));
    wait_for("the end of the call", || held.outcome().is_some());
    assert_eq!(held.outcome().unwrap(), "cancelled");
}

#[test]
fn a_legacy_client_that_leaves_has_not_cancelled() {
    let held = Held::new();
    drop(held.ask(&Value::Null, "MCP-Protocol-Version: 2025-11-25\r\n"));
    // Nobody is told that a connection closed; one more request comes after it on the one worker.
    assert_eq!(held.server.client().get("/health").status, 200);
    assert_eq!(held.outcome(), None);
    held.release.send(()).unwrap();
    wait_for("the end of the call", || held.outcome().is_some());
    assert_eq!(held.outcome().unwrap(), "ok");
}

/// Lists the tools over a stream that `client` opens at `target`, and gives the address it posts to.
fn list_over_a_stream(client: &Client, target: &str) -> String {
    let mut stream = client.events("GET", target, "");
    assert_eq!(stream.status, 200);
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.header("cache-control"), Some("no-store"));
    let (name, address) = stream.next().unwrap();
    assert_eq!(name, "endpoint");
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let accepted = client.post(&address, &list);
    assert_eq!((accepted.status, &*accepted.body), (202, ""));
    let (name, data) = stream.next().unwrap();
    assert_eq!(name, "message");
    schemas::check(
        "2024-11-05",
        "tools/list",
        &serde_json::from_str(&data).unwrap(),
    );
    address
}

#[test]
fn a_stream_serves_a_client_that_sends_its_key_by_header() {
    let server = Server::before(&Fake::start());
    let address = list_over_a_stream(&server.client(), "/mcp/sse");
    assert!(
        !address.contains(&server.key),
        "the key is in the address of the stream"
    );
}

#[test]
fn a_stream_serves_a_client_that_knows_a_url_and_no_more() {
    let server = Server::before(&Fake::start());
    let client = Client::new(server.address);
    let address = list_over_a_stream(&client, &format!("/mcp/sse?api_key={}", server.key));
    let bare = address.split('&').next().unwrap();
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    assert_eq!(
        client.post(bare, &ping).status,
        401,
        "a session id is no key"
    );
}

#[test]
fn an_answer_to_a_parse_error_is_the_protocols_and_one_to_a_fault_of_http_is_ours() {
    let server = Server::before(&Fake::start());
    let parse = server.client().request("POST", "/mcp", "{");
    assert_eq!(
        (parse.status, &parse.json()["error"]["code"]),
        (400, &json!(-32700))
    );
    let kind = server
        .client()
        .with("Content-Type", "text/plain")
        .request("POST", "/mcp", "{}");
    assert_eq!(
        (kind.status, &kind.json()["error"]),
        (415, &json!("unsupported_media_type"))
    );
}
