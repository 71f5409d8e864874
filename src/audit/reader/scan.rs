//! The fast way to read what our own writer writes: its fields in their fixed order. What it does
//! not know it leaves to [`Line::read`], which says what is right.
#![expect(
    clippy::inline_always,
    reason = "copied from call to call, what a line says costs as much as to read it"
)]
mod rest;
mod values;

use rest::Rest;
pub use values::Minute;

use super::{Event, Line, line};

/// What [`Line::read`] says of a line of our writer's, and `None` for whatever may be another's.
#[inline(never)]
pub(super) fn scan(line: &[u8]) -> Option<Line<'_>> {
    let (read, rest) = read(line, &mut Minute::default())?;
    rest.is_empty().then_some(read)
}

/// The same of the line that `text` begins with, and how long that is with its end.
#[inline(never)]
pub(super) fn first<'a>(text: &'a [u8], minute: &mut Minute) -> Option<(Line<'a>, usize)> {
    let (read, rest) = read(text, minute)?;
    let rest = rest.strip_prefix(b"\n")?;
    Some((read, text.len() - rest.len()))
}

/// The record that `text` begins with, and what follows it.
#[inline(always)]
fn read<'a>(text: &'a [u8], minute: &mut Minute) -> Option<(Line<'a>, &'a [u8])> {
    let mut rest = Rest(text);
    rest.skip(b"{\"timestamp\": \"")?;
    let millis = minute.time(rest.take()?)?;
    rest.skip(b"\", \"event\": \"")?;
    let event = event(&mut rest)?;
    let seq = rest.number(b", \"seq\": ")?;
    rest.skip(b", \"prev\": \"")?;
    rest.exactly::<64>()?;
    rest.skip(b"}")?;
    let line = Line {
        millis,
        event,
        seq: Some(seq),
    };
    Some((line, rest.0))
}

#[inline(always)]
fn event<'a>(rest: &mut Rest<'a>) -> Option<Event<'a>> {
    if rest.skip(b"tool_call\", \"phase\": \"").is_some() {
        return call(rest);
    }
    if rest.skip(b"api_authentication\", \"status\": \"").is_some() {
        return authenticated(rest);
    }
    if rest.skip(b"access_denied\", \"reason\": \"").is_some() {
        let event;
        (event, *rest) = denied(*rest)?;
        return Some(event);
    }
    let name = rest.text(b"")?;
    Some(match &*name.read() {
        b"auth_rate_limit_exceeded" => {
            let client_ip = Some(rest.client_ip()?);
            rest.pass(b", \"severity\": \"")?;
            rest.number(b", \"failures\": ")?;
            rest.number(b", \"window_seconds\": ")?;
            rest.pass(b", \"blocked_until\": \"")?;
            rest.request_id()?;
            Event::Blocked { client_ip }
        }
        b"auth_rate_limit_summary" => {
            let client_ip = Some(rest.client_ip()?);
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
            *rest = other(&name.read(), *rest)?;
            Event::Other(name)
        }
    })
}

#[inline(always)]
fn authenticated<'a>(rest: &mut Rest<'a>) -> Option<Event<'a>> {
    let by_key = rest.text(b"")?.is("success");
    let client_ip = Some(rest.client_ip()?);
    let user_agent = rest.maybe_text(b", \"user_agent\": \"")?;
    let key_hint = rest.maybe_text(b", \"key_hint\": \"")?;
    *rest = rest.request()?;
    Some(Event::Authenticated {
        by_key,
        client_ip,
        user_agent,
        key_hint,
    })
}

fn denied(mut rest: Rest<'_>) -> Option<(Event<'_>, Rest<'_>)> {
    let reason = rest.text(b"")?;
    let client_ip = Some(rest.client_ip()?);
    rest = rest.request()?;
    rest.maybe_pass(b", \"credential_fp\": \"")?;
    let key_state = rest.maybe_text(b", \"key_state\": \"")?;
    let key_hint = rest.maybe_text(b", \"key_hint\": \"")?;
    let user_agent = rest.maybe_text(b", \"user_agent\": \"")?;
    rest.maybe_pass(b", \"category\": \"")?;
    let is_retired = key_state.is_some_and(|it| it.is("retired"));
    let event = Event::Denied {
        reason: Some(reason),
        client_ip,
        user_agent,
        retired_key: key_hint.filter(|_| is_retired),
    };
    Some((event, rest))
}

#[inline(always)]
fn call<'a>(rest: &mut Rest<'a>) -> Option<Event<'a>> {
    let is_finished = rest.skip(b"finished\", \"tool\": \"").is_some();
    if !is_finished {
        rest.skip(b"started\", \"tool\": \"")?;
    }
    rest.pass(b"")?;
    let operation = Some(rest.text(b", \"operation\": \"")?);
    let access = line::access(rest.text(b", \"access\": \"")?);
    let key_hint = rest.maybe_text(b", \"key_hint\": \"")?;
    let event = if is_finished {
        let outcome = line::outcome(rest.text(b", \"outcome\": \"")?);
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
        *rest = rest.object(2)?;
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
fn other<'a>(name: &[u8], mut rest: Rest<'a>) -> Option<Rest<'a>> {
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
    Some(rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use proptest::{prelude::*, sample};

    use super::*;

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
            line.retain(|byte| *byte != b'\n');
            let scanned = scan(&line);
            if let Some(scanned) = &scanned {
                let read = Line::read(&line);
                prop_assert_eq!(Ok(scanned), read.as_ref());
            }
            let text = [&line[..], b"\n", &line].concat();
            prop_assert_eq!(first(&text, &mut Minute::default()), scanned.map(|it| (it, line.len() + 1)));
            prop_assert_eq!(first(&line, &mut Minute::default()), None);
        }

        #[test]
        fn a_time_is_read_as_chrono_does(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}Z") {
            let form: [u8; 24] = text.as_bytes().try_into().unwrap();
            if let Some(millis) = Minute::default().time(&form) {
                let read = chrono::DateTime::parse_from_rfc3339(&text).map(|it| it.timestamp_millis());
                prop_assert_eq!(Ok(millis), read);
            }
        }

        #[test]
        fn a_time_is_read_whatever_was_read_before(before in "[0-9]{2}", text in "(\\x00{17}|1970-01-01T00:00:|2026-01-29T12:[0-9]{2}:)[0-5][0-9]\\.[0-9]{3}Z") {
            let form: [u8; 24] = text.as_bytes().try_into().unwrap();
            let alone = Minute::default().time(&form);
            let mut minute = Minute::default();
            let _ = minute.time(format!("2026-01-29T12:{before}:00.000Z").as_bytes().try_into().unwrap());
            prop_assert_eq!(minute.time(&form), alone);
            prop_assert_eq!(alone.is_some(), chrono::DateTime::parse_from_rfc3339(&text).is_ok());
        }

        #[test]
        fn every_usual_time_is_read(millis in -62_135_596_800_000..253_402_300_800_000_i64) {
            let text = chrono::DateTime::from_timestamp_millis(millis).unwrap();
            let text = text.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            prop_assert_eq!(Minute::default().time(text.as_bytes().try_into().unwrap()), Some(millis));
        }
    }
}
