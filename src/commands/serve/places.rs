//! Whether the files that a server writes can be written, told before it starts and without writing.
use std::{io, os::unix::fs::MetadataExt, path::Path};

use rustix::{
    fs::{Access, access},
    process::geteuid,
};

use crate::{
    audit::{AuditOpenError, SealKey},
    commands::paths::shown,
    durable,
};

/// What is wrong with the file of the records.
pub(super) fn log(file: &Path) -> Option<String> {
    missing_folder(file, "the audit log", "AUDIT_LOG_PATH").or_else(|| unwritable(file))
}

/// What is wrong with the file to which checkpoints are added, beside this log.
pub(super) fn checkpoints(file: &Path, log: Option<&Path>) -> Option<String> {
    const NAME: &str = "AUDIT_CHECKPOINT_FILE";
    if log.is_some_and(|log| is_same(file, log)) {
        return Some(format!(
            "`{NAME}` is the audit log itself: name another file, best on another disk"
        ));
    }
    let refused = match file.metadata() {
        Ok(found) if found.is_dir() => io::ErrorKind::IsADirectory.into(),
        Ok(_) => access(file, Access::WRITE_OK).err()?.into(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(told) = missing_folder(file, "the checkpoints", NAME) {
                return Some(told);
            }
            access(durable::folder(file), Access::WRITE_OK | Access::EXEC_OK)
                .err()?
                .into()
        }
        Err(error) => error,
    };
    Some(format!(
        "`{NAME}` names {}, which cannot be written ({refused}): let the server's user write there, or name another file, best on another disk",
        shown(file)
    ))
}

/// What is wrong with the file of the key that seals checkpoints.
pub(super) fn seal_key(file: &Path) -> Option<String> {
    let found = durable::look(file).map_err(|error| error.to_string());
    // Only what is a regular file is read: nobody waits for the writer of a pipe.
    let read = found.and_then(|()| {
        let shown = file.display();
        SealKey::read(file).map_err(|error| format!("{shown}: {error}"))
    });
    Some(AuditOpenError::Seal(read.err()?).to_string())
}

/// Whether two names are those of one file, there or yet to be made.
fn is_same(one: &Path, other: &Path) -> bool {
    let found = |path: &Path| path.metadata().map(|found| (found.dev(), found.ino())).ok();
    let place = |path: &Path| {
        // A link to what is not there yet.
        let target = path
            .read_link()
            .map(|target| durable::folder(path).join(target));
        let path = target.unwrap_or_else(|_| path.to_owned());
        let folder = durable::folder(&path).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    match (found(one), found(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other || place(one).is_some_and(|one| Some(one) == place(other)),
    }
}

/// Says that the folder of a file does not exist, and which command makes it.
fn missing_folder(file: &Path, what: &str, variable: &str) -> Option<String> {
    let folder = durable::folder(file);
    if folder.exists() {
        return None;
    }
    let there = folder
        .ancestors()
        .find(|folder| folder.exists())
        .unwrap_or(Path::new("."));
    let user = geteuid();
    let command = if access(there, Access::WRITE_OK).is_ok() {
        format!("mkdir -p -m 750 {}", shown(folder))
    } else {
        format!(
            "sudo install -d -m 750 -o {} {}",
            user.as_raw(),
            shown(folder)
        )
    };
    Some(format!(
        "the folder of {what} does not exist: make it with `{command}`, or name another file in `{variable}`"
    ))
}

/// Says why a log could not be written, without writing.
fn unwritable(file: &Path) -> Option<String> {
    let place = file.to_owned();
    let refused = match file.symlink_metadata().map(|found| found.file_type()) {
        Ok(found) if found.is_dir() => AuditOpenError::IsFolder(place),
        Ok(found) if found.is_symlink() => AuditOpenError::IsLink(place),
        Ok(found) if !found.is_file() => AuditOpenError::NotAFile(place),
        Ok(_) if access(file, Access::READ_OK | Access::WRITE_OK).is_ok() => return None,
        Err(_) if access(durable::folder(file), Access::WRITE_OK | Access::EXEC_OK).is_ok() => {
            return None;
        }
        Ok(_) | Err(_) => AuditOpenError::NoPermission(place),
    };
    Some(refused.to_string())
}
