//! Every path below a folder.
use futures_util::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Place, shown};
use crate::{
    gitea::{
        FilePath, GiteaError, GiteaReader, Query, RefName,
        views::{Tree, TreeEntry},
    },
    operations::{
        Answer, Facts, Refusal, Report, View,
        common::{PageNumber, Repo},
        operation::Input,
    },
    rights::Target,
};

/// What Gitea gives at once, unless its operator has set less.
const PAGE: u64 = 1_000;
/// The most pages that are read to know a whole tree, and how many at the same time.
const PAGES: (u64, usize) = (20, 4);

/// recursive
#[derive(Deserialize, JsonSchema)]
pub(super) struct Below {
    #[serde(flatten)]
    place: Place,
    #[serde(default)]
    path: FilePath,
    #[serde(default)]
    page: PageNumber,
}

impl Input for Below {
    fn target(&self) -> Target {
        self.place.repo.target()
    }
}

pub(super) async fn tree(gitea: GiteaReader, input: Below) -> Result<Answer, Refusal> {
    let answer = listed(&gitea, &input).await;
    input.place.explained(&gitea, answer).await
}

async fn listed(gitea: &GiteaReader, input: &Below) -> Result<Answer, Refusal> {
    let Below { place, path, .. } = input;
    let commit = place.commit(gitea).await?;
    let whose = if path.is_root() { "" } else { path.as_str() };
    let title = format!("{} tree {whose}", place.repo.name());
    let report = Report::new(title.trim_end())
        .applied(place.shown_or(&commit))
        .pinned("ref", commit.as_str());
    let root = match locate(gitea, &place.repo, &commit, path).await? {
        Located::File(entry) => return Ok(report.list(1, Some(1), vec![entry]).into()),
        Located::Folder(root) => root,
    };
    let number = input.page.get();
    let tree = page(gitea, &place.repo, &root, true, number).await?;
    let (count, empty) = (tree.entries.length(), tree.entries.empty);
    // Full pages are of one size, the last one ends the list.
    let before = if tree.truncated {
        (number - 1).saturating_mul(count)
    } else {
        tree.total_count.saturating_sub(count)
    };
    let entries = below(path, tree.entries.items).collect();
    let report = report.unread(empty);
    let report = report.list(before.saturating_add(1), Some(tree.total_count), entries);
    if tree.truncated {
        return Ok(report.next("page", number + 1).into());
    }
    Ok(report.into())
}

/// What is at a path.
pub(super) enum Located {
    /// The hash of its tree, or of the commit for the root.
    Folder(RefName),
    File(TreeEntry),
}

/// Finds a path folder by folder, which costs the forge least.
pub(super) async fn locate(
    gitea: &GiteaReader,
    repo: &Repo,
    commit: &RefName,
    path: &FilePath,
) -> Result<Located, Refusal> {
    let mut folder = commit.clone();
    let mut segments = path.segments().peekable();
    while let Some(segment) = segments.next() {
        let (entries, total) = whole(gitea, repo, &folder, false).await?;
        let read = entries.len() as u64;
        let found = find(entries, segment);
        match found {
            Some(entry) if entry.kind == "tree" => {
                folder = RefName::try_from(entry.sha).map_err(|_| GiteaError::Garbled)?;
            }
            Some(mut entry) if segments.peek().is_none() => {
                path.as_str().clone_into(&mut entry.path);
                return Ok(Located::File(entry));
            }
            _ => {
                let (path, name, at) = (path.as_str(), repo.name(), shown(commit));
                return Err(Refusal::Question(if read < total {
                    format!(
                        "whether there is \"{path}\" in {name} at {at} is not known: of the {total} \
                         entries of a folder on its way only {read} were read; file_read get reads \
                         it by its path"
                    )
                } else {
                    format!(
                        "no \"{path}\" in {name} at {at}; file_read tree without path shows every path"
                    )
                }));
            }
        }
    }
    Ok(Located::Folder(folder))
}

/// The entry of this name, or of the one that it may stand for.
fn find(entries: Vec<TreeEntry>, name: &str) -> Option<TreeEntry> {
    let meant = FilePath::try_from(name.to_owned()).ok()?.unhidden();
    let meant = meant.as_ref().map_or(name, FilePath::as_str);
    let place = |name: &str| entries.iter().position(|entry| entry.path == name);
    let place = place(name).or_else(|| place(meant))?;
    entries.into_iter().nth(place)
}

/// Every entry of a tree, and how many there are: more where that is more than we read.
pub(in crate::operations) async fn whole(
    gitea: &GiteaReader,
    repo: &Repo,
    root: &RefName,
    recursive: bool,
) -> Result<(Vec<TreeEntry>, u64), GiteaError> {
    let first = page(gitea, repo, root, recursive, 1).await?;
    let (mut length, total) = (first.entries.length(), first.total_count);
    let mut entries = first.entries.items;
    if first.truncated && length > 0 {
        let pages = total.div_ceil(length).min(PAGES.0);
        let rest = stream::iter(2..=pages).map(|number| page(gitea, repo, root, recursive, number));
        let rest: Vec<Tree> = rest.buffered(PAGES.1).try_collect().await?;
        for page in rest {
            length += page.entries.length();
            entries.extend(page.entries.items);
        }
    }
    let total = total.max(length);
    Ok((entries, total))
}

async fn page(
    gitea: &GiteaReader,
    repo: &Repo,
    root: &RefName,
    recursive: bool,
    number: u64,
) -> Result<Tree, GiteaError> {
    let query = Query::new().maybe("recursive", recursive.then_some(true));
    let query = query.with("page", number).with("per_page", PAGE);
    gitea.get(&repo.at(&[&"git/trees", root]), &query).await
}

/// The entries of a folder's tree by their paths in the repository.
pub(super) fn below(path: &FilePath, entries: Vec<TreeEntry>) -> impl Iterator<Item = TreeEntry> {
    entries.into_iter().map(|mut entry| {
        if !path.is_root() {
            entry.path = format!("{}/{}", path.as_str(), entry.path);
        }
        entry
    })
}

impl TreeEntry {
    pub(super) fn is_link(&self) -> bool {
        self.mode == "120000"
    }
}

/// As in the list of a folder, with whole paths.
impl View for TreeEntry {
    fn line(&self) -> String {
        match self.kind.as_str() {
            "tree" => format!("dir {}", self.path),
            "commit" => format!("submodule {}", self.path),
            _ if self.is_link() => format!("link {}", self.path),
            _ => format!("{} {}", self.size, self.path),
        }
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .told("path", self.path.as_str())
            .told("kind", self.kind.as_str())
            .told("size", self.size)
            .told("sha", self.sha.as_str())
    }
}
