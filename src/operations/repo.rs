//! Repositories: which there are, and what is known of one.
mod events;
mod versions;

use futures_util::future::OptionFuture;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Facts, Operation, Refusal, Report, Toolset, View,
    common::{Paging, Repo, covered, shorten},
    operation::Input,
    times::day,
};
use crate::{
    gitea::{
        Address, GiteaError, GiteaReader, Owner, Page, Query,
        views::{Languages, Repository, Topics},
    },
    rights::Target,
    sort,
};

pub(super) fn toolset() -> Toolset {
    Toolset {
        name: "repo",
        about: "repositories",
        neighbour: "",
        operations: vec![
            Operation::read("get", get),
            Operation::read("list", list),
            Operation::read("search", search),
            Operation::read("languages", languages),
            Operation::read("tags", versions::tags),
            Operation::read("releases", versions::releases),
            Operation::read("activity", events::activity),
        ],
    }
}

async fn get(gitea: GiteaReader, repo: Repo) -> Result<Answer, Refusal> {
    let nothing = Query::new();
    let mut repository: Repository = gitea.get(&repo.at(&[]), &nothing).await?;
    // Older forges tell topics by themselves only.
    let address = repo.at(&[&"topics"]);
    let asked = (repository.topics.is_none()).then(|| gitea.get::<Topics>(&address, &nothing));
    if let Some(topics) = OptionFuture::from(asked).await {
        repository.topics = Some(topics?.topics);
    }
    let title = format!(
        "{} {} repository",
        repository.full_name,
        repository.visibility()
    );
    let mut report = Report::new(title);
    report.applied = repository.marks();
    report.subject.clone_from(&repository.description);
    Ok(report.facts(repository.in_full()).into())
}

/// mine, or those of owner
#[derive(Deserialize, JsonSchema)]
struct List {
    owner: Option<Owner>,
    #[serde(flatten)]
    paging: Paging,
}

impl Input for List {
    fn target(&self) -> Target {
        match &self.owner {
            Some(owner) => Target::User(owner.as_str().to_owned()),
            None => Target::Forge,
        }
    }
}

async fn list(gitea: GiteaReader, input: List) -> Result<Answer, Refusal> {
    let List { owner, paging } = input;
    let paging = paging.within(&gitea).await?;
    let query = paging.query(Query::new());
    let Some(owner) = owner else {
        let page = gitea.list(&Address::of(&[&"user/repos"]), &query).await?;
        let report = Report::new("repositories of this server's account");
        return Ok(report.page(paging, readable(&gitea, page)).into());
    };
    // Organisations are users here, in most forges.
    let address = Address::of(&[&"users", &owner, &"repos"]);
    let mut page = match gitea.list(&address, &query).await {
        Err(GiteaError::NotFound) => {
            let address = Address::of(&[&"orgs", &owner, &"repos"]);
            gitea.list(&address, &query).await?
        }
        page => page?,
    };
    // Gitea counts those that the account may not see.
    page.total = None;
    let report = Report::new(format!("repositories of {}", owner.as_str()));
    Ok(report.page(paging, readable(&gitea, page)).into())
}

/// names, descriptions, topics
#[derive(Deserialize, JsonSchema)]
struct Search {
    query: String,
    #[serde(flatten)]
    paging: Paging,
}

impl Input for Search {
    fn target(&self) -> Target {
        Target::Forge
    }
}

async fn search(gitea: GiteaReader, input: Search) -> Result<Answer, Refusal> {
    let Search {
        query: text,
        paging,
    } = input;
    let paging = paging.within(&gitea).await?;
    let query = Query::new().with("q", &text).with("includeDesc", true);
    let query = paging.query(query.with("sort", "updated").with("order", "desc"));
    let page = gitea.list(&Address::of(&[&"repos/search"]), &query).await?;
    let title = format!("repositories with \"{}\"", shorten(&text, 60));
    let report = Report::new(title).applied("last updated first");
    Ok(report.page(paging, readable(&gitea, page)).into())
}

/// Without what the caller's rights do not cover, and then without the total.
fn readable(gitea: &GiteaReader, page: Page<Repository>) -> Page<Repository> {
    covered(gitea, page, |it| {
        let (owner, repo) = it.full_name.split_once('/').unwrap_or_default();
        let (owner, repo) = (owner.to_owned(), repo.to_owned());
        Target::Repo { owner, repo }
    })
}

async fn languages(gitea: GiteaReader, repo: Repo) -> Result<Answer, Refusal> {
    let address = repo.at(&[&"languages"]);
    let Languages(bytes) = gitea.get(&address, &Query::new()).await?;
    let all: u64 = bytes.values().sum();
    let mut languages: Vec<Language> = bytes
        .into_iter()
        .map(|(name, bytes)| Language { name, bytes, all })
        .collect();
    sort::by_key(&mut languages, |it| std::cmp::Reverse(it.bytes));
    let report = Report::new(format!("{} languages", repo.name()));
    Ok(report
        .list(1, Some(languages.len() as u64), languages)
        .into())
}

struct Language {
    name: String,
    bytes: u64,
    all: u64,
}

/// `Rust 100%, 758 bytes`.
impl View for Language {
    fn line(&self) -> String {
        let percent = self.bytes.saturating_mul(100) / self.all.max(1);
        format!("{} {percent}%, {} bytes", self.name, self.bytes)
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .told("name", self.name.as_str())
            .told("bytes", self.bytes)
    }
}

impl Repository {
    pub(super) fn visibility(&self) -> &'static str {
        match (self.private, self.internal) {
            (_, true) => "internal",
            (true, _) => "private",
            _ => "public",
        }
    }

    /// What sets it apart from most.
    pub(super) fn marks(&self) -> Vec<String> {
        let fork = match &self.parent {
            Some(parent) => format!("fork of {parent}"),
            None => "fork".to_owned(),
        };
        let marks = [
            (self.empty, "empty"),
            (self.archived, "archived"),
            (self.fork, &fork),
            (self.mirror, "mirror"),
            (self.template, "template"),
        ];
        let marks = marks.into_iter().filter(|(is, _)| *is);
        marks.map(|(_, mark)| mark.to_owned()).collect()
    }

    pub(super) fn in_full(self) -> Facts {
        let may = self.permissions.map(|it| match (it.admin, it.push) {
            (true, _) => "administers it",
            (_, true) => "reads and writes",
            _ => "reads",
        });
        let open = format!(
            "issues {}, pull requests {}",
            number_or_off(self.open_issues, self.has_issues),
            number_or_off(self.open_pulls, self.has_pull_requests)
        );
        let liked = format!("stars {}, forks {}", self.stars, self.forks);
        Facts::new()
            .told("name", self.full_name.as_str())
            .maybe("default branch", self.default_branch)
            .maybe("language", self.language)
            .maybe("topics", self.topics)
            .maybe("licences", Some(self.licenses))
            .with("open", open)
            .with("releases", number_or_off(self.releases, self.has_releases))
            .with("counts", liked)
            .maybe("created", self.created.map(day))
            .maybe("updated", self.updated.map(day))
            .maybe(
                "archived",
                self.archived_since.filter(|_| self.archived).map(day),
            )
            .maybe("website", self.website)
            .maybe("this account", may)
            .with("url", self.url)
    }
}

/// How many there are, or that they are switched off.
fn number_or_off(number: u64, is_on: Option<bool>) -> String {
    match is_on {
        Some(false) => "off".to_owned(),
        _ => number.to_string(),
    }
}

/// `observatory/telescope private Rust 2026-11-23: Points the telescope`.
impl View for Repository {
    fn line(&self) -> String {
        let mut line = self.full_name.clone();
        let visibility = Some(self.visibility()).filter(|it| *it != "public");
        let marks = self.marks();
        let marks = marks.iter().map(String::as_str);
        let updated = self.updated.map(day);
        let words = visibility.into_iter().chain(marks);
        for word in words
            .chain(self.language.as_deref())
            .chain(updated.as_deref())
        {
            line.push(' ');
            line.push_str(word);
        }
        if let Some(description) = &self.description {
            line.push_str(": ");
            line.push_str(description);
        }
        line
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .told("name", self.full_name.as_str())
            .told("visibility", self.visibility())
            .told("marks", self.marks())
            .told("description", self.description.as_deref().unwrap_or(""))
            .told("url", self.url.as_str())
    }
}
