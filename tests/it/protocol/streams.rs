//! The transport of 2024-11-05: a stream by GET, messages for it by POST.
use std::{future::poll_fn, pin::Pin, rc::Rc, time::Duration};

use actix_web::{
    HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    http::header::HeaderMap,
    web::Bytes,
};
use aegis::{
    caller::{Caller, KeySource},
    fault::Fault,
};
use serde_json::{Value, json};

use super::{
    fixture::{Answer, Client, Post, caller, settings},
    schemas,
};

pub(super) struct Stream {
    body: BoxBody,
    /// The query of its endpoint.
    pub(super) query: String,
}

impl Stream {
    pub(super) async fn open(client: &Client, caller: &Caller, query: &str) -> Self {
        Self::open_with(client, caller, &HeaderMap::new(), query).await
    }

    async fn open_with(client: &Client, caller: &Caller, headers: &HeaderMap, query: &str) -> Self {
        let answer = client.protocol.get_sse(caller, headers, query).unwrap();
        let mut stream = Self::of(answer);
        let endpoint = stream.event().await.unwrap();
        let endpoint = endpoint
            .strip_prefix("event: endpoint\ndata: /mcp/sse?")
            .unwrap();
        endpoint.trim_end().clone_into(&mut stream.query);
        stream
    }

    fn of(answer: HttpResponse) -> Self {
        assert_eq!(answer.status(), 200);
        assert_eq!(
            answer.headers().get("content-type").unwrap(),
            "text/event-stream"
        );
        assert_eq!(answer.headers().get("x-accel-buffering").unwrap(), "no");
        let body = answer.into_body();
        assert_eq!(body.size(), BodySize::Stream);
        Self {
            body,
            query: String::new(),
        }
    }

    /// The next event as it was sent; `None` at the end of the stream.
    async fn event(&mut self) -> Option<String> {
        let event: Option<Result<Bytes, _>> =
            poll_fn(|context| Pin::new(&mut self.body).poll_next(context)).await;
        event.map(|bytes| String::from_utf8(bytes.ok().unwrap().to_vec()).unwrap())
    }

    /// The next message, valid in `revision` as an answer to `method`.
    pub(super) async fn message(&mut self, revision: &str, method: &str) -> Value {
        let message = self.data().await;
        schemas::check(revision, method, &message);
        message
    }

    /// What the next event of a message carries.
    pub(super) async fn data(&mut self) -> Value {
        let event = self.event().await.unwrap();
        let lines = event
            .strip_prefix("event: message\n")
            .unwrap()
            .strip_suffix("\n\n")
            .unwrap();
        let data: String = lines
            .lines()
            .map(|line| line.strip_prefix("data: ").unwrap())
            .collect();
        serde_json::from_str(&data).unwrap()
    }
}

pub(super) fn key(name: &str) -> Caller {
    caller(name, KeySource::Header)
}

pub(super) async fn post(
    client: &Client,
    who: &Caller,
    query: &str,
    body: &str,
) -> Result<Answer, Fault> {
    let post = Post::raw(body);
    let caller = Rc::new(who.clone());
    let answer = client
        .protocol
        .post_sse(caller, &post.headers, query, body.as_bytes())
        .await?;
    Ok(Answer::read(Ok(answer)).await)
}

pub(super) fn request(id: u32, method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

pub(super) fn call(id: u32, tool: &str) -> String {
    request(id, "tools/call", &json!({ "name": tool }))
}

/// Sends a message that must be accepted.
pub(super) async fn send(client: &Client, stream: &Stream, message: &str) {
    let answer = post(client, &key("a"), &stream.query, message)
        .await
        .unwrap();
    assert_eq!((answer.status, answer.json), (202, Value::Null));
}

#[actix_web::test]
async fn a_session_of_2024_11_05_from_end_to_end() {
    let client = Client::new();
    let mut stream = Stream::open(&client, &key("a"), "").await;
    let params = json!({
        "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": { "name": "t", "version": "0" }
    });
    send(&client, &stream, &request(1, "initialize", &params)).await;
    let settled = stream.message("2024-11-05", "initialize").await;
    assert_eq!(settled["result"]["protocolVersion"], "2024-11-05");
    send(
        &client,
        &stream,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    )
    .await;
    send(&client, &stream, &request(2, "tools/list", &json!({}))).await;
    assert_eq!(stream.message("2024-11-05", "tools/list").await["id"], 2);
    send(&client, &stream, &call(3, "echo")).await;
    let called = stream.message("2024-11-05", "tools/call").await;
    assert_eq!(
        called["result"]["structuredContent"],
        json!({ "lines": [1] })
    );
    send(&client, &stream, &call(4, "nothing")).await;
    assert_eq!(
        stream.message("2024-11-05", "tools/call").await["error"]["code"],
        -32602
    );
    send(&client, &stream, &call(5, "unrecorded")).await;
    assert_eq!(
        stream.message("2024-11-05", "tools/call").await["error"]["code"],
        -32603
    );
    send(&client, &stream, &call(6, "panics")).await;
    let failed = stream.message("2024-11-05", "tools/call").await;
    assert_eq!(
        (&failed["id"], &failed["error"]["code"]),
        (&json!(6), &json!(-32603))
    );
    send(&client, &stream, &request(7, "server/discover", &json!({}))).await;
    assert_eq!(
        stream.message("2024-11-05", "").await["error"]["code"],
        -32601
    );
}

#[actix_web::test]
async fn the_endpoint_names_128_random_bits() {
    let client = Client::new();
    let (a, b) = (
        Stream::open(&client, &key("a"), "").await,
        Stream::open(&client, &key("a"), "api_key=ignored").await,
    );
    let id = a.query.strip_prefix("session_id=").unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(
        b.query.len(),
        a.query.len(),
        "a key that came by header is not in the address"
    );
    assert_ne!(a.query, b.query);
}

#[actix_web::test]
async fn the_endpoint_repeats_the_key_where_the_stream_was_opened_by_it() {
    let client = Client::new();
    let who = caller("a", KeySource::Query);
    let stream = Stream::open(&client, &who, "x=1&api_key=a%2Bb%26c").await;
    let (_, key) = stream.query.split_once('&').unwrap();
    assert_eq!(key, "api_key=a%2Bb%26c");
}

#[actix_web::test]
async fn a_stream_is_not_to_be_found_under_another_key() {
    let client = Client::new();
    let stream = Stream::open(&client, &key("a"), "").await;
    let mut nobody = key("a");
    nobody.key = None;
    for who in [key("b"), nobody] {
        let fault = post(&client, &who, &stream.query, &call(1, "echo"))
            .await
            .unwrap_err();
        assert_eq!(
            (fault.code.status(), fault.code.as_str()),
            (404, "not_found")
        );
    }
    assert!(client.seen.calls.borrow().is_empty());
}

#[actix_web::test]
async fn an_unknown_or_ended_stream_is_404() {
    let client = Client::new();
    let stream = Stream::open(&client, &key("a"), "").await;
    let Stream { body, query } = stream;
    drop(body);
    for query in [
        &*query,
        "session_id=",
        "session_id=00000000000000000000000000000000",
    ] {
        let fault = post(&client, &key("a"), query, &call(1, "echo"))
            .await
            .unwrap_err();
        assert_eq!(fault.code.status(), 404);
    }
}

#[actix_web::test]
async fn what_is_no_message_is_refused_in_the_post() {
    let client = Client::new();
    let stream = Stream::open(&client, &key("a"), "").await;
    for (body, code) in [("{", -32700), ("{}", -32600), ("[]", -32600)] {
        let answer = post(&client, &key("a"), &stream.query, body).await.unwrap();
        assert_eq!(answer.error(), (400, code, None));
    }
}

#[actix_web::test]
async fn whatever_is_asked_for_a_stream_settles_on_the_revision_that_has_streams() {
    let client = Client::new();
    let mut stream = Stream::open(&client, &key("a"), "").await;
    for asked in ["2025-03-26", "2025-11-25", "2026-07-28", "1.0"] {
        let params = json!({ "protocolVersion": asked });
        send(&client, &stream, &request(1, "initialize", &params)).await;
        let settled = stream.message("2024-11-05", "initialize").await;
        assert_eq!(
            settled["result"]["protocolVersion"], "2024-11-05",
            "{asked}"
        );
    }
    send(&client, &stream, &request(2, "initialize", &json!({}))).await;
    assert_eq!(stream.data().await["error"]["code"], -32602);
}

#[actix_web::test]
async fn a_stream_takes_no_batch() {
    let client = Client::new();
    let stream = Stream::open(&client, &key("a"), "").await;
    let batch = format!("[{},{}]", call(1, "echo"), request(2, "ping", &json!({})));
    let answer = post(&client, &key("a"), &stream.query, &batch).await;
    assert_eq!(answer.unwrap().error(), (400, -32600, None));
    assert!(client.seen.calls.borrow().is_empty());
}

#[actix_web::test]
async fn a_post_without_a_session_is_streamable_http() {
    let client = Client::new();
    let answer = post(
        &client,
        &key("a"),
        "api_key=x",
        &request(1, "ping", &json!({})),
    )
    .await
    .unwrap();
    assert_eq!(answer.result(), &json!({}));
}

#[actix_web::test]
async fn a_client_opens_its_stream_again_with_the_version_that_it_settled_on() {
    let client = Client::new();
    // As the TypeScript SDK's EventSource sends it, which goes on without another `initialize`.
    let headers = Post::raw("")
        .header("Accept", "text/event-stream")
        .header("MCP-Protocol-Version", "2024-11-05")
        .headers;
    let mut stream = Stream::open_with(&client, &key("a"), &headers, "").await;
    send(&client, &stream, &call(7, "echo")).await;
    assert_eq!(stream.message("2024-11-05", "tools/call").await["id"], 7);
}

#[actix_web::test]
async fn a_get_of_a_streamable_client_is_405() {
    let client = Client::new();
    for version in ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", ""] {
        let headers = Post::raw("")
            .header("MCP-Protocol-Version", version)
            .headers;
        let opened = client.protocol.get_sse(&key("a"), &headers, "");
        let fault = opened.unwrap_err();
        assert_eq!(fault.code.status(), 405, "{version}");
        assert_eq!(fault.headers, [("Allow", "POST".into())]);
    }
}

#[actix_web::test]
async fn a_get_that_excludes_events_is_406() {
    let client = Client::new();
    let headers = Post::raw("").header("Accept", "application/json").headers;
    let fault = client
        .protocol
        .get_sse(&key("a"), &headers, "")
        .unwrap_err();
    assert_eq!(fault.code.status(), 406);
}

#[actix_web::test]
async fn a_key_has_a_bounded_number_of_streams_and_gets_a_place_back() {
    let client = Client::with(settings(2, Duration::from_secs(15)));
    let first = Stream::open(&client, &key("a"), "").await;
    let _second = Stream::open(&client, &key("a"), "").await;
    let fault = client
        .protocol
        .get_sse(&key("a"), &HeaderMap::new(), "")
        .unwrap_err();
    assert_eq!(
        (fault.code.status(), fault.code.as_str()),
        (503, "overloaded")
    );
    let _other = Stream::open(&client, &key("b"), "").await;
    drop(first);
    Stream::open(&client, &key("a"), "").await;
}

#[actix_web::test]
async fn a_silent_stream_says_that_it_is_alive() {
    let client = Client::with(settings(1, Duration::from_millis(1)));
    let mut stream = Stream::open(&client, &key("a"), "").await;
    assert_eq!(stream.event().await.unwrap(), ":\n\n");
    assert_eq!(stream.event().await.unwrap(), ":\n\n");
}

#[actix_web::test]
async fn a_shutdown_ends_every_stream_at_once() {
    let client = Client::new();
    let mut stream = Stream::open(&client, &key("a"), "").await;
    client.shutdown.cancel();
    assert_eq!(stream.event().await, None);
}

#[actix_web::test]
async fn the_streams_of_a_removed_key_say_so_and_end() {
    let client = Client::new();
    let mut mine = Stream::open(&client, &key("a"), "").await;
    let other = Stream::open(&client, &key("b"), "").await;
    let removed = key("a").key.unwrap().id;
    client.shared.end_streams_unless(|key| *key != removed);
    let last = "event: error\ndata: the key of this stream is no longer in force\n\n";
    assert_eq!(mine.event().await.as_deref(), Some(last));
    assert_eq!(mine.event().await, None);
    assert_eq!(
        post(&client, &key("b"), &other.query, &call(1, "echo"))
            .await
            .unwrap()
            .status,
        202
    );
    assert!(
        post(&client, &key("a"), &mine.query, &call(1, "echo"))
            .await
            .is_err()
    );
}

#[actix_web::test]
async fn a_call_runs_to_its_end_when_its_stream_is_left() {
    let client = Client::new();
    let stream = Stream::open(&client, &key("a"), "").await;
    send(&client, &stream, &call(1, "slow")).await;
    client.seen.begun.notified().await;
    drop(stream);
    client.seen.go.notify_one();
    client.tracker.close();
    client.tracker.wait().await;
    assert_eq!((client.seen.dropped.get(), client.seen.ended.get()), (0, 1));
}
