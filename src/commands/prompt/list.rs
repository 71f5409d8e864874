//! A list that is walked through by arrows. It is redrawn in its place and fits the terminal,
//! whose cursor stays visible.
use std::{fmt::Write, ops::Range};

use console::{Key, Term, truncate_str};
use dialoguer::theme::Theme;

use super::input::{Input, NoMore};

/// Lines that are not of the list: the question, and the one with the cursor.
const AROUND: usize = 2;
const HOW: &str = "arrows, then Enter";

pub(super) fn choose(
    terminal: &Term,
    input: &Input,
    theme: &dyn Theme,
    question: &str,
    choices: &[String],
    default: usize,
) -> Result<usize, NoMore> {
    let mut keys = input.keys()?;
    let (mut chosen, mut first) = (default, 0);
    let mut drawn = 0;
    loop {
        let (rows, columns) = terminal.size();
        let room = usize::from(rows).saturating_sub(AROUND).max(1);
        let seen = window(chosen, first, room, choices.len());
        first = seen.start;
        let lines = lines(theme, question, choices, chosen, seen);
        draw(terminal, &lines, usize::from(columns), drawn).map_err(|_| NoMore)?;
        drawn = lines.len();

        let last = choices.len() - 1;
        chosen = match keys.next(terminal)? {
            Key::ArrowUp | Key::BackTab | Key::Char('k') => chosen.checked_sub(1).unwrap_or(last),
            Key::ArrowDown | Key::Tab | Key::Char('j') if chosen == last => 0,
            Key::ArrowDown | Key::Tab | Key::Char('j') => chosen + 1,
            Key::PageUp => chosen.saturating_sub(room),
            Key::PageDown => (chosen + room).min(last),
            Key::Home => 0,
            Key::End => last,
            Key::Enter => break,
            _ => chosen,
        };
    }
    let mut answer = String::new();
    theme
        .format_select_prompt_selection(&mut answer, question, &choices[chosen])
        .map_err(|_| NoMore)?;
    let columns = usize::from(terminal.size().1);
    draw(terminal, &[answer], columns, drawn).map_err(|_| NoMore)?;
    Ok(chosen)
}

/// Which of `length` choices are seen in `room` lines: those from `first` on, moved as little as
/// the chosen one needs.
fn window(chosen: usize, first: usize, room: usize, length: usize) -> Range<usize> {
    let room = room.min(length);
    let first = first
        .clamp((chosen + 1).saturating_sub(room), chosen)
        .min(length - room);
    first..first + room
}

fn lines(
    theme: &dyn Theme,
    question: &str,
    choices: &[String],
    chosen: usize,
    seen: Range<usize>,
) -> Vec<String> {
    let mut lines = Vec::with_capacity(seen.len() + 1);
    let hidden = if seen.len() < choices.len() {
        format!("; {} to {} of {}", seen.start + 1, seen.end, choices.len())
    } else {
        String::new()
    };
    let mut line = String::new();
    // Writing to a text does not fail.
    let _ = theme.format_select_prompt(&mut line, &format!("{question} ({HOW}{hidden})"));
    lines.push(line);
    for at in seen {
        let mut line = String::new();
        let _ = theme.format_select_prompt_item(&mut line, &choices[at], at == chosen);
        lines.push(line);
    }
    lines
}

/// Puts `lines` where the `drawn` last ones are.
fn draw(terminal: &Term, lines: &[String], columns: usize, drawn: usize) -> std::io::Result<()> {
    let mut text = String::new();
    for line in lines {
        // A line that reached the last column would take two.
        let line = truncate_str(line, columns.saturating_sub(1), "…");
        let _ = writeln!(text, "{line}");
    }
    terminal.clear_last_lines(drawn)?;
    terminal.write_str(&text)
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn what_is_chosen_is_always_seen() {
        for (chosen, first, room, length, seen) in [
            (0, 0, 5, 3, 0..3),
            (2, 0, 5, 3, 0..3),
            (0, 0, 2, 9, 0..2),
            (2, 0, 2, 9, 1..3),
            (8, 1, 2, 9, 7..9),
            (0, 7, 2, 9, 0..2),
            (7, 7, 2, 9, 7..9),
            (4, 8, 3, 9, 4..7),
        ] {
            assert_eq!(window(chosen, first, room, length), seen);
        }
    }
}
