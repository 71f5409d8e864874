//! Getting to know the forge: its version, and whose token we hold.
use std::{fmt, rc::Rc, sync::Arc, time::Duration};

use log::Level;
use tokio::time::{sleep, timeout};

use super::{
    Address, Facts, Forge, Gitea, GiteaError, Query,
    call::harmless,
    forge::Standing,
    refusal::PLAIN_HTTP_TO_HTTPS,
    views::{ApiSettings, User, Version},
};
use crate::outbound::UNKNOWN_NAME;

/// The token is an administrator's, and that is not allowed: the server must end.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "`GITEA_TOKEN` belongs to the administrator `{account}`; use a token of an ordinary account, \
     or set `GITEA_ALLOW_ADMIN_TOKEN=true`"
)]
pub struct AdminToken {
    pub account: String,
}

/// Why the forge is not known: the sentence for assistants, and for the operator what is behind it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unknown {
    pub error: GiteaError,
    cause: String,
}

/// Causes of which an operator may not think of the setting that mends them.
const HINTS: [(&str, &str); 5] = [
    (
        "UnknownIssuer",
        "name the certificate of its authority in `GITEA_CA_FILE`, or set `GITEA_TLS_ROOTS=system`; \
         or the forge does not send its intermediate certificate: give it the whole chain",
    ),
    (
        "CaUsedAsEndEntity",
        "its certificate is an authority's: give it one that is not (`basicConstraints=CA:FALSE`)",
    ),
    (
        "InvalidContentType",
        "it may speak plain http there: check `GITEA_URL`",
    ),
    (
        PLAIN_HTTP_TO_HTTPS,
        "https is wanted there: check `GITEA_URL`, and how a proxy before the forge asks it",
    ),
    (UNKNOWN_NAME, "check `GITEA_URL`"),
];

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, cause } = self;
        match error {
            GiteaError::Unreachable => f.write_str(cause)?,
            GiteaError::NoForge | GiteaError::Moved if !cause.is_empty() => {
                write!(f, "{error} ({cause})")?;
            }
            error => error.fmt(f)?,
        }
        match HINTS.iter().find(|(mark, _)| cause.contains(mark)) {
            Some((_, hint)) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// The first and the longest wait between two tries. A call that waits cuts it short.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The shortest and the longest time in which the forge, once it is known, is not asked again. It is
/// asked where it is back after it did not answer, and until it answers where it was asked in vain.
pub const REST: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));

/// Gets to know the forge, and asks it again while the server runs: it may have another address or
/// version since, and the token's account other rights. What it does not tell any more stays known.
/// Ends only where the token is refused.
pub async fn keep_known(gitea: &Rc<Gitea>, rest: (Duration, Duration)) -> AdminToken {
    if let Err(token) = probe(gitea).await {
        return token;
    }
    let mut has_answered = true;
    loop {
        sleep(rest.0).await;
        if has_answered {
            let more = rest.1.saturating_sub(rest.0);
            let _ = timeout(more, gitea.forge().back.notified()).await;
        }
        // In vain again is no news.
        let level = if has_answered {
            Level::Warn
        } else {
            Level::Debug
        };
        match ask_again(gitea, level).await {
            Ok(answered) => has_answered = answered,
            Err(token) => return token,
        }
    }
}

/// Says whether it has answered.
async fn ask_again(gitea: &Rc<Gitea>, level: Level) -> Result<bool, AdminToken> {
    let forge = gitea.forge();
    let facts = match ask(gitea).await {
        Ok(facts) => facts,
        Err(unknown) => {
            log::log!(
                level,
                "the forge at {} was asked again who it is, in vain: {unknown}; what is known of it stays",
                forge.root
            );
            return Ok(false);
        }
    };
    let Standing::Known(before) = forge.standing.borrow().clone() else {
        return learn(forge, facts).map(|()| true);
    };
    let facts = facts.or(&before);
    if facts != *before {
        learn(forge, facts)?;
    }
    Ok(true)
}

/// Asks the forge who it is and who we are, again and again until it answers, and tells all
/// workers. Without this running, every call fails after its wait.
pub async fn probe(gitea: &Rc<Gitea>) -> Result<(), AdminToken> {
    let forge = gitea.forge();
    let mut wait = WAIT.0;
    loop {
        let facts = match ask(gitea).await {
            Ok(facts) => facts,
            Err(unknown) => {
                log::warn!(
                    "the forge at {} is not known yet: {unknown}; asking again",
                    forge.root
                );
                forge.standing.send_replace(Standing::Failed(unknown.error));
                let _ = timeout(wait, forge.hurry.notified()).await;
                wait = WAIT.1.min(wait * 2);
                continue;
            }
        };
        return learn(forge, facts);
    }
}

/// Tells all workers, where the token is admitted.
fn learn(forge: &Forge, facts: Facts) -> Result<(), AdminToken> {
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
    Ok(())
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

pub(super) async fn ask(gitea: &Rc<Gitea>) -> Result<Facts, Unknown> {
    let client = gitea.early();
    let unknown = |error| Unknown {
        error,
        cause: client.cause(),
    };
    let version = client
        .get_early::<Version>(&Address::of(&[&"version"]), &Query::new())
        .await;
    let version = told(version).map_err(|error| unknown(no_forge(error)))?;
    let user = client
        .get_early::<User>(&Address::of(&[&"user"]), &Query::new())
        .await;
    let user = told(user).map_err(unknown)?;
    // It does well without: lists are then asked for as if it were set as it comes.
    let limits = client
        .get_early::<ApiSettings>(&Address::of(&[&"settings", &"api"]), &Query::new())
        .await;
    let root = || gitea.forge().root.clone();
    let shown = |words: &str| harmless(&gitea.forge().redaction.redacted(words));
    Ok(Facts {
        version: version.map(|version| shown(&version.version)),
        is_admin: user.as_ref().map(|user| user.is_admin),
        web_root: user.as_ref().and_then(web_root).unwrap_or_else(root),
        account: user.map(|user| shown(&user.login)),
        page_max: limits.ok().map(|limits| limits.max_response_items),
    })
}

/// A refusal for want of a scope is an answer: there is nothing to wait for. Any other may be a
/// proxy's, or pass; and whoever took it for an answer would not see an administrator's token.
fn told<T>(answer: Result<T, GiteaError>) -> Result<Option<T>, GiteaError> {
    match answer {
        Ok(told) => Ok(Some(told)),
        Err(GiteaError::MissingScope(_) | GiteaError::PublicOnly) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Every forge tells its version: what does not is none.
fn no_forge(error: GiteaError) -> GiteaError {
    match error {
        GiteaError::NotFound | GiteaError::NoFunction | GiteaError::Garbled => GiteaError::NoForge,
        error => error,
    }
}

/// The forge's own idea of its address: `GITEA_URL` may be one that people cannot open.
fn web_root(user: &User) -> Option<String> {
    let root = user.url.strip_suffix(&user.login)?.strip_suffix('/')?;
    let web = root.starts_with("https://") || root.starts_with("http://");
    web.then(|| root.to_owned())
}
