//! `aegis audit-summary`: what the audit log holds, all together.
//!
//! Every form is made from one [`Summary`]; what a person reads goes through `shown`, so that no
//! text of a log does anything to a terminal or a browser.
mod bounds;
mod cell;
mod chart;
mod csv;
mod days;
mod faults;
mod html;
mod logs;
mod output;
mod progress;
mod sections;
mod shown;
mod table;
mod tail;
mod text;
mod times;
mod verify;

use std::{
    io::{self, Write},
    num::NonZero,
    thread,
};

use chrono::Utc;
use console::Term;

use super::Failure;
use crate::{
    audit::{
        reader::Log,
        summary::{Effort, Period, Summary, Window, summarize},
    },
    cli::{self, AuditCommand, AuditSummary},
};

pub(super) fn run(asked: &AuditSummary) -> Result<(), Failure> {
    match &asked.instead {
        Some(AuditCommand::Verify(asked)) => verify::run(asked),
        Some(AuditCommand::Tail(asked)) => tail::run(asked),
        None => report(asked),
    }
}

fn report(asked: &AuditSummary) -> Result<(), Failure> {
    let bounds = asked.fail_on.as_deref().map(bounds::parse).transpose();
    let bounds = bounds.map_err(|wrong| Failure::Usage(format!("`--fail-on`: {wrong}")))?;
    let bounds = bounds.unwrap_or_default();
    let logs = logs::find(&asked.logs)?;
    let output = output::named(asked.output.as_deref());
    if let Some(file) = output {
        let live = logs::live(asked.logs.env_file.as_deref()).ok();
        let live = live.as_ref().map(|live| &*live.path);
        if output::is_log(file, &logs, live) {
            return Err(Failure::Usage(format!(
                "{} is an audit log or belongs to one: name another file with `--output`",
                shown::path(file)
            )));
        }
    }
    // Behind that: what is found is not later than now.
    let window = window(asked)?;
    let effort = Effort {
        threads: asked.threads.unwrap_or_else(processors),
        top: usize::from(asked.top),
    };
    let length = logs.iter().map(Log::length).sum();
    let mut summary = progress::shown(length, |read| summarize(&logs, &window, effort, read));
    logs::add_labels(&mut summary, &asked.logs);

    let mut rendered = Vec::new();
    render(&mut rendered, asked, &summary)
        .and_then(|()| output::write(output, &rendered))
        .map_err(|error| {
            let place = output.map_or("it".into(), |it| it.display().to_string());
            Failure::Other(format!("{place} cannot be written: {error}"))
        })?;

    let passed: Vec<_> = bounds
        .iter()
        .filter_map(|bound| bound.passed(&summary))
        .collect();
    if !passed.is_empty() {
        // Nobody is left to tell if standard error is closed; the code says it too.
        let _ = writeln!(io::stderr(), "error: {}", passed.join("; "));
        return Err(Failure::Said(4));
    }
    let log = &summary.log;
    if asked.strict && (log.malformed.lines > 0 || !log.unreadable.is_empty()) {
        return Err(Failure::Other(format!(
            "{}, {} not be read to the end",
            shown::times(
                log.malformed.lines,
                "line is no record",
                "lines are no records"
            ),
            shown::times(log.unreadable.len() as u64, "file could", "files could")
        )));
    }
    Ok(())
}

fn render(out: &mut Vec<u8>, asked: &AuditSummary, summary: &Summary) -> io::Result<()> {
    if asked.json {
        let json = serde_json::to_string_pretty(summary)?;
        writeln!(out, "{}", shown::ascii(&json))
    } else if asked.csv {
        csv::write(out, summary)
    } else if asked.html {
        let page = html::page(summary, usize::from(asked.top));
        out.write_all(page.as_bytes())
    } else {
        let coloured = output::named(asked.output.as_deref()).is_none()
            && Term::stdout().is_term()
            && console::colors_enabled();
        text::write(out, summary, usize::from(asked.top), coloured)
    }
}

fn window(asked: &AuditSummary) -> Result<Window, Failure> {
    let now = Utc::now();
    if asked.since.is_some() || asked.until.is_some() {
        return times::window(asked.since.as_deref(), asked.until.as_deref(), now)
            .map_err(Failure::Usage);
    }
    let period = match asked.period {
        Some(cli::Period::Daily) => Period::Daily,
        Some(cli::Period::Monthly) => Period::Monthly,
        Some(cli::Period::Quarterly) => Period::Quarterly,
        Some(cli::Period::Yearly) => Period::Yearly,
        Some(cli::Period::All) => Period::All,
        Some(cli::Period::Weekly | cli::Period::Report) | None => Period::Weekly,
    };
    Ok(Window::rolling(period, now))
}

/// Each thread has tables of its own: eight are enough for any disk.
fn processors() -> usize {
    thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(8)
}
