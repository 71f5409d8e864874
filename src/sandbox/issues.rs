//! Issues and pull requests: what they look like, what was said, and the filters that Gitea honours.
use serde_json::{Value, json};

use super::answer::{Answer, Asked, Reply, not_found_because};
use super::code;
use super::diff;
use super::entry::Entry;
use super::forge::{ACCOUNT, Forge, Issue, ROOT, Repository};
use super::git::Files;

impl Forge {
    pub(super) fn issue(&self, repository: &Repository, issue: &Issue) -> Value {
        let Issue { number, facts, .. } = issue;
        let web = issue.web(repository);
        let merged = facts.field("merged");
        let pull = json!({ "merged": merged.is_some(), "merged_at": merged, "draft": issue.draft(), "html_url": web });
        let mut fields = self.common(repository, issue);
        fields["id"] = json!(repository.id * 1000 + number);
        fields["url"] = json!(format!("{}/issues/{number}", repository.api()));
        fields["pull_request"] = if issue.is_pull() { pull } else { Value::Null };
        fields["repository"] = json!({
            "id": repository.id, "name": repository.name, "owner": repository.owner, "full_name": repository.facts.name,
        });
        self.shapes.with("issue", fields)
    }

    /// A pull request; in lists Gitea leaves out what it would have to count.
    pub(super) fn pull(&self, repository: &Repository, issue: &Issue, in_list: bool) -> Value {
        let (facts, history) = (&issue.facts, &repository.history);
        let (before, after) = issue.files(repository);
        let changes = diff::changes(&before, &after);
        let (added, removed) = code::total(&changes);
        let side = |name: &str, commit: usize| {
            self.shapes.with(
                "pull_branch",
                json!({
                    "label": name,
                    "ref": name,
                    "sha": history.commits[commit].sha,
                    "repo_id": repository.id,
                    "repo": self.repository_json(repository),
                }),
            )
        };
        let web = issue.web(repository);
        let (merged, (base_name, tip)) = (facts.field("merged"), history.branches[0]);
        let merge = merged.map(|at| {
            history
                .commits
                .iter()
                .find(|commit| commit.at == at && commit.parents.len() == 2)
        });
        let merge = merge.flatten();
        let (base, head) = issue.sides(repository);
        let reviewers = facts.list("reviewers");
        let lines: usize = issue.reviews.iter().map(|(_, lines)| lines.len()).sum();
        let mut fields = self.common(repository, issue);
        let own = json!({
            "id": issue.number,
            "url": web,
            "requested_reviewers": self.users(&reviewers),
            "requested_reviewers_teams": (!reviewers.is_empty()).then(Vec::<Value>::new),
            "draft": issue.draft(),
            "review_comments": lines + issue.reviews.len(),
            "additions": added,
            "deletions": removed,
            "changed_files": changes.len(),
            "diff_url": format!("{web}.diff"),
            "patch_url": format!("{web}.patch"),
            "mergeable": facts.field("conflicts").is_none(),
            "merged": merged.is_some(),
            "merged_at": merged,
            "merge_commit_sha": merge.map(|commit| &commit.sha),
            "merged_by": merge.map(|commit| self.user(commit.by)),
            "base": side(base_name, tip),
            "head": side(facts.fact("head"), head),
            "merge_base": history.commits[base].sha,
        });
        for (name, value) in own.as_object().into_iter().flatten() {
            fields[name] = value.clone();
        }
        let mut pull = self.shapes.with("pull", fields);
        if let (true, Value::Object(pull)) = (in_list, &mut pull) {
            let counted = ["additions", "deletions", "changed_files"];
            pull.retain(|name, _| !counted.contains(&name.as_str()));
            pull.retain(|name, value| name != "review_comments" || *value != 0);
        }
        pull
    }

    /// What issues and pull requests have in common.
    fn common(&self, repository: &Repository, issue: &Issue) -> Value {
        let facts = &issue.facts;
        let labels = facts.list("labels");
        let assignees = facts.list("assignees");
        json!({
            "html_url": issue.web(repository),
            "number": issue.number,
            "user": self.user(facts.fact("by")),
            "title": facts.fact("title"),
            "body": facts.text(),
            "labels": labels.iter().map(|label| self.label(repository, label)).collect::<Value>(),
            "milestone": self.milestone(repository, facts.field("milestone").unwrap_or_default()),
            "assignee": assignees.first().map(|login| self.user(login)),
            "assignees": self.users(&assignees),
            "state": issue.state(),
            "comments": issue.comments.len(),
            "created_at": facts.fact("at"),
            "updated_at": issue.updated(),
            "closed_at": facts.field("closed").or(facts.field("merged")),
        })
    }

    pub(super) fn comment(&self, repository: &Repository, issue: &Issue, place: usize) -> Value {
        let (facts, web) = (&issue.comments[place], issue.web(repository));
        let id = comment_id(repository, issue, place);
        let (issue_url, pull_url) = if issue.is_pull() {
            ("", web.as_str())
        } else {
            (web.as_str(), "")
        };
        self.shapes.with(
            "comment",
            json!({
                "id": id,
                "html_url": format!("{web}#issuecomment-{id}"),
                "pull_request_url": pull_url,
                "issue_url": issue_url,
                "user": self.user(facts.fact("by")),
                "body": facts.text(),
                "created_at": facts.fact("at"),
                "updated_at": facts.fact("at"),
            }),
        )
    }

    pub(super) fn review(&self, repository: &Repository, pull: &Issue, place: usize) -> Value {
        let ((facts, lines), web) = (&pull.reviews[place], pull.web(repository));
        let (_, head) = pull.sides(repository);
        self.shapes.with("review", json!({
            "id": pull.number * 10 + place,
            "user": self.user(facts.fact("by")),
            "state": facts.fact("state"),
            "body": facts.text(),
            "commit_id": repository.history.commits[head].sha,
            "comments_count": lines.len(),
            "submitted_at": facts.fact("at"),
            "updated_at": facts.fact("at"),
            "html_url": format!("{web}#issuecomment-{}", comment_id(repository, pull, 50 + place)),
            "pull_request_url": web,
        }))
    }

    pub(super) fn review_comment(
        &self,
        repository: &Repository,
        pull: &Issue,
        review: usize,
        line: &Entry,
    ) -> Value {
        let by = pull.reviews[review].0.fact("by");
        let (before, after) = pull.files(repository);
        let changes = diff::changes(&before, &after);
        let change = changes.iter().find(|change| change.path == line.name);
        let number: usize = line
            .fact("line")
            .parse()
            .expect("lines in data/ are numbers");
        let (_, head) = pull.sides(repository);
        self.shapes.with("review_comment", json!({
            "id": comment_id(repository, pull, 70 + number),
            "body": line.text(),
            "user": self.user(by),
            "pull_request_review_id": pull.number * 10 + review,
            "created_at": line.fact("at"),
            "updated_at": line.fact("at"),
            "path": line.name,
            "commit_id": repository.history.commits[head].sha,
            "diff_hunk": change.map(diff::Change::patch),
            "position": number,
            "html_url": format!("{}#issuecomment-{}", pull.web(repository), comment_id(repository, pull, 70 + number)),
            "pull_request_url": pull.web(repository),
        }))
    }

    pub(super) fn changed_files(&self, repository: &Repository, pull: &Issue) -> Vec<Value> {
        let (before, after) = pull.files(repository);
        let (_, head) = pull.sides(repository);
        let sha = &repository.history.commits[head].sha;
        let (api, web) = (repository.api(), repository.web());
        let changes = diff::changes(&before, &after);
        let files = changes.iter().map(|change| {
            let ((added, removed), path) = (change.counts(), change.path);
            self.shapes.with(
                "changed_file",
                json!({
                    "filename": path,
                    "status": change.status().unwrap_or("changed"),
                    "additions": added,
                    "deletions": removed,
                    "changes": added + removed,
                    "html_url": format!("{web}/src/commit/{sha}/{path}"),
                    "contents_url": format!("{api}/contents/{path}?ref={sha}"),
                    "raw_url": format!("{web}/raw/commit/{sha}/{path}"),
                }),
            )
        });
        files.collect()
    }

    /// The issues and pull requests that a list of them shows, newest first. As in Gitea, an unknown state is `open`,
    /// unknown labels and milestones are as if not said, and only an unknown user is refused.
    pub(super) fn filtered<'a>(
        &self,
        repository: &'a Repository,
        asked: &Asked,
    ) -> Result<Vec<&'a Issue>, Reply> {
        let list = |name| {
            asked
                .get(name)
                .into_iter()
                .flat_map(|names| names.split(','))
                .collect::<Vec<_>>()
        };
        let labels = repository
            .labels
            .iter()
            .chain(&self.labels)
            .map(|label| label.name);
        let asked_labels = list("labels");
        let labels: Vec<_> = labels
            .filter(|label| asked_labels.contains(label))
            .collect();
        let asked_milestones = list("milestones");
        let milestones: Vec<_> = (repository.milestones.iter().enumerate())
            .filter(|(place, known)| {
                asked_milestones
                    .iter()
                    .any(|asked| *asked == known.name || *asked == (place + 1).to_string())
            })
            .map(|(_, known)| known.name)
            .collect();
        for name in ["created_by", "assigned_by", "mentioned_by"] {
            if let Some(login) = asked.get(name).filter(|login| self.person(login).is_none()) {
                let cause = format!("user does not exist [uid: 0, name: {login}]");
                return Err(not_found_because("not found", &cause));
            }
        }
        let (since, before) = (asked.time("since")?, asked.time("before")?);
        let word = asked.get("q").map(str::to_lowercase);
        let is = |name, login: &str| {
            asked
                .get(name)
                .is_none_or(|asked| asked.eq_ignore_ascii_case(login))
        };
        let fits = |issue: &&Issue| {
            let facts = &issue.facts;
            let assignees = facts.list("assignees");
            let text = || issue.everything().to_lowercase();
            (match asked.get("state") {
                Some("all") => true,
                state => (state == Some("closed")) == (issue.state() == "closed"),
            }) && match asked.get("type") {
                Some("issues") => !issue.is_pull(),
                Some("pulls") => issue.is_pull(),
                _ => true,
            } && labels
                .iter()
                .all(|label| facts.list("labels").contains(label))
                && (milestones.is_empty()
                    || milestones.contains(&facts.field("milestone").unwrap_or_default()))
                && is("created_by", facts.fact("by"))
                && (asked.get("assigned_by").is_none()
                    || assignees.iter().any(|login| is("assigned_by", login)))
                && asked
                    .get("mentioned_by")
                    .is_none_or(|login| text().contains(&format!("@{login}")))
                && since
                    .as_deref()
                    .is_none_or(|since| issue.updated() >= since)
                && before
                    .as_deref()
                    .is_none_or(|before| issue.updated() <= before)
                && word.as_ref().is_none_or(|word| text().contains(word))
        };
        let mut found: Vec<_> = repository.issues.iter().filter(fits).collect();
        found.reverse();
        Ok(found)
    }

    /// `/repos/issues/search`: the same over all repositories.
    pub(super) fn search_issues(&self, asked: &Asked) -> Answer {
        let mut found = Vec::new();
        for repository in &self.repositories {
            if asked
                .get("owner")
                .is_some_and(|owner| owner != repository.owner)
            {
                continue;
            }
            let own = |issue: &&Issue| {
                asked.get("created") != Some("true") || issue.facts.fact("by") == ACCOUNT
            };
            found.extend(
                self.filtered(repository, asked)?
                    .into_iter()
                    .filter(own)
                    .map(|issue| (repository, issue)),
            );
        }
        found.sort_by_key(|(_, issue)| std::cmp::Reverse(issue.facts.fact("at")));
        let found: Vec<_> = found
            .into_iter()
            .map(|(repository, issue)| self.issue(repository, issue))
            .collect();
        Ok(asked.linked(&found))
    }

    /// `…/pulls`, sorted as asked.
    pub(super) fn pulls(&self, repository: &Repository, asked: &Asked) -> Reply {
        let mut pulls: Vec<_> = repository
            .issues
            .iter()
            .filter(|issue| issue.is_pull())
            .collect();
        pulls.retain(|pull| match asked.get("state") {
            Some("all") => true,
            state => (state == Some("closed")) == (pull.state() == "closed"),
        });
        pulls.retain(|pull| {
            asked
                .get("poster")
                .is_none_or(|login| login == pull.facts.fact("by"))
        });
        pulls.retain(|_| {
            asked
                .get("base_branch")
                .is_none_or(|base| base == repository.history.branches[0].0)
        });
        match asked.get("sort") {
            Some("oldest") => {}
            Some("recentupdate") => pulls.sort_by_key(|pull| std::cmp::Reverse(pull.updated())),
            Some("leastupdate") => pulls.sort_by_key(|pull| pull.updated()),
            Some("mostcomment") => pulls.sort_by_key(|pull| std::cmp::Reverse(pull.comments.len())),
            Some("leastcomment") => pulls.sort_by_key(|pull| pull.comments.len()),
            _ => pulls.reverse(),
        }
        let pulls: Vec<_> = pulls
            .into_iter()
            .map(|pull| self.pull(repository, pull, true))
            .collect();
        asked.linked(&pulls)
    }
}

impl Issue {
    fn web(&self, repository: &Repository) -> String {
        let kind = if self.is_pull() { "pulls" } else { "issues" };
        format!("{ROOT}/{}/{kind}/{}", repository.facts.name, self.number)
    }

    fn draft(&self) -> bool {
        self.facts.fact("title").starts_with("WIP:")
    }

    /// All that was written here, for searching.
    fn everything(&self) -> String {
        let comments = self.comments.iter().map(Entry::text);
        let own = [self.facts.fact("title").to_owned(), self.facts.text()];
        own.into_iter()
            .chain(comments)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The commits at which a pull request begins and ends.
    pub(super) fn sides(&self, repository: &Repository) -> (usize, usize) {
        let history = &repository.history;
        let head = history
            .find(self.facts.fact("head"))
            .expect("pull requests in data/ have branches");
        // Once it is merged, its base is where the target stood before.
        let merge = history
            .commits
            .iter()
            .find(|commit| commit.parents.get(1) == Some(&head));
        let target = merge.map_or(history.branches[0].1, |commit| commit.parents[0]);
        (history.merge_base(target, head), head)
    }

    /// The files before and after a pull request.
    pub(super) fn files(&self, repository: &Repository) -> (Files, Files) {
        let (base, head) = self.sides(repository);
        let files = |commit: usize| repository.history.commits[commit].files.clone();
        (files(base), files(head))
    }
}

fn comment_id(repository: &Repository, issue: &Issue, place: usize) -> usize {
    repository.id * 100_000 + issue.number * 1000 + place
}
