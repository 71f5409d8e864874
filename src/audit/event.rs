//! One thing that happened, and its fields in their fixed order.
use std::net::IpAddr;

use crate::caller::{KeySource, RequestId};

/// Every kind of record but the two of a tool call, which [`super::AuditEntry`] writes.
#[derive(Clone, Debug)]
pub enum AuditEvent<'a> {
    ServerStarted {
        version: &'a str,
        instance: &'a str,
        auth: bool,
        keys: usize,
    },
    ServerStopped {
        reason: &'a str,
    },
    /// A request with a key in force, or any request where authentication is off (`key_hint: None`).
    Authenticated {
        client_ip: IpAddr,
        user_agent: Option<&'a [u8]>,
        key_hint: Option<&'a str>,
        method: &'a str,
        route: &'a str,
        key_source: Option<KeySource>,
        request_id: RequestId,
    },
    /// A request that was refused at the door. Bounded in number: see `records.md` (`auth_failures_aggregated`).
    Denied {
        reason: &'a str,
        client_ip: IpAddr,
        method: &'a str,
        route: &'a str,
        key_source: Option<KeySource>,
        request_id: RequestId,
        /// What was offered as a key: only its keyed fingerprint is written.
        offered: Option<&'a [u8]>,
        user_agent: Option<&'a [u8]>,
    },
    /// An address is blocked from now on: one record an episode.
    Blocked {
        client_ip: IpAddr,
        failures: u32,
        window_seconds: u64,
        blocked_until: chrono::DateTime<chrono::Utc>,
        request_id: RequestId,
    },
    /// A block has ended, and this many requests fell to it.
    BlockEnded {
        client_ip: IpAddr,
        blocked_requests: u64,
        first: chrono::DateTime<chrono::Utc>,
        last: chrono::DateTime<chrono::Utc>,
    },
    ConfigKeyRejected {
        entry: usize,
        length: usize,
    },
}
