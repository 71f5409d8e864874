//! A chart of bars, which fits any width.
use super::{super::shown::grouped, markup::Html, tables::share};

/// Two counts at the same times, one drawn upon the other.
pub(super) struct Chart<'b> {
    pub(super) title: &'static str,
    /// When each bar is.
    pub(super) names: &'b [String],
    pub(super) below: Series<'b>,
    pub(super) above: Series<'b>,
}

/// As many values as there are bars.
pub(super) struct Series<'b> {
    pub(super) name: &'static str,
    /// What is said of each bar.
    pub(super) told: &'b [u64],
    /// How high it is drawn.
    pub(super) high: &'b [u64],
}

impl Series<'_> {
    fn sum(&self) -> String {
        let sum = self
            .told
            .iter()
            .fold(0, |sum: u64, it| sum.saturating_add(*it));
        grouped(sum)
    }
}

impl Chart<'_> {
    pub(super) fn write(&self, page: &mut Html) {
        let (below, above) = (&self.below, &self.above);
        page.raw("<figure>\n<figcaption><span class=\"key well\">");
        page.raw(below.name).raw(" <b>").text(&below.sum());
        page.raw("</b></span><span class=\"key badly\">");
        page.raw(above.name).raw(" <b>").text(&above.sum());
        page.raw("</b></span></figcaption>\n<div class=\"plot\">\n");

        let heights = below.high.iter().zip(above.high);
        let most = heights.map(|(below, above)| below.saturating_add(*above));
        let top = round(most.max().unwrap_or(0));
        page.raw("<div class=\"scale\" aria-hidden=\"true\">");
        for value in [top, top / 2, 0] {
            page.raw("<span>").text(&short(value)).raw("</span>");
        }
        page.raw("</div>\n");
        self.picture(page, top);

        let ends = match self.names {
            [only] => [None, Some(only), None],
            [first, last] => [Some(first), None, Some(last)],
            names => [names.first(), names.get(names.len() / 2), names.last()],
        };
        page.raw("<div class=\"ends\" aria-hidden=\"true\">");
        for name in ends {
            // Of days that are one bar, the first.
            let name = name.and_then(|name| name.split(" to ").next());
            page.raw("<span>").text(name.unwrap_or_default());
            page.raw("</span>");
        }
        page.raw("</div>\n</div>\n</figure>\n");
    }

    /// Ten wide for each bar, a thousand high, and stretched.
    fn picture(&self, page: &mut Html, top: u64) {
        let (below, above) = (&self.below, &self.above);
        let width = self.names.len() as u64 * 10;
        page.raw("<svg role=\"img\" preserveAspectRatio=\"none\" viewBox=\"0 0 ");
        page.number(width).raw(" 1000\">\n<title>");
        page.raw(self.title).raw(": ").raw(below.name).raw(" and ");
        page.raw(above.name).raw("</title>\n<desc>");
        page.text(&below.sum()).raw(" ").raw(below.name).raw(", ");
        page.text(&above.sum()).raw(" ").raw(above.name);
        page.raw(". Each is in the table below.</desc>\n<path class=\"grid\" d=\"");
        for height in ["M0 0h", "M0 500h", "M0 1000h"] {
            page.raw(height).number(width);
        }
        page.raw("\"/>\n<path class=\"well\" d=\"");
        for (at, value) in below.high.iter().enumerate() {
            bar(page, at, 0, *value, top);
        }
        page.raw("\"/>\n<path class=\"badly\" d=\"");
        for (at, value) in above.high.iter().enumerate() {
            bar(page, at, below.high[at], *value, top);
        }
        page.raw("\"/>\n");
        for (at, name) in self.names.iter().enumerate() {
            page.raw("<rect class=\"hit\" width=\"10\" height=\"1000\" x=\"");
            page.number(at as u64 * 10).raw("\"><title>").text(name);
            page.raw(": ").text(&grouped(below.told[at]));
            page.raw(" ").raw(below.name).raw(", ");
            page.text(&grouped(above.told[at])).raw(" ");
            page.raw(above.name).raw("</title></rect>\n");
        }
        page.raw("</svg>\n");
    }
}

/// A piece of a path: a bar that stands on what is below it.
fn bar(page: &mut Html, at: usize, below: u64, value: u64, top: u64) {
    if value == 0 {
        return;
    }
    // What is little is seen nevertheless.
    let height = share(value, top).clamp(8, 1_000);
    let foot = (1_000 - share(below, top).min(1_000)).max(height);
    page.raw("M").number(at as u64 * 10 + 1).raw(" ");
    page.number(foot).raw("h8v-").number(height).raw("h-8z");
}

/// The next number above that is round, and so is its half.
fn round(most: u64) -> u64 {
    let mut power: u64 = 1;
    for digits in [2, 4, 6, 8] {
        if digits >= most {
            return digits;
        }
    }
    // Beyond, ten times as much would not be a number any more.
    while power <= u64::MAX / 1_000 {
        for digits in [10, 12, 14, 16, 20, 24, 30, 40, 50, 60, 80] {
            if digits * power >= most {
                return digits * power;
            }
        }
        power *= 10;
    }
    most
}

/// A round number in little room: `400`, `20k`, `3M`.
fn short(number: u64) -> String {
    for (unit, name) in [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")] {
        if number >= unit && number.is_multiple_of(unit) {
            return grouped(number / unit) + name;
        }
    }
    grouped(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_with_a_round_number_that_can_be_halved() {
        for (most, expected) in [
            (0, 2),
            (3, 4),
            (9, 10),
            (51, 60),
            (81, 100),
            (1_290, 1_400),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(round(most), expected);
        }
    }

    #[test]
    fn round_numbers_are_short() {
        assert_eq!(
            [0, 400, 1_200, 2_000, 20_000, 3_000_000].map(short),
            ["0", "400", "1,200", "2k", "20k", "3M"]
        );
    }
}
