//! That the running server refuses a key: seen by showing it, or told by the server's own records.
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde_json::Value;
use url::Url;

use super::past;
use crate::{
    commands::{
        Failure,
        key_files::KeyFiles,
        running::{Answer, Running, expect_known},
    },
    keys::{ApiKey, KeyHint},
};

/// How long a server may take: it looks every two seconds, and believes what it sees twice.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);
/// No more of the log is looked at in one go.
const MAX_READ: u64 = 16 << 20;

pub(super) enum Proof {
    /// Nobody wanted to know.
    NotAsked { is_reloaded: bool },
    /// The server at this address was seen to refuse the key, after so long.
    Refused {
        server: String,
        after: Duration,
        /// What it makes of the key that took its place.
        new: Option<bool>,
    },
    /// The server recorded that it dropped the key.
    Dropped,
    /// What the server recorded before says that it refuses the key.
    Known,
    /// Neither: why.
    Missing(String),
}

impl Proof {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::NotAsked { .. } => "not_asked",
            Self::Refused { .. } => "refused",
            Self::Dropped => "dropped",
            Self::Known => "known",
            Self::Missing(_) => "missing",
        }
    }

    /// What was seen, for a person.
    pub(super) fn told(&self) -> Option<String> {
        match self {
            Self::NotAsked { is_reloaded: true } => {
                Some("a running server refuses it within three seconds".to_owned())
            }
            Self::NotAsked { is_reloaded: false } => Some(
                "`KEY_RELOAD` is off, so a running server takes it still: restart it now"
                    .to_owned(),
            ),
            Self::Refused { server, after, new } => {
                let new = match new {
                    Some(true) => ", and takes the new one",
                    Some(false) => ", but does not take the new one yet",
                    None => "",
                };
                let seconds = after.as_secs_f32();
                Some(format!(
                    "{server} refuses it (seen after {seconds:.1} s){new}"
                ))
            }
            Self::Dropped => Some("the running server recorded that it dropped it".to_owned()),
            Self::Known => Some("the audit log says that the server refuses it".to_owned()),
            Self::Missing(_) => None,
        }
    }

    /// Adds to a document what was seen, or why nothing was.
    pub(super) fn add_to(&self, document: &mut Value) {
        let missing = self.missing().map(ToOwned::to_owned);
        for (name, value) in [("told", self.told()), ("missing", missing)] {
            if let Some(value) = value {
                document[name] = value.into();
            }
        }
    }

    /// Why nothing was seen.
    pub(super) fn missing(&self) -> Option<&str> {
        match self {
            Self::Missing(reason) => Some(reason),
            Self::NotAsked { .. } | Self::Refused { .. } | Self::Dropped | Self::Known => None,
        }
    }
}

/// Shows the old key to the running server until that refuses it.
pub(super) fn ask(
    server: Option<&Url>,
    files: &KeyFiles,
    old: &ApiKey,
    new: Option<&ApiKey>,
    between: impl FnMut() -> Result<(), Failure>,
) -> Result<Proof, Failure> {
    if let Err(unknown) = expect_known(server, &files.config) {
        return Ok(Proof::Missing(unknown.to_string()));
    }
    let running = Running::new(server, &files.config)?;
    let began = Instant::now();
    let answer = match running.ask(old) {
        Answer::Accepted if files.config.gate.key_reload => {
            running.wait_until(old, &Answer::Refused, PATIENCE, between)?
        }
        answer => answer,
    };
    Ok(match answer {
        Answer::Refused => Proof::Refused {
            server: running.address().to_owned(),
            after: began.elapsed(),
            new: new.map(|new| running.ask(new) == Answer::Accepted),
        },
        Answer::Accepted if running.is_open() => Proof::Missing(format!(
            "{} lets in whoever comes (`AUTH_ENABLED`)",
            running.address()
        )),
        Answer::Accepted if !files.config.gate.key_reload => Proof::Missing(format!(
            "{} takes it still, since `KEY_RELOAD` is off: restart it now",
            running.address()
        )),
        Answer::Accepted => Proof::Missing(format!(
            "{} still takes it after {} seconds; if `KEY_RELOAD` is off there, restart it now",
            running.address(),
            began.elapsed().as_secs()
        )),
        Answer::Unreachable(reason) => unreachable(&reason),
    })
}

/// Looks for a proof that the server refuses a key that stands nowhere, so that nobody can show it.
pub(super) fn of_former(
    server: Option<&Url>,
    files: &KeyFiles,
    watch: Watch,
    hints: &[KeyHint],
    between: impl FnMut() -> Result<(), Failure>,
) -> Result<Proof, Failure> {
    if watch.is_known(hints) {
        return Ok(Proof::Known);
    }
    if let Err(unknown) = expect_known(server, &files.config) {
        return Ok(Proof::Missing(unknown.to_string()));
    }
    if let Some(reason) = Running::new(server, &files.config)?.silence() {
        return Ok(unreachable(&reason));
    }
    watch.follow(hints, "it stands in no file", files, between)
}

fn unreachable(reason: &str) -> Proof {
    Proof::Missing(format!(
        "{reason}; one that starts from now on does. `--server` names another address, `--no-wait` asks none"
    ))
}

/// The audit log from some moment on.
pub(super) struct Watch {
    path: PathBuf,
    /// Since when it is noted that the key is out of use, if it was before.
    ended: Option<DateTime<Utc>>,
    found: io::Result<Place>,
}

/// How far it was read, and which file that was.
#[derive(Clone, Copy)]
struct Place {
    inode: u64,
    read: u64,
}

impl Watch {
    /// Whatever is recorded from now on is seen, and what was recorded. `ended`: since when it is noted
    /// that the key is out of use.
    pub(super) fn begin(path: PathBuf, ended: Option<DateTime<Utc>>) -> Self {
        let found = std::fs::metadata(&path).map(|file| Place {
            inode: file.ino(),
            read: file.len(),
        });
        Self { path, ended, found }
    }

    /// Whether the log says already that the server refuses the key with one of these hints.
    fn is_known(&self, hints: &[KeyHint]) -> bool {
        past::is_refused(&self.path, hints, self.ended).unwrap_or(false)
    }

    /// Waits until the server records that it dropped the key with one of these hints, unless it did
    /// so before. `why` it cannot be shown to the server.
    pub(super) fn wait(
        self,
        hints: &[KeyHint],
        why: &str,
        files: &KeyFiles,
        between: impl FnMut() -> Result<(), Failure>,
    ) -> Result<Proof, Failure> {
        if self.is_known(hints) && !self.was_dropped(hints) {
            return Ok(Proof::Known);
        }
        self.follow(hints, why, files, between)
    }

    /// Whether it was recorded since this began.
    fn was_dropped(&self, hints: &[KeyHint]) -> bool {
        let dropped = |place: &Place| dropped(&self.path, &mut { *place }, hints);
        self.found
            .as_ref()
            .is_ok_and(|it| dropped(it).unwrap_or(false))
    }

    /// The same where what was recorded before tells nothing.
    fn follow(
        self,
        hints: &[KeyHint],
        why: &str,
        files: &KeyFiles,
        mut between: impl FnMut() -> Result<(), Failure>,
    ) -> Result<Proof, Failure> {
        let why = format!("{why}, so it cannot be shown to the server");
        // One that reads its keys at a start only has nothing to record before.
        let patience = if files.config.gate.key_reload {
            PATIENCE
        } else {
            Duration::ZERO
        };
        let deadline = Instant::now() + patience;
        let shown = self.path.display();
        let mut place = match self.found {
            Ok(place) => place,
            Err(error) => {
                return Ok(Proof::Missing(format!(
                    "{why}, and {shown} cannot be read: {error}"
                )));
            }
        };
        loop {
            match dropped(&self.path, &mut place, hints) {
                Ok(true) => return Ok(Proof::Dropped),
                Ok(false) => {}
                Err(error) => {
                    return Ok(Proof::Missing(format!(
                        "{why}, and {shown} cannot be read: {error}"
                    )));
                }
            }
            if Instant::now() >= deadline {
                return Ok(Proof::Missing(format!(
                    "{why}, and {shown} has no record that it dropped it; if `KEY_RELOAD` is off there, restart it and run this again"
                )));
            }
            between()?;
            thread::sleep(PAUSE);
        }
    }
}

/// Whether a whole line that was written since says so.
fn dropped(log: &Path, place: &mut Place, hints: &[KeyHint]) -> io::Result<bool> {
    let mut file = File::open(log)?;
    let inode = file.metadata()?.ino();
    if inode != place.inode {
        // It was rotated, and goes on in a new file.
        *place = Place { inode, read: 0 };
    }
    file.seek(SeekFrom::Start(place.read))?;
    let mut text = Vec::new();
    file.take(MAX_READ).read_to_end(&mut text)?;
    let whole = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    place.read += whole as u64;
    Ok(text[..whole].split(|byte| *byte == b'\n').any(|line| {
        let record: Value = serde_json::from_slice(line).unwrap_or_default();
        let removed = record["removed"].as_array();
        let names = |removed: &Vec<Value>| {
            let mut removed = removed.iter().filter_map(Value::as_str);
            removed.any(|removed| hints.iter().any(|hint| hint.as_str() == removed))
        };
        record["event"] == "keys_reloaded" && removed.is_some_and(names)
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use std::fs;

    use super::*;

    const HINT: &str = "01234567...cdef";

    #[test]
    fn only_a_whole_record_of_this_key_since_then_is_a_proof() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("audit.log");
        let hints = [KeyHint::parse(HINT).unwrap()];
        let reloaded = |hint: &str| {
            format!("{{\"event\": \"keys_reloaded\", \"added\": [], \"removed\": [\"{hint}\"]}}\n")
        };
        let before = reloaded(HINT);
        fs::write(&log, &before).unwrap();
        let mut place = Watch::begin(log.clone(), None).found.unwrap();
        let mut text = before;
        let mut look = |more: &str, place: &mut Place| {
            text.push_str(more);
            fs::write(&log, &text).unwrap();
            dropped(&log, place, &hints).unwrap()
        };
        assert!(!look("", &mut place));
        assert!(!look(&reloaded("fedcba98...3210"), &mut place));
        assert!(!look(
            &format!("{{\"event\": \"x\", \"removed\": [\"{HINT}\"]}}\n"),
            &mut place
        ));
        assert!(!look("\0\u{ff}{\n[]\n", &mut place));
        let whole = reloaded(HINT);
        let (half, rest) = whole.split_at(40);
        assert!(!look(half, &mut place));
        assert!(look(rest, &mut place));

        // The log was rotated: what is in the new file is new.
        fs::rename(&log, folder.path().join("audit-1.log")).unwrap();
        fs::write(&log, reloaded(HINT)).unwrap();
        let mut place = Place { inode: 0, ..place };
        assert!(dropped(&log, &mut place, &hints).unwrap());
    }
}
