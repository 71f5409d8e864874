//! `aegis audit-summary`: what the audit log holds.
mod logs;
mod text;

use std::{
    io::{self, Write},
    num::NonZero,
    sync::atomic::AtomicU64,
    thread,
};

use chrono::Utc;

use super::Failure;
use crate::{
    audit::summary::{Effort, Period, Window, summarize},
    cli::{self, AuditSummary},
};

pub(super) fn run(asked: &AuditSummary) -> Result<(), Failure> {
    if let Some(command) = &asked.instead {
        match *command {}
    }
    let window = window(asked);
    let logs = logs::find(&asked.logs)?;
    let effort = Effort {
        threads: asked.threads.unwrap_or_else(processors),
        top: usize::from(asked.top),
    };
    let summary = summarize(&logs, &window, effort, &AtomicU64::new(0));
    let mut out = io::stdout().lock();
    let written = if asked.json {
        serde_json::to_writer_pretty(&mut out, &summary)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        text::write(&mut out, &summary)
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::Other(format!("the summary cannot be written: {error}")))
}

fn window(asked: &AuditSummary) -> Window {
    let period = match asked.period {
        Some(cli::Period::Daily) => Period::Daily,
        Some(cli::Period::Monthly) => Period::Monthly,
        Some(cli::Period::Quarterly) => Period::Quarterly,
        Some(cli::Period::Yearly) => Period::Yearly,
        Some(cli::Period::All) => Period::All,
        Some(cli::Period::Weekly | cli::Period::Report) | None => Period::Weekly,
    };
    Window::rolling(period, Utc::now())
}

/// Each thread has tables of its own: eight are enough for any disk.
fn processors() -> usize {
    thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(8)
}
