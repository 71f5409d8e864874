//! What tests share: a fake Gitea that replays and misbehaves, an HTTP client that hides nothing, a terminal,
//! and comparison of whole outputs with files. All of it blocks, so that a test reads from top to bottom.
mod assistant;
mod client;
mod fake;
mod golden;
mod recorded;
mod sandbox;
mod server;
mod serving;
mod terminal;

use std::{env, ffi::OsString, process::Output};

pub(crate) use assistant::{Assistant, next, telescope};
pub(crate) use client::{Client, Response};
pub(crate) use fake::{Asked, Fake, Reply};
pub(crate) use golden::golden;
pub(crate) use recorded::{Recorded, recorded};
pub(crate) use sandbox::Sandbox;
pub(crate) use server::{Server, Setup};
pub(crate) use serving::{Serving, listening};
pub(crate) use terminal::Terminal;

/// What a command with no other variable gets too: where it writes what of it has run, if that is asked.
pub(crate) fn measured() -> impl Iterator<Item = (OsString, OsString)> {
    env::vars_os().filter(|(name, _)| name == "LLVM_PROFILE_FILE")
}

/// That the one test passed which ran in a process of its own.
pub(crate) fn assert_passed(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}
