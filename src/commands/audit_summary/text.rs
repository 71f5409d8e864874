//! The summary for people, on a terminal of 80 columns.
mod days;
mod names;

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use console::Style;

use super::{
    chart::{gathered, sparkline},
    shown::{cut, grouped, shown},
    table::Table,
};
use crate::audit::summary::{Period, Slot, Step, Summary, Totals};

/// So many bars fit beside their names and their highest.
const BARS: usize = 48;
/// Of slowest and largest calls so many are shown, unless fewer are asked for.
const CALLS: usize = 5;
/// What is counted of a thing, and what it is called.
type Figure<T> = (&'static str, fn(&T) -> u64);

/// Writes the summary. The first lines are, letter by letter, what the guide's script prints.
pub(super) fn write(
    out: &mut dyn Write,
    summary: &Summary,
    top: usize,
    coloured: bool,
) -> io::Result<()> {
    let totals = &summary.totals;
    write!(
        out,
        "=== {}Auth Summary ===\n\n\
         Total auth attempts:\n{}\n\n\
         Successful:\n{}\n\n\
         Failed:\n{}\n\n\
         Rate limited IPs:\n{}\n\n\
         Rate limit events:\n{}\n",
        title(summary.period),
        totals.attempts,
        totals.successful,
        totals.failed,
        totals.rate_limited_addresses,
        totals.rate_limit_events,
    )?;
    let mut page = Page {
        out,
        bold: style(coloured).bold(),
        alarm: style(coloured).red().bold(),
        top,
    };
    page.span(summary)?;
    page.alarms(summary)?;
    page.change(totals, summary.before.as_ref())?;
    page.charts(summary)?;
    page.keys(summary)?;
    page.addresses(summary)?;
    page.user_agents(summary)?;
    page.operations(summary)?;
    page.reasons(summary)?;
    page.calls("Slowest calls", &summary.slowest)?;
    page.calls("Largest answers", &summary.largest)?;
    page.events(summary)
}

fn style(coloured: bool) -> Style {
    Style::new().force_styling(coloured)
}

pub(super) fn title(period: Period) -> &'static str {
    match period {
        Period::Daily => "Daily ",
        Period::Weekly => "Weekly ",
        Period::Monthly => "Monthly ",
        Period::Quarterly => "Quarterly ",
        Period::Yearly => "Yearly ",
        Period::All | Period::Custom => "",
    }
}

fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

struct Page<'o> {
    out: &'o mut dyn Write,
    bold: Style,
    alarm: Style,
    top: usize,
}

impl Page<'_> {
    fn head(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.bold.apply_to(text))
    }

    /// Which time and which records this is about.
    fn span(&mut self, summary: &Summary) -> io::Result<()> {
        let log = &summary.log;
        let from = summary.from.or(log.first).map(minute);
        let until = summary.until.or(log.last).map(minute);
        let files = match &log.files[..] {
            [one] => shown(one),
            several => format!("{} files", grouped(several.len() as u64)),
        };
        writeln!(
            self.out,
            "\n{} to {} UTC",
            from.as_deref().unwrap_or("the beginning"),
            until.as_deref().unwrap_or("the end"),
        )?;
        writeln!(
            self.out,
            "{}",
            cut(&format!("{} records of {files}", grouped(log.records)), 80)
        )
    }

    /// What is wrong with the log itself: before everything that is counted from it.
    fn alarms(&mut self, summary: &Summary) -> io::Result<()> {
        let log = &summary.log;
        let malformed = &log.malformed;
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
        let mut told = Vec::new();
        if log.breaks > 0 {
            told.push(format!(
                "{} in the numbers of records: some are missing or out of order",
                times(log.breaks, "break", "breaks")
            ));
        }
        for it in log.broken_at.iter().take(CALLS) {
            told.push(format!(
                "  after record {} comes {} ({}, byte {})",
                it.after,
                it.found,
                shown(&it.file),
                it.offset
            ));
        }
        if log.gaps > 0 {
            told.push(format!(
                "{}: {} could not be written",
                times(log.gaps, "gap", "gaps"),
                times(log.lost, "record", "records")
            ));
        }
        if malformed.lines > 0 {
            told.push(format!(
                "{} no records ({}); the first: {}",
                times(malformed.lines, "line is", "lines are"),
                kinds.join(", "),
                shown(malformed.first.as_deref().unwrap_or("unknown"))
            ));
        }
        if log.torn > 0 {
            told.push(format!(
                "{} in the midst of a line",
                times(log.torn, "file ends", "files end")
            ));
        }
        told.extend(
            log.unreadable
                .iter()
                .map(|why| format!("not all was read: {}", shown(why))),
        );
        if log.later > 0 && summary.period != Period::Custom {
            told.push(format!(
                "{} from the future: the clock was changed",
                times(log.later, "record is", "records are")
            ));
        }
        if told.is_empty() {
            return Ok(());
        }
        self.head("The log")?;
        for line in told {
            writeln!(self.out, "  {}", self.alarm.apply_to(line))?;
        }
        Ok(())
    }

    fn change(&mut self, now: &Totals, before: Option<&Totals>) -> io::Result<()> {
        let rows: [Figure<Totals>; 13] = [
            ("Auth attempts", |it| it.attempts),
            ("Successful", |it| it.successful),
            ("Failed", |it| it.failed),
            ("Refused for any reason", |it| it.denied),
            ("Requests while blocked", |it| it.blocked_requests),
            ("Blocks", |it| it.rate_limit_events),
            ("Retired keys tried", |it| it.retired_keys),
            ("Without authentication", |it| it.unauthenticated),
            ("Calls", |it| it.calls),
            ("Calls that change something", |it| it.writes),
            ("Calls that delete", |it| it.destroys),
            ("Calls refused", |it| it.refused),
            ("Calls that failed", |it| it.errors),
        ];
        let title = if before.is_some() {
            "Against the period before"
        } else {
            "In all"
        };
        self.head(title)?;
        let heads: &[_] = if before.is_some() {
            &["<", "now", "before", "change"]
        } else {
            &["<", "count"]
        };
        let mut table = Table::new(heads);
        for (name, count) in rows {
            let (now, before) = (count(now), before.map(count));
            if now == 0 && before.unwrap_or(0) == 0 {
                continue;
            }
            let mut row = vec![name.to_owned(), grouped(now)];
            row.extend(
                before
                    .into_iter()
                    .flat_map(|before| [grouped(before), change(now, before)]),
            );
            table.row(row);
        }
        table.write(self.out)
    }

    fn charts(&mut self, summary: &Summary) -> io::Result<()> {
        let step = summary.timeline.step;
        let slots = days::all(summary);
        let name = match step {
            Step::Hour => "By hour",
            Step::Day => "By day",
        };
        if summary.timeline.slots.is_empty() {
            return Ok(());
        }
        self.head(name)?;
        self.chart(&slots, step)?;
        self.head("By hour of the day (UTC), 00 to 23")?;
        self.chart(&summary.hours.iter().collect::<Vec<_>>(), Step::Hour)?;
        if summary.timeline.left_out > 0 {
            writeln!(
                self.out,
                "  {} records found no place here",
                grouped(summary.timeline.left_out)
            )?;
        }
        Ok(())
    }

    fn chart(&mut self, slots: &[&Slot], step: Step) -> io::Result<()> {
        let rows: [Figure<Slot>; 4] = [
            ("let in", |it| it.successful),
            ("refused", |it| it.denied),
            ("calls", |it| it.calls),
            ("failed", |it| it.errors),
        ];
        for (name, count) in rows {
            let values: Vec<_> = slots.iter().map(|slot| count(slot)).collect();
            let (bars, each) = gathered(&values, BARS);
            let most = bars.iter().copied().max().unwrap_or(0);
            if most == 0 {
                continue;
            }
            let unit = match (step, each) {
                (Step::Hour, 1) => "/h".to_owned(),
                (Step::Hour, each) => format!("/{each} h"),
                (Step::Day, 1) => "/day".to_owned(),
                (Step::Day, each) => format!("/{each} days"),
            };
            writeln!(
                self.out,
                "  {name:<8} {} max {}{unit}",
                sparkline(&bars),
                grouped(most)
            )?;
        }
        Ok(())
    }
}

fn times(count: u64, one: &str, several: &str) -> String {
    format!(
        "{} {}",
        grouped(count),
        if count == 1 { one } else { several }
    )
}

/// `+12%`, `-3%`, `new`, `x14`.
fn change(now: u64, before: u64) -> String {
    match (now, before) {
        (0, 0) => "-".to_owned(),
        (_, 0) => "new".to_owned(),
        _ if now / 10 >= before => format!("x{}", grouped(now / before)),
        _ => {
            let (now, before) = (i128::from(now), i128::from(before));
            format!("{:+}%", (now - before) * 100 / before)
        }
    }
}
