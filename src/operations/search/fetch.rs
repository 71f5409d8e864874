//! One thing of the forge as a text with its facts.
mod readme;

use futures_util::future::join;
use schemars::JsonSchema;
use serde::Deserialize;

use self::readme::readme;
use super::id::{self, Asked, Id};
use crate::{
    gitea::{
        AsDiff, FilePath, GiteaError, GiteaReader, Query, RefName, Sha,
        views::{
            Comment, Commit, Contents, Entry, EntryKind, Issue, PullRequest, Release, Repository,
        },
    },
    operations::{
        Answer, Document, Facts, Refusal, View,
        common::{Repo, empty},
        file::{
            TOO_LARGE, beside, read,
            text::{self, Decoded},
        },
        operation::Input,
        refs::{missing, short, subject, tip},
    },
    rights::{Access, Target},
};

/// Read a result of search, or a page of this forge by its URL.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Fetch {
    id: Asked,
}

impl Input for Fetch {
    fn target(&self) -> Target {
        self.id.target()
    }
}

pub(super) async fn fetch(gitea: GiteaReader, input: Fetch) -> Result<Answer, Refusal> {
    let id = input.id.id(&gitea).await?;
    // A page told what it is about only now.
    if !gitea.rights().allow(Access::Read, &id.repo().target()) {
        return Err(GiteaError::NotFound.into());
    }
    let document = match id {
        Id::Issue(repo, index) => issue(&gitea, repo, index).await,
        // They share their numbers, and whoever knows one may take it for the other.
        Id::Pull(repo, index) => match pull(&gitea, repo.clone(), index).await {
            Err(Refusal::Gitea(GiteaError::NotFound)) => issue(&gitea, repo, index).await,
            found => found,
        },
        Id::Repo(repo) => repository(&gitea, repo).await,
        Id::File(repo, at, path) => file(&gitea, repo, at, path).await,
        Id::Commit(repo, sha) => commit(&gitea, repo, sha).await,
        Id::Release(repo, tag) => release(&gitea, repo, tag).await,
    };
    Ok(Answer::Document(document?))
}

async fn issue(gitea: &GiteaReader, repo: Repo, index: u64) -> Result<Document, Refusal> {
    let (address, query) = (repo.at(&[&"issues", &index]), Query::new());
    let issue = gitea.get::<Issue>(&address, &query);
    let (issue, comments) = join(issue, comments(gitea, &repo, index)).await;
    let (issue, (comments, of_comments)) = (issue?, comments?);
    let metadata = Facts::new()
        .with("state", issue.standing())
        .maybe("draft", issue.is_draft().then_some(true));
    Ok(Document {
        title: format!("{}#{index} {}", repo.name(), issue.title),
        url: issue.url.clone(),
        metadata: metadata
            .and(issue.facts().without("url").without("comments"))
            .and(of_comments),
        text: conversation(&issue.by(), issue.body.as_deref(), &comments),
        id: Id::of(repo, &issue).to_string(),
    })
}

async fn pull(gitea: &GiteaReader, repo: Repo, index: u64) -> Result<Document, Refusal> {
    let (address, query) = (repo.at(&[&"pulls", &index]), Query::new());
    let pull = gitea.get::<PullRequest>(&address, &query);
    let (pull, comments) = join(pull, comments(gitea, &repo, index)).await;
    let (pull, (comments, of_comments)) = (pull?, comments?);
    let metadata = Facts::new()
        .with("state", pull.standing())
        .maybe("draft", pull.draft.then_some(true));
    Ok(Document {
        title: format!("{}#{index} {}", repo.name(), pull.title),
        url: pull.url.clone(),
        metadata: metadata.and(pull.facts().without("url")).and(of_comments),
        text: conversation(&pull.by(), pull.body.as_deref(), &comments),
        id: Id::Pull(repo, index).to_string(),
    })
}

/// What was said below it, as far as it can be read, and what is to be told of that.
async fn comments(
    gitea: &GiteaReader,
    repo: &Repo,
    index: u64,
) -> Result<(Vec<Comment>, Facts), GiteaError> {
    let (address, facts) = (repo.at(&[&"issues", &index, &"comments"]), Facts::new());
    let page = match gitea.list(&address, &Query::new()).await {
        Err(error) if error.is_too_much() => {
            let facts = facts.with("comments not read", error.to_string());
            return Ok((Vec::new(), facts));
        }
        page => page?,
    };
    let facts = facts
        .with("comments", page.items.len())
        .maybe("comments not read", empty(page.unread));
    Ok((page.items, facts))
}

/// What an issue or a pull request says and what was said below it, each after a line of its own and
/// indented, so that none can pose as somebody else's.
fn conversation(by: &str, body: Option<&str>, comments: &[Comment]) -> String {
    let told = |by: String, text: &str| {
        // A name may hold a line break too.
        let by = by.replace('\n', "<U+000A>");
        let lines = text.lines().map(|line| format!("\n  {line}"));
        by + &lines.collect::<String>()
    };
    let body = body.map(|body| told(format!("{by}:"), body));
    let comments = comments.iter().map(|it| told(it.line(), &it.body));
    let said: Vec<String> = body.into_iter().chain(comments).collect();
    said.join("\n\n")
}

async fn repository(gitea: &GiteaReader, repo: Repo) -> Result<Document, Refusal> {
    let (address, query) = (repo.at(&[]), Query::new());
    let found = gitea.get::<Repository>(&address, &query);
    let (found, (readme, of_readme)) = join(found, readme(gitea, &repo)).await;
    let found = found?;
    let about = found.description.clone().unwrap_or_default();
    let metadata = Facts::new()
        .with("visibility", found.visibility())
        .with("marks", found.marks())
        .and(of_readme);
    Ok(Document {
        title: found.full_name.clone(),
        url: found.url.clone(),
        metadata: metadata.and(found.in_full().without("url")),
        text: [about, readme].join("\n\n").trim().to_owned(),
        id: Id::Repo(repo).to_string(),
    })
}

async fn file(
    gitea: &GiteaReader,
    repo: Repo,
    at: RefName,
    path: FilePath,
) -> Result<Document, Refusal> {
    let found = async {
        let commit = tip(gitea, &repo, Some(&at)).await?;
        let read = async |path: &FilePath| match read(gitea, &repo, Some(&commit), path).await {
            Err(GiteaError::TooLarge(_)) => beside(gitea, &repo, Some(&commit), path).await,
            contents => contents,
        };
        // Where no name ends in a blank, it only stood behind the id.
        let bare = FilePath::try_from(path.as_str().trim_end().to_owned());
        let contents = match (read(&path).await, bare) {
            (Err(GiteaError::NotFound), Ok(bare)) if bare != path => read(&bare).await,
            (contents, _) => contents,
        };
        Ok((commit, contents?))
    };
    let (commit, contents) = match found.await {
        Ok(found) => found,
        Err(error) => return Err(missing(gitea, &repo, Some(&at), Some(&path), error).await),
    };
    // As the forge spells it.
    let spelt = match &contents {
        Contents::One(entry) => Some(entry.path.as_str()),
        Contents::Folder(entries) => {
            let below = entries
                .items
                .first()
                .and_then(|it| it.path.rsplit_once('/'));
            below.map(|(folder, _)| folder)
        }
    };
    let spelt = spelt.and_then(|it| FilePath::try_from(it.to_owned()).ok());
    let path = spelt.unwrap_or(path);
    let metadata = Facts::new()
        .with("path", path.as_str())
        .with("commit", commit.as_str());
    let (text, metadata) = match contents {
        Contents::Folder(entries) => {
            let unread = empty(entries.empty);
            let names = entries.items.into_iter().map(|it| it.path);
            (
                names.collect::<Vec<_>>().join("\n"),
                metadata.with("type", "folder").maybe("not read", unread),
            )
        }
        Contents::One(entry) => {
            let metadata = metadata
                .with("size", entry.size)
                .with("sha", entry.sha.as_str());
            match text_of(*entry) {
                Ok(file) => (file.text, metadata.maybe("encoding", file.remark)),
                Err(kind) => (String::new(), metadata.with("type", kind)),
            }
        }
    };
    Ok(Document {
        title: format!("{}: {}", repo.name(), path.as_str()),
        url: id::page(&gitea.facts().await?.web_root, &repo, &commit, &path),
        metadata,
        text,
        id: Id::File(repo, commit, path).to_string(),
    })
}

/// A file's text, or what it is instead.
fn text_of(mut entry: Entry) -> Result<Decoded, String> {
    let Some(bytes) = entry.take_bytes() else {
        let target = entry.target.unwrap_or_default();
        return Err(match entry.kind {
            EntryKind::Symlink => format!("symbolic link to {target}"),
            EntryKind::Submodule => "submodule".to_owned(),
            _ => TOO_LARGE.to_owned(),
        });
    };
    text::decode(bytes).map_err(str::to_owned)
}

async fn commit(gitea: &GiteaReader, repo: Repo, sha: Sha) -> Result<Document, Refusal> {
    let (address, query) = (repo.at(&[&"git/commits", &sha]), Query::new());
    let diff = repo.at(&[&"git/commits", &AsDiff(sha.clone())]);
    let commit = gitea.get::<Commit>(&address, &query);
    let (commit, diff) = join(commit, gitea.raw(&diff, &query)).await;
    let commit = match commit {
        Ok(commit) => commit,
        Err(error) => return Err(missing(gitea, &repo, Some(&sha.into()), None, error).await),
    };
    let (message, name) = (&commit.git.message, repo.name());
    let mut text = message.trim().to_owned();
    let metadata = commit.in_full().without("url");
    let metadata = match diff {
        Err(error) if error.is_too_much() => metadata.with("diff not read", error.to_string()),
        diff => {
            let (diff, encodings) = text::decode_diff(diff?);
            text.push_str("\n\n");
            text.push_str(&diff);
            metadata.with("encoding", encodings)
        }
    };
    let whole = Sha::try_from(commit.sha.clone()).unwrap_or(sha);
    Ok(Document {
        title: format!("{name} {} {}", short(&commit.sha), subject(message)),
        text,
        metadata,
        url: commit.url,
        id: Id::Commit(repo, whole).to_string(),
    })
}

async fn release(gitea: &GiteaReader, repo: Repo, tag: RefName) -> Result<Document, Refusal> {
    let address = repo.at(&[&"releases", &"tags", &tag]);
    let release: Release = gitea.get(&address, &Query::new()).await?;
    let name = release.name.clone().unwrap_or_else(|| release.tag.clone());
    let marks: Vec<&str> = release.marks().collect();
    let metadata = Facts::new().with("tag", tag.as_str()).with("marks", marks);
    Ok(Document {
        title: format!("{} {name}", repo.name()),
        text: release.body.clone().unwrap_or_default(),
        url: release.url.clone(),
        metadata: metadata.and(release.in_full().without("url")),
        id: Id::Release(repo, tag).to_string(),
    })
}
