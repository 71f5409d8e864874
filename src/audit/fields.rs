//! The fields of each record, in their fixed order: what readers and plain greps rely on.
use ring::hmac;

use super::{
    AuditEvent,
    arguments::Shortened,
    record::{Plain, Record},
};
use crate::caller::KeySource;

impl AuditEvent<'_> {
    /// What [`AuditEvent::name`] says of one event or another.
    pub const NAMES: [&'static str; 18] = [
        "server_started",
        "server_stopped",
        "api_authentication",
        "access_denied",
        "auth_rate_limit_exceeded",
        "auth_rate_limit_summary",
        "auth_failures_aggregated",
        "tool_call",
        "keys_reloaded",
        "config_reload_failed",
        "config_key_rejected",
        "audit_checkpoint",
        "audit_rotated",
        "audit_gap",
        "audit_recovered",
        "audit_log_truncated",
        "audit_log_replaced",
        "audit_disk_full",
    ];

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
            Self::KeysReloaded { .. } => "keys_reloaded",
            Self::ConfigReloadFailed { .. } => "config_reload_failed",
            Self::ConfigKeyRejected { .. } => "config_key_rejected",
            Self::Checkpoint { .. } => "audit_checkpoint",
            Self::Rotated { .. } => "audit_rotated",
            Self::Gap { .. } => "audit_gap",
            Self::Recovered { .. } => "audit_recovered",
            Self::Truncated { .. } => "audit_log_truncated",
            Self::Replaced { .. } => "audit_log_replaced",
            Self::DiskFull { .. } => "audit_disk_full",
        }
    }

    /// Writes the fields after `event`, in their order. `fingerprints` is the key of `credential_fp`.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm an event, its fields in their order"
    )]
    pub(super) fn write(&self, record: &mut Record, fingerprints: &hmac::Key) {
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
            Self::ServerStopped { reason } | Self::ConfigReloadFailed { reason } => {
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
                    .put("client_ip", client_ip)
                    .put("user_agent", user_agent)
                    .put("key_hint", key_hint)
                    .put("method", method.as_bytes())
                    .put("route", route)
                    .put("key_source", key_source.map(KeySource::as_str))
                    .put("request_id", request_id);
            }
            Self::Denied {
                reason,
                client_ip,
                method,
                route,
                key_source,
                request_id,
                offered,
                former,
                user_agent,
            } => {
                record
                    .put("reason", reason.as_str())
                    .put("client_ip", client_ip)
                    .put("method", method.as_bytes())
                    .put("route", route)
                    .put("key_source", key_source.map(KeySource::as_str))
                    .put("request_id", request_id)
                    .put(
                        "credential_fp",
                        offered.map(|it| fingerprint(fingerprints, it)),
                    )
                    .put("key_state", former.map(|_| "retired"))
                    .put("key_hint", former)
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
                    .put("client_ip", client_ip)
                    .put("severity", "high")
                    .put("failures", Plain(failures))
                    .put("window_seconds", Plain(window_seconds))
                    .put("blocked_until", blocked_until)
                    .put("request_id", request_id);
            }
            Self::BlockEnded {
                client_ip,
                blocked_requests,
                first,
                last,
            } => {
                record
                    .put("client_ip", client_ip)
                    .put("blocked_requests", Plain(blocked_requests))
                    .put("first", first)
                    .put("last", last);
            }
            Self::FailuresAggregated {
                count,
                invalid_keys,
                addresses,
                first,
                last,
            } => {
                record
                    .put("count", Plain(count))
                    .put("invalid_keys", Plain(invalid_keys))
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
                    .put("client_ip", client_ip)
                    .put("arguments_digest", arguments_digest)
                    .put("arguments", Shortened(arguments))
                    .put("request_id", request_id)
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
                    .put("request_id", request_id)
                    .put("call", Plain(call));
            }
            Self::KeysReloaded { added, removed } => {
                record.put("added", added).put("removed", removed);
            }
            Self::ConfigKeyRejected { entry, length } => {
                record
                    .put("entry", Plain(entry))
                    .put("length", Plain(length));
            }
            Self::Checkpoint {
                records,
                head,
                seal,
            } => {
                record
                    .put("records", Plain(records))
                    .put("head", head)
                    .put("sealed", seal.map(|seal| Plain(seal.number)))
                    .put("seal", seal.map(|seal| seal.mac));
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
            Self::Truncated { expected, found } => {
                record
                    .put("expected", expected)
                    .put("found", found)
                    .put("severity", "high");
            }
            Self::Replaced {
                by,
                expected,
                found,
            } => {
                record
                    .put("by", by)
                    .put("expected", expected)
                    .put("found", found)
                    .put("severity", "high");
            }
            Self::DiskFull { reason } => {
                record.put("reason", reason).put("severity", "high");
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
