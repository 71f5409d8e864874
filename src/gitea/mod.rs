//! The one door to Gitea. Addresses are built from checked segments only, the token goes to one
//! origin only, and a reading operation is handed a client that cannot write.
mod address;
mod answer;
mod asked;
mod bounded;
mod call;
mod checkup;
mod client;
mod error;
mod forge;
mod names;
mod probe;
mod query;
mod refusal;
pub mod views;

pub use address::{Address, AsDiff, Between, Segment};
pub use answer::Page;
pub use asked::Requests;
pub use bounded::Bounded;
pub use checkup::{Checkup, Scope, ScopeState, check};
pub use client::{Gitea, GiteaClient, GiteaReader};
pub use error::GiteaError;
pub use forge::{Facts, Forge, ForgeError, GiteaSettings};
pub use names::{FilePath, NameError, Owner, RefName, RepoName, Sha};
pub use probe::{AdminToken, REST, Unknown, keep_known, probe};
pub use query::Query;
