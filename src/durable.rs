//! Files that are replaced whole or not at all, by one process at a time. What they hold is not
//! known here; it may be secret, so no copy of it stays behind and no error has a byte of it.
mod error;
mod journal;
mod lock;
mod place;
mod temporary;

use std::{fs::File, path::Path, time::Duration};

use ring::digest::{self, Digest, SHA256};
use rustix::{
    fs::{AtFlags, Stat, StatxAttributes, StatxFlags},
    io::Errno,
    process::geteuid,
};
use zeroize::Zeroizing;

pub use error::{Error, Refusal};
use place::Place;
pub use place::{Access, folder};
use temporary::Temporary;

/// How long a command waits for another one that edits the same file.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A file, there or yet to be made, that no other command edits while this value lives.
///
/// It is named by a path that may be a link, which is followed once and stays. The file must be a
/// regular one of the caller's own, unless the caller is root; who owns it and who may read it
/// stays as it was. A new one gets mode 0600.
pub struct LockedFile {
    place: Place,
    found: Option<Found>,
    bytes: Option<Zeroizing<Vec<u8>>>,
    access_when_new: Access,
    limit: u64,
    lock: File,
}

/// A file as it was when it was read.
struct Found {
    stat: Stat,
    digest: Digest,
}

/// Whether a file that cannot be replaced, being a mount of its own, may be overwritten in place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InPlace {
    Never,
    Allowed,
}

impl LockedFile {
    /// Locks the file at `path`, clears what a killed command left beside it, and reads it.
    /// Waits up to `patience` for others who edit it. No file is larger than `limit` bytes.
    pub fn open(path: &Path, limit: u64, patience: Duration) -> Result<Self, Error> {
        let place = Place::find(path)?;
        let folder = place.folder_access()?;
        let lock = lock::take(&place, patience)?;
        let read = settled(&place, limit);
        if read.is_err() && !lock::is_marked(&lock) {
            lock::remove(&place);
        }
        let (found, bytes) = read?.unzip();
        // Whoever made it: by another program, or before locks told anything.
        if found.is_some() {
            lock::mark(&lock);
        }
        Ok(Self {
            access_when_new: Access {
                mode: 0o600,
                ..folder
            },
            place,
            found,
            bytes,
            limit,
            lock,
        })
    }

    /// Where the file really is: the link at its path, if it was one, followed.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Leaves no file behind that was there for the lock, where commands are few and the folder is a
    /// person's own.
    pub fn release(self) {
        lock::remove(&self.place);
    }

    /// Whether there is a file yet.
    pub fn exists(&self) -> bool {
        self.found.is_some()
    }

    /// What it held when it was opened, once; nothing where there was no file.
    pub fn take_bytes(&mut self) -> Zeroizing<Vec<u8>> {
        self.bytes.take().unwrap_or_default()
    }

    /// Whose it is and who may read it; of a file that is not there yet, who will.
    pub fn access(&self) -> Access {
        let found = self.found.as_ref();
        found.map_or(self.access_when_new, |found| Access::of(&found.stat))
    }

    /// Lets a file that is not there yet belong to whom another belongs to, as far as the caller may.
    pub fn belong_when_new(&mut self, access: Access) {
        self.access_when_new = access;
    }

    /// Puts `bytes` in the place of what was read. After any end of the process and after any error
    /// the file is whole: what it was or what it was to be.
    ///
    /// # Errors
    /// Besides failures of the disk: somebody changed the file since it was read, or it is a mount
    /// of its own and `in_place` forbids what then can be done.
    pub fn replace(&mut self, bytes: &[u8], in_place: InPlace) -> Result<(), Error> {
        self.check_length(bytes.len())?;
        let mut temporary = Temporary::create(&self.place)?;
        temporary.write(bytes)?;
        self.hand_over(&temporary)?;
        temporary.sync()?;
        self.check_unchanged()?;
        let renamed = temporary.take_the_place_of(self.place.name(), self.found.is_some());
        drop(temporary);
        let stat = match (renamed, &self.found) {
            (Ok(stat), _) => stat,
            (Err(Errno::EXIST), _) => return Err(Error::Changed(self.path().to_owned())),
            (Err(Errno::BUSY), Some(found)) if in_place == InPlace::Allowed => {
                journal::overwrite(&self.place, found, bytes, self.limit)?
            }
            (Err(Errno::BUSY), _) => return Err(Error::MountPoint(self.path().to_owned())),
            (Err(error), _) => return Err(self.place.failed("be replaced", error)),
        };
        let digest = digest::digest(&SHA256, bytes);
        self.found = Some(Found { stat, digest });
        lock::mark(&self.lock);
        self.place.sync_folder()
    }

    /// Does all of [`LockedFile::replace`] with `length` bytes that can fail and changes nothing, for
    /// who must not go half a way.
    pub fn rehearse(&self, length: usize) -> Result<(), Error> {
        self.check_length(length)?;
        let temporary = Temporary::create(&self.place)?;
        self.hand_over(&temporary)
    }

    fn check_length(&self, length: usize) -> Result<(), Error> {
        if length as u64 > self.limit {
            return Err(self.place.refused(Refusal::Large(self.limit)));
        }
        Ok(())
    }

    /// Gives a new version to whom the file belongs, and to nobody else.
    fn hand_over(&self, temporary: &Temporary<'_>) -> Result<(), Error> {
        let access = self.access();
        let given = temporary.give_to(access);
        match given.and_then(|()| temporary.lend_alike()) {
            // A new file is the caller's then, and nobody else reads it.
            Err(Errno::PERM) if self.found.is_none() => Ok(()),
            Err(Errno::PERM) if access.uid == geteuid().as_raw() => {
                Err(self.place.refused(Refusal::ForeignGroup))
            }
            given => given.map_err(|error| self.place.failed("keep its owner and mode", error)),
        }
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        let now = self.place.look(self.limit)?;
        let same = match (&self.found, &now) {
            (None, None) => true,
            (Some(then), Some(now)) => then.is(now),
            _ => false,
        };
        if same {
            Ok(())
        } else {
            Err(Error::Changed(self.path().to_owned()))
        }
    }
}

impl Drop for LockedFile {
    /// A lock without a file is left only where it tells that there was one.
    fn drop(&mut self) {
        if self.found.is_none() && !lock::is_marked(&self.lock) {
            lock::remove(&self.place);
        }
    }
}

/// Reads the file, freed of what a killed command left beside it.
fn settled(place: &Place, limit: u64) -> Result<Option<place::Reading>, Error> {
    temporary::clear(place)?;
    journal::settle(place, limit)?;
    place.read(limit)
}

impl Found {
    /// Whether nobody touched the file between this reading and `other`.
    fn is(&self, other: &Self) -> bool {
        let marks = |stat: &Stat| {
            let written = (stat.st_mtime, stat.st_mtime_nsec);
            (
                stat.st_dev,
                stat.st_ino,
                written,
                stat.st_mode,
                stat.st_uid,
                stat.st_gid,
            )
        };
        marks(&self.stat) == marks(&other.stat) && self.digest.as_ref() == other.digest.as_ref()
    }
}

/// Whether the file at `path` could be locked and replaced, as far as that is known without writing
/// and without waiting for whoever has it now.
///
/// # Errors
/// As [`LockedFile::open`] and [`LockedFile::replace`] have them.
pub fn look(path: &Path) -> Result<(), Error> {
    let place = Place::find(path)?;
    lock::expect_room(&place)?;
    if is_mount(place.path()) {
        return Err(Error::MountPoint(path.to_owned()));
    }
    place.expect_own()
}

/// Lets the lock that was left beside the file at `path` tell of it, for who only reads the file and
/// found it. Where there is no lock, or none of the caller's own, nothing is done.
pub fn note_there(path: &Path) {
    let _ = Place::find(path).and_then(|place| lock::mark_left(&place));
}

/// Whether there was a file at `path`, and is none: its lock tells that still.
pub fn is_lost(path: &Path) -> bool {
    let is_lost = |place: Place| Ok(place.stat()?.is_none() && lock::tells_of_file(&place)?);
    Place::find(path).and_then(is_lost).unwrap_or(false)
}

/// Whose file it is that `path` names, for another that should belong to the same; `None` where
/// there is none.
pub fn access(path: &Path) -> Option<Access> {
    rustix::fs::stat(path).ok().map(|stat| Access::of(&stat))
}

/// Whether the file that `path` names is a mount of its own, which only `InPlace::Allowed` changes.
/// An old kernel does not tell; then [`Error::MountPoint`] does.
pub fn is_mount(path: &Path) -> bool {
    let flags = StatxFlags::empty();
    let found = rustix::fs::statx(rustix::fs::CWD, path, AtFlags::empty(), flags);
    found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

fn is_root() -> bool {
    geteuid().is_root()
}
