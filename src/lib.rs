//! Aegis: controlled, authenticated and audited access for AI assistants to a self-hosted Gitea or
//! Forgejo. One binary, `aegis`; this is the map of its rooms.
//!
//! # Rooms
//!
//! - [`cli`]: what a person can type; its doc comments are the help, the man pages, the completions.
//! - [`commands`]: one file a subcommand, and the only place that wires rooms together.
//! - [`config`]: from text to checked values, all faults together; nobody else reads the environment.
//!   It edits the keys of a `.env` too, and not a byte beside them.
//! - [`keys`]: what a key is: its text while it is made or compared, its hint, its digest, the ring
//!   of those in force and of former ones, and what is written down about it.
//! - [`auth`]: who may enter: credentials, failures, client addresses; makes the [`caller`].
//! - [`audit`]: what happened: one chained record a line, written before what it tells of, kept over
//!   rotations, full disks and whoever lays hands on the file; its `reader` and `summary` read it.
//! - [`server`]: the route table and the order of layers; nothing is routed that is not in the table.
//! - [`mcp`]: the protocol in both eras, and nothing of Gitea; it asks through its trait `Tools`.
//! - [`dispatch`]: one call from name to answer: tool, arguments, rights, record, operation, text.
//! - [`operations`]: what an assistant may ask for: a row, a struct and a function each.
//! - [`gitea`]: the one door to the forge: checked addresses, one deadline, typed views, refusals.
//! - [`sandbox`]: a small forge with sample data, for a first run without a Gitea.
//! - Leaves that many rooms share: [`caller`] (who is asking), [`rights`] (what they may do),
//!   [`fault`] (what an HTTP answer that is no success says), [`outbound`] (the one HTTP client),
//!   [`durable`] (files that are replaced whole or not at all), [`secret`] (text that does not print),
//!   [`redaction`] (no secret of ours is repeated), [`ascii`] (what is printable, told fast), [`hidden`]
//!   (characters that are not what they seem), [`sort`] (one sort for all).
//!
//! # The way of a request
//!
//! ```text
//! client      POST /mcp, Authorization: Bearer <key>
//! server      literal path -> limits of the head -> Host, Origin -> the gate -> method -> body
//! auth        offered credential -> KeyRing: known, so a Caller, and recorded; or counted, 401 or 429
//! mcp         bytes -> message -> era -> method; tools/call asks Tools::call
//! dispatch    tool -> arguments -> target -> rights -> "started" is recorded, or it does not run
//! operations  checked names -> addresses -> gitea -> typed views -> Answer
//! dispatch    cut, escaped, redacted text -> "finished" is recorded
//! mcp         one JSON object
//! ```
//!
//! # What holds everywhere
//!
//! - A secret is a [`secret::Secret`] or a [`keys::ApiKey`]: it does not print and is wiped.
//! - An operation that reads is handed a client that cannot write; the hint it is shown with is a
//!   proof, not a claim.
//! - An address at Gitea is made of checked pieces only; no text from outside is a path.
//! - What cannot be recorded does not happen, unless the operator chose otherwise.
//! - The ring of keys is replaced as a whole while the server runs; what opens a door is asked anew
//!   each time, and time never runs back for it.
//! - Rooms use only the rooms below them. `tests/it/house.rs` holds the table.
pub mod ascii;
pub mod audit;
pub mod auth;
pub mod caller;
pub mod cli;
pub mod commands;
pub mod config;
pub mod dispatch;
pub mod durable;
pub mod fault;
pub mod gitea;
pub mod hidden;
pub mod keys;
pub mod mcp;
pub mod operations;
pub mod outbound;
pub mod redaction;
pub mod rights;
pub mod sandbox;
pub mod secret;
pub mod server;
pub mod sort;
