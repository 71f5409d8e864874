//! The page for a browser: whole, in itself, and of this program's own markup whatever the log holds.
use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::{prelude::*, sample::select};
use ring::digest::{SHA256, digest};

use super::{Logs, WEEK, history};
use crate::support::golden;

/// Tags that have no end.
const VOID: [&str; 2] = ["br", "meta"];

/// What would be more than text, if it were not shown as such.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style></script></svg></td></table>",
    "javascript:alert(1)",
    "<a href=\"javascript:alert(1)\">x</a>",
    "a\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}",
    "nul\0\u{7}\u{1b}[2J\r\n\u{85}\u{2028}",
    "]]><![CDATA[<!-- -->",
    "&lt;b&gt;&#60;&amp",
    "\u{feff}<svg/onload=alert(1)>\u{ff1c}script\u{ff1e}",
    "\\u{3c}script\\u003e",
];

fn page(text: impl AsRef<[u8]>) -> String {
    Logs::with(text).said(&["all", "--html", "--log", "audit.log"])
}

/// Reads a page as strictly as no browser does: the name of each tag and, behind it, those of its
/// attributes, in their order; what is between them.
fn parts(page: &str) -> (Vec<String>, Vec<&str>) {
    let (mut tags, mut texts, mut open) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    while let Some(at) = rest.find('<') {
        texts.push(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(ended) = rest.strip_prefix('/') {
            let (name, after) = ended.split_once('>').unwrap();
            assert_eq!(open.pop(), Some(name), "before {after:.80}");
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
        let name = &rest[..end];
        assert!(!name.is_empty(), "{rest:.80}");
        rest = &rest[end..];
        let mut tag = name.to_owned();
        while let Some(attribute) = rest.strip_prefix(' ') {
            let (name, value) = attribute.split_once("=\"").unwrap();
            let plain = |c: char| c.is_ascii_alphabetic() || c == '-';
            assert!(name.chars().all(plain), "{name:.80}");
            tag.extend([" ", name]);
            let (value, after) = value.split_once('"').unwrap();
            assert!(!value.contains(['<', '>']), "{value:.80}");
            rest = after;
        }
        tags.push(tag);
        if let Some(after) = rest.strip_prefix("/>") {
            rest = after;
        } else {
            rest = rest.strip_prefix('>').unwrap();
            if !VOID.contains(&name) {
                open.push(name);
            }
            if matches!(name, "style" | "script") {
                rest = &rest[rest.find("</").unwrap()..];
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(!texts.iter().any(|text| text.contains('>')));
    (tags, texts)
}

/// What a person reads.
fn read(page: &str) -> String {
    let texts = parts(page).1.join("\u{1f}");
    let texts = texts.replace("&lt;", "<").replace("&gt;", ">");
    let texts = texts.replace("&quot;", "\"").replace("&#39;", "'");
    texts.replace("&amp;", "&")
}

/// A log in which each text that a stranger or a writer chooses is `text`.
fn log_of(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    let fields = [
        format!(
            "\"event\": \"api_authentication\", \"status\": \"success\", \"client_ip\": \"::1\", \"user_agent\": {text}, \"key_hint\": {text}"
        ),
        format!(
            "\"event\": \"access_denied\", \"reason\": {text}, \"client_ip\": {text}, \"user_agent\": {text}"
        ),
        format!(
            "\"event\": \"tool_call\", \"phase\": \"started\", \"operation\": {text}, \"access\": \"write\", \"key_hint\": {text}"
        ),
        format!(
            "\"event\": \"tool_call\", \"phase\": \"finished\", \"operation\": {text}, \"access\": \"write\", \"key_hint\": {text}, \"outcome\": \"error\", \"duration_ms\": 5, \"answer_bytes\": 5, \"request_id\": {text}"
        ),
        format!("\"event\": {text}"),
    ];
    let record = |fields| format!("{{\"timestamp\": \"2026-01-28T12:00:00.000Z\", {fields}}}\n");
    fields.into_iter().map(record).collect()
}

#[test]
fn a_chart_of_one_day_names_it_once() {
    let record = r#"{"timestamp": "2026-01-29T12:34:56.789Z", "event": "api_authentication", "status": "success"}"#;
    let page = page(format!("{record}\n"));
    let mut ends = page.lines().filter(|line| line.contains("class=\"ends\""));
    assert_eq!(
        ends.next(),
        Some(
            r#"<div class="ends" aria-hidden="true"><span></span><span>2026-01-29</span><span></span></div>"#
        )
    );
}

#[test]
fn the_page_is_what_the_golden_file_says() {
    let logs = Logs::with(history());
    let page = logs.said(&[&["--log", "audit.log", "--html"][..], &WEEK].concat());
    parts(&page);
    golden("audit-summary.html", &page);
}

#[test]
fn the_page_holds_what_the_text_says() {
    let logs = Logs::with(history());
    let log = ["--log", "audit.log"];
    let text = logs.said(&[&log[..], &WEEK].concat());
    let page = read(&logs.said(&[&log[..], &["--html"], &WEEK].concat()));
    let cells = text.lines().flat_map(|line| line.split("  "));
    let cells = cells.map(str::trim).filter(|cell| {
        let is_chart = cell.starts_with(|c| "▁▂▃▄▅▆▇█·".contains(c));
        !is_chart && !cell.starts_with("===") && !cell.ends_with(')')
    });
    for cell in cells.filter(|it| !it.contains(" to ") && !it.contains(" records of ")) {
        // Those it calls blocks, and nothing else.
        if cell != "Rate limit events:" {
            assert!(page.contains(cell.trim_end_matches(':')), "{cell}");
        }
    }
}

#[test]
fn the_page_allows_its_own_style_and_script_and_nothing_else() {
    let page = page(history());
    let within = |tag: &str| {
        let (_, inner) = page.split_once(&format!("<{tag}>")).unwrap();
        inner.split_once(&format!("</{tag}>")).unwrap().0
    };
    let hash = |text: &str| BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes()));
    let policy = format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">",
        hash(within("style")),
        hash(within("script")),
    );
    assert!(page.contains(&policy), "{policy}");
    let (style, script) = (within("style"), within("script"));
    assert!(style.len() + script.len() < 8 * 1024);
    for outside in ["url(", "@import", "http", "innerHTML", "eval"] {
        assert!(!style.contains(outside) && !script.contains(outside));
    }
    let attributes: BTreeSet<_> = parts(&page)
        .0
        .iter()
        .flat_map(|tag| tag.split(' ').skip(1).map(str::to_owned))
        .collect();
    let refused = |name: &String| {
        name.starts_with("on") || ["src", "style", "action", "srcset"].contains(&&**name)
    };
    assert!(!attributes.iter().any(refused), "{attributes:?}");
    for link in page.split("href=\"").skip(1) {
        assert!(link.starts_with('#'), "{link:.80}");
    }
}

#[test]
fn no_text_of_a_log_is_anything_but_text() {
    let plain = parts(&page(log_of("plain"))).0;
    for text in HOSTILE {
        let page = page(log_of(text));
        assert_eq!(parts(&page).0, plain, "{text:?}");
        let hides = |c: char| {
            c.is_control() && c != '\n' || "\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}".contains(c)
        };
        assert!(!page.contains(hides), "{text:?}");
    }
    let read = read(&page(log_of("<b>\u{202e}&lt;\0\\")));
    assert!(read.contains(r"<b>\u{202e}&lt;\u{0}\\"));
}

#[test]
fn names_of_files_and_labels_of_keys_are_text_too() {
    let logs = Logs::with("");
    let evil = "<img src=x onerror=alert(1)>\u{202e}.log";
    std::fs::write(logs.path(evil), history() + "garbage\n").unwrap();
    let metadata = serde_json::json!({"version": 1, "keys": [
        {"id": "1", "label": "<script>", "hint": "a1b2c3d4...e1f2"},
    ]});
    std::fs::write(logs.path("aegis-keys.json"), metadata.to_string()).unwrap();
    for names in [&[evil][..], &[evil, "audit.log"]] {
        let page = logs.said(&[&["all", "--html", "--log"], names].concat());
        let read = read(&page);
        let shown = r"<img src=x onerror=alert(1)>\u{202e}.log";
        assert!(read.contains(shown) && read.contains("<script>"));
        assert_eq!(
            read.matches(shown).count(),
            2,
            "the file and its first wrong line"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_page_has_the_tags_of_this_program_whatever_strings_a_log_holds(
        pieces in proptest::collection::vec(prop_oneof![
            select(&HOSTILE[..]).prop_map(str::to_owned),
            ".{0,40}",
            "[<>\"'&/=! a-z]{0,40}",
        ], 1..6),
    ) {
        let plain = parts(&page(log_of("plain"))).0;
        prop_assert_eq!(parts(&page(log_of(&format!("x{}", pieces.concat())))).0, plain);
    }
}

#[test]
fn what_is_wrong_stands_before_everything_else() {
    let mut lines: Vec<_> = history().lines().map(str::to_owned).collect();
    lines.drain(100..110);
    lines.push("garbage".to_owned());
    lines.push(
        "{\"timestamp\": \"2026-01-28T05:00:00.000Z\", \"event\": \"audit_gap\", \"lost\": 17}"
            .to_owned(),
    );
    lines.push(
        "{\"timestamp\": \"2026-01-28T05:00:01.000Z\", \"event\": \"audit_log_truncated\"}"
            .to_owned(),
    );
    let page = read(&page(lines.join("\n") + "\n{\"timest"));
    let (before, _) = page.split_once("By day").unwrap();
    for told in [
        "Something is wrong with the log",
        "1 break in the numbers of records: some are missing or out of order",
        "after record 100 comes 111 (audit.log, byte ",
        "1 gap: 17 records could not be written",
        "1 line is no record (1 no JSON); the first: audit.log",
        "1 file ends in the midst of a line",
        "the log was cut by others (1 record)",
        "1 address was blocked, 1 time; 41 requests came meanwhile",
        "keys that are no longer in force were tried 1 time",
        "250 refusals were so many that only their number was recorded",
    ] {
        assert!(before.contains(told), "{told}\n{before}");
    }
}

#[test]
fn nothing_wrong_is_said_where_nothing_is() {
    let calm: String = history().split_inclusive('\n').take(1_000).collect();
    let page = read(&page(calm));
    assert!(page.contains("Nothing wrong") && !page.contains("Worth a look"));
    let empty = read(&self::page(""));
    assert!(empty.contains("there is no record of this time"));
}

#[test]
fn a_page_of_a_large_log_stays_small() {
    let records = (0..1_500).map(|n| {
        // A year, and a name of its own for each of everything.
        let time = chrono::DateTime::from_timestamp(1_700_000_000 + n * 21_600, 0).unwrap();
        let time = time.format("%Y-%m-%dT%H:%M:%S.000Z");
        let name = serde_json::to_string(&format!("{n}{}", "<\u{7}".repeat(200))).unwrap();
        let ip = format!("10.{}.{}.1", n / 250, n % 250);
        format!(
            "{{\"timestamp\": \"{time}\", \"event\": \"access_denied\", \"reason\": {name}, \"client_ip\": \"{ip}\", \"user_agent\": {name}}}\n\
             {{\"timestamp\": \"{time}\", \"event\": \"api_authentication\", \"status\": \"success\", \"client_ip\": \"{ip}\", \"key_hint\": {name}}}\n\
             {{\"timestamp\": \"{time}\", \"event\": \"tool_call\", \"phase\": \"finished\", \"operation\": {name}, \"key_hint\": {name}, \"outcome\": \"ok\", \"duration_ms\": {n}, \"answer_bytes\": {n}}}\n\
             {{\"timestamp\": \"{time}\", \"event\": {name}}}\n"
        )
    });
    let text: String = records.collect();
    let page = page(text);
    parts(&page);
    assert!(page.len() < 300_000, "{}", page.len());
}
