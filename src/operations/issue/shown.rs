//! How an issue, its comments and the labels that there are are told.
use std::fmt::Write as _;

use crate::{
    gitea::views::{Comment, Due, Issue},
    operations::{
        Facts, View,
        common::{NOBODY, all_quoted, attached, quoted},
        filters::KnownLabel,
        times::{byline, day, minute},
    },
};

impl Issue {
    /// `open`, `closed` or `merged`.
    pub(in crate::operations) fn standing(&self) -> &str {
        match self.pull {
            Some(pull) if pull.merged => "merged",
            _ => &self.state,
        }
    }

    pub(in crate::operations) fn is_draft(&self) -> bool {
        self.pull.is_some_and(|pull| pull.draft)
    }

    /// Who wrote it and when.
    pub(in crate::operations) fn by(&self) -> String {
        byline(self.author(), self.created)
    }

    /// On the forge it was moved from, where it was.
    fn author(&self) -> &str {
        let original = self.original_author.as_deref();
        original.or(self.author.as_deref()).unwrap_or(NOBODY)
    }
}

impl View for Issue {
    fn line(&self) -> String {
        let mut line = String::from("#");
        line.push_str(itoa::Buffer::new().format(self.number));
        line.push(' ');
        if self.state == "closed" {
            line.push_str(self.standing());
            line.push(' ');
        }
        if let Some(created) = self.created {
            line.push_str(&day(created));
            line.push(' ');
        }
        line.push_str(self.author());
        if !self.labels.is_empty() {
            let _ = write!(line, " [{}]", all_quoted(&self.labels).join(", "));
        }
        for assignee in &self.assignees {
            let _ = write!(line, " @{assignee}");
        }
        line + ": " + &self.title
    }

    fn facts(&self) -> Facts {
        let pull = "pull_read has its branches, diff, reviews and checks";
        Facts::new()
            .told("number", self.number)
            .told("title", self.title.as_str())
            .told("state", self.standing())
            .with("author", self.by())
            .with("labels", all_quoted(&self.labels))
            .told("labels", self.labels.clone())
            .with("assignees", self.assignees.clone())
            .maybe("milestone", self.milestone.as_ref().map(with_due_day))
            .maybe("due", self.due.map(|due| due.to_string()))
            .maybe("closed", self.closed.map(minute))
            .maybe("locked", self.is_locked.then_some(true))
            .maybe("pull request", self.pull.map(|_| pull))
            .with("attachments", attached(&self.assets))
            .maybe("comments", self.pull.is_none().then_some(self.comments))
            .with("url", self.url.as_str())
    }

    fn text(&self) -> Option<&str> {
        self.body.as_deref()
    }

    fn text_max(&self) -> usize {
        TEXT_MAX
    }
}

/// The most characters of each text in a list.
const TEXT_MAX: usize = 400;

/// `1.1, due 2026-12-31`.
pub(in crate::operations) fn with_due_day(milestone: &Due) -> String {
    let due = milestone.due.map(|due| format!(", due {due}"));
    milestone.title.clone() + &due.unwrap_or_default()
}

impl Comment {
    fn by(&self) -> String {
        let original = self.original_author.as_deref();
        let author = original.or(self.author.as_deref()).unwrap_or(NOBODY);
        byline(author, self.created)
    }
}

impl View for Comment {
    fn line(&self) -> String {
        let files = attached(&self.assets);
        if files.is_empty() {
            return self.by() + ":";
        }
        format!("{}, with {}:", self.by(), files.join(", "))
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .with("id", self.id)
            .with("author", self.by())
            .with("attachments", attached(&self.assets))
            .with("url", self.url.as_str())
    }

    fn text(&self) -> Option<&str> {
        Some(&self.body)
    }
}

impl View for KnownLabel {
    fn line(&self) -> String {
        let label = &self.label;
        let marks = [
            (self.of_organisation, "organisation's"),
            (label.exclusive, "exclusive"),
            (label.is_archived, "archived"),
        ];
        let marks = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark);
        let marks = marks.collect::<Vec<_>>().join(", ");
        let mut line = quoted(&label.name).into_owned();
        if !marks.is_empty() {
            let _ = write!(line, " ({marks})");
        }
        match &label.description {
            Some(description) => line + ": " + description,
            None => line,
        }
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .with("name", self.label.name.as_str())
            .maybe("description", self.label.description.as_deref())
            .with("organisation", self.of_organisation)
            .with("exclusive", self.label.exclusive)
            .with("archived", self.label.is_archived)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use serde_json::{Value, json};

    use super::*;

    fn issue(other: &Value) -> Issue {
        let mut issue = json!({
            "number": 62, "title": "Night 62: moon", "state": "open", "user": {"login": "reviewer"},
            "created_at": "2026-11-23T10:33:50+02:00",
        });
        issue
            .as_object_mut()
            .unwrap()
            .extend(other.as_object().unwrap().clone());
        serde_json::from_value(issue).unwrap()
    }

    #[test]
    fn an_issue_is_one_line_with_its_title_last() {
        assert_eq!(
            issue(&json!({})).line(),
            "#62 2026-11-23 reviewer: Night 62: moon"
        );
        let full = json!({
            "state": "closed", "original_author": "pioneer",
            "labels": [{"name": "bug"}, {"name": "good first issue"}],
            "assignees": [{"login": "maintainer"}, {"login": "contributor"}],
        });
        assert_eq!(
            issue(&full).line(),
            "#62 closed 2026-11-23 pioneer [bug, good first issue] @maintainer @contributor: Night 62: moon"
        );
        let bare = json!({"user": null, "created_at": null, "title": ""});
        assert_eq!(issue(&bare).line(), "#62 somebody: ");
    }

    #[test]
    fn labels_that_look_alike_are_told_apart() {
        let line = |labels: &Value| issue(&json!({ "labels": labels })).line();
        for (labels, line_of_them) in [
            (json!([{"name": "a"}, {"name": "b"}]), "[a, b]"),
            (json!([{"name": "a, b"}]), r#"["a, b"]"#),
            (json!([{"name": "a] @root"}]), r#"["a] @root"]"#),
            (json!([{"name": "\"a\""}]), r#"["\"a\""]"#),
        ] {
            let expected = format!("#62 2026-11-23 reviewer {line_of_them}: Night 62: moon");
            assert_eq!(line(&labels), expected);
        }
        let label = |label: &Value| {
            let known = KnownLabel {
                label: serde_json::from_value(label.clone()).unwrap(),
                of_organisation: false,
                has_twins: false,
            };
            known.line()
        };
        assert_eq!(
            label(&json!({"id": 1, "name": "type", "description": "bug"})),
            "type: bug"
        );
        assert_eq!(
            label(&json!({"id": 1, "name": "type: bug"})),
            r#""type: bug""#
        );
        assert_eq!(
            label(&json!({"id": 1, "name": "bug (archived)"})),
            r#""bug (archived)""#
        );
    }

    #[test]
    fn a_label_in_the_head_is_quoted_and_in_json_as_it_is() {
        let issue = issue(&json!({"labels": [{"name": "a, b"}, {"name": "c"}]}));
        let lines: Vec<_> = issue.facts().lines().collect();
        assert!(lines.contains(&("labels", r#""a, b", c"#.to_owned())));
        assert_eq!(issue.facts().into_json()["labels"], json!(["a, b", "c"]));
    }

    #[test]
    fn the_facts_of_an_issue_are_lines_where_there_is_something_to_say() {
        let milestone = json!({"title": "1.1", "due_on": "2026-12-31T00:00:00Z"});
        let issue =
            issue(&json!({"milestone": milestone, "is_locked": true, "html_url": "https://x"}));
        let lines: Vec<String> = (issue.facts().lines())
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        assert_eq!(
            lines,
            [
                "author: reviewer 2026-11-23 08:33",
                "milestone: 1.1, due 2026-12-31",
                "locked: yes",
                "comments: 0",
                "url: https://x"
            ]
        );
    }

    #[test]
    fn a_label_says_whose_it_is() {
        let label = json!({"id": 1, "name": "org/high", "exclusive": true, "description": "First"});
        let label = |of_organisation| KnownLabel {
            label: serde_json::from_value(label.clone()).unwrap(),
            of_organisation,
            has_twins: false,
        };
        assert_eq!(
            label(true).line(),
            "org/high (organisation's, exclusive): First"
        );
        assert_eq!(label(false).line(), "org/high (exclusive): First");
    }
}
