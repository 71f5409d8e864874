//! What is known elsewhere of how a log ends: a log that ends before that was cut.
use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
};

use super::{super::shown, report::Unread};
use crate::audit::{
    Previous, heads_elsewhere, is_in, is_in_former, reader,
    verify::{Head, Source, Verdict},
};

/// Said of what should tell how the log ends and does not.
const SO: &str = "whether the log was cut at its end is not known by it";

/// A record, and the log that it was the newest of.
struct OfLog {
    log: PathBuf,
    record: Previous,
    head: Head,
}

#[derive(Default)]
pub(super) struct Known {
    heads: Vec<OfLog>,
    /// What is there and cannot be read.
    failed: Vec<(PathBuf, io::Error)>,
    /// The file of the checkpoints, where it is not there or empty.
    silent: Option<PathBuf>,
    asked: HashSet<PathBuf>,
}

impl Known {
    /// Asks once for each log, of one that may lose its oldest files or may not.
    pub(super) fn ask(&mut self, log: &Path, checkpoints: Option<&Path>, loses_files: bool) {
        if !self.asked.insert(log.to_owned()) {
            return;
        }
        for (file, found) in heads_elsewhere(log, checkpoints) {
            match found {
                Ok(Some((record, time))) => self.heads.push(OfLog {
                    log: log.to_owned(),
                    record,
                    head: Head {
                        hash: record.hash,
                        said_by: format!("`{}`", shown::path(&file)),
                        may_be_before: true,
                        may_be_gone: loses_files.then_some((record.seq, time)),
                    },
                }),
                // Of a log without a head the server is older, or it was copied without.
                Ok(None) => {
                    if checkpoints == Some(&*file) {
                        self.silent = Some(file);
                    }
                }
                Err(error) => self.failed.push((file, error)),
            }
        }
    }

    /// Asks for what the server remembers beside a log, where the file is no former one.
    pub(super) fn ask_if_live(&mut self, file: &Path) {
        if reader::is_live(file) {
            self.ask(file, None, true);
        }
    }

    /// What must be in these files. A log that was just begun, or left empty by whoever moved it, is not
    /// cut: what is known of it is in the files that it was before, also where those were not named.
    pub(super) fn heads(&mut self, sources: &[Source]) -> Vec<Head> {
        let is_empty = |log: &Path| {
            let found = sources.iter().find(|source| source.path == log);
            found.is_some_and(|source| source.length() == 0)
        };
        let mut heads = Vec::new();
        for OfLog { log, record, head } in self.heads.drain(..) {
            let is_read = || sources.iter().any(|source| is_in(&source.path, record));
            let found = if is_empty(&log) && !is_read() {
                is_in_former(&log, record)
            } else {
                Ok(false)
            };
            match found {
                Ok(true) => {}
                Ok(false) => heads.push(head),
                Err(error) => self.failed.push((log, error)),
            }
        }
        heads
    }

    /// All that could not be read, of the log and of what is known of it. The file of the checkpoints
    /// is made with the first one, so it is missed only where the log has any.
    pub(super) fn unread(self, verdict: &Verdict, sources: &[Source]) -> Vec<Unread> {
        let files = verdict.unreadable.iter().map(|(file, error)| {
            let why = match error.kind() {
                io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
                _ => error.to_string(),
            };
            Unread::new(&sources[*file].path, why)
        });
        let failed = self.failed.iter();
        let failed = failed.map(|(file, error)| Unread::new(file, format!("{error}; {SO}")));
        let silent = self.silent.filter(|_| verdict.checkpoints > 0);
        let silent = silent.map(|file| {
            let why = format!("it is missing or empty, though the log has checkpoints; {SO}");
            Unread::new(&file, why)
        });
        files.chain(failed).chain(silent).collect()
    }
}
