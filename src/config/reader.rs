//! Takes values out of the variables, and keeps what is wrong with them until all are read.
use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

use zeroize::Zeroizing;

use super::{Env, error::SettingError, file};
use crate::secret::Secret;

/// Reads settings by name. It remembers each name that it was asked for: those are the settings there are.
pub(super) struct Reader<'e> {
    env: &'e Env,
    pub(super) names: Vec<&'static str>,
    pub(super) errors: Vec<SettingError>,
}

impl<'e> Reader<'e> {
    pub(super) fn new(env: &'e Env) -> Self {
        Self {
            env,
            names: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// The text of a variable; `None` where it is not set. That it is no text is told once.
    fn given(&mut self, name: &'static str, example: Option<&str>) -> Option<&'e str> {
        let is_first = !self.names.contains(&name);
        if is_first {
            self.names.push(name);
        }
        let variable = self.env.variable(name)?;
        if variable.value.is_none() && is_first {
            self.errors.push(SettingError {
                variable: name.to_owned(),
                wrong: format!("is not UTF-8 ({})", variable.place),
                example: example.map(|example| format!("{name}={example}")),
            });
        }
        variable.value.as_ref().map(|text| text.trim())
    }

    /// The same, where an empty text is as good as none.
    pub(super) fn text(&mut self, name: &'static str, example: Option<&str>) -> Option<&'e str> {
        self.given(name, example).filter(|text| !text.is_empty())
    }

    /// A text that `parse` must take. `wanted` says what it takes: "a host name".
    pub(super) fn parsed<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        example: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name, Some(example))?;
        let parsed = parse(text);
        if parsed.is_none() {
            self.wrong(name, format!("is not {wanted}"), example);
        }
        parsed
    }

    /// Items separated by commas, each of which `parse` must take.
    pub(super) fn list<T>(
        &mut self,
        name: &'static str,
        wanted: &str,
        example: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let items = self
            .text(name, Some(example))
            .unwrap_or_default()
            .split(',')
            .map(str::trim);
        let items: Vec<_> = items.filter(|item| !item.is_empty()).map(parse).collect();
        if let Some(at) = items.iter().position(Option::is_none) {
            let wrong = format!(
                "has an item (the {}. of {}) that is not {wanted}",
                at + 1,
                items.len()
            );
            self.wrong(name, wrong, example);
        }
        items.into_iter().flatten().collect()
    }

    pub(super) fn number<T>(
        &mut self,
        name: &'static str,
        default: T,
        bounds: RangeInclusive<T>,
    ) -> T
    where
        T: Copy + Display + FromStr + PartialOrd,
    {
        let wanted = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let within = |text: &str| text.parse().ok().filter(|number| bounds.contains(number));
        let read = self.parsed(name, &wanted, &default.to_string(), within);
        read.unwrap_or(default)
    }

    pub(super) fn seconds(
        &mut self,
        name: &'static str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Duration {
        Duration::from_secs(self.number(name, default, bounds))
    }

    /// True or false. An empty text is neither: what decides who may enter is not guessed.
    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        let example = default.to_string();
        let Some(text) = self.given(name, Some(&example)) else {
            return default;
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => {
                let wrong = "is neither `true` nor `false`".to_owned();
                self.wrong(name, wrong, &example);
                default
            }
        }
    }

    /// One of a few words; the first is the default.
    pub(super) fn choice<T: Copy, const N: usize>(
        &mut self,
        name: &'static str,
        words: [(&'static str, T); N],
    ) -> T {
        let (default_word, default) = words[0];
        let wanted = words.map(|(word, _)| format!("`{word}`")).join(" or ");
        let chosen = |text: &str| {
            let is_it = |(word, _): &&(&str, T)| text.eq_ignore_ascii_case(word);
            words.iter().find(is_it).map(|(_, value)| *value)
        };
        self.parsed(name, &wanted, default_word, chosen)
            .unwrap_or(default)
    }

    /// What the file holds that a variable names; `usual` is where such a file would be.
    pub(super) fn file(&mut self, name: &'static str, usual: &str) -> Option<Zeroizing<Vec<u8>>> {
        let path = self.text(name, Some(usual))?;
        match file::read(path.as_ref(), self.env.is_read_again()) {
            Ok((bytes, _)) => Some(Zeroizing::new(bytes)),
            Err(error) => {
                let wrong = format!("names a file that cannot be read: {error}");
                self.wrong(name, wrong, usual);
                None
            }
        }
    }

    /// The text of the file that a variable names, for its owner's eyes only.
    pub(super) fn secret_file(&mut self, name: &'static str, usual: &str) -> Option<Secret> {
        let bytes = self.file(name, usual)?;
        let text = str::from_utf8(&bytes).ok();
        if text.is_none() {
            self.wrong(name, "names a file that is not UTF-8".to_owned(), usual);
        }
        let text = text?.trim_start_matches('\u{feff}').trim();
        Some(Secret::new(text.to_owned()))
    }

    pub(super) fn wrong(&mut self, name: &'static str, wrong: String, example: &str) {
        self.errors.push(SettingError {
            variable: name.to_owned(),
            wrong,
            example: Some(format!("{name}={example}")),
        });
    }
}
