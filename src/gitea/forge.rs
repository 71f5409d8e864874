//! The forge as all workers share it: where it is, by whose token it is asked, what is known of it.
use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout_at},
};
use url::Url;

use super::{GiteaError, Requests, asked::Asked};
use crate::{
    outbound::{HeaderName, HeaderValue, Outbound, header},
    redaction::Redaction,
    secret::Secret,
};

/// What an operator sets about Gitea.
#[derive(Clone, Debug)]
pub struct GiteaSettings {
    /// `GITEA_URL`: http or https, perhaps with a path; without credentials.
    pub url: Url,
    pub token: Secret,
    /// One deadline for all requests of a call.
    pub timeout: Duration,
    /// Whether an administrator's token is accepted.
    pub allow_admin_token: bool,
}

/// Why settings make no forge: for the operator to mend.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ForgeError {
    #[error("`GITEA_URL` is no http or https address; an example: https://git.example.org")]
    Address,
    #[error("`GITEA_URL` holds a user or a password; put the access token into `GITEA_TOKEN`")]
    Credentials,
    #[error("`GITEA_TOKEN` holds characters that no access token has")]
    Token,
}

/// The forge, and what the workers share to ask it. Made once.
pub struct Forge {
    pub(super) outbound: Outbound,
    /// `https://git.example.org`, perhaps with a path; no slash at the end.
    pub(super) root: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// What the forge says may hold a secret of ours.
    pub(super) redaction: Arc<Redaction>,
    pub(super) timeout: Duration,
    pub(super) allow_admin_token: bool,
    pub(super) standing: watch::Sender<Standing>,
    pub(super) asked: Asked,
    /// A call waits to know the forge: no need to wait longer before asking again.
    pub(super) hurry: Notify,
    /// It answers again after it did not, and may be another than before.
    pub(super) back: Notify,
}

/// How far we got in knowing the forge.
#[derive(Clone, Debug)]
pub(super) enum Standing {
    Asking,
    Failed(GiteaError),
    Known(Arc<Facts>),
}

/// What the forge said of itself and of us when it was last asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Facts {
    /// `1.26.0+dev-193a24c30e`; `None` where the token may not ask.
    pub version: Option<String>,
    /// The login of the token's account; `None` where the token may not ask.
    pub account: Option<String>,
    /// Whether the account is an administrator; `None` where the token may not ask.
    pub is_admin: Option<bool>,
    /// The address by which people open the forge, without a slash at the end.
    pub web_root: String,
    /// The most items of a page, whatever is asked for; `None` where the forge does not tell.
    pub page_max: Option<u64>,
}

impl Facts {
    /// What is not told now stays as it was told before.
    #[must_use]
    pub(super) fn or(self, before: &Self) -> Self {
        let before = before.clone();
        Self {
            web_root: if self.account.is_some() {
                self.web_root
            } else {
                before.web_root
            },
            version: self.version.or(before.version),
            account: self.account.or(before.account),
            is_admin: self.is_admin.or(before.is_admin),
            page_max: self.page_max.or(before.page_max),
        }
    }

    /// Forgejo tells the version of Gitea it stems from: `11.0.1+gitea-1.22.0`. Where it is built so
    /// that it does not, its own number tells: Gitea's begin with 1.
    pub fn is_forgejo(&self) -> bool {
        let version = self.version.as_deref();
        version.is_some_and(|version| version.contains("gitea-")) || self.is_from((2, 0))
    }

    /// Whether lists of issues come in the order that is asked for: Gitea's do not, and Forgejo's are
    /// known to from 16 on.
    pub fn sorts_issues(&self) -> bool {
        self.is_forgejo() && self.is_from((16, 0))
    }

    /// Whether lists of pull requests are filtered by base and author: Gitea's are from 1.24 on, and
    /// Forgejo's are known to be from 16 on. Others show all.
    pub fn filters_pulls(&self) -> bool {
        self.is_from(if self.is_forgejo() { (16, 0) } else { (1, 24) })
    }

    /// Whether it is of this version, major and minor, or of a later one; not where none was told,
    /// nor where it comes before the first of this version, which may lack what that has.
    fn is_from(&self, least: (u32, u32)) -> bool {
        let version = self.version.as_deref().unwrap_or_default();
        let mut numbers = version
            .split(|c: char| !c.is_ascii_digit())
            .map(str::parse::<u32>);
        let Some((Ok(major), Ok(minor))) = numbers.next().zip(numbers.next()) else {
            return false;
        };
        let comes_before = ["-dev", "+dev", "-rc", "+rc"]
            .iter()
            .any(|it| version.contains(it));
        (major, minor) > least || ((major, minor) == least && !comes_before)
    }

    /// `Gitea 1.26.0`, `Forgejo 11.0.1+gitea-1.22.0`, or `Gitea` where the version is not known.
    pub fn name(&self) -> String {
        let kind = if self.is_forgejo() {
            "Forgejo"
        } else {
            "Gitea"
        };
        match &self.version {
            Some(version) => format!("{kind} {version}"),
            None => kind.to_owned(),
        }
    }
}

/// The longest that a call waits for the forge to be known.
const PATIENCE: Duration = Duration::from_secs(5);

impl Forge {
    /// No word of the forge's goes further before `redaction` has seen it.
    pub fn new(
        settings: &GiteaSettings,
        outbound: Outbound,
        redaction: Arc<Redaction>,
    ) -> Result<Arc<Self>, ForgeError> {
        let url = &settings.url;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(ForgeError::Address);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ForgeError::Credentials);
        }
        let origin = url.origin().ascii_serialization();
        let path = url.path().trim_end_matches('/');
        // Taken as meant: some copy the API's address.
        let path = path.strip_suffix("/api/v1").unwrap_or(path);
        let header = format!("token {}", settings.token.expose());
        let mut authorization = HeaderValue::from_str(&header).map_err(|_| ForgeError::Token)?;
        authorization.set_sensitive(true);
        let agent = concat!("aegis/", env!("CARGO_PKG_VERSION"));
        Ok(Arc::new(Self {
            outbound,
            root: format!("{origin}{path}"),
            headers: vec![
                (header::AUTHORIZATION, authorization),
                (header::USER_AGENT, HeaderValue::from_static(agent)),
            ],
            redaction,
            timeout: settings.timeout,
            allow_admin_token: settings.allow_admin_token,
            standing: watch::Sender::new(Standing::Asking),
            asked: Asked::default(),
            hurry: Notify::new(),
            back: Notify::new(),
        }))
    }

    /// The requests so far.
    pub fn requests(&self) -> Requests {
        self.asked.so_far()
    }

    /// The address of the API.
    pub fn api(&self) -> String {
        format!("{}/api/v1", self.root)
    }

    /// What is known of the forge; waits for it for a while. Nothing is asked in a call's name
    /// before this: it is the probe that keeps an administrator's token from being used.
    pub(super) async fn facts(&self, deadline: Instant) -> Result<Arc<Facts>, GiteaError> {
        let mut standing = self.standing.subscribe();
        if let Standing::Known(facts) = &*standing.borrow_and_update() {
            return Ok(Arc::clone(facts));
        }
        self.hurry.notify_one();
        let known = async {
            while standing.changed().await.is_ok() {
                match &*standing.borrow_and_update() {
                    Standing::Asking => {}
                    Standing::Failed(error) => return Err(error.clone()),
                    Standing::Known(facts) => return Ok(Arc::clone(facts)),
                }
            }
            Err(GiteaError::Unreachable)
        };
        let until = deadline.min(Instant::now() + PATIENCE);
        timeout_at(until, known)
            .await
            .unwrap_or(Err(GiteaError::Unreachable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_forge_can_do_is_known_by_its_version() {
        for (version, sorts_issues, filters_pulls) in [
            (Some("1.26.0+dev-193a24c30e"), false, true),
            (Some("1.24.0"), false, true),
            (Some("1.24.0+rc0"), false, false),
            (Some("1.24.0-rc0"), false, false),
            (Some("1.24.0+dev-77-g0123456"), false, false),
            (Some("1.23.8"), false, false),
            (Some("16.0.0+gitea-1.22.0"), true, true),
            (Some("16.0.0"), true, true),
            (Some("17.0.0-dev-3-0123456+gitea-1.22.0"), true, true),
            (Some("16.0.0-dev-741-0123456+gitea-1.22.0"), false, false),
            (Some("15.0.1+gitea-1.22.0"), false, false),
            (Some("9.0.3"), false, false),
            (Some("7.0.4+0-gitea-1.22.0"), false, false),
            (Some("main"), false, false),
            (None, false, false),
        ] {
            let facts = Facts {
                version: version.map(str::to_owned),
                account: None,
                is_admin: None,
                web_root: String::new(),
                page_max: None,
            };
            let known = (facts.sorts_issues(), facts.filters_pulls());
            assert_eq!(known, (sorts_issues, filters_pulls), "{version:?}");
        }
    }
}
