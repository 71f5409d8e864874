//! Questions to the person at the terminal. Ctrl-C, Ctrl-D, a closed terminal and the end of input
//! end every one of them with [`Failure::Interrupted`], and the terminal is left as it was found.
mod input;
mod list;

use std::fmt;

use console::{StyledObject, Term, style};
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};

use self::input::{Input, NoMore};
use super::Failure;

/// A person at a terminal, who reads standard error and answers on standard input.
pub(super) struct Prompts {
    terminal: Term,
    input: Input,
    plain: bool,
}

impl Prompts {
    /// Finds the person. In `plain` style nothing is drawn twice and nothing has a colour, which is
    /// what a screen reader reads best; it is the only style that a dumb terminal has.
    ///
    /// # Errors
    /// Nobody is there to be asked; `instead` says what to type so that nobody need be.
    pub(super) fn open(plain: bool, instead: &str) -> Result<Self, Failure> {
        let terminal = Term::stderr();
        let input = Input::open().map_err(|error| Failure::Other(error.to_string()))?;
        let Some(input) = input.filter(|_| terminal.is_term()) else {
            return Err(Failure::Usage(format!(
                "there is no terminal here, so nobody can be asked; {instead}"
            )));
        };
        let plain = plain || console::is_dumb();
        if plain {
            console::set_colors_enabled_stderr(false);
        }
        Ok(Self {
            terminal,
            input,
            plain,
        })
    }

    /// Shows some lines.
    pub(super) fn say(&self, text: impl fmt::Display) -> Result<(), Failure> {
        let written = self.terminal.write_line(&text.to_string());
        written.map_err(|_| interrupted())
    }

    /// Says that something went well.
    pub(super) fn say_good(&self, text: impl fmt::Display) -> Result<(), Failure> {
        self.marked(&style("✔").for_stderr().green(), text)
    }

    /// Says that something did not go well.
    pub(super) fn say_bad(&self, text: impl fmt::Display) -> Result<(), Failure> {
        self.marked(&style("✘").for_stderr().red(), text)
    }

    fn marked(&self, mark: &StyledObject<&str>, text: impl fmt::Display) -> Result<(), Failure> {
        if self.plain {
            self.say(text)
        } else {
            self.say(format_args!("{mark} {text}"))
        }
    }

    /// A question of yes or no. Enter alone is `default`.
    pub(super) fn confirm(&mut self, question: &str, default: bool) -> Result<bool, Failure> {
        let prompt = formatted(|f| SimpleTheme.format_confirm_prompt(f, question, Some(default)))?;
        loop {
            match &*self.answer(&prompt)?.to_ascii_lowercase() {
                "" => return Ok(default),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => self.say("Please answer y or n.")?,
            }
        }
    }

    /// A question that a line answers, which is given without space around it. Enter alone is
    /// `default`, where there is one.
    pub(super) fn line(
        &mut self,
        question: &str,
        default: Option<&str>,
    ) -> Result<String, Failure> {
        let prompt = formatted(|f| SimpleTheme.format_input_prompt(f, question, default))?;
        loop {
            let answer = self.answer(&prompt)?;
            match (answer.is_empty(), default) {
                (false, _) => return Ok(answer),
                (true, Some(default)) => return Ok(default.to_owned()),
                (true, None) => self.say("Please type an answer.")?,
            }
        }
    }

    /// A question with these answers, each a line; gives the place of the chosen one. Enter alone is
    /// `default`. In plain style they are numbered, else walked through by arrows.
    pub(super) fn choose(
        &mut self,
        question: &str,
        choices: &[String],
        default: usize,
    ) -> Result<usize, Failure> {
        if self.plain {
            return self.choose_by_number(question, choices, default);
        }
        let theme = ColorfulTheme::default();
        list::choose(
            &self.terminal,
            &self.input,
            &theme,
            question,
            choices,
            default,
        )
        .map_err(|NoMore| self.end())
    }

    fn choose_by_number(
        &mut self,
        question: &str,
        choices: &[String],
        default: usize,
    ) -> Result<usize, Failure> {
        self.say(question)?;
        for (at, choice) in choices.iter().enumerate() {
            self.say(format_args!("  {}. {choice}", at + 1))?;
        }
        let last = choices.len();
        loop {
            let number = self.line(
                &format!("Number from 1 to {last}"),
                Some(&(default + 1).to_string()),
            )?;
            match number.parse::<usize>() {
                Ok(number) if (1..=last).contains(&number) => return Ok(number - 1),
                _ => self.say(format_args!("Please type a number from 1 to {last}."))?,
            }
        }
    }

    /// Waits until Enter is pressed.
    pub(super) fn pause(&mut self, request: &str) -> Result<(), Failure> {
        let prompt = format!("{request} ");
        self.answer(&prompt).map(drop)
    }

    /// Whether the person broke it off while nothing was asked.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.input.is_interrupted() {
            return Err(self.end());
        }
        Ok(())
    }

    /// Shows `prompt` and reads a line.
    fn answer(&mut self, prompt: &str) -> Result<String, Failure> {
        let mark = if self.plain {
            String::new()
        } else {
            style("? ").for_stderr().yellow().to_string()
        };
        let shown = self.terminal.write_str(&format!("{mark}{prompt}"));
        shown.map_err(|_| interrupted())?;
        let line = self.input.line().map_err(|NoMore| self.end())?;
        Ok(line.trim().to_owned())
    }

    /// Leaves the line of a question that is not answered.
    fn end(&self) -> Failure {
        // The terminal may be gone.
        let _ = self.terminal.write_line("");
        interrupted()
    }
}

fn formatted(format: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result) -> Result<String, Failure> {
    let mut prompt = String::new();
    format(&mut prompt).map_err(|error| Failure::Other(error.to_string()))?;
    Ok(prompt)
}

fn interrupted() -> Failure {
    Failure::Interrupted("interrupted; nothing more was done".to_owned())
}
