//! Files in sentences for a person.
use std::{io, path::Path};

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

/// That others can read a file of keys, and how that ends.
pub(super) fn shared(file: &Path, mode: u32) -> String {
    let file = shown(file);
    format!("others can read {file} (mode {mode:03o}): `chmod 600 {file}`")
}

/// Why a log was not read.
pub(super) fn unread(log: &Path, error: &io::Error) -> String {
    let log = log.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("there is no {log}"),
        _ => format!("{log} cannot be read: {error}"),
    }
}

/// That there was a file of metadata, and what follows.
pub(super) fn lost(metadata: &Path) -> String {
    let file = metadata.display();
    format!(
        "{file} was here and is gone, and with it which keys were revoked, retired or expired: such as still stand among the keys open the door from the server's next start on; take them out, or revoke them anew"
    )
}
