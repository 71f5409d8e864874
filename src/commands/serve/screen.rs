//! What `serve --sandbox` shows: where it is, the key of this run, and lines to paste.
use std::{
    io::{self, Write},
    path::Path,
};

use console::style;

use crate::keys::ApiKey;

pub(super) fn show(
    out: &mut impl Write,
    root: &str,
    key: Option<&ApiKey>,
    audit_log: &Path,
) -> io::Result<()> {
    let bold = |text| style(text).bold();
    writeln!(
        out,
        "{}\n",
        bold("Aegis with a sandbox: sample data, nothing leaves this machine. Ctrl-C ends it.")
    )?;
    writeln!(out, "MCP address  {root}/mcp")?;
    match key {
        Some(key) => writeln!(out, "API key      {}", style(key.expose()).green())?,
        None => writeln!(out, "API key      none: authentication is off")?,
    }
    writeln!(out, "Audit log    {}\n", audit_log.display())?;

    let header = key.map(|key| format!("Authorization: Bearer {}", key.expose()));
    let curl = header
        .as_ref()
        .map(|header| format!(" -H '{header}'"))
        .unwrap_or_default();
    let claude = header
        .as_ref()
        .map(|header| format!(" --header '{header}'"))
        .unwrap_or_default();
    let query = key
        .map(|key| format!("?api_key={}", key.expose()))
        .unwrap_or_default();
    writeln!(out, "{}\n  curl{curl} {root}/mcp/tools", bold("To paste"))?;
    writeln!(
        out,
        "  claude mcp add --transport http aegis {root}/mcp{claude}"
    )?;
    writeln!(
        out,
        "\n{}",
        bold("For ChatGPT, whose form takes an address only (it needs one with https)")
    )?;
    writeln!(out, "  {root}/mcp/sse{query}\n")?;
    out.flush()
}
