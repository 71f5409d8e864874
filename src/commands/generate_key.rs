//! `aegis generate-key`: a new key on standard output, talk about it on the terminal only.
use std::io::{self, Write};

use console::{Term, style};

use super::Failure;
use crate::{cli::GenerateKey, keys::ApiKey};

pub(super) fn run(asked: &GenerateKey) -> Result<(), Failure> {
    let failed =
        |error: &dyn std::error::Error| Failure::Other(format!("no key was made: {error}"));
    let key = ApiKey::generate().map_err(|error| failed(&error))?;
    let mut out = io::stdout();
    let written = if !asked.quiet && Term::stdout().is_term() {
        explain(&mut out, &key)
    } else {
        writeln!(out, "{}", key.expose())
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| failed(&error))
}

fn explain(out: &mut impl Write, key: &ApiKey) -> io::Result<()> {
    let key = key.expose();
    writeln!(
        out,
        "{}",
        style("✓ API Key Generated Successfully!").green()
    )?;
    writeln!(out, "\n{}\n{key}\n", style("API KEY:").bold())?;
    writeln!(
        out,
        "{}",
        style("It is shown once and stored nowhere: save it now.").yellow()
    )?;
    writeln!(out, "\n{}", style("📋 Next Steps:").bold())?;
    writeln!(out, "1. Add this key to your .env file")?;
    writeln!(out, "   MCP_API_KEYS={key}")?;
    writeln!(
        out,
        "   (beside keys that are there already: a comma between them)"
    )?;
    writeln!(out, "2. Restart the MCP server")?;
    writeln!(out, "3. Configure ChatGPT Business")
}
