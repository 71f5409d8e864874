//! The one door to Gitea. Addresses are built from checked segments only, the token goes to one
//! origin only, and a reading operation is handed a client that cannot write.
mod client;
mod error;
mod query;
mod segments;
pub mod views;

pub use client::{Gitea, GiteaClient, GiteaReader, Page, RawFile};
pub use error::GiteaError;
pub use query::Query;
pub use segments::{Address, FilePath, Owner, RefName, RepoName, Segment, Sha};
