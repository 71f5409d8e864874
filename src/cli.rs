//! What a person can type. The comments here are the help, the man page and the completions.
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

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config;

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
    /// It is no command, or asks for help: that is said, and this code is left. To monitoring, wrong
    /// usage is not a warning (1) nor critical (2), but leaves it unknown how old the keys are.
    pub fn read(arguments: Vec<OsString>) -> Result<Self, ExitCode> {
        let is_monitored = arguments.get(1).is_some_and(|name| name == "check-key-age");
        Self::try_parse_from(arguments).map_err(|error| {
            // Nobody is left to tell if the output is closed.
            let _ = error.print();
            match error.exit_code() {
                0 => ExitCode::SUCCESS,
                _ if is_monitored => {
                    let _ = writeln!(io::stdout(), "AEGIS KEYS UNKNOWN - wrong usage");
                    ExitCode::from(3)
                }
                _ => ExitCode::from(2),
            }
        })
    }
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
    /// Refuse a `.env` file that others than its owner can read
    #[arg(long)]
    pub strict_perms: bool,
    /// Say what would be served, ask Gitea who the token is, and stop (exit code 0 or 78)
    #[arg(long, conflicts_with_all = ["health", "sandbox"])]
    pub check: bool,
    /// Say it as JSON
    #[arg(long, requires = "check")]
    pub json: bool,
    /// Ask the running server whether it is well, and stop (exit code 0 or 1)
    #[arg(long, conflicts_with = "sandbox")]
    pub health: bool,
}

/// Make a key for an assistant
///
/// On a terminal the key is shown once, with what to do next. Elsewhere standard output gets the
/// key alone. It is stored nowhere.
#[derive(Args, Debug)]
pub struct GenerateKey {
    /// Print the key and nothing else
    #[arg(long, short)]
    pub quiet: bool,
}

/// Say what the audit log holds
///
/// Counts who was let in and who was refused, by key, address, client and day, and what assistants
/// asked for. Without a word it is the last seven days.
///
/// Exit codes: 0 said, 1 failed or (with `--strict`) not all of the log could be read, 2 wrong usage
/// or no such log, 4 a bound of `--fail-on` is passed, 78 settings must be mended.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_value_name = "COMMAND"
)]
pub struct AuditSummary {
    #[command(subcommand)]
    pub instead: Option<AuditCommand>,
    /// How far back: 24 hours, 7, 30, 90 or 365 days, or all that there is
    #[arg(value_name = "PERIOD", hide_possible_values = false)]
    pub period: Option<Period>,
    /// The word `report` may follow; it changes nothing
    #[arg(value_name = "report", hide = true)]
    pub report: Option<Report>,
    #[command(flatten)]
    pub logs: Logs,
    /// Count from this time on: RFC 3339, a date, or how long ago (`7d`, `12h`, `30m`)
    #[arg(long, value_name = "TIME", conflicts_with = "period")]
    pub since: Option<String>,
    /// Count what is before this time; of a date, all of that day is counted
    #[arg(long, value_name = "TIME", conflicts_with = "period")]
    pub until: Option<String>,
    /// Say it as JSON, for programs
    #[arg(long)]
    pub json: bool,
    /// Say it as CSV, for spreadsheets
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Write it to this file, which is replaced
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show this many of each kind
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub top: u16,
    /// Exit with code 4 if a bound is passed: `denied>100,blocked>0,breaks>0`
    ///
    /// Names: attempts, invalid, denied, blocked, errors, gaps, breaks.
    #[arg(long, value_name = "BOUNDS")]
    pub fail_on: Option<String>,
    /// Exit with code 1 if a line is no record, or a file cannot be read to its end
    #[arg(long)]
    pub strict: bool,
    /// Read with this many threads instead of one a processor
    #[arg(long, value_name = "NUMBER", hide = true)]
    pub threads: Option<usize>,
}

/// What is done with a log in place of summing it up.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {}

/// Which logs are read.
#[derive(Args, Debug)]
pub struct Logs {
    /// Read these instead of the log that `serve` writes: files, folders, patterns, `-` for standard
    /// input; files that a log was before are found beside it, compressed ones too
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub log: Vec<PathBuf>,
    /// Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Period {
    Daily,
    Weekly,
    Monthly,
    Quarterly,
    Yearly,
    All,
    /// The word that may follow, alone.
    #[value(hide = true)]
    Report,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Report {
    Report,
}

fn host(text: &str) -> Result<IpAddr, &'static str> {
    config::host(text).ok_or("an IP address or `localhost` is needed")
}
