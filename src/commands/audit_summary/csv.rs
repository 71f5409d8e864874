//! The summary for spreadsheets: one figure a line, after RFC 4180.
use std::io::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};

use super::shown::shown;
use crate::audit::summary::{CallRow, Ranking, Slot, Summary, Totals};

/// Writes `section,name,figure,value` and a line for each figure. What stands in the log is shown
/// as in the text, and begins no formula.
pub(super) fn write(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let mut sheet = Sheet { out };
    sheet.line("section", "name", "figure", "value")?;
    let bounds = [("from", summary.from), ("until", summary.until)];
    for (name, bound) in bounds {
        if let Some(bound) = bound {
            sheet.line("window", "", name, &time(bound))?;
        }
    }
    sheet.totals("totals", &summary.totals)?;
    if let Some(before) = &summary.before {
        sheet.totals("before", before)?;
    }
    sheet.slots("timeline", &summary.timeline.slots)?;
    sheet.slots("hours", &summary.hours)?;
    sheet.names(summary)?;
    sheet.log(summary)
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

struct Sheet<'o> {
    out: &'o mut dyn Write,
}

impl Sheet<'_> {
    fn line(&mut self, section: &str, name: &str, figure: &str, value: &str) -> io::Result<()> {
        let (name, value) = (cell(&shown(name)), cell(&shown(value)));
        write!(self.out, "{section},{name},{figure},{value}\r\n")
    }

    /// A label is no text of the log, and shown as it was given.
    fn labelled(&mut self, hint: &str, label: &str) -> io::Result<()> {
        let (hint, label) = (cell(&shown(hint)), cell(label));
        write!(self.out, "keys,{hint},label,{label}\r\n")
    }

    fn figures<V: ToString>(
        &mut self,
        section: &str,
        name: &str,
        figures: &[(&str, V)],
    ) -> io::Result<()> {
        for (figure, value) in figures {
            self.line(section, name, figure, &value.to_string())?;
        }
        Ok(())
    }

    /// The same, without those that are not known.
    fn known<V: ToString>(
        &mut self,
        section: &str,
        name: &str,
        figures: &[(&str, Option<V>)],
    ) -> io::Result<()> {
        for (figure, value) in figures {
            if let Some(value) = value {
                self.line(section, name, figure, &value.to_string())?;
            }
        }
        Ok(())
    }

    fn totals(&mut self, section: &str, totals: &Totals) -> io::Result<()> {
        let figures = [
            ("attempts", totals.attempts),
            ("successful", totals.successful),
            ("failed", totals.failed),
            ("aggregated", totals.aggregated),
            ("denied", totals.denied),
            ("rate_limited_addresses", totals.rate_limited_addresses),
            ("rate_limit_events", totals.rate_limit_events),
            ("blocked_requests", totals.blocked_requests),
            ("retired_keys", totals.retired_keys),
            ("unauthenticated", totals.unauthenticated),
            ("calls", totals.calls),
            ("ok", totals.ok),
            ("errors", totals.errors),
            ("refused", totals.refused),
            ("cancelled", totals.cancelled),
            ("abandoned", totals.abandoned),
            ("writes", totals.writes),
            ("destroys", totals.destroys),
            ("answer_bytes", totals.answer_bytes),
        ];
        self.figures(section, "", &figures)
    }

    fn slots(&mut self, section: &str, slots: &[Slot]) -> io::Result<()> {
        for slot in slots {
            let figures = [
                ("successful", slot.successful),
                ("denied", slot.denied),
                ("calls", slot.calls),
                ("errors", slot.errors),
            ];
            self.figures(section, &slot.at, &figures)?;
        }
        Ok(())
    }

    /// How many there are of what is told by name, which may be more than follow, and how far that and
    /// their figures may be off.
    fn ranking<T>(&mut self, section: &str, ranking: &Ranking<T>) -> io::Result<()> {
        let figures = [
            ("distinct", ranking.distinct),
            ("estimated", u64::from(ranking.estimated)),
            ("missed_at_most", ranking.missed_at_most),
        ];
        self.figures(section, "", &figures)
    }

    fn names(&mut self, summary: &Summary) -> io::Result<()> {
        self.ranking("keys", &summary.keys)?;
        for row in &summary.keys.rows {
            let figures = [
                ("requests", row.requests),
                ("calls", row.calls),
                ("writes", row.writes),
                ("errors", row.errors),
                ("refused_as_retired", row.refused_as_retired),
            ];
            self.figures("keys", &row.key_hint, &figures)?;
            if let Some(label) = &row.label {
                self.labelled(&row.key_hint, label)?;
            }
            if let Some(last) = row.last_used {
                self.line("keys", &row.key_hint, "last_used", &time(last))?;
            }
        }
        self.ranking("addresses", &summary.addresses)?;
        for row in &summary.addresses.rows {
            let figures = [
                ("successful", row.successful),
                ("failed", row.failed),
                ("denied", row.denied),
                ("blocks", row.blocks),
                ("blocked_requests", row.blocked_requests),
            ];
            self.figures("addresses", &row.address.to_string(), &figures)?;
        }
        for row in &summary.networks {
            let figures = [
                ("addresses", row.addresses),
                ("successful", row.successful),
                ("failed", row.failed),
                ("denied", row.denied),
                ("blocks", row.blocks),
                ("blocked_requests", row.blocked_requests),
            ];
            self.figures("networks", &row.network, &figures)?;
        }
        self.ranking("user_agents", &summary.user_agents)?;
        for row in &summary.user_agents.rows {
            let figures = [("successful", row.successful), ("denied", row.denied)];
            self.figures("user_agents", &row.user_agent, &figures)?;
        }
        self.ranking("operations", &summary.operations)?;
        for row in &summary.operations.rows {
            let figures = [
                ("calls", Some(row.calls)),
                ("ok", Some(row.ok)),
                ("errors", Some(row.errors)),
                ("refused", Some(row.refused)),
                ("cancelled", Some(row.cancelled)),
                ("abandoned", Some(row.abandoned)),
            ];
            self.known("operations", &row.operation, &figures)?;
            let rate = [("error_rate", row.error_rate)];
            self.figures("operations", &row.operation, &rate)?;
            let figures = [
                ("p50_ms", row.p50_ms),
                ("p99_ms", row.p99_ms),
                ("longest_ms", row.longest_ms),
                ("answer_bytes", Some(row.answer_bytes)),
            ];
            self.known("operations", &row.operation, &figures)?;
        }
        for row in &summary.denials {
            self.figures("denials", &row.reason, &[("count", row.count)])?;
        }
        for row in &summary.events {
            self.figures("events", &row.event, &[("count", row.count)])?;
        }
        self.calls("slowest", &summary.slowest)?;
        self.calls("largest", &summary.largest)
    }

    /// Calls have no names: they are numbered, the first being the most.
    fn calls(&mut self, section: &str, calls: &[CallRow]) -> io::Result<()> {
        for (at, call) in calls.iter().enumerate() {
            let name = (at + 1).to_string();
            let texts = [
                ("time", Some(time(call.time))),
                ("operation", Some(call.operation.clone())),
                ("key_hint", call.key_hint.clone()),
                ("request_id", call.request_id.clone()),
            ];
            self.known(section, &name, &texts)?;
            let figures = [
                ("duration_ms", call.duration_ms),
                ("answer_bytes", call.answer_bytes),
            ];
            self.known(section, &name, &figures)?;
        }
        Ok(())
    }

    fn log(&mut self, summary: &Summary) -> io::Result<()> {
        let log = &summary.log;
        let figures = [
            ("records", log.records),
            ("later", log.later),
            ("gaps", log.gaps),
            ("lost", log.lost),
            ("breaks", log.breaks),
            ("unnumbered", log.unnumbered),
            ("malformed", log.malformed.lines),
            ("torn", log.torn),
            ("unreadable", log.unreadable.len() as u64),
        ];
        self.figures("log", "", &figures)
    }
}

/// A cell with a shown text that no spreadsheet takes for a formula, nor for two cells of which one is: some have a
/// semicolon between cells.
fn cell(text: &str) -> String {
    let mut text = text.to_owned();
    if is_formula(&text) {
        text.insert(0, '\'');
    }
    let parts = text.split_inclusive(';').collect::<Vec<_>>();
    let of_parts = parts.iter().enumerate().map(|(at, part)| {
        let next = parts.get(at + 1).is_some_and(|next| is_formula(next));
        match part.strip_suffix(';') {
            Some(part) if next => format!("{part}\\u{{3b}}"),
            _ => (*part).to_owned(),
        }
    });
    let text = of_parts.collect::<String>();
    if text.contains(['"', ',']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

fn is_formula(cell: &str) -> bool {
    let start = cell.trim_start_matches([' ', '"', '\'']);
    start.starts_with(['=', '+', '-', '@'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_the_log_is_a_formula_or_ends_its_cell() {
        for (text, expected) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            (
                "x;=HYPERLINK(1); \"+1;y",
                "\"x\\u{3b}=HYPERLINK(1)\\u{3b} \"\"+1;y\"",
            ),
            ("@SUM(1)", "'@SUM(1)"),
            ("-2+3", "'-2+3"),
            ("\t=1", r"\u{9}=1"),
            ("a,\"b\"\r\nc", "\"a,\"\"b\"\"\\u{d}\\u{a}c\""),
            ("curl/8.5.0", "curl/8.5.0"),
        ] {
            assert_eq!(cell(&shown(text)), expected);
        }
    }
}
