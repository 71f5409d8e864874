//! What shells complete: the committed scripts are made of the command line, and a tail of our own
//! offers the keys. They are tried in the shells that are installed here.
use std::{
    path::{Path, PathBuf},
    process::Command,
};

use aegis::cli::Cli;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::{
    cli::text,
    key_commands::{KEY, Keys, OTHER, hint},
    support::{golden, measured},
};

const BASH: &str = include_str!("completions/keys.bash");
const ZSH: &str = include_str!("completions/keys.zsh");
const FISH: &str = include_str!("completions/keys.fish");

fn generated(shell: Shell) -> String {
    let mut made = Vec::new();
    clap_complete::generate(shell, &mut shown(&Cli::command()), "aegis", &mut made);
    String::from_utf8(made).unwrap()
}

/// The command without what its help hides, which the generator would offer.
fn shown(whole: &clap::Command) -> clap::Command {
    let arguments = whole.get_arguments().filter(|it| !it.is_hide_set());
    let mut command = clap::Command::new(whole.get_name().to_owned())
        .disable_help_subcommand(true)
        .args(arguments.cloned())
        .subcommands(whole.get_subcommands().map(shown));
    if let Some(about) = whole.get_about() {
        command = command.about(about.clone());
    }
    if let Some(about) = whole.get_long_about() {
        command = command.long_about(about.clone());
    }
    match whole.get_version() {
        Some(version) => command.version(version.to_owned()),
        None => command,
    }
}

#[test]
fn what_help_hides_is_not_offered() {
    for shell in [
        Shell::Bash,
        Shell::Zsh,
        Shell::Fish,
        Shell::Elvish,
        Shell::PowerShell,
    ] {
        let script = generated(shell);
        assert!(
            !["hints", "threads", "unless-configured"]
                .iter()
                .any(|hidden| script.contains(hidden)),
            "{shell}"
        );
    }
    assert!(!generated(Shell::Bash).contains("report report"));
}

#[test]
fn completions_are_those_of_the_command_line_and_of_the_keys() {
    golden(
        "../../completions/aegis.bash",
        &(generated(Shell::Bash) + BASH),
    );
    let changed = |text: String, is_key: fn(&str) -> bool, from: &str, to: &str| -> String {
        assert!(text.lines().any(is_key));
        let lines = text.split_inclusive('\n').map(|line| {
            if is_key(line) {
                line.replace(from, to)
            } else {
                line.to_owned()
            }
        });
        lines.collect()
    };
    let is_key = |line: &str| line.contains(" -l key -d ");
    let fish = generated(Shell::Fish);
    let fish = changed(fish, is_key, " -r\n", " -r -f -a \"(__fish_aegis_keys)\"\n");
    golden("../../completions/aegis.fish", &(fish + FISH));
    let is_key = |line: &str| {
        ["':key -- ", "'::key -- ", "'--key="]
            .iter()
            .any(|begin| line.starts_with(begin))
    };
    let zsh = changed(generated(Shell::Zsh), is_key, ":_default'", ":_aegis_keys'");
    // A command of `audit-summary` comes behind a period for the generator, so it gets one.
    let begin = "\n(audit-summary)\n";
    let period = "[[ $words[2] == (verify|tail) ]] && words=($words[1] all $words[2,-1]) && (( CURRENT += 1 ))\n";
    assert!(zsh.contains(begin));
    let zsh = zsh.replacen(begin, &format!("{begin}{period}"), 1);
    let (functions, end) = zsh.split_once("if [ \"$funcstack[1]\"").unwrap();
    let zsh = format!("{functions}{ZSH}if [ \"$funcstack[1]\"{end}");
    golden("../../completions/_aegis", &zsh);
    // These complete commands and options; keys are offered by the three above.
    golden("../../completions/aegis.elv", &generated(Shell::Elvish));
    golden("../../completions/aegis.ps1", &generated(Shell::PowerShell));
}

#[test]
fn elvish_can_read_its_script() {
    let script = script("aegis.elv");
    let arguments = ["-norc", "-compileonly", "-json", script.to_str().unwrap()];
    let Some(said) = said(&keys(), "elvish", &arguments) else {
        return;
    };
    let faults: Vec<serde_json::Value> = serde_json::from_str(&said).unwrap();
    // There is no editor without a person.
    let editor = "cannot find variable $edit:completion:arg-completer";
    assert!(faults.iter().all(|it| it["message"] == editor), "{said}");
}

/// The key of the file that is named.
const THIRD: &str = "ab120000000000000000000000000000000000000000000000000000000000ff";

/// A folder with two keys, the first of which has a label, and with another file that has one of its own.
fn keys() -> Keys {
    let keys = Keys::known(&[(KEY, r#""label": "my laptop""#)]);
    keys.write(".env", format!("MCP_API_KEYS={KEY},{OTHER}\n"));
    keys.write("other $.env", format!("MCP_API_KEYS={THIRD}\n"));
    keys
}

/// What a shell prints, with this binary as its `aegis`; `None` where it is not installed.
#[expect(clippy::print_stdout, reason = "what was not tried is said")]
fn said(keys: &Keys, shell: &str, arguments: &[&str]) -> Option<String> {
    let folder = Path::new(env!("CARGO_BIN_EXE_aegis")).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let mut command = Command::new(shell);
    command
        .args(arguments)
        .env_clear()
        .envs(measured())
        .env("PATH", path);
    let home = keys.path("");
    command
        .env("HOME", &home)
        .env("TERM", "dumb")
        .current_dir(&home);
    let Ok(output) = command.output() else {
        println!("no {shell} here: nothing was completed");
        return None;
    };
    Some(text(&output.stdout).to_owned())
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("completions")
        .join(name)
}

#[test]
fn bash_completes_the_hints_of_keys() {
    let complete = |words: &[&str]| {
        let words = words.iter().map(|word| format!("'{word}'"));
        let words = words.collect::<Vec<_>>().join(" ");
        let program = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
             way=$(complete -p aegis); way=${{way#*-F }}; way=${{way%% *}}
             $way aegis \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[@]}}\"",
            script("aegis.bash").display()
        );
        said(&keys(), "bash", &["--norc", "-c", &program])
    };
    let Some(both) = complete(&["aegis", "revoke-key", ""]) else {
        return;
    };
    assert_eq!(both, format!("{} {}\n", hint(KEY), hint(OTHER)));
    let one = complete(&["aegis", "revoke-key", "--yes", "fed"]).unwrap();
    assert_eq!(one, format!("{}\n", hint(OTHER)));
    for key in [&["--key"][..], &["--key", "="]] {
        let words = [&["aegis", "audit-summary", "tail", "-f"], key, &["fed"]].concat();
        assert_eq!(complete(&words).unwrap(), format!("{}\n", hint(OTHER)));
    }
    let log = complete(&["aegis", "revoke-key", "--audit-log", ".e"]).unwrap();
    assert_eq!(log, ".env\n");
    let options = complete(&["aegis", "revoke-key", "--no"]).unwrap();
    assert_eq!(options, "--no-wait\n");
    let file = complete(&["aegis", "revoke-key", "--env-file", ".e"]).unwrap();
    assert!(!file.contains("..."), "{file}");
    let file = complete(&["aegis", "revoke-key", "--env-file", "=", ".e"]).unwrap();
    assert!(!file.contains("..."), "{file}");
    for named in [&["--env-file"][..], &["--env-file", "="]] {
        for typed in [r"other\ \$.env", r"~/other\ \$.env"] {
            let words = [&["aegis", "revoke-key"], named, &[typed, ""]].concat();
            assert_eq!(
                complete(&words).unwrap(),
                format!("{}\n", hint(THIRD)),
                "{words:?}"
            );
        }
    }
}

#[test]
fn fish_completes_the_hints_of_keys_with_their_labels() {
    let complete = |typed: &str| {
        let program = format!(
            "source {}; complete -C '{typed}'",
            script("aegis.fish").display()
        );
        said(&keys(), "fish", &["--no-config", "-c", &program])
    };
    let Some(both) = complete("aegis revoke-key ") else {
        return;
    };
    assert_eq!(both, format!("{}\tmy laptop\n{}\n", hint(KEY), hint(OTHER)));
    let one = complete("aegis revoke-key --yes fed").unwrap();
    assert_eq!(one, format!("{}\n", hint(OTHER)));
    let both = format!("{}\tmy laptop\n{}\n", hint(KEY), hint(OTHER));
    assert_eq!(complete("aegis audit-summary tail --key ").unwrap(), both);
    for named in [
        r"--env-file other\ \$.env",
        r"--env-file=other\ \$.env",
        r"--env-file ~/other\ \$.env",
    ] {
        let one = complete(&format!("aegis revoke-key {named} ")).unwrap();
        assert_eq!(one, format!("{}\n", hint(THIRD)), "{named}");
    }
}

#[test]
fn zsh_completes_the_hints_of_keys() {
    let other = hint(OTHER);
    let third = hint(THIRD);
    for (typed, key) in [
        ("revoke-key --yes fed", &other),
        (r"revoke-key --env-file other\\ \\$.env ab1", &third),
        (r"revoke-key --env-file=other\\ \\$.env ab1", &third),
        (r"revoke-key --env-file ~/other\\ \\$.env ab1", &third),
        ("audit-summary tail --key fed", &other),
        ("audit-summary mont", &"monthly".to_owned()),
        ("audit-summary ver", &"verify".to_owned()),
        ("audit-summary monthly --js", &"--json".to_owned()),
    ] {
        // A shell in a terminal of its own, which is told to complete what was typed, and not to run it.
        let program = format!(
            "zmodload zsh/zpty; zpty inner zsh -f -i
             zpty -w inner 'fpath=({} $fpath); PS1=; autoload -Uz compinit; compinit -D -u; echo rea\"\"dy'
             until [[ $said == *ready* ]]; do zpty -r inner line || exit; said+=$line; done
             zpty -w -n inner $'aegis {typed}\\t\\C-a: \\C-e; echo do\"\"ne\\n'
             until [[ $said == *done* ]]; do zpty -r inner line || exit; said+=$line; done
             print -r -- $said",
            script("").display()
        );
        let Some(said) = said(&keys(), "zsh", &["-f", "-c", &program]) else {
            return;
        };
        assert!(said.contains(key), "{typed}: {said}");
    }
}
