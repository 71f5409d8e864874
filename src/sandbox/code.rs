//! The code of a repository: branches, commits, what changed, folders and files.
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::answer::{Answer, Asked, Reply, gitea_says, json_reply, not_found, not_found_because};
use super::diff::{self, Change};
use super::forge::{Forge, Repository};
use super::git::{self, File, Files, Item};

impl Forge {
    pub(super) fn branch(&self, repository: &Repository, place: usize) -> Value {
        let (name, commit) = repository.history.branches[place];
        let commit = &repository.history.commits[commit];
        let who = json!({ "name": commit.by, "email": format!("{}@example.org", commit.by), "username": commit.by });
        let protected = repository.facts.field("protected") == Some(name);
        self.shapes.with(
            "branch",
            json!({
                "name": name,
                "commit": self.shapes.with("branch_commit", json!({
                    "id": commit.sha,
                    "message": commit.message,
                    "url": format!("{}/commit/{}", repository.web(), commit.sha),
                    "author": who,
                    "committer": who,
                    "timestamp": commit.at,
                })),
                "protected": protected,
                "required_approvals": usize::from(protected),
                "user_can_push": !protected,
            }),
        )
    }

    pub(super) fn tag(&self, repository: &Repository, place: usize) -> Value {
        let tag = &repository.history.tags[place];
        let (commit, archive) = (
            &repository.history.commits[tag.commit],
            repository.web() + "/archive/" + tag.name,
        );
        self.shapes.with(
            "tag",
            json!({
                "name": tag.name,
                "message": tag.message,
                "id": tag.sha,
                "commit": {
                    "url": format!("{}/git/commits/{}", repository.api(), tag.sha),
                    "sha": commit.sha,
                    "created": commit.at,
                },
                "zipball_url": archive.clone() + ".zip",
                "tarball_url": archive + ".tar.gz",
            }),
        )
    }

    /// A commit; `asked` may leave out what takes a real forge time.
    pub(super) fn commit(&self, repository: &Repository, place: usize, asked: &Asked) -> Value {
        let commit = &repository.history.commits[place];
        let address = |sha: &str, kind: &str| format!("{}/git/{kind}/{sha}", repository.api());
        let link = |sha: &str, kind, at: &str| json!({ "url": address(sha, kind), "sha": sha, "created": at });
        let who = json!({ "name": commit.by, "email": format!("{}@example.org", commit.by), "date": commit.at });
        let parents = commit
            .parents
            .iter()
            .map(|&parent| &repository.history.commits[parent].sha);
        let before = repository.history.before(place);
        let changes = diff::changes(&before, &commit.files);
        let (added, removed) = total(&changes);
        let file = |change: &Change<'_>| json!({ "filename": change.path, "status": change.status().unwrap_or("modified") });
        let mut inner = self.shapes.plain("commit")["commit"].clone();
        inner["url"] = json!(address(&commit.sha, "commits"));
        inner["author"] = who.clone();
        inner["committer"] = who;
        inner["message"] = json!(commit.message);
        inner["tree"] = link(&commit.sha, "trees", commit.at);
        if asked.without("verification") {
            inner["verification"] = Value::Null;
        }
        self.shapes.with("commit", json!({
            "url": address(&commit.sha, "commits"),
            "sha": commit.sha,
            "created": commit.at,
            "html_url": format!("{}/commit/{}", repository.web(), commit.sha),
            "commit": inner,
            "author": self.user(commit.by),
            "committer": self.user(commit.by),
            "parents": parents.map(|sha| link(sha, "commits", "0001-01-01T00:00:00Z")).collect::<Value>(),
            "files": (!asked.without("files")).then(|| changes.iter().map(file).collect::<Value>()),
            "stats": (!asked.without("stat")).then(|| json!({ "total": added + removed, "additions": added, "deletions": removed })),
        }))
    }

    pub(super) fn commits(
        &self,
        repository: &Repository,
        places: &[usize],
        asked: &Asked,
    ) -> Vec<Value> {
        places
            .iter()
            .map(|&place| self.commit(repository, place, asked))
            .collect()
    }

    /// `…/commits`. With `since` or `until` the totals are still those of the whole branch.
    pub(super) fn log(&self, repository: &Repository, asked: &Asked) -> Answer {
        let history = &repository.history;
        let Some(tip) = repository.tip() else {
            return Err(gitea_says(
                409,
                json!({ "message": "Git Repository is empty." }),
            ));
        };
        let start = asked
            .get("sha")
            .map_or(Some(tip), |name| history.find(name));
        let start = start.ok_or_else(|| Reply::new(404, "application/json;charset=utf-8", ""))?;
        let mut log = history.log(start);
        if let Some(path) = asked.get("path") {
            log.retain(|&commit| history.touched(commit, path));
        }
        let total = log.len();
        let (since, until) = (asked.time("since")?, asked.time("until")?);
        log.retain(|&commit| {
            let at = history.commits[commit].at;
            since.as_deref().is_none_or(|since| at >= since)
                && until.as_deref().is_none_or(|until| at <= until)
        });
        let page = asked.paged(&self.commits(repository, &log, asked), total);
        Ok(page.with("X-Total", total))
    }

    pub(super) fn compare(&self, repository: &Repository, both: &str, asked: &Asked) -> Answer {
        let both = both.split_once("...").or_else(|| both.split_once(".."));
        let (base, head) = both.unwrap_or(("", both.map_or("", |(base, _)| base)));
        let find = |name| repository.history.find(name).ok_or_else(not_found);
        let ahead = repository.history.ahead(find(base)?, find(head)?);
        let commits = self.commits(repository, &ahead, asked);
        Ok(json_reply(
            &json!({ "total_commits": commits.len(), "commits": commits }),
        ))
    }

    pub(super) fn statuses(
        &self,
        repository: &Repository,
        name: &str,
    ) -> Result<(String, Vec<Value>), Reply> {
        let commit = repository.history.find(name).ok_or_else(not_found)?;
        let sha = repository.history.commits[commit].sha.clone();
        let here = repository
            .statuses
            .iter()
            .enumerate()
            .filter(|(_, status)| repository.history.find(status.name) == Some(commit));
        let statuses = here.map(|(place, status)| {
            self.shapes.with(
                "status",
                json!({
                    "id": place + 1,
                    "status": status.fact("state"),
                    "target_url": format!("{}/actions/runs/{}", repository.web(), place + 1),
                    "description": status.fact("about"),
                    "url": format!("{}/statuses/{sha}", repository.api()),
                    "context": status.text(),
                    "creator": self.user(status.fact("by")),
                    "created_at": status.fact("at"),
                    "updated_at": status.fact("at"),
                }),
            )
        });
        let statuses = statuses.collect();
        Ok((sha, statuses))
    }

    /// `…/contents/…`: a file with its text in base64, or what is in a folder.
    pub(super) fn contents(&self, repository: &Repository, path: &str, asked: &Asked) -> Answer {
        let branch = repository
            .history
            .branches
            .first()
            .map_or("main", |(name, _)| name);
        let name = asked.get("ref").unwrap_or(branch);
        let Some(commit) = repository.history.find(name) else {
            return Err(not_found_because(
                "not found",
                &format!("object does not exist [id: {name}, rel_path: ]"),
            ));
        };
        let files = &repository.history.commits[commit].files;
        let (_, items) = git::tree(files, "");
        if let Some(item) = items
            .iter()
            .find(|item| item.path == path && !item.is_folder())
        {
            return Ok(json_reply(&self.content(
                repository,
                item,
                (name, commit),
                files.get(path),
            )));
        }
        let folder = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        let here = |item: &&Item| {
            item.path
                .strip_prefix(&folder)
                .is_some_and(|rest| !rest.contains('/'))
        };
        let list: Vec<_> = items
            .iter()
            .filter(here)
            .map(|item| self.content(repository, item, (name, commit), None))
            .collect();
        if list.is_empty() {
            let first = path.split('/').next().unwrap_or_default();
            return Err(not_found_because(
                "GetContentsOrList",
                &format!("object does not exist [id: , rel_path: {first}]"),
            ));
        }
        Ok(json_reply(&list))
    }

    fn content(
        &self,
        repository: &Repository,
        item: &Item,
        (name, commit): (&str, usize),
        whole: Option<&File>,
    ) -> Value {
        let history = &repository.history;
        let last = history
            .log(commit)
            .into_iter()
            .find(|&commit| history.touched(commit, &item.path))
            .unwrap_or(commit);
        let last = &history.commits[last];
        let kind = match item.mode {
            "120000" => "symlink",
            _ if item.is_folder() => "dir",
            _ => "file",
        };
        let by = if history.branches.iter().any(|(branch, _)| *branch == name) {
            "branch"
        } else {
            "commit"
        };
        let api = format!("{}/contents/{}?ref={name}", repository.api(), item.path);
        let web = format!("{}/src/{by}/{name}/{}", repository.web(), item.path);
        let git = format!(
            "{}/git/{}/{}",
            repository.api(),
            if item.is_folder() { "trees" } else { "blobs" },
            item.sha
        );
        let link = || {
            history.commits[commit]
                .files
                .get(&item.path)
                .and_then(File::text)
        };
        let text = whole
            .filter(|_| kind == "file")
            .map(|file| BASE64_STANDARD.encode(&file.bytes));
        self.shapes.with(
            "content",
            json!({
                "name": item.name(),
                "path": item.path,
                "sha": item.sha,
                "last_commit_sha": last.sha,
                "last_committer_date": last.at,
                "last_author_date": last.at,
                "type": kind,
                "size": item.size,
                "encoding": text.is_some().then_some("base64"),
                "content": text,
                "target": (kind == "symlink").then(link),
                "url": api,
                "html_url": web,
                "git_url": git,
                "download_url": (kind != "dir").then(|| web.replacen("/src/", "/raw/", 1)),
                "_links": { "self": api, "git": git, "html": web },
            }),
        )
    }
}

/// `…/raw/…`: the bytes of a file.
pub(super) fn raw(repository: &Repository, path: &str, asked: &Asked) -> Answer {
    let start = asked
        .get("ref")
        .map_or(repository.tip(), |name| repository.history.find(name));
    let file = start
        .and_then(|commit| repository.history.commits[commit].files.get(path))
        .ok_or_else(not_found)?;
    let content_type = match file.text() {
        Some(_) => "text/plain; charset=utf-8",
        None if file.bytes.starts_with(b"\x89PNG") => "image/png",
        None => "text/plain; charset=iso-8859-1",
    };
    Ok(Reply::new(200, content_type, file.bytes.clone()).with("X-Gitea-Object-Type", "file"))
}

/// `…/git/trees/…`, in pages of its own kind.
pub(super) fn tree(repository: &Repository, name: &str, asked: &Asked) -> Answer {
    let Some(commit) = repository.history.find(name) else {
        return Err(gitea_says(
            400,
            json!({ "message": format!("sha not found [{name}]") }),
        ));
    };
    let commit = &repository.history.commits[commit];
    let (_, mut items) = git::tree(&commit.files, "");
    if asked.get("recursive").is_none_or(|value| value == "false") {
        items.retain(|item| !item.path.contains('/'));
    }
    let number = |name| asked.get(name).and_then(|text| text.parse::<usize>().ok());
    let page = number("page").unwrap_or(1).max(1);
    let size = number("per_page").unwrap_or(1000).clamp(1, 1000);
    let (total, some) = (
        items.len(),
        items
            .iter()
            .skip((page - 1).saturating_mul(size))
            .take(size),
    );
    let entry = |item: &Item| {
        let kind = if item.is_folder() { "tree" } else { "blob" };
        json!({
            "path": item.path,
            "mode": format!("{:0>6}", item.mode),
            "type": kind,
            "size": item.size,
            "sha": item.sha,
            "url": format!("{}/git/{kind}s/{}", repository.api(), item.sha),
        })
    };
    let answer = json!({
        "sha": commit.sha,
        "url": format!("{}/git/trees/{}", repository.api(), commit.sha),
        "tree": some.map(entry).collect::<Value>(),
        "truncated": page.saturating_mul(size) < total,
        "page": page,
        "total_count": total,
    });
    Ok(json_reply(&answer).with("X-Total-Count", total))
}

/// A diff, as Gitea sends it.
pub(super) fn patch(before: &Files, after: &Files) -> Reply {
    Reply::new(200, "text/plain; charset=utf-8", diff::patch(before, after))
}

/// Lines added and removed in all of them.
pub(super) fn total(changes: &[Change<'_>]) -> (usize, usize) {
    let counts = changes.iter().map(Change::counts);
    counts.fold((0, 0), |(added, removed), (more, less)| {
        (added + more, removed + less)
    })
}
