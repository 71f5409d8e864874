//! Several messages in one body: 2025-03-26 alone has that.
use serde_json::{Value, json};

use super::{
    fixture::{Answer, Client, Post},
    schemas,
};

fn request(id: u32, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn call(id: u32, tool: &str) -> Value {
    request(id, "tools/call", &json!({ "name": tool }))
}

async fn post(batch: Value) -> Answer {
    Client::new().post(&Post::raw(batch.to_string())).await
}

#[actix_web::test]
async fn a_batch_is_answered_in_its_order_by_one_array() {
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let batch = json!([
        call(1, "echo"),
        note,
        request(2, "ping", &json!({})),
        call(3, "nothing"),
        { "jsonrpc": "2.0", "id": 4 }
    ]);
    let answer = post(batch).await;
    assert_eq!(answer.status, 200);
    let answers = answer.json.as_array().unwrap();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["id"], 1);
    assert_eq!(
        answers[1],
        json!({ "jsonrpc": "2.0", "id": 2, "result": {} })
    );
    assert_eq!(answers[2]["error"]["code"], -32602);
    assert_eq!(
        (&answers[3]["id"], &answers[3]["error"]["code"]),
        (&json!(4), &json!(-32600))
    );
    schemas::valid("2025-03-26", "JSONRPCBatchResponse", &answer.json);
}

#[actix_web::test]
async fn an_element_that_could_only_be_answered_without_an_id_refuses_the_whole_batch() {
    for element in [
        json!(4),
        json!(["2.0", 1, "ping"]),
        json!({ "jsonrpc": "2.0", "id": null, "method": "ping" }),
        json!({ "jsonrpc": "2.0" }),
    ] {
        let client = Client::new();
        let batch = Post::raw(json!([call(1, "echo"), element]).to_string());
        let answer = client.post(&batch).await;
        assert_eq!(answer.error(), (400, -32600, None), "{element}");
        assert!(client.seen.calls.borrow().is_empty(), "{element}");
    }
}

#[actix_web::test]
async fn a_batch_may_name_its_version() {
    let ping = json!([request(1, "ping", &json!({}))]).to_string();
    let answer = Client::new()
        .post(&Post::raw(ping).header("MCP-Protocol-Version", "2025-03-26"))
        .await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn a_batch_of_nothing_to_answer_is_accepted() {
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let answer = post(json!([note, { "jsonrpc": "2.0", "id": 1, "result": {} }])).await;
    assert_eq!((answer.status, answer.json), (202, json!(null)));
}

#[actix_web::test]
async fn an_empty_batch_is_an_invalid_request() {
    assert_eq!(post(json!([])).await.error(), (400, -32600, None));
}

#[actix_web::test]
async fn a_batch_is_bounded() {
    let pings = |count: u32| {
        json!(
            (0..count)
                .map(|id| request(id, "ping", &json!({})))
                .collect::<Vec<_>>()
        )
    };
    assert_eq!(post(pings(32)).await.json.as_array().unwrap().len(), 32);
    assert_eq!(post(pings(33)).await.error(), (400, -32600, None));
}

#[actix_web::test]
async fn other_versions_have_no_batches() {
    let ping = json!([request(1, "ping", &json!({}))]).to_string();
    for version in ["2024-11-05", "2025-06-18", "2025-11-25", "2026-07-28", "x"] {
        let post = Post::raw(ping.clone()).header("MCP-Protocol-Version", version);
        assert_eq!(
            Client::new().post(&post).await.error(),
            (400, -32600, None),
            "{version}"
        );
    }
}

#[actix_web::test]
async fn one_modern_message_refuses_the_whole_batch_before_anything_runs() {
    let modern = json!({ "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } });
    for message in [
        request(2, "tools/list", &modern),
        request(2, "server/discover", &json!({})),
        json!({ "jsonrpc": "2.0", "method": "notifications/x", "params": modern }),
    ] {
        let client = Client::new();
        let batch = Post::raw(json!([call(1, "echo"), message]).to_string());
        assert_eq!(client.post(&batch).await.error(), (400, -32600, None));
        assert!(client.seen.calls.borrow().is_empty());
    }
}

#[actix_web::test]
async fn initialize_may_not_be_in_a_batch() {
    let initialize = request(1, "initialize", &json!({ "protocolVersion": "2025-03-26" }));
    let answer = post(json!([initialize, request(2, "ping", &json!({}))])).await;
    assert_eq!(answer.json[0]["error"]["code"], -32600);
    assert_eq!(answer.json[1]["result"], json!({}));
}

#[actix_web::test]
async fn the_calls_of_a_batch_are_numbered_and_run_in_their_order() {
    let client = Client::new();
    let batch = json!([
        call(7, "echo"),
        request(8, "ping", &json!({})),
        call(9, "fail"),
        call(9, "echo")
    ]);
    client.post(&Post::raw(batch.to_string())).await;
    let calls = client.seen.calls.borrow();
    let numbered: Vec<_> = calls
        .iter()
        .map(|call| (&*call.name, call.number))
        .collect();
    assert_eq!(numbered, [("echo", 1), ("fail", 2), ("echo", 3)]);
}

#[actix_web::test]
async fn a_call_that_cannot_be_recorded_is_an_error_in_its_batch() {
    let answer = post(json!([call(1, "unrecorded"), call(2, "echo")])).await;
    assert_eq!(answer.json[0]["error"]["code"], -32603);
    assert_eq!(answer.json[1]["id"], 2);
}
