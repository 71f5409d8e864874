//! Parses, runs, says the error, exits with its code.
use std::{
    io::{self, Write},
    process::ExitCode,
};

use aegis::{cli::Cli, commands};
use clap::Parser;

fn main() -> ExitCode {
    match commands::run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(io::stderr(), "error: {failure}");
            failure.exit_code()
        }
    }
}
