//! A value as it was sent, and as it was meant.
use serde_json::{Number, Value};

use crate::operations::{Argument, Kind};

/// The most characters of a text that is looked for or by, and the most texts of a list.
const LONGEST: usize = 2_000;
const TEXTS: usize = 50;

pub(super) fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

pub(super) fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "a text",
        Kind::Number => "a whole number, not negative",
        Kind::Bool => "true or false",
        Kind::Texts => "a list of texts",
    }
}

/// The value as its argument's kind: `"65"` is 65, a single text is a list of one.
pub(super) fn meant(argument: &Argument, value: Value) -> Option<Value> {
    match (argument.kind, value) {
        (Kind::Text, Value::Number(number)) => Some(number.to_string().into()),
        (Kind::Number, Value::String(text)) => {
            let digits = text.trim().trim_start_matches('#');
            digits.parse::<u64>().ok().map(Value::from)
        }
        (Kind::Number, Value::Number(number)) => whole(&number).map(Value::from),
        (Kind::Bool, Value::String(text)) => text.parse::<bool>().ok().map(Value::from),
        (Kind::Texts, Value::String(text)) => Some(listed(text)),
        (Kind::Texts, Value::Number(number)) => Some(Value::Array(vec![number.to_string().into()])),
        (Kind::Texts, Value::Array(items)) => items
            .into_iter()
            .filter(|item| !is_absent(item))
            .map(|item| match item {
                Value::String(_) => Some(item),
                Value::Number(number) => Some(number.to_string().into()),
                _ => None,
            })
            .collect(),
        (Kind::Text, value @ Value::String(_)) | (Kind::Bool, value @ Value::Bool(_)) => {
            Some(value)
        }
        _ => None,
    }
}

/// `65.0` is 65: some clients know one kind of number.
fn whole(number: &Number) -> Option<u64> {
    number.as_u64().or_else(|| {
        let text = number.to_string();
        text.strip_suffix(".0").and_then(|whole| whole.parse().ok())
    })
}

/// One text is a list of one; a JSON list that was sent as a text is that list.
fn listed(text: String) -> Value {
    match serde_json::from_str::<Vec<String>>(&text) {
        Ok(items) => items.into(),
        Err(_) => Value::Array(vec![text.into()]),
    }
}

/// Why a text or a list is too long to be meant.
pub(super) fn too_much(name: &str, value: &Value) -> Option<String> {
    let is_long = |text: &str| text.chars().nth(LONGEST).is_some();
    match value {
        Value::String(text) if is_long(text) => {
            Some(format!("{name} has at most {LONGEST} characters"))
        }
        // Of paths an operation takes fewer, and says so itself.
        Value::Array(texts) if texts.len() > TEXTS && name != "paths" => {
            Some(format!("{name} has at most {TEXTS} texts"))
        }
        Value::Array(texts) if texts.iter().filter_map(Value::as_str).any(is_long) => {
            Some(format!("each of {name} has at most {LONGEST} characters"))
        }
        _ => None,
    }
}
