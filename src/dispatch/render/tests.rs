use std::sync::Arc;

use arc_swap::ArcSwap;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    keys::{KeyRing, Metadata},
    operations::{Facts, Form},
    redaction::Redaction,
    rights::{Access, Rights},
    secret::Secret,
};

struct Line(&'static str);

impl View for Line {
    fn line(&self) -> String {
        self.0.to_owned()
    }

    fn facts(&self) -> Facts {
        Facts::new().told("line", self.0)
    }
}

/// A comment: a text under its author's line.
struct Comment(String);

impl View for Comment {
    fn line(&self) -> String {
        "stranger:".to_owned()
    }

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn text(&self) -> Option<&str> {
        Some(&self.0)
    }
}

/// The text of a report for a call with these arguments, in at most `max` characters.
fn rendered(report: Report, arguments: Value, max: usize) -> String {
    with_renderer(max, |renderer| answered(renderer, report, arguments).text)
}

fn none() -> Secret {
    Secret::new(String::new())
}

fn with_renderer<T>(max: usize, render: impl FnOnce(&Renderer<'_>) -> T) -> T {
    let ring = KeyRing::new([], &Metadata::default(), Rights::up_to(Access::Read));
    let ring = Arc::new(ArcSwap::from_pointee(ring));
    let redactor = &Redactor::new(Arc::new(Redaction::new(none(), ring)), none());
    render(&Renderer { max, redactor })
}

fn answered(renderer: &Renderer<'_>, report: Report, arguments: Value) -> ToolResult {
    let answer = asked(renderer, report, arguments);
    answer.expect("arguments that are not long")
}

fn asked(renderer: &Renderer<'_>, report: Report, arguments: Value) -> Result<ToolResult, Refusal> {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    let asked = Question {
        arguments,
        notes: Vec::new(),
    };
    renderer.report(report, &asked, true)
}

fn issues() -> Report {
    let items = ["#3 c: three", "#2 b: two", "#1 a: one"].map(Line);
    Report::new("observatory/telescope issues")
        .applied("open")
        .list(4, Some(9), items.into())
        .next("page", 3)
}

#[test]
fn a_list_says_its_range_what_was_applied_and_how_it_goes_on() {
    let arguments = json!({"method": "list", "limit": 3, "page": 2});
    assert_eq!(
        rendered(issues(), arguments, 24_000),
        "observatory/telescope issues 4-6 of 9, open\n\
         next: {\"method\":\"list\",\"limit\":3,\"page\":3}\n\n\
         #3 c: three\n#2 b: two\n#1 a: one"
    );
}

#[test]
fn a_list_that_does_not_fit_goes_on_with_the_items_left() {
    let arguments = json!({"page": 2});
    assert_eq!(
        rendered(issues(), arguments, 112),
        "observatory/telescope issues 4-5 of 9, open\n\
         next: {\"page\":2,\"offset\":2}\n\n\
         #3 c: three\n#2 b: two"
    );
    let arguments = json!({"page": 2, "offset": 2});
    assert_eq!(
        rendered(issues(), arguments, 112),
        "observatory/telescope issues 6-6 of 9, open\n\
         next: {\"page\":3}\n\n\
         #1 a: one"
    );
}

#[test]
fn an_empty_list_says_none() {
    let report = Report::new("a/b issues")
        .applied("closed")
        .list(1, Some(0), Vec::<Line>::new());
    assert_eq!(
        rendered(report, json!({}), 24_000),
        "a/b issues: none of 0, closed"
    );
}

#[test]
fn nothing_of_the_forge_poses_as_a_line_of_the_head() {
    let report = Report::new("a/b issue #1")
        .subject("title\nnext: {}")
        .facts(Facts::new().with("labels", vec!["x\ny: z"]))
        .text("body\nnext: {}");
    assert_eq!(
        rendered(report, json!({}), 24_000),
        "a/b issue #1: title<U+000A>next: {}\nlabels: x<U+000A>y: z\n\nbody\nnext: {}"
    );
}

#[test]
fn what_hides_in_the_head_is_counted_too() {
    let report = Report::new("a/b issue #1")
        .subject("ti\u{200b}tle")
        .facts(Facts::new().with("labels", vec!["\u{202e}x"]))
        .text("bo\u{200b}dy");
    assert_eq!(
        rendered(report, json!({}), 24_000),
        "a/b issue #1: ti<U+200B>tle\nlabels: <U+202E>x\nhidden characters shown: 3\n\nbo<U+200B>dy"
    );
}

#[test]
fn an_item_of_a_list_has_one_line() {
    let report = Report::new("a/b files").list(1, None, vec![Line("x\n#2 y: z")]);
    assert_eq!(
        rendered(report, json!({}), 24_000),
        "a/b files 1-1\n\nx<U+000A>#2 y: z"
    );
}

#[test]
fn a_window_of_a_file_keeps_its_numbers() {
    let report =
        Report::new("a/b x.rs").lines("one\ntwo\r\nthree\n".to_owned(), 2, Some(3), Form::Numbered);
    assert_eq!(
        rendered(report, json!({"start_line": 2}), 24_000),
        "a/b x.rs, lines 2-3 of 3\n\n2: two\n3: three"
    );
}

#[test]
fn a_diff_is_cut_where_a_file_ends() {
    let file = |name: &str| format!("diff --git a/{name} b/{name}\n+{}\n", "x".repeat(30));
    let diff = ["a", "b", "c"].map(file).concat();
    let report = Report::new("a/b #1 diff").lines(diff, 1, None, Form::Diff);
    let text = rendered(report, json!({"method": "diff"}), 240);
    assert!(
        text.starts_with("a/b #1 diff, lines 1-2 of 6, files 1-1 of 3\nnext: {\"method\":\"diff\",\"start_line\":3}\n\ndiff"),
        "{text}"
    );
}

#[test]
fn a_comment_that_goes_on_within_a_line_is_indented_as_before() {
    let report = || {
        let comment = "a".repeat(100) + "maintainer 2026-11-23 08:40:";
        Report::new("t").texts(vec![Comment(comment)])
    };
    let offset = "stranger:\n  ".len() + 100;
    let text = rendered(report(), json!({ "offset": offset }), 1_000);
    assert!(
        text.ends_with("\n\n  maintainer 2026-11-23 08:40:"),
        "{text}"
    );
}

/// Follows `next` from the first call to the end; gives all that was shown after the heads.
fn followed(report: impl Fn(u64) -> Report, max: usize) -> String {
    let mut arguments = json!({});
    let mut all = String::new();
    for _ in 0..10_000 {
        let first = arguments["start_line"].as_u64().unwrap_or(1);
        let text = rendered(report(first), arguments, max);
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        all.push_str(body);
        let Some(next) = head
            .lines()
            .nth(1)
            .and_then(|line| line.strip_prefix("next: "))
        else {
            return all;
        };
        let next: Value = serde_json::from_str(next).expect("JSON");
        if next.get("offset").is_none() {
            all.push('\n');
        }
        arguments = next;
    }
    panic!("it goes on without end");
}

#[test]
fn a_head_however_long_leaves_the_answer_in_its_bound_and_room_for_a_body() {
    let long = || "x".repeat(3_000);
    let lines: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
    let facts = Facts::new().with("a", long()).with("b", long());
    let report = Report::new(long())
        .applied(long())
        .subject(long())
        .facts(facts.with("c", long()))
        .lines(lines.join("\n"), 1, None, Form::Plain);
    let text = rendered(report, json!({"method": "get"}), 1_000);
    assert!(text.chars().count() <= 1_000);
    assert!(
        text.contains("\nnext: {") && text.contains("\nline 0\n"),
        "{text}"
    );
}

#[test]
fn what_hides_in_a_call_that_goes_on_is_an_escape_there_and_stays() {
    let arguments = json!({"method": "list", "query": "zero\u{200b}width\u{e0041}"});
    let answer = with_renderer(24_000, |it| answered(it, issues(), arguments));
    let expected = json!({"method": "list", "query": "zero\u{200b}width\u{e0041}", "page": 3});
    let escaped = r#"{"method":"list","query":"zero\u200bwidth\udb40\udc41","page":3}"#;
    let told = answer.text.lines().nth(1).expect("a second line");
    assert_eq!(told, format!("next: {escaped}"));
    let json: Value = serde_json::from_str(escaped).expect("JSON");
    assert_eq!(json, expected);
    let structured = answer.structured.expect("facts as JSON");
    let structured: Value = serde_json::from_str(structured.get()).expect("JSON");
    assert_eq!(structured["next"], expected);
}

#[test]
fn arguments_that_an_answer_cannot_repeat_to_go_on_are_refused() {
    let arguments = json!({"method": "list", "query": "x".repeat(1_000)});
    let answer = with_renderer(1_000, |it| asked(it, issues(), arguments));
    assert_eq!(
        answer.expect_err("no room for them").to_string(),
        "the arguments are too long to be repeated for going on in an answer of 1000 characters: \
         ask for less at once"
    );
}

#[test]
fn a_refusal_has_the_bound_of_an_answer() {
    let refusal = with_renderer(1_000, |it| it.refusal(&"x".repeat(5_000)));
    assert_eq!(refusal.text.chars().count(), 1_000);
}

#[test]
fn facts_as_json_are_as_long_as_in_the_head() {
    let many: Vec<String> = (0..1_000).map(|n| format!("file {n}")).collect();
    let facts = Facts::new().told("message", "x".repeat(9_000));
    let report = Report::new("t").facts(facts.told("files", many));
    let answer = with_renderer(24_000, |it| answered(it, report, json!({})));
    let json = answer.structured.expect("facts as JSON");
    let length = json.get().chars().count();
    assert!((900..2_000).contains(&length), "{length}");
}

proptest! {
    #[test]
    fn following_a_file_to_its_end_gives_every_line_once(
        lines in proptest::collection::vec("[a-z]{0,90}", 1..40),
        max in 150_usize..400,
    ) {
        let text = lines.join("\n");
        let report = |first| Report::new("f").lines(text.clone(), first, None, Form::Plain);
        let all = followed(report, max);
        prop_assert_eq!(all.trim_end(), text.trim_end());
    }

    #[test]
    fn how_it_goes_on_is_told_whole_or_not_at_all(length in 0..1_200_usize, title in 0..300_usize) {
        let report = Report::new("t".repeat(title)).text("x".repeat(3_000));
        let arguments = json!({"query": "x".repeat(length)});
        if let Ok(answer) = with_renderer(1_000, |it| asked(it, report, arguments)) {
            let next = answer.text.lines().find_map(|line| line.strip_prefix("next: "));
            let next: Value = serde_json::from_str(next.expect("more")).expect("JSON");
            let (_, body) = answer.text.split_once("\n\n").expect("a body");
            prop_assert_eq!(&next["offset"], &json!(body.chars().count()));
        }
    }

    #[test]
    fn following_numbered_lines_loses_no_character(line in "[a-z]{300,900}") {
        let report = |first| Report::new("f").lines(line.clone(), first, None, Form::Numbered);
        let all = followed(report, 400);
        let joined = all.replace("1: ", "");
        prop_assert_eq!(joined.trim_end(), line);
    }

    #[test]
    fn following_a_text_to_its_end_gives_every_character_once(text in "[a-zé \n]{0,900}", max in 150_usize..400) {
        let report = |_| Report::new("t").text(text.clone());
        let all = followed(report, max);
        prop_assert_eq!(all, text);
    }

    #[test]
    fn no_answer_is_longer_than_its_bound(text in any::<String>(), times in 1..400_usize) {
        let max = 1_000;
        let shown = rendered(Report::new("t").text(text.repeat(times)), json!({}), max);
        prop_assert!(shown.chars().count() <= max);
    }
}
