//! What the files beside a log are called.
use std::{
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDateTime, Utc};

use super::settings::Compress;
use crate::{durable::folder, sort};

const TIME: &str = "%Y%m%dT%H%M%SZ";
/// How compressed files are named.
pub(super) const COMPRESSED: [&[u8]; 2] = [b".gz", b".zst"];
/// How a file ends that is only half there.
const TEMPORARY: &[u8] = b".tmp";

/// A file that was the log once, closed by our own rotation.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Closed {
    pub(super) time: NaiveDateTime,
    pub(super) first_seq: u64,
    pub(super) path: PathBuf,
    pub(super) compressed: bool,
}

impl Closed {
    /// Whether this is the same piece of the log, compressed or not.
    pub(super) fn is_twin(&self, other: &Self) -> bool {
        (self.time, self.first_seq) == (other.time, other.first_seq)
    }
}

/// `audit-20261128T193000Z-17.log`: when it was left, and the number of its first record.
pub(super) fn closed(log: &Path, time: DateTime<Utc>, first_seq: u64) -> PathBuf {
    let piece = format!("-{}-{first_seq}", time.format(TIME));
    beside(log, &[stem(log), piece.as_bytes(), ending(log)])
}

/// All that our own rotation closed and that is still there, the oldest first.
pub(super) fn all_closed(log: &Path) -> io::Result<Vec<Closed>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder(log))? {
        let entry = entry?;
        let is_file = || entry.file_type().is_ok_and(|it| it.is_file());
        found.extend(read_closed(log, &entry.file_name()).filter(|_| is_file()));
    }
    sort::by(&mut found, Closed::cmp);
    Ok(found)
}

pub(super) fn read_closed(log: &Path, name: &OsStr) -> Option<Closed> {
    let plain = bare(name.as_bytes());
    let rest = plain.strip_prefix(stem(log))?;
    let rest = str::from_utf8(rest.strip_suffix(ending(log))?).ok()?;
    let (time, first_seq) = rest.strip_prefix('-')?.split_once('-')?;
    Some(Closed {
        time: NaiveDateTime::parse_from_str(time, TIME).ok()?,
        first_seq: first_seq.parse().ok()?,
        compressed: plain.len() < name.len(),
        path: folder(log).join(name),
    })
}

/// Whether a file of that name beside the log was the log once: one that our own rotation closed, or
/// `audit.log.1`, `audit.log-20261128` and `audit-20261128.log` of others. Not `audit-2.log`: that is
/// the log of another server. `name` is without what compression adds.
pub(super) fn was(log: &Path, name: &[u8]) -> bool {
    is_old(log, name) == Some(true) || is_dated(log, name) == Some(true)
}

/// Whether a file beside a log is that log, was it once by its name, or is one of those that are
/// hidden beside it.
pub fn is_of_log(file: &Path, log: &Path) -> bool {
    let name = live(file);
    let is_hidden = name
        .strip_prefix(b".")
        .is_some_and(|name| name.starts_with(live(log)));
    file.parent() == log.parent() && (name == live(log) || was(log, bare(name)) || is_hidden)
}

fn is_old(log: &Path, name: &[u8]) -> Option<bool> {
    let (first, rest) = name.strip_prefix(live(log))?.split_first()?;
    let is_old = b".-".contains(first) && rest.first()?.is_ascii_digit();
    Some(is_old && is_of_a_date(rest))
}

fn is_dated(log: &Path, name: &[u8]) -> Option<bool> {
    let rest = name.strip_prefix(stem(log))?.strip_prefix(b"-")?;
    let rest = rest.strip_suffix(ending(log))?;
    let (year, rest) = rest.split_at_checked(4)?;
    let digits = rest.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_year = year.iter().all(u8::is_ascii_digit);
    Some(is_year && digits >= 4 && is_of_a_date(rest))
}

fn is_of_a_date(text: &[u8]) -> bool {
    let is_of_one = |byte: &u8| byte.is_ascii_digit() || b"-_.:TZ".contains(byte);
    text.iter().all(is_of_one)
}

/// The log that a file was once by its name, else itself. The name is without what compression adds.
pub(super) fn log_of(file: &Path) -> PathBuf {
    let name = live(file);
    let begins = memchr::memchr2_iter(b'-', b'.', name).map(|at| &name[..at]);
    let dated = begins
        .clone()
        .map(|stem| beside(file, &[stem, ending(file)]));
    let mut dated = dated.filter(|log| is_dated(log, name) == Some(true));
    // `b-2` is the log of another server than `b-1`.
    let old = begins.filter(|log| log.contains(&b'.'));
    let old = old.map(|log| beside(file, &[log]));
    let mut old = old.filter(|log| is_old(log, name) == Some(true));
    dated
        .next()
        .or_else(|| old.next())
        .unwrap_or_else(|| file.to_owned())
}

/// Whether a file is a log that a server writes here, or was one by its name.
pub fn is_of_server(file: &Path) -> bool {
    let name = OsStr::from_bytes(bare(live(file)));
    hidden(&log_of(&file.with_file_name(name)), "head").is_file()
}

/// Whether a file is called as one that is compressed in a way that we read.
pub(super) fn is_packed(file: &Path) -> bool {
    let name = live(file);
    bare(name).len() < name.len()
}

/// A name without what compression adds to it.
pub(super) fn bare(name: &[u8]) -> &[u8] {
    let mut endings = COMPRESSED.iter();
    endings
        .find_map(|ending| name.strip_suffix(*ending))
        .unwrap_or(name)
}

/// Files beside the log that are, by their names, pieces of it: whoever rotated or renamed them.
pub(super) fn pieces(log: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder(log))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.as_bytes();
        let is_piece = name != live(log) && (name.starts_with(live(log)) || was(log, bare(name)));
        if is_piece && entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// A file of ours beside the log that no glob for logs finds: `.audit.log.head`.
pub(super) fn hidden(log: &Path, ending: &str) -> PathBuf {
    beside(log, &[b".", live(log), b".", ending.as_bytes()])
}

/// What a file will be called once it is compressed, and what it is called until then.
pub(super) fn compressed(file: &Path, how: Compress) -> Option<(PathBuf, PathBuf)> {
    let ending = match how {
        Compress::Off => return None,
        Compress::Gzip => ".gz",
        Compress::Zstd => ".zst",
    };
    let name = file.file_name().unwrap_or_default().as_bytes();
    let whole = beside(file, &[name, ending.as_bytes()]);
    Some((
        whole,
        beside(file, &[b".", name, ending.as_bytes(), TEMPORARY]),
    ))
}

/// What was being written beside the log when the process ended. A folder was not.
pub(super) fn all_temporary(log: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder(log))? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            continue;
        }
        let whole = name.as_bytes().strip_prefix(b".");
        let whole = whole.and_then(|it| it.strip_suffix(TEMPORARY));
        if whole.is_some_and(|it| read_closed(log, OsStr::from_bytes(it)).is_some()) {
            found.push(folder(log).join(name));
        }
    }
    Ok(found)
}

fn live(log: &Path) -> &[u8] {
    log.file_name().unwrap_or_default().as_bytes()
}

fn stem(log: &Path) -> &[u8] {
    log.file_stem().unwrap_or_default().as_bytes()
}

/// What follows the stem: `.log`.
fn ending(log: &Path) -> &[u8] {
    &live(log)[stem(log).len()..]
}

fn beside(file: &Path, name: &[&[u8]]) -> PathBuf {
    file.with_file_name(OsString::from_vec(name.concat()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    #[test]
    fn a_closed_file_is_known_by_its_name() {
        let log = Path::new("/logs/gate.audit.log");
        let time = DateTime::from_timestamp(1_795_980_600, 0).unwrap();
        let name = closed(log, time, 17);
        assert_eq!(name, Path::new("/logs/gate.audit-20261129T193000Z-17.log"));
        let (whole, half) = compressed(&name, Compress::Gzip).unwrap();
        for (path, compressed) in [(&name, false), (&whole, true)] {
            let read = read_closed(log, path.file_name().unwrap()).unwrap();
            assert_eq!((read.first_seq, read.compressed), (17, compressed));
            assert_eq!(&read.path, path);
        }
        for other in [
            "gate.audit.log",
            "gate.audit-1.log",
            "gate.audit-20261129T193000Z-x.log",
            "gate.audit-20261129T193000Z-17.log.1",
            "audit-20261129T193000Z-17.log",
            half.file_name().unwrap().to_str().unwrap(),
        ] {
            assert_eq!(read_closed(log, OsStr::new(other)), None, "{other}");
        }
    }

    #[test]
    fn a_file_that_was_a_log_says_which_one() {
        for (file, log) in [
            ("a/audit.log", "a/audit.log"),
            ("a/audit.log.1", "a/audit.log"),
            ("a/audit.log-20261128", "a/audit.log"),
            ("a/audit-20261128T193000Z-17.log", "a/audit.log"),
            ("a/audit-b-20261128T193000Z-17.log", "a/audit-b.log"),
            ("a/audit-20261128-1764358200.log", "a/audit.log"),
            ("a/audit-b.log.1", "a/audit-b.log"),
            ("a/audit-2.log", "a/audit-2.log"),
            ("a/audit-20261128T193000Z-17.jsonl", "a/audit.jsonl"),
            ("a/audit.jsonl.1", "a/audit.jsonl"),
            ("a/audit.jsonl-20261128", "a/audit.jsonl"),
            ("a/b-20261128T193000Z-17", "a/b"),
            ("a/b-2", "a/b-2"),
            ("-", "-"),
            ("a/b", "a/b"),
        ] {
            assert_eq!(log_of(Path::new(file)), Path::new(log), "{file}");
        }
    }

    #[test]
    fn the_pieces_of_a_log_are_the_files_that_were_it_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let were = [
            "audit-20261128T193000Z-17.log",
            "audit-20261128T193000Z-2.log.zst",
            "audit.log-20261128",
            "audit.log.1",
            "audit.log.2.gz",
        ];
        for name in were.iter().chain(&["audit.log", "audit-2.log", "b.log"]) {
            fs::write(path(name), "").unwrap();
        }
        fs::create_dir(path("audit.log.d")).unwrap();
        let mut found = pieces(&path("audit.log")).unwrap();
        found.sort();
        assert_eq!(found, were.map(path));
    }

    #[test]
    fn what_was_left_half_done_for_another_log_of_the_folder_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let log = |name: &str| folder.path().join(name);
        let half = |name: &str, how| {
            let closed = closed(&log(name), DateTime::UNIX_EPOCH, 17);
            let (_, half) = compressed(&closed, how).unwrap();
            fs::write(&half, "").unwrap();
            half
        };
        let mut ours = [
            half("audit.log", Compress::Gzip),
            half("audit.log", Compress::Zstd),
        ];
        half("audit-2.log", Compress::Gzip);
        half("audit.jsonl", Compress::Gzip);
        let mut found = all_temporary(&log("audit.log")).unwrap();
        found.sort();
        ours.sort();
        assert_eq!(found, ours);
    }

    #[test]
    fn hidden_files_begin_with_a_dot() {
        assert_eq!(
            hidden(Path::new("audit.log"), "head"),
            Path::new(".audit.log.head")
        );
    }
}
