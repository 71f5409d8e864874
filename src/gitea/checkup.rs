//! What `serve --check` asks the forge.
use std::rc::Rc;

use serde::Deserialize;

use super::{
    Address, AdminToken, Facts, Gitea, GiteaClient, GiteaError, Query,
    probe::{Unknown, admit, ask},
};

/// What `serve --check` tells of the forge.
#[derive(Debug)]
pub struct Checkup {
    pub facts: Result<Facts, Unknown>,
    /// Whether the server would refuse to run with this token.
    pub refused: Option<AdminToken>,
    /// Each scope that reading needs. Empty where the forge did not answer.
    pub scopes: Vec<(Scope, ScopeState)>,
}

/// A scope of an access token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    ReadUser,
    ReadRepository,
    ReadIssue,
    ReadOrganization,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ScopeState {
    Granted,
    Missing,
    Unclear(GiteaError),
}

impl Scope {
    const ALL: [Self; 4] = [
        Self::ReadUser,
        Self::ReadRepository,
        Self::ReadIssue,
        Self::ReadOrganization,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadUser => "read:user",
            Self::ReadRepository => "read:repository",
            Self::ReadIssue => "read:issue",
            Self::ReadOrganization => "read:organization",
        }
    }

    /// A cheap question that needs this scope and no other.
    fn question(self) -> &'static str {
        match self {
            Self::ReadUser => "user",
            Self::ReadRepository => "repos/search",
            Self::ReadIssue => "repos/issues/search",
            Self::ReadOrganization => "orgs",
        }
    }
}

/// Asks once, for a person who waits. Gitea does not list a token's scopes, so each is tried.
pub async fn check(gitea: &Rc<Gitea>) -> Checkup {
    let facts = ask(gitea).await;
    let allow = gitea.forge().allow_admin_token;
    let refused = facts
        .as_ref()
        .ok()
        .and_then(|facts| admit(facts, allow).err());
    let mut scopes = Vec::new();
    if facts.is_ok() {
        for scope in Scope::ALL {
            scopes.push((scope, try_scope(&gitea.early(), scope).await));
        }
    }
    Checkup {
        facts,
        refused,
        scopes,
    }
}

async fn try_scope(client: &GiteaClient, scope: Scope) -> ScopeState {
    /// Whatever comes, it came.
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Anything(serde::de::IgnoredAny);

    let address = Address::of(&[&scope.question()]);
    let query = Query::new().with("limit", 1);
    match client.get_early::<Anything>(&address, &query).await {
        Ok(_) => ScopeState::Granted,
        Err(GiteaError::MissingScope(_)) => ScopeState::Missing,
        Err(error) => ScopeState::Unclear(error),
    }
}
