//! `aegis generate-key`: a new key on standard output, talk about it on the terminal only. It is
//! shown first, then written down, then put into force: killed in between, nothing is in force that
//! nobody saw, and nothing in force lacks what was to be known of it.
mod screen;
mod target;

use std::io::{self, Write};

use chrono::{DateTime, SubsecRound, Utc};
use console::Term;
use serde_json::json;

use self::{screen::Screen, target::Target};
use super::{Failure, Made, key_files::KeyFiles, prompt::Prompts};
use crate::{
    cli::GenerateKey,
    keys::{ApiKey, KeyRecord},
};

pub(super) fn run(asked: &GenerateKey) -> Result<(), Failure> {
    let screen = !asked.quiet && !asked.json && Term::stdout().is_term();
    let mut person = screen.then(|| Prompts::open(false, "").ok()).flatten();
    let saves = asked.save_metadata || asked.label.is_some() || asked.expires.is_some();
    let saves = saves || wants_metadata(asked, person.as_mut())?;
    let files = asked.add || saves;
    let files = files.then(|| KeyFiles::find_or_make(asked.edited.env_file.as_deref()));
    let files = files.transpose()?;
    let now = files.as_ref().map(|files| {
        files.warn_of_clock(None);
        files.now(None)
    });
    let made = Made::new(asked.hashed)?;
    let now = now.unwrap_or_else(|| Utc::now().trunc_subsecs(0));
    let record = record(asked, &made.key, now)?;
    let mut target = Target::open(asked, files, saves, person.as_mut())?;
    drop(person);
    target.prepare(&made, &record)?;

    let screen =
        screen.then(|| Screen::new(&made.key, asked.hashed.then_some(&made.id), asked.add));
    show(asked, screen.as_ref(), &made, &record, &target)
        .map_err(|error| Failure::Other(format!("no key was made: {error}")))?;
    target.write(&made.id)?;
    let told = target.told(made.key.hint());
    if let Some(screen) = screen {
        // What it is about is done, whether or not somebody reads on.
        let _ = screen.steps(&mut io::stdout(), &told);
    } else if !asked.quiet && !asked.json {
        for line in told {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }
    Ok(())
}

/// Asks the person, where one is there, whether to save what is known of the key.
fn wants_metadata(asked: &GenerateKey, person: Option<&mut Prompts>) -> Result<bool, Failure> {
    let (Some(person), Ok(files)) = (
        person,
        KeyFiles::find_or_make(asked.edited.env_file.as_deref()),
    ) else {
        return Ok(false);
    };
    person.confirm(
        &format!(
            "Save its hint and age, never the key, in {}?",
            files.metadata.display()
        ),
        true,
    )
}

/// How a key that was made at `now` is to be known.
fn record(asked: &GenerateKey, key: &ApiKey, now: DateTime<Utc>) -> Result<KeyRecord, Failure> {
    let end = asked.expires.map(|end| end.from(now));
    if end.is_some_and(|end| end <= now) {
        return Err(Failure::Usage(
            "`--expires` is in the past: the key would never open anything".to_owned(),
        ));
    }
    Ok(KeyRecord {
        label: asked.label.clone(),
        expires_at: end,
        ..KeyRecord::generated(key, now)
    })
}

/// Shows the key, the one time.
fn show(
    asked: &GenerateKey,
    screen: Option<&Screen<'_>>,
    made: &Made,
    record: &KeyRecord,
    target: &Target,
) -> io::Result<()> {
    let mut out = io::stdout();
    made.expect_reader()?;
    if let Some(screen) = screen {
        screen.key(&mut out)?;
    } else if asked.json {
        let (env_file, metadata) = match target {
            Target::None => (None, None),
            Target::Known(files, ..) => (None, Some(&files.metadata)),
            Target::Keys { files, saves, .. } => {
                (Some(&files.env_file), saves.then_some(&files.metadata))
            }
        };
        let mut told = json!({ "key": made.key.expose(), "hint": made.key.hint().as_str() });
        for (name, value) in [
            ("hashed", made.hashed.then(|| made.id.hashed_entry())),
            (
                "label",
                asked.label.as_ref().map(|label| label.as_str().to_owned()),
            ),
            ("created_at", record.created_at.map(time)),
            ("expires_at", record.expires_at.map(time)),
            ("env_file", env_file.map(|file| file.display().to_string())),
            ("metadata", metadata.map(|file| file.display().to_string())),
        ] {
            if let Some(value) = value {
                told[name] = json!(value);
            }
        }
        writeln!(out, "{told}")?;
    } else {
        writeln!(out, "{}", made.key.expose())?;
        if made.hashed {
            writeln!(out, "{}", made.id.hashed_entry())?;
        }
    }
    out.flush()
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
