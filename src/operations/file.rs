//! Files of a repository: one, several, folders, and what is written in them.
mod find;
mod many;
pub(super) mod text;
pub(super) mod tree;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Facts, Form, Operation, Refusal, Report, Toolset, View,
    common::Repo,
    operation::Input,
    refs::{is_fixed, missing, short, shown, tip},
};
use crate::{
    gitea::{
        Bounded, FilePath, GiteaError, GiteaReader, Query, RefName,
        views::{Contents, Entry, EntryKind},
    },
    rights::Target,
    sort,
};

/// `answer_max`: the most characters of an answer.
pub(super) fn toolset(answer_max: usize) -> Toolset {
    // From here on a file or the list of a folder is expected not to fit into one, with its head.
    let long = answer_max.saturating_sub(8_000) as u64;
    Toolset {
        name: "file",
        about: "files",
        neighbour: "History: commit_read list",
        operations: vec![
            Operation::read("get", move |gitea, input| get(gitea, input, long)),
            Operation::read("list", move |gitea, input| list(gitea, input, long))
                .or_less("tree lists it in pages"),
            Operation::read("tree", tree::tree),
            Operation::read("many", many::many),
            Operation::read("find", find::find),
        ],
    }
}

/// A repository at a point of its history.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(description = "")]
struct Place {
    #[serde(flatten)]
    repo: Repo,
    #[serde(rename = "ref")]
    at: Option<RefName>,
}

impl Place {
    /// `at main`, as the head says it.
    fn shown(&self) -> Option<String> {
        self.at.as_ref().map(|at| format!("at {}", shown(at)))
    }

    /// The same, or in short the commit that was read.
    fn shown_or(&self, commit: &RefName) -> String {
        self.shown()
            .unwrap_or_else(|| format!("at {}", shown(commit)))
    }

    /// The commit to read at, so that several readings fit together.
    async fn commit(&self, gitea: &GiteaReader) -> Result<RefName, GiteaError> {
        tip(gitea, &self.repo, self.at.as_ref()).await
    }

    /// The answer, or what is missing of this place where the forge only says that something is.
    async fn explained(
        &self,
        gitea: &GiteaReader,
        answer: Result<Answer, Refusal>,
    ) -> Result<Answer, Refusal> {
        match answer {
            Err(Refusal::Gitea(error)) => {
                Err(missing(gitea, &self.repo, self.at.as_ref(), None, error).await)
            }
            answer => answer,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
struct Get {
    #[serde(flatten)]
    place: Place,
    path: FilePath,
    start_line: Option<u64>,
    end_line: Option<u64>,
}

impl Input for Get {
    fn target(&self) -> Target {
        self.place.repo.target()
    }
}

async fn get(gitea: GiteaReader, input: Get, long: u64) -> Result<Answer, Refusal> {
    let Get { place, path, .. } = &input;
    let (repo, at) = (&place.repo, place.at.as_ref());
    let (contents, pin) = match settled(&gitea, place, path, long).await {
        Err(GiteaError::TooLarge(_)) => (beside(&gitea, repo, at, path).await?, None),
        Err(error) => return Err(missing(&gitea, repo, at, Some(path), error).await),
        Ok(read) => read,
    };
    let report = match contents {
        Contents::Folder(entries) => folder(place, path, "folder ", entries),
        Contents::One(_)
            if input
                .end_line
                .is_some_and(|end| end < input.start_line.unwrap_or(1)) =>
        {
            return Err(Refusal::Question(
                "end_line is before start_line".to_owned(),
            ));
        }
        Contents::One(entry) => one(place, *entry, input.start_line, input.end_line),
    };
    Ok(report.pinned_to(pin).into())
}

/// one folder, folders first
#[derive(Deserialize, JsonSchema)]
struct List {
    #[serde(flatten)]
    place: Place,
    #[serde(default)]
    path: FilePath,
}

impl Input for List {
    fn target(&self) -> Target {
        self.place.repo.target()
    }
}

async fn list(gitea: GiteaReader, input: List, long: u64) -> Result<Answer, Refusal> {
    let List { place, path } = &input;
    let (contents, pin) = match settled(&gitea, place, path, long).await {
        Ok(read) => read,
        Err(error) => {
            let (at, path) = (place.at.as_ref(), Some(path).filter(|it| !it.is_root()));
            return Err(missing(&gitea, &place.repo, at, path, error).await);
        }
    };
    let (kind, entries) = match contents {
        Contents::Folder(entries) => ("folder ", entries),
        Contents::One(entry) => {
            let items = vec![*entry];
            ("", Bounded { items, empty: 0 })
        }
    };
    Ok(folder(place, path, kind, entries).pinned_to(pin).into())
}

impl Report {
    /// Tells the commit too, where nothing else says what was read.
    fn pinned_to(self, pin: Option<String>) -> Self {
        let Some(pin) = pin else {
            return self;
        };
        let at = self.applied.is_empty();
        let at = at.then(|| format!("at {}", short(&pin)));
        self.maybe_applied(at).pinned("ref", pin)
    }
}

/// What is at a path, as the forge has it now.
pub(super) async fn read(
    gitea: &GiteaReader,
    repo: &Repo,
    at: Option<&RefName>,
    path: &FilePath,
) -> Result<Contents, GiteaError> {
    let query = Query::new().maybe("ref", at.map(RefName::as_str));
    let read = async |path: &FilePath| gitea.get(&repo.at(&[&"contents", path]), &query).await;
    match (read(path).await, path.unhidden()) {
        (Err(GiteaError::NotFound), Some(path)) => read(&path).await,
        (read, _) => read,
    }
}

/// Stands for the text of a file that the forge withholds, or that is more than is read.
pub(super) const TOO_LARGE: &str = "too large to be read here";

/// What is at a path, and the commit at which to go on reading the same.
///
/// The last commit that touched a file has it as it is now, but for a merge that took one side's
/// version of it. That will do where nobody is likely to go on; else it is read anew at a commit.
async fn settled(
    gitea: &GiteaReader,
    place: &Place,
    path: &FilePath,
    long: u64,
) -> Result<(Contents, Option<String>), GiteaError> {
    let (repo, at) = (&place.repo, place.at.as_ref());
    let contents = read(gitea, repo, at, path).await?;
    if at.is_some_and(is_fixed) {
        return Ok((contents, None));
    }
    let (size, last_commit) = match &contents {
        Contents::Folder(entries) => (
            entries
                .items
                .iter()
                .map(|it| it.line().len() as u64 + 1)
                .sum(),
            None,
        ),
        Contents::One(entry) => (entry.size, entry.last_commit_sha.clone()),
    };
    if size <= long {
        return Ok((contents, last_commit));
    }
    drop(contents); // megabytes, which would wait with us
    let commit = tip(gitea, repo, at).await?;
    let contents = read(gitea, repo, Some(&commit), path).await?;
    Ok((contents, Some(commit.as_str().to_owned())))
}

/// What the folder around a file says of it, where the file itself is more than is read.
pub(super) async fn beside(
    gitea: &GiteaReader,
    repo: &Repo,
    at: Option<&RefName>,
    path: &FilePath,
) -> Result<Contents, GiteaError> {
    let whole = path.as_str();
    let around = whole.rsplit_once('/').map_or("", |(around, _)| around);
    let around = FilePath::try_from(around.to_owned()).unwrap_or_default();
    let folder = read(gitea, repo, at, &around).await?;
    let entries = match folder {
        Contents::Folder(entries) => entries.items,
        Contents::One(entry) => vec![*entry],
    };
    let meant = path.unhidden();
    let meant = meant.as_ref().map_or(whole, FilePath::as_str);
    let place = |path: &str| entries.iter().position(|entry| entry.path == path);
    // Both may be there.
    let place = place(whole).or_else(|| place(meant));
    let entry = place.and_then(|place| entries.into_iter().nth(place));
    entry
        .map(|entry| Contents::One(Box::new(entry)))
        .ok_or(GiteaError::NotFound)
}

fn one(place: &Place, mut entry: Entry, first: Option<u64>, last: Option<u64>) -> Report {
    let title = format!("{} {}", place.repo.name(), entry.path);
    let at = place.shown().or_else(|| branch(&entry));
    let report = Report::new(title).maybe_applied(at);
    let facts = Facts::new().told("path", entry.path.as_str());
    let facts = match entry.kind {
        EntryKind::Symlink => facts.maybe("symbolic link to", entry.target.clone()),
        EntryKind::Submodule => facts.maybe("submodule of", entry.submodule.clone()),
        _ => facts.with("size", entry.size),
    };
    let facts = facts.with("sha", entry.sha.as_str());
    let Some(bytes) = entry.take_bytes() else {
        let unread = (entry.kind == EntryKind::File).then_some(TOO_LARGE);
        return report.facts(facts.maybe("content", unread).with("url", entry.url));
    };
    match text::decode(bytes) {
        Ok(decoded) => {
            let part = first.is_some() || last.is_some();
            let form = if part { Form::Numbered } else { Form::Plain };
            let facts = facts.maybe("encoding", decoded.remark);
            let first = first.unwrap_or(1);
            report.facts(facts).lines(decoded.text, first, last, form)
        }
        Err(kind) => report.facts(facts.with("content", kind).with("url", entry.url)),
    }
}

/// The branch that was read where none was named: `at main`.
fn branch(entry: &Entry) -> Option<String> {
    let (_, rest) = entry.url.split_once("/src/branch/")?;
    let below = entry.path.matches('/').count();
    let (end, _) = rest.rmatch_indices('/').nth(below)?;
    let name = percent_encoding::percent_decode_str(&rest[..end]);
    Some(format!("at {}", name.decode_utf8().ok()?))
}

fn folder(place: &Place, path: &FilePath, kind: &str, entries: Bounded<Entry>) -> Report {
    fn rank(it: &Entry) -> (bool, &str) {
        (it.kind != EntryKind::Dir, &it.name)
    }

    let (total, mut entries, empty) = (entries.length(), entries.items, entries.empty);
    sort::by(&mut entries, |one, other| rank(one).cmp(&rank(other)));
    let path = if path.is_root() { "/" } else { path.as_str() };
    let at = entries.first().and_then(branch);
    Report::new(format!("{} {kind}{path}", place.repo.name()))
        .maybe_applied(place.shown().or(at))
        .unread(empty)
        .list(1, Some(total), entries)
}

/// `dir docs`, `12888 guide.md`, `link GUIDE.md -> docs/guide.md`: the first word is never a name.
impl View for Entry {
    fn line(&self) -> String {
        let name = &self.name;
        match self.kind {
            EntryKind::Dir => format!("dir {name}"),
            EntryKind::File => format!("{} {name}", self.size),
            EntryKind::Symlink => {
                format!("link {name} -> {}", self.target.as_deref().unwrap_or("?"))
            }
            EntryKind::Submodule => format!("submodule {name}"),
        }
    }

    fn facts(&self) -> Facts {
        let kind = match self.kind {
            EntryKind::Dir => "dir",
            EntryKind::File => "file",
            EntryKind::Symlink => "link",
            EntryKind::Submodule => "submodule",
        };
        Facts::new()
            .told("path", self.path.as_str())
            .told("kind", kind)
            .told("size", self.size)
            .told("sha", self.sha.as_str())
    }
}
