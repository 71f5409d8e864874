//! Gitea's JSON, kind by kind: `shapes.json` has every field that a real Gitea sends, these functions fill in ours.
use serde_json::{Map, Value, json};

use super::entry::Entry;
use super::forge::{Forge, ROOT, Repository};

pub(super) struct Shapes(Map<String, Value>);

impl Shapes {
    pub(super) fn load() -> Self {
        let shapes = serde_json::from_str(include_str!("shapes.json"));
        Self(shapes.expect("shapes.json is compiled in and read by every test"))
    }

    /// What is written in `shapes.json` under this name.
    pub(super) fn plain(&self, kind: &str) -> Value {
        self.0[kind].clone()
    }

    /// The same with these fields in place of the written ones.
    pub(super) fn with(&self, kind: &str, fields: Value) -> Value {
        let mut shape = self.plain(kind);
        let Value::Object(fields) = fields else {
            return shape;
        };
        for (name, value) in fields {
            debug_assert!(shape.get(&name).is_some(), "Gitea's {kind} has no {name}");
            shape[name] = value;
        }
        shape
    }
}

impl Forge {
    /// A user or an organization, where a user stands.
    pub(super) fn user(&self, login: &str) -> Value {
        let Some(place) = self.people.iter().position(|person| person.name == login) else {
            return Value::Null;
        };
        let person = &self.people[place];
        let is_user = person.kind == "user";
        self.shapes.with(
            "user",
            json!({
                "id": place + 1,
                "login": login,
                "username": login,
                "full_name": person.field("name").unwrap_or_default(),
                "email": if is_user { format!("{login}@example.org") } else { String::new() },
                "avatar_url": format!("{ROOT}/avatars/{login}"),
                "html_url": format!("{ROOT}/{login}"),
                "description": person.field("about").unwrap_or_default(),
                "location": person.field("place").unwrap_or_default(),
                "active": login == super::forge::ACCOUNT,
            }),
        )
    }

    pub(super) fn users(&self, logins: &[&str]) -> Value {
        match logins {
            [] => Value::Null,
            logins => logins.iter().map(|login| self.user(login)).collect(),
        }
    }

    pub(super) fn organization(&self, person: &Entry) -> Value {
        let name = person.name;
        self.shapes.with(
            "organization",
            json!({
                "id": self.user(name)["id"],
                "name": name,
                "username": name,
                "avatar_url": format!("{ROOT}/avatars/{name}"),
                "description": person.field("about").unwrap_or_default(),
            }),
        )
    }

    pub(super) fn repository_json(&self, repository: &Repository) -> Value {
        let Repository { facts, history, .. } = repository;
        let full_name = facts.name;
        let (api, web) = (repository.api(), repository.web());
        let open = |pull| {
            (repository.issues.iter())
                .filter(|issue| issue.is_pull() == pull && issue.state() == "open")
                .count()
        };
        let files = repository.tip().map(|tip| &history.commits[tip].files);
        let size: usize = files
            .into_iter()
            .flatten()
            .map(|(_, file)| file.bytes.len())
            .sum();
        self.shapes.with("repository", json!({
            "id": repository.id,
            "owner": self.user(repository.owner),
            "name": repository.name,
            "full_name": full_name,
            "description": facts.field("about").unwrap_or_default(),
            "website": facts.field("website").unwrap_or_default(),
            "empty": history.commits.is_empty(),
            "private": facts.field("private").is_some(),
            "archived": facts.field("archived").is_some(),
            "archived_at": facts.field("archived").unwrap_or("1970-01-01T00:00:00Z"),
            "size": size.div_ceil(1024),
            "language": repository.languages().keys().next().map_or("", |language| language),
            "languages_url": format!("{api}/languages"),
            "html_url": web,
            "url": api,
            "ssh_url": format!("git@forge.example.org:{full_name}.git"),
            "clone_url": format!("{web}.git"),
            "avatar_url": "",
            "stars_count": facts.field("stars").and_then(|stars| stars.parse::<u32>().ok()).unwrap_or(0),
            "watchers_count": 1,
            "open_issues_count": open(false),
            "open_pr_counter": open(true),
            "release_counter": repository.releases.len(),
            "created_at": facts.fact("created"),
            "updated_at": repository.updated(),
            "topics": facts.list("topics"),
            "permissions": { "admin": false, "push": repository.owner == "lighthouse", "pull": true },
        }))
    }

    pub(super) fn label(&self, repository: &Repository, name: &str) -> Value {
        let of = |labels: &[Entry]| labels.iter().position(|label| label.name == name);
        let (place, label, home) = if let Some(place) = of(&repository.labels) {
            let id = 100 * repository.id + place;
            (id, &repository.labels[place], repository.api())
        } else {
            let place = of(&self.labels).expect("labels in data/ are told before they are used");
            let home = format!("{ROOT}/api/v1/orgs/lighthouse");
            (place + 1, &self.labels[place], home)
        };
        self.shapes.with(
            "label",
            json!({
                "id": place,
                "name": name,
                "color": label.fact("colour"),
                "description": label.field("about").unwrap_or_default(),
                "exclusive": name.contains('/'),
                "url": format!("{home}/labels/{place}"),
            }),
        )
    }

    pub(super) fn milestone(&self, repository: &Repository, title: &str) -> Value {
        let Some(place) = repository
            .milestones
            .iter()
            .position(|known| known.name == title)
        else {
            return Value::Null;
        };
        let facts = &repository.milestones[place];
        let count = |state| {
            let of_it = |issue: &&super::forge::Issue| {
                issue.facts.field("milestone") == Some(title) && issue.state() == state
            };
            repository.issues.iter().filter(of_it).count()
        };
        let state = facts.field("state").unwrap_or("open");
        self.shapes.with(
            "milestone",
            json!({
                "id": place + 1,
                "title": title,
                "description": facts.field("about").unwrap_or_default(),
                "state": state,
                "open_issues": count("open"),
                "closed_issues": count("closed"),
                "created_at": facts.fact("created"),
                "updated_at": facts.fact("created"),
                "closed_at": (state == "closed").then(|| facts.fact("created")),
                "due_on": facts.field("due"),
            }),
        )
    }

    pub(super) fn release(&self, repository: &Repository, place: usize) -> Value {
        let facts = &repository.releases[place];
        let (tag, at, web) = (facts.name, facts.fact("at"), repository.web());
        let url = format!("{}/releases/{}", repository.api(), place + 1);
        self.shapes.with(
            "release",
            json!({
                "id": place + 1,
                "tag_name": tag,
                "name": facts.fact("title"),
                "body": facts.text(),
                "url": url,
                "html_url": format!("{web}/releases/tag/{tag}"),
                "tarball_url": format!("{web}/archive/{tag}.tar.gz"),
                "zipball_url": format!("{web}/archive/{tag}.zip"),
                "upload_url": format!("{url}/assets"),
                "prerelease": facts.field("prerelease").is_some(),
                "created_at": at,
                "published_at": at,
                "author": self.user(facts.fact("by")),
            }),
        )
    }
}

impl Repository {
    /// Its address for programs.
    pub(super) fn api(&self) -> String {
        format!("{ROOT}/api/v1/repos/{}", self.facts.name)
    }

    /// Its address for people.
    pub(super) fn web(&self) -> String {
        format!("{ROOT}/{}", self.facts.name)
    }

    /// Bytes by language, most first, told by the endings of names.
    pub(super) fn languages(&self) -> Map<String, Value> {
        let files = self.tip().map(|tip| &self.history.commits[tip].files);
        let bytes = |ending: &str| -> usize {
            let of_it = files
                .into_iter()
                .flatten()
                .filter(|(path, _)| path.ends_with(ending));
            of_it.map(|(_, file)| file.bytes.len()).sum()
        };
        let mut known = [("Rust", bytes(".rs")), ("Shell", bytes(".sh"))];
        known.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        let found = known.into_iter().filter(|(_, bytes)| *bytes > 0);
        found
            .map(|(name, bytes)| (name.to_owned(), json!(bytes)))
            .collect()
    }
}
