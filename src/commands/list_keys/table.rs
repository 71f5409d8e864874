//! The table for a person, which fits a terminal of 80 columns.
use console::{Alignment, measure_text_width, pad_str, style, truncate_str};

use super::row::Row;

/// One a column: its head, and whether it is of numbers.
const HEADS: [(&str, bool); 8] = [
    ("KEY", false),
    ("LABEL", false),
    ("STATE", false),
    ("CREATED", false),
    ("AGE", true),
    ("USED", true),
    ("USES", true),
    ("FROM", false),
];
const LABEL: usize = 1;
const FROM: usize = 7;
/// What these columns give up where not all has room, one after the other: down to so much.
const GIVE_UP: [(usize, usize); 3] = [(LABEL, 16), (FROM, 15), (LABEL, 8)];

pub(super) fn text(rows: &[Row], columns: usize, no_keys: &str, notes: Vec<String>) -> String {
    let mut lines = Vec::new();
    if rows.is_empty() {
        lines.push(no_keys.to_owned());
    } else {
        let cells: Vec<_> = rows.iter().map(cells).collect();
        let widths = widths(&cells, columns);
        let heads = HEADS.map(|(head, _)| head.to_owned());
        lines.push(style(line(&heads, &widths)).bold().to_string());
        lines.extend(cells.iter().map(|row| line(row, &widths)));
    }
    if rows.iter().any(|row| row.hashed) {
        lines.push("* only its digest is written down".to_owned());
    }
    if let Some(place) = rows.iter().find_map(|row| row.place) {
        lines.push(format!("+ is in {place}, which no command here edits"));
    }
    if rows.iter().any(|row| row.usage.is_some()) {
        lines.push("USED: how long ago, FROM: from where; USES: in the last 7 days".to_owned());
    }
    lines.extend(notes);
    lines.join("\n") + "\n"
}

fn cells(row: &Row) -> [String; 8] {
    let unknown = || "?".to_owned();
    let never = || "-".to_owned();
    let usage = row.usage.as_ref();
    let hashed = if row.hashed { "*" } else { "" };
    let foreign = if row.place.is_some() { "+" } else { "" };
    let from = usage.and_then(|usage| usage.last).map(|(_, from)| from);
    let by_use = |told: Option<String>| match (usage, told) {
        (_, Some(told)) => told,
        (Some(_), None) => never(),
        (None, None) => unknown(),
    };
    [
        format!("{}{hashed}{foreign}", row.hint),
        row.label.as_ref().map_or_else(never, ToString::to_string),
        row.state.to_owned(),
        row.created
            .map_or_else(unknown, |at| at.format("%Y-%m-%d").to_string()),
        row.days.map_or_else(unknown, |days| format!("{days}d")),
        by_use(row.since()),
        by_use(usage.map(|usage| usage.lately.to_string())),
        by_use(from.map(|from| from.to_string())),
    ]
}

/// As wide as its cells need, or as there is room for.
fn widths(rows: &[[String; 8]], columns: usize) -> [usize; 8] {
    let mut widths = HEADS.map(|(head, _)| head.len());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = measure_text_width(cell).max(*width);
        }
    }
    for (column, narrowest) in GIVE_UP {
        let all = widths.iter().sum::<usize>() + widths.len() - 1;
        let beyond = all.saturating_sub(columns);
        let least = narrowest.min(widths[column]);
        widths[column] = widths[column].saturating_sub(beyond).max(least);
    }
    widths
}

fn line(cells: &[String; 8], widths: &[usize; 8]) -> String {
    let cells = cells.iter().zip(widths).zip(HEADS);
    let padded = cells.map(|((cell, width), (_, is_number))| {
        let cell = truncate_str(cell, *width, "…");
        let side = if is_number {
            Alignment::Right
        } else {
            Alignment::Left
        };
        pad_str(&cell, *width, side, None).into_owned()
    });
    let line = padded.collect::<Vec<_>>().join(" ");
    line.trim_end().to_owned()
}
