//! The list of a repository's issues, and the filters and orders that Gitea does not have.
use std::cmp::Reverse;

use futures_util::future::try_join;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    gitea::{
        GiteaReader, Owner, Page, Query,
        views::{Issue, Milestone},
    },
    operations::{
        Answer, Refusal, Report,
        common::{Paging, Repo, shorten},
        filters::{self, KnownLabel, Sort, State},
        gather::{self, gather_lighter},
        operation::Input,
        times::Moment,
    },
    rights::Target,
    sort,
};

/// newest first, open unless state is closed or all; since: 2026-11-16 or 7d
#[derive(Deserialize, JsonSchema)]
pub(super) struct List {
    #[serde(flatten)]
    repo: Repo,
    query: Option<String>,
    #[serde(default)]
    state: State,
    #[serde(default)]
    labels: Vec<String>,
    milestone: Option<String>,
    author: Option<Owner>,
    assignee: Option<Owner>,
    since: Option<Moment>,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    texts: bool,
    #[serde(flatten)]
    paging: Paging,
}

impl Input for List {
    fn target(&self) -> Target {
        self.repo.target()
    }
}

pub(super) async fn list(gitea: GiteaReader, mut input: List) -> Result<Answer, Refusal> {
    input.paging = input.paging.within(&gitea).await?;
    let List { repo, .. } = &input;
    let (labels, milestone) = try_join(
        filters::labels(&gitea, repo, &input.labels),
        filters::milestone(&gitea, repo, input.milestone.as_deref()),
    )
    .await?;
    let sorted_here = input.sort != Sort::Newest && !gitea.facts().await?.sorts_issues();
    let query = input.query(&labels, milestone.as_ref());
    let page = if sorted_here || labels.iter().any(is_for_us) {
        input.sorted(&gitea, &query, &labels).await
    } else {
        // Where it is sorted here, it must come as we know it: newest first.
        let query = input.paging.query(query.maybe("sort", input.sort.as_str()));
        let page = gitea.list(&repo.at(&[&"issues"]), &query).await;
        page.map_err(Refusal::from)
    };
    let mut page: Page<Issue> = match page {
        Err(Refusal::Gitea(error)) => {
            let users = [input.author.as_ref(), input.assignee.as_ref()];
            return Err(filters::explain(&gitea, repo, users, error).await);
        }
        page => page?,
    };
    page.items.iter_mut().for_each(|it| input.lighten(it));
    let named = |what: &str, name: Option<&Owner>| name.map(|it| format!("{what} {}", it.as_str()));
    let report = Report::new(format!("{} issues", repo.name()))
        .applied(input.state.told())
        .maybe_applied(filters::told(&labels))
        .maybe_applied(milestone.map(|it| format!("milestone {}", it.title)))
        .maybe_applied(named("author", input.author.as_ref()))
        .maybe_applied(named("assignee", input.assignee.as_ref()))
        .maybe_applied(
            input
                .query
                .map(|it| format!("query {:?}", shorten(&it, 60))),
        )
        .maybe_applied(input.since.map(|it| format!("updated since {}", it.told())))
        .applied(input.sort.told())
        .maybe_applied(sorted_here.then(|| "sorted here".to_owned()));
    Ok(report.page(input.paging, page).into())
}

/// Whether a filter by this label is ours: Gitea looks among the repository's own only, takes a
/// comma for the end of a name, shows everything for what it does not know, and of labels of one
/// name wants all.
fn is_for_us(it: &KnownLabel) -> bool {
    it.of_organisation || it.has_twins || it.label.name.contains(',')
}

/// What the forge itself filters by.
const NARROWER: &str = "state, labels, milestone, author, assignee, query or since";

impl List {
    fn query(&self, labels: &[KnownLabel], milestone: Option<&Milestone>) -> Query {
        let labels = labels.iter().filter(|it| !is_for_us(it));
        let labels: Vec<&str> = labels.map(|it| it.label.name.as_str()).collect();
        let milestone = milestone.map(|it| {
            // A comma would end the name, and an id does as well.
            if it.title.contains(',') {
                it.id.to_string()
            } else {
                it.title.clone()
            }
        });
        let milestone = milestone.as_deref().unwrap_or(filters::ANY_MILESTONE);
        Query::new()
            .with("type", "issues")
            .with("state", self.state.as_str())
            .maybe("q", self.query.as_ref())
            .maybe("labels", (!labels.is_empty()).then(|| labels.join(",")))
            .with("milestones", milestone)
            .maybe("created_by", self.author.as_ref().map(Owner::as_str))
            .maybe("assigned_by", self.assignee.as_ref().map(Owner::as_str))
            .maybe("since", self.since.map(Moment::rfc3339))
    }

    /// Takes the text away where none is to be shown.
    fn lighten(&self, issue: &mut Issue) {
        if !self.texts {
            issue.body = None;
        }
    }

    /// The page that is wanted, of a list that is read whole: what Gitea cannot do with it.
    async fn sorted(
        &self,
        gitea: &GiteaReader,
        query: &Query,
        labels: &[KnownLabel],
    ) -> Result<Page<Issue>, Refusal> {
        let address = self.repo.at(&[&"issues"]);
        let all = match gather_lighter(gitea, &address, query, gather::PAGE, |it| self.lighten(it))
            .await
        {
            // In pages that are ours, whatever limit is asked for.
            Err(error) if error.is_too_much() => {
                let sentence = format!("{error}: leave out sort, or narrow them by {NARROWER}");
                return Err(Refusal::Question(sentence));
            }
            all => all?,
        };
        if all.more {
            let total = all.total.map_or("more".to_owned(), |it| it.to_string());
            return Err(Refusal::Question(format!(
                "the forge cannot sort issues, nor filter by an organisation's label or several of one \
                 name; that is done here for at most {}, and these are {total}: narrow them by {NARROWER}",
                gather::MOST
            )));
        }
        let (mut issues, unread) = (all.items, all.unread);
        let carries = |issue: &Issue, it: &KnownLabel| issue.labels.contains(&it.label.name);
        issues.retain(|issue| labels.iter().all(|it| carries(issue, it)));
        match self.sort {
            Sort::Newest => {}
            Sort::Oldest => issues.reverse(),
            Sort::RecentUpdate => sort::by_key(&mut issues, |it| Reverse(it.updated)),
            Sort::LeastUpdate => sort::by_key(&mut issues, |it| it.updated),
            Sort::MostComment => sort::by_key(&mut issues, |it| Reverse(it.comments)),
            Sort::LeastComment => sort::by_key(&mut issues, |it| it.comments),
        }
        Ok(self.paging.of(issues, unread))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use serde_json::{Value, json};

    use super::*;

    fn query(filters: &Value, labels: &[KnownLabel], milestone: Option<&Milestone>) -> String {
        let mut input = json!({"owner": "observatory", "repo": "telescope"});
        let filters = filters.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(filters);
        let input: List = serde_json::from_value(input).unwrap();
        input.query(labels, milestone).as_str().to_owned()
    }

    fn label(name: &str, of_organisation: bool) -> KnownLabel {
        let label = serde_json::from_value(json!({"id": 1, "name": name})).unwrap();
        KnownLabel {
            label,
            of_organisation,
            has_twins: false,
        }
    }

    #[test]
    fn filters_become_gitea_s() {
        assert_eq!(
            query(&json!({}), &[], None),
            "?type=issues&state=open&milestones=any%20or%20none"
        );
        let filters = json!({
            "state": "all", "query": "the moon", "author": "maintainer", "assignee": "reviewer",
            "since": "2026-11-16",
        });
        assert_eq!(
            query(
                &filters,
                &[label("bug", false), label("question", false)],
                None
            ),
            "?type=issues&state=all&q=the%20moon&labels=bug%2Cquestion&milestones=any%20or%20none&created_by=maintainer\
             &assigned_by=reviewer&since=2026-11-16T00%3A00%3A00Z"
        );
    }

    #[test]
    fn what_gitea_would_misread_is_not_asked_of_it() {
        let labels = [label("a,b", false), label("org/high", true)];
        let asked = query(&json!({}), &labels, None);
        assert!(!asked.contains("labels="), "{asked}");
        let milestone = serde_json::from_value(json!({"id": 7, "title": "1, 2"})).unwrap();
        assert!(query(&json!({}), &[], Some(&milestone)).ends_with("&milestones=7"));
    }
}
