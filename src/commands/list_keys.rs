//! `aegis list-keys`: whose keys there are, how old they are, and who used them last.
mod row;
mod table;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use console::Term;
use serde_json::json;

use self::row::Row;
use super::{
    Failure,
    inventory::{Inventory, Named},
    key_files::KeyFiles,
    paths, print,
};
use crate::{
    audit::{self, KeyUse},
    cli::ListKeys,
    keys::KeyHint,
};

/// Uses since then are counted.
const LATELY: TimeDelta = TimeDelta::days(7);
/// The narrowest terminal, and what a pipe gets.
const COLUMNS: usize = 80;

pub(super) fn run(asked: &ListKeys) -> Result<(), Failure> {
    let files = KeyFiles::find(asked.env_file.as_deref())?;
    let known = files.known()?;
    let in_file = files.keys()?;
    let inventory = Inventory::new(&files, &in_file, &known);
    let text = if asked.hints {
        hints(&inventory)
    } else {
        let log = files.audit_log(asked.audit_log.as_deref());
        files.warn_of_clock(Some(&log));
        let now = files.now(Some(&log));
        let uses = audit::key_uses(&log, now - LATELY);
        let unread = uses.as_ref().err().map(|error| paths::unread(&log, error));
        let rows = rows(&inventory, asked.all, uses.ok().as_ref(), now);
        if asked.json {
            let keys: Vec<_> = rows.iter().map(Row::json).collect();
            format!(
                "{}\n",
                json!({ "keys": keys, "uses_known": unread.is_none() })
            )
        } else {
            let out = Term::stdout();
            let columns = if out.is_term() {
                usize::from(out.size().1)
            } else {
                COLUMNS
            };
            let mut notes = files.rejected(&in_file);
            notes.extend(unread.map(|told| format!("uses are not known: {told}")));
            table::text(&rows, columns.max(COLUMNS), &files.no_keys(), notes)
        }
    };
    print(&text)
}

fn rows(
    inventory: &Inventory,
    all: bool,
    uses: Option<&HashMap<KeyHint, KeyUse>>,
    now: DateTime<Utc>,
) -> Vec<Row> {
    let others = inventory.others.iter().filter(|_| all);
    let keys = inventory.keys.iter().map(Named::Set);
    keys.chain(others.map(Named::Other))
        .map(|key| Row::new(key, uses, now))
        .collect()
}

/// What a shell offers to complete.
fn hints(inventory: &Inventory) -> String {
    let lines = inventory.keys.iter().map(|key| {
        let label = key.record.as_ref().and_then(|record| record.label.as_ref());
        let label = label.map(ToString::to_string).unwrap_or_default();
        format!("{}\t{label}\n", key.hint)
    });
    lines.collect()
}
