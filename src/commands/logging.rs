//! Lines on standard error, by `RUST_LOG`; a few are printed whatever it says.
mod outlet;

use std::{
    fmt::{self, Write},
    io::{self, Write as _},
    sync::Arc,
};

use chrono::{SecondsFormat, Utc};
use env_filter::Filter;
use env_logger::{Target, WriteStyle, fmt::Formatter};
use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;

use self::outlet::{Inlet, Outlet};
use super::Failure;
use crate::config::LogFormat;

/// The target of lines that are always printed. So are those that begin with [`CRITICAL`].
pub(super) const ALWAYS: &str = "aegis";
/// How a line begins that somebody must act on.
const CRITICAL: &str = "critical:";

/// Begins logging. A second call changes nothing.
pub(super) fn start(filter: Filter, format: LogFormat) -> Result<(), Failure> {
    let outlet = Outlet::to_stderr();
    let outlet = outlet.map_err(|error| Failure::Other(format!("no log: {error}")))?;
    let mut lines = env_logger::Builder::new();
    let style = if console::colors_enabled_stderr() {
        WriteStyle::Always
    } else {
        WriteStyle::Never
    };
    lines
        .filter_level(LevelFilter::Trace)
        .write_style(style)
        .target(Target::Pipe(Box::new(Inlet(Arc::clone(&outlet)))));
    match format {
        LogFormat::Json => lines.format(|out, record| writeln!(out, "{}", object(record))),
        LogFormat::Text => lines.format(line),
    };
    let logger = lines.build();
    let level = filter.filter().max(LevelFilter::Info);
    let lines = Lines {
        filter,
        logger,
        outlet,
    };
    if log::set_boxed_logger(Box::new(lines)).is_ok() {
        log::set_max_level(level);
    }
    Ok(())
}

struct Lines {
    filter: Filter,
    logger: env_logger::Logger,
    outlet: Arc<Outlet>,
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == ALWAYS || self.filter.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if record.target() == ALWAYS || self.filter.matches(record) || is_critical(record) {
            self.logger.log(record);
        }
    }

    /// Waits for a moment until all is out.
    fn flush(&self) {
        self.outlet.drain();
    }
}

/// A line for people. What is longer than one goes on further in.
fn line(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let time = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let (level, target) = (record.level(), record.target());
    let style = out.default_level_style(level);
    let message = record.args().to_string().replace('\n', "\n    ");
    writeln!(
        out,
        "[{time} {style}{level:<5}{style:#} {target}] {message}"
    )
}

/// A line as JSON. What somebody must act on has a level of its own.
fn object(record: &Record<'_>) -> serde_json::Value {
    let message = record.args().to_string();
    let (level, message) = match message.strip_prefix(CRITICAL) {
        Some(rest) => ("critical".to_owned(), rest.trim_start()),
        None => (record.level().as_str().to_lowercase(), &*message),
    };
    json!({
        "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        "level": level,
        "target": record.target(),
        "message": message,
    })
}

fn is_critical(record: &Record<'_>) -> bool {
    let mut begins = Begins { rest: CRITICAL };
    // It fails where the text differs, so no more of it is written than needed.
    let _ = write!(begins, "{}", record.args());
    begins.rest.is_empty()
}

/// Compares what is written with the beginning that it should have.
struct Begins {
    rest: &'static str,
}

impl Write for Begins {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let length = text.len().min(self.rest.len());
        if text.as_bytes()[..length] != self.rest.as_bytes()[..length] {
            return Err(fmt::Error);
        }
        self.rest = &self.rest[length..];
        if self.rest.is_empty() {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_critical_line_is_known_by_its_beginning() {
        let critical =
            |text: &str| is_critical(&Record::builder().args(format_args!("{text}")).build());
        assert!(critical("critical: the log is full"));
        assert!(critical("critical:"));
        for text in ["", "critical", "it is critical: yes", "Critical: x"] {
            assert!(!critical(text), "{text}");
        }
        let pieces = ["cri", "tical"];
        let [a, b] = pieces;
        assert!(is_critical(
            &Record::builder()
                .args(format_args!("{a}{b}{}", ": x"))
                .build()
        ));
    }
}
