//! A call under way.
use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

use super::{AuditEvent, AuditLog, AuditUnavailable, Recorded, arguments};
use crate::{
    caller::{Caller, RequestId},
    keys::KeyHint,
    rights::Access,
};

/// A call under way. Dropped unclosed it writes itself as cancelled, for its client left; where the
/// call panicked, as abandoned.
#[derive(Debug)]
#[must_use = "dropped, it says that the client left"]
pub struct AuditEntry {
    log: Arc<AuditLog>,
    tool: String,
    operation: String,
    access: Access,
    key_hint: Option<KeyHint>,
    request_id: RequestId,
    call: u32,
    started: Duration,
    /// What it means if nobody closes it; nothing once it is closed.
    unclosed: Option<CallOutcome>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub struct Finished {
    pub outcome: CallOutcome,
    /// Requests to the forge.
    pub gitea_calls: u32,
    /// The status of the last of them.
    pub gitea_status: Option<u16>,
    pub answer_bytes: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallOutcome {
    Ok,
    Error,
    /// The caller has no right to it, or the call was wrong before anything was asked.
    Refused,
    /// The client left or called it off; what it changed is unknown.
    Cancelled,
    /// Nobody said how it ended: it panicked.
    Abandoned,
}

impl CallOutcome {
    /// In the order of their declaration.
    pub const ALL: [Self; 5] = [
        Self::Ok,
        Self::Error,
        Self::Refused,
        Self::Cancelled,
        Self::Abandoned,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
        }
    }
}

impl AuditLog {
    /// Records that a call begins; `tool` and `operation` are names of the catalog, `call` is its
    /// number within the request. The entry records how it ends. That a call will change something
    /// is on the disk before this returns, unless nothing is synced.
    ///
    /// # Errors
    /// It could not be recorded: the call must not run.
    pub async fn open_call(
        self: &Arc<Self>,
        caller: &Caller,
        tool: &str,
        operation: &str,
        access: Access,
        arguments: &Map<String, Value>,
        call: u32,
    ) -> Result<AuditEntry, AuditUnavailable> {
        let key_hint = caller.key.as_ref().map(|key| key.hint);
        let recorded = self.record(&AuditEvent::CallStarted {
            tool,
            operation,
            access,
            key_hint: key_hint.as_ref().map(KeyHint::as_str),
            client_ip: caller.client_ip,
            arguments_digest: arguments::digest(arguments),
            arguments,
            request_id: caller.request_id,
            call,
        })?;
        let mut entry = AuditEntry {
            log: Arc::clone(self),
            tool: tool.to_owned(),
            operation: operation.to_owned(),
            access,
            key_hint,
            request_id: caller.request_id,
            call,
            started: self.clock().elapsed(),
            unclosed: Some(CallOutcome::Cancelled),
        };
        let synced = if access == Access::Read {
            self.committed(recorded).await
        } else {
            self.synced(recorded).await
        };
        if synced.is_err() {
            entry.unclosed = Some(CallOutcome::Refused);
        }
        synced.map(|()| entry)
    }
}

impl AuditEntry {
    /// Records how the call ended, as safely as it is asked for. If that cannot be written, what was
    /// done stays done and is answered; the log says so and is no longer writable.
    pub async fn close(mut self, finished: Finished) {
        self.unclosed = None;
        if let Some(recorded) = self.write(finished.outcome, Some(finished)) {
            let _ = self.log.committed(recorded).await;
        }
    }

    fn write(&self, outcome: CallOutcome, finished: Option<Finished>) -> Option<Recorded> {
        let took = self.log.clock().elapsed().saturating_sub(self.started);
        self.log.counts().note_call(&self.operation, outcome, took);
        let written = self.log.record(&AuditEvent::CallFinished {
            tool: &self.tool,
            operation: &self.operation,
            access: self.access,
            key_hint: self.key_hint.as_ref().map(KeyHint::as_str),
            outcome,
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            gitea_calls: finished.map(|it| it.gitea_calls),
            gitea_status: finished.and_then(|it| it.gitea_status),
            answer_bytes: finished.map(|it| it.answer_bytes),
            request_id: self.request_id,
            call: self.call,
        });
        if let Err(AuditUnavailable) = written {
            let (operation, request) = (&self.operation, self.request_id);
            log::error!(
                "critical: the end of `{operation}` (request {request}) is not in the audit log"
            );
        }
        written.ok()
    }
}

impl Drop for AuditEntry {
    fn drop(&mut self) {
        if let Some(outcome) = self.unclosed {
            let panicked = std::thread::panicking();
            let outcome = if panicked {
                CallOutcome::Abandoned
            } else {
                outcome
            };
            self.write(outcome, None);
        }
    }
}
