//! Broken off at every question: by Ctrl-C, by Ctrl-D, by a terminal that is closed. The files are as
//! they were, or at a stage with a name that can be ended; the terminal can be used.
use std::{fs::File, thread};

use rustix::fs::{FlockOperation, flock};

use super::fixture::{Keys, old, stale};

/// How somebody leaves.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    CtrlC,
    CtrlD,
    Closes,
}

/// A question: what comes before it, and the words that it ends with.
struct Question {
    arguments: &'static [&'static str],
    /// What is waited for and then typed.
    before: &'static [(&'static str, &'static str)],
    words: &'static str,
    /// The stage that is left.
    stage: Option<&'static str>,
    /// Whether a rotation is under way before.
    begun: bool,
}

const TO_THE_TEST: (&str, &str) = ("Press Enter", "\n");

const QUESTIONS: [Question; 13] = [
    // Which key, by arrows and by number.
    question(&[], &[], "key2", None),
    question(&["--plain"], &[], "Number from 1 to 2 [1]", None),
    question(&["key1"], &[], "Press Enter", Some("open")),
    // What to do about a server that does not take it.
    question(&["key1"], &[TO_THE_TEST], "Go on untested", Some("open")),
    question(
        &["key1", "--plain"],
        &[TO_THE_TEST],
        "Number from 1 to 4 [1]",
        Some("open"),
    ),
    // Where else it is.
    question(
        &["key1", "--plain"],
        &[TO_THE_TEST, ("to 4 [1]", "2\n")],
        "address",
        Some("open"),
    ),
    // When the old one goes.
    question(
        &["key1", "--no-test"],
        &[TO_THE_TEST],
        "Later",
        Some("open"),
    ),
    question(
        &["key1", "--plain", "--no-test"],
        &[TO_THE_TEST],
        "to 3 [1]",
        Some("open"),
    ),
    question(
        &["key1", "--plain", "--no-test"],
        &[TO_THE_TEST, ("to 3 [1]", "2\n")],
        "Until when",
        Some("open"),
    ),
    // While the server is asked.
    question(&["key1"], &[TO_THE_TEST], "Asking", Some("open")),
    Question {
        begun: true,
        ..question(&[], &[], "Go on with that?", Some("open"))
    },
    Question {
        begun: true,
        ..question(&["--finish"], &[], "Go on untested", Some("open"))
    },
    Question {
        begun: true,
        ..question(&["--abort"], &[], "[y/N]", Some("open"))
    },
];

const fn question(
    arguments: &'static [&'static str],
    before: &'static [(&'static str, &'static str)],
    words: &'static str,
    stage: Option<&'static str>,
) -> Question {
    Question {
        arguments,
        before,
        words,
        stage,
        begun: false,
    }
}

fn broken_off(leaves: Leaves) {
    thread::scope(|scope| {
        for question in &QUESTIONS {
            scope.spawn(move || broken_off_at(question, leaves));
        }
    });
}

fn broken_off_at(question: &Question, leaves: Leaves) {
    let (keys, _gate) = stale(2);
    if question.begun {
        keys.run(&["key1", "--yes"]);
        assert_eq!(keys.stage().as_deref(), Some("open"));
    }
    let before = keys.standing();
    let mut terminal = keys.on_a_terminal(question.arguments);
    for (words, typed) in question.before {
        terminal.wait_for(words).send(typed);
    }
    terminal.wait_for(question.words);
    let place = format!(
        "{leaves:?} at `{}` of {:?}",
        question.words, question.arguments
    );
    let code = match leaves {
        Leaves::CtrlC | Leaves::CtrlD => {
            let typed = if matches!(leaves, Leaves::CtrlC) {
                "\x03"
            } else {
                "\x04"
            };
            terminal.send(typed);
            let left = terminal.end();
            assert!(left.is_usable, "{place}: the terminal cannot be used");
            assert!(
                left.screen.contains("error: interrupted"),
                "{place}\n{}",
                left.screen
            );
            let named = left.screen.contains("--finish");
            let told = question.stage.is_some() && !question.begun;
            assert!(named || !told, "{place}\n{}", left.screen);
            left.code
        }
        Leaves::Closes => terminal.close(),
    };
    assert_eq!(code, Some(130), "{place}");
    assert_eq!(keys.stage().as_deref(), question.stage, "{place}");
    if question.stage.is_none() || question.begun {
        assert_eq!(keys.standing(), before, "{place}");
    } else {
        keys.run(&["--abort", "--yes"]);
        assert_eq!(keys.listed(), [old(1), old(2)], "{place}");
    }
    keys.assert_nothing_left();
}

#[test]
fn by_ctrl_c() {
    broken_off(Leaves::CtrlC);
}

#[test]
fn by_ctrl_d() {
    broken_off(Leaves::CtrlD);
}

#[test]
fn by_a_terminal_that_is_closed() {
    broken_off(Leaves::Closes);
}

#[test]
fn while_it_waits_for_another_command() {
    let keys = Keys::new(1, 9);
    assert!(keys.run(&["--yes", "--no-test"]).status.success());
    let before = keys.standing();
    let path = keys.path(".env.lock");
    let lock = File::create(&path).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let mut terminal = keys.on_a_terminal(&["--abort"]);
    terminal.wait_for("[y/N]").send("y\n");
    terminal.wait_until_open(&path).send("\x03");
    assert_eq!(terminal.end().code, Some(130));
    assert_eq!(keys.standing(), before);
}
