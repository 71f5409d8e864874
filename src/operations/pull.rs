//! Pull requests of a repository.
use std::mem;

use futures_util::future::join;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Facts, Form, Operation, Refusal, Report, Toolset,
    common::{Paged, Repo},
    file::text::decode_diff,
    filters::only_the_first,
    gather::gather,
    issue,
    operation::Input,
    refs::{light, short},
};
use crate::{
    gitea::{
        Address, AsDiff, GiteaError, GiteaReader, Page, Query, RefName, Segment,
        views::{ChangedFile, CombinedStatus, Commit, Issue, PullRequest, Review},
    },
    rights::Target,
};

mod list;
mod reviews;
mod shown;

pub(super) fn toolset() -> Toolset {
    Toolset {
        name: "pull",
        about: "pull requests",
        neighbour: "Issues: issue_read",
        operations: vec![
            Operation::read("list", list::list),
            Operation::read("get", get),
            Operation::read("files", files),
            Operation::read("diff", diff).or_less(
                "files lists what it changes, and file_read get reads one of them, with the head \
                 branch or commit as ref",
            ),
            Operation::read("commits", commits),
            Operation::read("comments", issue::comments).or_less(issue::NEWER_COMMENTS),
            Operation::read("reviews", reviews::reviews),
            Operation::read("checks", checks),
        ],
    }
}

/// The pull request that a call is about.
#[derive(Deserialize, JsonSchema)]
#[schemars(description = "")]
struct Pull {
    #[serde(flatten)]
    repo: Repo,
    index: u64,
}

impl Input for Pull {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

impl Pull {
    /// Reads something of it.
    async fn read<T>(
        &self,
        gitea: &GiteaReader,
        answer: impl Future<Output = Result<T, GiteaError>>,
    ) -> Result<T, Refusal> {
        match answer.await {
            Err(GiteaError::NotFound) => Err(self.missing(gitea).await),
            answer => Ok(answer?),
        }
    }

    /// What it means that Gitea has no such pull request: perhaps it is an issue.
    async fn missing(&self, gitea: &GiteaReader) -> Refusal {
        let address = self.repo.at(&[&"issues", &self.index]);
        match gitea.get::<Issue>(&address, &Query::new()).await {
            Ok(issue) if issue.pull.is_none() => Refusal::Question(format!(
                "{} #{} is an issue and no pull request: read it with issue_read",
                self.repo.name(),
                self.index
            )),
            _ => GiteaError::NotFound.into(),
        }
    }

    fn at(&self, pieces: &[&dyn Segment]) -> Address {
        self.repo.at(&[&"pulls", &self.index]).and(pieces)
    }

    /// `observatory/telescope #65 diff`.
    fn report(&self, what: &str) -> Report {
        Report::new(format!("{} #{} {what}", self.repo.name(), self.index))
    }
}

async fn get(gitea: GiteaReader, input: Pull) -> Result<Answer, Refusal> {
    let (below, address, query) = (input.at(&[&"reviews"]), input.at(&[]), Query::new());
    let reviews = gather::<Review>(&gitea, &below, &query);
    let pull = input.read(&gitea, gitea.get::<PullRequest>(&address, &query));
    let (pull, reviews) = join(pull, reviews).await;
    let mut pull = pull?;
    let (asked, reviews) = match reviews {
        Ok(reviews) => {
            let unread = reviews.more.then(only_the_first);
            let empty = (reviews.unread > 0).then(|| format!("{} not read", reviews.unread));
            let told = reviews::in_short(&reviews.items).into_iter();
            let asked = reviews::still_asked(&reviews.items, &pull.requested_teams);
            (asked, told.chain(empty).chain(unread).collect())
        }
        Err(error) => (Vec::new(), vec![format!("not read ({error})")]),
    };
    let text = pull.body.take().unwrap_or_default();
    let title = format!("{} pull request #{}", input.repo.name(), pull.number);
    let report = Report::new(title)
        .applied(pull.standing())
        .maybe_applied(pull.draft.then(|| "draft".to_owned()))
        .facts(pull.facts_with(asked, reviews))
        .subject(pull.title)
        .text(text);
    Ok(report.into())
}

async fn files(gitea: GiteaReader, input: Paged<Pull>) -> Result<Answer, Refusal> {
    let Paged { of: pull, paging } = input;
    let paging = paging.within(&gitea).await?;
    let (address, query) = (pull.at(&[&"files"]), paging.query(Query::new()));
    let page: Page<ChangedFile> = pull.read(&gitea, gitea.list(&address, &query)).await?;
    Ok(pull.report("files").page(paging, page).into())
}

async fn commits(gitea: GiteaReader, input: Paged<Pull>) -> Result<Answer, Refusal> {
    let Paged { of: pull, paging } = input;
    let paging = paging.within(&gitea).await?;
    let (address, query) = (pull.at(&[&"commits"]), paging.query(light(Query::new())));
    let page: Page<Commit> = pull.read(&gitea, gitea.list(&address, &query)).await?;
    Ok(pull.report("commits").page(paging, page).into())
}

#[derive(Deserialize, JsonSchema)]
struct Diff {
    #[serde(flatten)]
    pull: Pull,
    start_line: Option<u64>,
}

impl Input for Diff {
    fn target(&self) -> Target {
        self.pull.target()
    }
}

async fn diff(gitea: GiteaReader, input: Diff) -> Result<Answer, Refusal> {
    let Diff { pull, start_line } = input;
    let address = pull.repo.at(&[&"pulls", &AsDiff(pull.index)]);
    let diff = pull
        .read(&gitea, gitea.raw(&address, &Query::new()))
        .await?;
    let (diff, encodings) = decode_diff(diff);
    let report = pull.report("diff");
    let report = report.facts(Facts::new().with("encoding", encodings));
    let report = report.lines(diff, start_line.unwrap_or(1), None, Form::Diff);
    Ok(report.into())
}

/// What was checked of the newest commit.
async fn checks(gitea: GiteaReader, input: Paged<Pull>) -> Result<Answer, Refusal> {
    let Paged { of: pull, paging } = input;
    let paging = paging.within(&gitea).await?;
    let (address, query) = (pull.at(&[]), Query::new());
    let newest: PullRequest = pull.read(&gitea, gitea.get(&address, &query)).await?;
    let sha = newest.head.sha;
    let Ok(head) = RefName::try_from(sha.clone()) else {
        return Err(GiteaError::Garbled.into());
    };
    let address = pull.repo.at(&[&"commits", &head, &"status"]);
    let query = paging.query(Query::new());
    let statuses = |it: &mut CombinedStatus| mem::take(&mut it.statuses);
    let (status, mut page) = gitea.list_within(&address, &query, statuses).await?;
    // The forge combines those of the page, and counts them so in the body.
    let is_whole = paging.page() == 1 && !page.more;
    if is_whole {
        page.total = Some(page.length());
    }
    let combined = status.state.filter(|_| is_whole && !page.items.is_empty());
    let report = pull.report("checks").page(paging, page);
    let report = report.applied(format!("of commit {}", short(&sha)));
    let combined = combined.map(|state| format!("combined {state}"));
    Ok(report.maybe_applied(combined).into())
}
