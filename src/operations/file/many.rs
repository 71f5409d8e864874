//! Several files in one answer.
use std::fmt::Write as _;

use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Place, TOO_LARGE, read, text};
use crate::{
    gitea::{
        FilePath, GiteaError, GiteaReader,
        views::{Contents, Entry, EntryKind},
    },
    operations::{Answer, Facts, Refusal, Report, View, operation::Input, refs::newest},
    rights::Target,
};

/// The most files of a call, their bytes together, and how many are read at the same time.
const FILES: usize = 20;
const BYTES: u64 = 4 << 20;
const AT_ONCE: usize = 4;

/// in one answer, lines numbered
#[derive(Deserialize, JsonSchema)]
pub(super) struct Many {
    #[serde(flatten)]
    place: Place,
    paths: Vec<FilePath>,
}

impl Input for Many {
    fn target(&self) -> Target {
        self.place.repo.target()
    }
}

pub(super) async fn many(gitea: GiteaReader, input: Many) -> Result<Answer, Refusal> {
    let answer = shown(&gitea, &input).await;
    input.place.explained(&gitea, answer).await
}

async fn shown(gitea: &GiteaReader, input: &Many) -> Result<Answer, Refusal> {
    let Many { place, paths } = input;
    if paths.len() > FILES {
        let count = paths.len();
        return Err(Refusal::Question(format!(
            "{count} paths are too many for one call; ask for at most {FILES}"
        )));
    }
    let commit = place.commit(gitea).await?;
    let read = |path| read(gitea, &place.repo, Some(&commit), path);
    let mut reading = stream::iter(paths).map(read).buffered(AT_ONCE);
    let (mut files, mut bytes, mut absent) = (Vec::new(), 0, 0);
    while files.len() < paths.len() && bytes <= BYTES {
        let path = &paths[files.len()];
        let file = match reading.next().await {
            Some(Ok(contents)) => Shown::of(path, contents),
            Some(Err(GiteaError::NotFound)) => {
                absent += 1;
                Shown::empty(path, "not there")
            }
            Some(Err(GiteaError::TooLarge(_))) => Shown::empty(path, TOO_LARGE),
            Some(Err(error)) => return Err(error.into()),
            None => break,
        };
        bytes += file.text.len() as u64;
        files.push(file);
    }
    // None of them, because perhaps there is no such commit.
    if absent == paths.len() {
        newest(gitea, &place.repo, Some(&commit)).await?;
    }
    let left = paths[files.len()..].iter().map(FilePath::as_str);
    let left: Vec<&str> = left.collect();
    let report = Report::new(format!("{} {} files", place.repo.name(), files.len()))
        .applied(place.shown_or(&commit))
        .facts(Facts::new().with("not read, ask again", left))
        .pinned("ref", commit.as_str());
    Ok(report.texts(files).into())
}

/// A file under a line of its own.
struct Shown {
    line: String,
    path: String,
    text: String,
}

impl Shown {
    fn of(path: &FilePath, contents: Contents) -> Self {
        let mut entry = match contents {
            Contents::One(entry) => *entry,
            Contents::Folder(_) => return Self::empty(path, "a folder"),
        };
        let Some(bytes) = entry.take_bytes() else {
            return Self::empty(path, &without_content(&entry));
        };
        let (size, sha) = (entry.size, &entry.sha);
        match text::decode(bytes) {
            Ok(decoded) => {
                let mut text = String::with_capacity(decoded.text.len() * 9 / 8);
                let mut count = 0;
                for line in decoded.text.lines() {
                    count += 1;
                    let _ = writeln!(text, "{count}: {line}");
                }
                let encoding = decoded.remark.map(|it| format!(", {it}"));
                let encoding = encoding.unwrap_or_default();
                let path = path.as_str().to_owned();
                let line = format!("{path} (lines {count}, size {size}, sha {sha}{encoding}):");
                Self { line, path, text }
            }
            Err(kind) => Self::empty(path, &format!("{kind}, size {size}, sha {sha}")),
        }
    }

    fn empty(path: &FilePath, why: &str) -> Self {
        let path = path.as_str().to_owned();
        let (line, text) = (format!("{path} ({why})"), String::new());
        Self { line, path, text }
    }
}

fn without_content(entry: &Entry) -> String {
    let target = entry.target.as_deref().unwrap_or("?");
    match entry.kind {
        EntryKind::Symlink => format!("a symbolic link to {target}"),
        EntryKind::Submodule => "a submodule".to_owned(),
        _ => format!("{TOO_LARGE}, size {}, sha {}", entry.size, entry.sha),
    }
}

impl View for Shown {
    fn line(&self) -> String {
        self.line.clone()
    }

    fn facts(&self) -> Facts {
        Facts::new().told("path", self.path.as_str())
    }

    fn text(&self) -> Option<&str> {
        Some(&self.text)
    }
}
