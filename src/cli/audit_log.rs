//! What a person can type to look at the audit log itself.
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is done with a log in place of summing it up.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    Verify(Verify),
    Tail(Tail),
}

/// Check that the audit log is what was written
///
/// Each record holds a hash of the one before, so whatever was changed, taken out, put in or moved
/// shows, at its line. Without FILES it is the log that `serve` writes, with the files that it was
/// before. What was cut off at the end shows by a record that is known from elsewhere: the one that
/// the server keeps beside the log, the newest of `AUDIT_CHECKPOINT_FILE`, and `--head`.
///
/// Exit codes: 0 intact, 1 broken, 2 wrong usage or something cannot be read, 78 settings must be
/// mended.
#[derive(Args, Debug)]
pub struct Verify {
    /// These files, compressed or not, which are one log; `-` is standard input
    pub files: Vec<PathBuf>,
    /// The same, as the other commands take it
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with_all = ["files", "env_file"])]
    pub log: Vec<PathBuf>,
    /// A record with this SHA-256 must be in the log: the `head` of a checkpoint
    #[arg(long, value_name = "HASH", value_parser = hash)]
    pub head: Vec<[u8; 32]>,
    /// The file with the key that the first checkpoint was sealed with
    #[arg(long, value_name = "FILE")]
    pub seal_key: Option<PathBuf>,
    /// Say it as JSON, for programs
    #[arg(long)]
    pub json: bool,
    /// Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    pub env_file: Option<PathBuf>,
    /// Read with this many threads instead of one a processor
    #[arg(long, value_name = "NUMBER", hide = true)]
    pub threads: Option<std::num::NonZeroUsize>,
}

/// Show the newest records of the audit log, one a line
///
/// Times are UTC. With `-f` it goes on with what is written, over every rotation, until Ctrl-C.
///
/// Exit codes: 0 shown, 1 failed, 2 wrong usage or no such log, 78 settings must be mended.
#[derive(Args, Debug)]
pub struct Tail {
    /// Go on with what is written from now on
    #[arg(long, short)]
    pub follow: bool,
    /// Show this many records that are there already
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 10)]
    pub lines: usize,
    /// Only what was done with this key: its hint, how that begins, or its label
    #[arg(long, value_name = "HINT")]
    pub key: Option<String>,
    /// Only this event: `tool_call`, `access_denied`; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub event: Vec<String>,
    /// Print the records as they stand in the log, for programs
    #[arg(long)]
    pub json: bool,
    /// Read this log instead of the one that `serve` writes
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Find the log by the settings in this file instead of `AEGIS_ENV_FILE` or `./.env`
    #[arg(long, value_name = "FILE", conflicts_with = "log")]
    pub env_file: Option<PathBuf>,
}

fn hash(text: &str) -> Result<[u8; 32], &'static str> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes)
        .map(|()| bytes)
        .map_err(|_| "64 hexadecimal digits are needed")
}
