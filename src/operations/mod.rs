//! What an assistant may ask for: one file a toolset, one row an operation. An operation knows
//! Gitea and nothing of keys, audit, HTTP or the protocol; it is never told who is calling.
mod answer;
mod branch;
mod commit;
mod common;
mod file;
mod filters;
mod gather;
mod issue;
mod operation;
mod pull;
mod refs;
mod repo;
mod schema;
mod search;
mod server;
mod times;
mod user;

pub use answer::{Answer, Body, Document, Excerpt, Facts, Form, Found, Report, View};
pub use common::{MOST_OF_A_PAGE, example, rank};
pub use operation::{Argument, Kind, Operation, Prepared, Refusal, Running, Toolset};

/// Every toolset, in the order assistants see them, for answers of at most `answer_max` characters.
pub fn all(answer_max: usize) -> Vec<Toolset> {
    vec![
        server::toolset(),
        user::toolset(),
        repo::toolset(),
        file::toolset(answer_max),
        branch::toolset(),
        commit::toolset(),
        issue::toolset(),
        pull::toolset(),
        search::toolset(),
    ]
}
