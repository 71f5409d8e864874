//! Which keys are in force: by the settings and by what is written down about keys, at the start and
//! again while the server runs.
use std::{
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, SecondsFormat, Utc};
use log::Level;

use super::{in_force::listed, wiring};
use crate::{
    commands::paths,
    config::{Config, ConfigError, Env, EnvSource, KeysConfig, Marks},
    durable,
    keys::{KeyEntry, KeyList, KeyRecord, KeyRing, Metadata, MetadataError, RejectedKey},
    sort,
};

/// Where the keys come from.
#[derive(Clone)]
pub(super) struct KeySources {
    env: EnvSource,
    keys_file: Option<PathBuf>,
    metadata: PathBuf,
    /// There was a file of metadata, so there must be one: without it keys would be back that ended.
    has_metadata: bool,
    /// The keys that the file of further keys had when it could be read last.
    filed: Vec<KeyEntry>,
    /// Whether the example key of the guide may open the door: nobody but this machine is before it.
    example_opens: bool,
    /// What the other settings were at the start.
    others: Marks,
}

/// What was read of the keys.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct KeysRead {
    pub(super) ring: KeyRing,
    pub(super) rejected: Vec<RejectedKey>,
    /// How the listed keys ended that are not in force, for a sentence each.
    pub(super) ended: Vec<String>,
    /// The example key of the guide is listed, and is not in force.
    pub(super) has_closed_example: bool,
    pub(super) has_metadata: bool,
    /// There is metadata, and it says nothing that can be relied on.
    pub(super) is_metadata_unusable: bool,
    /// The keys of the file of further keys; where that cannot be read, those of before.
    filed: Vec<KeyEntry>,
    /// Why some keys are not as they are written down, if so.
    pub(super) partly: Vec<Unusable>,
    /// What to say of it, each with its weight.
    pub(super) notes: Vec<(Level, String)>,
}

/// Why what was read counts for nothing. No byte of a file is in it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("{0}")]
    Unreadable(String),
    /// The file of further keys: all else counts nevertheless.
    #[error("{0}")]
    KeysFile(String),
    #[error("{0}")]
    Metadata(String),
    #[error("{} is gone, and with it what is known of keys that ended", .0.display())]
    MetadataGone(PathBuf),
    /// Keys that ended would be back: all else counts nevertheless, unless that `leaves_none`.
    #[error("{} says no more that {keys} ended: take out what is not to open the door at the next start, or revoke it anew; to let it in again, restart the server", file.display())]
    EndsForgotten {
        file: PathBuf,
        keys: String,
        leaves_none: bool,
    },
    #[error("no usable key is left (no keys: {rejected}, ended: {ended})")]
    NoKey { rejected: usize, ended: usize },
    #[error("reading them failed")]
    Panic,
}

/// What is said of the example key, which everybody knows.
pub(super) const EXAMPLE: &str = "`MCP_API_KEYS` holds the example key of the guide, which everybody knows, and others can reach this address: replace it by one that `aegis generate-key` makes";

impl KeySources {
    /// What is read after the start goes on from this.
    pub(super) fn new(env: &Env, keys: &KeysConfig, example_opens: bool) -> Self {
        Self {
            env: env.source().clone(),
            keys_file: keys.file.clone(),
            metadata: keys.metadata_beside(env.source().path()),
            has_metadata: false,
            filed: Vec::new(),
            example_opens,
            others: others(env),
        }
    }

    /// The files whose change may change the keys.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let files = [Some(self.env.path()), self.keys_file.as_deref()];
        files.into_iter().flatten().chain([&*self.metadata])
    }

    /// A file that gives its text once, so that it cannot be read again.
    pub(super) fn pipe(&self) -> Option<&Path> {
        self.files().find(|file| is_pipe(file))
    }

    pub(super) fn metadata(&self) -> &Path {
        &self.metadata
    }

    /// Goes on from what was read.
    pub(super) fn note(&mut self, read: &KeysRead) {
        self.has_metadata = read.has_metadata;
        self.filed.clone_from(&read.filed);
    }

    /// Reads all of it anew. With the keys comes where they are to be read the next time. A file of
    /// further keys that cannot be read keeps its keys as they were, and no key of elsewhere in force.
    /// A file of metadata that forgot the end of a key that ended `before` revives none.
    ///
    /// # Errors
    /// The keys of before must stay.
    pub(super) fn read(
        &self,
        before: &KeyRing,
        now: DateTime<Utc>,
    ) -> Result<(KeysRead, Self), Vec<Unusable>> {
        let env = self.env.read()?;
        let (keys, errors) = KeysConfig::read(&env);
        if errors
            .iter()
            .any(|error| error.variable != KeysConfig::FILE)
        {
            return Err(ConfigError(errors).into());
        }
        let mut next = Self {
            others: self.others.clone(),
            filed: self.filed.clone(),
            ..Self::new(&env, &keys, self.example_opens)
        };
        let known = Metadata::load(&next.metadata)?;
        if known.is_none() && self.has_metadata {
            return Err(vec![Unusable::MetadataGone(next.metadata)]);
        }
        let mut read = next.keys(&keys, known.as_ref(), now);
        next.note(&read);
        let unread = errors.first();
        let mut faults: Vec<_> = unread
            .map(|error| Unusable::KeysFile(error.to_string()))
            .into_iter()
            .collect();
        let mut kept = read.ring.keep_ended(before, now);
        let leaves_none = read.ring.in_force(now).next().is_none();
        if !kept.is_empty() {
            sort::by_key(&mut kept, |hint| *hint);
            faults.push(Unusable::EndsForgotten {
                file: next.metadata.clone(),
                keys: listed(&kept),
                leaves_none,
            });
        } else if leaves_none {
            faults.push(Unusable::NoKey {
                rejected: read.rejected.len(),
                ended: read.ended.len(),
            });
        }
        if leaves_none {
            return Err(faults);
        }
        read.partly = faults;
        if read.has_closed_example {
            read.notes.push((Level::Error, EXAMPLE.to_owned()));
        }
        let changed = others(&env).differing(&self.others);
        if !changed.is_empty() {
            let names: Vec<_> = changed.iter().map(|name| format!("`{name}`")).collect();
            let note = format!(
                "changed since the start: {}; what is no key counts from the next start on",
                names.join(", ")
            );
            read.notes.push((Level::Warn, note));
        }
        Ok((read, next))
    }

    /// The keys of these texts, by what is `known` of them.
    pub(super) fn keys(
        &self,
        keys: &KeysConfig,
        known: Option<&Metadata>,
        now: DateTime<Utc>,
    ) -> KeysRead {
        let (mut list, mut notes) = (KeyList::default(), Vec::new());
        let mut filed = Vec::new();
        for (name, text) in &keys.texts {
            let more = KeyList::parse(text.expose());
            if *name == KeysConfig::FILE {
                filed.clone_from(&more.keys);
            }
            let left_out = more.rejected.iter();
            let left_out = left_out.map(|it| format!("`{name}`, {it}: left out"));
            notes.extend(left_out.map(|note| (Level::Error, note)));
            let weak = more.warnings.iter().map(|it| format!("`{name}`, {it}"));
            notes.extend(weak.map(|note| (Level::Warn, note)));
            list.merge(more);
        }
        let is_read = |(name, _): &(&str, _)| *name == KeysConfig::FILE;
        if keys.file.is_some() && !keys.texts.iter().any(is_read) {
            filed.clone_from(&self.filed);
            list.merge(KeyList {
                keys: filed.clone(),
                ..KeyList::default()
            });
        }
        let shown = self.metadata.display();
        if known.is_none() && keys.metadata.is_some() {
            let note = format!("there is no {shown} yet, so no key has an end");
            notes.push((Level::Warn, note));
        }
        if known.is_none() && durable::is_lost(&self.metadata) {
            notes.push((Level::Error, paths::lost(&self.metadata)));
        }
        let has_metadata = known.is_some();
        let nothing = Metadata::default();
        let known = known.unwrap_or(&nothing);
        let mut ended = Vec::new();
        for entry in &list.keys {
            let how = known.key(&entry.id).and_then(|record| end(record, now));
            ended.extend(how.map(|how| format!("{} {how}", known.hint(entry))));
        }
        let refused = ended.iter();
        let refused = refused.map(|key| format!("key {key} by {shown}, so it stays refused"));
        notes.extend(refused.map(|note| (Level::Warn, note)));

        let has_closed_example = !self.example_opens && list.has_guide_example();
        let opens = |key: &&KeyEntry| self.example_opens || !key.is_guide_example();
        let listed = list.keys.iter().filter(opens);
        KeysRead {
            ring: KeyRing::new(listed, known, wiring::rights()),
            rejected: list.rejected,
            ended,
            has_closed_example,
            has_metadata,
            is_metadata_unusable: false,
            filed,
            partly: Vec::new(),
            notes,
        }
    }
}

impl KeysRead {
    /// Keys of which there is nothing to say.
    pub(super) fn of(ring: KeyRing) -> Self {
        Self {
            ring,
            rejected: Vec::new(),
            ended: Vec::new(),
            has_closed_example: false,
            has_metadata: false,
            is_metadata_unusable: false,
            filed: Vec::new(),
            partly: Vec::new(),
            notes: Vec::new(),
        }
    }
}

impl Unusable {
    /// The same in one word, for the audit log.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Unreadable(_) | Self::KeysFile(_) => "unreadable",
            Self::Metadata(_) => "metadata_unusable",
            Self::MetadataGone(_) => "metadata_gone",
            Self::EndsForgotten { .. } => "ends_forgotten",
            Self::NoKey { .. } => "no_usable_key",
            Self::Panic => "panic",
        }
    }
}

impl From<ConfigError> for Vec<Unusable> {
    fn from(error: ConfigError) -> Self {
        vec![Unusable::Unreadable(error.to_string())]
    }
}

impl From<MetadataError> for Vec<Unusable> {
    fn from(error: MetadataError) -> Self {
        vec![Unusable::Metadata(error.to_string())]
    }
}

/// How a key ended that is not in force, for a sentence.
fn end(record: &KeyRecord, now: DateTime<Utc>) -> Option<String> {
    let ends = [
        ("was revoked on", record.revoked_at),
        ("was retired on", record.retired_at),
        ("expired on", record.expires_at.filter(|end| *end <= now)),
    ];
    let mut ends = ends.into_iter();
    let (how, when) = ends.find_map(|(how, when)| Some((how, when?)))?;
    let when = when.to_rfc3339_opts(SecondsFormat::Secs, true);
    Some(format!("{how} {when}"))
}

/// What the settings are that are read at a start only.
fn others(env: &Env) -> Marks {
    let mut names = Config::names();
    names.retain(|name| !KeysConfig::NAMES.contains(name));
    env.marks(&names)
}

fn is_pipe(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|found| found.file_type().is_fifo())
}
