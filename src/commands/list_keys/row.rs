//! What is said of one key.
use std::{collections::HashMap, net::IpAddr};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::{
    audit::KeyUse,
    commands::inventory::{Named, Place, State, days},
    keys::{Form, KeyHint, Label},
};

pub(super) struct Row {
    pub(super) hint: String,
    id: String,
    pub(super) hashed: bool,
    pub(super) label: Option<Label>,
    pub(super) state: &'static str,
    /// Where it stands beyond `.env`, or instead.
    pub(super) place: Option<&'static str>,
    pub(super) created: Option<DateTime<Utc>>,
    pub(super) days: Option<i64>,
    expires: Option<DateTime<Utc>>,
    /// `None` where nobody knows.
    pub(super) usage: Option<Usage>,
    now: DateTime<Utc>,
}

#[derive(Default)]
pub(super) struct Usage {
    pub(super) last: Option<(DateTime<Utc>, IpAddr)>,
    pub(super) lately: u64,
    refused: Option<(DateTime<Utc>, IpAddr)>,
}

impl Row {
    pub(super) fn new(
        key: Named<'_>,
        uses: Option<&HashMap<KeyHint, KeyUse>>,
        now: DateTime<Utc>,
    ) -> Self {
        let record = key.record();
        let word = State::word(record, now);
        let (state, hashed, place) = match key {
            Named::Set(key) => (
                word,
                key.form == Form::Hashed,
                key.elsewhere.map(Place::as_str),
            ),
            Named::Other(_) if State::of(record, now).is_open() => ("not set", false, None),
            Named::Other(_) => (word, false, None),
        };
        let usage = uses.map(|uses| {
            let found = key.hints().find_map(|hint| uses.get(&hint));
            found.map_or_else(Usage::default, |found| Usage {
                last: found.last,
                lately: found.lately,
                refused: found.last_refused,
            })
        });
        let hint = key.hint().map(|hint| hint.to_string());
        Self {
            id: key.id(),
            hint: hint.unwrap_or_else(|| record.map_or("", |record| &record.id).to_owned()),
            hashed,
            label: record.and_then(|record| record.label.clone()),
            state,
            place,
            created: record.and_then(|record| record.created_at),
            days: days(record, now),
            expires: record.and_then(|record| record.expires_at),
            usage,
            now,
        }
    }

    /// How long ago it was used last, in its largest unit: `3h`.
    pub(super) fn since(&self) -> Option<String> {
        let (at, _) = self.usage.as_ref()?.last?;
        let seconds = (self.now - at).num_seconds().max(0);
        Some(match seconds {
            ..60 => format!("{seconds}s"),
            60..3_600 => format!("{}m", seconds / 60),
            3_600..86_400 => format!("{}h", seconds / 3_600),
            _ => format!("{}d", seconds / 86_400),
        })
    }

    pub(super) fn json(&self) -> Value {
        let time = |at: DateTime<Utc>| json!(at.to_rfc3339_opts(SecondsFormat::Secs, true));
        let usage = self.usage.as_ref();
        let last = usage.and_then(|usage| usage.last);
        let refused = usage.and_then(|usage| usage.refused);
        let mut told = json!({ "hint": self.hint, "id": self.id });
        for (name, value) in [
            (
                "label",
                self.label.as_ref().map(|label| json!(label.as_str())),
            ),
            ("state", Some(json!(self.state))),
            ("hashed", Some(json!(self.hashed))),
            (
                "place",
                self.place.map(|place| json!(place.replace('`', ""))),
            ),
            ("created_at", self.created.map(time)),
            ("age_days", self.days.map(|days| json!(days))),
            ("expires_at", self.expires.map(time)),
            ("last_used_at", last.map(|(at, _)| time(at))),
            ("last_used_from", last.map(|(_, from)| json!(from))),
            ("uses_in_7_days", usage.map(|usage| json!(usage.lately))),
            ("last_refused_at", refused.map(|(at, _)| time(at))),
            ("last_refused_from", refused.map(|(_, from)| json!(from))),
        ] {
            if let Some(value) = value {
                told[name] = value;
            }
        }
        told
    }
}
