//! The summary as one page for a browser: everything it needs is in it, nothing in it asks a network.
//!
//! What the log holds gets into it as text only: [`Html`] takes markup from this program's source
//! and from nowhere else. The page forbids itself whatever is not the style and the script below.
mod cards;
mod chart;
mod markup;
mod tables;
mod timeline;

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::digest::{SHA256, digest};

use self::markup::Html;
use super::{
    cell::minute,
    sections::{self, Section},
    shown::{grouped, shown, times},
    text::title,
};
use crate::{audit::summary::Summary, sort};

const STYLE: &str = include_str!("html/page.css");
/// Sorts tables; without it the page says the same.
const SCRIPT: &str = include_str!("html/page.js");
/// So many files are named where a log is several.
const FILES: usize = 50;

/// In which order the tables stand: those beside each other that are read together.
const ORDER: [&str; 8] = [
    "Refused, and why",
    "Keys",
    "Addresses",
    "Networks with several addresses",
    "Operations",
    "Slowest calls",
    "Largest answers",
    "Clients",
];

/// The whole page.
pub(super) fn page(summary: &Summary, top: usize) -> String {
    let mut page = Html::new();
    head(&mut page, summary);
    let mut named = sections::named(summary, top, top);
    let place = |section: &Section<'_>| ORDER.iter().position(|name| *name == section.name);
    sort::by_key(&mut named, |section| place(section).unwrap_or(ORDER.len()));
    let mut sections = vec![sections::totals(summary)];
    sections.extend(named);

    page.raw("<body>\n<header>\n<p class=\"mark\">Aegis</p>\n<h1>");
    page.raw(title(summary.period)).raw("Auth Summary</h1>\n");
    span(&mut page, summary);
    page.raw("</header>\n<main>\n");
    cards::totals(&mut page, summary);
    cards::warnings(&mut page, summary);
    page.raw("<nav aria-label=\"Tables\">");
    for section in &sections {
        page.raw("<a href=\"#").text(&tables::id(section));
        page.raw("\">").raw(section.name).raw("</a>");
    }
    page.raw("</nav>\n");
    timeline::charts(&mut page, summary);
    page.raw("<div class=\"row\">\n");
    for section in &sections {
        tables::section(&mut page, section);
    }
    page.raw("</div>\n</main>\n<footer><p>Times are UTC. What is unusual in a text of the log is shown as <code>\\u{..}</code>. Made by <code>aegis audit-summary</code>.</p></footer>\n<script>");
    page.raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    page.finish()
}

fn head(page: &mut Html, summary: &Summary) {
    let hash = |text: &str| BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes()));
    page.raw(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-",
    );
    page.text(&hash(STYLE)).raw("'; script-src 'sha256-");
    page.text(&hash(SCRIPT)).raw(
        "'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>",
    );
    page.raw(title(summary.period)).raw("Auth Summary");
    if let Some(until) = summary.until.or(summary.log.last) {
        page.raw(" of ").text(&minute(until)).raw(" UTC");
    }
    page.raw("</title>\n<style>").raw(STYLE);
    page.raw("</style>\n</head>\n");
}

/// Which time and which records this is about.
fn span(page: &mut Html, summary: &Summary) {
    let log = &summary.log;
    page.raw("<p>");
    match summary.from.or(log.first) {
        Some(time) => page.time(time),
        None => page.raw("the beginning"),
    };
    page.raw(" to ");
    match summary.until.or(log.last) {
        Some(time) => page.time(time),
        None => page.raw("the end"),
    };
    page.raw(" UTC</p>\n");
    let records = format!("{} of ", times(log.records, "record", "records"));
    if let [one] = &log.files[..] {
        page.raw("<p>").text(&records).raw("<code>");
        page.text(&shown(one)).raw("</code></p>\n");
        return;
    }
    let files = log.files.len();
    page.raw("<details><summary>").text(&records);
    page.text(&grouped(files as u64))
        .raw(" files</summary>\n<ul>\n");
    for file in log.files.iter().take(FILES) {
        page.raw("<li><code>").text(&shown(file));
        page.raw("</code></li>\n");
    }
    if files > FILES {
        page.raw("<li>and ")
            .text(&grouped((files - FILES) as u64))
            .raw(" more</li>\n");
    }
    page.raw("</ul></details>\n");
}
