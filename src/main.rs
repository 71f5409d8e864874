//! Parses, runs, says the error, exits with its code.
use std::{
    io::{self, Write},
    process::ExitCode,
};

use aegis::{
    cli::{Cli, Misread},
    commands,
    config::Env,
};

fn main() -> ExitCode {
    let typed = match Cli::read(Env::arguments()) {
        Ok(typed) => typed,
        Err(Misread::Told(code)) => return code,
        Err(Misread::Monitored { as_json }) => return commands::misused_check(as_json).exit_code(),
    };
    match commands::run(typed.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let told = failure.to_string();
            // Nobody is left to tell if standard error is closed.
            if !told.is_empty() {
                let _ = writeln!(io::stderr(), "error: {told}");
            }
            failure.exit_code()
        }
    }
}
