//! One thing that happened, and its fields in their fixed order.
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use ring::hmac;
use serde_json::{Map, Value};

use super::{
    arguments::Shortened,
    entry::CallOutcome,
    record::{Plain, Quoted, Record},
    tail::Previous,
};
use crate::{
    caller::{KeySource, RequestId},
    rights::Access,
};

/// Every kind of record. What a client chose is `&[u8]`, or said to be so: it is escaped and
/// shortened; the other texts are ours.
#[derive(Clone, Debug)]
pub enum AuditEvent<'a> {
    ServerStarted {
        version: &'a str,
        /// Random, one a start.
        instance: &'a str,
        auth: bool,
        keys: usize,
        /// What the log ended with when it was opened: [`super::AuditLog::previous`].
        previous: Option<Previous>,
    },
    ServerStopped {
        reason: &'a str,
    },
    /// A request with a key in force, or any request where authentication is off (`key_hint: None`).
    Authenticated {
        client_ip: IpAddr,
        user_agent: Option<&'a [u8]>,
        key_hint: Option<&'a str>,
        /// As the client wrote it.
        method: &'a str,
        /// The pattern that matched, or `unmatched`; never the path.
        route: &'a str,
        key_source: Option<KeySource>,
        request_id: RequestId,
    },
    /// A request that was refused at the door. Written singly within bounds, beyond them counted in
    /// [`AuditEvent::FailuresAggregated`], but for [`DenialReason::RateLimited`], which somebody
    /// asked to have each.
    Denied {
        reason: DenialReason,
        client_ip: IpAddr,
        /// As the client wrote it.
        method: &'a str,
        /// The pattern that matched, or `unmatched`; never the path.
        route: &'a str,
        key_source: Option<KeySource>,
        request_id: RequestId,
        /// What was offered as a key: only its fingerprint is written.
        offered: Option<&'a [u8]>,
        user_agent: Option<&'a [u8]>,
    },
    /// An address is blocked from now on: one record an episode.
    Blocked {
        client_ip: IpAddr,
        failures: u32,
        window_seconds: u64,
        blocked_until: DateTime<Utc>,
        request_id: RequestId,
    },
    /// A block has ended, and this many requests fell to it.
    BlockEnded {
        client_ip: IpAddr,
        blocked_requests: u64,
        first: DateTime<Utc>,
        last: DateTime<Utc>,
    },
    /// Denials that were not written singly. Written by the log itself.
    FailuresAggregated {
        count: u64,
        /// Distinct clients, an IPv6 network of 64 bits being one; 65,536 stands for that many or more.
        addresses: usize,
        first: DateTime<Utc>,
        last: DateTime<Utc>,
    },
    /// A call begins: [`super::AuditLog::open_call`].
    CallStarted {
        tool: &'a str,
        operation: &'a str,
        access: Access,
        key_hint: Option<&'a str>,
        client_ip: IpAddr,
        /// SHA-256 of their canonical JSON.
        arguments_digest: [u8; 32],
        arguments: &'a Map<String, Value>,
        request_id: RequestId,
        call: u32,
    },
    /// A call has ended: [`super::AuditEntry`].
    CallFinished {
        tool: &'a str,
        operation: &'a str,
        access: Access,
        key_hint: Option<&'a str>,
        outcome: CallOutcome,
        duration_ms: u64,
        gitea_calls: Option<u32>,
        gitea_status: Option<u16>,
        answer_bytes: Option<usize>,
        request_id: RequestId,
        call: u32,
    },
    /// An entry of `MCP_API_KEYS` that is no key: which, and how long it is.
    ConfigKeyRejected {
        entry: usize,
        length: usize,
    },
    /// The first record of a file that goes on where another ended. Written by the log itself.
    Rotated {
        chain_id: [u8; 8],
        /// The file as it was called when it was left.
        previous_file: &'a [u8],
        previous_head: [u8; 32],
    },
    /// Records that could not be written. Written by the log itself.
    Gap {
        lost: u64,
        first: DateTime<Utc>,
        last: DateTime<Utc>,
    },
    /// The log ended in the midst of a line. Written by the log itself.
    Recovered {
        torn_bytes: u64,
    },
}

/// Why a request was refused at the door.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DenialReason {
    InvalidApiKey,
    MissingApiKey,
    InvalidRequest,
    ForbiddenOrigin,
    ForbiddenHost,
    /// Its address is blocked. Only with `AUDIT_BLOCKED=each`; otherwise such requests are counted.
    RateLimited,
}

impl DenialReason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidApiKey => "invalid_api_key",
            Self::MissingApiKey => "missing_api_key",
            Self::InvalidRequest => "invalid_request",
            Self::ForbiddenOrigin => "forbidden_origin",
            Self::ForbiddenHost => "forbidden_host",
            Self::RateLimited => "rate_limited",
        }
    }

    /// What a search for `api_authentication` counts beside the successes: guesses, nothing else.
    fn category(self) -> Option<&'static str> {
        (self == Self::InvalidApiKey).then_some("api_authentication")
    }
}

impl AuditEvent<'_> {
    /// The `event` of the record.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ServerStarted { .. } => "server_started",
            Self::ServerStopped { .. } => "server_stopped",
            Self::Authenticated { .. } => "api_authentication",
            Self::Denied { .. } => "access_denied",
            Self::Blocked { .. } => "auth_rate_limit_exceeded",
            Self::BlockEnded { .. } => "auth_rate_limit_summary",
            Self::FailuresAggregated { .. } => "auth_failures_aggregated",
            Self::CallStarted { .. } | Self::CallFinished { .. } => "tool_call",
            Self::ConfigKeyRejected { .. } => "config_key_rejected",
            Self::Rotated { .. } => "audit_rotated",
            Self::Gap { .. } => "audit_gap",
            Self::Recovered { .. } => "audit_recovered",
        }
    }

    /// Writes the fields after `event`, in their order. `fingerprints` is the key of `credential_fp`.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm an event, its fields in their order"
    )]
    pub(super) fn write(&self, record: &mut Record<'_>, fingerprints: &hmac::Key) {
        match *self {
            Self::ServerStarted {
                version,
                instance,
                auth,
                keys,
                previous,
            } => {
                record
                    .put("version", version)
                    .put("instance", instance)
                    .put("auth", if auth { "enabled" } else { "disabled" })
                    .put("keys", Plain(keys))
                    .put("previous", previous);
            }
            Self::ServerStopped { reason } => {
                record.put("reason", reason);
            }
            Self::Authenticated {
                client_ip,
                user_agent,
                key_hint,
                method,
                route,
                key_source,
                request_id,
            } => {
                record
                    .put("status", key_hint.map_or("disabled", |_| "success"))
                    .put("client_ip", Quoted(client_ip))
                    .put("user_agent", user_agent)
                    .put("key_hint", key_hint)
                    .put("method", method.as_bytes())
                    .put("route", route)
                    .put("key_source", key_source.map(KeySource::as_str))
                    .put("request_id", Quoted(request_id));
            }
            Self::Denied {
                reason,
                client_ip,
                method,
                route,
                key_source,
                request_id,
                offered,
                user_agent,
            } => {
                record
                    .put("reason", reason.as_str())
                    .put("client_ip", Quoted(client_ip))
                    .put("method", method.as_bytes())
                    .put("route", route)
                    .put("key_source", key_source.map(KeySource::as_str))
                    .put("request_id", Quoted(request_id))
                    .put(
                        "credential_fp",
                        offered.map(|it| fingerprint(fingerprints, it)),
                    )
                    .put("user_agent", user_agent)
                    // Last, so that no text of a stranger stands between it and a `success`.
                    .put("category", reason.category());
            }
            Self::Blocked {
                client_ip,
                failures,
                window_seconds,
                blocked_until,
                request_id,
            } => {
                record
                    .put("client_ip", Quoted(client_ip))
                    .put("severity", "high")
                    .put("failures", Plain(failures))
                    .put("window_seconds", Plain(window_seconds))
                    .put("blocked_until", blocked_until)
                    .put("request_id", Quoted(request_id));
            }
            Self::BlockEnded {
                client_ip,
                blocked_requests,
                first,
                last,
            } => {
                record
                    .put("client_ip", Quoted(client_ip))
                    .put("blocked_requests", Plain(blocked_requests))
                    .put("first", first)
                    .put("last", last);
            }
            Self::FailuresAggregated {
                count,
                addresses,
                first,
                last,
            } => {
                record
                    .put("count", Plain(count))
                    .put("addresses", Plain(addresses))
                    .put("first", first)
                    .put("last", last);
            }
            Self::CallStarted {
                tool,
                operation,
                access,
                key_hint,
                client_ip,
                arguments_digest,
                arguments,
                request_id,
                call,
            } => {
                record
                    .put("phase", "started")
                    .put("tool", tool)
                    .put("operation", operation)
                    .put("access", access.as_str())
                    .put("key_hint", key_hint)
                    .put("client_ip", Quoted(client_ip))
                    .put("arguments_digest", arguments_digest)
                    .put("arguments", Shortened(arguments))
                    .put("request_id", Quoted(request_id))
                    .put("call", Plain(call));
            }
            Self::CallFinished {
                tool,
                operation,
                access,
                key_hint,
                outcome,
                duration_ms,
                gitea_calls,
                gitea_status,
                answer_bytes,
                request_id,
                call,
            } => {
                record
                    .put("phase", "finished")
                    .put("tool", tool)
                    .put("operation", operation)
                    .put("access", access.as_str())
                    .put("key_hint", key_hint)
                    .put("outcome", outcome.as_str())
                    .put("duration_ms", Plain(duration_ms))
                    .put("gitea_calls", gitea_calls.map(Plain))
                    .put("gitea_status", gitea_status.map(Plain))
                    .put("answer_bytes", answer_bytes.map(Plain))
                    .put("request_id", Quoted(request_id))
                    .put("call", Plain(call));
            }
            Self::ConfigKeyRejected { entry, length } => {
                record
                    .put("entry", Plain(entry))
                    .put("length", Plain(length));
            }
            Self::Rotated {
                chain_id,
                previous_file,
                previous_head,
            } => {
                record
                    .put("chain_id", chain_id)
                    .put("previous_file", previous_file)
                    .put("previous_head", previous_head);
            }
            Self::Gap { lost, first, last } => {
                record
                    .put("lost", Plain(lost))
                    .put("first", first)
                    .put("last", last)
                    .put("severity", "high");
            }
            Self::Recovered { torn_bytes } => {
                record
                    .put("torn_bytes", Plain(torn_bytes))
                    .put("severity", "high");
            }
        }
    }
}

/// Tells one wrong key sent a thousand times from a thousand wrong keys, and nothing about either.
fn fingerprint(key: &hmac::Key, offered: &[u8]) -> [u8; 8] {
    let mut short = [0; 8];
    short.copy_from_slice(&hmac::sign(key, offered).as_ref()[..8]);
    short
}
