//! Why a file was not locked, read or replaced, by what the caller can do about it.
use std::{io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another command has it; later it may be free.
    #[error("{} is being edited by another command; try again when that has ended", .0.display())]
    Locked(PathBuf),
    /// Somebody who does not ask for the lock, such as an editor. Nothing was written.
    #[error("{} was changed by somebody else in the meantime; nothing was written, so run it again", .0.display())]
    Changed(PathBuf),
    /// A single file mounted into a container: it can only be overwritten, which the operator must allow.
    #[error("{} is mounted as a single file, so it cannot be replaced in one step; mount its folder instead, or allow with `--in-place` that it is overwritten", .0.display())]
    MountPoint(PathBuf),
    /// It is no file that may be edited here; trying again changes nothing.
    #[error("{} {refusal}", path.display())]
    Refused { path: PathBuf, refusal: Refusal },
    /// The operating system said no.
    #[error("{} cannot {doing}: {source}", path.display())]
    Io {
        path: PathBuf,
        doing: &'static str,
        source: io::Error,
    },
}

/// What is wrong with a file, as the rest of a sentence.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("names no file")]
    NoName,
    #[error("is no regular file")]
    NotRegular,
    #[error("is a link to a link; name the file itself")]
    LinkToLink,
    #[error("is a link that belongs to somebody who owns neither the file nor this command")]
    ForeignLink,
    #[error("belongs to another user; run this as its owner or as root")]
    ForeignFile,
    #[error(
        "belongs to a group that you are not in and that may use it; `chgrp` it to one of yours, or run this as root"
    )]
    ForeignGroup,
    #[error("is in a folder that everybody may write to; take that right away")]
    OpenFolder,
    #[error("would be or is larger than {} KiB", .0 / 1024)]
    Large(u64),
    #[error("is no journal of an edit; look what it is and move it away")]
    ForeignJournal,
}
