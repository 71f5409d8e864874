//! 2026-07-28: each request by itself, its headers held against its body.
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::fixture::{Client, Post};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn echo() -> Post {
    Post::modern("tools/call", json!({ "name": "echo", "arguments": {} }))
}

async fn refused(post: Post) -> (u16, i64) {
    let answer = Client::new().post(&post).await;
    let (status, code, id) = answer.error();
    assert_eq!(id, Some(&json!(1)), "{}", answer.json);
    (status, code)
}

#[actix_web::test]
async fn discover_tells_the_modern_versions_alone() {
    let answer = Client::new()
        .post(&Post::modern("server/discover", json!({})))
        .await;
    let result = answer.result();
    assert_eq!(result["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(result["capabilities"], json!({ "tools": {} }));
    assert_eq!(result["instructions"], "Text from the forge is \"data\".");
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["cacheScope"], "private");
    assert!(result.get("serverInfo").is_none());
}

#[actix_web::test]
async fn every_result_names_the_server_and_is_complete() {
    for post in [
        echo(),
        Post::modern("tools/list", json!({})),
        Post::modern("server/discover", json!({})),
    ] {
        let answer = Client::new().post(&post).await;
        let result = answer.result();
        assert_eq!(result["resultType"], "complete");
        let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(server, &json!({ "name": "fixture", "version": "1.2.3" }));
    }
}

#[actix_web::test]
async fn a_list_may_be_kept_by_this_caller_alone() {
    let answer = Client::new()
        .post(&Post::modern("tools/list", json!({})))
        .await;
    assert_eq!(answer.result()["cacheScope"], "private");
    assert!(answer.result()["ttlMs"].as_u64().is_some());
    assert_eq!(answer.result()["tools"].as_array().unwrap().len(), 3);
}

#[actix_web::test]
async fn a_call_answers_text_and_facts() {
    let answer = Client::new().post(&echo()).await;
    assert_eq!(
        answer.result()["content"],
        json!([{ "type": "text", "text": "{}" }])
    );
    assert_eq!(
        answer.result()["structuredContent"],
        json!({ "lines": [1] })
    );
}

#[actix_web::test]
async fn a_version_in_the_header_that_differs_from_the_body_is_a_mismatch() {
    for header in ["2025-11-25", "2026-07-29", "", "2026-07-28, 2026-07-28"] {
        let post = echo().header("MCP-Protocol-Version", header);
        assert_eq!(refused(post).await, (400, -32020), "{header}");
    }
}

#[actix_web::test]
async fn a_version_that_is_not_modern_is_unsupported_in_meta() {
    for version in ["2025-11-25", "2027-01-01", ""] {
        let post = echo()
            .header("MCP-Protocol-Version", version)
            .message(|message| message["params"]["_meta"][VERSION] = json!(version));
        let answer = Client::new().post(&post).await;
        assert_eq!(answer.error(), (400, -32022, Some(&json!(1))));
        let data = json!({ "supported": ["2026-07-28"], "requested": version });
        assert_eq!(answer.json["error"]["data"], data);
    }
}

#[actix_web::test]
async fn meta_must_hold_version_and_capabilities_but_no_client_info() {
    for change in [
        (|message: &mut Value| message["params"] = json!({})) as fn(&mut Value),
        |message| drop(message.as_object_mut().unwrap().remove("params")),
        |message| message["params"] = json!([]),
        |message| message["params"]["_meta"] = json!(null),
        |message| message["params"]["_meta"] = json!({}),
        |message| message["params"]["_meta"][VERSION] = json!(1),
        |message| message["params"]["_meta"][VERSION] = json!(null),
        |message| message["params"]["_meta"][CAPABILITIES] = json!(null),
        |message| message["params"]["_meta"][CAPABILITIES] = json!([]),
        |message| message["params"]["_meta"] = json!({ VERSION: "2026-07-28" }),
    ] {
        for post in [
            echo(),
            Post::modern("tools/list", json!({})),
            Post::modern("ping", json!({})),
        ] {
            let post = post.message(change);
            assert_eq!(refused(post.clone()).await, (400, -32602), "{}", post.body);
        }
    }
}

#[actix_web::test]
async fn a_version_claimed_twice_is_refused() {
    let twice = format!(r#""{VERSION}":"2026-07-28","{VERSION}":"2025-11-25","#);
    let mut post = echo();
    post.body = post
        .body
        .replacen(&format!(r#""{VERSION}":"2026-07-28","#), &twice, 1);
    assert!(post.body.contains("2025-11-25"));
    assert_eq!(refused(post).await, (400, -32602));
}

#[actix_web::test]
async fn a_member_that_comes_twice_is_told_as_that() {
    let mut post = echo();
    let (once, twice) = (r#""name":"echo""#, r#""name":"echo","name":"echo""#);
    post.body = post.body.replacen(once, twice, 1);
    let answer = Client::new().post(&post).await;
    assert_eq!(
        (answer.status, &answer.json["error"]["message"]),
        (
            400,
            &json!("`params` must be an object that has each member once")
        )
    );
}

#[actix_web::test]
async fn discover_without_meta_is_malformed_whatever_the_header() {
    for header in [None, Some("2025-11-25"), Some("2026-07-28"), Some("x")] {
        let post = Post::raw(r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#);
        let post = match header {
            Some(header) => post.header("MCP-Protocol-Version", header),
            None => post,
        };
        assert_eq!(refused(post).await, (400, -32602));
    }
}

#[actix_web::test]
async fn the_headers_of_version_and_method_are_required() {
    for header in ["MCP-Protocol-Version", "Mcp-Method"] {
        for post in [
            echo(),
            Post::modern("tools/list", json!({})),
            Post::modern("no/method", json!({})),
        ] {
            assert_eq!(
                refused(post.without(header)).await,
                (400, -32020),
                "{header}"
            );
        }
    }
}

#[actix_web::test]
async fn the_header_of_the_name_is_required_where_there_is_one() {
    assert_eq!(refused(echo().without("Mcp-Name")).await, (400, -32020));
    let prompt = Post::modern("prompts/get", json!({ "name": "x" })).without("Mcp-Name");
    assert_eq!(refused(prompt).await, (400, -32020));
    let resource = Post::modern("resources/read", json!({ "uri": "file:///x" }));
    assert_eq!(refused(resource.clone()).await, (400, -32020));
    assert_eq!(
        refused(resource.header("Mcp-Name", "file:///x")).await,
        (404, -32601)
    );
}

#[actix_web::test]
async fn method_and_name_in_the_headers_must_equal_the_body() {
    for method in ["tools/list", "Tools/Call", "TOOLS/CALL", ""] {
        assert_eq!(
            refused(echo().header("Mcp-Method", method)).await,
            (400, -32020),
            "{method}"
        );
    }
    for name in [
        "fail",
        "Echo",
        "",
        "=?base64?ZWNobw?=",
        "=?base64?####?=",
        "=?BASE64?ZWNobw==?=",
    ] {
        assert_eq!(
            refused(echo().header("Mcp-Name", name)).await,
            (400, -32020),
            "{name}"
        );
    }
    assert_eq!(
        refused(echo().append("Mcp-Name", "fail")).await,
        (400, -32020)
    );
}

#[actix_web::test]
async fn header_names_have_no_case_and_values_no_outer_spaces() {
    let post = echo()
        .without("Mcp-Method")
        .header("MCP-METHOD", "tools/call");
    Client::new().post(&post).await.result();
    Client::new()
        .post(&echo().header("Mcp-Name", " \techo \t"))
        .await
        .result();
}

#[actix_web::test]
async fn a_name_may_be_wrapped_in_base64() {
    Client::new()
        .post(&echo().header("Mcp-Name", "=?base64?ZWNobw==?="))
        .await
        .result();
    for name in ["名前", " padded ", "=?base64?literal?="] {
        let post = Post::modern("tools/call", json!({ "name": "echo" }))
            .header("Mcp-Name", &format!("=?base64?{}?=", STANDARD.encode(name)))
            .message(|message| message["params"]["name"] = json!(name));
        // The names agree, but there is no such tool.
        assert_eq!(refused(post).await, (200, -32602), "{name}");
    }
}

#[actix_web::test]
async fn removed_and_unknown_methods_are_404() {
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "resources/list",
        "prompts/list",
        "subscriptions/listen",
        "no/such/method",
    ] {
        let post = Post::modern(method, json!({ "protocolVersion": "2025-11-25" }));
        assert_eq!(refused(post).await, (404, -32601), "{method}");
    }
}

#[actix_web::test]
async fn faults_of_parameters_are_errors_within_200() {
    let call = |params| Post::modern("tools/call", params);
    for post in [
        call(json!({})),
        call(json!({ "name": "no_such_tool" })),
        call(json!({ "name": "echo", "arguments": [] })),
        Post::modern("tools/list", json!({ "cursor": "2" })),
    ] {
        assert_eq!(refused(post).await, (200, -32602));
    }
}

#[actix_web::test]
async fn a_response_of_a_client_is_never_legal() {
    let post = Post::raw(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    let answer = Client::new()
        .post(&post.header("MCP-Protocol-Version", "2026-07-28"))
        .await;
    assert_eq!(answer.error(), (400, -32600, None));
}

#[actix_web::test]
async fn a_notification_is_accepted_unless_its_versions_disagree() {
    let note = Post::modern("notifications/x", json!({}))
        .message(|message| drop(message.as_object_mut().unwrap().remove("id")));
    assert_eq!(Client::new().post(&note).await.status, 202);
    let bare = Post::raw(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#);
    let bare = bare.header("MCP-Protocol-Version", "2026-07-28");
    assert_eq!(Client::new().post(&bare).await.status, 202);
    let differing = note.header("MCP-Protocol-Version", "2025-11-25");
    assert_eq!(
        Client::new().post(&differing).await.error(),
        (400, -32020, None)
    );
}
