//! What Gitea takes as filters of issues and pull requests, and what it ignores without a word.
use std::cmp::Reverse;

use super::answer::{Asked, Reply, not_found_because};
use super::entry::Entry;
use super::forge::{ACCOUNT, Forge, Issue, Repository};
use crate::sort;

impl Forge {
    /// The issues and pull requests that a list of them shows, newest first. As in Gitea, an unknown state is `open`,
    /// unknown labels (the organization's among them) and milestones are as if not said, and only an unknown user is
    /// refused.
    pub(super) fn filtered<'a>(
        &self,
        repository: &'a Repository,
        asked: &Asked,
    ) -> Result<Vec<&'a Issue>, Reply> {
        for name in ["created_by", "assigned_by", "mentioned_by"] {
            if let Some(login) = asked.get(name).filter(|login| self.person(login).is_none()) {
                let cause = format!("user does not exist [uid: 0, name: {login}]");
                return Err(not_found_because("not found", &cause));
            }
        }
        let names = |name| {
            asked
                .get(name)
                .into_iter()
                .flat_map(|names| names.split(','))
                .collect::<Vec<_>>()
        };
        let known = |entries: &[Entry], names: &[&str]| {
            let places = entries.iter().enumerate();
            let known = places.filter(|(place, entry)| {
                names
                    .iter()
                    .any(|name| *name == entry.name || *name == (place + 1).to_string())
            });
            known.map(|(_, entry)| entry.name).collect::<Vec<_>>()
        };
        let labels = known(&repository.labels, &names("labels"));
        let milestones = known(&repository.milestones, &names("milestones"));
        let (since, before) = (asked.time("since")?, asked.time("before")?);
        let word = asked.get("q").map(str::to_lowercase);
        let any =
            |name, logins: &[&str]| asked.get(name).is_none_or(|login| logins.contains(&login));
        let fits = |issue: &&Issue| {
            let facts = &issue.facts;
            in_state(asked, issue)
                && asked
                    .get("type")
                    .is_none_or(|kind| (kind == "pulls") == issue.is_pull())
                && labels
                    .iter()
                    .all(|label| facts.list("labels").contains(label))
                && (milestones.is_empty()
                    || facts
                        .field("milestone")
                        .is_some_and(|title| milestones.contains(&title)))
                && any("created_by", &[facts.fact("by")])
                && any("assigned_by", &facts.list("assignees"))
                && asked
                    .get("mentioned_by")
                    .is_none_or(|login| issue.everything().contains(&format!("@{login}")))
                && since
                    .as_deref()
                    .is_none_or(|since| issue.updated() >= since)
                && before
                    .as_deref()
                    .is_none_or(|before| issue.updated() <= before)
                && word
                    .as_ref()
                    .is_none_or(|word| issue.everything().to_lowercase().contains(word))
        };
        Ok(repository.issues.iter().rev().filter(fits).collect())
    }

    /// The same over all repositories.
    pub(super) fn found(&self, asked: &Asked) -> Result<Vec<(&Repository, &Issue)>, Reply> {
        let mut found = Vec::new();
        for repository in &self.repositories {
            if asked
                .get("owner")
                .is_none_or(|owner| owner == repository.owner)
            {
                found.extend(
                    self.filtered(repository, asked)?
                        .into_iter()
                        .map(|issue| (repository, issue)),
                );
            }
        }
        let is_own = |issue: &Issue| issue.facts.fact("by") == ACCOUNT;
        found.retain(|(_, issue)| asked.get("created") != Some("true") || is_own(issue));
        sort::by_key(&mut found, |(_, issue)| Reverse(issue.facts.fact("at")));
        Ok(found)
    }
}

/// The pull requests that a list of them shows, in the order asked for.
pub(super) fn pulls<'a>(repository: &'a Repository, asked: &Asked) -> Vec<&'a Issue> {
    let by = |pull: &Issue| {
        asked
            .get("poster")
            .is_none_or(|login| login == pull.facts.fact("by"))
    };
    // All go into the default branch.
    let into = asked.get("base_branch").is_none_or(|base| {
        repository
            .history
            .branches
            .first()
            .is_some_and(|(branch, _)| *branch == base)
    });
    let name_of = |entries: &[Entry], name| {
        let id = asked.get(name)?;
        let place = entries
            .iter()
            .zip(1..)
            .find(|(_, place)| id == i32::to_string(place));
        Some(place.map(|(entry, _)| entry.name))
    };
    let label = name_of(&repository.labels, "labels");
    let milestone = name_of(&repository.milestones, "milestone");
    let of = |pull: &Issue| {
        let labels = pull.facts.list("labels");
        label.is_none_or(|label| label.is_some_and(|label| labels.contains(&label)))
            && milestone.is_none_or(|milestone| pull.facts.field("milestone") == milestone)
    };
    let newest = repository.issues.iter().rev();
    let mut pulls: Vec<_> = newest
        .filter(|pull| into && pull.is_pull() && in_state(asked, pull) && by(pull) && of(pull))
        .collect();
    match asked.get("sort") {
        Some("oldest") => pulls.reverse(),
        Some("recentupdate") => sort::by_key(&mut pulls, |pull| Reverse(pull.updated())),
        Some("leastupdate") => sort::by_key(&mut pulls, |pull| pull.updated()),
        Some("mostcomment") => sort::by_key(&mut pulls, |pull| Reverse(pull.comments.len())),
        Some("leastcomment") => sort::by_key(&mut pulls, |pull| pull.comments.len()),
        _ => {}
    }
    pulls
}

fn in_state(asked: &Asked, issue: &Issue) -> bool {
    match asked.get("state") {
        Some("all") => true,
        Some("closed") => issue.state() == "closed",
        _ => issue.state() == "open",
    }
}

impl Issue {
    /// All that was written here.
    fn everything(&self) -> String {
        let comments = self.comments.iter().map(Entry::text);
        let own = [self.facts.fact("title").to_owned(), self.facts.text()];
        own.into_iter()
            .chain(comments)
            .collect::<Vec<_>>()
            .join("\n")
    }
}
