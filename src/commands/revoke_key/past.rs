//! What the audit log says already: whether the server that writes it refuses a key.
use std::{
    io::{self, BufReader},
    path::Path,
};

use chrono::{DateTime, TimeDelta, Utc};
use memchr::memmem;
use serde_json::Value;

use crate::{
    audit::reader::{Raw, open, read_lines, rotated},
    keys::KeyHint,
};

/// Whether the newest record that tells it says so. `ended`: since when it is noted that the key is
/// out of use, so that whoever starts later refuses it; `None`: it was not, and whoever starts may
/// take it.
///
/// # Errors
/// There is no such log, or it cannot be read.
pub(super) fn is_refused(
    log: &Path,
    hints: &[KeyHint],
    ended: Option<DateTime<Utc>>,
) -> io::Result<bool> {
    // The newest file that tells it is enough.
    for part in rotated(log)?.iter().rev() {
        let (file, mut newest) = (part.open()?, None);
        read_lines(BufReader::new(open(&*file)?), |_, raw| {
            if let Raw::Line(line) = raw {
                newest = told(line, hints, ended).or(newest);
            }
        })?;
        if let Some(refused) = newest {
            return Ok(refused);
        }
    }
    Ok(false)
}

/// What one record tells of the key with one of these hints.
fn told(line: &[u8], hints: &[KeyHint], ended: Option<DateTime<Utc>>) -> Option<bool> {
    let has = |text: &str| memmem::find(line, text.as_bytes()).is_some();
    if !has("server_started") && !hints.iter().any(|hint| has(hint.as_str())) {
        return None;
    }
    let record: Value = serde_json::from_slice(line).ok()?;
    let is_it = |value: &Value| hints.iter().any(|hint| *value == hint.as_str());
    let are = |name: &str| {
        let listed = record[name].as_array();
        listed.is_some_and(|listed| listed.iter().any(is_it))
    };
    match record["event"].as_str()? {
        "server_started" => {
            let time = DateTime::parse_from_rfc3339(record["timestamp"].as_str()?).ok()?;
            // What is noted is noted to the second.
            let knew = ended.is_some_and(|ended| time.to_utc() >= ended + TimeDelta::seconds(1));
            Some(knew && record["auth"] != "disabled")
        }
        "keys_reloaded" if are("added") => Some(false),
        "keys_reloaded" if are("removed") => Some(true),
        "api_authentication" if is_it(&record["key_hint"]) => Some(false),
        "access_denied" if is_it(&record["key_hint"]) => Some(record["key_state"] == "retired"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::fs;

    use super::*;

    const HINT: &str = "01234567...cdef";

    /// Whether the key that was revoked at 12:00:00 is refused, as a log with these records says.
    fn refused(records: &[&str]) -> bool {
        refused_since(records, Some("2026-01-01T12:00:00Z"))
    }

    fn refused_since(records: &[&str], ended: Option<&str>) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("audit.log");
        let lines = records.iter().map(|record| {
            let record = record.replace("HINT", HINT);
            format!("{{\"timestamp\": \"2026-01-01T{record}}}\n")
        });
        fs::write(&log, lines.collect::<String>()).unwrap();
        let ended = ended.map(|ended| ended.parse().unwrap());
        is_refused(&log, &[KeyHint::parse(HINT).unwrap()], ended).unwrap()
    }

    #[test]
    fn the_newest_record_that_tells_of_the_key_counts() {
        let removed = r#"11:00:00Z", "event": "keys_reloaded", "added": [], "removed": ["HINT"]"#;
        let added = r#"11:30:00Z", "event": "keys_reloaded", "added": ["HINT"], "removed": []"#;
        let used = r#"12:00:05Z", "event": "api_authentication", "key_hint": "HINT""#;
        let denied =
            r#"12:00:06Z", "event": "access_denied", "key_state": "retired", "key_hint": "HINT""#;
        let before = r#"12:00:00.900Z", "event": "server_started", "auth": "enabled""#;
        let after = r#"12:00:01Z", "event": "server_started", "auth": "enabled""#;
        let open = r#"12:00:01Z", "event": "server_started", "auth": "disabled""#;
        let other = r#"12:00:07Z", "event": "tool_call", "key_hint": "HINT""#;
        for (records, told) in [
            (&[][..], false),
            (&[removed], true),
            (&[removed, other], true),
            (&[removed, added], false),
            (&[added, removed], true),
            (&[removed, used], false),
            (&[used, denied], true),
            (&[removed, before], false),
            (&[used, after], true),
            (&[used, open], false),
            (&[after, used], false),
        ] {
            assert_eq!(refused(records), told, "{records:?}");
        }
        // Of a key whose end was noted nowhere, a start says that it is taken.
        for (records, told) in [
            (&[][..], false),
            (&[removed], true),
            (&[removed, added], false),
            (&[removed, after], false),
            (&[after, removed], true),
        ] {
            assert_eq!(refused_since(records, None), told, "{records:?}");
        }
    }

    #[test]
    fn what_a_log_says_is_read_over_its_rotations() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("audit.log");
        let record = format!(
            "{{\"timestamp\": \"2026-01-01T11:00:00Z\", \"event\": \"keys_reloaded\", \"removed\": [\"{HINT}\"]}}\n"
        );
        fs::write(folder.path().join("audit.log.1"), record).unwrap();
        fs::write(&log, "{}\n").unwrap();
        let hints = [KeyHint::parse(HINT).unwrap()];
        assert!(is_refused(&log, &hints, Some(Utc::now())).unwrap());
        assert!(!is_refused(&log, &[], Some(Utc::now())).unwrap());
    }
}
