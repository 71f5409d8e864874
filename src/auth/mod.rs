//! Who may enter: what was offered as a key, who has failed too often, from which address. Makes the
//! [`Caller`](crate::caller::Caller). It never sees a body, a tool or Gitea.
mod bucket;
mod churn;
mod client;
mod credential;
mod gatekeeper;
mod knock;
mod limiter;
mod refusal;
mod reminder;
mod table;

use std::time::Duration;

pub use client::TrustedProxies;
pub use gatekeeper::Gatekeeper;
pub use knock::Knock;
pub use limiter::{Attempt, EndedBlock, FailureLimiter, Verdict};
pub use reminder::Reminder;

use crate::rights::{Access, Rights};

/// What is said while the gate is open to all, at the start and again each hour.
pub const DISABLED: &str = "API key authentication DISABLED - server is open to all requests!";

/// What an operator decides about the gate.
#[derive(Clone, Debug)]
pub struct GateSettings {
    /// `AUTH_ENABLED`.
    pub enabled: bool,
    /// `MAX_AUTH_FAILURES`: so many failures are answered, the next request meets the block.
    pub max_failures: u32,
    /// `AUTH_FAILURE_WINDOW`: for how long a failure counts, and how long a block lasts.
    pub failure_window: Duration,
    /// `AUTH_LOCKOUT_MODE`.
    pub lockout: Lockout,
    /// `QUERY_API_KEY_ENABLED`.
    pub query_keys: bool,
    /// `AUDIT_BLOCKED`.
    pub blocked_records: BlockedRecords,
    /// `TRUSTED_PROXIES`.
    pub trusted_proxies: TrustedProxies,
    /// What everybody may do where no key is asked.
    pub rights_without_key: Rights,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            max_failures: 5,
            failure_window: Duration::from_mins(5),
            lockout: Lockout::Fair,
            query_keys: true,
            blocked_records: BlockedRecords::Summary,
            trusted_proxies: TrustedProxies::default(),
            rights_without_key: Rights::up_to(Access::Read),
        }
    }
}

/// Whom a block meets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lockout {
    /// Everybody at the address who shows no valid key.
    Fair,
    /// Everybody at the address.
    Strict,
}

/// How the requests of a blocked address are recorded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BlockedRecords {
    /// One record with their number, when the block ends.
    Summary,
    /// Each.
    Each,
}
