//! `aegis rotate-key`.
use clap::Args;
use url::Url;

use super::Edited;
use crate::config::{self, Until};

/// Replace a key by a new one, without a moment in which neither works
///
/// On a terminal it leads through it: a new key is made beside the old one and shown once, the
/// client is given it, the running server is asked whether it takes it, and the old one goes. It can be
/// broken off anywhere; `--status` says where it stands, `--finish` and `--abort` end it.
///
/// With `--yes` nothing is asked, and the old key may be used for `--grace` longer. Where the old key was
/// made with an end, the new one gets an end too, as long after it is made.
///
/// Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 75 the files are in use, 78 settings or
/// files must be mended, 130 broken off.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that a person types"
)]
pub struct RotateKey {
    /// The key to replace, by its label, by its hint (`a1b2c3d4...e1f2`) or four or more first characters of that, or by its id;
    /// needed where there are several
    #[arg(value_name = "HINT|LABEL")]
    pub key: Option<String>,
    /// Ask nothing
    #[arg(long, short)]
    pub yes: bool,
    /// How long the old key may be used still: `7d`, `12h`, `30m`, until a date, or `0` for not at all
    #[arg(
        long,
        value_name = "TIME",
        default_value = "7d",
        conflicts_with = "resumed"
    )]
    pub grace: Until,
    /// Do not ask the running server whether it takes the new key
    #[arg(long, conflicts_with = "resumed")]
    pub no_test: bool,
    /// The running server's address, instead of `MCP_HOST` and `MCP_PORT`
    #[arg(long, value_name = "URL", value_parser = server, conflicts_with = "no_test")]
    pub server: Option<Url>,
    /// Print the new key to standard output, which need not be a terminal
    #[arg(long, conflicts_with = "resumed")]
    pub print: bool,
    /// Write down only the digest of the new key, as is done where the old one is hashed
    #[arg(long, conflicts_with = "resumed")]
    pub hashed: bool,
    /// Say which rotations are under way, and change nothing
    #[arg(long, group = "resumed", conflicts_with_all = ["key", "yes", "server", "in_place"])]
    pub status: bool,
    /// End a rotation: the new key is tested, and the old one taken out
    #[arg(long, group = "resumed")]
    pub finish: bool,
    /// Take a rotation back: the new key is taken out, and the old one stays
    #[arg(long, group = "resumed", conflicts_with = "server")]
    pub abort: bool,
    /// Ask in plain lines, as a screen reader likes it: no colours, no lists that redraw
    #[arg(long)]
    pub plain: bool,
    /// Say what was done as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub edited: Edited,
}

/// The address of a running server.
pub fn server(text: &str) -> Result<Url, &'static str> {
    config::server_address(text)
        .ok_or("an `http` or `https` address is needed, such as `http://127.0.0.1:8080`")
}
