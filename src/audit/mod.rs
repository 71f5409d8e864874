//! What happened: an append-only log, one record a line, each chained to the one before. It never
//! holds a key, a token, or what was offered as one, and nothing that a stranger sends can fill it,
//! forge a line of it, or make one that a plain grep takes for another.
mod arguments;
mod clock;
mod entry;
mod event;
mod fields;
mod file;
mod flood;
mod log;
mod record;
mod tail;
mod writer;

pub use clock::Clock;
pub use entry::{AuditEntry, CallOutcome, Finished};
pub use event::{AuditEvent, DenialReason, Seal};
pub use file::AuditOpenError;
pub use log::{AuditLog, AuditSettings, AuditUnavailable, FailureMode};
pub use tail::Previous;
