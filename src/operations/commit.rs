//! Commits of a repository.
mod compare;
mod shown;

use std::mem;

use futures_util::future::join;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Facts, Form, Operation, Refusal, Report, Toolset,
    common::{Paging, Repo},
    file::text::decode_diff,
    operation::Input,
    refs::{is_fixed, light, missing, short, shown, subject, tip},
    times::Moment,
};
use crate::{
    gitea::{
        Address, AsDiff, FilePath, GiteaError, GiteaReader, Page, Query, RefName, Sha,
        views::Commit,
    },
    rights::Target,
};

pub(super) fn toolset() -> Toolset {
    Toolset {
        name: "commit",
        about: "commits",
        neighbour: "",
        operations: vec![
            Operation::read("list", list),
            Operation::read("get", get),
            Operation::read("diff", diff).or_less(
                "get lists the files that it touches, and file_read get reads one of them, with \
                 the commit as ref",
            ),
            Operation::read("compare", compare::compare).or_less("name a base nearer to head"),
        ],
    }
}

/// newest first; path: those that touched it
#[derive(Deserialize, JsonSchema)]
struct List {
    #[serde(flatten)]
    repo: Repo,
    #[serde(rename = "ref")]
    at: Option<RefName>,
    path: Option<FilePath>,
    since: Option<Moment>,
    until: Option<Moment>,
    #[serde(flatten)]
    paging: Paging,
}

impl Input for List {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

async fn list(gitea: GiteaReader, mut input: List) -> Result<Answer, Refusal> {
    input.paging = input.paging.within(&gitea).await?;
    let List { repo, at, .. } = &input;
    let path = input.path.as_ref().filter(|path| !path.is_root());
    let address = repo.at(&[&"commits"]);
    let query = |path: Option<&FilePath>| {
        let query = Query::new()
            .maybe("sha", at.as_ref().map(RefName::as_str))
            .maybe("path", path.map(FilePath::as_str))
            .maybe("since", input.since.map(Moment::rfc3339))
            .maybe("until", input.until.map(Moment::end_rfc3339));
        light(query)
    };
    let by_path = async |path: &FilePath| {
        page_by_path(&gitea, &address, &query(Some(path)), input.paging).await
    };
    let commits = async {
        let Some(path) = path else {
            let query = input.paging.query(query(None));
            return gitea.list::<Commit>(&address, &query).await;
        };
        let page = by_path(path).await;
        let is_none = match &page {
            Ok(page) => page.items.is_empty() && page.total.unwrap_or_default() == 0,
            Err(error) => *error == GiteaError::NotFound,
        };
        match path.unhidden().filter(|_| is_none) {
            Some(path) => by_path(&path).await,
            None => page,
        }
    };
    // The first commit of a list that leaves some out need not be the one that was read at.
    let filtered = path.is_some() || input.until.is_some();
    let fixed = at.as_ref().is_some_and(is_fixed);
    let (commits, tip) = if filtered && !fixed {
        let (commits, tip) = join(commits, tip(&gitea, repo, at.as_ref())).await;
        (commits, tip.ok().map(|it| it.as_str().to_owned()))
    } else {
        (commits.await, None)
    };
    let mut page = match commits {
        Ok(page) => page,
        // In pages that are the forge's, whatever limit is asked for.
        Err(error) if path.is_some() && error.is_too_much() => {
            let sentence = format!("{error}: narrow them by since or until");
            return Err(Refusal::Question(sentence));
        }
        Err(error) => return Err(missing(&gitea, repo, at.as_ref(), None, error).await),
    };
    input.keep_within(&mut page)?;
    // Gitea counts without these filters.
    if input.since.is_some() || input.until.is_some() {
        page.total = None;
    }
    let newest = page.items.first().map(|it| it.sha.clone());
    let pin = tip.or(newest.filter(|_| !filtered && !fixed && input.paging.page() == 1));
    let mut report = Report::new(format!("{} commits", repo.name()))
        .maybe_applied(at.as_ref().map(|at| format!("at {}", shown(at))))
        .maybe_applied(input.since.map(|it| format!("since {}", it.told())))
        .maybe_applied(input.until.map(|it| format!("until {}", it.told())));
    if let Some(path) = path {
        let path = path.as_str();
        report = report.applied(format!(
            "those that touched {path} (the forge has no blame)"
        ));
    }
    if let Some(pin) = pin {
        report = report.pinned("ref", pin);
    }
    Ok(report.page(input.paging, page).into())
}

impl List {
    /// Keeps the page within the time that was asked for, which Forgejo does not: it ends where
    /// git's own `--since` would. Newer ones than `until` would make the numbers wrong.
    fn keep_within(&self, page: &mut Page<Commit>) -> Result<(), Refusal> {
        let time = |it: &Commit| it.git.committer.as_ref()?.date;
        let is_newer = |it: &Commit| {
            let both = self.until.zip(time(it));
            both.is_some_and(|(until, time)| until.ends_before(time))
        };
        let is_older = |it: &Commit| {
            let both = self.since.zip(time(it));
            both.is_some_and(|(since, time)| since.begins_after(time))
        };
        if page.items.iter().any(is_newer) {
            return Err(Refusal::Question(
                "this forge does not filter commits by time: leave out until, and name in ref a \
                 commit, tag or branch of that time"
                    .to_owned(),
            ));
        }
        if let Some(place) = page.items.iter().position(is_older) {
            page.items.truncate(place);
            page.more = false;
        }
        Ok(())
    }
}

/// How many commits of a path Gitea gives on a page, whatever `limit` says, unless its operator
/// chose another number.
const PAGE_BY_PATH: u64 = 50;

/// The page that is wanted, out of those of Gitea's that it lies on. How long these are, only the
/// first one shows: what else Gitea says of its pages, it makes of `limit`.
async fn page_by_path(
    gitea: &GiteaReader,
    address: &Address,
    query: &Query,
    paging: Paging,
) -> Result<Page<Commit>, GiteaError> {
    let page = async |number: u64| {
        let query = query.clone().with("page", number);
        let query = query.with("limit", PAGE_BY_PATH);
        let page = gitea.list::<Commit>(address, &query).await?;
        // Which of them is missing decides what is on the page that is wanted.
        if page.unread > 0 {
            return Err(GiteaError::Garbled);
        }
        Ok(page)
    };
    let mut first = page(1).await?;
    let size = first.items.len() as u64;
    let end = match first.total {
        Some(total) => total,
        None if first.more => u64::MAX,
        None => size,
    };
    let before = paging.first() - 1;
    let (mut number, skipped) = (before / size.max(1) + 1, before % size.max(1));
    let (mut items, wanted) = (Vec::new(), skipped + paging.limit());
    let is_after = |number: u64| (number - 1).saturating_mul(size) < end && size > 0;
    let mut more = is_after(number);
    while more && (items.len() as u64) < wanted {
        let next = match number {
            1 => mem::take(&mut first.items),
            _ => page(number).await?.items,
        };
        number += 1;
        more = next.len() as u64 == size && is_after(number);
        items.extend(next);
    }
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    first.more = more || items.len() > count(wanted);
    let items = items.into_iter().skip(count(skipped));
    first.items = items.take(count(paging.limit())).collect();
    first.size = None;
    Ok(first)
}

#[derive(Deserialize, JsonSchema)]
struct Get {
    #[serde(flatten)]
    repo: Repo,
    sha: Sha,
}

impl Input for Get {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

async fn get(gitea: GiteaReader, input: Get) -> Result<Answer, Refusal> {
    let Get { repo, sha } = input;
    let address = repo.at(&[&"git/commits", &sha]);
    let commit = match gitea.get::<Commit>(&address, &Query::new()).await {
        Ok(commit) => commit,
        Err(error) => return Err(missing(&gitea, &repo, Some(&sha.into()), None, error).await),
    };
    let title = format!("{} commit {}", repo.name(), short(&commit.sha));
    let report = Report::new(title).subject(subject(&commit.git.message));
    Ok(report.facts(commit.in_full()).texts(commit.parts()).into())
}

#[derive(Deserialize, JsonSchema)]
struct Diff {
    #[serde(flatten)]
    repo: Repo,
    sha: Sha,
    start_line: Option<u64>,
}

impl Input for Diff {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

async fn diff(gitea: GiteaReader, input: Diff) -> Result<Answer, Refusal> {
    let Diff { repo, sha, .. } = input;
    let address = repo.at(&[&"git/commits", &AsDiff(sha.clone())]);
    let (diff, encodings) = match gitea.raw(&address, &Query::new()).await {
        Ok(diff) => decode_diff(diff),
        Err(error) => return Err(missing(&gitea, &repo, Some(&sha.into()), None, error).await),
    };
    let report = Report::new(format!("{} {} diff", repo.name(), short(sha.as_str())))
        .facts(Facts::new().with("encoding", encodings));
    let first = input.start_line.unwrap_or(1);
    Ok(report.lines(diff, first, None, Form::Diff).into())
}
