//! Commands that the documents name: there is such a command, and it has such options.
use std::collections::BTreeSet;

use aegis::cli::Cli;
use clap::{Command, CommandFactory};

use super::{man, page::Page};

/// Options of other programs that stand alone in backticks.
const OF_OTHERS: [&str; 4] = ["--allow-http", "--force-recreate", "--header", "--target"];

pub(super) fn clap() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// The options of a command, long and short, as they are typed.
fn options(command: &Command) -> BTreeSet<String> {
    let long = |it: &clap::Arg| it.get_long().map(|name| format!("--{name}"));
    let short = |it: &clap::Arg| it.get_short().map(|name| format!("-{name}"));
    let arguments = command.get_arguments();
    arguments
        .flat_map(|it| [long(it), short(it)])
        .flatten()
        .collect()
}

/// Each command of a text, as its words: what stands between the signs that separate them.
fn commands(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let lines = text.lines().map(|line| {
        let line = line.trim_start_matches("$ ");
        line.split_once(" #").map_or(line, |(before, _)| before)
    });
    let pieces = lines.flat_map(|line| line.split(['|', ';', '&', '(', ')', '>', '<', '"']));
    let words = pieces.map(|piece| piece.split_whitespace().map(str::to_owned).collect());
    words.filter(|words: &Vec<_>| !words.is_empty()).collect()
}

/// What is wrong with one command, if it is one of ours.
fn fault(words: &[String], names: &[&str]) -> Option<String> {
    let words: Vec<_> = words
        .iter()
        .map(|word| word.trim_matches(['\'', '`', ',']))
        .collect();
    let is_of_others = ["claude", "codex", "grep", "make"].contains(&words[0]);
    let is_ours = |word: &str| word == "aegis" || word.ends_with("/aegis");
    // `sudo -u aegis aegis serve`: the first of them is a person.
    let is_named = |at: &usize| is_ours(words[*at]) && names.contains(&words[at + 1]);
    let at = (0..words.len() - 1).find(is_named);
    let at = at.or_else(|| is_ours(words[0]).then_some(0));
    let is_container = words.windows(2).position(|pair| pair == ["--rm", "keys"]);
    let start = match (at, is_container) {
        _ if is_of_others => return None,
        (Some(at), _) => at + 1,
        (None, Some(at)) => at + 2,
        // `rotate-key --status`: without the program's name.
        (None, None) if names.contains(&words[0]) && words[0].contains('-') => 0,
        (None, None) => return None,
    };
    let clap = clap();
    let mut command = &clap;
    let mut rest = words[start..].iter().peekable();
    while let Some(inner) = rest.peek().and_then(|word| command.find_subcommand(word)) {
        command = inner;
        rest.next();
    }
    if command.get_name() == "aegis" {
        let word = rest.peek().filter(|word| !word.starts_with('-'))?;
        return (*word != &"COMMAND").then(|| format!("`{word}` is no command"));
    }
    let known = options(command);
    let typed = rest.filter_map(|word| word.split('=').next().filter(|it| it.starts_with('-')));
    let mut unknown = typed.filter(|name| *name != "-" && !known.contains(*name));
    let name = unknown.next()?;
    Some(format!("`{}` has no `{name}`", command.get_name()))
}

#[test]
fn every_command_and_option_that_is_named_exists() {
    let clap = clap();
    let names: Vec<_> = clap.get_subcommands().map(Command::get_name).collect();
    let inner = clap.get_subcommands().flat_map(Command::get_subcommands);
    let all = clap.get_subcommands().chain(inner).flat_map(options);
    let all: BTreeSet<_> = all.collect();
    let mut wrong = Vec::new();
    for page in Page::all() {
        let blocks = page.blocks();
        let shell = blocks.iter().filter(|block| block.language == "sh");
        let texts = shell.map(|block| &*block.text).chain(page.spans());
        for text in texts {
            let faults = commands(text)
                .into_iter()
                .filter_map(|words| fault(&words, &names));
            wrong.extend(faults.map(|fault| format!("{}: {fault}, in {text}", page.path)));
            let option = text.split([' ', '=']).next().unwrap_or_default();
            let is_known = all.contains(option) || OF_OTHERS.contains(&option);
            if option.starts_with("--") && !is_known {
                wrong.push(format!("{}: no command has `{option}`", page.path));
            }
        }
    }
    for (page, text) in man::examples() {
        let mut faults = commands(text).into_iter();
        let fault = faults.find_map(|words| fault(&words, &names));
        wrong.extend(fault.map(|fault| format!("{page}(1): {fault}, in {text}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The codes that a command's help names.
pub(super) fn codes(command: &Command) -> BTreeSet<u8> {
    let help = command.get_long_about().unwrap_or_default().to_string();
    let (_, codes) = help.split_once("Exit codes").unwrap_or_default();
    let words = codes.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn the_table_of_exit_codes_is_what_each_help_says() {
    let clap = clap();
    let operations = Page::read("docs/OPERATIONS.md");
    let rows = operations.rows();
    let mut wrong = Vec::new();
    for command in clap.get_subcommands() {
        let inner = command.get_subcommands().map(|inner| {
            let name = format!("{} {}", command.get_name(), inner.get_name());
            (name, inner)
        });
        for (name, command) in inner.chain([(command.get_name().to_owned(), command)]) {
            let told = format!("`{name}`");
            let row = rows
                .iter()
                .find(|row| row[0] == told && row[1].starts_with('0'));
            let shown: Option<BTreeSet<u8>> = row.map(|row| {
                row[1]
                    .split(", ")
                    .filter_map(|code| code.parse().ok())
                    .collect()
            });
            let codes = codes(command);
            if codes.is_empty() || shown.as_ref() != Some(&codes) {
                wrong.push(format!(
                    "{name}: its help says {codes:?}, the table {shown:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
