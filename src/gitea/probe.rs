//! Getting to know the forge: its version, and whose token we hold.
use std::{rc::Rc, sync::Arc, time::Duration};

use serde::Deserialize;
use tokio::time::timeout;

use super::{
    Address, Facts, Gitea, GiteaClient, GiteaError, Query,
    forge::Standing,
    views::{User, Version},
};
use crate::rights::{Access, Rights};

/// The token is an administrator's, and that is not allowed: the server must end.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`GITEA_TOKEN` belongs to the administrator `{account}`; use a token of an ordinary account, \
     or set `GITEA_ALLOW_ADMIN_TOKEN=true`"
)]
pub struct AdminToken {
    pub account: String,
}

/// The first and the longest wait between two tries. A call that waits cuts it short.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Asks the forge who it is and who we are, again and again until it answers, and tells all
/// workers. Without this running, every call fails after its wait.
pub async fn probe(gitea: &Rc<Gitea>) -> Result<(), AdminToken> {
    let forge = gitea.forge();
    let mut wait = WAIT.0;
    loop {
        let facts = match ask(gitea).await {
            Ok(facts) => facts,
            Err(error) => {
                log::warn!(
                    "the forge at {} has not answered: {error}; asking again",
                    forge.root
                );
                forge.standing.send_replace(Standing::Failed(error));
                let _ = timeout(wait, forge.hurry.notified()).await;
                wait = WAIT.1.min(wait * 2);
                continue;
            }
        };
        admit(&facts, forge.allow_admin_token)?;
        match &facts.account {
            Some(account) => log::info!("{} answers; the token is `{account}`'s", facts.name()),
            None => log::warn!(
                "{} answers; whose token it is could not be checked, nor that it is no \
                 administrator's: the token lacks the scope read:user",
                facts.name()
            ),
        }
        forge
            .standing
            .send_replace(Standing::Known(Arc::new(facts)));
        return Ok(());
    }
}

fn admit(facts: &Facts, allow: bool) -> Result<(), AdminToken> {
    if facts.is_admin != Some(true) {
        return Ok(());
    }
    let account = facts.account.clone().unwrap_or_default();
    if allow {
        log::warn!("the token is the administrator `{account}`'s: every key can see everything");
        return Ok(());
    }
    Err(AdminToken { account })
}

async fn ask(gitea: &Rc<Gitea>) -> Result<Facts, GiteaError> {
    let client = client(gitea);
    let version = told(
        client
            .get_unknown::<Version>(&Address::of(&[&"version"]), &Query::new())
            .await,
    )?;
    let user = told(
        client
            .get_unknown::<User>(&Address::of(&[&"user"]), &Query::new())
            .await,
    )?;
    let root = || gitea.forge().root.clone();
    Ok(Facts {
        version: version.map(|version| version.version),
        is_admin: user.as_ref().map(|user| user.is_admin),
        web_root: user.as_ref().and_then(web_root).unwrap_or_else(root),
        account: user.map(|user| user.login),
    })
}

/// A refusal for want of a scope is an answer: there is nothing to wait for.
fn told<T>(answer: Result<T, GiteaError>) -> Result<Option<T>, GiteaError> {
    match answer {
        Ok(told) => Ok(Some(told)),
        Err(GiteaError::MissingScope(_) | GiteaError::PublicOnly | GiteaError::Forbidden(_)) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The forge's own idea of its address: `GITEA_URL` may be one that people cannot open.
fn web_root(user: &User) -> Option<String> {
    let root = user.url.strip_suffix(&user.login)?.strip_suffix('/')?;
    let web = root.starts_with("https://") || root.starts_with("http://");
    web.then(|| root.to_owned())
}

fn client(gitea: &Rc<Gitea>) -> GiteaClient {
    gitea.client(Rights::up_to(Access::Read), "start")
}

/// What `serve --check` tells of the forge.
#[derive(Debug)]
pub struct Checkup {
    pub facts: Result<Facts, GiteaError>,
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
            scopes.push((scope, try_scope(&client(gitea), scope).await));
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
    match client.get_unknown::<Anything>(&address, &query).await {
        Ok(_) => ScopeState::Granted,
        Err(GiteaError::MissingScope(_)) => ScopeState::Missing,
        Err(error) => ScopeState::Unclear(error),
    }
}
