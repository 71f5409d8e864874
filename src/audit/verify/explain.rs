//! Why a record does not follow the one before it.
use super::{
    mark::{Mark, Place},
    part::Records,
    said::Said,
    verdict::{Break, Kind, Note, Told},
};

pub(super) enum Explained {
    /// It is all right.
    Note(Note),
    /// It is not, and the chain is taken up with this record.
    Break(Break),
    /// This one record was changed, so nothing more can be said of the next one.
    ChangedOne(Break),
}

/// Of records that do not follow the `last` one, with the `next` ones behind them.
pub(super) fn explain(records: &Records, last: &Mark, next: Option<&Records>) -> Explained {
    let first = &records.first;
    let (wanted, found) = (record(last.seq + 1), record(first.seq));
    if first.is_origin()
        && let Some(Said::Displaced {
            expected, found, ..
        }) = first.said.as_deref()
    {
        return match expected {
            Some(expected) if expected.hash != last.hash => {
                let seq = found.map_or(0, |found| found.seq);
                let kind = Kind::RestoredOrCut { seq };
                let expected = format!("records up to {}, as the server knew them", expected.seq);
                let found = format!("records up to {seq}, and then a chain of its own");
                broken(first.at, kind, expected, found)
            }
            _ => Explained::Note(Note {
                at: first.at,
                what: Told::OwnChain,
            }),
        };
    }
    if first.hash == last.hash {
        return broken(first.at, Kind::Repeated, wanted, format!("{found} again"));
    }
    if first.seq == last.seq && first.prev == last.prev {
        let expected = format!("{found} as line {} has it", first.at.line);
        return broken(last.at, Kind::Inserted, expected, "another".to_owned());
    }
    if first.is_origin() {
        return broken(first.at, Kind::NewChain, wanted, found);
    }
    if records.lines() == 1
        && let Some(next) = next.map(|next| &next.first)
        && (next.seq == last.seq + 2 || first.seq > last.seq + 1 && next.seq == first.seq + 1)
    {
        let hash = hex::encode(next.prev);
        let expected = if next.seq == last.seq + 2 {
            format!("{wanted} with SHA-256 {hash}, as the next one says")
        } else {
            wanted
        };
        let found = format!("{found} with SHA-256 {}", hex::encode(first.hash));
        return Explained::ChangedOne(one(first.at, Kind::Changed, expected, found));
    }
    if records.lines() == 1 && !records.last.is_sound {
        let found = "a line that is shaped as a record and is none".to_owned();
        return broken(first.at, Kind::Changed, wanted, found);
    }
    if first.seq == last.seq + 1 && last.seq > 0 {
        let (of, hash) = (record(last.seq), hex::encode(first.prev));
        let expected = format!("{of} with SHA-256 {hash}, as the next one says");
        let found = format!("{of} with SHA-256 {}", hex::encode(last.hash));
        return broken(last.at, Kind::Changed, expected, found);
    }
    if first.seq == last.seq + 1 || first.prev == last.hash {
        return broken(first.at, Kind::Changed, wanted, found);
    }
    if first.seq < last.seq {
        return broken(first.at, Kind::Repeated, wanted, found);
    }
    let found = describe(first);
    Explained::Break(Break {
        count: first.seq.saturating_sub(last.seq + 1),
        ..one(first.at, Kind::Missing, wanted, found)
    })
}

fn broken(at: Place, kind: Kind, expected: String, found: String) -> Explained {
    Explained::Break(one(at, kind, expected, found))
}

fn one(at: Place, kind: Kind, expected: String, found: String) -> Break {
    Break {
        at,
        kind,
        count: 1,
        expected,
        found,
    }
}

/// A record, and what it says of those before it.
pub(super) fn describe(mark: &Mark) -> String {
    let found = record(mark.seq);
    match mark.said.as_deref() {
        Some(Said::Displaced { .. }) => format!("{found}, which says that the log was cut"),
        Some(Said::Rotated {
            previous_file: Some(file),
        }) => format!("{found}, which goes on from `{}`", file.escape_debug()),
        _ => found,
    }
}

pub(super) fn record(seq: u64) -> String {
    format!("record {seq}")
}
