//! What the log had come to, remembered outside of it: a log that ends before that was cut, or is
//! an older one from a backup.
use std::{
    cmp::Reverse,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Write},
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use rustix::{fs::OFlags, io::Errno};
use serde::Deserialize;

use super::{
    names,
    reader::{self, Raw},
    record::{Field, Plain},
    seal::Sealed,
    tail::{Beginning, Previous, Tail, ends, newest_seal, newest_seal_of, sha256},
};
use crate::sort;

/// So many compressed files are looked into, and so many of any kind for a seal, the newest first.
const FEW: usize = 8;
/// What is kept beside the log is a fraction of it.
const KEPT: u64 = 4 << 10;

/// The newest record of a log, and its time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Head {
    pub(super) time: DateTime<Utc>,
    pub(super) previous: Previous,
}

impl Head {
    /// Whether a log with this head is newer than one with that.
    pub(super) fn is_after(&self, other: &Self) -> bool {
        (self.time, self.previous.seq) > (other.time, other.previous.seq)
    }

    /// Keeps it beside the log.
    pub(super) fn keep(&self, log: &Path) -> io::Result<()> {
        let mut line = b"{\"timestamp\": ".to_vec();
        self.time.write(&mut line);
        line.extend_from_slice(b", \"seq\": ");
        Plain(self.previous.seq).write(&mut line);
        line.extend_from_slice(b", \"hash\": ");
        self.previous.hash.write(&mut line);
        line.extend_from_slice(b"}\n");
        let half = names::hidden(log, "head.tmp");
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(flags.bits().cast_signed())
            .open(&half)?;
        if !file.metadata()?.is_file() {
            return Err(holds("what is to hold it is not a regular file"));
        }
        file.write_all(&line)?;
        fs::rename(half, names::hidden(log, "head"))
    }

    /// What was kept there; `None` where nothing was.
    pub(super) fn kept(log: &Path) -> io::Result<Option<Self>> {
        let path = names::hidden(log, "head");
        let Some(file) = there(open_as(&path, OFlags::NOFOLLOW))? else {
            return Ok(None);
        };
        let mut text = Vec::new();
        file.take(KEPT).read_to_end(&mut text)?;
        let said = Self::said(&text);
        said.map(Some).ok_or_else(|| holds("it names no record"))
    }

    fn said(text: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Kept<'a> {
            timestamp: DateTime<Utc>,
            seq: u64,
            hash: &'a str,
        }
        let Kept {
            timestamp,
            seq,
            hash: digits,
        } = serde_json::from_slice(text).ok()?;
        let mut hash = [0; 32];
        hex::decode_to_slice(digits, &mut hash).ok()?;
        Some(Self {
            time: timestamp,
            previous: Previous { seq, hash },
        })
    }

    /// The newest checkpoint of a file that has them too; `None` where it has none yet, for it is
    /// made with the first. A link to it is followed, as by who writes there.
    fn told(checkpoints: &Path) -> io::Result<Option<Self>> {
        let Some(file) = there(open_as(checkpoints, OFlags::empty()))? else {
            return Ok(None);
        };
        let newest = Tail::read(&file)?.newest;
        if newest.is_none() && file.metadata()?.len() > 0 {
            return Err(holds("it has no checkpoint near its end"));
        }
        Ok(newest)
    }
}

/// A record, and its time.
type Dated = (Previous, DateTime<Utc>);

/// What is known of a log's newest record beside it and where its checkpoints go: which file says
/// so, and what it says; `None` where it is not there or holds nothing.
pub fn heads_elsewhere(
    log: &Path,
    checkpoints: Option<&Path>,
) -> impl Iterator<Item = (PathBuf, io::Result<Option<Dated>>)> {
    let said = |head: Option<Head>| head.map(|head| (head.previous, head.time));
    elsewhere(log, checkpoints).map(move |(path, head)| (path, head.map(said)))
}

/// Whether a record is in a file, which can be read.
pub fn is_in(file: &Path, record: Previous) -> bool {
    open(file).is_some_and(|file| has(&file, record).unwrap_or(false))
}

/// Whether a record is in the log that is written at `log` or in a file that it was before.
///
/// # Errors
/// It is in none of those that can be read, and there is one that cannot be.
pub fn is_in_former(log: &Path, record: Previous) -> io::Result<bool> {
    let mut answer = Ok(false);
    // The newest first: that is where it is, mostly.
    for file in reader::rotated(log)?.iter().rev() {
        match file.open().and_then(|file| has(&file, record)) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => answer = Err(error),
        }
    }
    answer
}

fn elsewhere(
    log: &Path,
    checkpoints: Option<&Path>,
) -> impl Iterator<Item = (PathBuf, io::Result<Option<Head>>)> {
    let kept = (names::hidden(log, "head"), Head::kept(log));
    // A pipe or a device keeps nothing that could be read again.
    let is_kept = |path: &&Path| {
        let found = fs::metadata(path);
        found.map_or(true, |it| it.is_file() || it.is_dir())
    };
    let checkpoints = checkpoints.filter(is_kept);
    let told = checkpoints.map(|path| (path.to_owned(), Head::told(path)));
    [kept].into_iter().chain(told)
}

/// The newest record that anything else than the log knows of: what was kept beside it, its
/// checkpoints elsewhere, the file that was closed last. And what of these cannot be read.
pub(super) fn known(
    log: &Path,
    checkpoints: Option<&Path>,
) -> (Option<Head>, Vec<(PathBuf, io::Error)>) {
    let mut unread = Vec::new();
    let mut all = Vec::new();
    for (path, head) in elsewhere(log, checkpoints) {
        match head {
            Ok(head) => all.extend(head),
            Err(error) => unread.push((path, error)),
        }
    }
    let closed = newest_closed(log);
    all.extend(closed.and_then(|file| Tail::read(&file).ok()?.newest));
    let all = all.into_iter();
    let newest = all.reduce(|one, two| if two.is_after(&one) { two } else { one });
    (newest, unread)
}

/// The time of the newest record of a log, for who does not write it; `None` where none is known.
pub fn newest_record(log: &Path, checkpoints: Option<&Path>) -> Option<DateTime<Utc>> {
    let held = open(log).and_then(|file| Tail::read(&file).ok()?.newest);
    let heads = [held, known(log, checkpoints).0].into_iter().flatten();
    heads.map(|head| head.time).max()
}

/// The file that our own rotation closed last, unless it is compressed.
fn newest_closed(log: &Path) -> Option<File> {
    let closed = names::all_closed(log).ok()?;
    let newest = closed.last().filter(|file| !file.compressed)?;
    open(&newest.path)
}

/// A file that was the log: its name, its end and its beginning.
type Piece = (Vec<u8>, Tail, Beginning);

/// The piece of the log beside it that ends it: the one that holds what is `known`, or the last of
/// those that go on from there, for a server that was killed has not kept its newest head.
pub(super) fn predecessor(log: &Path, known: &Head) -> Option<Piece> {
    let (plain, packed) = newest_pieces(log)?;
    let holding = |path: &PathBuf| holding(path, known);
    let last = plain.iter().filter_map(holding);
    let last = last.reduce(|one, two| if two.0.is_after(&one.0) { two } else { one });
    // It takes long to read all of what others have compressed.
    let begins =
        |path: &&PathBuf| beginning(path).is_some_and(|it| it.first_seq <= known.previous.seq);
    let mut few = packed.iter().filter(begins).take(FEW);
    let (_, mut last) = last.or_else(|| few.find_map(holding))?;
    let both = plain.iter().chain(&packed);
    while let Some(next) = both.clone().find_map(|path| successor(path, &last)) {
        last = next;
    }
    Some(last)
}

/// The newest seal of the pieces of the log beside it, and that of those that are compressed.
pub(super) fn newest_seals(log: &Path) -> Vec<Sealed> {
    let (plain, packed) = newest_pieces(log).unwrap_or_default();
    let mut plain = plain.iter().take(FEW);
    let plain = plain.find_map(|path| newest_seal(&open(path)?).ok()?);
    let mut packed = packed.iter().take(FEW);
    let packed = packed.find_map(|path| {
        let file = open(path)?;
        newest_seal_of(reader::open(&file).ok()?).ok()?
    });
    plain.into_iter().chain(packed).collect()
}

/// The pieces of the log beside it, plain and compressed, those that were written last first.
fn newest_pieces(log: &Path) -> Option<(Vec<PathBuf>, Vec<PathBuf>)> {
    let mut pieces = names::pieces(log).ok()?;
    let changed = |path: &PathBuf| fs::metadata(path).and_then(|it| it.modified()).ok();
    sort::by_cached_key(&mut pieces, |path| Reverse(changed(path)));
    let is_plain = |path: &PathBuf| !names::is_packed(path);
    Some(pieces.into_iter().partition(is_plain))
}

/// A file, if it holds what is `known`, and its newest record.
fn holding(path: &Path, known: &Head) -> Option<(Head, Piece)> {
    let (name, tail, beginning) = piece(path)?;
    let newest = tail.newest.filter(|_| tail.holds(known))?;
    let is_there = tail.has(known.previous) || is_in(path, known.previous);
    is_there.then_some((newest, (name, tail, beginning)))
}

/// A file, if it goes on where `last` ended, and ends later: so none comes twice.
fn successor(path: &Path, last: &Piece) -> Option<Piece> {
    let after = beginning(path)?.previous_head?;
    let next = (last.1.last_line == Some(after)).then(|| piece(path))??;
    next.1.newest?.is_after(&last.1.newest?).then_some(next)
}

fn beginning(path: &Path) -> Option<Beginning> {
    let file = open(path)?;
    Beginning::unpacked(reader::open(&file).ok()?).ok()?
}

/// `None` for a file that ends earlier than it begins: it was joined newest first.
fn piece(path: &Path) -> Option<Piece> {
    let file = open(path)?;
    let (tail, beginning) = if names::is_packed(path) {
        ends(reader::open(&file).ok()?).ok()?
    } else {
        (Tail::read(&file).ok()?, Beginning::read(&file).ok()?)
    };
    let name = path.file_name()?.as_bytes().to_owned();
    let beginning = beginning.filter(|it| tail.newest.is_some_and(|end| it.time <= end.time))?;
    Some((name, tail, beginning))
}

/// Whether a record is in a file, wherever.
fn has(file: &File, record: Previous) -> io::Result<bool> {
    let seq = format!(", \"seq\": {}, ", record.seq);
    let mut found = false;
    let lines = BufReader::new(reader::open(file)?);
    let read = reader::read_lines(lines, |_, raw| {
        if let Raw::Line(line) = raw
            && !found
        {
            found =
                memchr::memmem::find(line, seq.as_bytes()).is_some() && sha256(line) == record.hash;
        }
    });
    read.map(|()| found)
}

fn open(file: &Path) -> Option<File> {
    open_as(file, OFlags::NOFOLLOW).ok()
}

/// Opens a regular file and nothing else, without waiting for anybody.
fn open_as(file: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    let options = options.read(true).custom_flags(flags.bits().cast_signed());
    let opened = options.open(file).map_err(|error| {
        if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
            holds("it is a symbolic link")
        } else {
            error
        }
    })?;
    if !opened.metadata()?.is_file() {
        return Err(holds("it is not a regular file"));
    }
    Ok(opened)
}

fn there(opened: io::Result<File>) -> io::Result<Option<File>> {
    match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

fn holds(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
