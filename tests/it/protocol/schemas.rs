//! The published JSON schema of each revision of the protocol.
use jsonschema::Validator;
use serde_json::{Value, json};

const SCHEMAS: [(&str, &str); 5] = [
    (
        "2024-11-05",
        include_str!("../../mcp-schemas/2024-11-05.json"),
    ),
    (
        "2025-03-26",
        include_str!("../../mcp-schemas/2025-03-26.json"),
    ),
    (
        "2025-06-18",
        include_str!("../../mcp-schemas/2025-06-18.json"),
    ),
    (
        "2025-11-25",
        include_str!("../../mcp-schemas/2025-11-25.json"),
    ),
    (
        "2026-07-28",
        include_str!("../../mcp-schemas/2026-07-28.json"),
    ),
];

/// Fails the test unless `message`, an answer to `method`, is valid in `revision`.
pub(super) fn check(revision: &str, method: &str, message: &Value) {
    if let Some(error) = message.get("error") {
        // An error without an id came into the schemas with 2025-11-25.
        let revision = if message.get("id").is_none() {
            revision.max("2025-11-25")
        } else {
            revision
        };
        let envelope = if revision < "2025-11-25" {
            "JSONRPCError"
        } else {
            "JSONRPCErrorResponse"
        };
        valid(revision, envelope, message);
        match error["code"].as_i64() {
            Some(-32020) => valid("2026-07-28", "HeaderMismatchError", message),
            Some(-32022) => valid("2026-07-28", "UnsupportedProtocolVersionError", message),
            _ => {}
        }
        return;
    }
    let envelope = if revision < "2025-11-25" {
        "JSONRPCResponse"
    } else {
        "JSONRPCResultResponse"
    };
    valid(revision, envelope, message);
    let result = match method {
        "initialize" => "InitializeResult",
        "server/discover" => "DiscoverResult",
        "tools/list" => "ListToolsResult",
        "tools/call" => "CallToolResult",
        _ => "EmptyResult",
    };
    valid(revision, result, &message["result"]);
}

pub(super) fn valid(revision: &str, definition: &str, value: &Value) {
    let errors: Vec<String> = validator(revision, definition)
        .iter_errors(value)
        .map(|error| error.to_string())
        .collect();
    assert!(
        errors.is_empty(),
        "{value} is no {definition} of {revision}: {errors:?}"
    );
}

fn validator(revision: &str, definition: &str) -> Validator {
    let (_, text) = SCHEMAS.iter().find(|(name, _)| *name == revision).unwrap();
    let mut schema: Value = serde_json::from_str(text).unwrap();
    let definitions = if schema.get("$defs").is_some() {
        "$defs"
    } else {
        "definitions"
    };
    assert!(
        schema[definitions].get(definition).is_some(),
        "{revision} has no {definition}"
    );
    schema["$ref"] = json!(format!("#/{definitions}/{definition}"));
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
#[should_panic(expected = "of 2026-07-28")]
fn a_result_that_lacks_what_its_revision_asks_for_is_noticed() {
    let result = json!({ "content": [], "isError": false });
    check(
        "2026-07-28",
        "tools/call",
        &json!({ "jsonrpc": "2.0", "id": 1, "result": result }),
    );
}
