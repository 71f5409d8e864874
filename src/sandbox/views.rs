//! People and repositories, and what an owner keeps beside the code: what each shape is filled with.
use serde_json::{Map, Value, json};

use super::entry::Entry;
use super::forge::{Forge, Issue, ROOT, Repository};
use super::shapes::{Facts, told};
use crate::sort;

impl Forge {
    /// A shape filled with where the repository is, what an entry tells, and `more`, which counts before these.
    pub(super) fn view(
        &self,
        kind: &str,
        repository: &Repository,
        entry: Option<&Entry>,
        more: Value,
    ) -> Value {
        let mut facts = entry.map(told).unwrap_or_default();
        if let Some(by) = entry.and_then(|entry| entry.field("by")) {
            facts.insert("user".to_owned(), self.user(by));
        }
        facts.extend(fields(json!({
            "repo_id": repository.id,
            "repo_name": repository.name,
            "full_name": repository.facts.name,
            "owner_login": repository.owner,
            "api": format!("{ROOT}/api/v1/repos/{}", repository.facts.name),
            "web": repository.web(),
        })));
        facts.extend(fields(more));
        self.shapes.filled(kind, &facts)
    }

    /// A user, or an organization in the shape of a user.
    pub(super) fn user(&self, login: &str) -> Value {
        self.person_as("user", login)
    }

    pub(super) fn person_as(&self, kind: &str, login: &str) -> Value {
        let place = self.people.iter().position(|person| person.name == login);
        let place = place.unwrap_or_else(|| panic!("no `{login}` in data/people.txt"));
        let mut facts = told(&self.people[place]);
        facts.insert("id".to_owned(), (place + 1).into());
        self.shapes.filled(kind, &facts)
    }

    /// Users as Gitea lists them: none is null.
    pub(super) fn users(&self, logins: &[&str]) -> Value {
        if logins.is_empty() {
            return Value::Null;
        }
        logins.iter().map(|login| self.user(login)).collect()
    }

    pub(super) fn repository_view(&self, repository: &Repository) -> Value {
        let languages = repository.languages();
        let count = |pull| {
            (repository.issues.iter())
                .filter(|issue| issue.is_pull() == pull && issue.state() == "open")
                .count()
        };
        let more = json!({
            "owner": self.user(repository.owner),
            "size": repository.files().map(|(_, size)| size).sum::<usize>().div_ceil(1024),
            "language": languages.keys().next().map_or("", String::as_str),
            "open_issues": count(false),
            "open_pulls": count(true),
            "releases": repository.releases.len(),
            "updated": repository.updated(),
            "topics": repository.facts.list("topics"),
        });
        self.view("repository", repository, Some(&repository.facts), more)
    }

    pub(super) fn labels(&self, repository: &Repository) -> Vec<Value> {
        let home = format!("{ROOT}/api/v1/repos/{}", repository.facts.name);
        let labels = repository.labels.iter().enumerate();
        let view = |(place, label)| {
            self.view(
                "label",
                repository,
                Some(label),
                json!({ "id": 100 * repository.id + place, "home": home }),
            )
        };
        labels.map(view).collect()
    }

    pub(super) fn organization_labels(&self) -> Vec<Value> {
        let home = format!("{ROOT}/api/v1/orgs/lighthouse");
        let labels = self.labels.iter().enumerate();
        let view = |(place, label)| {
            self.view(
                "label",
                &self.repositories[0],
                Some(label),
                json!({ "id": place + 1, "home": home }),
            )
        };
        labels.map(view).collect()
    }

    pub(super) fn milestones(&self, repository: &Repository) -> Vec<Value> {
        let milestones = repository.milestones.iter().enumerate().map(|(place, milestone)| {
            let of_it = |issue: &&Issue| issue.facts.field("milestone") == Some(milestone.name);
            let count = |state| repository.issues.iter().filter(of_it).filter(|issue| issue.state() == state).count();
            let more = json!({ "id": place + 1, "open_issues": count("open"), "closed_issues": count("closed") });
            self.view("milestone", repository, Some(milestone), more)
        });
        milestones.collect()
    }

    pub(super) fn releases(&self, repository: &Repository) -> Vec<Value> {
        let releases = repository.releases.iter().enumerate();
        releases
            .map(|(place, release)| {
                self.view(
                    "release",
                    repository,
                    Some(release),
                    json!({ "id": place + 1 }),
                )
            })
            .collect()
    }

    /// What happened in a repository, newest first.
    pub(super) fn activities(&self, repository: &Repository) -> Vec<Value> {
        let mut happened = Vec::new();
        for issue in &repository.issues {
            let (opened, said) = if issue.is_pull() {
                ("create_pull_request", "comment_pull")
            } else {
                ("create_issue", "comment_issue")
            };
            let content = |text: &str| format!("{}|{text}", issue.number);
            happened.push((&issue.facts, opened, content(issue.facts.fact("title"))));
            happened.extend(
                issue
                    .comments
                    .iter()
                    .map(|comment| (comment, said, content(&comment.text()))),
            );
        }
        happened.extend(
            repository
                .releases
                .iter()
                .map(|release| (release, "publish_release", release.fact("title").to_owned())),
        );
        for commit in &repository.history.commits {
            let commits =
                json!({ "Commits": [{ "Sha1": commit.sha, "Message": commit.message }], "Len": 1 });
            happened.push((&commit.entry, "commit_repo", commits.to_string()));
        }
        sort::by_key(&mut happened, |(entry, ..)| {
            std::cmp::Reverse(entry.fact("at"))
        });
        let view = |(place, (entry, kind, content)): (usize, (&Entry, &str, String))| {
            let more = json!({
                "id": 1000 - place,
                "kind": kind,
                "content": content,
                "user_id": self.user(entry.fact("by"))["id"],
                "repository": self.repository_view(repository),
            });
            self.view("activity", repository, Some(entry), more)
        };
        happened.into_iter().enumerate().map(view).collect()
    }
}

impl Repository {
    /// Its address for people.
    pub(super) fn web(&self) -> String {
        format!("{ROOT}/{}", self.facts.name)
    }

    /// Bytes by language, most first, told by the endings of names.
    pub(super) fn languages(&self) -> Map<String, Value> {
        let bytes = |ending| {
            self.files()
                .filter(|(path, _)| path.ends_with(ending))
                .map(|(_, size)| size)
                .sum::<usize>()
        };
        let mut known = vec![("Rust", bytes(".rs")), ("Shell", bytes(".sh"))];
        sort::by_key(&mut known, |(_, bytes)| std::cmp::Reverse(*bytes));
        let found = known.into_iter().filter(|(_, bytes)| *bytes > 0);
        found
            .map(|(name, bytes)| (name.to_owned(), json!(bytes)))
            .collect()
    }

    /// Paths and sizes on the default branch.
    fn files(&self) -> impl Iterator<Item = (&str, usize)> {
        let files = self.tip().map(|tip| &self.history.commits[tip].files);
        files
            .into_iter()
            .flatten()
            .map(|(path, file)| (path.as_str(), file.bytes.len()))
    }
}

fn fields(object: Value) -> Facts {
    match object {
        Value::Object(fields) => fields,
        _ => Facts::new(),
    }
}
