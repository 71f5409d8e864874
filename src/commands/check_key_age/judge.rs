//! What is to be said of each key.
use std::net::IpAddr;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::LATELY;
use crate::{
    commands::inventory::{Inventory, Named, Place, SetKey, State},
    keys::{KeyHint, Weakness},
};

/// How bad something is, by the rule of the Monitoring Plugins; the worst last.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Status {
    Ok,
    Unknown,
    Warning,
    Critical,
}

impl Status {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// From which age on a key is what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) critical: TimeDelta,
    pub(super) warning: TimeDelta,
    /// What a key of unknown age is.
    pub(super) unknown: Status,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Finding {
    pub(super) status: Status,
    /// The key that it is about.
    pub(super) key: Option<KeyHint>,
    /// One word for programs.
    pub(super) problem: &'static str,
    pub(super) told: String,
}

impl Finding {
    pub(super) fn new(status: Status, problem: &'static str, told: String) -> Self {
        Self {
            status,
            key: None,
            problem,
            told,
        }
    }

    fn of(key: &SetKey, status: Status, problem: &'static str, told: String) -> Self {
        Self {
            key: Some(key.hint),
            ..Self::new(status, problem, told)
        }
    }
}

/// Two clocks may differ by as much before a key is from the future.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(5);
/// For so long after its end a key may still be shown by the command that took it out.
const OUR_OWN_TRIES: TimeDelta = TimeDelta::seconds(60);

/// All that is wrong with the keys. `is_known` is whether what is known of them could be read.
pub(super) fn judge(
    inventory: &Inventory,
    limits: &Limits,
    is_known: bool,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in &inventory.keys {
        let is_replaced = inventory.is_replaced(key, now);
        findings.extend(end(key, is_replaced, limits, now));
        if is_known && is_judged_by_age(key, is_replaced, limits, now) {
            findings.extend(age(key, limits, now));
        }
        findings.extend(weaknesses(key));
    }
    findings
}

/// Whether its age counts: not of a key that opens nothing, nor of one that is replaced and ends soon.
pub(super) fn is_judged_by_age(
    key: &SetKey,
    is_replaced: bool,
    limits: &Limits,
    now: DateTime<Utc>,
) -> bool {
    match key.state(now) {
        State::InUse => true,
        State::Ending(end) => !(is_replaced && end - now <= limits.soon()),
        State::Expired(_) | State::Retired(_) | State::Revoked(_) => false,
    }
}

impl Limits {
    fn soon(&self) -> TimeDelta {
        self.critical - self.warning
    }
}

fn age(key: &SetKey, limits: &Limits, now: DateTime<Utc>) -> Option<Finding> {
    let name = Named::Set(key);
    let created = key.record.as_ref().and_then(|record| record.created_at);
    let Some(created) = created else {
        let told = format!("the age of key {name} is unknown; `--adopt` takes it to be from today");
        return (limits.unknown != Status::Ok)
            .then(|| Finding::of(key, limits.unknown, "unknown_age", told));
    };
    let age = now - created;
    if age < -CLOCKS_DIFFER {
        let date = created.to_rfc3339_opts(SecondsFormat::Secs, true);
        let told = format!("key {name} is from the future ({date}): a clock was wrong");
        return Some(Finding::of(key, Status::Unknown, "future", told));
    }
    let status = if age >= limits.critical {
        Status::Critical
    } else if age >= limits.warning {
        Status::Warning
    } else {
        return None;
    };
    let told = format!("key {name} is {} old", counted(age.num_days()));
    Some(Finding::of(key, status, "old", told))
}

/// What its end, if it has one, is to be said of.
fn end(key: &SetKey, is_replaced: bool, limits: &Limits, now: DateTime<Utc>) -> Option<Finding> {
    let name = Named::Set(key);
    let place = key.place.as_str();
    let take_out = match key.place {
        Place::EnvFile if was_replaced(key) => {
            "`aegis rotate-key --finish` takes it out".to_owned()
        }
        Place::EnvFile => format!("`aegis revoke-key {}` takes it out", key.hint),
        Place::Environment | Place::KeysFile => "take it out there".to_owned(),
    };
    let (status, problem, told) = match key.state(now) {
        State::InUse => return None,
        State::Ending(end) if is_replaced || end - now > limits.soon() => return None,
        State::Ending(end) => {
            let left = (end - now).num_days();
            let told = format!("key {name} ends in {}", counted(left));
            (Status::Warning, "ending", told)
        }
        State::Expired(end) => {
            let date = end.to_rfc3339_opts(SecondsFormat::Secs, true);
            let told = format!("key {name} ended at {date} and still is in {place}; {take_out}");
            (Status::Critical, "ended", told)
        }
        State::Retired(_) => (
            Status::Critical,
            "retired",
            format!("key {name} was retired and still is in {place}; {take_out}"),
        ),
        State::Revoked(_) => (
            Status::Critical,
            "revoked",
            format!("key {name} was revoked and still is in {place}; {take_out}"),
        ),
    };
    Some(Finding::of(key, status, problem, told))
}

fn weaknesses(key: &SetKey) -> impl Iterator<Item = Finding> {
    let name = Named::Set(key);
    key.weaknesses.iter().filter_map(move |weakness| {
        let (status, problem) = match weakness {
            Weakness::GuideExample => (Status::Critical, "example"),
            Weakness::Short(_) => (Status::Warning, "short"),
            Weakness::FewCharacters(_) => (Status::Warning, "few_characters"),
            // Hexadecimal keys are only one way of drawing them by chance.
            Weakness::NotHexadecimal | Weakness::Repeated => return None,
        };
        let told = format!("key {name}: {weakness}");
        Some(Finding::of(key, status, problem, told))
    })
}

/// The keys that open nothing any more: their hint, their name, and since when.
pub(super) fn former(
    inventory: &Inventory,
    now: DateTime<Utc>,
) -> Vec<(KeyHint, String, DateTime<Utc>)> {
    let set = inventory.keys.iter().map(Named::Set);
    let all = set.chain(inventory.others.iter().map(Named::Other));
    all.filter_map(|key| {
        let end = match State::of(key.record(), now) {
            State::Expired(end) | State::Retired(end) | State::Revoked(end) => end,
            State::InUse | State::Ending(_) => return None,
        };
        Some((key.hint()?, key.to_string(), end))
    })
    .collect()
}

/// A former key that was shown `at` some time, unless that was long ago or by ourselves.
pub(super) fn tried(
    hint: KeyHint,
    name: &str,
    end: DateTime<Utc>,
    at: DateTime<Utc>,
    from: IpAddr,
    now: DateTime<Utc>,
) -> Option<Finding> {
    if at <= end + OUR_OWN_TRIES || at < now - LATELY {
        return None;
    }
    let date = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let told = format!("former key {name} is still tried, last at {date} from {from}");
    Some(Finding {
        key: Some(hint),
        ..Finding::new(Status::Warning, "still_tried", told)
    })
}

fn was_replaced(key: &SetKey) -> bool {
    let record = key.record.as_ref();
    record.is_some_and(|record| record.replaced_by.is_some())
}

pub(super) fn counted(days: i64) -> String {
    let plural = if days == 1 { "" } else { "s" };
    format!("{days} day{plural}")
}
