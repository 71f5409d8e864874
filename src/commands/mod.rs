//! One file a subcommand. The only room that sees settings, and the one that wires the others.
mod failure;
mod generate_key;

pub use failure::Failure;

use crate::cli::Command;

/// Does what was asked for.
pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(_) => Err(Failure::Other("not yet".to_owned())),
        Command::GenerateKey(asked) => generate_key::run(&asked),
    }
}
