//! Puts members into a JSON text and leaves every other byte as it was.
use std::{collections::HashMap, ops::Range};

use serde::Serialize;
use serde_json::{Map, Serializer, Value, json, ser::PrettyFormatter, value::RawValue};

/// Why a text was not edited.
#[derive(Debug, thiserror::Error)]
pub(super) enum MergeError {
    #[error("it is not plain JSON ({0})")]
    NotJson(#[from] serde_json::Error),
    #[error("its `{0}` is something else than this client has there")]
    OtherKind(String),
}

/// A text that was edited.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) text: String,
    /// The names of those that were there otherwise, and whose place was taken.
    pub(super) replaced: Vec<String>,
}

/// `text` with what `lines` have: each member of their sections is added to the section of that name.
/// One that is there takes its place: a member of an object by its name, an item of a list by its `id`.
pub(super) fn merged(text: &str, lines: &str) -> Result<Merged, MergeError> {
    let sections: Map<String, Value> = serde_json::from_str(lines)?;
    let mut text = match text.trim() {
        "" => "{}\n".to_owned(),
        _ => text.to_owned(),
    };
    let indent = indent(&text).to_owned();
    let mut replaced = Vec::new();
    // What comes is put first, so the last goes first.
    for (section, content) in sections.iter().rev() {
        match content {
            Value::Object(members) => {
                for (name, value) in members.iter().rev() {
                    text = put(&text, section, Some(name), value, &indent, &mut replaced)?;
                }
            }
            Value::Array(items) => {
                for item in items.iter().rev() {
                    text = put(&text, section, None, item, &indent, &mut replaced)?;
                }
            }
            _ => return Err(MergeError::OtherKind(section.clone())),
        }
    }
    Ok(Merged { text, replaced })
}

/// Puts one value into a section: under a name into an object, without one into a list. If one was
/// there otherwise, it is among those that were `replaced`.
fn put(
    text: &str,
    section: &str,
    name: Option<&str>,
    value: &Value,
    indent: &str,
    replaced: &mut Vec<String>,
) -> Result<String, MergeError> {
    let root: HashMap<String, &RawValue> = serde_json::from_str(text)?;
    let Some(content) = root.get(section) else {
        let whole = name.map_or_else(|| json!([value]), |name| json!({ name: value }));
        let member = member(Some(section), &whole, indent, 1);
        let at = text.len() - text.trim_start().len()..text.trim_end().len();
        return Ok(insert(text, &at, root.is_empty(), &member, indent, 1));
    };
    let other_kind = |_| MergeError::OtherKind(section.to_owned());
    let members: HashMap<String, &RawValue> = if name.is_some() {
        serde_json::from_str(content.get()).map_err(other_kind)?
    } else {
        let items: Vec<&RawValue> = serde_json::from_str(content.get()).map_err(other_kind)?;
        let named = items.into_iter().enumerate();
        named.map(|(at, item)| (id(item.get(), at), item)).collect()
    };
    let ours = name.map_or_else(|| id(&value.to_string(), 0), ToOwned::to_owned);
    let Some(old) = members.get(&ours) else {
        let member = member(name, value, indent, 2);
        let at = span(text, content);
        return Ok(insert(text, &at, members.is_empty(), &member, indent, 2));
    };
    if serde_json::from_str::<Value>(old.get())? == *value {
        return Ok(text.to_owned());
    }
    replaced.push(ours);
    let at = span(text, old);
    let value = member(None, value, indent, 2);
    Ok(format!("{}{value}{}", &text[..at.start], &text[at.end..]))
}

/// Puts a member first into the object or list that is `at` this place.
fn insert(
    text: &str,
    at: &Range<usize>,
    is_empty: bool,
    member: &str,
    indent: &str,
    depth: usize,
) -> String {
    let line = format!("\n{}", indent.repeat(depth));
    let (before, opening) = text.split_at(at.start);
    let (opening, rest) = opening.split_at(1);
    if is_empty {
        let closing = &text[at.end - 1..];
        let outer = indent.repeat(depth - 1);
        return format!("{before}{opening}{line}{member}\n{outer}{closing}");
    }
    format!("{before}{opening}{line}{member},{rest}")
}

/// A member as it stands in a text that is indented so: its name, if it has one, and its value.
fn member(name: Option<&str>, value: &Value, indent: &str, depth: usize) -> String {
    let mut shown = Vec::new();
    let formatter = PrettyFormatter::with_indent(indent.as_bytes());
    let written = value.serialize(&mut Serializer::with_formatter(&mut shown, formatter));
    written.expect("a value of JSON is JSON");
    let shown = String::from_utf8_lossy(&shown);
    let shown = shown.replace('\n', &format!("\n{}", indent.repeat(depth)));
    name.map_or_else(|| shown.clone(), |name| format!("{}: {shown}", json!(name)))
}

/// What an item of a list is known by; one without an `id` by its place.
fn id(item: &str, at: usize) -> String {
    let item: Value = serde_json::from_str(item).unwrap_or_default();
    let id = item["id"].as_str().map(ToOwned::to_owned);
    id.unwrap_or_else(|| format!("\0{at}"))
}

/// Where a value stands in the text that it was read from.
fn span(text: &str, value: &RawValue) -> Range<usize> {
    let start = value.get().as_ptr().addr() - text.as_ptr().addr();
    start..start + value.get().len()
}

/// How the lines of a text begin that are one level deep.
fn indent(text: &str) -> &str {
    let blank = |line: &'_ str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let indented = text.lines().find(|line| blank(line) > 0);
    indented.map_or("  ", |line| &line[..blank(line)])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use proptest::prelude::*;

    use super::*;

    const LINES: &str = r#"{"inputs": [{"id": "aegis-key"}], "servers": {"aegis": {"url": "u"}}}"#;

    #[test]
    fn a_new_file_is_what_the_lines_are() {
        let lines = include_str!("lines/vscode.json");
        for empty in ["", " \n", "{}\n", "{ }\n"] {
            assert_eq!(merged(empty, lines).unwrap().text, lines, "{empty:?}");
        }
    }

    #[test]
    fn other_members_keep_their_bytes() {
        for (text, expected) in [
            (
                "{\n\t\"servers\": {\n\t\t\"other\": {\"x\": 1e400}\n\t},\n\t\"z\":  [ 1,2 ]\n}",
                "{\n\t\"inputs\": [\n\t\t{\n\t\t\t\"id\": \"aegis-key\"\n\t\t}\n\t],\n\t\"servers\": {\n\t\t\"aegis\": {\n\t\t\t\"url\": \"u\"\n\t\t},\n\t\t\"other\": {\"x\": 1e400}\n\t},\n\t\"z\":  [ 1,2 ]\n}",
            ),
            (
                r#"{"servers":{"other":1,"aegis":{"url":"old"}},"inputs":[{"id":"a"},{"id":"aegis-key","x":1}]}"#,
                "{\"servers\":{\"other\":1,\"aegis\":{\n      \"url\": \"u\"\n    }},\"inputs\":[{\"id\":\"a\"},{\n      \"id\": \"aegis-key\"\n    }]}",
            ),
        ] {
            assert_eq!(merged(text, LINES).unwrap().text, expected);
        }
    }

    #[test]
    fn what_was_there_otherwise_is_named() {
        for (text, replaced) in [
            ("{}", &[][..]),
            (LINES, &[]),
            (r#"{"servers":{"aegis":{"url":"old"}}}"#, &["aegis"]),
            (
                r#"{"servers":{"aegis":1},"inputs":[{"id":"aegis-key","x":1}]}"#,
                &["aegis", "aegis-key"],
            ),
        ] {
            assert_eq!(merged(text, LINES).unwrap().replaced, replaced, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (text, told) in [
            ("// mine\n{}", "it is not plain JSON"),
            ("{\"servers\": {},}", "it is not plain JSON"),
            ("[]", "it is not plain JSON"),
            ("{", "it is not plain JSON"),
            ("\u{feff}{}", "it is not plain JSON"),
            ("{\"servers\": []}", "its `servers` is something else"),
            ("{\"inputs\": {}}", "its `inputs` is something else"),
        ] {
            let refused = merged(text, LINES).unwrap_err().to_string();
            assert!(refused.starts_with(told), "{text}: {refused}");
        }
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(".*", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_a_second_time_changes_nothing(
            others in prop::collection::hash_map("[a-z\"\\\\é]{1,6}", json_value(), 0..4),
            servers in prop::collection::hash_map("[a-z\"]{1,8}", json_value(), 0..4),
            pretty: bool,
        ) {
            let mut old = Map::from_iter(others);
            old.remove("inputs");
            old.insert("servers".to_owned(), Value::Object(servers.into_iter().collect()));
            let old = Value::Object(old);
            let text = if pretty {
                serde_json::to_string_pretty(&old).unwrap()
            } else {
                old.to_string()
            };
            let once = merged(&text, LINES).unwrap().text;
            let mut expected = old;
            expected["inputs"] = json!([{"id": "aegis-key"}]);
            expected["servers"]["aegis"] = json!({"url": "u"});
            prop_assert_eq!(serde_json::from_str::<Value>(&once).unwrap(), expected);
            prop_assert_eq!(&merged(&once, LINES).unwrap().text, &once);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = merged(&text, LINES);
        }
    }
}
