//! What happened when: the bars of the charts, and the tables of their figures.
use chrono::{DateTime, Utc};

use super::{
    super::{
        cell::Cell,
        chart::gathered,
        days::{self, Days},
        sections::Section,
        shown::grouped,
    },
    chart::{Chart, Series},
    markup::Html,
    tables,
};
use crate::audit::summary::{Slot, Step, Summary};

/// So many bars fit beside each other on a phone. More days than that are weeks: in each of those is
/// a Sunday.
const BARS: usize = 92;

/// What slots beside each other count, each of these as many as the others.
struct Bars {
    /// When each is: `2026-01-29`, `12:00`.
    names: Vec<String>,
    let_in: Vec<u64>,
    refused: Vec<u64>,
    calls: Vec<u64>,
    failed: Vec<u64>,
}

/// Who came and what was asked for, over the time and by the hour of the day.
pub(super) fn charts(page: &mut Html, summary: &Summary) {
    let timeline = &summary.timeline;
    if timeline.slots.is_empty() {
        return;
    }
    let days = days::all(summary);
    let (bars, each) = Bars::of(&days.slots);
    let bars = bars.named(names(&days, each));
    let (title, one, several) = match timeline.step {
        Step::Hour => ("By hour", "an hour", "hours"),
        Step::Day => ("By day", "a day", "days"),
    };
    let mut unit = match each {
        1 => one.to_owned(),
        _ => format!("{each} {several}"),
    };
    if days.are_part_of(timeline) {
        unit += ", of one year only";
    }
    part(page, title, &unit, &bars);

    let hours: Vec<_> = summary.hours.iter().collect();
    let (bars, _) = Bars::of(&hours);
    let bars = bars.named((0..24).map(|hour| format!("{hour:02}:00")).collect());
    part(
        page,
        "By hour of the day (UTC)",
        "an hour, all days together",
        &bars,
    );
    if timeline.left_out > 0 {
        page.raw("<p>").text(&grouped(timeline.left_out));
        page.raw(" records found no place here</p>\n");
    }
}

/// When each bar is, of so many slots each but for the first one.
fn names(days: &Days<'_>, each: usize) -> Vec<String> {
    let form = match days.step {
        ..86_400 => "%Y-%m-%d %H:%M",
        _ => "%Y-%m-%d",
    };
    let name = |slot: i64| {
        let time = DateTime::<Utc>::from_timestamp(days.start + slot * days.step, 0);
        time.unwrap_or_default().format(form).to_string()
    };
    let slots = signed(days.slots.len());
    let mut ends: Vec<_> = (0..slots).rev().step_by(each).collect();
    ends.reverse();
    let bars = ends.into_iter().map(|last| {
        let first = (last + 1 - signed(each)).max(0);
        if first == last {
            return name(first);
        }
        format!("{} to {}", name(first), name(last))
    });
    bars.collect()
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Bars {
    /// Their names are still missing.
    fn of(slots: &[&Slot]) -> (Self, usize) {
        let bars = match slots.len() {
            few @ ..=BARS => few,
            many => many.div_ceil(7).min(BARS),
        };
        let gather = |count: fn(&Slot) -> u64| {
            let values: Vec<_> = slots.iter().map(|slot| count(slot)).collect();
            gathered(&values, bars.max(1))
        };
        let (let_in, each) = gather(|it| it.successful);
        let bars = Self {
            names: Vec::new(),
            let_in,
            refused: gather(|it| it.denied).0,
            calls: gather(|it| it.calls).0,
            failed: gather(|it| it.errors).0,
        };
        (bars, each)
    }

    fn named(self, names: Vec<String>) -> Self {
        Self { names, ..self }
    }
}

/// Both charts of some bars, and their figures.
fn part(page: &mut Html, title: &'static str, unit: &str, bars: &Bars) {
    page.raw("<section class=\"card\">\n<h2>").raw(title);
    page.raw(" <small>a bar is ").text(unit);
    page.raw("</small></h2>\n<div class=\"row\">\n");
    Chart {
        title,
        names: &bars.names,
        below: Series {
            name: "let in",
            told: &bars.let_in,
            high: &bars.let_in,
        },
        above: Series {
            name: "refused",
            told: &bars.refused,
            high: &bars.refused,
        },
    }
    .write(page);
    let well = bars.calls.iter().zip(&bars.failed);
    let well: Vec<_> = well
        .map(|(calls, failed)| calls.saturating_sub(*failed))
        .collect();
    Chart {
        title,
        names: &bars.names,
        below: Series {
            name: "calls",
            told: &bars.calls,
            high: &well,
        },
        above: Series {
            name: "failed",
            told: &bars.failed,
            high: &bars.failed,
        },
    }
    .write(page);
    page.raw("</div>\n<details><summary>The figures</summary>\n");
    let rows = bars.names.iter().enumerate().map(|(at, name)| {
        vec![
            Cell::Words(name.clone()),
            Cell::Count(bars.let_in[at]),
            Cell::Count(bars.refused[at]),
            Cell::Count(bars.calls[at]),
            Cell::Count(bars.failed[at]),
        ]
    });
    tables::table(
        page,
        &Section {
            name: title,
            count: None,
            note: None,
            heads: &["<when", "let in", "refused", "calls", "failed"],
            rows: rows.collect(),
        },
    );
    page.raw("</details>\n</section>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_in_one_bar_and_the_last_bar_is_whole() {
        let slot = Slot {
            at: String::new(),
            start: 0,
            successful: 1,
            denied: 0,
            calls: 0,
            errors: 0,
        };
        for (days, each, first, last) in [
            (1, 1, "1970-01-01", "1970-01-01"),
            (92, 1, "1970-01-01", "1970-04-02"),
            (
                93,
                7,
                "1970-01-01 to 1970-01-02",
                "1970-03-28 to 1970-04-03",
            ),
            (
                366,
                7,
                "1970-01-01 to 1970-01-02",
                "1970-12-26 to 1971-01-01",
            ),
        ] {
            let days = Days {
                start: 0,
                step: 86_400,
                slots: vec![&slot; days],
            };
            let (bars, of) = Bars::of(&days.slots);
            let names = names(&days, of);
            assert_eq!(
                (of, names.len(), bars.let_in.iter().sum()),
                (each, bars.let_in.len(), days.slots.len() as u64)
            );
            assert_eq!(names.first().map(String::as_str), Some(first));
            assert_eq!(names.last().map(String::as_str), Some(last));
        }
    }
}
