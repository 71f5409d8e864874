//! One process at a time: a lock on a file beside the one that is edited, whose own inode changes.
use std::{
    ffi::OsStr,
    fs::{File, TryLockError},
    os::{fd::OwnedFd, unix::fs::FileExt},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{
        AtFlags, FileType, Mode, OFlags, Stat, accessat, fchown, fstat, openat, statat, unlinkat,
    },
    io::{Errno, pread},
    process::{Gid, Uid},
};

use super::{
    Error, Refusal, is_root,
    place::{Access, Place},
};

/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// What a lock holds from when the file beside it was written or found on.
const MARK: &[u8] = b"written\n";

/// Takes the lock, which is held until the file is dropped or the process ends in any way.
pub(super) fn take(place: &Place, patience: Duration) -> Result<File, Error> {
    let deadline = Instant::now() + patience;
    let failed = |error| place.failed("be locked", error);
    loop {
        let file = File::from(open(place)?);
        match file.try_lock() {
            Ok(()) if is_still_there(place, &file) => return Ok(file),
            Ok(()) => {} // somebody removed the file that was waited for: it locks nobody out
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(Error::Locked(place.path().to_owned()));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
        }
    }
}

/// Whether a file could be put beside the one that is to be locked.
pub(super) fn expect_room(place: &Place) -> Result<(), Error> {
    let write = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    let found = accessat(place.folder(), ".", write, AtFlags::empty());
    found.map_err(|error| no_room(place, error))
}

fn no_room(place: &Place, error: Errno) -> Error {
    place.failed(
        "be locked by a file in its folder, which must be writable",
        error,
    )
}

/// Takes away the file that is locked, while it is: whoever waits for it sees that it has gone.
pub(super) fn remove(place: &Place) {
    let _ = unlinkat(place.folder(), place.beside(".lock"), AtFlags::empty());
}

/// Notes in the lock that the file is there. Where that fails, it is there nevertheless, and only that
/// it was is not known later.
pub(super) fn mark(lock: &File) {
    if fstat(lock).is_ok_and(|stat| stat.st_size == 0 && stat.st_nlink == 1) {
        let _ = lock.write_all_at(MARK, 0);
    }
}

/// The same without the lock, which somebody else may have: all write the same into it.
pub(super) fn mark_left(place: &Place) -> Result<(), Error> {
    let lock = place.sibling(place.beside(".lock"))?;
    lock.expect_own()?;
    if let Ok(lock) = lock.open(OFlags::RDWR) {
        mark(&File::from(lock));
    }
    Ok(())
}

/// Whether the file beside this lock was there once.
pub(super) fn is_marked(lock: &File) -> bool {
    fstat(lock).is_ok_and(|stat| tells(&stat))
}

/// The same of a lock that somebody else may have or own.
pub(super) fn tells_of_file(place: &Place) -> Result<bool, Error> {
    let lock = place.sibling(place.beside(".lock"))?;
    Ok(lock.stat()?.is_some_and(|stat| tells(&stat)))
}

fn tells(stat: &Stat) -> bool {
    stat.st_size.cast_unsigned() == MARK.len() as u64
}

fn open(place: &Place) -> Result<OwnedFd, Error> {
    let failed = |error| place.failed("be locked", error);
    let name = place.beside(".lock");
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let new = flags | OFlags::CREATE | OFlags::EXCL;
    let made = openat(place.folder(), &name, new, Mode::RUSR | Mode::WUSR);
    let file = match made {
        Err(Errno::EXIST) => match open_left(place, &name, flags) {
            Err(Errno::NOENT) => return open(place),
            Err(Errno::ACCESS) => {
                let lock = place.sibling(name)?;
                return Err(lock.failed("be opened", Errno::ACCESS));
            }
            opened => opened,
        },
        made => made,
    };
    let file = file.map_err(|error| match error {
        Errno::ROFS | Errno::ACCESS => no_room(place, error),
        error => failed(error),
    })?;
    let stat = fstat(&file).map_err(failed)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Error::Refused {
            path: place.path().with_file_name(name),
            refusal: Refusal::NotRegular,
        });
    }
    if is_root() {
        share(place, &file, &stat)?;
    }
    Ok(file)
}

/// One that may only be read locks as well. That the file was there is not noted in it then.
fn open_left(place: &Place, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    let open = |flags| openat(place.folder(), name, flags, Mode::empty());
    match open(flags) {
        Err(Errno::ACCESS) => open(flags.difference(OFlags::RDWR)),
        opened => opened,
    }
}

/// A lock that root made must not lock out the user whose file it is.
fn share(place: &Place, lock: &OwnedFd, stat: &Stat) -> Result<(), Error> {
    let owner = match place.stat()? {
        Some(file) => Access::of(&file),
        None => place.folder_access()?,
    };
    if (stat.st_uid, stat.st_gid) == (owner.uid, owner.gid) {
        return Ok(());
    }
    // Who owns the folder may have put another name of a file of root's here.
    if stat.st_nlink != 1 || !is_ours(lock, stat) {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(owner.uid), Gid::from_raw(owner.gid));
    fchown(lock, Some(uid), Some(gid)).map_err(|error| place.failed("be locked", error))
}

/// Whether it holds what a lock holds, and nothing else.
fn is_ours(lock: &OwnedFd, stat: &Stat) -> bool {
    if stat.st_size == 0 {
        return true;
    }
    let mut held = [0; MARK.len()];
    tells(stat) && pread(lock, &mut held, 0).is_ok_and(|length| held[..length] == *MARK)
}

fn is_still_there(place: &Place, lock: &File) -> bool {
    let name = place.beside(".lock");
    let there = statat(place.folder(), name, AtFlags::SYMLINK_NOFOLLOW);
    let same = there.and_then(|there| Ok((there, fstat(lock)?)));
    same.is_ok_and(|(there, ours)| (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino))
}
