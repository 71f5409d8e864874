//! What a line of a log says. Here is defined what a record is; whatever reads faster must read the
//! same.
use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use chrono::DateTime;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::error::Category;

use super::scan::{first, scan};
use crate::{audit::CallOutcome, rights::Access};

/// The times in UTC that RFC 3339 can write, in milliseconds since 1970: from the year 0 to 9999. One
/// with an offset may be another's.
pub const YEARS: Range<i64> = -62_167_219_200_000..253_402_300_800_000;

/// A record, as far as readers ask for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'a> {
    /// Milliseconds since 1970.
    pub millis: i64,
    pub event: Event<'a>,
    /// Its number in its chain, from 1 on; `None` in records that have none.
    pub seq: Option<u64>,
}

/// What happened. A member that a record lacks is `None`.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    Authenticated {
        /// False where authentication was off.
        by_key: bool,
        client_ip: Option<Ip>,
        user_agent: Option<Text<'a>>,
        key_hint: Option<Text<'a>>,
    },
    Denied {
        reason: Option<Text<'a>>,
        client_ip: Option<Ip>,
        user_agent: Option<Text<'a>>,
        /// Of a key of ours that is no longer in force.
        retired_key: Option<Text<'a>>,
    },
    Blocked {
        client_ip: Option<Ip>,
    },
    BlockEnded {
        client_ip: Option<Ip>,
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

/// An address, in one word: an IPv4 one as the IPv6 one that it is mapped to (RFC 4291, 2.5.5.2).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ip(u128);

impl Ip {
    pub fn address(self) -> IpAddr {
        Ipv6Addr::from_bits(self.0).to_canonical()
    }
}

impl From<IpAddr> for Ip {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => Self(v6.to_bits()),
        }
    }
}

impl From<Ipv4Addr> for Ip {
    #[inline]
    fn from(address: Ipv4Addr) -> Self {
        Self(0xffff_0000_0000 | u128::from(address.to_bits()))
    }
}

/// A text of a record. It may hold anything: whoever shows it escapes it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Text<'a>(pub(super) Cow<'a, [u8]>);

impl Text<'_> {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

/// Why a line is no record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bad {
    NotUtf8,
    NotJson,
    /// JSON without a time and an event, or with a member of the wrong kind, or twice.
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
    /// [`Line::read`] says of it, and how long it is with that end.
    #[inline]
    pub fn first(text: &'a [u8]) -> Option<(Self, usize)> {
        first(text)
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
        let time = DateTime::parse_from_rfc3339(&written.timestamp.0);
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
    timestamp: Member<'a>,
    #[serde(borrow)]
    event: Member<'a>,
    #[serde(borrow)]
    status: Option<Member<'a>>,
    #[serde(borrow)]
    reason: Option<Member<'a>>,
    #[serde(borrow)]
    client_ip: Option<Member<'a>>,
    #[serde(borrow)]
    user_agent: Option<Member<'a>>,
    #[serde(borrow)]
    key_hint: Option<Member<'a>>,
    #[serde(borrow)]
    key_state: Option<Member<'a>>,
    #[serde(borrow)]
    phase: Option<Member<'a>>,
    #[serde(borrow)]
    operation: Option<Member<'a>>,
    #[serde(borrow)]
    access: Option<Member<'a>>,
    #[serde(borrow)]
    outcome: Option<Member<'a>>,
    #[serde(borrow)]
    request_id: Option<Member<'a>>,
    duration_ms: Option<u64>,
    answer_bytes: Option<u64>,
    blocked_requests: Option<u64>,
    count: Option<u64>,
    invalid_keys: Option<u64>,
    lost: Option<u64>,
    seq: Option<u64>,
}

/// A text that is borrowed where it has no escapes; an `Option<Cow<str>>` would not be.
#[derive(Deserialize)]
struct Member<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Written<'a> {
    fn event(self) -> Event<'a> {
        let text = |member: Option<Member<'a>>| member.map(Text::from);
        let client_ip = self.client_ip.and_then(|it| it.0.parse::<IpAddr>().ok());
        let client_ip = client_ip.map(Ip::from);
        let is = |member: &Option<Member<'_>>, word| member.as_ref().is_some_and(|it| it.0 == word);
        let access = self.access.as_ref().and_then(|it| access(it.0.as_bytes()));
        match &*self.event.0 {
            "api_authentication" => Event::Authenticated {
                by_key: is(&self.status, "success"),
                client_ip,
                user_agent: text(self.user_agent),
                key_hint: text(self.key_hint),
            },
            "access_denied" => Event::Denied {
                reason: text(self.reason),
                client_ip,
                user_agent: text(self.user_agent),
                retired_key: if is(&self.key_state, "retired") {
                    text(self.key_hint)
                } else {
                    None
                },
            },
            "auth_rate_limit_exceeded" => Event::Blocked { client_ip },
            "auth_rate_limit_summary" => Event::BlockEnded {
                client_ip,
                requests: self.blocked_requests.unwrap_or(0),
            },
            "auth_failures_aggregated" => Event::FailuresAggregated {
                count: self.count.unwrap_or(0),
                invalid_keys: self.invalid_keys,
            },
            "tool_call" if is(&self.phase, "started") => Event::CallStarted {
                operation: text(self.operation),
                access,
                key_hint: text(self.key_hint),
            },
            "tool_call" if is(&self.phase, "finished") => Event::CallFinished {
                operation: text(self.operation),
                access,
                key_hint: text(self.key_hint),
                outcome: self.outcome.and_then(|it| outcome(it.0.as_bytes())),
                duration_ms: self.duration_ms,
                answer_bytes: self.answer_bytes,
                request_id: text(self.request_id),
            },
            "audit_gap" => Event::Gap {
                lost: self.lost.unwrap_or(0),
            },
            _ => Event::Other(self.event.into()),
        }
    }
}

impl<'a> From<Member<'a>> for Text<'a> {
    fn from(member: Member<'a>) -> Self {
        Self(match member.0 {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }
}

/// `access` of a record.
pub(super) fn access(word: &[u8]) -> Option<Access> {
    Access::ALL
        .into_iter()
        .find(|access| access.as_str().as_bytes() == word)
}

/// `outcome` of a record.
pub(super) fn outcome(word: &[u8]) -> Option<CallOutcome> {
    CallOutcome::ALL
        .into_iter()
        .find(|outcome| outcome.as_str().as_bytes() == word)
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
