//! What is no message: JSON-RPC errors with the id where it could be read.
use std::rc::Rc;

use actix_web::body::to_bytes;
use aegis::caller::KeySource;
use serde_json::{Value, json};

use super::fixture::{Answer, Client, Post, caller};

async fn refused(body: &str) -> (u16, i64, Option<Value>) {
    let answer = Client::new().post(&Post::raw(body)).await;
    let (status, code, id) = answer.error();
    (status, code, id.cloned())
}

#[actix_web::test]
async fn what_is_not_json_is_a_parse_error_without_an_id() {
    for body in [
        "",
        " ",
        "{",
        "nonsense",
        "{\"jsonrpc\":\"2.0\",\"id\":1",
        "[1,",
        "{} {}",
        "\u{feff}{}",
    ] {
        assert_eq!(refused(body).await, (400, -32700, None), "{body:?}");
    }
}

#[actix_web::test]
async fn a_body_that_is_not_utf_8_is_a_parse_error() {
    let mut post = Post::raw("");
    post.body = String::new();
    let client = Client::new();
    let caller = Rc::new(caller("a", KeySource::Header));
    let answer = client
        .protocol
        .post_mcp(caller, &post.headers, b"{\"\xff\":1}")
        .await;
    let answer = Answer::read(answer).await;
    assert_eq!(answer.error(), (400, -32700, None));
}

#[actix_web::test]
async fn json_that_is_no_message_is_an_invalid_request() {
    for body in [
        "1",
        "null",
        "\"ping\"",
        "{}",
        r#"{"jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1e3,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":[],"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}"#,
        // Twice the same member: which one counts?
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","\u006dethod":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}"#,
    ] {
        assert_eq!(refused(body).await, (400, -32600, None), "{body}");
    }
}

#[actix_web::test]
async fn an_invalid_request_is_answered_under_its_id_where_that_can_be_read() {
    for body in [
        r#"{"id":7,"method":"ping"}"#,
        r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#,
        r#"{"jsonrpc":2.0,"id":7,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":7}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":1}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":null}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{},"error":{}}"#,
    ] {
        assert_eq!(refused(body).await, (400, -32600, Some(json!(7))), "{body}");
    }
}

#[actix_web::test]
async fn an_id_comes_back_as_it_was_written() {
    for id in [
        "0",
        "-7",
        "123456789012345678901234567890",
        "\"\"",
        "\"a \\\"b\\\" \\u00e9 😀\"",
    ] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let post = Post::raw(body);
        let caller = Rc::new(caller("a", KeySource::Header));
        let client = Client::new();
        let answer = client
            .protocol
            .post_mcp(caller, &post.headers, post.body.as_bytes())
            .await;
        let body = to_bytes(answer.unwrap().into_body()).await.ok().unwrap();
        assert_eq!(
            body,
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)
        );
    }
}

#[actix_web::test]
async fn escapes_in_names_and_members_mean_what_they_say() {
    let body = r#" {"jsonrpc":"\u0032.0","i\u0064":1,"method":"\u0070ing","unknown":[{}]} "#;
    assert_eq!(
        Client::new().post(&Post::raw(body)).await.result(),
        &json!({})
    );
}

#[actix_web::test]
async fn a_notification_and_a_response_are_accepted_without_a_body() {
    for body in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        r#"{"jsonrpc":"2.0","method":"of/another/world","params":[1]}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":"x","error":{"code":-1,"message":"no"}}"#,
    ] {
        let answer = Client::new().post(&Post::raw(body)).await;
        assert_eq!((answer.status, answer.json), (202, json!(null)), "{body}");
    }
}

#[actix_web::test]
async fn a_body_that_is_not_declared_to_be_json_is_415() {
    let post = Post::raw(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
    ] {
        let fault = Client::new()
            .fault(&post.clone().header("Content-Type", kind))
            .await;
        assert_eq!(fault.code.status(), 415, "{kind}");
    }
    let fault = Client::new()
        .fault(&post.clone().without("Content-Type"))
        .await;
    assert_eq!(fault.code.as_str(), "unsupported_media_type");
    for kind in [
        "application/json;charset=utf-8",
        "Application/JSON ; charset=utf-8",
    ] {
        Client::new()
            .post(&post.clone().header("Content-Type", kind))
            .await
            .result();
    }
}

#[actix_web::test]
async fn a_compressed_body_is_415() {
    let post = Post::raw(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    for encoding in ["gzip", "br, gzip", "zstd"] {
        let post = post.clone().header("Content-Encoding", encoding);
        let fault = Client::new().fault(&post).await;
        assert_eq!(fault.code.status(), 415, "{encoding}");
        assert!(fault.message.contains("`Content-Encoding`"));
    }
    let post = post.header("Content-Encoding", "identity");
    Client::new().post(&post).await.result();
}

#[actix_web::test]
async fn only_an_accept_that_excludes_json_is_406() {
    let post = Post::raw(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    for accept in [
        "text/event-stream",
        "text/html, image/*",
        "application/json;q=0",
        "*/*;q=0.0",
    ] {
        let fault = Client::new()
            .fault(&post.clone().header("Accept", accept))
            .await;
        assert_eq!(fault.code.as_str(), "not_acceptable", "{accept}");
    }
    for accept in [
        "application/json",
        "*/*",
        "text/html, APPLICATION/*;q=0.1",
        "",
        "text/html,*/*",
    ] {
        Client::new()
            .post(&post.clone().header("Accept", accept))
            .await
            .result();
    }
    Client::new()
        .post(&post.clone().without("Accept"))
        .await
        .result();
    let twice = post
        .header("Accept", "text/event-stream")
        .append("Accept", "application/json");
    Client::new().post(&twice).await.result();
}
