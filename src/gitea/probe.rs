//! Getting to know the forge: its version, and whose token we hold.
use std::{rc::Rc, sync::Arc, time::Duration};

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

pub(super) fn admit(facts: &Facts, allow: bool) -> Result<(), AdminToken> {
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

pub(super) async fn ask(gitea: &Rc<Gitea>) -> Result<Facts, GiteaError> {
    let client = client(gitea);
    let version = told(
        client
            .get_early::<Version>(&Address::of(&[&"version"]), &Query::new())
            .await,
    )?;
    let user = told(
        client
            .get_early::<User>(&Address::of(&[&"user"]), &Query::new())
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

pub(super) fn client(gitea: &Rc<Gitea>) -> GiteaClient {
    gitea.client(Rights::up_to(Access::Read), "start")
}
