//! One file a subcommand. The only room that sees settings, and the one that wires the others.
mod failure;
mod generate_key;
mod logging;
mod process;
#[expect(
    dead_code,
    reason = "the commands that ask are about to come; then this line goes"
)]
mod prompt;
mod serve;

pub use failure::Failure;

use crate::cli::Command;

/// Does what was asked for.
pub fn run(command: Command) -> Result<(), Failure> {
    process::hide_memory();
    process::hush_panics();
    match command {
        Command::Serve(asked) => serve::run(&asked),
        Command::GenerateKey(asked) => generate_key::run(&asked),
    }
}
