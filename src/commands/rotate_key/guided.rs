//! The rotation with a person at a terminal: which key, the new one, and then the dialog about it.
use std::time::Instant;

use console::{Term, style};

use super::{
    check_grace,
    dialog::{Dialog, Test},
    place::Place,
    seen::{Seen, time},
    shown,
    trial::{self, Written},
};
use crate::{
    cli::RotateKey,
    commands::{Failure, Made, inventory::full_key, prompt::Prompts, running::expect_known},
    config::Until,
    keys::{Form, KeyEntry, Rotation, Stage},
};

pub(super) fn run(asked: &RotateKey, place: &Place) -> Result<(), Failure> {
    check_grace(asked, place.now())?;
    if !asked.no_test {
        expect_known(asked.server.as_ref(), &place.files.config)?;
    }
    let instead = "add `--yes`, and the key's hint or label where there are several keys";
    let mut person = Prompts::open(asked.plain, instead)?;
    let look = place.look()?;
    let seen = look.seen(place);
    let rotations = seen.rotations();
    let open = rotations
        .iter()
        .find(|rotation| rotation.stage == Stage::Open);
    if let (None, Some(rotation)) = (&asked.key, open)
        && goes_on(&mut person, &seen, rotation)?
    {
        return go_on(asked, place, &mut person, &seen, rotation);
    }
    let old = choose(asked, place, &mut person, &seen)?;
    let (made, notes) = begin(asked, place, &mut person, old)?;
    let mut dialog = Dialog {
        asked,
        place,
        person: &mut person,
        old: old.id,
        old_name: seen.name(old),
        new_name: made.key.hint().to_string(),
        test: Test::Show(made.key, Written::At(Instant::now())),
    };
    dialog.safely(|dialog| {
        dialog.hand_over(&notes)?;
        dialog.settle(asked.grace)
    })
}

/// Goes on with a rotation that was broken off, or ends one sooner.
pub(super) fn go_on(
    asked: &RotateKey,
    place: &Place,
    person: &mut Prompts,
    seen: &Seen<'_>,
    rotation: &Rotation<'_>,
) -> Result<(), Failure> {
    let Some(new) = rotation.new else {
        return Err(Failure::Other(format!(
            "the key that replaces {} is not in {}; `--abort` forgets it",
            seen.name(rotation.old),
            place.file()
        )));
    };
    let test = match full_key(&place.files, &new.id) {
        Some(key) => Test::Show(key, Written::Before(Instant::now())),
        None => Test::Used(trial::used(seen, new)),
    };
    let mut dialog = Dialog {
        asked,
        place,
        person,
        old: rotation.old.id,
        old_name: seen.name(rotation.old),
        new_name: seen.name(new),
        test,
    };
    dialog.safely(|dialog| dialog.settle(Until::NOW))
}

/// Whether the person wants to go on with what was begun before.
fn goes_on(
    person: &mut Prompts,
    seen: &Seen<'_>,
    rotation: &Rotation<'_>,
) -> Result<bool, Failure> {
    person.say(format_args!(
        "{} is being replaced by {}, and both may be used.",
        seen.name(rotation.old),
        seen.successor(rotation)
    ))?;
    person.confirm("Go on with that?", true)
}

fn choose<'a>(
    asked: &RotateKey,
    place: &Place,
    person: &mut Prompts,
    seen: &Seen<'a>,
) -> Result<&'a KeyEntry, Failure> {
    let keys = seen.replaceable();
    if let Some(name) = &asked.key {
        return seen.named(name, &keys);
    }
    match &keys[..] {
        [] => Err(place.has_no_key(seen)),
        [only] => {
            person.say(seen.line(only))?;
            if person.confirm("Replace this key?", true)? {
                Ok(only)
            } else {
                Err(Failure::Other("nothing was changed".to_owned()))
            }
        }
        several => {
            let lines: Vec<_> = several.iter().map(|key| seen.line(key)).collect();
            let chosen = person.choose("Which key is to be replaced?", &lines, 0)?;
            Ok(several[chosen])
        }
    }
}

/// Shows a new key, then puts it beside the old one. What else is to be said of it comes with it.
fn begin(
    asked: &RotateKey,
    place: &Place,
    person: &mut Prompts,
    old: &KeyEntry,
) -> Result<(Made, Vec<String>), Failure> {
    let made = Made::new(asked.hashed || old.form == Form::Hashed)?;
    let mut files = place.lock(Some(person))?;
    files.check(&old.id, place.now())?;
    files.rehearse()?;
    if asked.print && !Term::stdout().is_term() {
        shown::print(&made)?;
        person.say("\nThe new key is printed to standard output.")?;
    } else {
        person.say("\nThe new key, shown this once:\n")?;
        person.say(style(made.key.expose()).for_stderr().bold())?;
        person.say("")?;
    }
    let end = files
        .begin(&old.id, &made, place.now())
        .map_err(|failure| {
            let left = place.left(&old.id);
            if left.has_new() {
                return failure.and(&left.told());
            }
            // What is more important is said after it.
            let _ = person.say("It was not written down: forget it.");
            failure
        })?;
    let end = end.map(|end| {
        format!(
            "The new one ends on {}, as the old one had an end.",
            time(end)
        )
    });
    Ok((made, end.into_iter().chain(files.warning()).collect()))
}
