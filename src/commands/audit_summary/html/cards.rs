//! What is read first: four numbers, and whether anything is wrong.
use super::{
    super::{
        cell::change,
        faults::{self, Fault},
        sections::Figure,
        shown::{grouped, times},
    },
    markup::Html,
};
use crate::audit::summary::{Summary, Totals};

/// The numbers of the guide's block.
pub(super) fn totals(page: &mut Html, summary: &Summary) {
    let totals = &summary.totals;
    let tiles: [Figure<Totals>; 4] = [
        ("Total auth attempts", |it| it.attempts),
        ("Successful", |it| it.successful),
        ("Failed", |it| it.failed),
        ("Rate limited IPs", |it| it.rate_limited_addresses),
    ];
    page.raw("<dl class=\"tiles\">\n");
    for (name, count) in tiles {
        let now = count(totals);
        page.raw("<div><dt>").raw(name).raw("</dt><dd>");
        page.text(&grouped(now)).raw("</dd>");
        if let Some(before) = summary.before.as_ref().map(count) {
            page.raw("<dd class=\"small\">");
            match (now, before) {
                (0, 0) => page.raw("none before either"),
                (_, 0) => page.raw("none before"),
                _ if now == before => page.raw("as many before"),
                _ => {
                    page.raw("<b>").text(&change(now, before));
                    page.raw("</b> against ")
                        .text(&grouped(before))
                        .raw(" before")
                }
            };
            page.raw("</dd>");
        }
        page.raw("</div>\n");
    }
    page.raw("</dl>\n");
}

/// What is wrong with the log, and what its keeper should look at; that nothing is, if nothing is.
pub(super) fn warnings(page: &mut Html, summary: &Summary) {
    let faults = faults::of(summary);
    let looks = looks(summary);
    page.raw("<div class=\"row\">\n");
    match (&faults[..], &looks[..]) {
        ([], []) => fine(
            page,
            "Nothing wrong",
            "The log has no gap, no break, and no line that is no record. No address was blocked, no retired key tried.",
        ),
        ([], _) => fine(
            page,
            "Nothing is wrong with the log",
            "It has no gap, no break, and no line that is no record.",
        ),
        _ => {
            page.raw("<section class=\"card alarm\">\n<h2>Something is wrong with the log</h2>\n");
            list(page, &faults);
            page.raw("<p><code>aegis audit-summary verify</code> names each line that was changed, taken out, put in or moved.</p>\n</section>\n");
        }
    }
    if !looks.is_empty() {
        page.raw("<section class=\"card look\">\n<h2>Worth a look</h2>\n<ul>\n");
        for look in &looks {
            page.raw("<li>").text(look).raw("</li>\n");
        }
        page.raw("</ul>\n</section>\n");
    }
    page.raw("</div>\n");
}

fn fine(page: &mut Html, title: &'static str, why: &'static str) {
    page.raw("<section class=\"card fine\">\n<h2>").raw(title);
    page.raw("</h2>\n<p>").raw(why).raw("</p>\n</section>\n");
}

fn list(page: &mut Html, faults: &[Fault]) {
    page.raw("<ul>\n");
    for fault in faults {
        page.raw("<li>").text(&fault.what);
        for place in &fault.places {
            page.raw("<br>\n<small>").text(place).raw("</small>");
        }
        page.raw("</li>\n");
    }
    page.raw("</ul>\n");
}

/// What happened at the door that is no matter of every day.
fn looks(summary: &Summary) -> Vec<String> {
    let totals = &summary.totals;
    let mut looks = Vec::new();
    if summary.log.records == 0 {
        looks.push("there is no record of this time".to_owned());
    }
    if totals.unauthenticated > 0 {
        looks.push(format!(
            "authentication was switched off for {}",
            times(totals.unauthenticated, "request", "requests")
        ));
    }
    if totals.rate_limit_events > 0 || totals.blocked_requests > 0 {
        looks.push(format!(
            "{} blocked, {}; {} came meanwhile",
            times(
                totals.rate_limited_addresses,
                "address was",
                "addresses were"
            ),
            times(totals.rate_limit_events, "time", "times in all"),
            times(totals.blocked_requests, "request", "requests")
        ));
    }
    if totals.retired_keys > 0 {
        looks.push(format!(
            "keys that are no longer in force were tried {}",
            times(totals.retired_keys, "time", "times")
        ));
    }
    if totals.aggregated > 0 {
        looks.push(format!(
            "{} so many that only their number was recorded",
            times(totals.aggregated, "refusal was one of", "refusals were")
        ));
    }
    looks
}
