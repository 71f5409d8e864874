//! `aegis client-config`, as a person types it.
use std::{fmt, path::PathBuf};

use clap::{Args, ValueEnum};
use url::Url;

/// Print what connects a client, or put it into the client's file
///
/// Without a client it lists them. The lines go to standard output, what to know about them to
/// standard error. The key is never in them: they name the variable `AEGIS_KEY`, or say where to
/// paste it.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 75 the file is in use, 78 settings or files must be
/// mended.
#[derive(Args, Debug)]
pub struct ClientConfig {
    /// The client, by its name in the list
    pub client: Option<Client>,
    /// Add the lines to the client's own file, or to FILE, and keep what else is in it
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, requires = "client")]
    pub write: Option<Option<PathBuf>>,
    /// The server's address, instead of `PUBLIC_URL` or where it listens
    #[arg(long, value_name = "URL", value_parser = super::server)]
    pub server: Option<Url>,
    /// Read settings from this file instead of `AEGIS_ENV_FILE` or `./.env`
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Say it as JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be connected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Client {
    ClaudeCode,
    ClaudeDesktop,
    ClaudeAi,
    Vscode,
    Cursor,
    Codex,
    Windsurf,
    Zed,
    Jetbrains,
    Librechat,
    OpenWebui,
    OpenaiApi,
    AnthropicApi,
    Langchain,
    Curl,
    Chatgpt,
}

impl fmt::Display for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.to_possible_value();
        out.pad(named.as_ref().map_or("", |named| named.get_name()))
    }
}
