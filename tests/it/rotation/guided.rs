//! The rotation with a person at a terminal: what they see, and what comes of what they choose.
use std::fs::File;

use rustix::fs::{FlockOperation, flock};

use super::fixture::{Gate, Keys, Knows, days, hint, old, served, stale, steady};
use crate::{
    cli::text,
    support::{Terminal, golden},
};

const DOWN: &str = "\x1b[B";
const CYAN: &str = "\x1b[36m";

#[test]
fn a_person_is_led_through_it() {
    let (keys, gate) = served(2);
    keys.write_use_of(&old(2));
    let before = keys.env();
    let mut terminal = keys.on_a_terminal(&[]);
    terminal.wait_for("key2").wait_for("192.0.2.7");
    golden(
        "rotate-key/screen-1-which.txt",
        &steady(&terminal.screen(), &keys, gate.port),
    );
    terminal.send(DOWN).send("\r").wait_for("Press Enter");
    golden(
        "rotate-key/screen-2-new.txt",
        &steady(&terminal.screen(), &keys, gate.port),
    );
    terminal
        .send("\n")
        .wait_for("takes the new key")
        .wait_for("Later");
    golden(
        "rotate-key/screen-3-when.txt",
        &steady(&terminal.screen(), &keys, gate.port),
    );
    terminal.send(DOWN).send("\r");
    let left = terminal.end();
    assert_eq!((left.code, left.is_usable), (Some(0), true));
    golden(
        "rotate-key/screen-4-done.txt",
        &steady(&left.screen, &keys, gate.port),
    );

    let new = keys.new_key();
    assert_eq!(keys.env(), before.replace(&old(2), &new));
    assert!(keys.record(&hint(&old(2)))["retired_at"].is_string());
    assert_eq!(keys.stage(), None);
    assert!(!left.screen.contains(&old(2)), "an old key is shown");
    assert_eq!(left.screen.matches(&new).count(), 1);
    keys.assert_nothing_left();
}

#[test]
fn in_plain_style_it_is_read_from_top_to_bottom() {
    let (keys, gate) = served(2);
    let mut terminal = keys.on_a_terminal(&["--plain"]);
    terminal.wait_for("Number from 1 to 2").send("x\n");
    terminal
        .wait_for("Please type a number")
        .wait_for("[1]")
        .send("2\n");
    terminal.wait_for("Press Enter").send("\n");
    terminal.wait_for("Later").wait_for("[1]").send("1\n");
    let raw = terminal.raw().to_owned();
    let left = terminal.end();
    assert_eq!(left.code, Some(0));
    golden(
        "rotate-key/plain.txt",
        &steady(&left.screen, &keys, gate.port),
    );
    assert!(!raw.contains('\x1b'), "something is drawn");
    assert_eq!(keys.stage().as_deref(), Some("ending"));
}

#[test]
fn nothing_has_a_colour_where_none_is_wanted() {
    let (keys, _gate) = served(2);
    let mut terminal = keys.on_a_terminal(&[]);
    terminal.wait_for("key2").send("\r").wait_for("Press Enter");
    assert!(!terminal.raw().contains(CYAN), "a colour");
    let (keys, _gate) = served(2);
    let mut command = keys.command(&[]);
    command.env_remove("NO_COLOR");
    let mut terminal = Terminal::run(&command);
    terminal.wait_for("key2").wait_for("\r\n");
    assert!(terminal.raw().contains(CYAN), "no colour");
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let (keys, _gate) = served(2);
    let mut command = keys.command(&[]);
    command.env("TERM", "dumb");
    let mut terminal = Terminal::run(&command);
    terminal.wait_for("Number from 1 to 2");
    assert!(!terminal.raw().contains('\x1b'));
}

#[test]
fn of_one_key_it_is_asked_whether_it_is_meant() {
    let (keys, _gate) = served(1);
    let before = keys.standing();
    let mut terminal = keys.on_a_terminal(&[]);
    terminal
        .wait_for("81 days old")
        .wait_for("[Y/n]")
        .send("n\n");
    let left = terminal.end();
    assert_eq!(left.code, Some(1));
    assert!(left.screen.contains("nothing was changed"));
    assert_eq!(keys.standing(), before);
}

#[test]
fn a_named_key_is_not_asked_for() {
    let (keys, _gate) = served(3);
    let mut terminal = keys.on_a_terminal(&["key3"]);
    terminal
        .wait_for("Give it to whoever uses")
        .wait_for("key3");
    drop(terminal);
    assert!(keys.record(&hint(&old(3)))["replaced_by"].is_string());
}

#[test]
fn a_server_that_is_elsewhere_is_found() {
    let (keys, _stale) = stale(1);
    let (listener, port) = Gate::listen();
    let _other = Gate::serve(listener, keys.path(".env"), Knows::TheFile);
    let mut terminal = keys.on_a_terminal(&["key1", "--plain"]);
    terminal.wait_for("Press Enter").send("\n");
    terminal
        .wait_for("refuses the new key")
        .wait_for("[1]")
        .send("1\n");
    terminal
        .wait_for("refuses the new key")
        .wait_for("[1]")
        .send("2\n");
    terminal.wait_for("address").send("elsewhere\n");
    terminal.wait_for("is needed").wait_for("address");
    terminal.send(&format!("http://127.0.0.1:{port}\n"));
    terminal
        .wait_for("takes the new key")
        .wait_for("2. Now")
        .wait_for("[1]")
        .send("2\n");
    assert_eq!(terminal.end().code, Some(0));
    assert_eq!(keys.listed(), [keys.new_key()]);
}

#[test]
fn what_is_not_tested_does_not_cost_the_old_key_at_once() {
    let (keys, _gate) = stale(1);
    let mut terminal = keys.on_a_terminal(&["key1", "--plain"]);
    terminal.wait_for("Press Enter").send("\n");
    terminal
        .wait_for("Go on untested")
        .wait_for("[1]")
        .send("4\n");
    terminal.wait_for("[1]").send("2\n");
    terminal
        .wait_for("Until when")
        .send("2020-01-01\n")
        .wait_for("That is past.");
    terminal
        .wait_for("Until when")
        .send("soon\n")
        .wait_for("is needed");
    terminal.wait_for("Until when").send("30d\n");
    let left = terminal.end();
    assert_eq!(left.code, Some(0));
    assert!(!left.screen.contains("Now"));
    let end = keys.record(&hint(&old(1)))["expires_at"].clone();
    assert_eq!(end.as_str().unwrap()[..10], days(30)[..10]);
}

#[test]
fn a_grace_that_is_past_is_a_mistake_before_a_key_is_made() {
    let keys = Keys::new(1, 9);
    let before = keys.standing();
    let arguments = ["key1", "--no-test", "--grace", "2020-01-01"];
    let mut terminal = keys.on_a_terminal(&arguments);
    terminal.wait_for("`--grace` is past");
    assert_eq!(terminal.end().code, Some(2));
    assert_eq!(keys.standing(), before);
}

#[test]
fn what_is_left_is_gone_on_with() {
    let (keys, _stale) = stale(1);
    let mut terminal = keys.on_a_terminal(&["key1", "--plain"]);
    terminal.wait_for("Press Enter").send("\n");
    terminal
        .wait_for("Leave it here")
        .wait_for("[1]")
        .send("3\n");
    let left = terminal.end();
    assert_eq!(left.code, Some(0));
    assert!(left.screen.contains("`aegis rotate-key --finish` goes on"));
    assert_eq!(keys.stage().as_deref(), Some("open"));

    let (listener, port) = Gate::listen();
    let _gate = Gate::serve(listener, keys.path(".env"), Knows::TheFile);
    let url = format!("http://127.0.0.1:{port}");
    let mut terminal = keys.on_a_terminal(&["--plain", "--server", &url]);
    terminal.wait_for("Go on with that?").send("\n");
    terminal
        .wait_for("takes the new key")
        .wait_for("1. Now")
        .wait_for("[1]")
        .send("1\n");
    assert_eq!(terminal.end().code, Some(0));
    assert_eq!(keys.listed(), [keys.new_key()]);
}

#[test]
fn what_fails_on_the_way_says_how_the_rotation_is_ended() {
    let (keys, _gate) = served(1);
    let mut terminal = keys.on_a_terminal(&["key1", "--plain"]);
    terminal.wait_for("Press Enter");
    let lock = File::open(keys.path(".env.lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    terminal
        .send("\n")
        .wait_for("2. Now")
        .wait_for("[1]")
        .send("2\n");
    terminal
        .wait_for("both keys stay, until")
        .wait_for("`--abort`");
    assert_eq!(keys.stage().as_deref(), Some("open"));
}

#[test]
fn it_is_taken_back_if_the_person_means_it() {
    let keys = Keys::new(1, 9);
    let output = keys.run(&["--yes", "--no-test"]);
    assert!(output.status.success());
    let before = keys.standing();
    let mut terminal = keys.on_a_terminal(&["--abort"]);
    terminal.wait_for("[y/N]").send("\n");
    assert_eq!(terminal.end().code, Some(1));
    assert_eq!(keys.standing(), before);
    let mut terminal = keys.on_a_terminal(&["--abort"]);
    terminal
        .wait_for("[y/N]")
        .send("perhaps\n")
        .wait_for("Please answer");
    terminal.wait_for("[y/N]").send("y\n");
    assert_eq!(terminal.end().code, Some(0));
    assert_eq!(keys.listed(), [old(1)]);
}

#[test]
fn a_printed_key_goes_to_standard_output_alone() {
    let (keys, _gate) = served(1);
    let out = keys.path("out");
    let mut command = std::process::Command::new("sh");
    let aegis = keys.command(&[]);
    let line = format!(
        "exec '{}' rotate-key key1 --print >'{}'",
        aegis.get_program().display(),
        out.display()
    );
    command
        .args(["-c", &line])
        .current_dir(aegis.get_current_dir().unwrap());
    let mut terminal = Terminal::run(&command);
    terminal
        .wait_for("is printed to standard output")
        .wait_for("Press Enter");
    let new = keys.new_key();
    assert!(!terminal.raw().contains(&new));
    assert_eq!(text(&std::fs::read(out).unwrap()), format!("{new}\n"));
}

#[test]
fn where_nobody_can_be_asked_it_says_which_flag_is_missing() {
    let keys = Keys::new(1, 9);
    let before = keys.standing();
    for arguments in [&[][..], &["--finish"], &["--abort"], &["key1", "--plain"]] {
        let output = keys.run(arguments);
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        assert!(said.contains("nobody can be asked; add `--yes`"), "{said}");
    }
    assert_eq!(keys.standing(), before);
}
