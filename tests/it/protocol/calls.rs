//! What becomes of a call: when its client leaves, when it cannot be recorded, when it fails badly.
use std::{pin::pin, rc::Rc};

use aegis::caller::KeySource;
use serde_json::{Value, json};

use super::fixture::{Client, Post, caller};

fn slow() -> Value {
    json!({ "name": "slow", "arguments": {} })
}

/// Posts, waits until `slow` has begun, and leaves.
async fn begin_and_leave(client: &Client, post: &Post) {
    let caller = Rc::new(caller("a", KeySource::Header));
    let running = client
        .protocol
        .post_mcp(caller, &post.headers, post.body.as_bytes());
    tokio::select! {
        biased;
        _ = pin!(running) => panic!("answered before it could end"),
        () = client.seen.begun.notified() => {}
    }
}

#[actix_web::test]
async fn a_modern_call_ends_when_its_client_leaves() {
    let client = Client::new();
    begin_and_leave(&client, &Post::modern("tools/call", slow())).await;
    assert_eq!((client.seen.dropped.get(), client.seen.ended.get()), (1, 0));
}

#[actix_web::test]
async fn a_legacy_call_runs_to_its_end_when_its_client_leaves() {
    let client = Client::new();
    begin_and_leave(&client, &Post::legacy("2025-11-25", "tools/call", &slow())).await;
    client.seen.go.notify_one();
    client.tracker.close();
    client.tracker.wait().await;
    assert_eq!((client.seen.dropped.get(), client.seen.ended.get()), (0, 1));
}

/// A batch of a call that waits and one that does not.
fn batch() -> Post {
    let call = |id, name| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": name } });
    Post::raw(json!([call(1, "slow"), call(2, "echo")]).to_string())
}

#[actix_web::test]
async fn a_batch_whose_client_leaves_ends_with_the_call_that_runs() {
    let client = Client::new();
    begin_and_leave(&client, &batch()).await;
    client.seen.go.notify_one();
    client.tracker.close();
    client.tracker.wait().await;
    assert_eq!((client.seen.dropped.get(), client.seen.ended.get()), (0, 1));
    assert_eq!(client.seen.calls.borrow().len(), 1);
}

#[actix_web::test]
async fn a_batch_begins_no_further_call_when_the_server_stops_and_says_so() {
    let client = Client::new();
    let batch = batch();
    let stop = async {
        client.seen.begun.notified().await;
        client.shutdown.cancel();
        client.seen.go.notify_one();
    };
    let (answer, ()) = tokio::join!(client.post(&batch), stop);
    assert_eq!(answer.json[0]["result"]["content"][0]["text"], "at last");
    assert_eq!(
        (&answer.json[1]["id"], &answer.json[1]["error"]["code"]),
        (&json!(2), &json!(-32603))
    );
    assert_eq!(client.seen.calls.borrow().len(), 1);
}

#[actix_web::test]
async fn a_slow_call_is_answered_in_the_end() {
    for post in [
        Post::modern("tools/call", slow()),
        Post::legacy("2025-11-25", "tools/call", &slow()),
    ] {
        let client = Client::new();
        client.seen.go.notify_one();
        assert_eq!(
            client.post(&post).await.result()["content"][0]["text"],
            "at last"
        );
    }
}

#[actix_web::test]
async fn a_call_that_cannot_be_recorded_is_503() {
    let params = json!({ "name": "unrecorded" });
    for post in [
        Post::modern("tools/call", params.clone()),
        Post::legacy("2025-11-25", "tools/call", &params),
    ] {
        let fault = Client::new().fault(&post).await;
        assert_eq!(
            (fault.code.status(), fault.code.as_str()),
            (503, "audit_unavailable")
        );
    }
}

#[actix_web::test]
async fn a_call_that_panics_is_an_internal_error() {
    let params = json!({ "name": "panics" });
    for post in [
        Post::modern("tools/call", params.clone()),
        Post::legacy("2025-11-25", "tools/call", &params),
    ] {
        assert_eq!(
            Client::new().post(&post).await.error(),
            (200, -32603, Some(&json!(1)))
        );
    }
}
