//! What is told by name: keys, addresses, clients, operations, reasons.
use std::io;

use super::{CALLS, Page, minute};
use crate::{
    audit::summary::{CallRow, Ranking, Summary},
    commands::audit_summary::{
        shown::{bytes, duration, grouped, shown},
        table::Table,
    },
};

impl Page<'_> {
    /// How many there are of a kind, and what is not shown of them.
    pub(super) fn ranking_head<T>(&mut self, name: &str, ranking: &Ranking<T>) -> io::Result<()> {
        let about = if ranking.estimated { "about " } else { "" };
        let more = ranking.distinct > ranking.rows.len() as u64;
        let first = if more {
            format!(", the first {}", ranking.rows.len())
        } else {
            String::new()
        };
        self.head(&format!(
            "{name} ({about}{}{first})",
            grouped(ranking.distinct)
        ))?;
        if ranking.missed_at_most > 0 {
            writeln!(
                self.out,
                "  too many to count each: up to {} of one may be missing",
                grouped(ranking.missed_at_most)
            )?;
        }
        Ok(())
    }

    pub(super) fn keys(&mut self, summary: &Summary) -> io::Result<()> {
        let keys = &summary.keys;
        if keys.rows.is_empty() {
            return Ok(());
        }
        self.ranking_head("Keys", keys)?;
        let mut table = Table::new(&[
            "<label",
            "<hint",
            "let in",
            "calls",
            "writes",
            "failed",
            "last used",
        ]);
        for row in &keys.rows {
            let last = match row.last_used {
                _ if row.refused_as_retired > 0 => {
                    format!("retired, tried {}", grouped(row.refused_as_retired))
                }
                Some(time) => minute(time),
                None => "-".to_owned(),
            };
            table.row([
                row.label.as_deref().map_or("-".to_owned(), shown),
                shown(&row.key_hint),
                grouped(row.requests),
                grouped(row.calls),
                grouped(row.writes),
                grouped(row.errors),
                last,
            ]);
        }
        table.write(self.out)
    }

    pub(super) fn addresses(&mut self, summary: &Summary) -> io::Result<()> {
        let addresses = &summary.addresses;
        if addresses.rows.is_empty() {
            return Ok(());
        }
        self.ranking_head("Addresses", addresses)?;
        let mut table = Table::new(&[
            "<address", "<network", "let in", "failed", "refused", "blocks",
        ]);
        for row in &addresses.rows {
            table.row([
                row.address.to_string(),
                row.network.clone(),
                grouped(row.successful),
                grouped(row.failed),
                grouped(row.denied.saturating_add(row.blocked_requests)),
                grouped(row.blocks),
            ]);
        }
        table.write(self.out)?;
        if summary.networks.is_empty() {
            return Ok(());
        }
        self.head("Networks with several of them")?;
        let mut table = Table::new(&[
            "<network",
            "addresses",
            "let in",
            "failed",
            "refused",
            "blocks",
        ]);
        for row in summary.networks.iter().take(self.top.min(CALLS)) {
            table.row([
                row.network.clone(),
                grouped(row.addresses),
                grouped(row.successful),
                grouped(row.failed),
                grouped(row.denied.saturating_add(row.blocked_requests)),
                grouped(row.blocks),
            ]);
        }
        table.write(self.out)
    }

    pub(super) fn user_agents(&mut self, summary: &Summary) -> io::Result<()> {
        let agents = &summary.user_agents;
        if agents.rows.is_empty() {
            return Ok(());
        }
        self.ranking_head("Clients", agents)?;
        let mut table = Table::new(&["<user agent", "let in", "refused"]);
        for row in &agents.rows {
            table.row([
                shown(&row.user_agent),
                grouped(row.successful),
                grouped(row.denied),
            ]);
        }
        table.write(self.out)
    }

    pub(super) fn operations(&mut self, summary: &Summary) -> io::Result<()> {
        let operations = &summary.operations;
        if operations.rows.is_empty() {
            return Ok(());
        }
        self.ranking_head("Operations", operations)?;
        let mut table = Table::new(&[
            "<operation",
            "<access",
            "calls",
            "failed",
            "rate",
            "p50",
            "p99",
            "longest",
        ]);
        let time = |millis: Option<u64>| millis.map_or("-".to_owned(), duration);
        for row in &operations.rows {
            table.row([
                shown(&row.operation),
                row.access.map_or("-", |it| it.as_str()).to_owned(),
                grouped(row.calls),
                grouped(row.errors),
                format!("{:.1}%", row.error_rate * 100.0),
                time(row.p50_ms),
                time(row.p99_ms),
                time(row.longest_ms),
            ]);
        }
        table.write(self.out)
    }

    pub(super) fn reasons(&mut self, summary: &Summary) -> io::Result<()> {
        if summary.denials.is_empty() {
            return Ok(());
        }
        self.head("Refused, and why")?;
        let mut table = Table::new(&["<reason", "count"]);
        for row in &summary.denials {
            let reason = match &*row.reason {
                "aggregated" => "too many to record each (counted as failed)".to_owned(),
                "blocked" => "its address was blocked".to_owned(),
                reason => shown(reason),
            };
            table.row([reason, grouped(row.count)]);
        }
        table.write(self.out)
    }

    pub(super) fn calls(&mut self, name: &str, calls: &[CallRow]) -> io::Result<()> {
        if calls.is_empty() {
            return Ok(());
        }
        self.head(name)?;
        let mut table = Table::new(&["<operation", "took", "answer", "<key", "<ended"]);
        for call in calls.iter().take(self.top.min(CALLS)) {
            table.row([
                shown(&call.operation),
                call.duration_ms.map_or("-".to_owned(), duration),
                call.answer_bytes.map_or("-".to_owned(), bytes),
                call.key_hint.as_deref().map_or("-".to_owned(), shown),
                minute(call.time),
            ]);
        }
        table.write(self.out)
    }

    pub(super) fn events(&mut self, summary: &Summary) -> io::Result<()> {
        if summary.events.is_empty() {
            return Ok(());
        }
        self.head("Other records")?;
        let mut table = Table::new(&["<event", "count"]);
        for row in summary.events.iter().take(2 * self.top) {
            table.row([shown(&row.event), grouped(row.count)]);
        }
        table.write(self.out)
    }
}
