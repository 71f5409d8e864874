//! The one time that a new key is shown.
use std::io::{self, Write};

use crate::commands::{Failure, Made};

/// Prints it alone, for a program. It is shown before it is written down: a key that nobody got must
/// not be in force.
pub(super) fn print(made: &Made) -> Result<(), Failure> {
    let seen = made.expect_reader();
    printed(seen.and_then(|()| writeln!(io::stdout(), "{}", made.key.expose())))
}

/// Begins the document that is to tell it when all is done, for the same reason. JSON may have space
/// before it.
pub(super) fn begin_document() -> Result<(), Failure> {
    printed(write!(io::stdout(), " "))
}

fn printed(written: io::Result<()>) -> Result<(), Failure> {
    let written = written.and_then(|()| io::stdout().flush());
    written.map_err(|error| {
        Failure::Other(format!(
            "the new key cannot be printed, so nothing was changed: {error}"
        ))
    })
}
