//! What is wrong with a log itself, in the words of every form for people.
use super::shown::{grouped, shown, times};
use crate::audit::summary::Summary;

/// So many places are told of breaks.
const PLACES: usize = 5;

/// What a server records of its log that nobody should overlook.
const EVENTS: [(&str, &str); 4] = [
    ("audit_log_truncated", "the log was cut by others"),
    ("audit_log_replaced", "the log was replaced by others"),
    ("audit_disk_full", "the disk was full"),
    (
        "audit_recovered",
        "the log ended in the midst of a record and was mended",
    ),
];

/// A fault, ready to be shown.
pub(super) struct Fault {
    pub(super) what: String,
    /// Where in the log, where that is known of each.
    pub(super) places: Vec<String>,
}

/// All that is wrong, the worst first.
pub(super) fn of(summary: &Summary) -> Vec<Fault> {
    let log = &summary.log;
    let mut faults = Vec::new();
    let mut told = |what| {
        faults.push(Fault {
            what,
            places: Vec::new(),
        });
    };
    if log.gaps > 0 {
        told(format!(
            "{}: {} could not be written",
            times(log.gaps, "gap", "gaps"),
            times(log.lost, "record", "records")
        ));
    }
    let malformed = &log.malformed;
    if malformed.lines > 0 {
        let kinds = [
            ("no UTF-8", malformed.not_utf8),
            ("no JSON", malformed.not_json),
            ("no record", malformed.not_a_record),
            ("too long", malformed.too_long),
        ];
        let kinds = kinds.iter().filter(|(_, count)| *count > 0);
        let kinds: Vec<_> = kinds
            .map(|(kind, count)| format!("{} {kind}", grouped(*count)))
            .collect();
        told(format!(
            "{} ({}); the first: {}",
            times(malformed.lines, "line is no record", "lines are no records"),
            kinds.join(", "),
            shown(malformed.first.as_deref().unwrap_or("unknown"))
        ));
    }
    if log.torn > 0 {
        told(format!(
            "{} in the midst of a line",
            times(log.torn, "file ends", "files end")
        ));
    }
    for why in &log.unreadable {
        told(format!("not all was read: {}", shown(why)));
    }
    if log.later > 0 {
        told(format!(
            "{} from the future: the clock was changed",
            times(log.later, "record is", "records are")
        ));
    }
    for (event, what) in EVENTS {
        if let Some(row) = summary.events.iter().find(|row| row.event == event) {
            told(format!(
                "{what} ({})",
                times(row.count, "record", "records")
            ));
        }
    }
    if log.breaks > 0 {
        faults.insert(0, breaks(summary));
    }
    faults
}

fn breaks(summary: &Summary) -> Fault {
    let log = &summary.log;
    let places = log.broken_at.iter().take(PLACES).map(|it| {
        format!(
            "after record {} comes {} ({}, byte {})",
            it.after,
            it.found,
            shown(&it.file),
            it.offset
        )
    });
    Fault {
        what: format!(
            "{} in the numbers of records: some are missing or out of order",
            times(log.breaks, "break", "breaks")
        ),
        places: places.collect(),
    }
}
