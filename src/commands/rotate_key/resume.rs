//! `--finish` and `--abort`: they end what another command began, which may have been killed.
use std::{
    io::{self, Write},
    time::Instant,
};

use serde_json::{Value, json};

use super::{
    guided,
    left::Left,
    place::Place,
    seen::{Seen, time},
    trial::{self, Written},
};
use crate::{
    cli::RotateKey,
    commands::{Failure, inventory::full_key, prompt::Prompts, running::Running},
    keys::{KeyEntry, Rotation, Stage},
};

/// Takes old keys out: those whose end has come, and the one of a rotation that nobody set an end
/// for. One that has an end to come stays until then, unless it is named or the person says so.
pub(super) fn finish(asked: &RotateKey, place: &Place) -> Result<(), Failure> {
    let mut person = person(asked)?;
    let look = place.look()?;
    let seen = look.seen(place);
    let rotations = seen.rotations();
    let mut told = Vec::new();
    let chosen = match &asked.key {
        Some(name) => Some(seen.under_way(name, &rotations)?),
        None => next(&seen, &rotations, person.as_mut(), &mut told)?,
    };
    let mut server = None;
    if let Some(rotation) = chosen.filter(|rotation| !rotation.is_ended()) {
        if let Some(person) = person.as_mut() {
            return guided::go_on(asked, place, person, &seen, rotation);
        }
        let tested = test(asked, place, &seen, rotation)?;
        told.push(tested.clone());
        server = Some(tested);
    }
    let old = chosen.map(|rotation| rotation.old.id);
    // By the time now: a question may have been open for long.
    let out = place
        .lock(person.as_mut())?
        .take_out(old.as_ref(), place.now())
        .map_err(|failure| left(place, &seen, chosen, failure))?;
    if asked.json {
        let waiting = if asked.key.is_some() {
            Vec::new()
        } else {
            waiting(&seen, &rotations)
        };
        return print(&json!({
            "taken_out": hints(&seen, &out),
            "waiting": waiting,
            "server": server,
        }));
    }
    told.extend(
        out.iter()
            .map(|key| format!("{} is taken out", seen.name(key))),
    );
    say(&told)
}

/// Takes the new key of a rotation out, unless the old one is refused already.
pub(super) fn abort(asked: &RotateKey, place: &Place) -> Result<(), Failure> {
    let mut person = person(asked)?;
    let look = place.look()?;
    let seen = look.seen(place);
    let rotations = seen.rotations();
    let open: Vec<_> = rotations
        .iter()
        .filter(|rotation| !rotation.is_ended())
        .collect();
    let chosen = match &asked.key {
        Some(name) => Some(seen.under_way(name, &rotations)?),
        None => one(&seen, &open, person.as_mut(), "Which one is taken back?")?,
    };
    let Some(rotation) = chosen else {
        // A command that was killed may have left what it wrote, or a key that it was taking out.
        let mut files = place.lock(person.as_mut())?;
        let out = if seen.left_over().is_empty() {
            Vec::new()
        } else {
            files
                .take_out(None, place.now())
                .map_err(|failure| left(place, &seen, None, failure))?
        };
        if asked.json {
            return print(&json!({ "kept": Value::Null, "taken_out": hints(&seen, &out) }));
        }
        let told: Vec<_> = out
            .iter()
            .map(|key| format!("{} is taken out", seen.name(key)))
            .collect();
        return say(&told);
    };
    let old = seen.name(rotation.old);
    if let Some(person) = person.as_mut() {
        let new = seen.successor(rotation);
        let question = format!("Take {new} out again, and keep {old}?");
        if !person.confirm(&question, false)? {
            return Err(Failure::Other("nothing was changed".to_owned()));
        }
    }
    place
        .lock(person.as_mut())?
        .give_up(&rotation.old.id, place.now())
        .map_err(|failure| left(place, &seen, Some(rotation), failure))?;
    if asked.json {
        let new: Vec<_> = rotation.new.cloned().into_iter().collect();
        return print(&json!({
            "kept": seen.hint(rotation.old).as_str(),
            "taken_out": hints(&seen, &new),
        }));
    }
    say(&[format!(
        "{old} is kept, and {} is taken out",
        seen.successor(rotation)
    )])
}

/// The failure, and what stands in the files that is not what was `seen`.
fn left(
    place: &Place,
    seen: &Seen<'_>,
    rotation: Option<&Rotation<'_>>,
    failure: Failure,
) -> Failure {
    if let Some(rotation) = rotation {
        return match place.left(&rotation.old.id) {
            Left::UnderWay(stage) if stage == rotation.stage => failure,
            left => failure.and(&left.told()),
        };
    }
    match place.files.keys() {
        Ok(keys) if keys.as_bytes() == seen.keys.as_bytes() => failure,
        Ok(_) => failure.and("what had ended is taken out, which a power cut may undo"),
        Err(_) => failure.and("`aegis rotate-key --status` says what is left"),
    }
}

fn hints(seen: &Seen<'_>, keys: &[KeyEntry]) -> Vec<String> {
    keys.iter().map(|key| seen.hint(key).to_string()).collect()
}

/// The old keys that stay for now: until when, or because what replaces them is not there.
fn waiting(seen: &Seen<'_>, rotations: &[Rotation<'_>]) -> Vec<Value> {
    let waiting = rotations.iter().filter_map(|rotation| {
        let until = match rotation.stage {
            Stage::Ending(end) => Some(end),
            Stage::Missing => None,
            Stage::Open | Stage::Ended(_) | Stage::Leaving => return None,
        };
        Some(json!({ "hint": seen.hint(rotation.old).as_str(), "until": until }))
    });
    waiting.collect()
}

fn person(asked: &RotateKey) -> Result<Option<Prompts>, Failure> {
    if asked.yes {
        return Ok(None);
    }
    Prompts::open(asked.plain, "add `--yes`").map(Some)
}

/// The rotation to end, where none is named.
fn next<'r, 'a>(
    seen: &Seen<'a>,
    rotations: &'r [Rotation<'a>],
    person: Option<&mut Prompts>,
    told: &mut Vec<String>,
) -> Result<Option<&'r Rotation<'a>>, Failure> {
    let mut open = Vec::new();
    for rotation in rotations {
        match rotation.stage {
            Stage::Open => open.push(rotation),
            Stage::Ending(_) if person.is_some() => open.push(rotation),
            Stage::Ending(end) => told.push(format!(
                "{} may be used until {}; name it to take it out before",
                seen.name(rotation.old),
                time(end)
            )),
            Stage::Missing => told.push(format!(
                "the key that replaces {} is not there; `--abort` forgets it",
                seen.name(rotation.old)
            )),
            Stage::Ended(_) | Stage::Leaving => {}
        }
    }
    one(seen, &open, person, "Which one is to end?")
}

fn one<'r, 'a>(
    seen: &Seen<'a>,
    rotations: &[&'r Rotation<'a>],
    person: Option<&mut Prompts>,
    question: &str,
) -> Result<Option<&'r Rotation<'a>>, Failure> {
    match (rotations, person) {
        ([], _) => Ok(None),
        ([only], _) => Ok(Some(only)),
        (several, Some(person)) => {
            let choices: Vec<_> = several
                .iter()
                .map(|rotation| {
                    format!(
                        "{} by {}",
                        seen.name(rotation.old),
                        seen.successor(rotation)
                    )
                })
                .collect();
            Ok(Some(several[person.choose(question, &choices, 0)?]))
        }
        (several, None) => {
            let old: Vec<_> = several.iter().map(|rotation| rotation.old).collect();
            Err(Failure::Usage(format!(
                "{} rotations are under way: say which by its hint or its label ({})",
                several.len(),
                seen.names(&old)
            )))
        }
    }
}

/// Says how the new key is known to work, or why the old one stays.
fn test(
    asked: &RotateKey,
    place: &Place,
    seen: &Seen<'_>,
    rotation: &Rotation<'_>,
) -> Result<String, Failure> {
    let Some(new) = rotation.new else {
        return Ok(String::new());
    };
    let verdict = match full_key(&place.files, &new.id) {
        Some(key) => {
            let server = Running::new(asked.server.as_ref(), &place.files.config)?;
            let written = Written::Before(Instant::now());
            trial::show(&server, &key, written, || Ok(()))?
        }
        None => trial::used(seen, new),
    };
    if verdict.accepted {
        return Ok(verdict.told);
    }
    Err(Failure::Other(format!(
        "{}; {} stays",
        verdict.told,
        seen.name(rotation.old)
    )))
}

fn say(lines: &[String]) -> Result<(), Failure> {
    let text = if lines.is_empty() {
        "no rotation is under way".to_owned()
    } else {
        lines.join("\n")
    };
    written(&format!("{text}\n"))
}

fn print(document: &Value) -> Result<(), Failure> {
    written(&format!("{document:#}\n"))
}

/// On standard output; no key stands in it.
fn written(text: &str) -> Result<(), Failure> {
    let written = io::stdout().write_all(text.as_bytes());
    written.map_err(|error| Failure::Other(format!("what was done cannot be printed: {error}")))
}
