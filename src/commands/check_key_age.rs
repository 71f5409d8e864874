//! `aegis check-key-age`: one line for monitoring, then a line for each thing that is wrong. It
//! writes nothing unless keys are to be adopted.
mod judge;
mod report;

use std::{
    io::{self, Write},
    path::Path,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use self::{
    judge::{Finding, Limits, Status, judge},
    report::Report,
};
use super::{
    Failure,
    inventory::{Inventory, SetKey},
    key_files::KeyFiles,
    paths, print,
};
use crate::{
    audit,
    cli::{CheckKeyAge, Edited, Unknown},
    config::KeyEditor,
    durable::{self, InPlace},
    keys::{KeyHint, Metadata},
};

/// How long before a key is too old it is told, unless that is more than half of what it may have.
const WARN_BEFORE: TimeDelta = TimeDelta::days(14);
/// How old a key may be where nobody says it.
const MAX_AGE: TimeDelta = TimeDelta::days(90);
/// Since when tries of former keys count.
const LATELY: TimeDelta = TimeDelta::days(7);

pub(super) fn run(asked: &CheckKeyAge) -> Result<(), Failure> {
    let warn_before = asked
        .warn_before
        .unwrap_or(WARN_BEFORE.min(asked.max_age / 2));
    let limits = Limits {
        critical: asked.max_age,
        warning: asked.max_age - warn_before,
        unknown: match asked.unknown {
            Unknown::Ok => Status::Ok,
            Unknown::Warn => Status::Warning,
            Unknown::Critical => Status::Critical,
            Unknown::Unknown => Status::Unknown,
        },
    };
    let report = match look(asked, &limits) {
        Ok(report) => report,
        // Whatever keeps it from looking, monitoring gets a line.
        Err(failure) => Report::failed(&failure, limits, Utc::now().trunc_subsecs(0)),
    };
    let status = report.status();
    if status != Status::Ok || !asked.quiet {
        let text = if asked.json {
            report.json()
        } else {
            report.text()
        };
        let told = print(&text);
        // Without a reader the code still tells what is wrong; that all is well may be no more than
        // what nobody was told.
        if let (Status::Ok, Err(failure)) = (status, told) {
            let _ = writeln!(io::stderr(), "error: {failure}");
            return Err(Failure::Said(Status::Unknown.code()));
        }
    }
    match status {
        Status::Ok => Ok(()),
        status => Err(Failure::Said(status.code())),
    }
}

/// Tells monitoring that it was asked wrongly. That is not a warning (1) nor critical (2), but leaves
/// it unknown how old the keys are.
pub fn misused(as_json: bool) -> Failure {
    let told = "wrong usage";
    let text = if as_json {
        let limits = Limits {
            critical: MAX_AGE,
            warning: MAX_AGE - WARN_BEFORE,
            unknown: Status::Unknown,
        };
        let now = Utc::now().trunc_subsecs(0);
        Report::failed(&Failure::Usage(told.to_owned()), limits, now).json()
    } else {
        format!("AEGIS KEYS UNKNOWN - {told}\n")
    };
    // Without a reader the code still tells.
    let _ = io::stdout().write_all(text.as_bytes());
    Failure::Said(Status::Unknown.code())
}

fn look(asked: &CheckKeyAge, limits: &Limits) -> Result<Report, Failure> {
    if limits.warning <= TimeDelta::zero() {
        let told = "`--warn-before` is not less than `--max-age`: every key would be too old";
        return Err(Failure::Usage(told.to_owned()));
    }
    let files = KeyFiles::find(asked.edited.env_file.as_deref())?;
    let log = files.audit_log(asked.audit_log.as_deref());
    let now = files.now(Some(&log));
    let in_file = files.keys()?;
    let known = files.known();
    let unknown = known.as_ref().err().map(ToString::to_string);
    let known = known.unwrap_or_default();
    let mut inventory = Inventory::new(&files, &in_file, &known);
    let adopted = if asked.adopt {
        adopt(&files, &asked.edited, &mut inventory, now)?
    } else {
        Vec::new()
    };
    let mut findings = beside_keys(&files, &in_file, &inventory);
    let behind = files.time(Some(&log)).behind;
    findings.extend(behind.map(|told| Finding::new(Status::Warning, "clock", told)));
    let is_known = unknown.is_none();
    findings.extend(unknown.map(|told| Finding::new(Status::Unknown, "metadata", told)));
    findings.extend(judge(&inventory, limits, is_known, now));
    findings.extend(still_tried(
        &log,
        asked.audit_log.is_some(),
        &inventory,
        now,
    ));
    Ok(Report::new(inventory, findings, adopted, *limits, now))
}

/// What is wrong with the files rather than with a key.
fn beside_keys(files: &KeyFiles, in_file: &KeyEditor, inventory: &Inventory) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(mode) = files
        .shared_mode
        .filter(|mode| !is_lent(&files.env_file, *mode))
    {
        findings.push(Finding::new(
            Status::Warning,
            "shared",
            paths::shared(&files.env_file, mode),
        ));
    }
    let rejected = files.rejected(in_file).into_iter();
    findings.extend(rejected.map(|told| Finding::new(Status::Warning, "rejected", told)));
    if inventory.keys.is_empty() {
        findings.push(Finding::new(
            Status::Unknown,
            "none",
            format!("{}; make one with `aegis generate-key`", files.no_keys()),
        ));
    }
    findings
}

/// Whether root lends a file to the group of a service, which is how it may be.
fn is_lent(file: &Path, mode: u32) -> bool {
    mode & 0o077 == 0o040 && durable::access(file).is_some_and(|access| access.uid == 0)
}

/// The former keys that somebody shows still. A log that nobody `named` need not be there: then
/// no server ran.
fn still_tried(log: &Path, named: bool, inventory: &Inventory, now: DateTime<Utc>) -> Vec<Finding> {
    let former = judge::former(inventory, now);
    if former.is_empty() {
        return Vec::new();
    }
    let uses = match audit::key_uses(log, now - LATELY) {
        Ok(uses) => uses,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !named => return Vec::new(),
        Err(error) => {
            let told = format!(
                "whether former keys are still tried is not known: {}",
                paths::unread(log, &error)
            );
            return vec![Finding::new(Status::Unknown, "log", told)];
        }
    };
    former
        .into_iter()
        .filter_map(|(hint, name, end)| {
            let (at, from) = uses.get(&hint)?.last_refused?;
            judge::tried(hint, &name, end, at, from, now)
        })
        .collect()
}

/// Writes down that keys of unknown age are from today, and gives their hints.
fn adopt(
    files: &KeyFiles,
    edited: &Edited,
    inventory: &mut Inventory,
    now: DateTime<Utc>,
) -> Result<Vec<KeyHint>, Failure> {
    let is_unknown = |key: &SetKey| key.state(now).is_open() && key.days(now).is_none();
    if !inventory.keys.iter().any(is_unknown) {
        return Ok(Vec::new());
    }
    let mut file = files.lock_known(None)?;
    let mut adopted = Vec::new();
    for key in inventory.keys.iter().filter(|key| is_unknown(key)) {
        let metadata: &mut Metadata = &mut file.metadata;
        let since = metadata.key(&key.id).and_then(|record| record.created_at);
        if since.is_none() {
            metadata.change(&key.id, key.hint, |record| {
                record.created_at = Some(now);
                record.source = Some("adopted".to_owned());
            });
            adopted.push(key.hint);
        }
    }
    let in_place = if edited.in_place {
        InPlace::Allowed
    } else {
        InPlace::Never
    };
    file.save(in_place)?;
    for key in &mut inventory.keys {
        key.record = file.metadata.key(&key.id).cloned();
    }
    Ok(adopted)
}
