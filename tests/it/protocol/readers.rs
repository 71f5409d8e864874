//! What waits for the readers of streams, and who is refused while it does.
use serde_json::json;

use super::{
    fixture::Client,
    streams::{Stream, call, key, post, request, send},
};

#[actix_web::test]
async fn answers_wait_for_a_slow_reader_up_to_a_bound() {
    let client = Client::new();
    let mut stream = Stream::open(&client, &key("a"), "").await;
    let ping = request(1, "ping", &json!({}));
    for _ in 0..32 {
        send(&client, &stream, &ping).await;
    }
    let fault = post(&client, &key("a"), &stream.query, &ping)
        .await
        .unwrap_err();
    assert_eq!(fault.code.as_str(), "overloaded");
    assert_eq!(fault.headers, [("Retry-After", "1".into())]);
    stream.message("2024-11-05", "ping").await;
    send(&client, &stream, &ping).await;
}

/// A call whose answer is a little larger than `bytes`.
fn large_call(bytes: usize) -> String {
    let arguments = json!({ "text": "a".repeat(bytes) });
    let params = json!({ "name": "echo", "arguments": arguments });
    request(1, "tools/call", &params)
}

/// Waits until all that was sent has been answered.
async fn answered(client: &Client) {
    client.tracker.close();
    client.tracker.wait().await;
}

#[actix_web::test]
async fn large_answers_wait_for_a_slow_reader_up_to_a_bound_too() {
    let client = Client::new();
    let mut stream = Stream::open(&client, &key("a"), "").await;
    let large = large_call(256 << 10);
    for _ in 0..8 {
        send(&client, &stream, &large).await;
        answered(&client).await;
    }
    let fault = post(&client, &key("a"), &stream.query, &large)
        .await
        .unwrap_err();
    assert_eq!(fault.code.as_str(), "overloaded");
    assert_eq!(fault.headers, [("Retry-After", "1".into())]);
    assert_eq!(client.seen.calls.borrow().len(), 8, "the ninth is not run");
    for _ in 0..8 {
        assert_eq!(stream.data().await["id"], 1);
    }
    send(&client, &stream, &large).await;
}

/// Opens streams, and has as many calls run on each as it takes.
async fn crowd(client: &Client, streams: u32) -> Vec<Stream> {
    let mut crowd = Vec::new();
    for _ in 0..streams {
        let stream = Stream::open(client, &key("a"), "").await;
        let who = key("a");
        let call = call(1, "slow");
        while post(client, &who, &stream.query, &call).await.is_ok() {}
        crowd.push(stream);
    }
    crowd
}

/// Waits until so many calls have begun.
async fn begun(client: &Client, calls: usize) {
    while client.seen.calls.borrow().len() < calls {
        tokio::task::yield_now().await;
    }
}

/// Sends a message that must be refused, and says why it was.
async fn overloaded(client: &Client, stream: &Stream, message: &str) -> String {
    let fault = post(client, &key("a"), &stream.query, message)
        .await
        .unwrap_err();
    assert_eq!(fault.code.as_str(), "overloaded");
    fault.message.into_owned()
}

#[actix_web::test]
async fn one_answer_finds_room_however_large_it_is() {
    let client = Client::new();
    let mut stream = Stream::open(&client, &key("a"), "").await;
    for _ in 0..2 {
        send(&client, &stream, &large_call(3 << 20)).await;
        let answer = stream.data().await;
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.len() > 3 << 20);
        send(&client, &stream, &request(2, "ping", &json!({}))).await;
        assert_eq!(stream.data().await["id"], 2);
    }
}

#[actix_web::test]
async fn what_waits_for_the_readers_of_a_key_is_bounded_and_an_idle_stream_has_room_for_a_call() {
    let client = Client::new();
    let others = crowd(&client, 8).await;
    let stream = Stream::open(&client, &key("a"), "").await;
    send(&client, &stream, &call(1, "slow")).await;
    assert_eq!(
        overloaded(&client, &stream, &call(2, "slow")).await,
        "too much waits for the readers of this key's streams"
    );

    begun(&client, 257).await;
    drop(others);
    client.seen.go.notify_waiters();
    answered(&client).await;
    send(&client, &stream, &call(2, "slow")).await;
}

#[actix_web::test]
async fn no_key_takes_room_from_another() {
    let client = Client::new();
    let _others = crowd(&client, 16).await;
    let stream = Stream::open(&client, &key("b"), "").await;
    for id in 1..=2 {
        let taken = post(&client, &key("b"), &stream.query, &call(id, "slow")).await;
        assert_eq!(taken.unwrap().status, 202);
    }
}
