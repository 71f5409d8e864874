//! Arguments from the types that read them, in the small dialect of JSON Schema that every model
//! provider accepts: no references, no `null`, no choices of shapes, no number formats.
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{Argument, Kind, common};
use crate::sort;

/// What an input's doc comment says, and its arguments in the order of the vocabulary.
///
/// Types that inputs are made of say `#[schemars(description = "")]`: their own doc comments are
/// for those who read the code.
pub(super) fn of<I: JsonSchema>() -> (String, Vec<Argument>) {
    read(I::json_schema)
}

fn read(input: fn(&mut SchemaGenerator) -> Schema) -> (String, Vec<Argument>) {
    let settings = SchemaSettings::draft2020_12().with(|it| it.inline_subschemas = true);
    let schema = input(&mut settings.into_generator());
    let schema = schema.as_object().cloned().unwrap_or_default();
    let required: Vec<&str> = (schema.get("required").and_then(Value::as_array))
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut arguments: Vec<Argument> = (properties.unwrap_or(&none).iter())
        .map(|(name, schema)| argument(name, schema, required.contains(&name.as_str())))
        .collect();
    sort::by_key(&mut arguments, |argument| common::rank(&argument.name));
    (one_line(schema.get("description")), arguments)
}

fn argument(name: &str, schema: &Value, required: bool) -> Argument {
    let kind = kind(schema);
    let mut plain = match kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Number => json!({"type": "integer"}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
    };
    let about = one_line(schema.get("description"));
    if !about.is_empty() {
        plain["description"] = about.into();
    }
    Argument {
        name: name.to_owned(),
        kind,
        required,
        schema: plain,
    }
}

fn kind(schema: &Value) -> Kind {
    let named = match &schema["type"] {
        Value::Array(choices) => choices.iter().find(|it| *it != "null"),
        one => Some(one),
    };
    match named.and_then(Value::as_str) {
        Some("integer") => Kind::Number,
        Some("boolean") => Kind::Bool,
        Some("array") => Kind::Texts,
        _ => Kind::Text,
    }
}

/// A doc comment without the line breaks of its source.
fn one_line(description: Option<&Value>) -> String {
    let words = description.and_then(Value::as_str).unwrap_or_default();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
