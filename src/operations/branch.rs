//! Branches of a repository.
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Facts, Operation, Refusal, Report, Toolset, View,
    common::{Paged, Repo},
    operation::Input,
    refs::{missing, short, subject, who},
    times::{day, minute},
};
use crate::{
    gitea::{GiteaReader, Query, RefName, views::Branch},
    rights::Target,
};

pub(super) fn toolset() -> Toolset {
    Toolset {
        name: "branch",
        about: "branches",
        neighbour: "",
        operations: vec![Operation::read("list", list), Operation::read("get", get)],
    }
}

async fn list(gitea: GiteaReader, input: Paged<Repo>) -> Result<Answer, Refusal> {
    let Paged { of: repo, paging } = input;
    let paging = paging.within(&gitea).await?;
    let (address, query) = (repo.at(&[&"branches"]), paging.query(Query::new()));
    let page = gitea.list::<Branch>(&address, &query).await?;
    let report = Report::new(format!("{} branches", repo.name()));
    Ok(report.page(paging, page).into())
}

#[derive(Deserialize, JsonSchema)]
struct Get {
    #[serde(flatten)]
    repo: Repo,
    branch: RefName,
}

impl Input for Get {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

async fn get(gitea: GiteaReader, input: Get) -> Result<Answer, Refusal> {
    let Get { repo, branch: name } = input;
    let address = repo.at(&[&"branches", &name]);
    let branch = match gitea.get::<Branch>(&address, &Query::new()).await {
        Ok(branch) => branch,
        Err(error) => return Err(missing(&gitea, &repo, Some(&name), None, error).await),
    };
    let title = format!("{} branch {}", repo.name(), branch.name);
    Ok(Report::new(title).facts(branch.in_full()).into())
}

impl Branch {
    fn in_full(&self) -> Facts {
        let commit = self.commit.as_ref().map(|it| {
            let date = it.date.map(minute).unwrap_or_default();
            let subject = subject(&it.message);
            format!("{} {date} {}: {subject}", short(&it.sha), self.author())
        });
        let yes = |may: bool| if may { "yes" } else { "no" };
        let (push, merge) = (yes(self.user_can_push), yes(self.user_can_merge));
        let checks = self.status_checks.clone();
        Facts::new()
            .told("name", self.name.as_str())
            .maybe("commit", commit)
            .with("protected", self.protected)
            .maybe("approvals needed", some(self.required_approvals))
            .maybe("checks needed", self.enable_status_check.then_some(checks))
            .with("this account", format!("push {push}, merge {merge}"))
    }

    fn author(&self) -> String {
        let author = self.commit.as_ref().and_then(|it| it.author.as_ref());
        author.map_or_else(String::new, |it| who(it.login.as_deref(), &it.name))
    }
}

fn some(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}

/// `main 639efab4f3 2026-11-23 reviewer protected: Describe the lens`.
impl View for Branch {
    fn line(&self) -> String {
        let protected = if self.protected { " protected" } else { "" };
        let Some(commit) = &self.commit else {
            return format!("{}{protected}", self.name);
        };
        let (sha, author) = (short(&commit.sha), self.author());
        let (date, subject) = (commit.date.map(day), subject(&commit.message));
        let date = date.unwrap_or_default();
        format!("{} {sha} {date} {author}{protected}: {subject}", self.name)
    }

    fn facts(&self) -> Facts {
        let commit = self.commit.as_ref();
        Facts::new()
            .told("name", self.name.as_str())
            .told("sha", commit.map_or("", |it| it.sha.as_str()))
            .told("protected", self.protected)
            .told("message", commit.map_or("", |it| it.message.as_str()))
    }
}
