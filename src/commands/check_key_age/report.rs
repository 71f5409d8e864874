//! What was found, for monitoring, for a person, for a program.
use std::{cmp::Reverse, collections::HashMap, fmt::Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::judge::{Finding, Limits, Status, counted, is_judged_by_age};
use crate::{
    commands::{
        Failure,
        inventory::{Inventory, Named, SetKey, State},
    },
    keys::KeyHint,
    sort,
};

/// How many lines monitoring is sent at most.
const LINES: usize = 20;

pub(super) struct Report {
    /// The worst first.
    findings: Vec<Finding>,
    keys: Vec<SetKey>,
    /// The age of the oldest key of those whose age counts.
    oldest: Option<Oldest>,
    adopted: Vec<KeyHint>,
    limits: Limits,
    now: DateTime<Utc>,
}

struct Oldest {
    days: i64,
    name: String,
}

impl Report {
    pub(super) fn new(
        inventory: Inventory,
        mut findings: Vec<Finding>,
        adopted: Vec<KeyHint>,
        limits: Limits,
        now: DateTime<Utc>,
    ) -> Self {
        sort::by_key(&mut findings, |finding| Reverse(finding.status));
        let is_judged =
            |key: &&SetKey| is_judged_by_age(key, inventory.is_replaced(key, now), &limits, now);
        let judged = inventory.keys.iter().filter(is_judged);
        let aged = judged.filter_map(|key| Some((key.days(now).filter(|days| *days >= 0)?, key)));
        let oldest = aged
            .max_by_key(|(days, _)| *days)
            .map(|(days, key)| Oldest {
                days,
                name: Named::Set(key).to_string(),
            });
        Self {
            findings,
            keys: inventory.keys,
            oldest,
            adopted,
            limits,
            now,
        }
    }

    /// Nothing could be found out.
    pub(super) fn failed(failure: &Failure, limits: Limits, now: DateTime<Utc>) -> Self {
        Self {
            findings: vec![Finding::new(Status::Unknown, "failed", failure.to_string())],
            keys: Vec::new(),
            oldest: None,
            adopted: Vec::new(),
            limits,
            now,
        }
    }

    pub(super) fn status(&self) -> Status {
        self.findings
            .first()
            .map_or(Status::Ok, |worst| worst.status)
    }

    pub(super) fn text(&self) -> String {
        let first = self.findings.first();
        let first = first.map_or_else(|| self.summary(), |worst| worst.told.clone());
        let (first, rest) = first.split_once('\n').unwrap_or((&first, ""));
        let more = match self.findings.len() {
            0 | 1 => String::new(),
            several => format!(" (and {} more)", several - 1),
        };
        let oldest = self.oldest.as_ref();
        let oldest = oldest.map_or_else(|| "U".to_owned(), |oldest| oldest.days.to_string());
        let mut text = String::new();
        // Writing to a text does not fail. A bar would begin the figures.
        let _ = writeln!(
            text,
            "AEGIS KEYS {} - {}{more} | oldest_days={oldest};{};{};0",
            self.status().as_str(),
            first.replace('|', "/"),
            self.limits.warning.num_days(),
            self.limits.critical.num_days(),
        );
        if !rest.is_empty() {
            let _ = writeln!(text, "{}", rest.replace('|', "/"));
        }
        if self.findings.len() > 1 {
            for finding in self.findings.iter().take(LINES) {
                let told = finding.told.replace('|', "/");
                let _ = writeln!(text, "{}: {told}", finding.status.as_str());
            }
            if self.findings.len() > LINES {
                let left = self.findings.len() - LINES;
                let _ = writeln!(text, "and {left} more; `--json` has them all");
            }
        }
        if !self.adopted.is_empty() {
            let shown = self.adopted.iter().take(LINES).map(ToString::to_string);
            let more = match self.adopted.len() {
                0..=LINES => String::new(),
                several => format!(" and {} more", several - LINES),
            };
            let shown = shown.collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "taken to be from today: {shown}{more}");
        }
        text
    }

    fn summary(&self) -> String {
        match (&self.keys[..], &self.oldest) {
            (_, None) => "the age of no key is known".to_owned(),
            ([_], Some(Oldest { days, name })) => format!("key {name} is {} old", counted(*days)),
            (several, Some(Oldest { days, .. })) => {
                format!(
                    "{} keys, the oldest is {} old",
                    several.len(),
                    counted(*days)
                )
            }
        }
    }

    pub(super) fn json(&self) -> String {
        let mut worst = HashMap::new();
        for finding in self.findings.iter().rev() {
            worst.insert(finding.key, finding.status);
        }
        let problem = |finding: &'_ Finding| ProblemTold {
            status: word(finding.status),
            key: finding.key.map(|key| key.to_string()),
            problem: finding.problem,
            told: finding.told.clone(),
        };
        let told = Told {
            status: word(self.status()),
            code: self.status().code(),
            oldest_days: self.oldest.as_ref().map(|oldest| oldest.days),
            warning_days: self.limits.warning.num_days(),
            critical_days: self.limits.critical.num_days(),
            keys: self.keys.iter().map(|key| self.key(key, &worst)).collect(),
            problems: self.findings.iter().map(problem).collect(),
            adopted: self.adopted.iter().map(KeyHint::as_str).collect(),
        };
        let text = serde_json::to_string(&told).expect("every text and number can be JSON");
        text + "\n"
    }

    fn key<'a>(&self, key: &'a SetKey, worst: &HashMap<Option<KeyHint>, Status>) -> KeyTold<'a> {
        let record = key.record.as_ref();
        let created = record.and_then(|record| record.created_at);
        let status = worst.get(&Some(key.hint)).copied();
        KeyTold {
            hint: key.hint.as_str(),
            label: record.and_then(|record| Some(record.label.as_ref()?.as_str())),
            state: State::word(record, self.now),
            created_at: created.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            age_days: key.days(self.now),
            status: word(status.unwrap_or(Status::Ok)),
        }
    }
}

/// What a program is told.
#[derive(Serialize)]
struct Told<'a> {
    status: String,
    code: u8,
    oldest_days: Option<i64>,
    warning_days: i64,
    critical_days: i64,
    keys: Vec<KeyTold<'a>>,
    problems: Vec<ProblemTold>,
    adopted: Vec<&'a str>,
}

#[derive(Serialize)]
struct KeyTold<'a> {
    hint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_days: Option<i64>,
    status: String,
}

#[derive(Serialize)]
struct ProblemTold {
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    problem: &'static str,
    told: String,
}

fn word(status: Status) -> String {
    status.as_str().to_lowercase()
}
