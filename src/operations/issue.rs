//! Issues of a repository.
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Facts, Operation, Refusal, Report, Toolset, View, common::Repo, filters,
    operation::Input, times::Moment,
};
use crate::{
    gitea::{
        GiteaReader, Page, Query,
        views::{Comment, Issue},
    },
    rights::Target,
};

mod list;
pub(super) mod shown;

pub(super) fn toolset() -> Toolset {
    Toolset {
        name: "issue",
        about: "issues",
        neighbour: "Pull requests: pull_read",
        operations: vec![
            Operation::read("list", list::list),
            Operation::read("get", get),
            Operation::read("comments", comments).or_less(NEWER_COMMENTS),
            Operation::read("labels", labels),
        ],
    }
}

#[derive(Deserialize, JsonSchema)]
struct Get {
    #[serde(flatten)]
    repo: Repo,
    index: u64,
}

impl Input for Get {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

async fn get(gitea: GiteaReader, input: Get) -> Result<Answer, Refusal> {
    let address = input.repo.at(&[&"issues", &input.index]);
    let mut issue: Issue = gitea.get(&address, &Query::new()).await?;
    let text = issue.body.take().unwrap_or_default();
    let kind = if issue.pull.is_some() {
        "pull request"
    } else {
        "issue"
    };
    let report = Report::new(format!("{} {kind} #{}", input.repo.name(), issue.number))
        .applied(issue.standing())
        .maybe_applied(issue.is_draft().then(|| "draft".to_owned()))
        .facts(issue.facts())
        .subject(issue.title)
        .text(text);
    Ok(report.into())
}

/// What is asked for where all of them are too much.
pub(super) const NEWER_COMMENTS: &str = "ask for the newer ones alone, with since";

#[derive(Deserialize, JsonSchema)]
pub(super) struct Comments {
    #[serde(flatten)]
    repo: Repo,
    index: u64,
    since: Option<Moment>,
}

impl Input for Comments {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

/// Gitea gives all comments at once, whatever page is asked for.
pub(super) async fn comments(gitea: GiteaReader, input: Comments) -> Result<Answer, Refusal> {
    let address = input.repo.at(&[&"issues", &input.index, &"comments"]);
    let query = Query::new().maybe("since", input.since.map(Moment::rfc3339));
    let page: Page<Comment> = gitea.list(&address, &query).await?;
    let number = match page.items.len() {
        0 => "none".to_owned(),
        number => format!("{number} in all, oldest first"),
    };
    let report = Report::new(format!("{} #{} comments", input.repo.name(), input.index))
        .maybe_applied(input.since.map(|it| format!("since {}", it.told())))
        .applied(number)
        .unread(page.unread)
        .texts(page.items);
    Ok(report.into())
}

/// those that exist
#[derive(Deserialize, JsonSchema)]
struct Labels {
    #[serde(flatten)]
    repo: Repo,
}

impl Input for Labels {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

async fn labels(gitea: GiteaReader, input: Labels) -> Result<Answer, Refusal> {
    let known = filters::known_labels(&gitea, &input.repo).await?;
    let all = !known.more && known.missing.is_none();
    let total = all.then_some(known.labels.len() as u64);
    let missing = known.missing.map(|error| error.to_string());
    let facts = Facts::new()
        .maybe("organisation's labels not read", missing)
        .maybe("more", known.more.then(filters::only_the_first));
    let report = Report::new(format!("{} labels", input.repo.name()))
        .facts(facts)
        .unread(known.empty)
        .list(1, total, known.labels);
    Ok(report.into())
}
