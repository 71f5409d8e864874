//! One thing that happened.
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{entry::CallOutcome, tail::Previous};
use crate::{
    caller::{KeySource, RequestId},
    keys::KeyHint,
    rights::Access,
};

/// Every kind of record. What a client chose is `&[u8]`, or said to be so: it is escaped and
/// shortened; the other texts are ours. It holds what was offered as a key, so nothing prints it.
#[derive(Clone, Copy)]
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
        /// By which key of ours it was, if it was one that is not in force any more.
        former: Option<KeyHint>,
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
        /// How many of them came with a wrong key.
        invalid_keys: u64,
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
    /// Other keys are in force than before, or the same with other ends. Hints of so many that a
    /// record stays short; there is a further one for the rest.
    KeysReloaded {
        added: &'a [KeyHint],
        removed: &'a [KeyHint],
    },
    /// The keys were read again and not taken: those of before stay in force.
    ConfigReloadFailed {
        reason: &'a str,
    },
    /// An entry of `MCP_API_KEYS` that is no key: which, and how long it is.
    ConfigKeyRejected {
        entry: usize,
        length: usize,
    },
    /// What the chain has come to, told elsewhere too: a log that was cut or rewritten since does
    /// not hold this head. Written by the log itself.
    Checkpoint {
        /// How many records were written since the one before, or since the server started.
        records: u64,
        /// SHA-256 of the line before.
        head: [u8; 32],
        seal: Option<Seal>,
    },
    /// The first record of a file that goes on where another ended. Written by the log itself.
    Rotated {
        chain_id: [u8; 8],
        /// The file as it was called when it was left; `None` where nobody knows.
        previous_file: Option<&'a [u8]>,
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
    /// The log ends before a record that was in it. Found while the server runs, the chain goes on
    /// behind what is missing; found at the start (cut, or restored from a backup), this is the
    /// first record of a chain of its own. Written by the log itself.
    Truncated {
        expected: Option<Previous>,
        found: Option<Previous>,
    },
    /// Under the log's name stood something else than its file. Written by the log itself, into the
    /// file that it now goes to.
    Replaced {
        /// What stood there.
        by: &'static str,
        expected: Option<Previous>,
        found: Option<Previous>,
    },
    /// The disk is full; what follows is lost until an `audit_gap` says how much. Written by the log
    /// itself, in room that it had kept.
    DiskFull {
        reason: &'static str,
    },
}

/// The proof that a checkpoint was made by who had the key then; the key is gone since.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seal {
    /// Which of the keys it was, from 0 on.
    pub number: u64,
    /// HMAC-SHA-256 over the head's 64 digits.
    pub mac: [u8; 32],
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
    pub(super) fn category(self) -> Option<&'static str> {
        (self == Self::InvalidApiKey).then_some("api_authentication")
    }
}
