//! `search` and `fetch`, in the one form that research assistants ask of every server.
use std::collections::HashSet;

use futures_util::{
    FutureExt as _,
    future::{LocalBoxFuture, join_all},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::task::yield_now;

use super::{
    Answer, Found, Operation, Refusal, Toolset, common::Repo, file::tree::whole,
    filters::ANY_MILESTONE, operation::Input, refs::tip,
};
use crate::{
    gitea::{
        Address, FilePath, GiteaError, GiteaReader, Query,
        views::{Issue, Repository},
    },
    rights::{Access, Target},
    sort,
};

mod fetch;
mod id;
mod words;

use id::Id;
use words::Words;

pub(super) fn toolset() -> Toolset {
    let text = json!({"type": "string"});
    let result = json!({
        "type": "object",
        "properties": {"id": text, "title": text, "url": text},
        "required": ["id", "title", "url"],
    });
    let results = json!({
        "type": "object",
        "properties": {"results": {"type": "array", "items": result}},
        "required": ["results"],
    });
    let document = json!({
        "type": "object",
        "properties": {
            "id": text, "title": text, "text": text, "url": text,
            "metadata": {"type": "object", "additionalProperties": text},
        },
        "required": ["id", "title", "text", "url"],
    });
    Toolset {
        name: "search",
        about: "",
        neighbour: "",
        operations: vec![
            Operation::read("search", search).alone(results),
            Operation::read("fetch", fetch::fetch).alone(document),
        ],
    }
}

/// Search issues, pull requests and repositories; after owner/repo also its files by name.
#[derive(Deserialize, JsonSchema)]
struct Search {
    query: String,
}

impl Input for Search {
    fn target(&self) -> Target {
        Target::Forge
    }
}

/// The most results, of each question to Gitea and in all.
const OF_EACH: u64 = 20;
const IN_ALL: usize = 20;
/// Repositories whose files are looked through where a query names a file and no repository.
const LOOKED_THROUGH: u64 = 3;
/// So many paths are looked at before others get their turn.
const WITHOUT_PAUSE: usize = 1_000;

async fn search(gitea: GiteaReader, input: Search) -> Result<Answer, Refusal> {
    let mut words = Words::of(&input.query);
    let mut refused = None;
    let mut hits = match words.named.take() {
        None => everywhere(&gitea, &words, None).await?,
        Some((repo, index)) => match gitea.get(&repo.at(&[]), &Query::new()).await {
            Ok(repository) => within(&gitea, &repo, repository, index, &words).await?,
            // No repository that may be read, but perhaps a path, or just a word.
            Err(error) if is_closed(&error) => {
                refused = Some(error).filter(|it| *it != GiteaError::NotFound);
                let issue = index.map(|index| (&repo, index));
                everywhere(&gitea, &Words::all(&input.query), issue).await?
            }
            Err(error) => return Err(error.into()),
        },
    };
    let rights = gitea.rights();
    hits.retain(|hit| rights.allow(Access::Read, &hit.target));
    if let Some(error) = refused.filter(|_| hits.is_empty()) {
        return Err(error.into());
    }
    let mut seen = HashSet::new();
    sort::by_key(&mut hits, |hit| std::cmp::Reverse(hit.score));
    hits.retain(|hit| seen.insert(hit.found.id.clone()));
    hits.truncate(IN_ALL);
    let found = hits.into_iter().map(|hit| hit.found);
    Ok(Answer::Results(found.collect()))
}

/// A result, and how well it fits.
struct Hit {
    found: Found,
    score: u32,
    target: Target,
}

impl Hit {
    fn new(id: &Id, title: String, url: String, score: u32) -> Self {
        let (target, id) = (id.repo().target(), id.to_string());
        let found = Found { id, title, url };
        Self {
            found,
            score,
            target,
        }
    }
}

/// How well that fits which the query names.
const NAMED: u32 = u32::MAX;

type Hits<'a> = LocalBoxFuture<'a, Result<Vec<Hit>, GiteaError>>;

/// What the questions found, all asked at the same time. Some may be refused for want of a scope; but
/// where nothing was found and one failed, nobody knows whether there is something.
async fn gathered(questions: Vec<Hits<'_>>) -> Result<Vec<Hit>, GiteaError> {
    let (mut hits, mut answered) = (Vec::new(), false);
    let (mut failed, mut refused) = (None, None);
    for answer in join_all(questions).await {
        match answer {
            Ok(found) => {
                answered = true;
                hits.extend(found);
            }
            Err(error) if is_closed(&error) => refused = Some(error),
            Err(error) => failed = Some(error),
        }
    }
    match failed.or(refused.filter(|_| !answered)) {
        Some(error) if hits.is_empty() => Err(error),
        _ => Ok(hits),
    }
}

/// Whether this says that there is nothing to be found there by this server's account.
fn is_closed(error: &GiteaError) -> bool {
    matches!(
        error,
        GiteaError::NotFound
            | GiteaError::NoFunction
            | GiteaError::MissingScope(_)
            | GiteaError::PublicOnly
            | GiteaError::Forbidden(_)
            | GiteaError::EmptyRepository
    )
}

/// With the issue that was named, which may be open though its repository is not.
async fn everywhere(
    gitea: &GiteaReader,
    words: &Words,
    issue: Option<(&Repo, u64)>,
) -> Result<Vec<Hit>, GiteaError> {
    let mut questions: Vec<Hits<'_>> = Vec::new();
    for phrase in words.phrases() {
        let (issues, query) = (Address::of(&[&"repos/issues/search"]), Query::new());
        questions.push(issues_at(gitea, issues, query, phrase, words).boxed_local());
        questions.push(repositories(gitea, phrase, words).boxed_local());
    }
    if words.names_a_file() {
        questions.push(recent_files(gitea, words).boxed_local());
    }
    if let Some((repo, index)) = issue {
        questions.push(one_issue(gitea, repo, index).boxed_local());
    }
    gathered(questions).await
}

async fn within(
    gitea: &GiteaReader,
    repo: &Repo,
    repository: Repository,
    index: Option<u64>,
    words: &Words,
) -> Result<Vec<Hit>, GiteaError> {
    let mut questions: Vec<Hits<'_>> = Vec::new();
    for phrase in words.phrases() {
        let issues = repo.at(&[&"issues"]);
        let query = Query::new().with("milestones", ANY_MILESTONE);
        questions.push(issues_at(gitea, issues, query, phrase, words).boxed_local());
    }
    if let Some(index) = index {
        questions.push(one_issue(gitea, repo, index).boxed_local());
    }
    if !words.is_empty() {
        questions.push(files(gitea, &repository.full_name, words).boxed_local());
    }
    let mut hits = match gathered(questions).await {
        // The repository itself has answered.
        Err(error) if is_closed(&error) => Vec::new(),
        found => found?,
    };
    let mut named = hit_of_repository(repository, words);
    if let Some(named) = named.as_mut().filter(|_| words.is_empty()) {
        named.score = NAMED - 1;
    }
    hits.extend(named);
    Ok(hits)
}

async fn issues_at(
    gitea: &GiteaReader,
    address: Address,
    query: Query,
    phrase: &str,
    words: &Words,
) -> Result<Vec<Hit>, GiteaError> {
    let query = query
        .maybe("q", Some(phrase).filter(|it| !it.is_empty()))
        .with("state", "all")
        .with("limit", OF_EACH);
    let issues = gitea.list::<Issue>(&address, &query).await?.items;
    Ok(issues
        .into_iter()
        .filter_map(|it| hit_of_issue(it, words))
        .collect())
}

async fn one_issue(gitea: &GiteaReader, repo: &Repo, index: u64) -> Result<Vec<Hit>, GiteaError> {
    let issue = gitea
        .get(&repo.at(&[&"issues", &index]), &Query::new())
        .await?;
    let mut hit = hit_of_issue(issue, &Words::default());
    if let Some(hit) = &mut hit {
        hit.score = NAMED;
    }
    Ok(hit.into_iter().collect())
}

fn hit_of_issue(issue: Issue, words: &Words) -> Option<Hit> {
    let name = issue.repo.as_deref().unwrap_or_default();
    let title = format!("{name}#{} {}", issue.number, issue.title);
    let text = issue.body.as_deref().unwrap_or_default();
    let score = words.score(&issue.title, text);
    let id = Id::of(id::full(name)?, &issue);
    Some(Hit::new(&id, title, issue.url, score))
}

async fn repositories(
    gitea: &GiteaReader,
    phrase: &str,
    words: &Words,
) -> Result<Vec<Hit>, GiteaError> {
    let query = Query::new()
        .with("q", phrase)
        .with("includeDesc", true)
        .with("limit", OF_EACH);
    let address = Address::of(&[&"repos", &"search"]);
    let found = gitea.list::<Repository>(&address, &query).await?.items;
    let hits = found
        .into_iter()
        .filter_map(|it| hit_of_repository(it, words));
    Ok(hits.collect())
}

fn hit_of_repository(repository: Repository, words: &Words) -> Option<Hit> {
    let name = repository.full_name;
    let about = repository.description.unwrap_or_default();
    let score = words.score(&name, &about);
    let id = Id::Repo(id::full(&name)?);
    let title = if about.is_empty() {
        name
    } else {
        format!("{name}: {about}")
    };
    Some(Hit::new(&id, title, repository.url, score))
}

/// Files of those repositories in which something happened last.
async fn recent_files(gitea: &GiteaReader, words: &Words) -> Result<Vec<Hit>, GiteaError> {
    let query = Query::new()
        .with("sort", "updated")
        .with("order", "desc")
        .with("limit", LOOKED_THROUGH);
    let address = Address::of(&[&"repos", &"search"]);
    let recent = gitea.list::<Repository>(&address, &query).await?.items;
    let looking = recent.iter();
    let looking = looking.map(|it| files(gitea, &it.full_name, words).boxed_local());
    gathered(looking.collect()).await
}

/// Files of the default branch by their paths.
async fn files(gitea: &GiteaReader, name: &str, words: &Words) -> Result<Vec<Hit>, GiteaError> {
    let Some(repo) = id::full(name) else {
        return Ok(Vec::new());
    };
    let commit = tip(gitea, &repo, None).await?;
    let root = gitea.facts().await?;
    let (entries, _) = whole(gitea, &repo, &commit, true).await?;
    let files = entries.into_iter().filter(|it| it.kind == "blob");
    let mut hits = Vec::new();
    for (at, path) in files.map(|it| it.path).enumerate() {
        if at % WITHOUT_PAUSE == WITHOUT_PAUSE - 1 {
            yield_now().await;
        }
        let Ok(path) = FilePath::try_from(path) else {
            continue;
        };
        let score = words.score_of_path(path.as_str());
        if score > 0 {
            let url = id::page(&root.web_root, &repo, &commit, &path);
            let title = format!("{name}: {}", path.as_str());
            let repo = id::full(name);
            let id = repo.map(|repo| Id::File(repo, commit.clone(), path));
            hits.extend(id.map(|id| Hit::new(&id, title, url, score)));
        }
    }
    Ok(hits)
}
