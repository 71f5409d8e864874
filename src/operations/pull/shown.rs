//! How a pull request, its files and its checks are told.
use std::fmt::Write as _;

use crate::{
    gitea::views::{ChangedFile, PullRequest, Status},
    operations::{
        Facts, View,
        common::{NOBODY, all_quoted},
        issue::shown::with_due_day,
        refs::short,
        times::{byline, day, minute},
    },
};

impl PullRequest {
    /// `open`, `closed` or `merged`.
    pub(in crate::operations) fn standing(&self) -> &str {
        if self.merged { "merged" } else { &self.state }
    }

    fn author(&self) -> &str {
        self.author.as_deref().unwrap_or(NOBODY)
    }

    /// Who asked for it and when.
    pub(in crate::operations) fn by(&self) -> String {
        byline(self.author(), self.created)
    }

    /// `fix/overflow -> main`, or `contributor/telescope:fix -> main` from a fork.
    fn branches(&self) -> String {
        let (head, base) = (&self.head, &self.base);
        match &head.repo {
            Some(fork) if head.repo != base.repo => {
                format!("{fork}:{} -> {}", head.branch, base.branch)
            }
            _ => format!("{} -> {}", head.branch, base.branch),
        }
    }

    /// Gitea says `false` for a draft too, and before it knows; `true` also where a merge would be
    /// refused for want of approvals or checks.
    fn mergeable(&self) -> Option<&'static str> {
        match (self.standing(), self.mergeable, self.draft) {
            ("open", true, _) => Some("no conflicts; approvals and checks are not looked at"),
            ("open", false, true) => Some("no, it is a draft"),
            ("open", false, false) => Some("no, it conflicts or is still being checked"),
            _ => None,
        }
    }

    fn changes(&self) -> Option<String> {
        let (files, plus, minus) = (self.changed_files?, self.additions?, self.deletions?);
        let files = if files == 1 {
            "1 file".to_owned()
        } else {
            format!("{files} files")
        };
        Some(format!("{files}, +{plus} -{minus}"))
    }

    pub(super) fn facts_with(&self, asked: Vec<String>, reviews: Vec<String>) -> Facts {
        let closed = self.closed.filter(|_| !self.merged);
        Facts::new()
            .told("number", self.number)
            .told("title", self.title.as_str())
            .told("state", self.standing())
            .told("draft", self.draft)
            .with("author", self.by())
            .with("branches", self.branches())
            .with("head commit", short(&self.head.sha))
            .maybe("changes", self.changes())
            .maybe("mergeable", self.mergeable())
            .maybe("merged", self.merge())
            .maybe("closed", closed.map(minute))
            .with("reviewers asked", asked)
            .with("reviews", reviews)
            .with("labels", all_quoted(&self.labels))
            .told("labels", self.labels.clone())
            .with("assignees", self.assignees.clone())
            .maybe("milestone", self.milestone.as_ref().map(with_due_day))
            .maybe("due", self.due.map(|due| due.to_string()))
            .maybe("locked", self.is_locked.then_some(true))
            .with("url", self.url.as_str())
    }

    fn merge(&self) -> Option<String> {
        let by = self.merged_by.as_deref().unwrap_or(NOBODY);
        let sha = self.merge_commit_sha.as_deref().map(short);
        let into = sha.map_or_else(String::new, |sha| format!(" as {sha}"));
        self.merged.then(|| byline(by, self.merged_at) + &into)
    }
}

impl View for PullRequest {
    fn line(&self) -> String {
        let mut line = format!("#{} ", self.number);
        if self.standing() != "open" {
            let _ = write!(line, "{} ", self.standing());
        }
        if self.draft {
            line.push_str("draft ");
        }
        if let Some(created) = self.created {
            let _ = write!(line, "{} ", day(created));
        }
        line.push_str(self.author());
        if !self.labels.is_empty() {
            let _ = write!(line, " [{}]", all_quoted(&self.labels).join(", "));
        }
        let _ = write!(line, " {}: {}", self.branches(), self.title);
        line
    }

    fn facts(&self) -> Facts {
        self.facts_with(Vec::new(), Vec::new())
    }
}

impl View for ChangedFile {
    fn line(&self) -> String {
        let Self {
            status,
            additions,
            deletions,
            path,
            ..
        } = self;
        let from = self
            .previous_path
            .as_ref()
            .map(|from| format!("{from} -> "));
        let from = from.unwrap_or_default();
        format!("{status} +{additions} -{deletions}: {from}{path}")
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .told("path", self.path.as_str())
            .maybe("previous_path", self.previous_path.as_deref())
            .told("status", self.status.as_str())
            .told("additions", self.additions)
            .told("deletions", self.deletions)
    }
}

impl View for Status {
    fn line(&self) -> String {
        let about = self.description.as_ref().map(|it| format!(", {it}"));
        format!(
            "{}: {}{}",
            self.state,
            self.context,
            about.unwrap_or_default()
        )
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .told("state", self.state.as_str())
            .told("context", self.context.as_str())
            .maybe("description", self.description.as_deref())
            .maybe("updated", self.updated.map(minute))
            .maybe("url", self.target_url.as_deref())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use serde_json::{Value, json};

    use super::*;

    fn pull(other: &Value) -> PullRequest {
        let mut pull = json!({
            "number": 65, "title": "Count steps", "state": "open", "mergeable": true,
            "user": {"login": "contributor"}, "created_at": "2026-11-23T08:34:00Z",
            "base": {"ref": "main", "sha": "639efab4f3a7", "repo": {"full_name": "a/b"}},
            "head": {"ref": "fix", "sha": "329ea23aa656", "repo": {"full_name": "a/b"}},
        });
        let other = other.as_object().unwrap().clone();
        pull.as_object_mut().unwrap().extend(other);
        serde_json::from_value(pull).unwrap()
    }

    fn fact(pull: &PullRequest, name: &str) -> Option<String> {
        let facts = pull.facts();
        let found = facts.lines().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }

    #[test]
    fn a_pull_request_is_one_line_with_its_title_last() {
        assert_eq!(
            pull(&json!({})).line(),
            "#65 2026-11-23 contributor fix -> main: Count steps"
        );
        let fork = json!({
            "draft": true, "labels": [{"name": "bug"}],
            "head": {"ref": "fix", "sha": "329e", "repo": {"full_name": "contributor/b"}},
        });
        assert_eq!(
            pull(&fork).line(),
            "#65 draft 2026-11-23 contributor [bug] contributor/b:fix -> main: Count steps"
        );
        let lost = json!({"head": {"ref": "refs/pull/65/head", "sha": "329e", "repo": null}});
        assert!(
            pull(&lost)
                .line()
                .contains("contributor refs/pull/65/head -> main")
        );
    }

    #[test]
    fn what_is_merged_or_closed_says_so_and_nothing_of_being_mergeable() {
        let merged = pull(&json!({
            "state": "closed", "merged": true, "merged_at": "2026-11-24T09:00:00Z",
            "merged_by": {"login": "maintainer"}, "merge_commit_sha": "0123456789abcdef",
        }));
        assert!(merged.line().starts_with("#65 merged "));
        assert_eq!(
            fact(&merged, "merged").unwrap(),
            "maintainer 2026-11-24 09:00 as 0123456789"
        );
        assert_eq!(fact(&merged, "mergeable"), None);
        let closed = pull(&json!({"state": "closed", "mergeable": false}));
        assert!(closed.line().starts_with("#65 closed "));
        assert_eq!(fact(&closed, "mergeable"), None);
    }

    #[test]
    fn whether_it_can_be_merged_is_said_as_far_as_it_is_known() {
        let mergeable = |other| fact(&pull(&other), "mergeable").unwrap();
        assert!(mergeable(json!({})).starts_with("no conflicts"));
        let draft = json!({"mergeable": false, "draft": true});
        assert_eq!(mergeable(draft), "no, it is a draft");
        let conflict = json!({"mergeable": false});
        assert!(mergeable(conflict).starts_with("no, it conflicts"));
    }

    #[test]
    fn a_renamed_file_says_what_it_was() {
        let file = json!({
            "filename": "b.rs", "previous_filename": "a.rs", "status": "renamed", "additions": 1,
        });
        let file: ChangedFile = serde_json::from_value(file).unwrap();
        assert_eq!(file.line(), "renamed +1 -0: a.rs -> b.rs");
    }
}
