//! The summary for people, on a terminal of 80 columns.
use std::io::{self, Write};

use console::Style;

use super::{
    cell::{Cell, minute},
    chart::{gathered, sparkline},
    days, faults,
    sections::{self, Figure, Section},
    shown::{cut, grouped, shown, times},
    table::Table,
};
use crate::audit::summary::{Period, Slot, Step, Summary};

/// So many bars fit beside their names and their highest.
const BARS: usize = 48;
/// Of networks, slowest and largest calls so many are shown, unless fewer are asked for.
const FEW: usize = 5;

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
    };
    page.span(summary)?;
    page.faults(summary)?;
    page.section(&sections::totals(summary))?;
    page.charts(summary)?;
    for section in sections::named(summary, top, FEW.min(top)) {
        page.section(&section)?;
    }
    Ok(())
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

struct Page<'o> {
    out: &'o mut dyn Write,
    bold: Style,
    alarm: Style,
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
            cut(
                &format!("{} of {files}", times(log.records, "record", "records")),
                80
            )
        )
    }

    /// What is wrong with the log itself: before everything that is counted from it.
    fn faults(&mut self, summary: &Summary) -> io::Result<()> {
        let faults = faults::of(summary);
        if faults.is_empty() {
            return Ok(());
        }
        self.head("The log")?;
        for fault in faults {
            writeln!(self.out, "  {}", self.alarm.apply_to(fault.what))?;
            for place in fault.places {
                let place = format!("  {place}");
                writeln!(self.out, "  {}", self.alarm.apply_to(place))?;
            }
        }
        Ok(())
    }

    fn section(&mut self, section: &Section<'_>) -> io::Result<()> {
        match &section.count {
            Some(count) => self.head(&format!("{} ({count})", section.name))?,
            None => self.head(section.name)?,
        }
        if let Some(note) = &section.note {
            writeln!(self.out, "  {note}")?;
        }
        let mut table = Table::new(section.heads);
        for row in &section.rows {
            table.row(row.iter().map(Cell::text));
        }
        table.write(self.out)
    }

    fn charts(&mut self, summary: &Summary) -> io::Result<()> {
        let step = summary.timeline.step;
        let days = days::all(summary);
        let name = match step {
            Step::Hour => "By hour",
            Step::Day => "By day",
        };
        if summary.timeline.slots.is_empty() {
            return Ok(());
        }
        if days.are_part_of(&summary.timeline) {
            self.head(&format!("{name}, of one year only"))?;
        } else {
            self.head(name)?;
        }
        self.chart(&days.slots, step)?;
        self.head("By hour of the day (UTC), 00 to 23")?;
        self.chart(&summary.hours.iter().collect::<Vec<_>>(), Step::Hour)?;
        if summary.timeline.left_out > 0 {
            writeln!(
                self.out,
                "  {} found no place here",
                times(summary.timeline.left_out, "record", "records")
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
