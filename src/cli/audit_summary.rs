//! `aegis audit-summary`: which logs, which time, which form.
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::AuditCommand;

/// Say what the audit log holds
///
/// Counts who was let in and who was refused, by key, address, client and day, and what assistants
/// asked for. Without a word it is the last seven days.
///
/// Exit codes: 0 said, 1 failed or (with `--strict`) not all of the log could be read, 2 wrong usage
/// or no such log, 4 a bound of `--fail-on` is passed, 78 settings must be mended.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option that a person types"
)]
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
    /// Say it as one page for a browser, with charts, complete in itself
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    pub html: bool,
    /// Write it to this file, which is replaced; `-` is standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show this many of each kind
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub top: u16,
    /// Exit with code 4 if a bound is passed: `denied>100,blocked>0,breaks>0`
    ///
    /// Names: attempts, invalid, denied, blocked, errors, gaps, breaks, cuts, later.
    #[arg(long, value_name = "BOUNDS")]
    pub fail_on: Option<String>,
    /// Exit with code 1 if a line is no record and not empty, or a file cannot be read to its end
    #[arg(long)]
    pub strict: bool,
    /// Read with this many threads instead of one a processor
    #[arg(long, value_name = "NUMBER", hide = true)]
    pub threads: Option<usize>,
}

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

impl Period {
    /// Whether a word is one of these.
    pub fn reads(word: &str) -> bool {
        Self::from_str(word, false).is_ok()
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Report {
    Report,
}
