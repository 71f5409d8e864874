//! Issues and pull requests: what they look like, and what was said.
use serde_json::{Value, json};

use super::code;
use super::diff;
use super::entry::Entry;
use super::forge::{Forge, Issue, ROOT, Repository};
use super::git::Files;

impl Forge {
    pub(super) fn issue(&self, repository: &Repository, issue: &Issue) -> Value {
        let pull = issue.is_pull().then(|| {
            self.view(
                "issue_pull",
                repository,
                Some(&issue.facts),
                json!({ "page": issue.page(repository) }),
            )
        });
        let mut more = self.common(repository, issue);
        more["id"] = json!(repository.id * 1000 + issue.number);
        more["pull_request"] = json!(pull);
        self.view("issue", repository, Some(&issue.facts), more)
    }

    /// A pull request; in lists Gitea leaves out what it would have to count.
    pub(super) fn pull(&self, repository: &Repository, pull: &Issue, in_list: bool) -> Value {
        let history = &repository.history;
        let (before, after) = pull.files(repository);
        let changes = diff::changes(&before, &after);
        let (added, removed) = code::total(&changes);
        let side = |branch: &str, commit: usize| {
            let more = json!({ "branch": branch, "sha": history.commits[commit].sha, "repository": self.repository_view(repository) });
            self.view("pull_branch", repository, None, more)
        };
        let ((base, head), (target, tip)) = (pull.sides(repository), history.branches[0]);
        let merge = history
            .commits
            .iter()
            .find(|commit| commit.parents.get(1) == Some(&head));
        let mut more = self.common(repository, pull);
        more["reviewers"] = self.users(&pull.facts.list("reviewers"));
        more["review_comments"] = json!(pull.reviews.len());
        more["additions"] = json!(added);
        more["deletions"] = json!(removed);
        more["changed_files"] = json!(changes.len());
        more["merge_sha"] = json!(merge.map(|commit| &commit.sha));
        more["merged_by"] = json!(merge.map(|commit| self.user(commit.entry.fact("by"))));
        more["base"] = side(target, tip);
        more["head"] = side(pull.facts.fact("head"), head);
        more["merge_base"] = json!(history.commits[base].sha);
        let mut view = self.view("pull", repository, Some(&pull.facts), more);
        if let (true, Value::Object(view)) = (in_list, &mut view) {
            let counted = ["additions", "deletions", "changed_files"];
            view.retain(|name, value| {
                !counted.contains(&name.as_str()) && (name != "review_comments" || *value != 0)
            });
        }
        view
    }

    /// What issues and pull requests have in common.
    fn common(&self, repository: &Repository, issue: &Issue) -> Value {
        let (labels, assignees) = (issue.facts.list("labels"), issue.facts.list("assignees"));
        let mut known = self.labels(repository);
        known.extend(self.organization_labels());
        let named = |label: &&Value| {
            label["name"]
                .as_str()
                .is_some_and(|name| labels.contains(&name))
        };
        let milestones = self.milestones(repository);
        let milestone = milestones
            .iter()
            .find(|known| known["title"].as_str() == issue.facts.field("milestone"));
        json!({
            "page": issue.page(repository),
            "number": issue.number,
            "labels": known.iter().filter(named).collect::<Vec<_>>(),
            "milestone": milestone,
            "assignee": assignees.first().map(|login| self.user(login)),
            "assignees": self.users(&assignees),
            "comments": issue.comments.len(),
            "updated": issue.updated(),
        })
    }

    pub(super) fn comments(&self, repository: &Repository, issue: &Issue) -> Vec<Value> {
        let page = issue.page(repository);
        let comments = issue.comments.iter().enumerate().map(|(place, comment)| {
            let mut more = json!({ "id": issue.number * 1000 + place, "page": page });
            more[if issue.is_pull() {
                "pull_page"
            } else {
                "issue_page"
            }] = json!(page);
            self.view("comment", repository, Some(comment), more)
        });
        comments.collect()
    }

    pub(super) fn reviews(&self, repository: &Repository, pull: &Issue) -> Vec<Value> {
        let reviews = pull
            .reviews
            .iter()
            .enumerate()
            .map(|(place, (review, lines))| {
                let mut more = of_head(repository, pull);
                more["id"] = json!(pull.number * 10 + place);
                more["comments"] = json!(lines.len());
                self.view("review", repository, Some(review), more)
            });
        reviews.collect()
    }

    /// The comments on lines that belong to a review.
    pub(super) fn lines(
        &self,
        repository: &Repository,
        pull: &Issue,
        (review, lines): &(Entry, Vec<Entry>),
        id: &str,
    ) -> Vec<Value> {
        let (before, after) = pull.files(repository);
        let changes = diff::changes(&before, &after);
        let lines = lines.iter().enumerate().map(|(place, line)| {
            let change = changes.iter().find(|change| change.path == line.name);
            let mut more = of_head(repository, pull);
            more["id"] = json!(pull.number * 1000 + 500 + place);
            more["review"] = json!(id.parse::<u64>().ok());
            more["user"] = self.user(review.fact("by"));
            more["hunk"] = json!(change.map(diff::Change::patch));
            self.view("review_comment", repository, Some(line), more)
        });
        lines.collect()
    }

    pub(super) fn changed_files(&self, repository: &Repository, pull: &Issue) -> Vec<Value> {
        let (before, after) = pull.files(repository);
        let (_, head) = pull.sides(repository);
        let changes = diff::changes(&before, &after);
        let files = changes.iter().map(|change| {
            let (added, removed) = change.counts();
            let more = json!({
                "path": change.path,
                "sha": repository.history.commits[head].sha,
                "status": change.status().unwrap_or("changed"),
                "additions": added,
                "deletions": removed,
                "changes": added + removed,
            });
            self.view("changed_file", repository, None, more)
        });
        files.collect()
    }
}

fn of_head(repository: &Repository, pull: &Issue) -> Value {
    let (_, head) = pull.sides(repository);
    json!({ "page": pull.page(repository), "head_sha": repository.history.commits[head].sha })
}

impl Issue {
    /// Its address for people.
    fn page(&self, repository: &Repository) -> String {
        let kind = if self.is_pull() { "pulls" } else { "issues" };
        format!("{ROOT}/{}/{kind}/{}", repository.facts.name, self.number)
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
