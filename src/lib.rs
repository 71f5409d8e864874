//! Aegis: controlled, authenticated and audited access for AI assistants to a Gitea or Forgejo.
pub mod audit;
pub mod auth;
pub mod caller;
pub mod cli;
pub mod commands;
pub mod config;
pub mod dispatch;
pub mod fault;
pub mod gitea;
pub mod keys;
pub mod mcp;
pub mod operations;
pub mod outbound;
pub mod rights;
pub mod sandbox;
pub mod secret;
pub mod server;
