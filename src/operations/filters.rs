//! Filters are checked before Gitea is asked: it would show everything for an unknown label, and
//! open issues for an unknown state.
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Refusal,
    common::{Repo, quoted, shorten},
    gather::{self, gather},
};
use crate::gitea::{
    Address, GiteaError, GiteaReader, Owner, Query,
    views::{Milestone, User},
};

mod labels;

pub(super) use labels::{KnownLabel, known_labels, labels, told};

/// Issues or pull requests by whether they are done.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
#[schemars(description = "")]
pub(super) enum State {
    #[default]
    Open,
    Closed,
    All,
}

impl State {
    /// As Gitea takes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::All => "all",
        }
    }

    /// As the head of an answer says it.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::All => "open and closed",
            one => one.as_str(),
        }
    }
}

/// The order of issues or pull requests, in Gitea's words.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
#[schemars(description = "")]
pub(super) enum Sort {
    #[default]
    Newest,
    Oldest,
    RecentUpdate,
    LeastUpdate,
    MostComment,
    LeastComment,
}

impl Sort {
    /// As Gitea takes it; nothing for its own order.
    pub(super) fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Newest => None,
            Self::Oldest => Some("oldest"),
            Self::RecentUpdate => Some("recentupdate"),
            Self::LeastUpdate => Some("leastupdate"),
            Self::MostComment => Some("mostcomment"),
            Self::LeastComment => Some("leastcomment"),
        }
    }

    /// As the head of an answer says it.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Newest => "newest first",
            Self::Oldest => "oldest first",
            Self::RecentUpdate => "recently updated first",
            Self::LeastUpdate => "least recently updated first",
            Self::MostComment => "most comments first",
            Self::LeastComment => "fewest comments first",
        }
    }
}

/// No milestone's name, for where none is asked for: without a name, Gitea looks for the milestone
/// whose name is empty, and where there is one shows only its issues. It drops a name that is none.
pub(super) const ANY_MILESTONE: &str = "any or none";

/// The milestone that was asked for, as the forge spells it.
pub(super) async fn milestone(
    gitea: &GiteaReader,
    repo: &Repo,
    asked: Option<&str>,
) -> Result<Option<Milestone>, Refusal> {
    let Some(name) = asked else {
        return Ok(None);
    };
    let query = Query::new().with("state", State::All.as_str());
    let known = gather::<Milestone>(gitea, &repo.at(&[&"milestones"]), &query).await?;
    let found = named(&known.items, name, |it| &it.title).cloned();
    let found = found.ok_or_else(|| {
        let names = known.items.iter().map(|it| it.title.as_str());
        let unread = known.more.then(only_the_first);
        unknown("milestone", name, repo, names, unread.as_deref())
    })?;
    Ok(Some(found))
}

/// Why Gitea refused a list: perhaps there is no such user as a filter names.
pub(super) async fn explain(
    gitea: &GiteaReader,
    repo: &Repo,
    users: [Option<&Owner>; 2],
    error: GiteaError,
) -> Refusal {
    let strange = match error {
        GiteaError::NotFound | GiteaError::Refused(_) => unknown_user(gitea, repo, users).await,
        _ => None,
    };
    strange.unwrap_or_else(|| error.into())
}

/// The refusal of the first of these users that the forge does not know.
pub(super) async fn unknown_user(
    gitea: &GiteaReader,
    repo: &Repo,
    users: [Option<&Owner>; 2],
) -> Option<Refusal> {
    for user in users.into_iter().flatten() {
        let address = Address::of(&[&"users", user]);
        let there = gitea.get::<User>(&address, &Query::new()).await;
        if matches!(there, Err(GiteaError::NotFound)) {
            let assignees = repo.at(&[&"assignees"]);
            let known = gitea.list::<User>(&assignees, &Query::new()).await;
            let user = user.as_str();
            return Some(match known {
                Ok(known) => {
                    let names = known.items.iter().map(|it| it.login.as_str());
                    unknown("user", user, repo, names, None)
                }
                Err(_) => Refusal::Question(format!("the forge knows no user {user:?}")),
            });
        }
    }
    None
}

/// The one of this name: in this spelling, else in any case.
fn named<'k, T>(known: &'k [T], name: &str, of: impl Fn(&T) -> &String) -> Option<&'k T> {
    let folded = name.to_lowercase();
    let same = known.iter().find(|it| of(it) == name);
    same.or_else(|| known.iter().find(|it| of(it).to_lowercase() == folded))
}

/// `only the first 500 were read`.
pub(super) fn only_the_first() -> String {
    format!("only the first {} were read", gather::MOST)
}

/// `no label "bugs" in observatory/telescope; there are: bug, duplicate`. Where not all were read,
/// it may exist, and the refusal says what was not.
fn unknown<'k>(
    kind: &str,
    name: &str,
    repo: &Repo,
    known: impl Iterator<Item = &'k str>,
    unread: Option<&str>,
) -> Refusal {
    let known = known.filter(|name| !name.is_empty()).map(quoted);
    let known: Vec<_> = known.collect();
    let there_are = match known.as_slice() {
        [] => "there are none".to_owned(),
        few if few.len() <= MOST_NAMED => format!("there are: {}", few.join(", ")),
        many => {
            let (some, rest) = many.split_at(MOST_NAMED);
            format!("there are: {} and {} more", some.join(", "), rest.len())
        }
    };
    let (name, repo) = (shorten(name, 60), repo.name());
    let there_is_none = match unread {
        None => format!("no {kind} {name:?} in {repo}"),
        Some(unread) => format!("no {kind} {name:?} among those read in {repo}, and {unread}"),
    };
    Refusal::Question(format!("{there_is_none}; {there_are}"))
}

/// The most names that a refusal offers.
const MOST_NAMED: usize = 30;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    fn repo() -> Repo {
        serde_json::from_str(r#"{"owner":"observatory","repo":"telescope"}"#).unwrap()
    }

    fn refusal(name: &str, known: &[&str]) -> String {
        unknown("label", name, &repo(), known.iter().copied(), None).to_string()
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_that_there_are() {
        assert_eq!(
            refusal("bugs", &["bug", "good first issue"]),
            r#"no label "bugs" in observatory/telescope; there are: bug, good first issue"#
        );
        assert_eq!(
            refusal("bugs", &["", "bug"]),
            r#"no label "bugs" in observatory/telescope; there are: bug"#
        );
        assert_eq!(
            refusal("bugs", &[]),
            r#"no label "bugs" in observatory/telescope; there are none"#
        );
        assert_eq!(
            refusal("bugs", &["a, b", "c"]),
            r#"no label "bugs" in observatory/telescope; there are: "a, b", c"#
        );
        let many = ["x"; 33];
        assert!(refusal("y", &many).ends_with("x, x and 3 more"));
        assert!(refusal(&"y".repeat(100_000), &[]).len() < 150);
    }

    #[test]
    fn a_name_is_found_in_any_case_and_the_same_spelling_comes_first() {
        let known = ["Bug".to_owned(), "bug".to_owned()];
        let find = |name| named(&known, name, |it| it).map(String::as_str);
        assert_eq!(find("bug"), Some("bug"));
        assert_eq!(find("BUG"), Some("Bug"));
        assert_eq!(find("bugs"), None);
    }
}
