//! In which order files are one log.
use std::{
    collections::HashSet,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{
    mark::{Links, sha256},
    source::Source,
};
use crate::{audit::reader, sort};

/// How much of a file is looked at.
const HEAD: u64 = 64 * 1024;

/// The log that is written at `live` with the files that it was before. They are held open from
/// here on, so that a rotation meanwhile neither hides a file nor shows it twice.
///
/// # Errors
/// One cannot be read, and which one that is.
pub fn of_log(live: &Path) -> Result<Vec<Source>, (PathBuf, io::Error)> {
    let found = reader::again(
        || opened(live),
        |found| match found {
            Ok(opened) => opened.all,
            Err((_, error)) => error.kind() != io::ErrorKind::NotFound,
        },
    );
    match found? {
        Opened { sources, all: true } => Ok(sources),
        // Without a file that it lacks, an intact log would be called broken.
        Opened { all: false, .. } => Err((
            live.to_owned(),
            io::Error::other("it is rotated faster than its files can be listed"),
        )),
    }
}

struct Opened {
    sources: Vec<Source>,
    /// No file was renamed or compressed while they were looked for.
    all: bool,
}

fn opened(live: &Path) -> Result<Opened, (PathBuf, io::Error)> {
    let open =
        |path: &Path| Source::open(path.to_owned()).map_err(|error| (path.to_owned(), error));
    let listed = || {
        let paths = reader::rotated(live).map_err(|error| (live.to_owned(), error))?;
        Ok(paths.into_iter().filter(|path| path != live))
    };
    // First, so that what it is called afterwards does not matter.
    let newest = open(live)?;
    let mut sources = Vec::new();
    let mut names = HashSet::new();
    for path in listed()? {
        names.insert(uncompressed(&path));
        let source = open(&path)?;
        if !source.is_same(&newest) {
            sources.push(source);
        }
    }
    // What was closed since has records that are later than all of this.
    let begins = beginning(&newest);
    let is_later = |path: &PathBuf| open(path).is_ok_and(|closed| beginning(&closed) >= begins);
    let mut new = listed()?.filter(|path| !names.contains(&uncompressed(path)));
    let all = new.all(|path| is_later(&path));
    // A file that was closed and compressed since would stand there twice.
    let all = all && open(live).is_ok_and(|now| now.is_same(&newest));
    let mut sources = in_order(sources);
    sources.push(newest);
    Ok(Opened { sources, all })
}

/// What a file was called before it was compressed.
fn uncompressed(path: &Path) -> PathBuf {
    match path.extension() {
        Some(ending) if ending == "gz" || ending == "zst" => path.with_extension(""),
        _ => path.to_owned(),
    }
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
fn beginning(source: &Source) -> Option<(Vec<u8>, u64)> {
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
            let this = (time(line), links.seq);
            if let Some((line, of_it)) = before
                && links.prev() == Some(sha256(line))
            {
                return Some((time(line), of_it.seq));
            }
            first.get_or_insert(this);
        }
        before = links.map(|links| (line, links));
    }
    first
}

fn time(line: &[u8]) -> Vec<u8> {
    line.iter().skip(15).take(24).copied().collect()
}
