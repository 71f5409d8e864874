//! What `/metrics` says beside the answers by status. No label holds an address, a key or a name from
//! the forge.
use std::{fmt::Write as _, sync::Arc, time::SystemTime};

use super::in_force::InForce;
use crate::{audit::Calls, gitea::Forge, server::Metrics};

/// Where the numbers are.
struct Sources {
    current: InForce,
    forge: Arc<Forge>,
    /// In seconds since 1970.
    started: u64,
}

/// The page of a server with these parts.
pub(super) fn of(current: &InForce, forge: &Arc<Forge>) -> Metrics {
    let sources = Sources {
        current: current.clone(),
        forge: Arc::clone(forge),
        started: SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .as_secs(),
    };
    Metrics::new(move |page| {
        sources.write_calls(page);
        sources.write_state(page);
    })
}

impl Sources {
    fn write_calls(&self, page: &mut String) {
        let calls = self.current.audit.counts().calls();
        head(
            page,
            "aegis_calls_total",
            "counter",
            "Calls by operation and outcome.",
        );
        for (operation, calls) in &calls {
            for (outcome, count) in calls.outcomes().filter(|(_, count)| *count > 0) {
                let outcome = outcome.as_str();
                line(
                    page,
                    "aegis_calls_total",
                    &format!("operation=\"{operation}\",outcome=\"{outcome}\""),
                    count,
                );
            }
        }
        head(
            page,
            "aegis_call_duration_seconds",
            "histogram",
            "How long calls took.",
        );
        for (operation, calls) in &calls {
            write_histogram(page, operation, calls);
        }
    }

    fn write_state(&self, page: &mut String) {
        let audit = &self.current.audit;
        let keys = self.current.ring.load().in_force(audit.now()).count();
        let asked = self.forge.requests();
        let version = concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"");
        let state: [(&str, &str, &str, &str, u64); 10] = [
            (
                "aegis_blocks_total",
                "counter",
                "How often an address was blocked for its failures.",
                "",
                audit.counts().blocks(),
            ),
            (
                "aegis_audit_writable",
                "gauge",
                "Whether records can be written.",
                "",
                audit.is_writable().into(),
            ),
            (
                "aegis_audit_nearly_full",
                "gauge",
                "Whether there will be no room for records soon.",
                "",
                audit.is_nearly_full().into(),
            ),
            (
                "aegis_gitea_requests_total",
                "counter",
                "Requests to the forge.",
                "",
                asked.all,
            ),
            (
                "aegis_gitea_failures_total",
                "counter",
                "Requests that the forge did not answer, or with a fault of its own.",
                "",
                asked.failed,
            ),
            (
                "aegis_gitea_up",
                "gauge",
                "Whether the forge answered the last request.",
                "",
                asked.is_up.into(),
            ),
            (
                "aegis_streams_open",
                "gauge",
                "Event streams that are open.",
                "",
                self.current.streams.open_streams() as u64,
            ),
            ("aegis_keys", "gauge", "Keys in force.", "", keys as u64),
            (
                "aegis_build_info",
                "gauge",
                "The version that runs.",
                version,
                1,
            ),
            (
                "process_start_time_seconds",
                "gauge",
                "When it started, since 1970.",
                "",
                self.started,
            ),
        ];
        for (name, kind, help, label, value) in state {
            head(page, name, kind, help);
            line(page, name, label, value);
        }
    }
}

fn write_histogram(page: &mut String, operation: &str, calls: &Calls) {
    let name = "aegis_call_duration_seconds";
    let mut so_far = 0;
    for (bound, count) in Calls::BOUNDS.into_iter().zip(calls.within) {
        so_far += count;
        let bound = f64::from(bound) / 1000.0;
        let label = format!("operation=\"{operation}\",le=\"{bound}\"");
        line(page, &format!("{name}_bucket"), &label, so_far);
    }
    let label = format!("operation=\"{operation}\"");
    line(
        page,
        &format!("{name}_bucket"),
        &format!("{label},le=\"+Inf\""),
        calls.ended(),
    );
    line(
        page,
        &format!("{name}_sum"),
        &label,
        calls.took.as_secs_f64(),
    );
    line(page, &format!("{name}_count"), &label, calls.ended());
}

fn head(page: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(page: &mut String, name: &str, label: &str, value: impl std::fmt::Display) {
    let _ = match label {
        "" => writeln!(page, "{name} {value}"),
        label => writeln!(page, "{name}{{{label}}} {value}"),
    };
}
