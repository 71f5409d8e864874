//! What a person can type. The comments here are the help, the man page and the completions.
mod audit_log;
mod audit_summary;
mod client_config;
mod keys;
mod rotate_key;

use std::{
    ffi::OsString,
    io::{self, Write},
    net::IpAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

use crate::{config, keys::without_keys};

pub use audit_log::{AuditCommand, Tail, Verify};
pub use audit_summary::{AuditSummary, Logs, Period, Report};
pub use client_config::{Client, ClientConfig};
pub use keys::{CheckKeyAge, Edited, GenerateKey, ListKeys, RevokeKey, Unknown};
pub use rotate_key::{RotateKey, server};

/// Controlled, authenticated and audited access for AI assistants to a Gitea or Forgejo
#[derive(Debug, Parser)]
#[command(
    name = "aegis",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads what was typed.
    ///
    /// # Errors
    /// It is no command, or asks for help.
    pub fn read(arguments: Vec<OsString>) -> Result<Self, Misread> {
        let is_monitored = arguments.get(1).is_some_and(|name| name == "check-key-age");
        let as_json = arguments.iter().any(|argument| argument == "--json");
        Self::try_parse_from(arguments).map_err(|error| {
            // Nobody is left to tell if the output is closed.
            let _ = print(&error);
            match error.exit_code() {
                0 => Misread::Told(ExitCode::SUCCESS),
                _ if is_monitored => Misread::Monitored { as_json },
                _ => Misread::Told(ExitCode::from(2)),
            }
        })
    }
}

/// Why nothing is run; whoever typed it was told.
#[derive(Debug)]
pub enum Misread {
    /// This code is left.
    Told(ExitCode),
    /// It is `check-key-age` that was typed wrongly, and monitoring is to be told too.
    Monitored { as_json: bool },
}

/// Says why it is no command. What was typed may be a key, which is not repeated.
fn print(error: &clap::Error) -> io::Result<()> {
    let told = error.render().to_string();
    let shown = without_user(&without_keys(&told));
    if error.use_stderr() && shown != told {
        return io::stderr().write_all(shown.as_bytes());
    }
    error.print()
}

/// The text with `...` in the place of who is named in an address, and by which password.
fn without_user(text: &str) -> String {
    let shown = |line: &str| {
        let (scheme, rest) = line.split_once("://")?;
        let (_, host) = rest.rsplit_once('@')?;
        Some(format!("{scheme}://...@{host}"))
    };
    let lines = text.split_inclusive('\n');
    lines
        .map(|line| shown(line).unwrap_or_else(|| line.to_owned()))
        .collect()
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Serve(Serve),
    GenerateKey(GenerateKey),
    RotateKey(RotateKey),
    ClientConfig(ClientConfig),
    CheckKeyAge(CheckKeyAge),
    ListKeys(ListKeys),
    RevokeKey(RevokeKey),
    AuditSummary(AuditSummary),
}

/// Serve the tools to assistants
///
/// Settings are variables, of the environment or of a `.env` file; `.env.example` explains each.
/// Exit codes: 0 stopped as asked, 1 failed, 2 wrong usage, 78 settings or files must be mended.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that a person types"
)]
pub struct Serve {
    /// Read settings from this file instead of `AEGIS_ENV_FILE` or `./.env`
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Listen on this address instead of `MCP_HOST`
    #[arg(long, value_name = "ADDRESS", value_parser = host)]
    pub host: Option<IpAddr>,
    /// Listen on this port instead of `MCP_PORT`; 0 takes any that is free
    #[arg(long)]
    pub port: Option<u16>,
    /// Write the audit log here instead of `AUDIT_LOG_PATH`
    #[arg(long, value_name = "FILE")]
    pub audit_log: Option<PathBuf>,
    /// Serve sample data from a forge inside this process, with a key made for this run
    #[arg(long)]
    pub sandbox: bool,
    /// For `make run`: as `--sandbox` where no Gitea is set, else with the log here unless one is set
    #[arg(long, hide = true)]
    pub sandbox_unless_configured: bool,
    /// Refuse a `.env` file that others than its owner can read
    #[arg(long)]
    pub strict_perms: bool,
    /// Say what would be served, ask Gitea who the token is, and stop (exit code 0 or 78)
    #[arg(long, conflicts_with_all = ["health", "sandbox"])]
    pub check: bool,
    /// Say it as JSON
    #[arg(long, requires = "check", conflicts_with = "health")]
    pub json: bool,
    /// Ask the running server whether it is well, and stop (exit code 0 or 1)
    #[arg(long, conflicts_with = "sandbox")]
    pub health: bool,
}

fn host(text: &str) -> Result<IpAddr, &'static str> {
    config::host(text).ok_or("an IP address or `localhost` is needed")
}
