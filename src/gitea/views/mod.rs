//! What is read of Gitea's JSON: the facts that matter. Unknown fields never pass through; users
//! are logins; `url` is the page for people, never the API's address. What identifies a thing must
//! be there; all else may be missing, `null`, empty, or a time of the year 1 or 1970, and is absent then: one
//! odd thing must not hide the list that it stands in.
mod commits;
mod files;
mod issues;
mod lenient;
mod pulls;
mod repositories;
mod server;
mod users;

pub use commits::{
    CombinedStatus, Commit, CommitFile, Comparison, GitCommit, Signature, Stats, Status,
    Verification,
};
pub use files::{Blob, Contents, Entry, EntryKind, Tree, TreeEntry};
pub use issues::{AsPull, Asset, Comment, Due, Issue, Label, Milestone};
pub use pulls::{ChangedFile, PullRequest, Review, ReviewComment, Tip};
pub use repositories::{
    Activity, Branch, Languages, Permissions, Release, Repository, Tag, TagCommit, TipCommit,
    Topics,
};
pub use server::{ApiSettings, AttachmentSettings, Version};
pub use users::User;
