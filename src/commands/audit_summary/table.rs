//! Columns that fit a terminal.
use std::io::{self, Write};

use console::measure_text_width;

use super::shown::cut;

/// As wide as the narrowest terminals are.
pub(super) const WIDTH: usize = 80;

/// Rows of cells. The first column is set to the left and gives way where there is no room, but no
/// address does: rather its network is left out. Those that follow are set to the right, or to the
/// left where they are said to be texts.
pub(super) struct Table {
    heads: Vec<&'static str>,
    /// Which columns are texts.
    texts: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A head that begins with `<` is that of a column of texts.
    pub(super) fn new(heads: &[&'static str]) -> Self {
        Self {
            texts: heads.iter().map(|head| head.starts_with('<')).collect(),
            heads: heads
                .iter()
                .map(|head| head.trim_start_matches('<'))
                .collect(),
            rows: Vec::new(),
        }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let length = measure_text_width;
        let mut widths: Vec<_> = self.heads.iter().map(|head| length(head)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = length(cell).max(*width);
            }
        }
        // Two spaces before each column.
        let all: usize = widths.iter().map(|width| width + 2).sum();
        let too_much = all.saturating_sub(WIDTH);
        let is_address = self.heads[0] == "address";
        if !is_address {
            widths[0] = widths[0].saturating_sub(too_much).max(8);
        }
        let heads: Vec<_> = self.heads.iter().map(|head| (*head).to_owned()).collect();
        for row in [&heads].into_iter().chain(&self.rows) {
            let mut line = String::new();
            let columns = self.heads.iter().zip(&widths).zip(&self.texts);
            for (cell, ((head, width), is_text)) in row.iter().zip(columns) {
                if is_address && too_much > 0 && *head == "network" {
                    continue;
                }
                let cell = cut(cell, *width);
                let room = " ".repeat(width - length(&cell));
                let (before, after) = if *is_text { ("", &*room) } else { (&*room, "") };
                line.extend(["  ", before, &cell, after]);
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
