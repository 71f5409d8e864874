//! Whether the files that a server writes can be written, told before it starts and without writing.
use std::path::Path;

use rustix::{
    fs::{Access, access},
    process::geteuid,
};

use crate::audit::AuditOpenError;

/// Says that the folder of a file does not exist, and which command makes it.
pub(super) fn missing_folder(file: &Path) -> Option<String> {
    let folder = folder_of(file);
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
        "the folder of the audit log does not exist: make it with `{command}`, or name another file in `AUDIT_LOG_PATH`"
    ))
}

/// Says why a log could not be written, without writing.
pub(super) fn unwritable(file: &Path) -> Option<String> {
    let place = file.to_owned();
    let refused = match file.symlink_metadata().map(|found| found.file_type()) {
        Ok(found) if found.is_dir() => AuditOpenError::IsFolder(place),
        Ok(found) if found.is_symlink() => AuditOpenError::IsLink(place),
        Ok(found) if !found.is_file() => AuditOpenError::NotAFile(place),
        Ok(_) if access(file, Access::READ_OK | Access::WRITE_OK).is_ok() => return None,
        Err(_) if access(folder_of(file), Access::WRITE_OK | Access::EXEC_OK).is_ok() => {
            return None;
        }
        Ok(_) | Err(_) => AuditOpenError::NoPermission(place),
    };
    Some(refused.to_string())
}

fn folder_of(file: &Path) -> &Path {
    let folder = file.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A path as a shell takes it.
pub(super) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:,".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
