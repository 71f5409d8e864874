//! Files of settings and of secrets, as they are read: whole, bounded, and without waiting.
use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use zeroize::Zeroizing;

/// No file of settings or secrets is larger.
pub(super) const MAX_FILE: u64 = 1 << 20;

/// The bytes of a file of settings or secrets, and its mode, if others than its owner may read or
/// write it: what is no regular file, such as `/dev/null`, is nobody's to close. A pipe that was handed over gives its
/// text once: `again`, it is refused, and nothing is waited for.
pub(super) fn read(path: &Path, again: bool) -> io::Result<(Vec<u8>, Option<u32>)> {
    // A pipe that somebody handed over has no name to be found by; one that has would be waited for.
    let is_pipe = fs::metadata(path)?.file_type().is_fifo();
    if is_pipe && (again || path.canonicalize().is_ok()) {
        return Err(io::Error::other("it is a pipe"));
    }
    // What is a pipe by now is not waited for either.
    let waits_not = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let flags = if is_pipe { 0 } else { waits_not };
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if metadata.file_type().is_fifo() && !is_pipe {
        return Err(io::Error::other("it is a pipe"));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    let shared = (metadata.is_file() && mode & 0o077 != 0).then_some(mode);
    // Room for all of it, so that growing leaves no copies of secrets behind.
    let room = metadata.len().min(MAX_FILE) as usize + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok((std::mem::take(&mut *bytes), shared))
}
