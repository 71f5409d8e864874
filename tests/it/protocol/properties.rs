//! Whatever comes, nothing panics and the answer is well formed.
use std::rc::Rc;

use actix_web::{HttpResponse, body::to_bytes, rt::Runtime};
use aegis::{caller::KeySource, fault::Fault};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

use super::fixture::{Client, Post, caller};

/// Posts to all three routes, and checks what can be said of any answer.
fn answers_well(post: &Post, body: &[u8]) {
    let client = Client::new();
    Runtime::new().unwrap().block_on(async {
        let who = || Rc::new(caller("a", KeySource::Header));
        check(client.protocol.post_mcp(who(), &post.headers, body).await).await;
        check(
            client
                .protocol
                .post_sse(who(), &post.headers, "session_id=x", body)
                .await,
        )
        .await;
        check(
            client
                .protocol
                .post_tool_call(who(), &post.headers, body)
                .await,
        )
        .await;
    });
}

async fn check(answer: Result<HttpResponse, Fault>) {
    let Ok(answer) = answer else { return };
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body()).await.unwrap();
    if status == 202 {
        assert!(body.is_empty());
        return;
    }
    let json: Value = serde_json::from_slice(&body).unwrap();
    assert!(matches!(status, 200 | 400 | 404), "{status}: {json}");
    for message in json.as_array().unwrap_or(&vec![json.clone()]) {
        assert!(
            message.get("content").is_some()
                || message.get("result").is_some() != message.get("error").is_some(),
            "{message}"
        );
        assert_ne!(message.get("id"), Some(&Value::Null));
    }
}

fn messages() -> impl Strategy<Value = Post> {
    let legacy = |method: &str, params| Post::legacy("2025-11-25", method, &params);
    prop::sample::select(vec![
        Post::modern(
            "tools/call",
            json!({ "name": "echo", "arguments": { "a": [1, "b", null] } }),
        ),
        Post::modern("tools/list", json!({ "cursor": "" })),
        Post::modern("server/discover", json!({})),
        legacy(
            "initialize",
            json!({ "protocolVersion": "2025-11-25", "capabilities": {} }),
        ),
        legacy("tools/call", json!({ "name": "fail", "arguments": {} })),
        Post::raw(
            r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}},{"jsonrpc":"2.0","method":"x"}]"#,
        ),
        Post::raw(r#"{"tool":"echo","arguments":{"a":"\u00e9"}}"#),
    ])
}

proptest! {
    #[test]
    fn any_bytes_are_answered(body in vec(any::<u8>(), 0..200)) {
        answers_well(&Post::raw(""), &body);
    }

    #[test]
    fn any_json_is_answered(text in r#"[\[\]{}:,"a-z0-9\\ .-]{0,80}"#) {
        answers_well(&Post::raw(""), text.as_bytes());
    }

    #[test]
    fn a_message_with_bytes_changed_is_answered(
        post in messages(),
        changes in vec((any::<Index>(), any::<u8>()), 1..5),
    ) {
        let mut body = post.body.clone().into_bytes();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        answers_well(&post, &body);
    }

    #[test]
    fn a_message_with_a_piece_cut_or_doubled_is_answered(
        post in messages(),
        from in any::<Index>(),
        to in any::<Index>(),
        doubled in any::<bool>(),
    ) {
        let body = post.body.as_bytes();
        let (from, to) = (from.index(body.len()), to.index(body.len()));
        let (from, to) = (from.min(to), from.max(to));
        let mut changed = body[..if doubled { to } else { from }].to_vec();
        changed.extend(&body[if doubled { from } else { to }..]);
        answers_well(&post, &changed);
    }

    #[test]
    fn any_header_values_are_answered(post in messages(), name in "[ -~]{0,20}", version in "[ -~]{0,12}") {
        let body = post.body.clone().into_bytes();
        let post = post.header("Mcp-Name", &name).header("MCP-Protocol-Version", &version);
        answers_well(&post, &body);
    }
}

#[test]
fn depth_and_length_are_answered() {
    for body in [
        "[".repeat(1 << 20),
        "{\"a\":".repeat(1 << 17),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}{}}}"#,
            "[".repeat(200_000),
            "]".repeat(200_000)
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#,
            "x".repeat(1 << 20)
        ),
        format!("[{}1]", "1,".repeat(500_000)),
    ] {
        answers_well(&Post::raw(""), body.as_bytes());
    }
}
