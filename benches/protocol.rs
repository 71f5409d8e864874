//! What the protocol costs a request, beside an answer that is always the same.
#![allow(clippy::unwrap_used, reason = "a bench fails where it panics")]
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
use std::{future::ready, hint::black_box, net::Ipv4Addr, rc::Rc, sync::Arc};

use actix_web::{
    HttpResponse,
    http::header::{HeaderMap, HeaderName, HeaderValue},
    rt::System,
};
use aegis::{
    caller::{Caller, RequestIds},
    mcp::{Outcome, Protocol, Settings, Shared, ToolCall, ToolResult, Tools},
    rights::{Access, Rights},
};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const HEADERS: &[(&str, &str)] = &[
    ("content-type", "application/json"),
    ("accept", "application/json, text/event-stream"),
    ("mcp-protocol-version", "2026-07-28"),
];
const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

/// A list of the product's size, and a call that does nothing.
struct Idle(Rc<str>);

impl Tools for Idle {
    fn server(&self) -> (&'static str, &'static str) {
        ("bench", "0")
    }

    fn instructions(&self) -> &'static str {
        ""
    }

    fn list(&self, _: &Caller) -> Rc<str> {
        Rc::clone(&self.0)
    }

    fn call(&self, _: Rc<Caller>, _: ToolCall) -> impl Future<Output = Outcome> + 'static {
        ready(Outcome::Done(ToolResult::default()))
    }
}

fn headers(more: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = HEADERS.iter().chain(more);
    let pairs = pairs.map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    pairs.collect()
}

fn protocol(c: &mut Criterion) {
    let list: Rc<str> = format!(r#"[{{"description":"{}"}}]"#, "x".repeat(7_000)).into();
    let shared = Shared::new(
        Settings::default(),
        TaskTracker::new(),
        CancellationToken::new(),
    );
    let protocol = Protocol::new(Rc::new(Idle(Rc::clone(&list))), Arc::new(shared));
    let caller = Rc::new(Caller {
        key: None,
        rights: Rights::up_to(Access::Read),
        client_ip: Ipv4Addr::LOCALHOST.into(),
        request_id: RequestIds::new(0).next(),
    });
    let system = System::new();
    let post = |headers: &HeaderMap, body: &str| {
        let answer = protocol.post_mcp(Rc::clone(&caller), headers, black_box(body.as_bytes()));
        let answer = system.block_on(answer).unwrap();
        assert_eq!(answer.status(), 200);
        answer
    };

    c.bench_function("fixed body of 7 KB", |b| {
        b.iter(|| system.block_on(async { HttpResponse::Ok().body(list.as_bytes().to_vec()) }));
    });
    let listing =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{META}}}}}"#);
    let head = headers(&[("mcp-method", "tools/list")]);
    c.bench_function("tools/list of 7 KB", |b| b.iter(|| post(&head, &listing)));

    let calling = |length| {
        let text = "x".repeat(length);
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"idle","arguments":{{"text":"{text}"}},{META}}}}}"#
        )
    };
    let head = headers(&[("mcp-method", "tools/call"), ("mcp-name", "idle")]);
    let (short, long) = (calling(100), calling(1_000_000));
    c.bench_function("tools/call", |b| b.iter(|| post(&head, &short)));
    c.bench_function("tools/call with 1 MB of arguments", |b| {
        b.iter(|| post(&head, &long));
    });
}

criterion_group!(benches, protocol);
criterion_main!(benches);
