//! The figures of a summary. Their names are those of its JSON: a member that goes or means
//! something else makes a new [`Summary::VERSION`], a new member does not.
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::Period;
use crate::rights::Access;

/// What the records of one window say together.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Summary {
    /// Of this form: 1.
    pub version: u32,
    pub period: Period,
    /// The window begins with this; absent where it has no beginning.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// It ends before this; absent where it has no end.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// As [`super::Window`] has it.
    #[serde(skip)]
    pub until_now: bool,
    pub totals: Totals,
    /// The same for the window before, which is as long; absent where this one has no beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Totals>,
    pub timeline: Timeline,
    /// All days together, by the hour of the day in UTC: 24 of them.
    pub hours: Vec<Slot>,
    pub keys: Ranking<KeyRow>,
    pub addresses: Ranking<AddressRow>,
    /// Networks of which more than one address is in `addresses`.
    pub networks: Vec<NetworkRow>,
    pub user_agents: Ranking<UserAgentRow>,
    pub operations: Ranking<OperationRow>,
    pub denials: Vec<DenialRow>,
    /// Everything else that was recorded: starts, reloads, what happened to the log itself.
    pub events: Vec<EventRow>,
    /// The calls that took longest.
    pub slowest: Vec<CallRow>,
    /// The calls with the largest answers.
    pub largest: Vec<CallRow>,
    pub log: LogState,
}

impl Summary {
    pub const VERSION: u32 = 1;
}

/// What is counted of all records of a window.
#[derive(Clone, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Totals {
    /// `successful` and `failed`.
    pub attempts: u64,
    /// Requests with a key in force.
    pub successful: u64,
    /// Requests with a wrong key, those of the `aggregated` ones too.
    pub failed: u64,
    /// Refused requests that were so many that only their number was recorded; why each of them was
    /// refused is not known.
    pub aggregated: u64,
    /// Requests that were refused for whatever reason: `failed` ones, those without a key, those
    /// from a wrong site, those of blocked addresses.
    pub denied: u64,
    /// Different addresses that were blocked.
    pub rate_limited_addresses: u64,
    /// How often an address was blocked.
    pub rate_limit_events: u64,
    /// Requests that came while their address was blocked.
    pub blocked_requests: u64,
    /// Refusals of keys of ours that are no longer in force.
    pub retired_keys: u64,
    /// Requests while authentication was switched off.
    pub unauthenticated: u64,
    /// Calls that were begun.
    pub calls: u64,
    /// Calls that ended, by how.
    pub ok: u64,
    pub errors: u64,
    pub refused: u64,
    pub cancelled: u64,
    pub abandoned: u64,
    /// Calls begun that change something, `destroys` included.
    pub writes: u64,
    /// Calls begun that cannot be undone.
    pub destroys: u64,
    /// All answers together.
    pub answer_bytes: u64,
}

/// What happened when.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Timeline {
    pub step: Step,
    /// In their order; steps in which nothing happened are left out.
    pub slots: Vec<Slot>,
    /// Records of the window that found no place here: their days were too many.
    pub left_out: u64,
}

/// How long a slot is.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Hour,
    Day,
}

/// One hour or day.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Slot {
    /// `2026-01-29T12` of an hour, `2026-01-29` of a day, `12` of an hour of all days.
    pub at: String,
    /// Where it begins, in seconds since 1970; of an hour of all days, since midnight.
    pub start: i64,
    pub successful: u64,
    pub denied: u64,
    pub calls: u64,
    pub errors: u64,
}

/// Rows, the most frequent first.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Ranking<T> {
    /// As many as were asked for, at most.
    pub rows: Vec<T>,
    /// How many different ones there were.
    pub distinct: u64,
    /// Whether that is an estimate. It is off by 0.8% as a rule.
    pub estimated: bool,
    /// What is not among the rows kept was not more frequent than this; 0 where all are known.
    pub missed_at_most: u64,
}

/// The keys with one hint.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct KeyRow {
    pub key_hint: String,
    /// What the operator calls the key; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub requests: u64,
    pub calls: u64,
    pub writes: u64,
    /// Calls that ended in an error.
    pub errors: u64,
    /// How often it was refused because it is no longer in force.
    pub refused_as_retired: u64,
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_address: Option<IpAddr>,
    /// Every figure may be less than true by this.
    pub missed_at_most: u64,
}

/// One client's address.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct AddressRow {
    pub address: IpAddr,
    /// The network that it is in: of 24 bits, of 64 for IPv6.
    pub network: String,
    pub successful: u64,
    pub failed: u64,
    /// Refused for whatever reason, `failed` included, but for requests while it was blocked.
    pub denied: u64,
    /// How often it was blocked.
    pub blocks: u64,
    pub blocked_requests: u64,
    #[schemars(with = "String")]
    pub last_seen: DateTime<Utc>,
    /// Every figure may be less than true by this.
    pub missed_at_most: u64,
}

/// Addresses that are neighbours.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct NetworkRow {
    pub network: String,
    pub addresses: u64,
    pub successful: u64,
    pub failed: u64,
    pub denied: u64,
    pub blocks: u64,
    pub blocked_requests: u64,
}

/// What clients call themselves.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct UserAgentRow {
    /// At most 256 characters of it.
    pub user_agent: String,
    pub successful: u64,
    pub denied: u64,
    /// Every figure may be less than true by this.
    pub missed_at_most: u64,
}

/// What assistants asked for.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct OperationRow {
    pub operation: String,
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "word")]
    pub access: Option<Access>,
    /// Begun.
    pub calls: u64,
    /// Ended, by how.
    pub ok: u64,
    pub errors: u64,
    pub refused: u64,
    pub cancelled: u64,
    pub abandoned: u64,
    /// `errors` among those that ended, from 0 to 1.
    pub error_rate: f64,
    /// Half took no longer. Exact below 64 ms, above up to a thirtieth too high.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_ms: Option<u64>,
    pub answer_bytes: u64,
    /// Every figure may be less than true by this.
    pub missed_at_most: u64,
}

/// How often requests were refused for one reason.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct DenialRow {
    /// As recorded; `aggregated` for [`Totals::aggregated`], `blocked` for
    /// [`Totals::blocked_requests`].
    pub reason: String,
    pub count: u64,
}

/// How often something was recorded.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct EventRow {
    pub event: String,
    pub count: u64,
}

/// One call.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct CallRow {
    /// When it ended.
    #[schemars(with = "String")]
    pub time: DateTime<Utc>,
    pub operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_bytes: Option<u64>,
}

/// How it is with the log itself.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct LogState {
    /// The files, as they were named or found.
    pub files: Vec<String>,
    /// Records within the window.
    pub records: u64,
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<DateTime<Utc>>,
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<DateTime<Utc>>,
    /// Records from the future, of a window that ends now: the clock was set back. 0 of any other.
    pub later: u64,
    /// `audit_gap` records.
    pub gaps: u64,
    /// Records that could not be written, as those say.
    pub lost: u64,
    /// How often a record's number is not the one after that of the record before.
    pub breaks: u64,
    /// Where; the first of them.
    pub broken_at: Vec<Break>,
    /// Records that have no number.
    pub unnumbered: u64,
    /// Lines that are no records, in all that was read.
    pub malformed: Malformed,
    /// Files that end in the midst of a line.
    pub torn: u64,
    /// What could not be read to its end, and why.
    pub unreadable: Vec<String>,
}

/// A place where records are missing, or stand twice, or out of order.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Break {
    /// The file, and where in it the record begins, in bytes.
    pub file: String,
    pub offset: u64,
    #[schemars(with = "String")]
    pub time: DateTime<Utc>,
    /// The number of the record before.
    pub after: u64,
    pub found: u64,
}

/// Lines that are no records, by why.
#[derive(Clone, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Malformed {
    pub lines: u64,
    pub not_utf8: u64,
    pub not_json: u64,
    /// JSON, but without a time and an event, or with a member twice or of the wrong kind.
    pub not_a_record: u64,
    /// Longer than 1 MiB.
    pub too_long: u64,
    /// Where the first one is: file and byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands it over like this"
)]
fn word<S: serde::Serializer>(access: &Option<Access>, serializer: S) -> Result<S::Ok, S::Error> {
    access.map(Access::as_str).serialize(serializer)
}
