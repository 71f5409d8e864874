//! Sections as tables, which the page's script sorts.
use super::{
    super::{cell::Cell, sections::Section},
    markup::Html,
};

/// Columns in which every count is a trouble.
const TROUBLES: [&str; 3] = ["failed", "refused", "blocks"];

/// What a link within the page names a section by: its first word.
pub(super) fn id(section: &Section<'_>) -> String {
    let word = section.name.split([' ', ',']).next();
    word.unwrap_or_default().to_lowercase()
}

pub(super) fn section(page: &mut Html, section: &Section<'_>) {
    let width = match section.heads.len() {
        ..5 => "half",
        5 => "mid",
        _ => "wide",
    };
    page.raw("<section class=\"card ").raw(width);
    page.raw("\" id=\"").text(&id(section));
    page.raw("\">\n<h2>").raw(section.name);
    if let Some(count) = &section.count {
        page.raw(" <small>").text(count).raw("</small>");
    }
    page.raw("</h2>\n");
    if let Some(note) = &section.note {
        page.raw("<p>").text(note).raw("</p>\n");
    }
    table(page, section);
    page.raw("</section>\n");
}

/// The table alone, in a box of its own that moves sideways where there is no room.
pub(super) fn table(page: &mut Html, section: &Section<'_>) {
    page.raw("<div class=\"box\" tabindex=\"0\" role=\"region\" aria-label=\"")
        .raw(section.name);
    page.raw("\">\n<table>\n<caption>").raw(section.name);
    page.raw("</caption>\n<thead><tr>");
    for head in section.heads {
        let (class, head) = match head.strip_prefix('<') {
            Some("") => ("<th scope=\"col\">", "figure"),
            Some(head) => ("<th scope=\"col\">", head),
            None => ("<th scope=\"col\" class=\"n\">", *head),
        };
        page.raw(class).raw(head).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    let bars = Bars::of(section);
    for row in &section.rows {
        page.raw("<tr>");
        for (at, (value, head)) in row.iter().zip(section.heads).enumerate() {
            if at == 0 {
                page.raw("<th scope=\"row\">");
                name(page, row);
                bars.write(page, row);
                page.raw("</th>");
            } else {
                cell(page, value, head);
            }
        }
        page.raw("</tr>\n");
    }
    page.raw("</tbody>\n</table>\n</div>\n");
}

/// A row is told from others by its first cell, or by the next where there is nothing in it.
fn name(page: &mut Html, row: &[Cell<'_>]) {
    match row {
        [Cell::Nothing, next, ..] => {
            page.raw("<small>");
            content(page, next);
            page.raw("</small>");
        }
        [first, ..] => content(page, first),
        [] => {}
    }
}

fn cell(page: &mut Html, cell: &Cell<'_>, head: &'static str) {
    page.raw("<td");
    if !head.starts_with('<') {
        page.raw(match cell {
            Cell::Count(0) => " class=\"n zero\"",
            Cell::Count(_) if TROUBLES.contains(&head) => " class=\"n bad\"",
            _ => " class=\"n\"",
        });
    }
    if let Some(order) = order(cell) {
        page.raw(" data-v=\"").text(&order).raw("\"");
    }
    page.raw(">");
    match cell {
        Cell::Words(word) if head == "<access" => {
            let class = match &**word {
                "read" => "<span class=\"chip\">",
                _ => "<span class=\"chip changes\">",
            };
            page.raw(class).text(word).raw("</span>");
        }
        _ => content(page, cell),
    }
    page.raw("</td>");
}

fn content(page: &mut Html, cell: &Cell<'_>) {
    match cell {
        Cell::Time(time) => page.time(*time),
        _ => page.text(&cell.text()),
    };
}

/// What a cell is sorted by, where that is not what it says.
fn order(cell: &Cell<'_>) -> Option<String> {
    let number = match cell {
        Cell::Nothing => return Some(String::new()),
        Cell::Millis(number) | Cell::Bytes(number) => u128::from(*number),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a share, and what is not is 0 or the most"
        )]
        Cell::Share(share) => (share * 10_000.0) as u128,
        Cell::Change(now, 0) => u128::from(*now) << 64,
        Cell::Change(now, before) => u128::from(*now) * 1_000 / u128::from(*before),
        _ => return None,
    };
    Some(number.to_string())
}

/// How much of it each row is: what went well and what did not, beside each other.
struct Bars {
    well: Option<usize>,
    badly: Option<usize>,
    /// Whether what went badly is counted among the rest.
    within: bool,
    most: u64,
}

impl Bars {
    fn of(section: &Section<'_>) -> Self {
        let column = |name| section.heads.iter().position(|head| *head == name);
        let (well, badly, within) = match section.heads {
            ["<reason", ..] => (None, Some(1), false),
            ["<event" | "<when", ..] | [_, "now" | "took", ..] => (None, None, false),
            _ => match column("let in") {
                Some(well) => (Some(well), column("refused"), false),
                None => (column("calls").or(column("count")), column("failed"), true),
            },
        };
        let mut bars = Self {
            well,
            badly,
            within,
            most: 0,
        };
        let all = section.rows.iter().map(|row| {
            let (well, badly) = bars.values(row);
            well.saturating_add(badly)
        });
        bars.most = all.max().unwrap_or(0);
        bars
    }

    fn values(&self, row: &[Cell<'_>]) -> (u64, u64) {
        let value = |at: Option<usize>| match at.map(|at| &row[at]) {
            Some(Cell::Count(count)) => *count,
            _ => 0,
        };
        let (all, badly) = (value(self.well), value(self.badly));
        let well = if self.within {
            all.saturating_sub(badly)
        } else {
            all
        };
        (well, badly)
    }

    fn write(&self, page: &mut Html, row: &[Cell<'_>]) {
        if self.most == 0 {
            return;
        }
        let (well, badly) = self.values(row);
        let (well, badly) = (share(well, self.most), share(badly, self.most));
        page.raw("<svg class=\"bar\" viewBox=\"0 0 1000 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
        page.raw("<rect class=\"well\" height=\"1\" width=\"")
            .number(well);
        page.raw("\"/><rect class=\"badly\" height=\"1\" x=\"")
            .number(well);
        page.raw("\" width=\"").number(badly);
        page.raw("\"/></svg>");
    }
}

/// In thousandths; what is there at all is seen.
pub(super) fn share(part: u64, most: u64) -> u64 {
    let share = (u128::from(part) * 1_000).div_ceil(u128::from(most.max(1)));
    u64::try_from(share).unwrap_or(1_000)
}
