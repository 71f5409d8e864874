//! Gitea's refusals, as sentences that an assistant can act on.

/// Why a request to Gitea came to nothing. `Display` is what the assistant reads.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GiteaError {
    #[error("not found, or this server's account may not see it")]
    NotFound,
}
