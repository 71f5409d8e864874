//! The protocol with the tools that the MCP conformance suite asks for, in place of Gitea's. It proves
//! the protocol alone, with the server's own layers; the product is tried as the release binary.
use std::{future::ready, io, net::TcpListener, rc::Rc, sync::Arc, time::Instant};

use aegis::{
    audit::{AuditLog, AuditSettings},
    auth::{GateSettings, Gatekeeper},
    caller::{Caller, RequestIds},
    keys::{KeyEntry, KeyRing, Metadata},
    mcp::{Outcome, Settings, Shared, ToolCall, ToolResult, Tools},
    redaction::Redaction,
    rights::{Access, Rights},
    secret::Secret,
    server::{self, Parts, ServerSettings},
};
use arc_swap::ArcSwap;
use serde_json::{Value, json};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The suite's tools that answer in text. Pictures, sound, resources, progress, and whatever needs the
/// server to ask its client something, the protocol here does not have.
struct Fixtures;

impl Tools for Fixtures {
    fn server(&self) -> (&'static str, &'static str) {
        ("aegis-conformance-fixture", "0")
    }

    fn instructions(&self) -> &'static str {
        ""
    }

    fn list(&self, _: &Caller) -> Rc<str> {
        let nothing = json!({ "type": "object", "additionalProperties": false });
        let tools = [
            ("test_simple_text", "Answers with a text.", nothing.clone()),
            ("test_error_handling", "Fails.", nothing),
            (
                "json_schema_2020_12_tool",
                "Has a schema of many words.",
                schema(),
            ),
        ];
        let tools = tools.map(|(name, description, input)| {
            json!({ "name": name, "description": description, "inputSchema": input })
        });
        json!(tools).to_string().into()
    }

    fn call(&self, _: Rc<Caller>, call: ToolCall) -> impl Future<Output = Outcome> + 'static {
        let (text, is_error) = match &*call.name {
            "test_simple_text" => ("This is a simple text response for testing.", false),
            "test_error_handling" => ("This tool intentionally returns an error for testing", true),
            "json_schema_2020_12_tool" => ("A text.", false),
            _ => return ready(Outcome::UnknownTool),
        };
        ready(Outcome::Done(ToolResult {
            text: text.to_owned(),
            structured: None,
            is_error,
        }))
    }
}

/// What the suite wants to find again word for word.
fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(log)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: conformance_server PORT AUDIT_LOG"));
    };
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let log = AuditLog::open(AuditSettings::new(log.into())).map_err(io::Error::other)?;
    let none: [&KeyEntry; 0] = [];
    let ring = KeyRing::new(none, &Metadata::default(), Rights::up_to(Access::Read));
    let gate = GateSettings {
        enabled: false,
        ..GateSettings::default()
    };
    let ring = Arc::new(ArcSwap::from_pointee(ring));
    let redaction = Redaction::new(Secret::new(String::new()), Arc::clone(&ring));
    let (redaction, log) = (Arc::new(redaction), Arc::new(log));
    let gatekeeper = Gatekeeper::new(gate, ring, redaction, log, Instant::now());
    let (calls, stopping) = (TaskTracker::new(), CancellationToken::new());
    let protocol = Shared::new(Settings::default(), calls.clone(), stopping.clone());
    let parts = Parts {
        settings: ServerSettings::default(),
        gatekeeper: Arc::new(gatekeeper),
        protocol: Arc::new(protocol),
        ids: Arc::new(RequestIds::new(0)),
        calls,
        stopping,
    };
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    server::serve(listener, parts, || Fixtures, std::future::pending()).await
}
