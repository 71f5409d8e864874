//! Which files a log is in: the live one, and those that it was before.
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{Line, Raw, open, read_lines};
use crate::audit::names;

/// How compressed files are named.
const COMPRESSED: [&[u8]; 2] = [b".gz", b".zst"];
/// Where a file has no record within its first bytes, its age decides.
const HEAD: u64 = 64 * 1024;

/// The log that is written at `live` with the files that it was before, the oldest first: those
/// that we rotate, and those that `logrotate` leaves, compressed or not. Where a file stands beside
/// its compressed self, one of them is enough.
///
/// # Errors
/// The folder cannot be read, or there is no such log.
pub fn rotated(live: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(names::folder(live))? {
        let found = entry?.file_name();
        if Some(&*found) == live.file_name() || was(live, &found) {
            names.insert(found);
        }
    }
    let doubles = |found: &OsStr| {
        let bare = bare(found.as_bytes());
        bare.len() < found.len() && names.contains(OsStr::from_bytes(bare))
    };
    let paths = names.iter().filter(|found| !doubles(found));
    // A name without a folder stays one, as it was typed.
    let mut files: Vec<_> = paths
        .map(|found| live.with_file_name(found))
        .filter(|path| path.is_file())
        .map(|path| (begins(&path), path))
        .collect();
    if files.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    files.sort_by(|one, other| {
        let last = |path: &Path| path.file_name() == live.file_name();
        (last(&one.1), &one.0, &one.1).cmp(&(last(&other.1), &other.0, &other.1))
    });
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// A name without what compression adds to it.
fn bare(name: &[u8]) -> &[u8] {
    let mut endings = COMPRESSED.iter();
    endings
        .find_map(|ending| name.strip_suffix(*ending))
        .unwrap_or(name)
}

/// Whether the file `found` was once the log `live`: one that we rotated, or `audit.log.1` and
/// `audit.log-20261128` of others.
fn was(live: &Path, found: &OsStr) -> bool {
    let others = || {
        let found = bare(found.as_bytes());
        let rest = found.strip_prefix(live.file_name()?.as_bytes())?;
        let (first, rest) = rest.split_first()?;
        let of_a_date = |byte: &u8| byte.is_ascii_digit() || b"-_.:TZ".contains(byte);
        let is_old = b".-".contains(first) && rest.first()?.is_ascii_digit();
        Some(is_old && rest.iter().all(of_a_date))
    };
    names::is_closed(live, found) || others() == Some(true)
}

/// By what files are put in order: the first time and number that stand in it, else its age.
fn begins(path: &Path) -> (i64, u64) {
    let mut first = None;
    if let Ok(file) = File::open(path).and_then(open) {
        let _ = read_lines(file.take(HEAD), |_, raw| {
            if let (None, Raw::Line(line)) = (first, raw) {
                first = Line::read(line).ok().map(|line| (line.millis, line.seq));
            }
        });
    }
    if let Some((millis, seq)) = first {
        return (millis, seq.unwrap_or(0));
    }
    let changed = fs::metadata(path).and_then(|file| file.modified());
    let age = changed.map_or(0, |at| {
        let since = at.duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX))
    });
    (age, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_known_by_what_rotation_makes_of_its_name() {
        let was = |found: &str| was(Path::new("logs/audit.log"), OsStr::new(found));
        for found in [
            "audit-20261128T193000Z-1.log",
            "audit-20261128T193000Z-1234567.log",
            "audit.log.1",
            "audit.log.12",
            "audit.log-20261128",
            "audit.log-20261128-1764358200",
            "audit.log-2026-11-28_19:30",
        ] {
            for ending in ["", ".gz", ".zst"] {
                assert!(was(&format!("{found}{ending}")), "{found}{ending}");
            }
        }
        for foreign in [
            "audit.log.lock",
            "audit.log.bak",
            "audit.log.",
            "audit.log-",
            "audit.logs.1",
            "my-audit.log.1",
            "audit-2.log",
            "audit-20261128T193000Z-.log",
            "audit-20261128T193000Z-1.txt",
            "audit.log.1.tmp",
            ".audit.log.head",
        ] {
            assert!(!was(foreign), "{foreign}");
        }
    }
}
