//! The fast way to read what our own writer writes: its fields in their fixed order. What it does
//! not know it leaves to [`Line::read`], which says what is right.
#![expect(
    clippy::inline_always,
    reason = "copied from call to call, what a line says costs as much as to read it"
)]
mod rest;
mod values;

use rest::Rest;
use values::time;

use super::{Event, Line, line};

/// What [`Line::read`] says of a line of our writer's, and `None` for whatever may be another's.
pub(super) fn scan(line: &[u8]) -> Option<Line<'_>> {
    let (read, length) = read(line, b"}")?;
    (length == line.len()).then_some(read)
}

/// The same of the line that `text` begins with, and how long that is with its end.
pub(super) fn first(text: &[u8]) -> Option<(Line<'_>, usize)> {
    read(text, b"}\n")
}

#[inline(never)]
fn read<'a>(text: &'a [u8], end: &[u8]) -> Option<(Line<'a>, usize)> {
    let mut rest = Rest(text);
    rest.skip(b"{\"timestamp\": \"")?;
    let millis = time(rest.take()?)?;
    rest.skip(b"\", \"event\": \"")?;
    let event = event(&mut rest)?;
    let seq = rest.number(b", \"seq\": ")?;
    rest.skip(b", \"prev\": \"")?;
    rest.exactly::<64>()?;
    let rest = rest.0.strip_prefix(end)?;
    let line = Line {
        millis,
        event,
        seq: Some(seq),
    };
    Some((line, text.len() - rest.len()))
}

#[inline(always)]
fn event<'a>(rest: &mut Rest<'a>) -> Option<Event<'a>> {
    if rest.skip(b"tool_call\", \"phase\": \"").is_some() {
        return call(rest);
    }
    let name = rest.text(b"")?;
    Some(match name.as_bytes() {
        b"api_authentication" => {
            let by_key = rest.text(b", \"status\": \"")?.as_bytes() == b"success";
            let client_ip = rest.client_ip()?;
            let user_agent = rest.maybe_text(b", \"user_agent\": \"")?;
            let key_hint = rest.maybe_text(b", \"key_hint\": \"")?;
            rest.request()?;
            Event::Authenticated {
                by_key,
                client_ip,
                user_agent,
                key_hint,
            }
        }
        b"access_denied" => denied(rest)?,
        b"auth_rate_limit_exceeded" => {
            let client_ip = rest.client_ip()?;
            rest.pass(b", \"severity\": \"")?;
            rest.number(b", \"failures\": ")?;
            rest.number(b", \"window_seconds\": ")?;
            rest.pass(b", \"blocked_until\": \"")?;
            rest.request_id()?;
            Event::Blocked { client_ip }
        }
        b"auth_rate_limit_summary" => {
            let client_ip = rest.client_ip()?;
            let requests = rest.number(b", \"blocked_requests\": ")?;
            rest.span()?;
            Event::BlockEnded {
                client_ip,
                requests,
            }
        }
        b"auth_failures_aggregated" => {
            let count = rest.number(b", \"count\": ")?;
            let invalid_keys = rest.maybe_number(b", \"invalid_keys\": ")?;
            rest.number(b", \"addresses\": ")?;
            rest.span()?;
            Event::FailuresAggregated {
                count,
                invalid_keys,
            }
        }
        b"audit_gap" => {
            let lost = rest.number(b", \"lost\": ")?;
            rest.span()?;
            rest.pass(b", \"severity\": \"")?;
            Event::Gap { lost }
        }
        _ => {
            other(name.as_bytes(), rest)?;
            Event::Other(name)
        }
    })
}

fn denied<'a>(rest: &mut Rest<'a>) -> Option<Event<'a>> {
    let reason = rest.text(b", \"reason\": \"")?;
    let client_ip = rest.client_ip()?;
    rest.request()?;
    rest.maybe_pass(b", \"credential_fp\": \"")?;
    let key_state = rest.maybe_text(b", \"key_state\": \"")?;
    let key_hint = rest.maybe_text(b", \"key_hint\": \"")?;
    let user_agent = rest.maybe_text(b", \"user_agent\": \"")?;
    rest.maybe_pass(b", \"category\": \"")?;
    let is_retired = key_state.is_some_and(|it| it.as_bytes() == b"retired");
    Some(Event::Denied {
        reason: Some(reason),
        client_ip,
        user_agent,
        retired_key: key_hint.filter(|_| is_retired),
    })
}

#[inline(always)]
fn call<'a>(rest: &mut Rest<'a>) -> Option<Event<'a>> {
    let is_finished = rest.skip(b"finished\", \"tool\": \"").is_some();
    if !is_finished {
        rest.skip(b"started\", \"tool\": \"")?;
    }
    rest.pass(b"")?;
    let operation = Some(rest.text(b", \"operation\": \"")?);
    let access = line::access(rest.text(b", \"access\": \"")?.as_bytes());
    let key_hint = rest.maybe_text(b", \"key_hint\": \"")?;
    let event = if is_finished {
        let outcome = line::outcome(rest.text(b", \"outcome\": \"")?.as_bytes());
        let duration_ms = rest.maybe_number(b", \"duration_ms\": ")?;
        rest.maybe_number(b", \"gitea_calls\": ")?;
        rest.maybe_number(b", \"gitea_status\": ")?;
        let answer_bytes = rest.maybe_number(b", \"answer_bytes\": ")?;
        Event::CallFinished {
            operation,
            access,
            key_hint,
            outcome,
            duration_ms,
            answer_bytes,
            request_id: Some(rest.request_id()?),
        }
    } else {
        rest.pass(b", \"client_ip\": \"")?;
        rest.skip(b", \"arguments_digest\": \"")?;
        rest.exactly::<64>()?;
        rest.skip(b", \"arguments\": ")?;
        rest.object(2)?;
        rest.request_id()?;
        Event::CallStarted {
            operation,
            access,
            key_hint,
        }
    };
    rest.number(b", \"call\": ")?;
    Some(event)
}

/// Passes over the fields of an event that is only counted.
fn other(name: &[u8], rest: &mut Rest<'_>) -> Option<()> {
    match name {
        b"server_started" => {
            rest.pass(b", \"version\": \"")?;
            rest.pass(b", \"instance\": \"")?;
            rest.pass(b", \"auth\": \"")?;
            rest.number(b", \"keys\": ")?;
            rest.maybe_object(b", \"previous\": ")?;
        }
        b"server_stopped" | b"config_reload_failed" => {
            rest.text(b", \"reason\": \"")?;
        }
        b"keys_reloaded" => {
            rest.maybe_texts(b", \"added\": ")?;
            rest.maybe_texts(b", \"removed\": ")?;
        }
        b"config_key_rejected" => {
            rest.number(b", \"entry\": ")?;
            rest.number(b", \"length\": ")?;
        }
        b"audit_checkpoint" => {
            rest.number(b", \"records\": ")?;
            rest.skip(b", \"head\": \"")?;
            rest.exactly::<64>()?;
            rest.maybe_number(b", \"sealed\": ")?;
            rest.maybe_pass(b", \"seal\": \"")?;
        }
        b"audit_rotated" => {
            rest.pass(b", \"chain_id\": \"")?;
            rest.maybe_pass(b", \"previous_file\": \"")?;
            rest.skip(b", \"previous_head\": \"")?;
            rest.exactly::<64>()?;
        }
        b"audit_recovered" => {
            rest.number(b", \"torn_bytes\": ")?;
            rest.pass(b", \"severity\": \"")?;
        }
        b"audit_log_truncated" | b"audit_log_replaced" => {
            rest.maybe_pass(b", \"by\": \"")?;
            rest.maybe_object(b", \"expected\": ")?;
            rest.maybe_object(b", \"found\": ")?;
            rest.pass(b", \"severity\": \"")?;
        }
        b"audit_disk_full" => {
            rest.text(b", \"reason\": \"")?;
            rest.pass(b", \"severity\": \"")?;
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use proptest::{prelude::*, sample};

    use std::net::IpAddr;

    use super::*;
    use crate::audit::reader::Ip;

    /// Every record that our writer writes, as the test of the writer has them.
    const RECORDS: &str = include_str!("../../../tests/golden/records.jsonl");

    #[test]
    fn nothing_that_our_writer_writes_is_left_to_the_slow_way() {
        for line in RECORDS.lines() {
            let read = Line::read(line.as_bytes()).unwrap();
            assert_eq!(scan(line.as_bytes()), Some(read), "{line}");
        }
    }

    /// Something that may stand in a line, or may not.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            sample::select(&br#""\{}[]:,. -+0123456789eEu_tfn"#[..]).prop_map(|byte| vec![byte]),
            sample::select(vec![
                "\\u00e9",
                "\\ud83d\\ude00",
                "\\ud83d",
                "\\udc00\\ud800",
                "\\u005F",
                "\\n",
                "\\/",
                "\\u00",
                ", \"seq\": 7",
                ", \"status\": \"success\"",
                ", \"reason\": 1",
                "null",
                "\u{e9}",
                "\"\"",
                "01",
                "-1",
                "1.5",
                "1e3",
                "18446744073709551616",
                "{}",
                "[]",
                "{\"a\":{\"b\":{\"c\":1}}}",
                "\"client_ip\": \"::1\"",
                "\"client_ip\": \"01.2.3.4\"",
                "2024-02-29T23:59:59.999Z",
                "2023-02-29T23:59:60.000Z",
                "0000-01-01T00:00:00.000Z",
                "\"timestamp\": \"2026-01-29T12:34:56+01:00\"",
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_scanned_is_what_is_read(
            line in sample::select(RECORDS.lines().collect::<Vec<_>>()),
            changes in proptest::collection::vec((any::<sample::Index>(), 0_usize..12, pieces()), 0..4),
        ) {
            let mut line = line.as_bytes().to_vec();
            for (at, gone, piece) in changes {
                let at = at.index(line.len() + 1);
                let end = line.len().min(at + gone);
                line.splice(at..end, piece);
            }
            let scanned = scan(&line);
            if let Some(scanned) = &scanned {
                let read = Line::read(&line);
                prop_assert_eq!(Ok(scanned), read.as_ref());
            }
            let text = [&line[..], b"\n", &line].concat();
            prop_assert_eq!(first(&text), scanned.map(|it| (it, line.len() + 1)));
            prop_assert_eq!(first(&line), None);
        }

        #[test]
        fn an_address_is_read_as_the_standard_library_does(text in "[0-9.]{1,16}|[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-f:.]{2,20}") {
            let field = format!(", \"client_ip\": \"{text}\"");
            let read = text.parse().ok().map(|it: IpAddr| Ip::from(it));
            prop_assert_eq!(Rest(field.as_bytes()).client_ip(), Some(read));
            prop_assert!(read.is_none_or(|it| it.address() == text.parse::<IpAddr>().unwrap().to_canonical()));
        }

        #[test]
        fn a_time_is_read_as_chrono_does(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}Z") {
            let form: [u8; 24] = text.as_bytes().try_into().unwrap();
            if let Some(millis) = time(&form) {
                let read = chrono::DateTime::parse_from_rfc3339(&text).map(|it| it.timestamp_millis());
                prop_assert_eq!(Ok(millis), read);
            }
        }

        #[test]
        fn every_usual_time_is_read(millis in -62_135_596_800_000..253_402_300_800_000_i64) {
            let text = chrono::DateTime::from_timestamp_millis(millis).unwrap();
            let text = text.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            prop_assert_eq!(time(text.as_bytes().try_into().unwrap()), Some(millis));
        }
    }
}
