//! What changed between two states of the files, as Git prints it.
use std::collections::BTreeSet;

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
        let lines = self.lines().unwrap_or_default();
        let count = |sign| lines.iter().filter(|(known, _)| *known == sign).count();
        (count('+'), count('-'))
    }

    /// The diff of this file.
    pub(super) fn patch(&self) -> String {
        let path = self.path;
        let short = |file: Option<&File>| file.map_or("0000000", |file| &file.sha[..7]).to_owned();
        let shas = format!("index {}..{}", short(self.before), short(self.after));
        let about = match (self.before, self.after) {
            (None, Some(file)) => format!("new file mode {}\n{shas}", file.mode),
            (Some(file), None) => format!("deleted file mode {}\n{shas}", file.mode),
            (_, file) => format!("{shas} {}", file.map_or("100644", |file| file.mode)),
        };
        let side = |letter: &str, file: Option<&File>| match file {
            Some(_) => format!("{letter}/{path}"),
            None => "/dev/null".to_owned(),
        };
        let (old, new) = (side("a", self.before), side("b", self.after));
        let text = match self.lines() {
            None => format!("Binary files {old} and {new} differ\n"),
            Some(lines) => format!("--- {old}\n+++ {new}\n{}", hunks(&lines)),
        };
        format!("diff --git a/{path} b/{path}\n{about}\n{text}")
    }

    /// The lines of both texts in order, each kept (` `), removed (`-`) or added (`+`), as many as can be kept; `None`
    /// where one is no text. The files here are short, so a table of all pairs of lines does.
    fn lines(&self) -> Option<Vec<(char, &str)>> {
        let (old, new) = (lines_of(self.before)?, lines_of(self.after)?);
        // How many lines can be kept of those from here to the end.
        let mut kept = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                kept[i][j] = if old[i] == new[j] {
                    kept[i + 1][j + 1] + 1
                } else {
                    kept[i + 1][j].max(kept[i][j + 1])
                };
            }
        }
        let (mut i, mut j, mut lines) = (0, 0, Vec::new());
        while i < old.len() || j < new.len() {
            let both = i < old.len() && j < new.len();
            if both && old[i] == new[j] {
                lines.push((' ', old[i]));
                (i, j) = (i + 1, j + 1);
            } else if j == new.len() || both && kept[i + 1][j] >= kept[i][j + 1] {
                lines.push(('-', old[i]));
                i += 1;
            } else {
                lines.push(('+', new[j]));
                j += 1;
            }
        }
        Some(lines)
    }
}

/// A file that is not there has none.
fn lines_of(file: Option<&File>) -> Option<Vec<&str>> {
    let text = file.map_or(Some(""), File::text)?;
    Some(text.split_inclusive('\n').collect())
}

/// How many lines around a change are shown.
const CONTEXT: usize = 3;

/// The changed lines with those around them, each run of them under its place in both texts.
fn hunks(lines: &[(char, &str)]) -> String {
    let near = |at: usize| {
        let around = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(lines.len());
        lines[around].iter().any(|(sign, _)| *sign != ' ')
    };
    let (mut text, mut at, mut old, mut new) = (String::new(), 0, 1, 1);
    while at < lines.len() {
        if !near(at) {
            (at, old, new) = (at + 1, old + 1, new + 1);
            continue;
        }
        let end = (at..lines.len())
            .find(|&at| !near(at))
            .unwrap_or(lines.len());
        let hunk = &lines[at..end];
        let count = |other| hunk.iter().filter(|(sign, _)| *sign != other).count();
        let (before, after) = (count('+'), count('-'));
        text = format!(
            "{text}@@ -{} +{} @@\n",
            range(old, before),
            range(new, after)
        );
        for (sign, line) in hunk {
            text.push(*sign);
            text += line;
            if !line.ends_with('\n') {
                text += "\n\\ No newline at end of file\n";
            }
        }
        (at, old, new) = (end, old + before, new + after);
    }
    text
}

/// `12,5`: five lines from the twelfth on.
fn range(first: usize, count: usize) -> String {
    match count {
        0 => format!("{},0", first - 1),
        1 => first.to_string(),
        _ => format!("{first},{count}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_what_git_prints() {
        let file = |text: &str| File::new("100644", text.into());
        let numbers: Vec<String> = (1..=30).map(|n| n.to_string()).collect();
        let old = numbers.join("\n") + "\n";
        let new = old
            .replace("\n3\n4\n5\n", "\nthree\n4\n")
            .replace("\n28\n", "\n28\nnew\n");
        let both = |numbers: &str, letter: &str| {
            Files::from([
                ("f".to_owned(), file(numbers)),
                ("n".to_owned(), file(letter)),
            ])
        };
        let patch = patch(&both(&old, "x"), &both(&new, "y"));
        assert_eq!(
            patch.lines().collect::<Vec<_>>(),
            [
                "diff --git a/f b/f",
                "index e8823e1..5251051 100644",
                "--- a/f",
                "+++ b/f",
                "@@ -1,8 +1,7 @@",
                " 1",
                " 2",
                "-3",
                "+three",
                " 4",
                "-5",
                " 6",
                " 7",
                " 8",
                "@@ -26,5 +25,6 @@",
                " 26",
                " 27",
                " 28",
                "+new",
                " 29",
                " 30",
                "diff --git a/n b/n",
                "index c1b0730..e25f181 100644",
                "--- a/n",
                "+++ b/n",
                "@@ -1 +1 @@",
                "-x",
                "\\ No newline at end of file",
                "+y",
                "\\ No newline at end of file"
            ]
        );
    }
}
