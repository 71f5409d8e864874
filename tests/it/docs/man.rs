//! The man pages: what `--help` says, and the sections that a page of a manual has beside that. Settings
//! are told in the words of the tables for operators.
mod pages;

use std::{collections::BTreeSet, fs, path::Path};

use aegis::cli::Cli;
use clap::{Command, CommandFactory};
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use self::pages::{OTHERS, PAGES, Sections, file};
use super::{
    commands::{clap, codes},
    page::Page,
};
use crate::support::golden;

/// The commands of all pages.
pub(super) fn examples() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_a_page = |it: &'static Sections| it.examples.iter().map(|(typed, _)| (it.page, *typed));
    PAGES.iter().flat_map(of_a_page)
}

/// The text before the exit codes, what is said of them all, and each with its meaning.
fn exit_codes(about: &str) -> (&str, &str, Vec<(u8, String)>) {
    let (before, rest) = about.split_once("Exit codes").unwrap_or((about, ""));
    let (of_all, rest) = rest.split_once(": ").unwrap_or_default();
    let mut codes: Vec<(u8, String)> = Vec::new();
    for piece in rest.trim_end_matches('.').split(", ") {
        let code = piece.split_once(' ');
        let code = code.and_then(|(code, meaning)| Some((code.parse().ok()?, meaning.to_owned())));
        match (code, codes.last_mut()) {
            (Some(code), _) => codes.push(code),
            (None, Some((_, meaning))) => meaning.extend([", ", piece]),
            (None, None) => assert!(piece.is_empty(), "`{piece}` is no exit code"),
        }
    }
    (before.trim_end(), of_all.trim_start_matches(", "), codes)
}

fn tagged(page: &mut Roff, tag: &str, text: &str) {
    page.control("TP", []);
    page.text([bold(tag)]);
    page.text([roman(text)]);
}

/// The settings that are read, each with what it does.
fn settings(names: &[&str]) -> Vec<(String, String)> {
    let operations = Page::read("docs/OPERATIONS.md");
    let rows = operations.rows();
    let settings = rows
        .iter()
        .filter_map(|row| super::tables::setting(row).map(|it| (it, row[2])));
    let all: Vec<_> = settings.collect();
    let told = |name: &str| {
        let row = all.iter().find(|((known, _), _)| *known == name);
        let ((_, default), meaning) = row.unwrap_or_else(|| panic!("{name} has no row"));
        (name.to_owned(), format!("{meaning} (default: {default})"))
    };
    if names == ["all"] {
        return all.iter().map(|((name, _), _)| told(name)).collect();
    }
    let is_ours = |name: &&&str| OTHERS.iter().all(|(other, _)| other != *name);
    names
        .iter()
        .filter(is_ours)
        .map(|name| told(name))
        .collect()
}

fn rendered(command: &Command) -> String {
    let about = command
        .get_long_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    let (before, of_all, exits) = exit_codes(&about);
    let command = match before {
        "" => command.clone(),
        _ => command.clone().long_about(before.to_owned()),
    };
    let man = Man::new(command).source(format!("aegis {}", env!("CARGO_PKG_VERSION")));
    let name = man.get_filename();
    let name = name.trim_end_matches(".1");
    let sections = PAGES.iter().find(|it| it.page == name);
    let sections =
        sections.unwrap_or_else(|| panic!("{name}: what are its files, settings and examples?"));

    let mut page = Roff::new();
    page.control("SH", ["EXIT STATUS"]);
    if exits.is_empty() {
        let operations = Page::read("docs/OPERATIONS.md");
        let prose = operations.prose();
        let (_, line) = prose
            .iter()
            .find(|(_, line)| line.starts_with("1 is "))
            .unwrap();
        page.text([roman(format!(
            "0 is success, {line} Each command's page has its own."
        ))]);
    }
    if !of_all.is_empty() {
        page.text([roman(format!("Of several that apply, {of_all}:"))]);
    }
    for (code, meaning) in &exits {
        tagged(&mut page, &code.to_string(), meaning);
    }
    page.control("SH", ["FILES"]);
    for name in sections.files {
        tagged(&mut page, name, file(name));
    }
    page.control("SH", ["ENVIRONMENT"]);
    let also = "Settings may stand in `.env` too, but for `AEGIS_ENV_FILE`.";
    page.text([roman(also)]);
    for (name, meaning) in settings(sections.environment) {
        tagged(&mut page, &name, &meaning);
    }
    for (name, meaning) in OTHERS {
        if name == "NO_COLOR" || sections.environment.contains(&name) {
            tagged(&mut page, name, meaning);
        }
    }
    page.control("SH", ["EXAMPLES"]);
    for (typed, why) in sections.examples {
        page.control("PP", []);
        page.text([roman(*why)]);
        page.control("PP", []);
        page.control("RS", ["4"]);
        page.control("nf", []);
        page.text([roman(*typed)]);
        page.control("fi", []);
        page.control("RE", []);
    }

    let mut start = Vec::new();
    man.render(&mut start).unwrap();
    // Each part begins with how an apostrophe is set; once will do.
    let rest = page.render();
    let at = rest.find(".SH").expect("a section begins");
    String::from_utf8(start).unwrap() + &rest[at..]
}

/// A command and all below it.
fn with_those_below(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(with_those_below);
    [command].into_iter().chain(below).collect()
}

#[test]
fn man_pages_are_those_of_the_command_line() {
    let clap = clap();
    let mut names = BTreeSet::new();
    for command in with_those_below(&clap) {
        let name = Man::new(command.clone()).get_filename();
        golden(&format!("../../man/{name}"), &rendered(command));
        names.insert(name);
    }
    let committed = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("man")).unwrap();
    let committed = committed.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert_eq!(committed.collect::<BTreeSet<_>>(), names);
}

#[test]
fn every_exit_code_of_a_help_is_in_its_man_page() {
    for command in with_those_below(&Cli::command()) {
        let about = command
            .get_long_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        let (_, _, exits) = exit_codes(&about);
        let exits: BTreeSet<_> = exits.into_iter().map(|(code, _)| code).collect();
        assert_eq!(exits, codes(command), "{}", command.get_name());
    }
}
