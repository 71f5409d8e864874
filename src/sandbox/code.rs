//! The code of a repository: branches, commits, what changed, folders and files.
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::answer::{Answer, Asked, Reply, gitea_says, json_reply, not_found, not_found_because};
use super::diff::{self, Change};
use super::entry::Entry;
use super::forge::{Forge, Repository};
use super::git::{self, File, Files, Item};

impl Forge {
    pub(super) fn branches(&self, repository: &Repository) -> Vec<Value> {
        let branches = repository.history.branches.iter().map(|&(branch, commit)| {
            let commit = &repository.history.commits[commit];
            let protected = repository.facts.field("protected") == Some(branch);
            let more = json!({
                "branch": branch,
                "sha": commit.sha,
                "message": commit.message,
                "protected": protected,
                "approvals": u8::from(protected),
                "can_push": !protected,
            });
            self.view("branch", repository, Some(&commit.entry), more)
        });
        branches.collect()
    }

    /// Newest first.
    pub(super) fn tags(&self, repository: &Repository) -> Vec<Value> {
        let tags = repository.history.tags.iter().rev().map(|tag| {
            let commit = &repository.history.commits[tag.commit];
            let more = json!({ "tag": tag.name, "message": tag.message, "id": tag.sha, "sha": commit.sha });
            self.view("tag", repository, Some(&commit.entry), more)
        });
        tags.collect()
    }

    /// A commit; `asked` may leave out what costs a real forge time.
    pub(super) fn commit(&self, repository: &Repository, place: usize, asked: &Asked) -> Value {
        let commit = &repository.history.commits[place];
        let parents = commit.parents.iter().map(|&parent| {
            let sha = &repository.history.commits[parent].sha;
            self.view("parent", repository, None, json!({ "sha": sha }))
        });
        let before = repository.history.before(place);
        let changes = diff::changes(&before, &commit.files);
        let (added, removed) = total(&changes);
        let stats = json!({ "total": added + removed, "additions": added, "deletions": removed });
        let file = |change: &Change<'_>| json!({ "filename": change.path, "status": change.status().unwrap_or("modified") });
        let files: Value = changes.iter().map(file).collect();
        let more = json!({
            "sha": commit.sha,
            "message": commit.message,
            "parents": parents.collect::<Value>(),
            "files": (!asked.without("files")).then_some(files),
            "stats": (!asked.without("stat")).then_some(stats),
        });
        let mut view = self.view("commit", repository, Some(&commit.entry), more);
        if asked.without("verification") {
            view["commit"]["verification"] = Value::Null;
        }
        view
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
        let empty = || gitea_says(409, json!({ "message": "Git Repository is empty." }));
        let tip = repository.tip().ok_or_else(empty)?;
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
            let at = history.commits[commit].at();
            since.as_deref().is_none_or(|since| at >= since)
                && until.as_deref().is_none_or(|until| at <= until)
        });
        let page = asked.paged(&self.commits(repository, &log, asked), total);
        Ok(page.with("X-Total", total))
    }

    pub(super) fn compare(&self, repository: &Repository, both: &str, asked: &Asked) -> Answer {
        let both = both.split_once("...").or_else(|| both.split_once(".."));
        let (base, head) = both.ok_or_else(not_found)?;
        let find = |name| repository.history.find(name).ok_or_else(not_found);
        let ahead = repository.history.ahead(find(base)?, find(head)?);
        let commits = self.commits(repository, &ahead, asked);
        Ok(json_reply(
            &json!({ "total_commits": commits.len(), "commits": commits }),
        ))
    }

    /// What checks said of a commit, in the shape that sums them up.
    pub(super) fn statuses(&self, repository: &Repository, name: &str) -> Result<Value, Reply> {
        let commit = repository.history.find(name).ok_or_else(not_found)?;
        let sha = &repository.history.commits[commit].sha;
        let here = |(_, status): &(usize, &_)| status_of(repository, status) == Some(commit);
        let statuses = repository.statuses.iter().enumerate().filter(here);
        let view = |(place, status)| {
            self.view(
                "status",
                repository,
                Some(status),
                json!({ "id": place + 1, "sha": sha }),
            )
        };
        let statuses: Vec<_> = statuses.map(view).collect();
        let is = |state: &&str| statuses.iter().any(|status| status["status"] == *state);
        let worst = ["failure", "success"].into_iter().find(is);
        let more = json!({
            "sha": sha,
            "worst": worst.unwrap_or("pending"),
            "count": statuses.len(),
            "statuses": statuses,
            "repository": self.repository_view(repository),
        });
        Ok(self.view("statuses", repository, None, more))
    }

    /// `…/contents/…`: a file with its text in base64, or what is in a folder.
    pub(super) fn contents(&self, repository: &Repository, path: &str, asked: &Asked) -> Answer {
        let branch = repository
            .history
            .branches
            .first()
            .map_or("main", |(name, _)| name);
        let at = asked.get("ref").unwrap_or(branch);
        let cause = format!("object does not exist [id: {at}, rel_path: ]");
        let commit = repository
            .history
            .find(at)
            .ok_or_else(|| not_found_because("not found", &cause))?;
        let files = &repository.history.commits[commit].files;
        let (_, items) = git::tree(files, "");
        if let Some(item) = items
            .iter()
            .find(|item| item.path == path && !item.is_folder())
        {
            return Ok(json_reply(&self.content(
                repository,
                item,
                (at, commit),
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
        let list = items
            .iter()
            .filter(here)
            .map(|item| self.content(repository, item, (at, commit), None));
        let list: Vec<_> = list.collect();
        if list.is_empty() {
            let first = path.split('/').next().unwrap_or_default();
            let cause = format!("object does not exist [id: , rel_path: {first}]");
            return Err(not_found_because("GetContentsOrList", &cause));
        }
        Ok(json_reply(&list))
    }

    fn content(
        &self,
        repository: &Repository,
        item: &Item,
        (at, commit): (&str, usize),
        whole: Option<&File>,
    ) -> Value {
        let history = &repository.history;
        let mut log = history.log(commit).into_iter();
        let last = &history.commits[log
            .find(|&commit| history.touched(commit, &item.path))
            .unwrap_or(commit)];
        let kind = match item.mode {
            "120000" => "symlink",
            _ if item.is_folder() => "dir",
            _ => "file",
        };
        let is_branch = history.branches.iter().any(|(branch, _)| *branch == at);
        let at_kind = if is_branch { "branch" } else { "commit" };
        let target = history.commits[commit]
            .files
            .get(&item.path)
            .and_then(File::text);
        let text = whole
            .filter(|_| kind == "file")
            .map(|file| BASE64_STANDARD.encode(&file.bytes));
        let download = format!("{}/raw/{at_kind}/{at}/{}", repository.web(), item.path);
        let more = json!({
            "name": item.path.rsplit('/').next(),
            "path": item.path,
            "sha": item.sha,
            "size": item.size,
            "kind": kind,
            "git_kind": item.git_kind(),
            "ref": at,
            "ref_kind": at_kind,
            "last_sha": last.sha,
            "last_at": last.at(),
            "encoding": text.is_some().then_some("base64"),
            "content": text,
            "target": (kind == "symlink").then_some(target),
            "download": (kind != "dir").then_some(download),
        });
        self.view("content", repository, None, more)
    }

    /// `…/git/blobs/…`: the bytes of a file by their hash.
    pub(super) fn blob(&self, repository: &Repository, sha: &str) -> Answer {
        let commits = repository.history.commits.iter().rev();
        let mut files = commits.flat_map(|commit| commit.files.values());
        let message = format!("object does not exist [id: {sha}, rel_path: ]");
        let missing = || gitea_says(400, json!({ "message": message }));
        let file = files.find(|file| file.sha == sha).ok_or_else(missing)?;
        let content = BASE64_STANDARD.encode(&file.bytes);
        let facts = json!({ "content": content, "sha": sha, "size": file.bytes.len() });
        Ok(json_reply(&self.view("blob", repository, None, facts)))
    }

    /// `…/git/trees/…` of a commit or of a folder, in pages of its own kind.
    pub(super) fn tree(&self, repository: &Repository, name: &str, asked: &Asked) -> Answer {
        let missing = || gitea_says(400, json!({ "message": format!("sha not found [{name}]") }));
        let commits = &repository.history.commits;
        let commit = repository.history.find(name).map(|at| &commits[at]);
        let (sha, mut items) = if let Some(commit) = commit {
            (commit.sha.as_str(), git::tree(&commit.files, "").1)
        } else {
            let mut commits = commits.iter().rev();
            let below = commits.find_map(|commit| folder(&commit.files, name));
            (name, below.ok_or_else(missing)?)
        };
        if asked.get("recursive").is_none_or(|value| value == "false") {
            items.retain(|item| !item.path.contains('/'));
        }
        let number = |name| asked.get(name).and_then(|text| text.parse::<usize>().ok());
        let page = number("page").unwrap_or(1).max(1);
        let size = number("per_page").unwrap_or(1000).clamp(1, 1000);
        let some = items
            .iter()
            .skip((page - 1).saturating_mul(size))
            .take(size);
        let entry = |item: &Item| {
            let mode = format!("{:0>6}", item.mode);
            let facts = json!({ "path": item.path, "mode": mode, "git_kind": item.git_kind(), "size": item.size, "sha": item.sha });
            self.view("tree_entry", repository, None, facts)
        };
        let whole = self.view("parent", repository, None, json!({ "sha": sha }));
        let answer = json!({
            "sha": sha,
            "url": whole["url"].as_str().map(|url| url.replace("/commits/", "/trees/")),
            "tree": some.map(entry).collect::<Value>(),
            "truncated": page.saturating_mul(size) < items.len(),
            "page": page,
            "total_count": items.len(),
        });
        Ok(json_reply(&answer).with("X-Total-Count", items.len()))
    }
}

fn status_of(repository: &Repository, status: &Entry) -> Option<usize> {
    repository.history.find(status.name)
}

/// `…/raw/…`: the bytes of a file.
pub(super) fn raw(repository: &Repository, path: &str, asked: &Asked) -> Answer {
    let start = asked
        .get("ref")
        .map_or(repository.tip(), |name| repository.history.find(name));
    let file = start.and_then(|commit| repository.history.commits[commit].files.get(path));
    let file = file.ok_or_else(not_found)?;
    let content_type = match file.text() {
        Some(_) => "text/plain; charset=utf-8",
        None if file.bytes.starts_with(b"\x89PNG") => "image/png",
        None => "text/plain; charset=iso-8859-1",
    };
    Ok(Reply::new(200, content_type, file.bytes.clone()).with("X-Gitea-Object-Type", "file"))
}

/// What is below the folder with this hash, by paths from there.
fn folder(files: &Files, sha: &str) -> Option<Vec<Item>> {
    let (_, items) = git::tree(files, "");
    let folder = items
        .iter()
        .find(|item| item.is_folder() && item.sha == sha)?;
    let start = format!("{}/", folder.path);
    let below = items.iter().filter_map(|item| {
        let path = item.path.strip_prefix(&start)?.to_owned();
        Some(Item {
            path,
            ..item.clone()
        })
    });
    Some(below.collect())
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
