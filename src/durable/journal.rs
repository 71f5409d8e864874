//! Overwriting in place, for a file that is a mount of its own and cannot be replaced. Old and new
//! stand in a journal (mode 0600) while it is done, so that the next command can end what was cut off.
use std::{
    ffi::OsString,
    fs::File,
    io::{self, Seek, SeekFrom, Write},
};

use rustix::{
    fs::{AtFlags, FallocateFlags, OFlags, Stat, fallocate, fstat, ftruncate, unlinkat},
    io::Errno,
    process::geteuid,
};
use zeroize::Zeroizing;

use super::{
    Error, Found, Refusal,
    place::{Access, Place},
    temporary::Temporary,
};

const ENDING: &str = ".aegis-journal";
/// What a journal begins with; then the length of the old text, the old text, the new text.
const HEAD: &[u8] = b"aegis journal 1\n";

/// Writes `new` over what was `found`.
pub(super) fn overwrite(
    place: &Place,
    found: &Found,
    new: &[u8],
    limit: u64,
) -> Result<Stat, Error> {
    let failed = |error: io::Error| place.failed("be overwritten", error);
    let read = place.read(limit)?.filter(|(now, _)| now.is(found));
    let Some((_, old)) = read else {
        return Err(Error::Changed(place.path().to_owned()));
    };
    let mut file = open(place)?;
    reserve(&file, new.len()).map_err(|error| failed(error.into()))?;

    let mut journal = Temporary::create(place)?;
    journal.write(&record(&old, new))?;
    let access = Access {
        mode: 0o600,
        ..Access::of(&found.stat)
    };
    let given = journal.give_to(access);
    given.map_err(|error| failed(error.into()))?;
    journal.sync()?;
    let named = journal.take_the_place_of(&name(place), false);
    named.map_err(|error| failed(error.into()))?;
    place.sync_folder()?;

    if let Err(error) = write(&mut file, new) {
        // The old text has its room on the disk. Where even that fails, the journal stays.
        write(&mut file, &old).map_err(failed)?;
        remove(place)?;
        return Err(failed(error));
    }
    let stat = fstat(&file).map_err(|error| failed(error.into()))?;
    remove(place)?;
    Ok(stat)
}

/// Ends what a killed command began: finishes it where the file is half old and half new. A file
/// that is neither was written by somebody else since, and is left alone.
pub(super) fn settle(place: &Place, limit: u64) -> Result<(), Error> {
    let journal = place.sibling(name(place))?;
    let Some((journal_found, record)) = journal.read(2 * limit + HEAD.len() as u64 + 8)? else {
        return Ok(());
    };
    let Some((found, current)) = place.read(limit)? else {
        return remove(place);
    };
    // Beside a file of root's own, somebody else's word does not count.
    let makers = [geteuid().as_raw(), found.stat.st_uid];
    let ours = makers.contains(&journal_found.stat.st_uid);
    let Some((old, new)) = texts(&record).filter(|_| ours) else {
        return Err(journal.refused(Refusal::ForeignJournal));
    };
    if is_torn(&current, old, new) {
        let written = write(&mut open(place)?, new);
        written.map_err(|error| {
            place.failed("be mended after an earlier command was killed", error)
        })?;
    }
    remove(place)
}

fn name(place: &Place) -> OsString {
    place.beside(ENDING)
}

fn record(old: &[u8], new: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = (old.len() as u64).to_le_bytes();
    Zeroizing::new([HEAD, &length, old, new].concat())
}

fn texts(record: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, texts) = record.strip_prefix(HEAD)?.split_first_chunk()?;
    texts.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

/// Whether each byte is one of the old or the new text, and they are mixed.
fn is_torn(current: &[u8], old: &[u8], new: &[u8]) -> bool {
    let known = |at: usize, byte| old.get(at) == Some(&byte) || new.get(at) == Some(&byte);
    let explained = || {
        current
            .iter()
            .enumerate()
            .all(|(at, byte)| known(at, *byte))
    };
    current != old && current != new && explained()
}

fn open(place: &Place) -> Result<File, Error> {
    let opened = place.open(OFlags::RDWR);
    opened
        .map(File::from)
        .map_err(|error| place.failed("be overwritten", error))
}

/// Asks for the room before anything is overwritten.
fn reserve(file: &File, length: usize) -> Result<(), Errno> {
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, length.max(1) as u64) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
        reserved => reserved,
    }
}

fn write(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(bytes)?;
    ftruncate(&*file, bytes.len() as u64)?;
    file.sync_all()
}

fn remove(place: &Place) -> Result<(), Error> {
    let removed = unlinkat(place.folder(), name(place), AtFlags::empty());
    removed.map_err(|error| place.failed("be freed of its journal", error))?;
    place.sync_folder()
}
