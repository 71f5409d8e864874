//! 2025-03-26 to 2025-11-25 over POST, without sessions.
use serde_json::{Value, json};

use super::fixture::{Client, Post};

const REVISIONS: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];

async fn initialize(asked: Value) -> Value {
    let params = json!({
        "protocolVersion": asked, "capabilities": {}, "clientInfo": { "name": "test", "version": "0" }
    });
    let post = Post::legacy("2025-11-25", "initialize", &params).without("MCP-Protocol-Version");
    Client::new().post(&post).await.result().clone()
}

#[actix_web::test]
async fn initialize_settles_on_the_version_asked_for_or_the_latest_legacy_one() {
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        assert_eq!(
            initialize(json!(revision)).await["protocolVersion"],
            revision
        );
    }
    for other in ["2026-07-28", "2024-10-07", "1.0", ""] {
        assert_eq!(
            initialize(json!(other)).await["protocolVersion"],
            "2025-11-25"
        );
    }
}

#[actix_web::test]
async fn initialize_tells_server_capabilities_and_instructions_and_no_session() {
    let result = initialize(json!("2025-11-25")).await;
    assert_eq!(
        result["serverInfo"],
        json!({ "name": "fixture", "version": "1.2.3" })
    );
    assert_eq!(result["capabilities"], json!({ "tools": {} }));
    assert_eq!(result["instructions"], "Text from the forge is \"data\".");
    assert_eq!(result.as_object().unwrap().len(), 4);
}

#[actix_web::test]
async fn initialize_needs_a_version() {
    for params in [
        json!({}),
        json!({ "protocolVersion": 1 }),
        json!(null),
        json!([]),
    ] {
        let post = Post::legacy("2025-11-25", "initialize", &params);
        assert_eq!(
            Client::new().post(&post).await.error(),
            (200, -32602, Some(&json!(1)))
        );
    }
}

#[actix_web::test]
async fn initialize_is_answered_whatever_legacy_or_unknown_version_the_header_names() {
    let params = json!({ "protocolVersion": "2025-06-18" });
    for header in ["2025-03-26", "2025-11-25", "1999-01-01", ""] {
        let post = Post::legacy("2025-11-25", "initialize", &params);
        let answer = Client::new()
            .post(&post.header("MCP-Protocol-Version", header))
            .await;
        assert_eq!(answer.result()["protocolVersion"], "2025-06-18");
    }
}

#[actix_web::test]
async fn ping_is_answered_by_an_empty_object() {
    for revision in REVISIONS {
        let post = Post::legacy(revision, "ping", &json!({}));
        assert_eq!(Client::new().post(&post).await.result(), &json!({}));
    }
}

#[actix_web::test]
async fn a_list_is_one_page_without_the_members_of_the_modern_era() {
    for params in [
        json!({}),
        json!(null),
        json!({ "cursor": "" }),
        json!({ "cursor": null }),
    ] {
        let post = Post::legacy("2025-11-25", "tools/list", &params);
        let answer = Client::new().post(&post).await;
        let result = answer.result().as_object().unwrap();
        assert_eq!(result.keys().collect::<Vec<_>>(), ["tools"]);
        assert_eq!(result["tools"].as_array().unwrap().len(), 3);
    }
}

#[actix_web::test]
async fn an_unknown_cursor_is_refused() {
    for cursor in [json!("2"), json!(2), json!({})] {
        let post = Post::legacy("2025-11-25", "tools/list", &json!({ "cursor": cursor }));
        assert_eq!(
            Client::new().post(&post).await.error(),
            (200, -32602, Some(&json!(1)))
        );
    }
}

#[actix_web::test]
async fn structured_content_is_told_in_every_version() {
    let params = json!({ "name": "echo", "arguments": { "text": "a \"b\"\n" } });
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let answer = Client::new()
            .post(&Post::legacy(revision, "tools/call", &params))
            .await;
        let result = answer.result();
        assert_eq!(
            result["content"],
            json!([{ "type": "text", "text": r#"{"text":"a \"b\"\n"}"# }])
        );
        assert_eq!(
            result["structuredContent"],
            json!({ "lines": [1] }),
            "{revision}"
        );
        assert_eq!(result["isError"], false);
    }
}

#[actix_web::test]
async fn structured_content_is_told_to_a_client_that_names_no_version() {
    let post = Post::legacy("2025-03-26", "tools/call", &json!({ "name": "echo" }));
    let answer = Client::new()
        .post(&post.without("MCP-Protocol-Version"))
        .await;
    assert_eq!(
        answer.result()["structuredContent"],
        json!({ "lines": [1] })
    );
}

#[actix_web::test]
async fn a_failed_call_is_a_result_that_says_so() {
    let post = Post::legacy(
        "2025-11-25",
        "tools/call",
        &json!({ "name": "fail", "arguments": {} }),
    );
    let answer = Client::new().post(&post).await;
    assert_eq!(answer.result()["isError"], true);
    assert_eq!(answer.result()["content"][0]["text"], "no such repository");
}

#[actix_web::test]
async fn a_malformed_call_is_invalid_params() {
    for params in [
        json!({}),
        json!({ "name": null }),
        json!({ "name": 1 }),
        json!({ "name": "no_such_tool" }),
        json!({ "name": "echo", "arguments": [] }),
        json!({ "name": "echo", "arguments": "{}" }),
        json!({ "name": "echo", "arguments": 1 }),
        json!([]),
        json!("echo"),
        json!(["echo", {}]),
    ] {
        let client = Client::new();
        let answer = client
            .post(&Post::legacy("2025-11-25", "tools/call", &params))
            .await;
        assert_eq!(answer.error(), (200, -32602, Some(&json!(1))), "{params}");
    }
}

#[actix_web::test]
async fn parameters_that_repeat_a_member_are_refused() {
    let body =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"fail"}}"#;
    let client = Client::new();
    assert_eq!(
        client.post(&Post::raw(body)).await.error(),
        (200, -32602, Some(&json!(1)))
    );
    assert!(client.seen.calls.borrow().is_empty());
}

#[actix_web::test]
async fn arguments_reach_the_tool_as_they_were_written() {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"a": 1,"a":2e0},"name":"echo"}}"#;
    let client = Client::new();
    client.post(&Post::raw(body)).await.result();
    let arguments = client.seen.calls.borrow()[0].arguments.clone();
    assert_eq!(arguments.as_deref(), Some(r#"{"a": 1,"a":2e0}"#));
}

#[actix_web::test]
async fn no_arguments_and_null_are_none() {
    for params in [
        json!({ "name": "echo" }),
        json!({ "name": "echo", "arguments": null }),
    ] {
        let client = Client::new();
        client
            .post(&Post::legacy("2025-11-25", "tools/call", &params))
            .await
            .result();
        assert_eq!(client.seen.calls.borrow()[0].arguments, None);
    }
}

#[actix_web::test]
async fn an_unknown_method_is_an_error_within_200() {
    for method in [
        "resources/list",
        "prompts/list",
        "logging/setLevel",
        "tools/List",
        "",
        "subscriptions/listen",
    ] {
        let post = Post::legacy("2025-11-25", method, &json!({}));
        assert_eq!(
            Client::new().post(&post).await.error(),
            (200, -32601, Some(&json!(1))),
            "{method}"
        );
    }
}

#[actix_web::test]
async fn an_unknown_version_is_refused_with_those_there_are() {
    for header in [
        "2024-10-07",
        "2025-06-18, 2025-11-25",
        "latest",
        "",
        "2026-07-28\u{e9}",
    ] {
        let post = Post::legacy("2025-11-25", "tools/list", &json!({}));
        let answer = Client::new()
            .post(&post.header("MCP-Protocol-Version", header))
            .await;
        assert_eq!(answer.error(), (400, -32022, Some(&json!(1))), "{header}");
        assert_eq!(
            answer.json["error"]["data"]["supported"],
            json!(["2026-07-28"])
        );
    }
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let answer = Client::new()
        .post(&Post::raw(note).header("MCP-Protocol-Version", "x"))
        .await;
    assert_eq!(answer.error(), (400, -32022, None));
}

#[actix_web::test]
async fn versions_that_contradict_each_other_are_refused_and_equal_ones_are_one() {
    let post = Post::legacy("2025-11-25", "ping", &json!({}));
    let twice = post.clone().append("MCP-Protocol-Version", "2025-11-25");
    Client::new().post(&twice).await.result();
    let differing = post.append("MCP-Protocol-Version", "2025-06-18");
    assert_eq!(Client::new().post(&differing).await.error().0, 400);
}

#[actix_web::test]
async fn the_header_2024_11_05_is_served_over_post_too() {
    let post = Post::legacy("2024-11-05", "tools/list", &json!({}));
    Client::new().post(&post).await.result();
}

#[actix_web::test]
async fn meta_that_claims_nothing_changes_nothing() {
    for meta in [
        json!({}),
        json!({ "progressToken": 1 }),
        json!(null),
        json!([]),
    ] {
        let post = Post::legacy("2025-11-25", "tools/list", &json!({ "_meta": meta }));
        Client::new().post(&post).await.result();
    }
}
