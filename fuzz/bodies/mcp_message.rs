//! The body of a POST, on each route that takes one: whatever it is, the answer is well formed.
//!
//! The first byte chooses what the headers claim.
use std::{future::ready, net::Ipv4Addr, rc::Rc, sync::Arc};

use actix_web::{
    HttpResponse,
    body::to_bytes,
    http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use aegis::{
    caller::{Caller, RequestIds},
    fault::Fault,
    mcp::{Outcome, Protocol, Settings, Shared, ToolCall, ToolResult, Tools},
    rights::{Access, Rights},
};
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

struct Echo;

impl Tools for Echo {
    fn server(&self) -> (&'static str, &'static str) {
        ("echo", "0")
    }

    fn instructions(&self) -> &'static str {
        ""
    }

    fn list(&self, _: &Caller) -> Rc<str> {
        "[]".into()
    }

    fn call(&self, _: Rc<Caller>, call: ToolCall) -> impl Future<Output = Outcome> + 'static {
        ready(Outcome::Done(ToolResult {
            text: call.name,
            structured: call.arguments,
            is_error: false,
        }))
    }
}

const VERSIONS: [Option<&str>; 5] = [
    None,
    Some("2025-03-26"),
    Some("2025-11-25"),
    Some("2026-07-28"),
    Some("x"),
];
const METHODS: [&str; 3] = ["tools/call", "tools/list", "server/discover"];

thread_local! {
    static RUNTIME: actix_rt::Runtime = actix_rt::Runtime::new().expect("a runtime");
}

pub(crate) fn check(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else {
        return;
    };
    let choice = usize::from(*choice);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(version) = VERSIONS[choice % VERSIONS.len()] {
        let name = HeaderName::from_static("mcp-protocol-version");
        headers.insert(name, HeaderValue::from_static(version));
    }
    let method = METHODS[choice / VERSIONS.len() % METHODS.len()];
    headers.insert(
        HeaderName::from_static("mcp-method"),
        HeaderValue::from_static(method),
    );
    headers.insert(
        HeaderName::from_static("mcp-name"),
        HeaderValue::from_static("echo"),
    );

    let caller = Rc::new(Caller {
        key: None,
        rights: Rights::up_to(Access::Read),
        client_ip: Ipv4Addr::LOCALHOST.into(),
        request_id: RequestIds::new(0).next(),
    });
    let shared = Shared::new(
        Settings::default(),
        TaskTracker::new(),
        CancellationToken::new(),
    );
    let protocol = Protocol::new(Rc::new(Echo), Arc::new(shared));
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            judge(protocol.post_mcp(Rc::clone(&caller), &headers, body).await).await;
            judge(protocol.post_tool_call(caller, &headers, body).await).await;
        });
    });
}

async fn judge(answer: Result<HttpResponse, Fault>) {
    let Ok(answer) = answer else { return };
    let status = answer.status().as_u16();
    assert!(matches!(status, 200 | 202 | 400 | 404));
    let body = to_bytes(answer.into_body())
        .await
        .expect("a body in memory");
    if status == 202 {
        assert!(body.is_empty());
    } else {
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        assert_ne!(answer.get("id"), Some(&Value::Null));
    }
}
