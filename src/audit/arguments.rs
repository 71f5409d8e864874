//! What a call was asked, as far as a log may hold it.
use serde_json::{Map, Value};

use super::{
    record::{Field, Plain, Underscore, write_text},
    tail::sha256,
};

/// Strings up to this many characters may stand in the log.
const SHORT: usize = 64;
/// No further argument is begun after this many bytes.
const MOST: usize = 4096;

/// Arguments that are somebody's words: never more than their length.
const BODIES: [&str; 9] = [
    "body",
    "comment",
    "content",
    "contents",
    "description",
    "message",
    "note",
    "patch",
    "text",
];
/// Parts of names whose values are nobody's business.
const SECRETS: [&str; 6] = [
    "authorization",
    "credential",
    "passphrase",
    "passw",
    "secret",
    "token",
];
/// Arguments whose long hexadecimal value is a commit.
const COMMITS: [&str; 5] = ["base", "commit", "head", "ref", "sha"];

/// Arguments as an object: short values as they are, everything else as its size.
///
/// Within it `:` and `,` stand without a space, so that an argument `status` of `success` is no
/// `"status": "success"` to whoever searches for that.
pub(super) struct Shortened<'a>(pub(super) &'a Map<String, Value>);

impl Field for Shortened<'_> {
    fn write(self, line: &mut Vec<u8>) {
        let start = line.len();
        let mut given = self.0.iter().filter(|(_, value)| !value.is_null());
        let mut before = b'{';
        while let Some((name, value)) = given.next() {
            line.push(before);
            before = b',';
            if line.len() > start + MOST {
                line.extend_from_slice(b"\"...\":");
                Plain(1 + given.count()).write(line);
                break;
            }
            // A name may be anything too, and then so may what it names.
            if is_name(name) {
                write_text(line, name.as_bytes(), Underscore::Escaped);
                line.push(b':');
                write_value(line, name, value);
            } else {
                line.extend_from_slice(b"\"...\":");
                write_size(line, "bytes", name.len());
            }
        }
        if before == b'{' {
            line.push(b'{');
        }
        line.push(b'}');
    }
}

fn write_value(line: &mut Vec<u8>, name: &str, value: &Value) {
    match value {
        Value::String(text) if may_stand(name, text) => {
            write_text(line, text.as_bytes(), Underscore::Escaped);
        }
        Value::String(text) => write_size(line, "bytes", text.len()),
        Value::Array(items) => write_size(line, "items", items.len()),
        Value::Object(fields) => write_size(line, "fields", fields.len()),
        Value::Number(number) => line.extend_from_slice(number.to_string().as_bytes()),
        Value::Bool(true) => line.extend_from_slice(b"true"),
        Value::Bool(false) => line.extend_from_slice(b"false"),
        Value::Null => line.extend_from_slice(b"null"),
    }
}

fn write_size(line: &mut Vec<u8>, unit: &str, size: usize) {
    line.extend_from_slice(b"{\"");
    line.extend_from_slice(unit.as_bytes());
    line.extend_from_slice(b"\":");
    Plain(size).write(line);
    line.push(b'}');
}

/// Whether it may stand in the log as the name of an argument.
fn is_name(name: &str) -> bool {
    name.chars().nth(SHORT).is_none() && !looks_secret(name)
}

fn may_stand(name: &str, text: &str) -> bool {
    let name = name.to_ascii_lowercase();
    text.chars().nth(SHORT).is_none()
        && !BODIES.contains(&name.as_str())
        && !name.ends_with("key")
        && !SECRETS.iter().any(|part| name.contains(part))
        && !(looks_secret(text) && !(COMMITS.contains(&name.as_str()) && is_commit(text)))
}

/// A run of twenty letters and digits, both of them, or an address with somebody's password.
fn looks_secret(text: &str) -> bool {
    let has_login = text.contains("://") && text.contains('@');
    has_login
        || text
            .split(|character: char| !character.is_ascii_alphanumeric())
            .any(|run| {
                run.len() >= 20
                    && run.contains(|character: char| character.is_ascii_digit())
                    && run.contains(|character: char| character.is_ascii_alphabetic())
            })
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// SHA-256 of the arguments as JSON without spaces, the names of each object in the order of their
/// bytes, texts and numbers as `serde_json` writes them.
pub(super) fn digest(arguments: &Map<String, Value>) -> [u8; 32] {
    let mut text = Vec::with_capacity(256);
    write_object(&mut text, arguments).expect("a vector takes every write");
    sha256(&text)
}

fn write_object(text: &mut Vec<u8>, object: &Map<String, Value>) -> serde_json::Result<()> {
    let mut fields = object.iter().collect::<Vec<_>>();
    fields.sort_unstable_by_key(|(name, _)| *name);
    text.push(b'{');
    for (at, (name, value)) in fields.into_iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut *text, name)?;
        text.push(b':');
        write_canonical(text, value)?;
    }
    text.push(b'}');
    Ok(())
}

fn write_canonical(text: &mut Vec<u8>, value: &Value) -> serde_json::Result<()> {
    match value {
        Value::Object(object) => write_object(text, object),
        Value::Array(items) => {
            text.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(b',');
                }
                write_canonical(text, item)?;
            }
            text.push(b']');
            Ok(())
        }
        scalar => serde_json::to_writer(text, scalar),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use serde_json::json;

    use super::*;

    fn shortened(arguments: &Value) -> String {
        let mut line = Vec::new();
        Shortened(arguments.as_object().unwrap()).write(&mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn short_values_stand_as_they_are() {
        let arguments = json!({"author": "maintainer", "index": 12, "texts": true, "ref": "main", "page": null});
        assert_eq!(
            shortened(&arguments),
            r#"{"author":"maintainer","index":12,"texts":true,"ref":"main"}"#
        );
        assert_eq!(shortened(&json!({})), "{}");
    }

    #[test]
    fn long_values_and_bodies_are_told_by_their_size() {
        let arguments = json!({
            "title": "ä".repeat(65), "body": "LGTM", "labels": ["a", "b"], "options": {"a": 1},
        });
        assert_eq!(
            shortened(&arguments),
            r#"{"title":{"bytes":130},"body":{"bytes":4},"labels":{"items":2},"options":{"fields":1}}"#
        );
    }

    #[test]
    fn what_looks_like_a_secret_is_told_by_its_length() {
        let forty = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c";
        for (name, value) in [
            ("password", "hunter2"),
            ("API_KEY", "abc"),
            ("authorization", "Basic YTpi"),
            ("query", forty),
            (
                "sha",
                "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
            ),
            ("query", "glpat-0a1b2c3d4e5f6g7h8i9j"),
            ("url", "https://somebody:secret@forge.example/x"),
        ] {
            let text = shortened(&json!({name: value}));
            assert!(!text.contains(value), "{name} shows what it was given");
            assert!(text.contains(&format!("{{\"bytes\":{}}}", value.len())));
        }
        assert_eq!(
            shortened(&json!({"ref": forty})),
            format!("{{\"ref\":\"{forty}\"}}")
        );
    }

    #[test]
    fn addresses_and_names_of_people_are_no_logins() {
        let arguments = json!({"url": "https://forge.example/x", "query": "@maintainer"});
        assert_eq!(
            shortened(&arguments),
            r#"{"url":"https://forge.example/x","query":"@maintainer"}"#
        );
    }

    #[test]
    fn a_name_that_may_be_a_secret_is_told_by_its_length() {
        let key = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
        for name in [
            key.to_owned(),
            format!("Authorization: Bearer {key}"),
            "ä".repeat(65),
        ] {
            assert_eq!(
                shortened(&json!({"method": "get", &name: "x"})),
                format!(r#"{{"method":"get","...":{{"bytes":{}}}}}"#, name.len())
            );
        }
    }

    #[test]
    fn many_arguments_make_no_long_record() {
        let arguments =
            (0..10_000).map(|n| (format!("argument{n}"), json!("\u{1f600}".repeat(60))));
        let text = shortened(&Value::Object(arguments.collect()));
        assert!(text.len() < 8 * 1024);
        assert!(
            text.ends_with(r#","...":9994}"#),
            "{}",
            &text[text.len() - 20..]
        );
        serde_json::from_str::<Value>(&text).unwrap();
    }

    #[test]
    fn what_begins_within_the_bound_stands() {
        // Each takes 64 bytes; one of them 63, so that the last but one begins at the bound.
        let argument = |n: usize| {
            (
                format!("a{n:03}"),
                json!("x".repeat(54 - usize::from(n == 5))),
            )
        };
        let text = shortened(&Value::Object((0..MOST / 64 + 2).map(argument).collect()));
        assert!(text.ends_with(r#"x","...":1}"#));
        assert_eq!(text.matches("\"a0").count(), MOST / 64 + 1);
    }

    #[test]
    fn the_digest_is_that_of_canonical_json() {
        let one = json!({"b": [1, {"y": null, "x": "é\n"}], "a": {}, "c": []});
        let other = json!({"c": [], "a": {}, "b": [1, {"x": "é\n", "y": null}]});
        let canonical = r#"{"a":{},"b":[1,{"x":"é\n","y":null}],"c":[]}"#;
        let expected = sha256(canonical.as_bytes());
        assert_eq!(digest(one.as_object().unwrap()), expected);
        assert_eq!(digest(other.as_object().unwrap()), expected);
    }
}
