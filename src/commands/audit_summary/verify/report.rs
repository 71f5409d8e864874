//! What was found of a log, told to a person or a program.
use std::{
    io::{self, Write},
    path::Path,
};

use console::style;
use serde::Serialize;

use super::super::shown::{self, times};
use crate::audit::verify::{Break, Place, Seals, Source, Verdict};

/// As many breaks and notes are shown to a person.
const SHOWN: usize = 20;

/// A file that could not be read, or not to its end, and why.
#[derive(Serialize)]
pub(super) struct Unread {
    path: String,
    error: String,
}

impl Unread {
    pub(super) fn new(path: &Path, error: String) -> Self {
        let path = path.to_string_lossy().into_owned();
        Self { path, error }
    }
}

pub(super) fn text(
    out: &mut impl Write,
    verdict: &Verdict,
    sources: &[Source],
    unread: &[Unread],
) -> io::Result<()> {
    for found in verdict.breaks.list.iter().take(SHOWN) {
        write_break(out, found, sources)?;
    }
    more(out, verdict.breaks.list.len(), verdict.breaks.total)?;
    for Unread { path, error } in unread {
        let told = style("cannot be read").red();
        writeln!(out, "{}: {told}: {error}", shown::shown(path))?;
    }
    for note in verdict.notes.list.iter().take(SHOWN) {
        let told = format!("{}: {}", place(note.at, sources), note.what);
        writeln!(out, "{} {told}", style("note:").dim())?;
    }
    more(out, verdict.notes.list.len(), verdict.notes.total)?;
    let records = times(verdict.records, "record", "records");
    let files = times(sources.len() as u64, "file", "files");
    if verdict.is_intact() && unread.is_empty() && verdict.records == 0 {
        return writeln!(
            out,
            "{} there is no record in {files}",
            style("empty:").bold()
        );
    }
    if !verdict.is_intact() {
        let breaks = times(verdict.breaks.total, "break", "breaks");
        let told = style(format!("broken: {breaks}")).red().bold();
        writeln!(out, "{told} in {records} of {files}")?;
    } else if unread.is_empty() {
        let told = style("intact:").green().bold();
        writeln!(out, "{told} {records} in {files}")?;
    } else {
        let told = style("not judged:").red().bold();
        writeln!(
            out,
            "{told} {records} of {files} are intact as far as they could be read"
        )?;
    }
    if let Some(end) = verdict.end {
        writeln!(
            out,
            "  the last is {}, SHA-256 {}",
            end.seq,
            hex::encode(end.hash)
        )?;
    }
    seals(out, verdict.seals)
}

fn write_break(out: &mut impl Write, found: &Break, sources: &[Source]) -> io::Result<()> {
    let place = place(found.at, sources);
    writeln!(out, "{place}: {}", style(found).red())?;
    writeln!(out, "    expected  {}", found.expected)?;
    writeln!(out, "    found     {}", found.found)
}

fn more(out: &mut impl Write, listed: usize, total: u64) -> io::Result<()> {
    let rest = total.saturating_sub(listed.min(SHOWN) as u64);
    if rest > 0 {
        writeln!(out, "... and {rest} more")?;
    }
    Ok(())
}

fn seals(out: &mut impl Write, seals: Seals) -> io::Result<()> {
    let Seals {
        found,
        are_checked,
        right,
        up_to,
        begins_with,
    } = seals;
    if found == 0 {
        return Ok(());
    }
    let found = times(found, "sealed checkpoint", "sealed checkpoints");
    match up_to {
        Some(seq) => {
            writeln!(
                out,
                "  {found}, {right} of them right: sealed up to record {seq}"
            )?;
            match begins_with {
                Some(number) => writeln!(
                    out,
                    "  the first is seal {number}: those before it were in files that are not here, and whoever had its key could have written all of this"
                ),
                None => Ok(()),
            }
        }
        None if are_checked => writeln!(out, "  {found}, none of them by the key that was given"),
        None => writeln!(out, "  {found}, not checked: `--seal-key` names the key"),
    }
}

fn place(at: Place, sources: &[Source]) -> String {
    let path = sources.get(at.file).map(|source| shown::path(&source.path));
    let path = path.unwrap_or_default();
    match at.line {
        0 => path,
        line => format!("{path}:{line}"),
    }
}

/// What programs read: a member that goes or means something else makes a new `version`.
#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    intact: bool,
    records: u64,
    files: Vec<File>,
    breaks_total: u64,
    /// The first thousand.
    breaks: Vec<Broken<'a>>,
    notes: Vec<Noted>,
    unreadable: &'a [Unread],
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Last>,
    seals: Sealed,
}

#[derive(Serialize)]
struct File {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seq: Option<u64>,
}

#[derive(Serialize)]
struct Broken<'a> {
    path: String,
    line: u64,
    kind: &'static str,
    count: u64,
    what: String,
    expected: &'a str,
    found: &'a str,
}

#[derive(Serialize)]
struct Noted {
    path: String,
    line: u64,
    kind: &'static str,
    what: String,
}

#[derive(Serialize)]
struct Last {
    path: String,
    line: u64,
    seq: u64,
    hash: String,
}

#[derive(Serialize)]
struct Sealed {
    found: u64,
    right: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    up_to_seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    begins_with: Option<u64>,
}

pub(super) fn json(
    out: &mut impl Write,
    verdict: &Verdict,
    sources: &[Source],
    unread: &[Unread],
) -> io::Result<()> {
    let path = |at: Place| {
        let source = sources.get(at.file);
        source.map_or(String::new(), |it| it.path.to_string_lossy().into_owned())
    };
    let at = |file| path(Place { file, line: 0 });
    let files = verdict.files.iter().enumerate().map(|(file, range)| File {
        path: at(file),
        first_seq: range.map(|(first, _)| first),
        last_seq: range.map(|(_, last)| last),
    });
    let breaks = verdict.breaks.list.iter().map(|found| Broken {
        path: path(found.at),
        line: found.at.line,
        kind: found.kind.as_str(),
        count: found.count,
        what: found.to_string(),
        expected: &found.expected,
        found: &found.found,
    });
    let notes = verdict.notes.list.iter().map(|note| Noted {
        path: path(note.at),
        line: note.at.line,
        kind: note.what.as_str(),
        what: note.what.to_string(),
    });
    let last = verdict.end.map(|end| Last {
        path: path(end.at),
        line: end.at.line,
        seq: end.seq,
        hash: hex::encode(end.hash),
    });
    let told = Json {
        version: 1,
        intact: verdict.is_intact() && unread.is_empty(),
        records: verdict.records,
        files: files.collect(),
        breaks_total: verdict.breaks.total,
        breaks: breaks.collect(),
        notes: notes.collect(),
        unreadable: unread,
        last,
        seals: Sealed {
            found: verdict.seals.found,
            right: verdict.seals.right,
            up_to_seq: verdict.seals.up_to,
            begins_with: verdict.seals.begins_with,
        },
    };
    let json = serde_json::to_string_pretty(&told)?;
    writeln!(out, "{}", shown::ascii(&json))
}
