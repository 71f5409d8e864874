//! One file a subcommand. The only room that sees settings, and the one that wires the others.
mod audit_summary;
mod check_key_age;
mod client_config;
mod clock;
mod failure;
mod generate_key;
mod inventory;
mod key_files;
mod list_keys;
mod logging;
mod made;
mod paths;
mod process;
mod prompt;
mod revoke_key;
mod rotate_key;
mod running;
mod serve;

use std::io::{self, Write};

pub use self::{check_key_age::misused as misused_check, failure::Failure};

use self::made::Made;
use crate::{cli::Command, config::Env};

/// Does what was asked for.
pub fn run(command: Command) -> Result<(), Failure> {
    process::hide_memory();
    process::hush_panics();
    // Each connection is one, and each file of a log that is read.
    process::allow_open_files();
    if Env::is_without_colours() {
        // `CLICOLOR_FORCE` would win.
        console::set_colors_enabled(false);
        console::set_colors_enabled_stderr(false);
    }
    match command {
        Command::Serve(asked) => serve::run(&asked),
        Command::GenerateKey(asked) => generate_key::run(&asked),
        Command::RotateKey(asked) => rotate_key::run(&asked),
        Command::CheckKeyAge(asked) => check_key_age::run(&asked),
        Command::ListKeys(asked) => list_keys::run(&asked),
        Command::RevokeKey(asked) => revoke_key::run(&asked),
        Command::ClientConfig(asked) => client_config::run(&asked),
        Command::AuditSummary(asked) => audit_summary::run(&asked),
    }
}

/// Writes all that a command tells to standard output.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::Other(format!("nothing can be written: {error}")))
}
