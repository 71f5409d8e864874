//! In which order files are one log.
use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{
    mark::{Links, Time},
    source::Source,
};
use crate::{
    audit::{
        reader::{self, Log},
        tail::sha256,
    },
    sort,
};

/// How much of a file is looked at.
const HEAD: u64 = 64 * 1024;

/// The log that is written at `live` with the files that it was before. They are held open from
/// here on, so that a rotation meanwhile neither hides a file nor shows it twice.
///
/// # Errors
/// One cannot be read, and which one that is.
pub fn of_log(live: &Path) -> Result<Vec<Source>, (PathBuf, io::Error)> {
    let found = reader::again(
        || {
            // Where there is none, the error is the system's own.
            Source::open(live.to_owned())?;
            reader::rotated(live)
        },
        |found| match found {
            // Between the two steps of a rotation.
            Ok(logs) => logs.last().is_some_and(|newest| newest.path == live),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        },
    );
    let logs = found.map_err(|error| (live.to_owned(), error))?;
    let source = |log: Log| Source::found(&log).map_err(|error| (log.path, error));
    let sources = logs.into_iter().map(source);
    let mut sources = sources.collect::<Result<Vec<_>, _>>()?;
    let newest = sources.pop();
    let mut sources = in_order(sources);
    sources.extend(newest);
    Ok(sources)
}

/// Puts files in the order in which they were written, by their first records; leaves each out that
/// is there already. What is no regular file stays where it is.
pub fn in_order(sources: Vec<Source>) -> Vec<Source> {
    let mut distinct: Vec<Source> = Vec::with_capacity(sources.len());
    for source in sources {
        if !distinct.iter().any(|other| other.is_same(&source)) {
            distinct.push(source);
        }
    }
    if distinct.iter().all(Source::is_regular) {
        sort::by_cached_key(&mut distinct, beginning);
    }
    distinct
}

/// Time and number of the first record that the next one vouches for, else of the first there is.
fn beginning(source: &Source) -> Option<(Time, u64)> {
    let start = source.start(HEAD).ok()?;
    let mut unpacked = Vec::new();
    // Whatever there is of a compressed file that was cut here is enough.
    let _ = reader::open(&*start)
        .ok()?
        .take(HEAD)
        .read_to_end(&mut unpacked);
    let mut first = None;
    let mut before: Option<(&[u8], Links<'_>)> = None;
    for line in unpacked.split(|byte| *byte == b'\n') {
        let links = Links::read(line);
        if let Some(links) = links {
            if let Some((line, of_it)) = before
                && links.prev() == Some(sha256(line))
            {
                return Some((of_it.time, of_it.seq));
            }
            first.get_or_insert((links.time, links.seq));
        }
        before = links.map(|links| (line, links));
    }
    first
}
