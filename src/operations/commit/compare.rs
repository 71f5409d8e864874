//! What one ref has that another has not.
use std::collections::BTreeSet;

use futures_util::future::join;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    gitea::{Between, GiteaReader, Query, RefName, views::Comparison},
    operations::{
        Answer, Facts, Refusal, Report,
        common::Repo,
        operation::Input,
        refs::{missing, newest, shown, tip},
    },
    rights::Target,
};

/// what head has that base has not
#[derive(Deserialize, JsonSchema)]
pub(super) struct Compare {
    #[serde(flatten)]
    repo: Repo,
    base: RefName,
    head: RefName,
}

impl Input for Compare {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

pub(super) async fn compare(gitea: GiteaReader, input: Compare) -> Result<Answer, Refusal> {
    let Compare { repo, base, head } = &input;
    // By the names that were asked for: some forges compare nothing else.
    let address = repo.at(&[&"compare", &Between { base, head }]);
    let query = Query::new().with("verification", false);
    let comparison = gitea.get::<Comparison>(&address, &query);
    // What goes on from here compares with the same commit.
    let (comparison, from) = join(comparison, tip(&gitea, repo, Some(base))).await;
    let comparison = match comparison {
        Ok(comparison) => comparison,
        Err(error) => {
            // A whole hash leads to itself, whether it is there or not.
            let is_there = from.is_ok() && newest(&gitea, repo, Some(base)).await.is_ok();
            let at = if is_there { head } else { base };
            return Err(missing(&gitea, repo, Some(at), None, error).await);
        }
    };
    let (base, head) = (shown(base), shown(head));
    let mut report = Report::new(format!("{} {base}...{head} commits", repo.name()));
    if !comparison.commits.items.is_empty() {
        report = report.facts(comparison.in_short());
    }
    if let Some(newest) = comparison.commits.items.first() {
        report = report.pinned("head", newest.sha.as_str());
        if let Ok(from) = from {
            report = report.pinned("base", from.as_str());
        }
    }
    let total = Some(comparison.total_commits);
    let commits = comparison.commits;
    let report = report.unread(commits.empty);
    Ok(report.list(1, total, commits.items).into())
}

/// How many files a comparison names.
const FILES_NAMED: usize = 15;

impl Comparison {
    fn in_short(&self) -> Facts {
        // A merge touches all that it brings, and base may have that.
        let commits = self.commits.items.iter().filter(|it| it.parents.len() < 2);
        let files = commits.flat_map(|it| &it.files);
        let files: BTreeSet<&str> = files.map(|it| it.path.as_str()).collect();
        let named: Vec<&str> = files.iter().take(FILES_NAMED).copied().collect();
        let more = match files.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (count, named) = (files.len(), named.join(", "));
        let touched = (count > 0).then(|| format!("{count}: {named}{more}"));
        Facts::new()
            .maybe("files touched (merges aside)", touched)
            .with(
                "diff",
                "commit by commit with diff, of a pull request with pull_read diff",
            )
            .told("files", files.into_iter().collect::<Vec<_>>())
    }
}
