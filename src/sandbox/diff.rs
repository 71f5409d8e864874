//! What changed between two states of the files, as Git prints it.
use std::collections::BTreeSet;
use std::fmt::Write;

use similar::{ChangeTag, TextDiff};

use super::git::{File, Files};

/// One file that is not what it was.
pub(super) struct Change<'a> {
    pub(super) path: &'a str,
    before: Option<&'a File>,
    after: Option<&'a File>,
}

/// The files that differ, by path.
pub(super) fn changes<'a>(before: &'a Files, after: &'a Files) -> Vec<Change<'a>> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changes = paths.into_iter().map(|path| Change {
        path,
        before: before.get(path),
        after: after.get(path),
    });
    changes
        .filter(|change| change.before != change.after)
        .collect()
}

/// The whole diff.
pub(super) fn patch(before: &Files, after: &Files) -> String {
    changes(before, after).iter().map(Change::patch).collect()
}

impl Change<'_> {
    /// `added`, `removed`, or neither.
    pub(super) fn status(&self) -> Option<&'static str> {
        match (self.before, self.after) {
            (None, _) => Some("added"),
            (_, None) => Some("removed"),
            _ => None,
        }
    }

    /// Lines added and lines removed; none of either in a binary file.
    pub(super) fn counts(&self) -> (usize, usize) {
        let Some((old, new)) = self.texts() else {
            return (0, 0);
        };
        let diff = TextDiff::from_lines(old, new);
        let count = |tag| {
            diff.iter_all_changes()
                .filter(|change| change.tag() == tag)
                .count()
        };
        (count(ChangeTag::Insert), count(ChangeTag::Delete))
    }

    /// The diff of this file.
    pub(super) fn patch(&self) -> String {
        let path = self.path;
        let short = |file: Option<&File>| file.map_or("0000000", |file| &file.sha[..7]).to_owned();
        let mut text = format!("diff --git a/{path} b/{path}\n");
        let shas = format!("index {}..{}", short(self.before), short(self.after));
        let _ = match (self.before, self.after) {
            (None, Some(file)) => writeln!(text, "new file mode {}\n{shas}", file.mode),
            (Some(file), None) => writeln!(text, "deleted file mode {}\n{shas}", file.mode),
            (_, file) => writeln!(text, "{shas} {}", file.map_or("100644", |file| file.mode)),
        };
        let side = |letter: &str, file: Option<&File>| match file {
            Some(_) => format!("{letter}/{path}"),
            None => "/dev/null".to_owned(),
        };
        let (old_name, new_name) = (side("a", self.before), side("b", self.after));
        match self.texts() {
            None => text + &format!("Binary files {old_name} and {new_name} differ\n"),
            Some((old, new)) => {
                let diff = TextDiff::from_lines(old, new);
                let lines = diff.unified_diff().header(&old_name, &new_name).to_string();
                text + &lines
            }
        }
    }

    fn texts(&self) -> Option<(&str, &str)> {
        Some((text(self.before)?, text(self.after)?))
    }
}

/// A file that is not there reads as empty.
fn text(file: Option<&File>) -> Option<&str> {
    file.map_or(Some(""), File::text)
}
