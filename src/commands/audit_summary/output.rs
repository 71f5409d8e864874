//! Where a report goes: standard output, or a file that is replaced whole.
use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
};

use crate::{
    audit::{is_of_log, is_of_server, reader::Log},
    durable,
};

/// The file that was named; `None` for standard output, which is `-` too.
pub(super) fn named(file: Option<&Path>) -> Option<&Path> {
    file.filter(|file| file.as_os_str() != "-")
}

/// Whether a report there would take the place of what is read for it, or of a log that a server
/// writes, with all that stands beside it: that of the settings, or another.
pub(super) fn is_log(file: &Path, read: &[Log], live: Option<&Path>) -> bool {
    // A link to nothing is replaced itself.
    let Some(place) = fs::canonicalize(file).ok().or_else(|| beside(file)) else {
        return false;
    };
    let is_file = |found: &Metadata| {
        let is_live = |live: &Metadata| (live.dev(), live.ino()) == (found.dev(), found.ino());
        let live = live.and_then(|live| fs::metadata(live).ok());
        found.is_file()
            && (read.iter().any(|log| log.is(found)) || live.is_some_and(|it| is_live(&it)))
    };
    fs::metadata(&place).is_ok_and(|found| is_file(&found))
        || live
            .and_then(beside)
            .is_some_and(|live| is_of_log(&place, &live))
        || is_of_server(&place)
}

/// The same path with the links to its folder followed.
fn beside(file: &Path) -> Option<PathBuf> {
    let folder = durable::folder(file).canonicalize().ok()?;
    Some(folder.join(file.file_name()?))
}

pub(super) fn write(file: Option<&Path>, bytes: &[u8]) -> io::Result<()> {
    let Some(file) = file else {
        let mut out = io::stdout().lock();
        return match out.write_all(bytes).and_then(|()| out.flush()) {
            // Who reads has seen enough: `head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        };
    };
    // A link stays one; what is no file (a pipe, `/dev/null`) cannot be replaced.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let before = fs::metadata(&file).ok();
    if before.as_ref().is_some_and(|it| !it.is_file()) {
        return fs::write(file, bytes);
    }
    // Nobody reads it who could not read the one before.
    let access = before.map(|before| before.permissions());
    let mode = access.as_ref().map_or(0o666, |_| 0o600);
    let (mut out, new) = create(&file, mode)?;
    let kept = access.map_or(Ok(()), |access| out.set_permissions(access));
    let written = kept
        .and_then(|()| out.write_all(bytes))
        .and_then(|()| fs::rename(&new, &file));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Makes a file beside another, under a name that nothing has.
fn create(file: &Path, mode: u32) -> io::Result<(File, PathBuf)> {
    let mut attempt = 0_u32;
    loop {
        let new = file.with_file_name(format!(".aegis-report-{}-{attempt}.tmp", process::id()));
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(mode).open(&new) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
            opened => return opened.map(|out| (out, new)),
        }
    }
}
