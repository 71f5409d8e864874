//! Where a file really is, and whether it may be edited there.
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{ErrorKind, Read},
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
};

use ring::digest::{self, SHA256};
use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, fsync, open, openat, readlinkat, statat},
    io::Errno,
    process::geteuid,
};
use zeroize::Zeroizing;

use super::{Error, Found, Refusal, is_root};

/// How much of a file is looked at in one go.
const PIECE: usize = 64 << 10;

/// Who owns a file and what its mode is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Access {
    pub uid: u32,
    pub gid: u32,
    pub mode: u32,
}

impl Access {
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            uid: stat.st_uid,
            gid: stat.st_gid,
            mode: stat.st_mode & 0o7777,
        }
    }
}

/// A name in a folder that is held open, so that nobody moves it away in between.
pub(super) struct Place {
    folder: OwnedFd,
    name: OsString,
    path: PathBuf,
}

/// A file and what it holds.
pub(super) type Reading = (Found, Zeroizing<Vec<u8>>);

impl Place {
    /// The place that `path` names: a link there is followed once.
    pub(super) fn find(path: &Path) -> Result<Self, Error> {
        let place = Self::at(path.to_owned())?;
        let Some(link) = place.stat()?.filter(is_link) else {
            return Ok(place);
        };
        let target = readlinkat(&place.folder, &place.name, Vec::new());
        let target = target.map_err(|error| place.failed("be followed", error))?;
        let target = OsStr::from_bytes(target.as_bytes());
        let followed = Self::at(folder(&place.path).join(target))?;
        let file = followed.stat()?;
        if file.as_ref().is_some_and(is_link) {
            return Err(place.refused(Refusal::LinkToLink));
        }
        // Whoever made the link chose what is edited: root must not be sent to a file of its own,
        // nor anybody to a file of somebody else.
        let maker = link.st_uid;
        let owner = file.map(|file| file.st_uid);
        if maker != 0 && maker != geteuid().as_raw() && owner != Some(maker) {
            return Err(place.refused(Refusal::ForeignLink));
        }
        Ok(followed)
    }

    fn at(path: PathBuf) -> Result<Self, Error> {
        let refused = |refusal| Error::Refused {
            path: path.clone(),
            refusal,
        };
        let Some(name) = path.file_name().map(OsStr::to_owned) else {
            return Err(refused(Refusal::NoName));
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = open(folder(&path), flags, Mode::empty())
            .and_then(|folder| Ok((fstat(&folder)?, folder)));
        let (stat, folder) = opened.map_err(|error| Error::Io {
            path: folder(&path).to_owned(),
            doing: "be opened",
            source: error.into(),
        })?;
        let mode = Mode::from_raw_mode(stat.st_mode);
        if mode.contains(Mode::WOTH) && !mode.contains(Mode::SVTX) {
            return Err(refused(Refusal::OpenFolder));
        }
        Ok(Self { folder, name, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn folder(&self) -> &OwnedFd {
        &self.folder
    }

    pub(super) fn name(&self) -> &OsStr {
        &self.name
    }

    /// What is called `name` in the same folder; a link there is not followed.
    pub(super) fn sibling(&self, name: OsString) -> Result<Self, Error> {
        let folder = self.folder.try_clone();
        Ok(Self {
            folder: folder.map_err(|error| self.failed("be found", error))?,
            path: self.path.with_file_name(&name),
            name,
        })
    }

    /// This name with an ending.
    pub(super) fn beside(&self, ending: &str) -> OsString {
        let mut name = self.name.clone();
        name.push(ending);
        name
    }

    /// Whose the folder is.
    pub(super) fn folder_access(&self) -> Result<Access, Error> {
        let stat = fstat(&self.folder).map_err(|error| self.failed("be found", error))?;
        Ok(Access::of(&stat))
    }

    /// What the name is, links not followed; `None` where it is nothing.
    pub(super) fn stat(&self) -> Result<Option<Stat>, Error> {
        match statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.failed("be found", error)),
        }
    }

    /// The file, if it is one that the caller may edit, and what it holds.
    pub(super) fn read(&self, limit: u64) -> Result<Option<Reading>, Error> {
        let Some((mut file, stat)) = self.open_to_read()? else {
            return Ok(None);
        };
        // Room for all of it, so that growing leaves no copies behind.
        let room = usize::try_from(stat.st_size.min(limit.cast_signed())).unwrap_or(0);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room + 2));
        let read = (&mut file).take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|error| self.failed("be read", error))?;
        if bytes.len() as u64 > limit {
            return Err(self.refused(Refusal::Large(limit)));
        }
        let digest = digest::digest(&SHA256, &bytes);
        Ok(Some((Found { stat, digest }, bytes)))
    }

    /// The file, if it is one that the caller may edit, for whom what it holds is nothing new.
    pub(super) fn look(&self, limit: u64) -> Result<Option<Found>, Error> {
        let Some((file, stat)) = self.open_to_read()? else {
            return Ok(None);
        };
        let mut file = file.take(limit + 1);
        let mut digest = digest::Context::new(&SHA256);
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        loop {
            match file.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => digest.update(&piece[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed("be read", error)),
            }
        }
        let digest = digest.finish();
        Ok(Some(Found { stat, digest }))
    }

    /// That it is a file which the caller may edit, if there is one.
    pub(super) fn expect_own(&self) -> Result<(), Error> {
        self.stat()?.map_or(Ok(()), |stat| self.check(&stat))
    }

    fn open_to_read(&self) -> Result<Option<(File, Stat)>, Error> {
        // Asked for before it is opened: opening a device may do something already.
        match self.stat()? {
            None => return Ok(None),
            Some(stat) => self.check(&stat)?,
        }
        let file = match self.open(OFlags::RDONLY) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(self.failed("be opened", error)),
        };
        let stat = fstat(&file).map_err(|error| self.failed("be read", error))?;
        self.check(&stat)?;
        Ok(Some((File::from(file), stat)))
    }

    pub(super) fn open(&self, access: OFlags) -> Result<OwnedFd, Errno> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        openat(&self.folder, &self.name, access | flags, Mode::empty())
    }

    fn check(&self, stat: &Stat) -> Result<(), Error> {
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(self.refused(Refusal::NotRegular));
        }
        if !is_root() && stat.st_uid != geteuid().as_raw() {
            return Err(self.refused(Refusal::ForeignFile));
        }
        Ok(())
    }

    /// Makes names that came and went in the folder outlast a power cut.
    pub(super) fn sync_folder(&self) -> Result<(), Error> {
        match fsync(&self.folder) {
            // Some file systems cannot; then there is nothing to do.
            Ok(()) | Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(()),
            Err(error) => Err(self.failed("be made lasting", error)),
        }
    }

    pub(super) fn refused(&self, refusal: Refusal) -> Error {
        Error::Refused {
            path: self.path.clone(),
            refusal,
        }
    }

    pub(super) fn failed(&self, doing: &'static str, error: impl Into<std::io::Error>) -> Error {
        Error::Io {
            path: self.path.clone(),
            doing,
            source: error.into(),
        }
    }
}

/// The folder that a file is in.
pub fn folder(file: &Path) -> &Path {
    let folder = file.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn is_link(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Symlink
}
