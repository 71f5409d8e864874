//! Gitea's JSON, kind by kind: `shapes.json` has every field that a real Gitea sends, with `{name}` where ours goes, and
//! `{name=otherwise}` where there may be none.
use serde_json::{Map, Value};

use super::entry::Entry;
use super::forge::ROOT;

/// What a shape is filled with.
pub(super) type Facts = Map<String, Value>;

pub(super) struct Shapes(Map<String, Value>);

impl Shapes {
    pub(super) fn load() -> Self {
        let shapes = serde_json::from_str(include_str!("shapes.json"));
        Self(shapes.expect("shapes.json is compiled in and read by every test"))
    }

    /// What is written under this name.
    pub(super) fn plain(&self, kind: &str) -> &Value {
        &self.0[kind]
    }

    /// The same with facts in their places.
    pub(super) fn filled(&self, kind: &str, facts: &Facts) -> Value {
        fill(self.plain(kind), facts)
    }
}

/// What an entry says of itself: its fields, its name as `key`, its text.
pub(super) fn told(entry: &Entry) -> Facts {
    let fields = entry.fields().map(|(name, value)| {
        let simple = matches!(value, "true" | "false") || value.parse::<u16>().is_ok();
        let value = serde_json::from_str(value)
            .ok()
            .filter(|_| simple)
            .unwrap_or_else(|| Value::from(value));
        (name.to_owned(), value)
    });
    let mut facts: Facts = fields.collect();
    facts.insert("key".to_owned(), entry.name.into());
    facts.insert("text".to_owned(), entry.text().into());
    facts
}

fn fill(shape: &Value, facts: &Facts) -> Value {
    match shape {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, shape)| (name.clone(), fill(shape, facts)))
            .collect(),
        Value::String(text) => match text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
        {
            Some(name) if !name.contains('{') => fact(name, facts),
            _ => Value::String(fill_in(text, facts)),
        },
        other => other.clone(),
    }
}

/// `{name}` alone: the fact itself.
fn fact(name: &str, facts: &Facts) -> Value {
    let (name, otherwise) = name
        .split_once('=')
        .map_or((name, None), |(name, otherwise)| (name, Some(otherwise)));
    let told = facts.get(name).cloned();
    let otherwise =
        || otherwise.map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)));
    told.or_else(otherwise).unwrap_or_default()
}

/// `{name}` within a text.
fn fill_in(text: &str, facts: &Facts) -> String {
    let mut pieces = text.split('{');
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once('}').unwrap_or((piece, ""));
        match facts.get(name) {
            Some(Value::String(text)) => filled += text,
            Some(value) => filled += &value.to_string(),
            None if name == "root" => filled += ROOT,
            None => debug_assert!(false, "no `{name}` is known for {text}"),
        }
        filled += rest;
    }
    filled
}
