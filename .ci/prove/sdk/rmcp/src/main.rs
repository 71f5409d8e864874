//! The steps of a session by rmcp, the official Rust SDK. Prints a line of JSON for each.
//! Usage: rmcp-client URL legacy|auto, the key in the variable KEY
use std::time::Duration;

use rmcp::{
    ServiceError,
    model::{CallToolRequestParams, CallToolResult, ErrorCode, ProtocolVersion},
    service::{ClientLifecycleMode, serve_client_with_lifecycle},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

fn say(step: &str, ok: bool, figure: &str) {
    println!("{}", json!({ "step": step, "ok": ok, "figure": figure }));
}

fn call(name: &'static str, arguments: Value) -> CallToolRequestParams {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    CallToolRequestParams::new(name).with_arguments(arguments)
}

fn text(answer: &CallToolResult) -> String {
    serde_json::to_string(&answer.content).unwrap_or_default()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (url, mode) = (arguments.next().ok_or("no URL")?, arguments.next().ok_or("no mode")?);
    let config = StreamableHttpClientTransportConfig::with_uri(url).auth_header(std::env::var("KEY")?);
    let lifecycle = match &*mode {
        "legacy" => ClientLifecycleMode::Initialize,
        _ => ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::V_2026_07_28], legacy_version: None },
    };
    let client = serve_client_with_lifecycle((), StreamableHttpClientTransport::from_config(config), lifecycle).await?;
    let repo = |name: &str| call("repo_read", json!({ "method": "get", "repo": name }));

    let tools = client.list_all_tools().await?;
    say("list", tools.len() > 5, &format!("{} tools", tools.len()));
    let answer = client.call_tool(repo("observatory/telescope")).await?;
    say("call", text(&answer).contains("observatory/telescope"), "the answer is the forge's");
    let answer = client.call_tool(repo("no-such/no-such")).await?;
    say("refusal", answer.is_error == Some(true), "a result with isError");
    match client.call_tool(call("no_such_tool", json!({}))).await {
        Err(ServiceError::McpError(error)) => say("error", error.code == ErrorCode::INVALID_PARAMS, &error.message),
        other => say("error", false, &format!("{:?}", other.is_ok())),
    }
    let slow = tokio::time::timeout(Duration::from_millis(700), client.call_tool(repo("slow/slow"))).await;
    let next = client.call_tool(call("server_read", json!({ "method": "version" }))).await?;
    say("cancel", slow.is_err() && !next.content.is_empty(), "given up; the next call is answered");
    println!("{}", json!({ "step": "restart" }));
    tokio::io::stdin().read_u8().await?;
    let answer = client.call_tool(repo("observatory/telescope")).await?;
    say("reconnect", !answer.content.is_empty(), "the same session goes on after a restart");
    std::process::exit(0)
}
