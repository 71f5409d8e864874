//! What somebody at a terminal sees of a new key.
use std::io::{self, Write};

use console::style;
use zeroize::Zeroizing;

use crate::keys::{ApiKey, KeyId};

pub(super) struct Screen<'a> {
    key: &'a ApiKey,
    /// What stands in `.env`.
    entry: Zeroizing<String>,
    hashed: bool,
    /// Whether it is put there by this command.
    added: bool,
}

impl<'a> Screen<'a> {
    /// `hashed`: the digest that is to stand in `.env` in its place.
    pub(super) fn new(key: &'a ApiKey, hashed: Option<&KeyId>, added: bool) -> Self {
        let entry = hashed.map_or_else(|| key.expose().to_owned(), KeyId::hashed_entry);
        Self {
            key,
            entry: Zeroizing::new(entry),
            hashed: hashed.is_some(),
            added,
        }
    }

    /// The key itself.
    pub(super) fn key(&self, out: &mut impl Write) -> io::Result<()> {
        let title = style("✓ API Key Generated Successfully!").green();
        writeln!(out, "{title}")?;
        let key = self.key.expose();
        writeln!(out, "\n{}\n{key}\n", style("API KEY:").bold())?;
        let once = match (self.added, self.hashed) {
            (true, true) => "It is shown once, and only its digest is kept: save it now.",
            (true, false) => "It is shown once: save it now.",
            (false, _) => "It is shown once and stored nowhere: save it now.",
        };
        writeln!(out, "{}", style(once).yellow())
    }

    /// What was done with it, and what is left to do.
    pub(super) fn steps(&self, out: &mut impl Write, done: &[String]) -> io::Result<()> {
        if !done.is_empty() {
            writeln!(out)?;
        }
        for line in done {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "\n{}", style("📋 Next Steps:").bold())?;
        if self.added {
            writeln!(out, "1. Configure ChatGPT Business")?;
            return out.flush();
        }
        writeln!(out, "1. Add this key to your .env file")?;
        writeln!(out, "   MCP_API_KEYS={}", &*self.entry)?;
        let beside = "(beside keys that are there already: a comma between them)";
        writeln!(out, "   {beside}")?;
        writeln!(out, "2. Restart the MCP server")?;
        writeln!(out, "3. Configure ChatGPT Business")?;
        out.flush()
    }
}
