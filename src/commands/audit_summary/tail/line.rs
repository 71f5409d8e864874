//! One record on one line.
use console::{Style, style};
use serde_json::{Map, Value};

use super::super::shown::{ascii, cut, shown};

/// Of these, people read the value alone.
const BARE: [&str; 9] = [
    "status",
    "reason",
    "phase",
    "operation",
    "access",
    "outcome",
    "method",
    "route",
    "user_agent",
];
/// The ends of a log: their number says enough.
const ENDS: [&str; 3] = ["previous", "expected", "found"];
/// What stands in columns of its own, and what is for programs.
const LEFT_OUT: [&str; 17] = [
    "timestamp",
    "event",
    "key_hint",
    "client_ip",
    "tool",
    "arguments_digest",
    "request_id",
    "call",
    "credential_fp",
    "category",
    "key_source",
    "instance",
    "head",
    "seal",
    "previous_head",
    "seq",
    "prev",
];
/// No text is shown further than this, in characters.
const LONGEST: usize = 300;
const MINUTE: &str = "2026-01-29 12:34:56";

/// For people: when, what happened, whose key, from where, and the rest in its order.
pub(super) fn person(line: &[u8]) -> String {
    let Ok(record) = serde_json::from_slice::<Map<String, Value>>(line) else {
        let text = plain(&String::from_utf8_lossy(line));
        return style(format!("no record: {text}")).red().to_string();
    };
    let column = |name, width: usize| {
        let text = record.get(name).and_then(Value::as_str);
        let text = text.map_or_else(|| "-".to_owned(), plain);
        format!("{text:width$}")
    };
    let words: Vec<_> = record
        .iter()
        .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
        .map(|(name, value)| word(name, value))
        .filter(|word| !word.is_empty())
        .collect();
    format!(
        "{}  {}  {}  {}  {}",
        style(time(&record)).dim(),
        look(&record).apply_to(column("event", 18)),
        column("key_hint", 15),
        column("client_ip", 15),
        words.join(" ")
    )
}

/// For programs: as it stands there, in ASCII.
pub(super) fn json(line: &[u8]) -> String {
    ascii(&String::from_utf8_lossy(line))
}

/// A text of a record for people.
fn plain(text: &str) -> String {
    cut(&shown(text), LONGEST)
}

/// In UTC to the second, as people write it; what is no such time as it stands there.
fn time(record: &Map<String, Value>) -> String {
    let text = record
        .get("timestamp")
        .and_then(Value::as_str)
        .unwrap_or("-");
    let (date, rest) = text.split_once('T').unwrap_or((text, ""));
    let clock = rest.get(..8).filter(|_| rest.ends_with('Z'));
    match clock {
        Some(clock) if date.len() + 1 + clock.len() == MINUTE.len() => {
            plain(&format!("{date} {clock}Z"))
        }
        _ => plain(text),
    }
}

fn word(name: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => plain(text),
        Value::Object(end) if ENDS.contains(&name) && end.get("seq").is_some_and(Value::is_u64) => {
            end["seq"].to_string()
        }
        other => plain(&other.to_string()),
    };
    match name {
        "duration_ms" => format!("{text} ms"),
        "answer_bytes" => format!("{text} bytes"),
        "arguments" => text,
        _ if BARE.contains(&name) => text,
        _ => format!("{}={text}", plain(name)),
    }
}

/// What somebody should look at stands out.
fn look(record: &Map<String, Value>) -> Style {
    let text = |name| record.get(name).and_then(Value::as_str);
    let style = Style::new();
    match (
        text("severity"),
        text("event"),
        text("outcome"),
        text("access"),
    ) {
        (Some("high"), ..) => style.red().bold(),
        (_, Some("access_denied" | "auth_failures_aggregated" | "config_key_rejected"), ..)
        | (_, _, Some("error" | "refused"), _) => style.yellow(),
        (_, Some("tool_call"), _, Some("write" | "destroy")) => style.magenta(),
        _ => style,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_at_a_glance() {
        let person = |line: &str| console::strip_ansi_codes(&person(line.as_bytes())).into_owned();
        assert_eq!(
            person(
                r#"{"timestamp": "2026-01-29T12:34:56.789Z", "event": "api_authentication", "status": "success", "client_ip": "203.0.113.42", "user_agent": "ChatGPT-User/1.0", "key_hint": "a1b2c3d4...e1f2", "method": "POST", "route": "/mcp", "key_source": "header", "request_id": "0a0b0c0d00000001", "seq": 4, "prev": "00"}"#
            ),
            "2026-01-29 12:34:56Z  api_authentication  a1b2c3d4...e1f2  203.0.113.42     success ChatGPT-User/1.0 POST /mcp"
        );
        assert_eq!(
            person(
                r#"{"timestamp": "2026-01-29T12:34:56.789Z", "event": "tool_call", "phase": "started", "tool": "issue_read", "operation": "issue.list", "access": "read", "key_hint": "a1b2c3d4...e1f2", "client_ip": "203.0.113.42", "arguments_digest": "52", "arguments": {"owner":"observatory","per\u005fpage":30}, "request_id": "0a", "call": 1, "seq": 25, "prev": "58"}"#
            ),
            "2026-01-29 12:34:56Z  tool_call           a1b2c3d4...e1f2  203.0.113.42     started issue.list read {\"owner\":\"observatory\",\"per_page\":30}"
        );
        assert_eq!(
            person(
                r#"{"timestamp": "2026-01-29T12:34:56.789Z", "event": "audit_log_truncated", "expected": {"seq": 41, "hash": "ab"}, "found": {"seq": 12, "hash": "ab"}, "severity": "high", "seq": 21, "prev": "b3"}"#
            ),
            "2026-01-29 12:34:56Z  audit_log_truncated  -                -                expected=41 found=12 severity=high"
        );
    }

    #[test]
    fn a_record_with_terminal_codes_is_text() {
        let line = "{\"timestamp\": \"\\u001b[2J\", \"event\": \"\u{9b}31m\", \"\\u001b]0;x\": \"\\u202e\", \"key_hint\": 7}";
        let shown = console::strip_ansi_codes(&person(line.as_bytes())).into_owned();
        assert!(shown.chars().all(|it| matches!(it, ' '..='~')), "{shown:?}");
        assert!(json(line.as_bytes()).is_ascii());
        let same: Value = serde_json::from_str(&json(line.as_bytes())).expect("JSON");
        assert_eq!(Some(same), serde_json::from_str(line).ok());
        assert!(person(b"\x1b[31m\xff").contains("no record: \\u{1b}[31m"));
    }
}
