//! One file a subcommand. The only room that sees settings, and the one that wires the others.
mod client_config;
mod failure;
mod generate_key;
#[expect(
    dead_code,
    reason = "the commands that edit keys are about to come; then this line goes"
)]
mod key_files;
mod logging;
mod process;
mod prompt;
mod rotate_key;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the commands that ask are about to come; then this line goes"
    )
)]
mod running;
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
        Command::RotateKey(asked) => rotate_key::run(&asked),
        Command::ClientConfig(asked) => client_config::run(&asked),
    }
}
