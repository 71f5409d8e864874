//! The list of a repository's pull requests.
use futures_util::future::try_join;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    gitea::{
        Address, GiteaError, GiteaReader, Owner, Page, Query, RefName,
        views::{Milestone, PullRequest},
    },
    operations::{
        Answer, Facts, Refusal, Report,
        common::{Paging, Repo},
        filters::{self, KnownLabel, Sort, State},
        gather::{self, gather_lighter},
        operation::Input,
    },
    rights::Target,
};

/// newest first, open unless state is closed or all
#[derive(Deserialize, JsonSchema)]
pub(super) struct List {
    #[serde(flatten)]
    repo: Repo,
    base: Option<RefName>,
    #[serde(default)]
    state: State,
    #[serde(default)]
    labels: Vec<String>,
    milestone: Option<String>,
    author: Option<Owner>,
    #[serde(default)]
    sort: Sort,
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
    let (address, users) = (repo.at(&[&"pulls"]), [input.author.as_ref(), None]);
    let query = input.query(&labels, milestone.as_ref());
    let is_wanted = |pull: &PullRequest| input.is_wanted(pull, &labels);
    let chosen = || input.chosen(&gitea, &address, &query, is_wanted);
    // Once for all pages of a list: else some would show what others have shown.
    let page = if input.is_chosen_here(&labels, gitea.facts().await?.filters_pulls()) {
        chosen().await
    } else {
        let query = input.paging.query(query.clone());
        let page: Result<Page<PullRequest>, _> = gitea.list(&address, &query).await;
        match page {
            // It cannot filter, whatever its version says.
            Ok(page) if !page.items.iter().all(is_wanted) => chosen().await,
            page => page.map(|page| (page, None)),
        }
    };
    let (mut page, beyond) = match page {
        Ok(page) => page,
        Err(error) => return Err(filters::explain(&gitea, repo, users, error).await),
    };
    if page.items.is_empty()
        && let Some(refusal) = filters::unknown_user(&gitea, repo, users).await
    {
        return Err(refusal);
    }
    page.items.iter_mut().for_each(lighten);
    let base = input
        .base
        .as_ref()
        .map(|it| format!("into {}", it.as_str()));
    let author = input
        .author
        .as_ref()
        .map(|it| format!("author {}", it.as_str()));
    let report = Report::new(format!("{} pull requests", repo.name()))
        .applied(input.state.told())
        .maybe_applied(base)
        .maybe_applied(filters::told(&labels))
        .maybe_applied(milestone.map(|it| format!("milestone {}", it.title)))
        .maybe_applied(author)
        .applied(input.sort.told())
        .facts(Facts::new().maybe("not looked at", beyond));
    Ok(report.page(input.paging, page).into())
}

/// Takes the text away: a list shows none.
fn lighten(pull: &mut PullRequest) {
    pull.body = None;
}

impl List {
    fn query(&self, labels: &[KnownLabel], milestone: Option<&Milestone>) -> Query {
        let base = self.base.as_ref().map(RefName::as_str);
        let query = Query::new()
            .with("state", self.state.as_str())
            .maybe("sort", self.sort.as_str())
            .maybe("milestone", milestone.map(|it| it.id))
            .maybe("poster", self.author.as_ref().map(Owner::as_str))
            // Gitea's word for it, then Forgejo's.
            .maybe("base_branch", base)
            .maybe("base", base);
        // Of several it would show those with any, and by the id of one of the same name too few.
        let label = labels.iter().find(|it| !it.has_twins);
        query.maybe("labels", label.map(|it| it.label.id))
    }

    /// Whether it goes into the branch and is by the author that was named, which older forges
    /// ignore, and has all labels.
    fn is_wanted(&self, pull: &PullRequest, labels: &[KnownLabel]) -> bool {
        let base = self.base.as_ref().map(RefName::as_str);
        let has = |label: &KnownLabel| pull.labels.contains(&label.label.name);
        let author = self.author.as_ref().map(Owner::as_str);
        let is_by = |author: &str| {
            let by = pull.author.as_deref();
            by.is_some_and(|by| by.eq_ignore_ascii_case(author))
        };
        base.is_none_or(|base| pull.base.branch == base)
            && author.is_none_or(is_by)
            && labels.iter().all(has)
    }

    /// Whether the forge leaves to us what of this is wanted: several labels, and those of one name,
    /// every forge does.
    fn is_chosen_here(&self, labels: &[KnownLabel], forge_filters: bool) -> bool {
        let asked = self.base.is_some() || self.author.is_some();
        labels.len() > 1 || labels.iter().any(|it| it.has_twins) || (asked && !forge_filters)
    }

    /// The page that is wanted, chosen here, and what was not looked at for it.
    async fn chosen(
        &self,
        gitea: &GiteaReader,
        address: &Address,
        query: &Query,
        is_wanted: impl Fn(&PullRequest) -> bool,
    ) -> Result<(Page<PullRequest>, Option<String>), GiteaError> {
        let all = |limit| gather_lighter(gitea, address, query, limit, lighten);
        let all = match all(gather::PAGE).await {
            // Their texts may be long: fewer at once, as many as were asked for.
            Err(error) if error.is_too_much() && self.paging.limit() < gather::PAGE => {
                all(self.paging.limit()).await?
            }
            all => all?,
        };
        let Page { total, more, .. } = all;
        let beyond = more.then(|| {
            let of = total.map_or(String::new(), |total| format!(" of {total}"));
            format!(
                "those after the first {}{of}: the forge does not filter by base, author and several labels; \
                 narrow them by state or milestone",
                all.length(),
            )
        });
        let (mut pulls, unread) = (all.items, all.unread);
        pulls.retain(is_wanted);
        let page = self.paging.of(pulls, unread);
        // Nobody knows how many of the others are wanted.
        let total = page.total.filter(|_| !more);
        Ok((Page { total, ..page }, beyond))
    }
}
