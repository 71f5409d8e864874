//! Which logs a person means, and what is known of the keys in them.
use std::{
    collections::HashMap,
    fs,
    num::NonZeroU64,
    path::{Path, PathBuf},
    time::Duration,
};

use super::shown;
use crate::{
    audit::{
        reader::{self, FindError, Log},
        summary::Summary,
    },
    cli::{Logs, Period},
    commands::Failure,
    config::{Config, DEFAULT_AUDIT_LOG, Env},
    keys::Metadata,
};

/// The logs that were named, else the one that `serve` writes, each with the files that it was
/// before.
pub(super) fn find(asked: &Logs) -> Result<Vec<Log>, Failure> {
    let paths = if asked.log.is_empty() {
        vec![live(asked.env_file.as_deref())?.path]
    } else {
        asked.log.clone()
    };
    Ok(reader::find(&paths)?)
}

/// The log that `serve` writes.
pub(super) struct Live {
    pub(super) path: PathBuf,
    /// Where its checkpoints go, if they go to a file.
    pub(super) checkpoints: Option<PathBuf>,
    /// After what time and how many records they are made.
    pub(super) checkpoint_due: (Option<Duration>, Option<NonZeroU64>),
    /// Whether files that it was before are removed: by the server, or by others where it leaves
    /// rotation to them.
    pub(super) loses_files: bool,
    /// The file with the key of its next seal, if it is sealed.
    pub(super) seal_key: Option<PathBuf>,
}

pub(super) fn live(env_file: Option<&Path>) -> Result<Live, Failure> {
    // What else is wrong with the settings is no matter here.
    let (config, _) = Config::read(&Env::read(env_file)?);
    let audit = config.audit;
    let path = audit.path.unwrap_or_else(|| DEFAULT_AUDIT_LOG.into());
    // None that `serve` would write, and whoever opens a pipe waits.
    if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
        let told = format!(
            "{} cannot be read: it is not a regular file",
            shown::path(&path)
        );
        return Err(Failure::Usage(told));
    }
    let is_rotated = audit.rotate_size.is_some() || audit.rotate_daily;
    Ok(Live {
        path,
        checkpoints: audit.checkpoint_file,
        checkpoint_due: (audit.checkpoint_every, audit.checkpoint_records),
        loses_files: audit.keep > 0 || !is_rotated,
        seal_key: audit.seal_key_file,
    })
}

/// Names keys as the operator does. What is not known stays without a name.
pub(super) fn add_labels(summary: &mut Summary, asked: &Logs) {
    let Some(known) = known_keys(asked.env_file.as_deref()) else {
        return;
    };
    let mut labels: HashMap<String, Option<String>> = HashMap::new();
    for record in known.records() {
        let (Some(hint), Some(label)) = (&record.hint, &record.label) else {
            continue;
        };
        // Two keys with one hint: then it is nobody's.
        labels
            .entry(hint.to_string())
            .and_modify(|known| *known = None)
            .or_insert_with(|| Some(label.to_string()));
    }
    for row in &mut summary.keys.rows {
        row.label = labels.get(&row.key_hint).cloned().flatten();
    }
}

/// The hints of the keys that have this label, as far as keys are known.
pub(super) fn hints_of(label: &str, env_file: Option<&Path>) -> Vec<String> {
    let known = known_keys(env_file);
    let records = known.iter().flat_map(Metadata::records);
    let called = records.filter(|it| it.label.as_ref().is_some_and(|it| it.as_str() == label));
    called.filter_map(|it| Some(it.hint?.to_string())).collect()
}

/// What is known of keys, if it is at hand.
fn known_keys(env_file: Option<&Path>) -> Option<Metadata> {
    let (config, _) = Config::read(&Env::read(env_file).ok()?);
    let keys = &config.gate.keys;
    let path = keys.metadata_beside(&Env::file_path(env_file));
    Metadata::load(&path).ok()?
}

fn is_word_of_ours(path: &Path) -> bool {
    let word = path.to_str().unwrap_or_default();
    Period::reads(word) || ["verify", "tail"].contains(&word)
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        let advice = "name a log with `--log`, or set `AUDIT_LOG_PATH`";
        match error {
            // `--log` takes all that follows it.
            FindError::Missing(path) if is_word_of_ours(&path) => Self::Usage(format!(
                "there is no log `{0}`; if that was no log, put it before `--log`: `aegis audit-summary {0} --log PATH`",
                path.display()
            )),
            FindError::Missing(path) => {
                let path = shown::path(&path);
                Self::Usage(format!("{path} does not exist; {advice}"))
            }
            FindError::Empty(_) => Self::Usage(format!("{error}; {advice}")),
            FindError::Unreadable { .. } => Self::Other(error.to_string()),
        }
    }
}
