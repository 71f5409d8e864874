//! Where a report goes: standard output, or a file that is replaced whole.
use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    process,
};

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
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let new = file.with_file_name(format!(".{name}.{}.tmp", process::id()));
    // Nobody reads it who could not read the one before.
    let keep = |before: fs::Metadata| {
        File::create(&new)?;
        fs::set_permissions(&new, before.permissions())
    };
    let kept = before.map_or(Ok(()), keep);
    let written = kept
        .and_then(|()| fs::write(&new, bytes))
        .and_then(|()| fs::rename(&new, &file));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
