//! What happened: an append-only log, one record a line, each chained to the one before. It never
//! holds a key, a token, or what was offered as one, and nothing that a stranger sends can fill it,
//! forge a line of it, or make one that a plain grep takes for another.
//!
//! A record is composed in `record` and `fields`, chained and placed by the [`AuditLog`]'s writer,
//! and appended by `file`; everything else is what a log lives through.
mod arguments;
mod ballast; // room to tell that there is none
mod checkpoints; // what the chain has come to, told elsewhere
mod clock;
mod commit; // brought to the disk, once for all who wait
mod counts;
mod entry;
mod event;
mod fields;
mod file;
mod flood; // denials beyond what is written singly
mod head; // what the log had come to, remembered beside it
mod log;
mod names; // what the files beside a log are called
mod outlet;
mod owed; // what the log still has to be told
pub mod reader;
mod record;
mod room; // how much is left on the disk
mod seal;
mod settings;
mod shared; // by the threads of a log
pub mod summary;
mod syncs; // what is not on the disk yet
mod tail;
mod tidy; // closed files, compressed or gone
mod upkeep; // what follows from what was written
pub mod verify; // whether a log is what was written
mod writer;

pub use clock::Clock;
pub use counts::{Calls, Counts};
pub use entry::{AuditEntry, CallOutcome, Finished};
pub use event::{AuditEvent, DenialReason, Seal};
pub use file::AuditOpenError;
pub use head::{heads_elsewhere, is_in, is_in_former, newest_record};
pub use log::{AuditLog, AuditUnavailable, Recorded};
pub use names::{is_of_log, is_of_server};
pub use reader::{KeyUse, key_uses};
pub use seal::SealKey;
pub use settings::{AuditSettings, Checkpoints, Compress, FailureMode, Fsync, Rotation};
pub use tail::Previous;
