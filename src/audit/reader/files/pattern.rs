//! Names with `*` and `?` in them, as a shell takes them.
use std::{os::unix::ffi::OsStrExt, path::Path};

/// Whether the last part of a path is a pattern.
pub(super) fn is_pattern(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    name.iter().any(|byte| b"*?".contains(byte))
}

/// Whether a name fits a pattern: `*` is anything, `?` is one byte, and what is hidden is meant only where
/// the pattern begins so.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.starts_with(b".") && !pattern.starts_with(b".") {
        return false;
    }
    // Where to go back to: behind the last `*`, and how much of the name that one has eaten.
    let (mut at, mut name_at, mut star) = (0, 0, None);
    while name_at < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, name_at));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[name_at] => {
                at += 1;
                name_at += 1;
            }
            _ => {
                let Some((after, eaten)) = star else {
                    return false;
                };
                star = Some((after, eaten + 1));
                (at, name_at) = (after, eaten + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
