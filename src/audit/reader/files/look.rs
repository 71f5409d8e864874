//! What a file is, by its head.
use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use rustix::io::Errno;

use super::{
    super::{Line, Raw, bisect, open, read_lines, stream::is_compressed},
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
    let file = hold(&path)?;
    let metadata = file.metadata()?;
    let changed = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH);
    let mut start = [0; 4];
    let read = bisect::read_at(&file, &mut start, 0)?;
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
    let first = seen.first().copied();
    sort::by_key(&mut seen, |(millis, _)| *millis);
    Ok(Log {
        path,
        id: Some((metadata.dev(), metadata.ino())),
        first,
        begins: (seen.len() >= ENOUGH).then(|| seen[seen.len() / 2].0),
        changed: changed.map_or(0, |it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX)),
        kind: if is_compressed(&start[..read]) {
            Kind::Compressed
        } else {
            Kind::Plain(Arc::new(file), metadata.len())
        },
        goes_on: false,
    })
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
