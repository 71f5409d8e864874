//! The commands around the life of a key.
use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{Args, ValueEnum};
use url::Url;

use super::server;
use crate::{config::Until, keys::Label};

/// Make a key for an assistant
///
/// On a terminal the key is shown once, with what to do next. Elsewhere standard output gets the
/// key alone, and standard error what was done with it. Unless `--add` puts it into `.env` it is stored
/// nowhere; what is written down about it never has the key.
///
/// Nothing is overwritten. The key is shown before it is put into force, so none works that nobody saw.
///
/// Exit codes: 0 made, 1 refused or failed, 2 wrong usage, 75 the files are in use, 78 settings or
/// files must be mended, 130 broken off.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that a person types"
)]
pub struct GenerateKey {
    /// Print the key and nothing else
    #[arg(long, short)]
    pub quiet: bool,
    /// What to call it, such as who will use it; saves metadata
    #[arg(long, value_parser = label)]
    pub label: Option<Label>,
    /// Write down its hint, label and age beside `.env`, never the key; asked on a terminal
    #[arg(long)]
    pub save_metadata: bool,
    /// Refuse it from then on: after `90d`, `12h` or `30m`, after a date or at a time; saves metadata
    #[arg(long, value_name = "TIME")]
    pub expires: Option<Until>,
    /// Put it into `.env`, which is made if there is none; a running server takes it at once
    #[arg(long)]
    pub add: bool,
    /// Show its digest too, which can stand in `.env` in its place; `--add` puts only that there
    #[arg(long)]
    pub hashed: bool,
    /// Print the key and what was done with it as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub edited: Edited,
}

/// Say which keys are too old, and what else is wrong with them
///
/// One line for monitoring (Icinga, Nagios, cron), then a line for each thing that is wrong: keys near
/// or beyond their age, keys of unknown age, keys whose end has come and that still stand in `.env`,
/// former keys that somebody still tries, short keys, the guide's example, a `.env` that others can read.
///
/// Exit codes, the worst first: 2 critical, 1 warning, 3 unknown (wrong usage too), 0 all is well.
#[derive(Args, Debug)]
pub struct CheckKeyAge {
    /// A key as old as this is critical
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = days)]
    pub max_age: TimeDelta,
    /// Warn this long before that; 14d, or half of it where that is less, unless given
    #[arg(long, value_name = "TIME", value_parser = days)]
    pub warn_before: Option<TimeDelta>,
    /// What a key of unknown age is
    #[arg(long, value_name = "STATUS", default_value = "unknown")]
    pub unknown: Unknown,
    /// Write down that keys of unknown age are from today
    #[arg(long)]
    pub adopt: bool,
    /// Say nothing where all is well
    #[arg(long, short)]
    pub quiet: bool,
    /// Say it as JSON
    #[arg(long)]
    pub json: bool,
    /// Look for uses in this audit log instead of `AUDIT_LOG_PATH`
    #[arg(long, value_name = "FILE")]
    pub audit_log: Option<PathBuf>,
    #[command(flatten)]
    pub edited: Edited,
}

/// What a key of unknown age is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Unknown {
    Ok,
    Warn,
    Critical,
    Unknown,
}

/// List the keys: whose they are, how old, who used them last
///
/// No key is shown, but the first eight and the last four characters of each. Uses are counted in the
/// audit log.
///
/// Exit codes: 0 listed, 1 failed, 2 wrong usage, 78 settings or files must be mended.
#[derive(Args, Debug)]
pub struct ListKeys {
    /// Former keys too, and such as were made and never put into `.env`
    #[arg(long)]
    pub all: bool,
    /// Say it as JSON
    #[arg(long)]
    pub json: bool,
    /// For shells: the hint of each key, a tab, its label
    #[arg(long, hide = true, conflicts_with_all = ["all", "json"])]
    pub hints: bool,
    /// Look for uses in this audit log instead of `AUDIT_LOG_PATH`
    #[arg(long, value_name = "FILE")]
    pub audit_log: Option<PathBuf>,
    /// Read the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
}

/// Take a key out of use, at once and for good
///
/// It is noted as revoked, taken out of `.env`, and shown to the running server until that refuses it. It
/// stays refused if an old `.env` comes back. The last key that works is revoked only if `--replace`
/// puts a new one in its place.
///
/// Exit codes: 0 revoked and seen to be refused (or `--no-wait`), 1 refused, failed, or not seen to be
/// refused, 2 wrong usage, 75 the files are in use, 78 settings or files must be mended, 130 broken off.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that a person types"
)]
pub struct RevokeKey {
    /// The key, by its label, by its hint (`a1b2c3d4...e1f2`) or four or more first characters of that, or by
    /// its id
    #[arg(value_name = "HINT|LABEL")]
    pub key: String,
    /// Put a new key in its place, with the same label, and with an end as far off where it has one
    #[arg(long)]
    pub replace: bool,
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
    /// Do not wait until the running server refuses it
    #[arg(long)]
    pub no_wait: bool,
    /// The running server's address, instead of `MCP_HOST` and `MCP_PORT`
    #[arg(long, value_name = "URL", value_parser = server, conflicts_with = "no_wait")]
    pub server: Option<Url>,
    /// Print the new key to standard output, which need not be a terminal
    #[arg(long, requires = "replace")]
    pub print: bool,
    /// Say what was done as JSON
    #[arg(long)]
    pub json: bool,
    /// Look in this audit log instead of `AUDIT_LOG_PATH` whether the server dropped a hashed key
    #[arg(long, value_name = "FILE", conflicts_with = "no_wait")]
    pub audit_log: Option<PathBuf>,
    #[command(flatten)]
    pub edited: Edited,
}

/// The files that are edited.
#[derive(Args, Debug)]
pub struct Edited {
    /// Edit the keys of this file instead of `AEGIS_ENV_FILE` or `./.env`
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Overwrite a file that cannot be replaced, since it is mounted as a single file
    #[arg(long)]
    pub in_place: bool,
}

fn label(text: &str) -> Result<Label, String> {
    Label::new(text).map_err(|error| error.to_string())
}

fn days(text: &str) -> Result<TimeDelta, &'static str> {
    match text.parse() {
        Ok(Until::After(span)) => Ok(span),
        Ok(Until::At(_)) | Err(_) => Err("days (`90d`) or hours (`12h`) are needed"),
    }
}
