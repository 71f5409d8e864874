//! Tags and releases.
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    gitea::{
        GiteaError, GiteaReader, Query, RefName,
        views::{Release, Tag},
    },
    operations::{
        Answer, Facts, Refusal, Report, View,
        common::{Paged, Paging, Repo, attached},
        operation::Input,
        refs::{names, short, subject},
        times::{byline, day},
    },
    rights::Target,
};

pub(super) async fn tags(gitea: GiteaReader, input: Paged<Repo>) -> Result<Answer, Refusal> {
    let Paged { of: repo, paging } = input;
    let paging = paging.within(&gitea).await?;
    let query = paging.query(Query::new());
    let page = gitea.list::<Tag>(&repo.at(&[&"tags"]), &query).await?;
    let report = Report::new(format!("{} tags", repo.name()));
    Ok(report.page(paging, page).into())
}

/// `v1.0.0 d0f24da1cc 2026-03-01: First light`.
impl View for Tag {
    fn line(&self) -> String {
        let mut line = self.name.clone();
        if let Some(commit) = &self.commit {
            let date = commit.created.map(day).unwrap_or_default();
            line = format!("{line} {} {date}", short(&commit.sha));
        }
        match self.message.as_deref().map(subject) {
            Some(subject) => format!("{}: {subject}", line.trim_end()),
            None => line,
        }
    }

    fn facts(&self) -> Facts {
        let sha = self.commit.as_ref().map_or("", |it| it.sha.as_str());
        Facts::new()
            .told("name", self.name.as_str())
            .told("sha", sha)
            .told("message", self.message.as_deref().unwrap_or(""))
    }
}

/// newest first; tag: that one with its notes
#[derive(Deserialize, JsonSchema)]
pub(super) struct Releases {
    #[serde(flatten)]
    repo: Repo,
    tag: Option<RefName>,
    #[serde(flatten)]
    paging: Paging,
}

impl Input for Releases {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

pub(super) async fn releases(gitea: GiteaReader, input: Releases) -> Result<Answer, Refusal> {
    let Releases { repo, tag, paging } = input;
    if let Some(tag) = tag {
        return release(&gitea, &repo, &tag).await;
    }
    let paging = paging.within(&gitea).await?;
    let query = paging.query(Query::new());
    let page = gitea
        .list::<Release>(&repo.at(&[&"releases"]), &query)
        .await?;
    let report = Report::new(format!("{} releases", repo.name()));
    Ok(report.page(paging, page).into())
}

async fn release(gitea: &GiteaReader, repo: &Repo, tag: &RefName) -> Result<Answer, Refusal> {
    let address = repo.at(&[&"releases/tags", tag]);
    let release = match gitea.get::<Release>(&address, &Query::new()).await {
        Err(GiteaError::NotFound) => return Err(others(gitea, repo, tag).await?),
        release => release?,
    };
    let title = format!("{} release {}", repo.name(), release.tag);
    let mut report = Report::new(title);
    report.applied.extend(release.marks().map(str::to_owned));
    report.subject.clone_from(&release.name);
    let notes = release.body.clone().unwrap_or_default();
    Ok(report.facts(release.in_full()).text(notes).into())
}

/// The refusal for a tag without a release: those there are.
async fn others(gitea: &GiteaReader, repo: &Repo, tag: &RefName) -> Result<Refusal, GiteaError> {
    let (address, query) = (repo.at(&[&"releases"]), Query::new().with("limit", 30));
    let known = gitea.list::<Release>(&address, &query).await?;
    let there_are = if known.items.is_empty() {
        "there are none".to_owned()
    } else {
        format!("there are: {}", names(&known, |it| &it.tag))
    };
    let (tag, name) = (tag.as_str(), repo.name());
    Ok(Refusal::Question(format!(
        "no release \"{tag}\" in {name}; {there_are}"
    )))
}

impl Release {
    pub(in crate::operations) fn marks(&self) -> impl Iterator<Item = &'static str> {
        let marks = [(self.draft, "draft"), (self.prerelease, "pre-release")];
        marks
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, mark)| mark)
    }

    pub(in crate::operations) fn in_full(self) -> Facts {
        let author = self.author.as_deref().unwrap_or_default();
        Facts::new()
            .told("tag", self.tag.as_str())
            .with("author", byline(author, self.published.or(self.created)))
            .maybe("target", self.target)
            .with("files", attached(&self.assets))
            .with("url", self.url)
    }
}

/// `v1.0.0 2026-03-01 maintainer: First light`.
impl View for Release {
    fn line(&self) -> String {
        let date = self.published.or(self.created).map(day);
        let mut line = self.tag.clone();
        let marks = self.marks().map(str::to_owned);
        for word in date.into_iter().chain(self.author.clone()).chain(marks) {
            line.push(' ');
            line.push_str(&word);
        }
        match &self.name {
            Some(name) => format!("{line}: {name}"),
            None => line,
        }
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .told("tag", self.tag.as_str())
            .told("name", self.name.as_deref().unwrap_or(""))
            .told("draft", self.draft)
            .told("prerelease", self.prerelease)
            .told("url", self.url.as_str())
    }
}
