//! What happened: an append-only log, one record a line, each chained to the one before. It never
//! holds a key, a token, or what was offered as one.
mod event;
mod log;

pub use event::AuditEvent;
pub use log::{AuditEntry, AuditLog, AuditUnavailable, Finished};
