//! Keys that change while the server runs: what was taken out of the files is out of force within
//! three seconds, and what cannot be read changes nothing. All of it happens on a thread of its own,
//! so that a slow disk or a file system that hangs keeps no request waiting.
use std::{
    collections::HashSet,
    fs, io,
    os::unix::fs::MetadataExt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use log::Level;

use super::{
    in_force::InForce,
    keys::{KeySources, KeysRead, Unusable},
};
use crate::{audit::AuditEvent, commands::Failure, keys::RejectedKey};

/// How often the files are looked at.
const POLL: Duration = Duration::from_secs(2);
/// What is read must be the same after so long: editors empty a file before they write it.
const CALM: Duration = Duration::from_millis(500);
/// What is not the same after so many looks is taken as it is: a revoked key must not wait for ever.
const MOST_LOOKS: usize = 6;
/// How long a look under way is waited for when the server stops.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Asks for the keys to be read again, and ends it all when it is dropped.
pub(super) struct Reload {
    ask: Sender<()>,
    over: Receiver<()>,
}

/// Keeps the keys in force what the files say they are.
pub(super) struct Watch {
    keys: InForce,
    sources: KeySources,
    /// The files as they were when they were read last; `None`: they must be read in any case.
    settled: Option<Vec<Stamp>>,
    /// What was said of what was read last, so that nothing is said twice.
    notes: Vec<(Level, String)>,
    rejected: Vec<RejectedKey>,
    /// Why what was read later was not taken, or not all of it.
    failed: Vec<Unusable>,
}

/// By which it is seen that a file is not what it was.
#[derive(Debug, Eq, PartialEq)]
enum Stamp {
    Found {
        file: (u64, u64),
        length: u64,
        written: (i64, i64),
        changed: (i64, i64),
    },
    Missing(io::ErrorKind),
}

type Read = Result<(KeysRead, KeySources), Vec<Unusable>>;

impl Reload {
    /// Asks for the keys to be read now.
    pub(super) fn ask(&self) {
        let _ = self.ask.send(());
    }

    /// Ends it. What it has begun is waited for, unless its files do not answer.
    pub(super) fn end(self) {
        drop(self.ask);
        let _ = self.over.recv_timeout(LAST_LOOK);
    }
}

impl Watch {
    /// `first` is what was read at the start.
    pub(super) fn new(keys: InForce, sources: KeySources, first: KeysRead) -> Self {
        Self {
            keys,
            sources,
            settled: None,
            notes: first.notes,
            rejected: first.rejected,
            failed: Vec::new(),
        }
    }

    /// Looks at the files every now and then, and when it is asked to, until the answer is dropped.
    pub(super) fn start(mut self) -> Result<Reload, Failure> {
        let (ask, asked) = mpsc::channel();
        let (done, over) = mpsc::channel();
        let watch = move || {
            let _done: Sender<()> = done;
            while let Some(is_asked) = wait(&asked, POLL) {
                self.look(is_asked, || rest(&asked));
            }
        };
        let thread = thread::Builder::new().name("keys".to_owned());
        thread
            .spawn(watch)
            .map_err(|error| Failure::Other(format!("no thread for the keys: {error}")))?;
        Ok(Reload { ask, over })
    }

    /// Reads the files if they changed, until what they say stays the same over a `pause`.
    fn look(&mut self, mut is_asked: bool, mut pause: impl FnMut() -> Option<bool>) {
        let mut stamps = self.stamps();
        if !is_asked && self.settled.as_ref() == Some(&stamps) {
            return;
        }
        let mut read = self.read();
        for _ in 0..MOST_LOOKS {
            if !is_asked && matches!(&read, Err(faults) if self.failed == *faults) {
                return;
            }
            let Some(asked) = pause() else { return };
            is_asked |= asked;
            stamps = self.stamps();
            let again = self.read();
            let is_calm = is_same(&again, &read);
            read = again;
            if is_calm {
                break;
            }
        }
        match read {
            Ok((keys, sources)) => {
                let is_settled = keys.partly.is_empty() && sources.files().eq(self.sources.files());
                self.settled = is_settled.then_some(stamps);
                self.sources = sources;
                self.take(keys, is_asked);
            }
            Err(faults) => {
                self.settled = None;
                self.keep(faults, is_asked);
            }
        }
    }

    /// Puts the keys in force that were read.
    fn take(&mut self, read: KeysRead, is_asked: bool) {
        if read.partly.is_empty() && !self.failed.is_empty() {
            log::warn!("the keys can be read again");
        }
        self.keep(read.partly, is_asked);
        let said: HashSet<_> = self.notes.iter().collect();
        for (level, note) in read.notes.iter().filter(|note| !said.contains(note)) {
            log::log!(*level, "{note}");
        }
        if read.rejected != self.rejected {
            for &RejectedKey { entry, length, .. } in &read.rejected {
                let event = AuditEvent::ConfigKeyRejected { entry, length };
                let _ = self.keys.audit.record(&event);
            }
        }
        if !self.keys.replace(read.ring) && is_asked {
            log::info!("the keys in force are the same");
        }
        (self.notes, self.rejected) = (read.notes, read.rejected);
    }

    /// Says why the keys, or some of them, are not as they are written down, once a reason.
    fn keep(&mut self, faults: Vec<Unusable>, is_asked: bool) {
        let others = match faults.len() {
            1 => ", and all others are as they are written down",
            _ => "",
        };
        for fault in &faults {
            if self.failed.contains(fault) && !is_asked {
                continue;
            }
            let stay = match fault {
                Unusable::KeysFile(_) => {
                    format!("the keys of `MCP_API_KEYS_FILE` stay those of before{others}")
                }
                Unusable::EndsForgotten {
                    leaves_none: false, ..
                } => format!("keys that ended stay refused{others}"),
                _ => "the keys in force stay those of before".to_owned(),
            };
            log::error!("critical: {stay}: {fault}");
            let reason = fault.word();
            let event = AuditEvent::ConfigReloadFailed { reason };
            let _ = self.keys.audit.record(&event);
        }
        self.failed = faults;
    }

    fn read(&self) -> Read {
        let now = self.keys.audit.now();
        let before = self.keys.ring.load();
        let read = catch_unwind(AssertUnwindSafe(|| self.sources.read(&before, now)));
        read.unwrap_or_else(|_| Err(vec![Unusable::Panic]))
    }

    fn stamps(&self) -> Vec<Stamp> {
        let stamp = |file| match fs::metadata(file) {
            Ok(found) => Stamp::Found {
                file: (found.dev(), found.ino()),
                length: found.len(),
                written: (found.mtime(), found.mtime_nsec()),
                changed: (found.ctime(), found.ctime_nsec()),
            },
            Err(error) => Stamp::Missing(error.kind()),
        };
        self.sources.files().map(stamp).collect()
    }
}

fn is_same(one: &Read, other: &Read) -> bool {
    match (one, other) {
        (Ok((one, _)), Ok((other, _))) => one == other,
        (Err(one), Err(other)) => one == other,
        _ => false,
    }
}

/// Waits so long or until somebody asks, and says which; `None` once nobody can ask any more.
fn wait(asked: &Receiver<()>, patience: Duration) -> Option<bool> {
    match asked.recv_timeout(patience) {
        Ok(()) => Some(true),
        Err(RecvTimeoutError::Timeout) => Some(false),
        Err(RecvTimeoutError::Disconnected) => None,
    }
}

/// Waits until what is half written should be whole, and says whether somebody asked meanwhile.
fn rest(asked: &Receiver<()>) -> Option<bool> {
    let end = Instant::now() + CALM;
    let mut was_asked = false;
    while wait(asked, end.saturating_duration_since(Instant::now()))? {
        was_asked = true;
    }
    Some(was_asked)
}

#[cfg(test)]
mod tests;
