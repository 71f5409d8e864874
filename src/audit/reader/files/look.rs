//! What a file is, by its head.
use std::{
    fs::{self, File, Metadata},
    io::{self, BufReader, Read, Seek},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use rustix::io::Errno;

use super::{
    super::{Line, Raw, is_compressed, open, read_lines},
    FindError, Kind, Log,
};
use crate::sort;

/// Where a file has no record within its first bytes, its age decides.
const HEAD: u64 = 64 * 1024;
/// So many of its first records are asked for their time, if there are enough to tell a wrong one.
const RECORDS: usize = 9;
const ENOUGH: usize = 3;

pub(super) fn look(path: PathBuf) -> Result<Log, FindError> {
    look_into(path.clone()).map_err(|error| FindError::Unreadable { path, error })
}

/// The same of one that nobody named. Where it alone cannot be read, that is told when it is tried again.
pub(super) fn look_at_found(path: PathBuf) -> Result<Log, FindError> {
    look(path).or_else(|fault| match fault {
        FindError::Unreadable { path, error }
            if error.raw_os_error().is_some() && error.kind() != io::ErrorKind::NotFound =>
        {
            match fs::metadata(&path) {
                Ok(found) => Ok(unread(path, &found)),
                Err(error) => Err(FindError::Unreadable { path, error }),
            }
        }
        fault => Err(fault),
    })
}

fn look_into(path: PathBuf) -> io::Result<Log> {
    // A pipe is not even opened: what is read of it is gone.
    if path.as_os_str() == "-" || !fs::metadata(&path)?.is_file() {
        return Ok(Log {
            path,
            kind: Kind::Stream,
            id: None,
            first: None,
            begins: None,
            changed: 0,
            goes_on: false,
        });
    }
    let mut file = hold(&path)?;
    let metadata = file.metadata()?;
    let mut seen = Vec::new();
    // What cannot be unpacked is told when it is read.
    let _ = open(&file).and_then(|head| {
        read_lines(BufReader::new(head.take(HEAD)), |_, raw| {
            if let Raw::Line(line) = raw
                && seen.len() < RECORDS
                && let Ok(line) = Line::of(line)
            {
                seen.push((line.millis, line.seq.unwrap_or(0)));
            }
        })
    });
    file.rewind()?;
    let first = seen.first().copied();
    sort::by_key(&mut seen, |(millis, _)| *millis);
    Ok(Log {
        first,
        begins: (seen.len() >= ENOUGH).then(|| seen[seen.len() / 2].0),
        kind: if is_compressed(&file)? {
            Kind::Compressed(Arc::new(file))
        } else {
            Kind::Plain(Arc::new(file), metadata.len())
        },
        ..unread(path, &metadata)
    })
}

fn unread(path: PathBuf, found: &Metadata) -> Log {
    let changed = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let changed = changed.duration_since(SystemTime::UNIX_EPOCH);
    Log {
        path,
        kind: Kind::Unreadable,
        id: Some((found.dev(), found.ino())),
        first: None,
        begins: None,
        changed: changed.map_or(0, |it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX)),
        goes_on: false,
    }
}

/// Opens a file that is to be held; where that is one too many, the error says what to do.
pub fn hold(path: &Path) -> io::Result<File> {
    File::open(path).map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::MFILE) => io::Error::other(
            "there are more files than may be open at once; raise that limit (`ulimit -Hn`)",
        ),
        _ => error,
    })
}
