//! The new file while it is written, beside the old one. It goes, whatever happens, or becomes it.
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::Write,
    os::unix::ffi::OsStrExt,
};

use rand::{TryRng, rngs::SysRng};
use rustix::{
    fs::{
        AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, Stat, XattrFlags, fchmod, fchown,
        fgetxattr, fsetxattr, fstat, openat, renameat, renameat_with, statat, unlinkat,
    },
    io::Errno,
    process::{Gid, Uid, geteuid},
};

use super::{
    Error, is_root,
    place::{Access, Place},
};

/// Between the name of the file and six letters drawn by chance.
const MARK: &str = ".aegis-";
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const DRAWN: usize = 6;
/// The list of others who may read or write a file, beyond its mode.
const ACL: &str = "system.posix_acl_access";
/// Room for five hundred entries, more than most file systems keep.
const MAX_ACL: usize = 4 << 10;

pub(super) struct Temporary<'a> {
    place: &'a Place,
    name: Option<OsString>,
    file: File,
}

impl<'a> Temporary<'a> {
    /// An empty file beside `place`, readable for the caller alone.
    pub(super) fn create(place: &'a Place) -> Result<Self, Error> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        loop {
            let name = place.beside(&drawn(place)?);
            match openat(place.folder(), &name, flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => {
                    return Ok(Self {
                        place,
                        name: Some(name),
                        file: File::from(file),
                    });
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(place.failed("have a new version beside it", error)),
            }
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| self.place.failed("be written", error))
    }

    /// Lets it belong to whom `access` says. A group that may do nothing with it may be another.
    pub(super) fn give_to(&self, access: Access) -> Result<(), Errno> {
        let now = fstat(&self.file)?;
        if (now.st_uid, now.st_gid) != (access.uid, access.gid) {
            let (uid, gid) = (Uid::from_raw(access.uid), Gid::from_raw(access.gid));
            let uid = (now.st_uid != access.uid).then_some(uid);
            match fchown(&self.file, uid, Some(gid)) {
                Err(Errno::PERM) if uid.is_none() && access.mode & 0o070 == 0 => {}
                given => given?,
            }
        }
        fchmod(&self.file, Mode::from_raw_mode(access.mode))
    }

    /// Lets others read it who may read the file that it is to replace.
    pub(super) fn lend_alike(&self) -> Result<(), Errno> {
        let mut list = [0; MAX_ACL];
        match self
            .place
            .open(OFlags::RDONLY)
            .and_then(|old| fgetxattr(old, ACL, &mut list))
        {
            Ok(length) => fsetxattr(&self.file, ACL, &list[..length], XattrFlags::empty()),
            Err(Errno::NOENT | Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes it outlast a power cut.
    pub(super) fn sync(&self) -> Result<(), Error> {
        let synced = self.file.sync_all();
        synced.map_err(|error| self.place.failed("be written", error))
    }

    /// Becomes the file called `name`, which is there if `replacing` and else must not be.
    pub(super) fn take_the_place_of(
        &mut self,
        name: &OsStr,
        replacing: bool,
    ) -> Result<Stat, Errno> {
        let folder = self.place.folder();
        let Some(ours) = &self.name else {
            return Err(Errno::NOENT);
        };
        let stat = fstat(&self.file)?;
        if replacing {
            renameat(folder, ours, folder, name)?;
        } else {
            let renamed = renameat_with(folder, ours, folder, name, RenameFlags::NOREPLACE);
            match renamed {
                // A file system without that flag.
                Err(Errno::INVAL | Errno::NOSYS) => renameat(folder, ours, folder, name)?,
                renamed => renamed?,
            }
        }
        self.name = None;
        Ok(stat)
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            // If even this fails, the next command that takes the lock tries again.
            let _ = unlinkat(self.place.folder(), name, AtFlags::empty());
        }
    }
}

/// Removes what killed commands left. To be called by who holds the lock: nobody is writing one.
pub(super) fn clear(place: &Place) -> Result<(), Error> {
    let failed = |error| place.failed("be cleared of an earlier command's rest", error);
    let prefix = place.beside(MARK);
    let owner = place.stat()?.map(|stat| stat.st_uid);
    for entry in Dir::read_from(place.folder()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let rest = name.to_bytes().strip_prefix(prefix.as_bytes());
        if !rest.is_some_and(|rest| rest.len() == DRAWN && rest.iter().all(|c| LETTERS.contains(c)))
        {
            continue;
        }
        let Ok(stat) = statat(place.folder(), name, AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        let ours = stat.st_uid == geteuid().as_raw() || (is_root() && Some(stat.st_uid) == owner);
        if ours && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
            unlinkat(place.folder(), name, AtFlags::empty()).map_err(failed)?;
        }
    }
    Ok(())
}

fn drawn(place: &Place) -> Result<String, Error> {
    let mut bytes = [0; DRAWN];
    let drawn = SysRng.try_fill_bytes(&mut bytes);
    drawn.map_err(|error| {
        place.failed("have a new version beside it", std::io::Error::other(error))
    })?;
    let letters = bytes.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    Ok(MARK.chars().chain(letters).collect())
}
