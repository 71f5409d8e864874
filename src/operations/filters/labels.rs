//! The labels of a repository and of its organisation.
use futures_util::future::join;

use super::{named, only_the_first, unknown};
use crate::{
    gitea::{Address, GiteaError, GiteaReader, Query, views::Label},
    operations::{
        Refusal,
        common::{Repo, quoted},
        gather::gather,
    },
};

/// A label that issues of a repository may carry.
#[derive(Clone, Debug)]
pub(in crate::operations) struct KnownLabel {
    pub(in crate::operations) label: Label,
    /// Whether it is the organisation's and not the repository's own.
    pub(in crate::operations) of_organisation: bool,
    /// Whether others have this name too. Known of those that were asked for.
    pub(in crate::operations) has_twins: bool,
}

/// The labels of a repository, then its organisation's.
pub(in crate::operations) struct KnownLabels {
    pub(in crate::operations) labels: Vec<KnownLabel>,
    /// Whether there are more than were read.
    pub(in crate::operations) more: bool,
    /// How many of them the forge left empty.
    pub(in crate::operations) empty: u64,
    /// Why the organisation's could not be read, where there may be some.
    pub(in crate::operations) missing: Option<GiteaError>,
}

impl KnownLabels {
    /// What was not read of all the labels that there may be.
    fn unread(&self) -> Option<String> {
        let missing = self.missing.as_ref();
        let missing = missing.map(|error| format!("the organisation's were not read: {error}"));
        missing.or_else(|| self.more.then(only_the_first))
    }
}

/// Reads the labels that issues of a repository may carry.
pub(in crate::operations) async fn known_labels(
    gitea: &GiteaReader,
    repo: &Repo,
) -> Result<KnownLabels, GiteaError> {
    let (own, shared) = (
        repo.at(&[&"labels"]),
        Address::of(&[&"orgs", &repo.owner, &"labels"]),
    );
    let query = Query::new();
    let (own, shared) = join(gather(gitea, &own, &query), gather(gitea, &shared, &query)).await;
    let (own, none) = (own?, (Vec::new(), 0, false));
    let ((shared, empty, more), missing) = match shared {
        Ok(shared) => ((shared.items, shared.unread, shared.more), None),
        // A person's repository.
        Err(GiteaError::NotFound) => (none, None),
        Err(error) => (none, Some(error)),
    };
    let known = |label, of_organisation| KnownLabel {
        label,
        of_organisation,
        has_twins: false,
    };
    let (more, empty) = (more || own.more, empty + own.unread);
    let own = own.items.into_iter().map(|label| known(label, false));
    let shared = shared.into_iter().map(|label| known(label, true));
    Ok(KnownLabels {
        labels: own.chain(shared).collect(),
        more,
        empty,
        missing,
    })
}

/// The labels that were asked for, as the forge spells them; in quotes too, as answers show some.
/// `bug,question` are two, where no label is called so.
pub(in crate::operations) async fn labels(
    gitea: &GiteaReader,
    repo: &Repo,
    asked: &[String],
) -> Result<Vec<KnownLabel>, Refusal> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let known = known_labels(gitea, repo).await?;
    let (unread, known) = (known.unread(), known.labels);
    let find = |name: &str| {
        let mut found = named(&known, name, |it| &it.label.name)?.clone();
        let is_twin = |it: &&KnownLabel| it.label.name == found.label.name;
        found.has_twins = known.iter().filter(is_twin).count() > 1;
        Some(found)
    };
    let mut found: Vec<KnownLabel> = Vec::new();
    let mut add = |label: KnownLabel| {
        if found.iter().all(|it| it.label.name != label.label.name) {
            found.push(label);
        }
    };
    for name in asked {
        let unquoted = || serde_json::from_str::<String>(name).ok();
        match find(name).or_else(|| find(&unquoted()?)) {
            Some(label) => add(label),
            None => {
                for name in name.split(',').map(str::trim).filter(|it| !it.is_empty()) {
                    let names = known.iter().map(|it| it.label.name.as_str());
                    let unread = unread.as_deref();
                    add(find(name).ok_or_else(|| unknown("label", name, repo, names, unread))?);
                }
            }
        }
    }
    Ok(found)
}

/// `label bug, label question (every label of this name)`.
pub(in crate::operations) fn told(labels: &[KnownLabel]) -> Option<String> {
    let names = labels.iter().map(|it| {
        let twins = if it.has_twins {
            " (every label of this name)"
        } else {
            ""
        };
        format!("label {}{twins}", quoted(&it.label.name))
    });
    let names = names.collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then_some(names)
}
