//! The names by which `search` and `fetch` know the things of the forge.
use std::fmt;

use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    gitea::{
        Address, FilePath, GiteaError, GiteaReader, Owner, Query, RefName, RepoName, Sha,
        views::Issue,
    },
    operations::{Refusal, common::Repo, operation::Input as _},
    rights::Target,
};

/// Names one thing of the forge, in every answer of `search`.
#[derive(Debug)]
pub(super) enum Id {
    Issue(Repo, u64),
    Pull(Repo, u64),
    Repo(Repo),
    /// At a branch, tag or commit; in answers always a commit.
    File(Repo, RefName, FilePath),
    Commit(Repo, Sha),
    Release(Repo, RefName),
}

/// What `fetch` was asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", description = "")]
pub(super) enum Asked {
    Id(Id),
    /// The address of a page for people, not yet known to be of this forge.
    Page(String),
}

const EXAMPLES: &str = "an id is like issue:owner/repo#12, pull:owner/repo#65, repo:owner/repo, \
file:owner/repo@<commit>:path, commit:owner/repo@<sha> or release:owner/repo@<tag>, as search \
returns it, or the address of such a page of this forge";

impl TryFrom<String> for Asked {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let text = text.trim_start();
        if ["https://", "http://"].iter().any(|it| begins(text, it)) {
            return Ok(Self::Page(text.trim_end().to_owned()));
        }
        // A path may end in a blank.
        let as_it_is = Id::read(text.trim_end_matches(['\r', '\n']));
        let as_it_is = as_it_is.filter(|it| matches!(it, Id::File(..)));
        let id = as_it_is.or_else(|| Id::read(text.trim_end()));
        id.map(Self::Id).ok_or(EXAMPLES)
    }
}

impl Asked {
    pub(super) fn target(&self) -> Target {
        match self {
            Self::Id(id) => id.repo().target(),
            Self::Page(_) => Target::Unknown,
        }
    }

    /// The id; of a page that only this forge can tell.
    pub(super) async fn id(self, gitea: &GiteaReader) -> Result<Id, Refusal> {
        let page = match self {
            Self::Id(id) => return Ok(id),
            Self::Page(page) => page,
        };
        let forge = gitea.facts().await?;
        let within = below(&forge.web_root, &page).unwrap_or_default();
        let within = within.split(['?', '#']).next().unwrap_or_default();
        let segments: Option<Vec<String>> = (within.split('/').filter(|it| !it.is_empty()))
            .map(|it| Some(percent_decode_str(it).decode_utf8().ok()?.into_owned()))
            .collect();
        let segments = segments.unwrap_or_default();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let id = match segments.as_slice() {
            [owner, name, "src" | "raw", "branch", rest @ ..] => match repo(owner, name) {
                Some(repo) => at_name(gitea, repo, "branches", rest).await?,
                None => None,
            },
            [owner, name, "src" | "raw", "tag", rest @ ..] => match repo(owner, name) {
                Some(repo) => at_name(gitea, repo, "tags", rest).await?,
                None => None,
            },
            other => Id::of_page(other),
        };
        let root = &forge.web_root;
        id.ok_or_else(|| Refusal::Question(format!("{EXAMPLES}, which is at {root}")))
    }
}

/// Whether a text begins with this in any case.
fn begins(text: &str, with: &str) -> bool {
    let start = text.get(..with.len());
    start.is_some_and(|it| it.eq_ignore_ascii_case(with))
}

/// What of a page's address is below the forge's. Scheme and host have no case.
fn below<'p>(root: &str, page: &'p str) -> Option<&'p str> {
    let host = root.find("://").map_or(0, |end| end + "://".len());
    let end = root[host..].find('/').map_or(root.len(), |end| host + end);
    let (origin, path) = root.split_at(end);
    let rest = begins(page, origin).then(|| &page[origin.len()..])?;
    rest.strip_prefix(path).filter(|it| it.starts_with('/'))
}

/// How many of a name's segments are tried.
const MOST_SEGMENTS: usize = 16;

/// A file at a branch or a tag: its name may have slashes, and only the forge knows where it ends. Git
/// has no name below another one, so that no more than one fits.
async fn at_name(
    gitea: &GiteaReader,
    repo: Repo,
    kind: &'static str,
    rest: &[&str],
) -> Result<Option<Id>, Refusal> {
    let whole = rest.join("/");
    let mut name = rest.first().copied().unwrap_or_default();
    let ends = whole.match_indices('/').map(|(end, _)| end);
    // A single segment is the name, and a wrong one is told as such.
    let most = if rest.len() > 1 { MOST_SEGMENTS } else { 0 };
    for end in ends.chain([whole.len()]).take(most) {
        let Ok(tried) = RefName::try_from(whole[..end].to_owned()) else {
            continue;
        };
        let address = repo.at(&[&kind, &tried]);
        match gitea.get::<IgnoredAny>(&address, &Query::new()).await {
            Err(GiteaError::NotFound) => {}
            found => {
                found?;
                name = &whole[..end];
                break;
            }
        }
    }
    Ok(Id::file(repo, name, &whole[name.len()..]))
}

impl Id {
    /// Of an issue, which may be a pull request.
    pub(super) fn of(repo: Repo, issue: &Issue) -> Self {
        match issue.pull {
            Some(_) => Self::Pull(repo, issue.number),
            None => Self::Issue(repo, issue.number),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        let numbered = || {
            let (name, number) = name.split_once('#')?;
            Some((full(name)?, number.parse().ok()?))
        };
        let at = || {
            let (name, at) = name.split_once('@')?;
            Some((full(name)?, at))
        };
        match kind {
            "issue" => numbered().map(|(repo, index)| Self::Issue(repo, index)),
            "pull" => numbered().map(|(repo, index)| Self::Pull(repo, index)),
            "repo" => full(name).map(Self::Repo),
            "file" => {
                let (repo, at) = at()?;
                let (at, path) = at.split_once(':')?;
                Self::file(repo, at, path)
            }
            "commit" => {
                let (repo, sha) = at()?;
                Some(Self::Commit(repo, sha.to_owned().try_into().ok()?))
            }
            "release" => {
                let (repo, tag) = at()?;
                Some(Self::Release(repo, tag.to_owned().try_into().ok()?))
            }
            _ => None,
        }
    }

    /// By the segments of a page's address below the forge's.
    fn of_page(segments: &[&str]) -> Option<Self> {
        let [owner, name, rest @ ..] = segments else {
            return None;
        };
        let repo = repo(owner, name)?;
        match rest {
            [] => Some(Self::Repo(repo)),
            ["issues", index, ..] => Some(Self::Issue(repo, index.parse().ok()?)),
            ["pulls", index, rest @ ..] => {
                let index = index.parse().ok()?;
                let commit = match rest {
                    ["commits", sha, ..] => Sha::try_from((*sha).to_owned()).ok(),
                    _ => None,
                };
                Some(match commit {
                    Some(sha) => Self::Commit(repo, sha),
                    None => Self::Pull(repo, index),
                })
            }
            ["commit", sha, ..] => Some(Self::Commit(repo, (*sha).to_owned().try_into().ok()?)),
            ["releases", "tag", tag @ ..] => {
                Some(Self::Release(repo, tag.join("/").try_into().ok()?))
            }
            ["src" | "raw", "commit", at, path @ ..] => Self::file(repo, at, &path.join("/")),
            _ => None,
        }
    }

    pub(super) fn file(repo: Repo, at: &str, path: &str) -> Option<Self> {
        let at = at.to_owned().try_into().ok()?;
        Some(Self::File(repo, at, path.to_owned().try_into().ok()?))
    }

    pub(super) fn repo(&self) -> &Repo {
        match self {
            Self::Repo(repo)
            | Self::Issue(repo, _)
            | Self::Pull(repo, _)
            | Self::File(repo, ..)
            | Self::Commit(repo, _)
            | Self::Release(repo, _) => repo,
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.repo().name();
        match self {
            Self::Issue(_, index) => write!(f, "issue:{name}#{index}"),
            Self::Pull(_, index) => write!(f, "pull:{name}#{index}"),
            Self::Repo(_) => write!(f, "repo:{name}"),
            Self::File(_, at, path) => write!(f, "file:{name}@{}:{}", at.as_str(), path.as_str()),
            Self::Commit(_, sha) => write!(f, "commit:{name}@{}", sha.as_str()),
            Self::Release(_, tag) => write!(f, "release:{name}@{}", tag.as_str()),
        }
    }
}

/// The repository that is written `owner/name`.
pub(super) fn full(text: &str) -> Option<Repo> {
    let (owner, name) = text.split_once('/')?;
    repo(owner, name)
}

pub(super) fn repo(owner: &str, name: &str) -> Option<Repo> {
    Some(Repo {
        owner: Owner::try_from(owner.to_owned()).ok()?,
        repo: RepoName::try_from(name.to_owned()).ok()?,
    })
}

/// The page for people of a file at a commit.
pub(super) fn page(root: &str, repo: &Repo, commit: &RefName, path: &FilePath) -> String {
    let place = Address::of(&[&repo.owner, &repo.repo, &"src/commit", commit, path]);
    format!("{root}{}", place.as_str())
}

#[cfg(test)]
mod tests;
