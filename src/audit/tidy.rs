//! Closed files: compressed where that is asked for, and gone when there are too many.
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::OFlags;

use super::{
    names::{self, Closed},
    settings::{Compress, Rotation},
};
use crate::durable;

const CHUNK: usize = 64 * 1024;
/// With records, zstd's first level is its fastest and no larger than the third.
const ZSTD_LEVEL: i32 = 1;
/// So far a name may be ahead: the log may have been rotated since the time was asked for.
const AHEAD: TimeDelta = TimeDelta::hours(1);

/// Clears what was cut off, removes what is beyond `AUDIT_KEEP`, compresses the rest. Takes its
/// time: for a thread of its own. Whether all is done: the file with the record that is remembered
/// beside the log, `head`, and those behind it are left until that is another one. One that is named
/// after a time well past `newest` is none of this chain, and counts as the oldest. What cannot be cleared
/// or compressed keeps no other file from it; the first error names its file.
pub(super) fn tidy(
    log: &Path,
    rotation: &Rotation,
    head: Option<u64>,
    newest: DateTime<Utc>,
) -> io::Result<bool> {
    let mut failed = None;
    let mut note = |path: &Path, done: io::Result<()>| {
        if let Err(error) = done {
            let told = format!("{}: {error}", path.display());
            failed.get_or_insert_with(|| io::Error::new(error.kind(), told));
        }
    };
    for temporary in names::all_temporary(log)? {
        note(&temporary, fs::remove_file(&temporary));
    }
    let mut closed = names::all_closed(log)?;
    let latest = newest.naive_utc() + AHEAD;
    let ours = closed.partition_point(|it| it.time <= latest);
    closed.rotate_left(ours);
    let (gone, left, is_done) = sorted_out(closed, rotation.keep, head);
    remove(gone, &mut note);
    for file in left.iter().filter(|file| !file.compressed) {
        note(&file.path, compress(&file.path, rotation.compress));
    }
    failed.map_or(Ok(is_done), Err)
}

/// Removes files, the oldest first, and none behind one that cannot be: it would be missing between others.
fn remove(gone: Vec<Closed>, note: &mut impl FnMut(&Path, io::Result<()>)) {
    for file in gone {
        let removed = fs::remove_file(&file.path);
        let is_left = removed.is_err();
        note(&file.path, removed);
        if is_left {
            return;
        }
    }
}

/// Which of the closed files go and which stay, and whether no more will go once the head moves on.
fn sorted_out(
    closed: Vec<Closed>,
    keep: usize,
    head: Option<u64>,
) -> (Vec<Closed>, Vec<Closed>, bool) {
    let (mut gone, mut left) = (Vec::new(), Vec::new());
    let (mut kept, mut is_done, mut is_before_head) = (0, true, head.is_none());
    let mut newer: Option<Closed> = None;
    for file in closed.into_iter().rev() {
        if !newer.as_ref().is_some_and(|newer| newer.is_twin(&file)) {
            kept += 1;
            is_before_head |= newer
                .as_ref()
                .zip(head)
                .is_some_and(|(newer, head)| newer.first_seq <= head.saturating_add(1));
        }
        newer = Some(file.clone());
        if keep == 0 || kept <= keep {
            left.push(file);
        } else if is_before_head {
            gone.push(file);
        } else {
            is_done = false;
            left.push(file);
        }
    }
    // The oldest goes first: whenever the process ends, none is missing between others.
    gone.reverse();
    left.reverse();
    (gone, left, is_done)
}

/// Puts a compressed file in the place of a plain one, which goes once the other is on the disk.
fn compress(file: &Path, how: Compress) -> io::Result<()> {
    let Some((whole, half)) = names::compressed(file, how) else {
        return Ok(());
    };
    let source = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(file)?;
    let target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(source.metadata()?.mode() & 0o777)
        .open(&half)?;
    let written = encode(source, &target, how).and_then(|()| target.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&half, &whole)) {
        let _ = fs::remove_file(&half);
        return Err(error);
    }
    File::open(durable::folder(file))?.sync_all()?;
    fs::remove_file(file)
}

fn encode(source: File, target: &File, how: Compress) -> io::Result<()> {
    match how {
        Compress::Off => Ok(()),
        Compress::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(target, flate2::Compression::default());
            pour(source, &mut encoder)?;
            encoder.finish().map(drop)
        }
        Compress::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(target, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            pour(source, &mut encoder)?;
            encoder.finish().map(drop)
        }
    }
}

fn pour(mut source: File, target: &mut impl Write) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => target.write_all(&chunk[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the first records of the closed files that stay, and whether all is done.
    fn left(first_seqs: &[u64], head: Option<u64>) -> (Vec<u64>, bool) {
        left_at(first_seqs, head, DateTime::<Utc>::MAX_UTC - AHEAD)
    }

    /// The same at that time. Each was closed a second after the one before.
    fn left_at(first_seqs: &[u64], head: Option<u64>, newest: DateTime<Utc>) -> (Vec<u64>, bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("audit.log");
        let mut time = DateTime::UNIX_EPOCH;
        for first_seq in first_seqs {
            time += TimeDelta::seconds(1);
            fs::write(names::closed(&log, time, *first_seq), "").expect("written");
        }
        let rotation = Rotation {
            keep: 1,
            ..Rotation::default()
        };
        let is_done = tidy(&log, &rotation, head, newest).expect("tidied");
        let closed = names::all_closed(&log).expect("a folder");
        (closed.iter().map(|it| it.first_seq).collect(), is_done)
    }

    #[test]
    fn the_file_with_the_head_and_those_behind_it_stay_until_it_has_moved_on() {
        let closed = [1, 11, 21, 31];
        assert_eq!(left(&closed, Some(15)), (vec![11, 21, 31], false));
        assert_eq!(left(&closed, Some(29)), (vec![21, 31], false));
        assert_eq!(left(&closed, Some(30)), (vec![31], true));
    }

    #[test]
    fn behind_a_file_that_cannot_be_removed_none_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("audit.log");
        let closed = |seq| names::closed(&log, DateTime::UNIX_EPOCH, seq);
        for seq in [1, 2, 3] {
            fs::write(closed(seq), "").expect("written");
        }
        let gone = names::all_closed(&log).expect("a folder");
        fs::remove_file(closed(2)).expect("removed");
        fs::create_dir(closed(2)).expect("made");
        let mut told = Vec::new();
        remove(gone, &mut |path, removed| {
            told.push((path.to_owned(), removed.is_ok()));
        });
        assert_eq!(told, [(closed(1), true), (closed(2), false)]);
        assert!(closed(3).exists());
    }

    /// What stands beside the log after closed files were compressed, and what was told.
    fn compressed(make: impl FnOnce(&Path)) -> (Vec<String>, Option<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("audit.log");
        make(&log);
        let rotation = Rotation {
            compress: Compress::Gzip,
            ..Rotation::default()
        };
        let done = tidy(&log, &rotation, None, DateTime::<Utc>::MAX_UTC - AHEAD);
        let left = fs::read_dir(folder.path()).expect("a folder");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("a name").file_name();
        let mut left: Vec<_> = left
            .map(|it| name(it).into_string().expect("a text"))
            .collect();
        left.sort_unstable();
        let told = done.err().map(|error| error.to_string());
        let folder = format!("{}/", folder.path().display());
        (left, told.map(|told| told.replace(&folder, "")))
    }

    #[test]
    fn a_folder_that_is_called_as_a_closed_file_is_none_and_keeps_no_other_from_being_tidied() {
        let closed = |log: &Path, seq| names::closed(log, DateTime::UNIX_EPOCH, seq);
        let (left, told) = compressed(|log| {
            fs::create_dir(closed(log, 1)).expect("made");
            fs::write(closed(log, 2), "").expect("written");
        });
        let expected = [
            "audit-19700101T000000Z-1.log",
            "audit-19700101T000000Z-2.log.gz",
        ];
        assert_eq!((left, told), (expected.map(str::to_owned).into(), None));
    }

    #[test]
    fn a_file_that_cannot_be_compressed_is_named_and_the_others_are() {
        let closed = |log: &Path, seq| names::closed(log, DateTime::UNIX_EPOCH, seq);
        let (left, told) = compressed(|log| {
            for seq in [1, 2] {
                fs::write(closed(log, seq), "").expect("written");
            }
            let half = names::compressed(&closed(log, 1), Compress::Gzip);
            fs::create_dir(half.expect("a name").1).expect("made");
        });
        let expected = [
            ".audit-19700101T000000Z-1.log.gz.tmp",
            "audit-19700101T000000Z-1.log",
            "audit-19700101T000000Z-2.log.gz",
        ];
        assert_eq!(left, expected);
        assert_eq!(
            told.as_deref(),
            Some("audit-19700101T000000Z-1.log: File exists (os error 17)")
        );
    }

    #[test]
    fn where_no_head_is_known_the_oldest_go() {
        assert_eq!(left(&[1, 11, 21], None), (vec![21], true));
    }

    #[test]
    fn a_file_from_a_time_that_has_not_come_counts_as_the_oldest() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(2_900) - AHEAD;
        let closed = [1, 11, 500];
        assert_eq!(left_at(&closed, Some(20), now), (vec![11], true));
        assert_eq!(left_at(&closed[..2], Some(20), now), (vec![11], true));
    }

    #[test]
    fn the_oldest_goes_first() {
        let file = |first_seq| {
            let name = names::closed(Path::new("audit.log"), DateTime::UNIX_EPOCH, first_seq);
            names::read_closed(Path::new("audit.log"), name.file_name()?)
        };
        let closed = [1, 11, 21, 31].map(|first_seq| file(first_seq).expect("a closed file"));
        let (gone, left, _) = sorted_out(closed.to_vec(), 1, None);
        assert_eq!((gone.as_slice(), left.as_slice()), closed.split_at(3));
    }

    #[test]
    fn files_of_a_chain_that_ended_go_whatever_their_numbers() {
        let closed = [1, 1_000, 2_000, 1, 11];
        assert_eq!(left(&closed, Some(12)), (vec![11], true));
    }
}
