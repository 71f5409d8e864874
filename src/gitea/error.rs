//! Gitea's refusals, as sentences that an assistant can act on.
use crate::outbound::SendError;

/// Why a request to Gitea came to nothing. `Display` is what the assistant reads: never the API's
/// address, never the token, of Gitea's own words only the short cause.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GiteaError {
    /// Gitea says the same of what is not there and of what the account may not see.
    #[error("not found, or this server's account may not see it")]
    NotFound,
    /// The API itself has no such address: an older version, a fork, or a unit that is switched off.
    #[error("this forge has no such function, or it is switched off there")]
    NoFunction,
    #[error("the account lacks the scope {0}")]
    MissingScope(String),
    #[error("this server's access token may see public repositories only")]
    PublicOnly,
    #[error("the forge does not allow this to this server's account: {0}")]
    Forbidden(String),
    #[error("the forge refuses this server's access token: its operator must renew `GITEA_TOKEN`")]
    TokenRefused,
    #[error("the repository is archived")]
    Archived,
    #[error("the repository is empty")]
    EmptyRepository,
    /// With the blob's true sha.
    #[error("the file changed since: read it again and use sha {0}")]
    FileChanged(String),
    /// Gitea understood and said no, with its reason: 400, 405, 409, 412, 422.
    #[error("the forge refused: {0}")]
    Refused(String),
    #[error("the forge failed ({status}), probably because {because}")]
    Failed { status: u16, because: String },
    /// With the seconds that Gitea or its proxy named.
    #[error("the forge asks to wait{}", seconds(*.0))]
    Wait(Option<u64>),
    #[error("the forge did not answer in time")]
    Timeout,
    #[error("the forge cannot be reached now: try again later")]
    Unreachable,
    #[error("the forge's answer is longer than {} MiB, more than this server reads", .0 >> 20)]
    TooLarge(usize),
    #[error("the forge's answer is a list of more items than this server reads")]
    TooMany,
    #[error("no Gitea or Forgejo answers at `GITEA_URL`: this server's operator must mend it")]
    NoForge,
    #[error("the forge redirects this elsewhere: its operator should check `GITEA_URL`")]
    Moved,
    #[error("the forge's answer was not understood")]
    Garbled,
    /// A guard of ours stopped an address that is not what was meant.
    #[error("no address can be made of these arguments")]
    UnsoundAddress,
}

fn seconds(wait: Option<u64>) -> String {
    wait.map_or_else(String::new, |seconds| format!(" {seconds} s"))
}

impl GiteaError {
    /// Whether there is an answer, of which more came than is read.
    pub fn is_too_much(&self) -> bool {
        matches!(self, Self::TooLarge(_) | Self::TooMany)
    }

    /// Whether the operator should hear of it: what no change of the arguments would mend.
    pub(super) fn is_for_operator(&self) -> bool {
        !matches!(
            self,
            Self::NotFound
                | Self::Archived
                | Self::EmptyRepository
                | Self::FileChanged(_)
                | Self::Refused(_)
        )
    }
}

impl From<&SendError> for GiteaError {
    fn from(error: &SendError) -> Self {
        match error {
            SendError::Connect(_) | SendError::Broken(_) => Self::Unreachable,
            SendError::Timeout => Self::Timeout,
            SendError::TooLarge(limit) => Self::TooLarge(*limit),
            SendError::Malformed(_) => Self::Garbled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_names_its_seconds_where_they_are_known() {
        assert_eq!(
            GiteaError::Wait(Some(30)).to_string(),
            "the forge asks to wait 30 s"
        );
        assert_eq!(GiteaError::Wait(None).to_string(), "the forge asks to wait");
    }
}
