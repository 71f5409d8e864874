//! The log being written.
use super::AuditEvent;
use crate::{caller::Caller, rights::Access};

/// The open log. Shared by all workers.
#[derive(Debug)]
pub struct AuditLog {}

/// The record could not be written, and `AUDIT_FAILURE_MODE=block` says: then nothing happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct AuditUnavailable;

impl AuditLog {
    /// Writes one record.
    ///
    /// # Errors
    /// It could not be written, in `block` mode. In `allow` mode it never fails.
    pub fn record(&self, _event: &AuditEvent<'_>) -> Result<(), AuditUnavailable> {
        unimplemented!()
    }

    /// Whether the next record has a place to go: false closes the gate in `block` mode.
    pub fn is_writable(&self) -> bool {
        unimplemented!()
    }

    /// Records that a call begins.
    pub fn open_call(
        self: &std::sync::Arc<Self>,
        _caller: &Caller,
        _tool: &str,
        _operation: &str,
        _access: Access,
        _arguments: &serde_json::Map<String, serde_json::Value>,
        _call: u32,
    ) -> Result<AuditEntry, AuditUnavailable> {
        unimplemented!()
    }
}

/// A call under way. If it is dropped unclosed it writes itself as abandoned.
#[derive(Debug)]
#[must_use]
pub struct AuditEntry {}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub struct Finished {
    /// `ok`, `error`, `refused`, `cancelled`.
    pub outcome: &'static str,
    pub gitea_calls: u32,
    pub gitea_status: Option<u16>,
    pub answer_bytes: usize,
}

impl AuditEntry {
    pub fn close(self, _finished: Finished) {
        unimplemented!()
    }
}
