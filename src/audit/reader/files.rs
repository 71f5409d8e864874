//! Which files a log is in: the live one, and those that it was before.
mod family;
mod look;
mod pattern;

use std::{
    collections::{BTreeSet, HashSet},
    ffi::OsStr,
    fs::{self, File, Metadata},
    io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use self::{
    family::family,
    look::{look, look_at_found},
    pattern::{is_pattern, matches},
};
pub use self::{family::rotated, look::hold};
use super::{Source, bisect};
use crate::{
    audit::names::{self, bare},
    durable, sort,
};

/// How far times may be out of order between files, in milliseconds.
const SLACK: i64 = 60_000;

/// A file that is to be read, or something else: a pipe, standard input.
#[derive(Clone, Debug)]
pub struct Log {
    /// `-` is standard input.
    pub path: PathBuf,
    kind: Kind,
    /// Which file it is: device and number.
    id: Option<(u64, u64)>,
    /// When its first record is from, in milliseconds since 1970, and its number.
    first: Option<(i64, u64)>,
    /// When its first records are from, as most of them say: a single time may be wrong. `None` where
    /// there are too few.
    begins: Option<i64>,
    /// When it was last written.
    changed: i64,
    /// The next file goes on where this one ends.
    goes_on: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    /// It is held, so that it stays the same file when the log is rotated meanwhile; and it is as
    /// long as it was when it was opened.
    Plain(Arc<File>, u64),
    /// It is held too, and read once.
    Compressed(Arc<File>),
    /// It cannot be opened or read; that is told when it is tried again.
    Unreadable,
    /// It can be read once.
    Stream,
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    #[error("there is no log in {}", .0.display())]
    Empty(PathBuf),
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
}

/// The files that are meant by some paths, each once, in the order of what they tell: a file with
/// those that it was before; all logs of a folder; all that a pattern with `*` and `?` in its last
/// part stands for; `-` for standard input.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Log>, FindError> {
    let mut logs = Vec::new();
    let mut seen = HashSet::new();
    for path in paths {
        let found = find_one(path)?;
        if found.is_empty() {
            return Err(FindError::Empty(path.clone()));
        }
        // Nothing that can be read is not nothing that happened.
        if found.iter().all(|log| matches!(log.kind, Kind::Unreadable)) {
            look(found[0].path.clone())?;
        }
        for log in found {
            if log.id.is_none_or(|id| seen.insert(id)) {
                logs.push(log);
            }
        }
    }
    if paths.len() > 1 {
        for log in &mut logs {
            log.goes_on = false;
        }
        sort::by_key(&mut logs, Log::place);
    }
    Ok(logs)
}

fn find_one(path: &Path) -> Result<Vec<Log>, FindError> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => FindError::Missing(path.to_owned()),
        _ => FindError::Unreadable {
            path: path.to_owned(),
            error,
        },
    };
    let in_folder = |folder: &Path, is_meant: &dyn Fn(&[u8]) -> bool| {
        let entries = fs::read_dir(folder).map_err(unreadable)?;
        let names = entries.map(|entry| Ok(entry?.file_name()));
        let mut names = names
            .collect::<io::Result<BTreeSet<_>>>()
            .map_err(unreadable)?;
        names.retain(|name| is_meant(name.as_bytes()) && folder.join(name).is_file());
        let is_twin = |name: &OsStr| {
            let bare = OsStr::from_bytes(bare(name.as_bytes()));
            bare != name && names.contains(bare)
        };
        // Compressed a moment ago, or beside the file that it was.
        let names = names.iter().filter(|name| !is_twin(name));
        let logs = names.map(|name| look_at_found(folder.join(name)));
        let mut logs = logs.collect::<Result<Vec<_>, _>>()?;
        sort::by_key(&mut logs, Log::place);
        Ok(logs)
    };
    match fs::metadata(path) {
        _ if path.as_os_str() == "-" => Ok(vec![look(path.to_owned())?]),
        Ok(it) if it.is_dir() => in_folder(path, &|name| {
            is_log(name) || names::is_of_server(&path.join(OsStr::from_bytes(name)))
        }),
        Ok(it) if it.is_file() => family(path),
        Ok(_) => Ok(vec![look(path.to_owned())?]),
        Err(_) if is_pattern(path) => {
            let pattern = path.file_name().unwrap_or_default().as_bytes();
            in_folder(durable::folder(path), &|name| matches(pattern, name))
        }
        // The live log may be gone while those that it was are still there.
        Err(error) if error.kind() == io::ErrorKind::NotFound => match family(path) {
            Ok(logs) if !logs.is_empty() => Ok(logs),
            _ => Err(FindError::Missing(path.to_owned())),
        },
        Err(error) => Err(unreadable(error)),
    }
}

/// What there is to read of these for the records from one time on and before another, in
/// milliseconds since 1970: one source a log, without the files and the parts of files that have
/// none of those.
pub fn sources(logs: &[Log], from: i64, until: i64) -> Vec<Source> {
    let sources = logs.iter().enumerate().map(|(at, log)| {
        let next = logs.get(at + 1).filter(|_| log.goes_on);
        // It may go on beyond that where a log was put back from a backup.
        let ends = next.and_then(|next| next.begins);
        let ends = ends.map(|time| time.max(log.changed));
        let is_over = ends.is_some_and(|time| time < from.saturating_sub(SLACK));
        let follows = at > 0 && logs[at - 1].goes_on;
        let is_later = |time| time > until.saturating_add(SLACK);
        if is_over || (follows && log.begins.is_some_and(is_later)) {
            return Source::Nothing;
        }
        match &log.kind {
            Kind::Plain(file, length) => Source::Part {
                range: bisect::part(file, *length, from, until),
                file: Arc::clone(file),
            },
            Kind::Stream if log.path.as_os_str() == "-" => Source::Stdin,
            Kind::Compressed(file) => Source::Held(Arc::clone(file)),
            Kind::Unreadable | Kind::Stream => Source::Whole(log.path.clone()),
        }
    });
    sources.collect()
}

impl Log {
    /// The file as it was found, whatever became of its name since; `None` where it could not be
    /// opened.
    pub fn held(&self) -> Option<Arc<File>> {
        match &self.kind {
            Kind::Plain(file, _) | Kind::Compressed(file) => Some(Arc::clone(file)),
            Kind::Unreadable | Kind::Stream => None,
        }
    }

    /// The same; one that could not be opened is tried again, and the error says which one it is.
    pub fn open(&self) -> io::Result<Arc<File>> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        };
        let open = || hold(&self.path).map_err(named).map(Arc::new);
        self.held().map_or_else(open, Ok)
    }

    /// Whether it is the file that was found.
    pub fn is(&self, found: &Metadata) -> bool {
        let id = |found: &Metadata| (found.dev(), found.ino());
        let is_stdin = self.path.as_os_str() == "-";
        let stdin = || fs::metadata("/dev/stdin").ok().as_ref().map(id);
        let this = if is_stdin { stdin() } else { self.id };
        this == Some(id(found))
    }

    /// How much of it is read to read all of it, as far as that is known.
    pub fn length(&self) -> u64 {
        match &self.kind {
            Kind::Plain(_, length) => *length,
            Kind::Compressed(file) => file.metadata().map_or(0, |it| it.len()),
            Kind::Unreadable => fs::metadata(&self.path).map_or(0, |it| it.len()),
            Kind::Stream => 0,
        }
    }

    /// Which log it is by its name, or was.
    pub fn family(&self) -> PathBuf {
        family_of(&self.path)
    }

    /// When it begins, and with which record.
    fn time(&self) -> (i64, u64) {
        let (first, seq) = self.first.unwrap_or((self.changed, 0));
        (self.begins.unwrap_or(first), seq)
    }

    /// By what logs are put in order.
    fn place(&self) -> (bool, (i64, u64), PathBuf) {
        let is_stream = matches!(self.kind, Kind::Stream);
        (is_stream, self.time(), self.path.clone())
    }
}

/// Whether a file in a folder is a log by its name: `audit.log`, `audit.log.1.gz`.
fn is_log(name: &[u8]) -> bool {
    let name = bare(name);
    let date = |byte: &u8| byte.is_ascii_digit() || b"-_.:TZ".contains(byte);
    let end = name.len() - name.iter().rev().take_while(|byte| date(byte)).count();
    !name.starts_with(b".") && name[..end].ends_with(b".log")
}

fn family_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    names::log_of(&path.with_file_name(OsStr::from_bytes(bare(name.as_bytes()))))
}

/// Whether a path is by its name that of a log as it is written, and no file that it was before.
pub fn is_live(path: &Path) -> bool {
    path.as_os_str() != "-" && family_of(path) == path
}

/// Whether a path names one log, which is there or should be: no folder, no pattern, no pipe.
pub fn is_one(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(it) => it.is_file(),
        Err(_) => path.as_os_str() != "-" && !is_pattern(path),
    }
}

#[cfg(test)]
mod tests;
