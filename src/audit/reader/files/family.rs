//! The files of one log, while somebody rotates it.
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs, io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use super::{
    super::again,
    FindError, Log,
    look::{look, look_at_found},
};
use crate::{
    audit::names::{self, COMPRESSED, bare},
    durable, sort,
};

/// The log that is written at `live` with the files that it was before, the oldest first: those
/// that we rotate, and those that `logrotate` leaves, compressed or not. Where a file stands beside
/// its compressed self, one of them is enough. They are held from here on, so that a rotation
/// meanwhile neither hides a file nor shows it twice.
///
/// # Errors
/// The folder cannot be read, or there is no such log.
pub fn rotated(live: &Path) -> io::Result<Vec<Log>> {
    let logs = family(live).map_err(|error| match error {
        FindError::Unreadable { error, .. } => error,
        FindError::Missing(_) | FindError::Empty(_) => io::ErrorKind::NotFound.into(),
    })?;
    if logs.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(logs)
}

pub(super) fn family(live: &Path) -> Result<Vec<Log>, FindError> {
    let found = again(
        || family_now(live),
        |found| found.as_ref().map_or(true, Option::is_some),
    );
    found?.ok_or_else(|| FindError::Unreadable {
        path: live.to_owned(),
        error: io::Error::other("it is rotated faster than its files can be listed"),
    })
}

/// The same; `None` where a file was renamed or removed meanwhile, so that one may lack.
fn family_now(live: &Path) -> Result<Option<Vec<Log>>, FindError> {
    let look_at = |path: PathBuf, look: fn(PathBuf) -> _| match path.is_file().then(|| look(path)) {
        None => Ok(None),
        Some(Err(FindError::Unreadable { error, .. }))
            if error.kind() == io::ErrorKind::NotFound =>
        {
            Ok(None)
        }
        Some(log) => log.map(Some),
    };
    let look_at_any = |bare: &[u8]| {
        for ending in [&b""[..]].iter().chain(&COMPRESSED) {
            let name = [bare, ending].concat();
            let path = live.with_file_name(OsStr::from_bytes(&name));
            let found = look_at(path, look_at_found)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    };
    // First, so that what it is called afterwards does not matter.
    let newest = look_at(live.to_owned(), look)?;
    let id = newest.as_ref().and_then(|newest| newest.id);
    let names = former(live)?;
    let mut logs = Vec::new();
    for name in &names {
        let Some(log) = look_at_any(name)? else {
            return Ok(None);
        };
        logs.extend((log.id != id).then_some(log));
    }
    // What was closed since is later than all of this.
    for name in former(live)?.difference(&names) {
        let log = look_at_any(name)?;
        let is_later = log
            .zip(newest.as_ref())
            .is_some_and(|(log, newest)| log.id == id || log.time() > newest.time());
        if !is_later {
            return Ok(None);
        }
    }
    // A file that was closed and compressed since would be read twice.
    let now = fs::metadata(live).ok().filter(fs::Metadata::is_file);
    if now.map(|now| (now.dev(), now.ino())) != id {
        return Ok(None);
    }
    sort::by_key(&mut logs, Log::place);
    logs.extend(newest);
    let last = logs.len().saturating_sub(1);
    for log in &mut logs[..last] {
        log.goes_on = true;
    }
    Ok(Some(logs))
}

/// The files that a log was, without what compression adds to their names.
fn former(live: &Path) -> Result<BTreeSet<Vec<u8>>, FindError> {
    let unreadable = |error| FindError::Unreadable {
        path: live.to_owned(),
        error,
    };
    let mut found = BTreeSet::new();
    // A file that is compressed meanwhile changes its name: one look may see neither, two see one.
    for _ in 0..2 {
        for entry in fs::read_dir(durable::folder(live)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let name = bare(name.as_bytes());
            if names::was(live, name) && entry.path().is_file() {
                found.insert(name.to_owned());
            }
        }
    }
    Ok(found)
}
