//! `GET /mcp/tools` and `POST /mcp/tool/call`.
use std::rc::Rc;

use aegis::{caller::KeySource, fault::Fault};
use serde_json::{Value, json};

use super::{
    fixture::{Answer, Client, Post, caller},
    schemas,
};

async fn call(client: &Client, body: &str) -> Result<Value, Fault> {
    let post = Post::raw(body);
    let caller = Rc::new(caller("a", KeySource::Query));
    let answer = client
        .protocol
        .post_tool_call(caller, &post.headers, body.as_bytes())
        .await?;
    let answer = Answer::read(Ok(answer)).await;
    assert_eq!(answer.status, 200);
    schemas::valid("2025-11-25", "CallToolResult", &answer.json);
    Ok(answer.json)
}

#[actix_web::test]
async fn the_tools_are_listed_as_plain_json() {
    let client = Client::new();
    let answer = client.protocol.get_tools(&caller("a", KeySource::Query));
    let answer = Answer::read(Ok(answer)).await;
    schemas::valid("2025-11-25", "ListToolsResult", &answer.json);
    assert_eq!(answer.json["tools"].as_array().unwrap().len(), 3);
    assert_eq!(answer.json.as_object().unwrap().len(), 1);
}

#[actix_web::test]
async fn a_tool_is_called_by_either_name_for_its_name() {
    for body in [
        r#"{"tool":"echo","arguments":{"a":1}}"#,
        r#" {"arguments":{"a":1},"name":"echo"} "#,
    ] {
        let client = Client::new();
        let result = call(&client, body).await.unwrap();
        assert_eq!(
            result["content"],
            json!([{ "type": "text", "text": "{\"a\":1}" }])
        );
        assert_eq!(result["structuredContent"], json!({ "lines": [1] }));
        assert_eq!(result["isError"], false);
        assert!(
            client.seen.calls.borrow()[0].structured,
            "facts are asked for"
        );
    }
}

#[actix_web::test]
async fn arguments_may_be_left_out() {
    for body in [r#"{"tool":"echo"}"#, r#"{"tool":"echo","arguments":null}"#] {
        let client = Client::new();
        call(&client, body).await.unwrap();
        assert_eq!(client.seen.calls.borrow()[0].arguments, None);
    }
}

#[actix_web::test]
async fn a_failed_call_is_a_result() {
    assert_eq!(
        call(&Client::new(), r#"{"tool":"fail"}"#).await.unwrap()["isError"],
        true
    );
}

#[actix_web::test]
async fn an_unknown_tool_is_404() {
    let fault = call(&Client::new(), r#"{"tool":"nothing"}"#)
        .await
        .unwrap_err();
    assert_eq!(
        (fault.code.status(), fault.code.as_str()),
        (404, "not_found")
    );
}

#[actix_web::test]
async fn a_call_that_cannot_be_recorded_is_503() {
    let fault = call(&Client::new(), r#"{"tool":"unrecorded"}"#)
        .await
        .unwrap_err();
    assert_eq!(fault.code.as_str(), "audit_unavailable");
}

#[actix_web::test]
async fn a_body_is_refused_by_what_is_wrong_with_it() {
    let long = format!(r#"{{"tool":"echo","{}":1}}"#, "x".repeat(31));
    for (body, told) in [
        (
            "[]",
            "the body must be a JSON object that has each member once",
        ),
        (
            r#"{"tool":"echo","tool":"echo"}"#,
            "the body must be a JSON object that has each member once",
        ),
        (
            r#"{"tool":"echo","arguments":{},"extra":1}"#,
            "the body takes no member \"extra\"",
        ),
        (
            &long,
            "the body takes no member with a name of 31 characters",
        ),
        (
            r#"{"tool":"echo","arguments":"{}"}"#,
            "`arguments` must be an object",
        ),
        (
            r#"{"arguments":{}}"#,
            "the body must name the tool once, by `tool`, a string",
        ),
    ] {
        let fault = call(&Client::new(), body).await.unwrap_err();
        let example = r#"{"tool": "user_read", "arguments": {"method": "me"}}"#;
        assert_eq!(fault.message, format!("{told}; for example {example}"));
    }
}

#[actix_web::test]
async fn any_other_body_is_400() {
    for body in [
        "",
        "{",
        "[]",
        r#"["echo"]"#,
        "{}",
        r#"{"arguments":{}}"#,
        r#"{"tool":null}"#,
        r#"{"tool":1}"#,
        r#"{"tool":"echo","name":"echo"}"#,
        r#"{"tool":"echo","tool":"fail"}"#,
        r#"{"tool":"echo","arguments":[]}"#,
        r#"{"tool":"echo","arguments":"{}"}"#,
        r#"{"tool":"echo","args":{}}"#,
    ] {
        let client = Client::new();
        let fault = call(&client, body).await.unwrap_err();
        assert_eq!(
            (fault.code.status(), fault.code.as_str()),
            (400, "invalid_request"),
            "{body}"
        );
        assert!(client.seen.calls.borrow().is_empty());
    }
}

#[actix_web::test]
async fn a_body_that_is_not_declared_to_be_json_is_415() {
    let post = Post::raw("{}").header("Content-Type", "application/x-www-form-urlencoded");
    let caller = Rc::new(caller("a", KeySource::Query));
    let fault = Client::new()
        .protocol
        .post_tool_call(caller, &post.headers, b"{}")
        .await;
    assert_eq!(fault.unwrap_err().code.status(), 415);
}
