//! Tables that must have all of something: settings, audit records, faults, metrics.
use std::{collections::BTreeMap, fs};

use aegis::config::{Config, Env};

use super::page::{Page, root, spans};

/// Names in the manner of settings that are none of the server's.
const OTHERS: [&str; 8] = [
    "AEGIS_AUTHORIZATION", // of `mcp-remote`, in Claude Desktop's file
    "AEGIS_KEY",           // what clients read
    "ANTHROPIC_API_KEY",
    "CHATGPT_SETUP", // a page
    "HTTP_PROXY",
    "KEY_ROTATION", // a page
    "MCP_API_KEY",  // the usual mistake
    "OPENAI_API_KEY",
];

fn operations() -> Page {
    Page::read("docs/OPERATIONS.md")
}

fn source(path: &str) -> String {
    fs::read_to_string(root().join("src").join(path)).unwrap()
}

/// What stands in quotes, one after the other.
fn quoted(code: &str) -> Vec<&str> {
    code.split('"').skip(1).step_by(2).collect()
}

/// The part of a source between two texts.
fn between<'a>(code: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = code
        .split_once(start)
        .unwrap_or_else(|| panic!("no `{start}`"));
    rest.split_once(end)
        .unwrap_or_else(|| panic!("no `{end}`"))
        .0
}

#[test]
fn every_setting_has_a_row_and_there_is_no_other() {
    let page = operations();
    let rows = page.rows();
    let rows = rows.iter().filter_map(|row| setting(row));
    let mut shown: Vec<_> = rows.map(|(name, _)| name).collect();
    let mut known = Config::names();
    shown.sort_unstable();
    known.sort_unstable();
    assert_eq!(shown, known);
}

#[test]
fn the_names_of_the_toolsets_are_told() {
    let page = operations();
    let rows = page.rows();
    let row = rows.iter().find(|row| row[0] == "`TOOLSETS`").unwrap();
    let mut told = spans(row[2]);
    let mut names: Vec<_> = aegis::operations::all(24_000)
        .iter()
        .map(|it| it.name)
        .collect();
    // A tool of `search` with a name of its own.
    names.push("fetch");
    assert_eq!(told, names);
    let example = fs::read_to_string(root().join(".env.example")).unwrap();
    let words = between(&example, "# Which toolsets", "#TOOLSETS=");
    told = words.split(|c: char| !c.is_alphanumeric()).collect();
    names.retain(|name| !told.contains(name));
    assert!(names.is_empty(), "{names:?}");
}

/// The name and the default of a row about a setting.
pub(super) fn setting<'a>(row: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let name = row[0].strip_prefix('`')?.strip_suffix('`')?;
    let is_upper = |it: u8| it.is_ascii_uppercase() || it == b'_';
    let is_name = name.bytes().all(is_upper);
    (is_name && row.len() == 3).then(|| (name, row[1]))
}

#[test]
fn the_defaults_of_the_tables_are_those_of_the_program() {
    let read = |pairs: &[(&str, &str)]| {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        Config::from_env(&Env::new(pairs, None)).map(|config| format!("{config:?}"))
    };
    let nothing = read(&[]).unwrap();
    let pages = Page::all();
    let rows: Vec<_> = pages.iter().flat_map(Page::rows).collect();
    let mut wrong = Vec::new();
    for (name, default) in rows.iter().filter_map(|row| setting(row)) {
        let Some(value) = default
            .strip_prefix('`')
            .and_then(|it| it.strip_suffix('`'))
        else {
            continue;
        };
        if value.contains('`') {
            continue;
        }
        // Chosen later: the sandbox has another.
        let value = value
            .strip_prefix(aegis::config::DEFAULT_AUDIT_LOG)
            .unwrap_or(value);
        if read(&[(name, value)]).ok() != Some(nothing.clone()) && !value.is_empty() {
            wrong.push(format!("`{name}` is not {default} by itself"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_page_names_a_setting_that_does_not_exist() {
    let known = Config::names();
    let mut wrong = Vec::new();
    for page in Page::all() {
        let words = page
            .text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let names = words.filter(|word| {
            let is_upper = |it: u8| it.is_ascii_uppercase() || it == b'_';
            word.contains('_') && word.bytes().all(is_upper) && word.len() > 3
        });
        let unknown = names.filter(|name| !known.contains(name) && !OTHERS.contains(name));
        wrong.extend(unknown.map(|name| format!("{}: {name}", page.path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The fields of each event, in their order, by the code that writes them.
fn written() -> Vec<(String, Vec<String>)> {
    let code = source("audit/fields.rs");
    let names = between(&code, "fn name(", "pub(super) fn write(");
    let mut events = BTreeMap::new();
    for (variants, rest) in names.split("=>").zip(names.split("=>").skip(1)) {
        for variant in variants.split("Self::").skip(1) {
            let variant = variant
                .split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap();
            events.insert(variant.to_owned(), quoted(rest)[0].to_owned());
        }
    }
    let (_, writing) = code.split_once("pub(super) fn write(").unwrap();
    let (writing, _) = writing.split_once("\nfn ").unwrap();
    let mut found = Vec::new();
    let arms: Vec<_> = writing.split(" => {").collect();
    for (pattern, body) in arms.iter().zip(&arms[1..]) {
        let fields = body
            .split("put(")
            .skip(1)
            .map(|put| quoted(put)[0].to_owned());
        let fields: Vec<_> = fields.collect();
        for variant in pattern.split("Self::").skip(1) {
            let variant = variant
                .split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap();
            let phase = match variant {
                "CallStarted" => " (started)",
                "CallFinished" => " (finished)",
                _ => "",
            };
            found.push((format!("`{}`{phase}", events[variant]), fields.clone()));
        }
    }
    assert_eq!(found.len(), events.len(), "each event is written");
    found
}

#[test]
fn every_audit_record_has_a_row_with_its_fields_in_their_order() {
    let page = operations();
    let rows = page.rows();
    let mut wrong = Vec::new();
    for (event, fields) in written() {
        let row = rows.iter().find(|row| row[0] == event && row.len() == 3);
        let shown: Option<Vec<_>> = row.map(|row| spans(row[2]));
        if shown.as_deref() != Some(&fields.iter().map(String::as_str).collect::<Vec<_>>()) {
            wrong.push(format!("{event}: written {fields:?}, shown {shown:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_reason_fault_and_metric_is_told() {
    let page = operations();
    let told = page.spans();
    let (reasons, faults) = (source("audit/event.rs"), source("fault.rs"));
    let mut names = quoted(between(&reasons, "impl DenialReason", "category("));
    names.extend(quoted(between(&faults, "fn as_str", "fn status")));
    let metrics = source("commands/serve/metrics.rs") + &source("server/metrics.rs");
    let of_metrics = |name: &&str| name.starts_with("aegis_") || name.starts_with("process_");
    let is_name = |name: &&str| name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
    names.extend(
        quoted(&metrics)
            .into_iter()
            .filter(of_metrics)
            .filter(is_name),
    );
    assert!(names.len() > 30);
    names.retain(|name| !told.contains(name));
    names.sort_unstable();
    names.dedup();
    // Counted in a text of several lines.
    assert!(told.contains(&"aegis_http_responses_total"));
    assert!(names.is_empty(), "{names:?}");
}
