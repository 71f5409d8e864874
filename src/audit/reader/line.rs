//! What a line of a log says. Here is defined what a record is; whatever reads faster must read the
//! same.
use std::ops::Range;

use chrono::DateTime;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::error::Category;

use super::{
    Text,
    scan::{Minute, first, scan},
};
use crate::{audit::CallOutcome, rights::Access};

/// The times in UTC that RFC 3339 can write, in milliseconds since 1970: from the year 0 to 9999. One
/// with an offset may be another's.
pub const YEARS: Range<i64> = -62_167_219_200_000..253_402_300_800_000;

/// A record, as far as readers ask for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line<'a> {
    /// Milliseconds since 1970.
    pub millis: i64,
    pub event: Event<'a>,
    /// Its number in its chain, from 1 on; `None` in records that have none.
    pub seq: Option<u64>,
}

/// What happened. A member that a record lacks is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    Authenticated {
        /// False where authentication was off.
        by_key: bool,
        client_ip: Option<Text<'a>>,
        user_agent: Option<Text<'a>>,
        key_hint: Option<Text<'a>>,
    },
    Denied {
        reason: Option<Text<'a>>,
        client_ip: Option<Text<'a>>,
        user_agent: Option<Text<'a>>,
        /// Of a key of ours that is no longer in force.
        retired_key: Option<Text<'a>>,
    },
    Blocked {
        client_ip: Option<Text<'a>>,
    },
    BlockEnded {
        client_ip: Option<Text<'a>>,
        requests: u64,
    },
    FailuresAggregated {
        count: u64,
        /// How many of them had a wrong key; `None` in records of before it was told.
        invalid_keys: Option<u64>,
    },
    CallStarted {
        operation: Option<Text<'a>>,
        access: Option<Access>,
        key_hint: Option<Text<'a>>,
    },
    CallFinished {
        operation: Option<Text<'a>>,
        access: Option<Access>,
        key_hint: Option<Text<'a>>,
        outcome: Option<CallOutcome>,
        duration_ms: Option<u64>,
        answer_bytes: Option<u64>,
        request_id: Option<Text<'a>>,
    },
    Gap {
        lost: u64,
    },
    /// Whatever else is recorded.
    Other(Text<'a>),
}

/// Why a line is no record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bad {
    NotUtf8,
    NotJson,
    /// JSON without a time and an event, or with a member of the wrong kind, or half of a character in it, or
    /// twice.
    NotARecord,
}

impl<'a> Line<'a> {
    /// What [`Line::read`] says, faster where the line is one of our writer's.
    pub fn of(line: &'a [u8]) -> Result<Self, Bad> {
        match scan(line) {
            Some(line) => Ok(line),
            None => Self::read(line),
        }
    }

    /// The line that `text` begins with, where it is one of our writer's and ended: what
    /// [`Line::read`] says of it, and how long it is with that end. `minute` is that of the line before.
    #[inline]
    pub fn first(text: &'a [u8], minute: &mut Minute) -> Option<(Self, usize)> {
        first(text, minute)
    }

    /// Reads a line: one JSON object in UTF-8 with an RFC 3339 `timestamp`, which is one in UTC too, and
    /// an `event`, and no member twice that is asked for here.
    pub fn read(line: &'a [u8]) -> Result<Self, Bad> {
        let text = std::str::from_utf8(line).map_err(|_| Bad::NotUtf8)?;
        let written: Written<'a> =
            serde_json::from_str(text).map_err(|error| match error.classify() {
                // What is behind the wrong member was not looked at.
                Category::Data if is_json(text) => Bad::NotARecord,
                _ => Bad::NotJson,
            })?;
        let time = DateTime::parse_from_rfc3339(&written.timestamp.to_text());
        let millis = time.map_err(|_| Bad::NotARecord)?.timestamp_millis();
        if !YEARS.contains(&millis) {
            return Err(Bad::NotARecord);
        }
        Ok(Self {
            millis,
            seq: written.seq,
            event: written.event(),
        })
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The members that are asked for. Written out and not `flatten`ed: that would copy every text.
#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    timestamp: Text<'a>,
    #[serde(borrow)]
    event: Text<'a>,
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    reason: Option<Text<'a>>,
    #[serde(borrow)]
    client_ip: Option<Text<'a>>,
    #[serde(borrow)]
    user_agent: Option<Text<'a>>,
    #[serde(borrow)]
    key_hint: Option<Text<'a>>,
    #[serde(borrow)]
    key_state: Option<Text<'a>>,
    #[serde(borrow)]
    phase: Option<Text<'a>>,
    #[serde(borrow)]
    operation: Option<Text<'a>>,
    #[serde(borrow)]
    access: Option<Text<'a>>,
    #[serde(borrow)]
    outcome: Option<Text<'a>>,
    #[serde(borrow)]
    request_id: Option<Text<'a>>,
    duration_ms: Option<u64>,
    answer_bytes: Option<u64>,
    blocked_requests: Option<u64>,
    count: Option<u64>,
    invalid_keys: Option<u64>,
    lost: Option<u64>,
    seq: Option<u64>,
}

impl<'a> Written<'a> {
    fn event(&self) -> Event<'a> {
        let is = |member: Option<Text<'_>>, word| member.is_some_and(|it| it.is(word));
        let client_ip = self.client_ip;
        let access = self.access.and_then(access);
        match &*self.event.read() {
            b"api_authentication" => Event::Authenticated {
                by_key: is(self.status, "success"),
                client_ip,
                user_agent: self.user_agent,
                key_hint: self.key_hint,
            },
            b"access_denied" => Event::Denied {
                reason: self.reason,
                client_ip,
                user_agent: self.user_agent,
                retired_key: if is(self.key_state, "retired") {
                    self.key_hint
                } else {
                    None
                },
            },
            b"auth_rate_limit_exceeded" => Event::Blocked { client_ip },
            b"auth_rate_limit_summary" => Event::BlockEnded {
                client_ip,
                requests: self.blocked_requests.unwrap_or(0),
            },
            b"auth_failures_aggregated" => Event::FailuresAggregated {
                count: self.count.unwrap_or(0),
                invalid_keys: self.invalid_keys,
            },
            b"tool_call" if is(self.phase, "started") => Event::CallStarted {
                operation: self.operation,
                access,
                key_hint: self.key_hint,
            },
            b"tool_call" if is(self.phase, "finished") => Event::CallFinished {
                operation: self.operation,
                access,
                key_hint: self.key_hint,
                outcome: self.outcome.and_then(outcome),
                duration_ms: self.duration_ms,
                answer_bytes: self.answer_bytes,
                request_id: self.request_id,
            },
            b"audit_gap" => Event::Gap {
                lost: self.lost.unwrap_or(0),
            },
            _ => Event::Other(self.event),
        }
    }
}

/// `access` of a record.
pub(super) fn access(word: Text<'_>) -> Option<Access> {
    Access::ALL
        .into_iter()
        .find(|access| word.is(access.as_str()))
}

/// `outcome` of a record.
pub(super) fn outcome(word: Text<'_>) -> Option<CallOutcome> {
    CallOutcome::ALL
        .into_iter()
        .find(|outcome| word.is(outcome.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_none_in_utc_is_none_of_a_record() {
        let read = |time| {
            let line = format!("{{\"timestamp\": \"{time}\", \"event\": \"x\"}}");
            Line::of(line.as_bytes()).map(|line| line.millis)
        };
        for (time, read_as) in [
            ("0000-01-01T00:00:00Z", Ok(YEARS.start)),
            ("0000-01-01T00:59:59.999+01:00", Err(Bad::NotARecord)),
            ("9999-12-31T23:59:59.999Z", Ok(YEARS.end - 1)),
            ("9999-12-31T23:00:00-01:00", Err(Bad::NotARecord)),
            ("9999-12-31T23:59:60Z", Err(Bad::NotARecord)),
        ] {
            assert_eq!(read(time), read_as, "{time}");
        }
    }
}
