//! A repository's past: commits, branches and tags, played back from the data files in their order.
use std::collections::{BTreeMap, BTreeSet};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::DateTime;

use super::entry::Entry;
use super::git::{self, File, Files};
use crate::sort;

/// Commits are known by their place in the list.
#[derive(Default)]
pub(super) struct History {
    pub(super) commits: Vec<Commit>,
    /// Where each branch stands, the default branch first.
    pub(super) branches: Vec<(&'static str, usize)>,
    /// Oldest first.
    pub(super) tags: Vec<Tag>,
}

pub(super) struct Commit {
    pub(super) sha: String,
    pub(super) parents: Vec<usize>,
    /// Who made it, and when.
    pub(super) entry: Entry,
    /// With a line end, as Git keeps it.
    pub(super) message: String,
    pub(super) files: Files,
}

pub(super) struct Tag {
    pub(super) name: &'static str,
    pub(super) sha: String,
    pub(super) commit: usize,
    pub(super) message: String,
}

impl Commit {
    pub(super) fn at(&self) -> &'static str {
        self.entry.fact("at")
    }
}

impl History {
    /// Plays entries back: `commit`, `merge` and `tag`, and after a commit what it does to files.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut history = Self::default();
        let mut entries = entries.iter().peekable();
        while let Some(entry) = entries.next() {
            match entry.kind {
                "commit" => {
                    let (branch, start) =
                        (entry.name.split_once(" from ")).unwrap_or((entry.name, entry.name));
                    let parent = history.find(start);
                    let files = parent.map(|parent| history.commits[parent].files.clone());
                    let mut files = files.unwrap_or_default();
                    while let Some(change) = entries.next_if(|entry| apply(entry, &mut files)) {
                        debug_assert!(!change.name.is_empty());
                    }
                    history.commit(branch, entry, parent.into_iter().collect(), files);
                }
                "merge" => {
                    let (ours, theirs) = (
                        history.known(entry.name),
                        history.known(entry.fact("branch")),
                    );
                    let base = history.merge_base(ours, theirs);
                    let (base, theirs_files) =
                        (&history.commits[base].files, &history.commits[theirs].files);
                    let mut files = history.commits[ours].files.clone();
                    for (path, file) in theirs_files {
                        if base.get(path) != Some(file) {
                            files.insert(path.clone(), file.clone());
                        }
                    }
                    history.commit(entry.name, entry, vec![ours, theirs], files);
                }
                "tag" => history.tag(entry),
                _ => {}
            }
        }
        history
    }

    /// The commit that a branch, a tag, or the beginning of a sha names.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let branch = self.branches.iter().find(|(branch, _)| *branch == name);
        let tag = || self.tags.iter().find(|tag| tag.name == name);
        let sha = || {
            (self.commits.iter()).position(|commit| name.len() >= 4 && commit.sha.starts_with(name))
        };
        (branch.map(|(_, commit)| *commit))
            .or_else(|| tag().map(|tag| tag.commit))
            .or_else(sha)
    }

    fn known(&self, branch: &str) -> usize {
        self.find(branch)
            .unwrap_or_else(|| panic!("no branch `{branch}` before its merge in data/"))
    }

    /// This commit and all before it, newest first.
    pub(super) fn log(&self, from: usize) -> Vec<usize> {
        let (mut known, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(commit) = open.pop() {
            if known.insert(commit) {
                open.extend(&self.commits[commit].parents);
            }
        }
        let mut log: Vec<_> = known.into_iter().collect();
        sort::by_key(&mut log, |&commit| {
            std::cmp::Reverse((self.commits[commit].at(), commit))
        });
        log
    }

    /// What `head` has and `base` has not, newest first.
    pub(super) fn ahead(&self, base: usize, head: usize) -> Vec<usize> {
        let known = self.log(base);
        let mut log = self.log(head);
        log.retain(|commit| !known.contains(commit));
        log
    }

    /// The newest commit that both have; the first of all where there is none.
    pub(super) fn merge_base(&self, one: usize, other: usize) -> usize {
        let known = self.log(one);
        let both = |commit: &usize| known.contains(commit);
        self.log(other).into_iter().find(both).unwrap_or(0)
    }

    /// The files before a commit: those of its first parent.
    pub(super) fn before(&self, commit: usize) -> Files {
        let parent = self.commits[commit].parents.first();
        parent.map_or_else(Files::new, |&parent| self.commits[parent].files.clone())
    }

    /// Whether a commit changed a file, or something in a folder. A merge counts where it is unlike each of its parents.
    pub(super) fn touched(&self, commit: usize, path: &str) -> bool {
        let Commit { parents, files, .. } = &self.commits[commit];
        let now = below(files, path);
        if parents.is_empty() {
            return !now.is_empty();
        }
        (parents.iter()).all(|&parent| below(&self.commits[parent].files, path) != now)
    }

    fn commit(&mut self, branch: &'static str, entry: &Entry, parents: Vec<usize>, files: Files) {
        let (by, at) = (entry.fact("by"), entry.fact("at"));
        let message = entry.text() + "\n";
        let mut text = format!("tree {}\n", git::tree(&files, "").0);
        for &parent in &parents {
            text = text + "parent " + &self.commits[parent].sha + "\n";
        }
        let who = signature(by, at);
        let text = format!("{text}author {who}\ncommitter {who}\n\n{message}");
        let sha = git::name("commit", &text);
        let place = self.commits.len();
        self.commits.push(Commit {
            sha,
            parents,
            entry: *entry,
            message,
            files,
        });
        match self.branches.iter_mut().find(|(known, _)| *known == branch) {
            Some((_, commit)) => *commit = place,
            None => self.branches.push((branch, place)),
        }
    }

    /// A tag on the newest commit of all; with a message it is an object of its own.
    fn tag(&mut self, entry: &Entry) {
        let commit = self.commits.len() - 1;
        let tagged = &self.commits[commit];
        let (message, sha) = match entry.field("by") {
            Some(by) => {
                let (message, who) = (entry.text(), signature(by, entry.fact("at")));
                let text = format!(
                    "object {}\ntype commit\ntag {}\ntagger {who}\n\n{message}\n",
                    tagged.sha, entry.name
                );
                let sha = git::name("tag", &text);
                (message, sha)
            }
            None => (tagged.message.trim_end().to_owned(), tagged.sha.clone()),
        };
        self.tags.push(Tag {
            name: entry.name,
            sha,
            commit,
            message,
        });
    }
}

/// What a commit does to one file; `false` where the entry is about something else.
fn apply(entry: &Entry, files: &mut Files) -> bool {
    let text = entry.content();
    let file = match entry.kind {
        "file" => File::new("100644", text.into()),
        "link" => File::new("120000", text.trim_end().into()),
        "binary" => {
            let bytes = BASE64_STANDARD.decode(text.trim_end());
            File::new("100644", bytes.expect("binary files in data/ are base64"))
        }
        "edit" => {
            let before = files[entry.name].text().unwrap_or_default();
            let lines = |sign| -> String {
                let lines = text
                    .split_inclusive('\n')
                    .filter(|line| line.starts_with([sign, ' ']));
                lines.map(|line| &line[1..]).collect()
            };
            let (old, new) = (lines('-'), lines('+'));
            assert_eq!(
                before.matches(&old).count(),
                1,
                "an edit of {} in data/ fits once",
                entry.name
            );
            File::new("100644", before.replacen(&old, &new, 1).into_bytes())
        }
        _ => return false,
    };
    files.insert(entry.name.to_owned(), file);
    true
}

fn below<'a>(files: &'a Files, path: &str) -> BTreeMap<&'a str, &'a str> {
    let within = |name: &str| {
        path.is_empty()
            || name
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let files = files.iter().filter(|(name, _)| within(name));
    files
        .map(|(name, file)| (name.as_str(), file.sha.as_str()))
        .collect()
}

fn signature(login: &str, at: &str) -> String {
    let time = DateTime::parse_from_rfc3339(at).expect("times in data/ are RFC 3339");
    format!("{login} <{login}@example.org> {} +0000", time.timestamp())
}
