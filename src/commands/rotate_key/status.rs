//! `--status`: which rotations are under way, and what ends them.
use serde_json::{Value, json};

use super::{
    place::Place,
    seen::{Seen, time},
};
use crate::{
    commands::{Failure, print},
    keys::{KeyEntry, Label, Rotation, Stage},
};

pub(super) fn run(place: &Place, as_json: bool) -> Result<(), Failure> {
    let look = place.look()?;
    let seen = look.seen(place);
    let text = if as_json {
        format!("{:#}\n", document(&seen))
    } else {
        told(&seen)
    };
    print(&text)
}

fn told(seen: &Seen<'_>) -> String {
    let mut told = Vec::new();
    for rotation in seen.rotations() {
        let (old, new) = (seen.name(rotation.old), seen.successor(&rotation));
        told.push(format!("{old} is being replaced by {new}"));
        let lines = lines(seen, &rotation);
        told.extend(lines.into_iter().map(|line| format!("  {line}")));
    }
    for key in seen.left_over() {
        let key = seen.name(key);
        told.push(format!(
            "{key} was taken out of use and is refused, but stands in the file"
        ));
        told.push("  `aegis rotate-key --finish` takes it out".to_owned());
    }
    if told.is_empty() {
        told.push("no rotation is under way".to_owned());
    }
    told.join("\n") + "\n"
}

fn lines(seen: &Seen<'_>, rotation: &Rotation<'_>) -> Vec<String> {
    let finish = "`aegis rotate-key --finish` takes the old one out".to_owned();
    let abort = "`aegis rotate-key --abort` takes the new one back".to_owned();
    let missing = "the new key is not in the file: it never got there, or somebody took it out";
    let record = seen.record(rotation.old);
    let mut lines = match rotation.stage {
        Stage::Missing if record.is_some_and(|record| !record.is_in_force(seen.now)) => vec![
            missing.to_owned(),
            "the old one is refused; `aegis rotate-key` makes another".to_owned(),
        ],
        Stage::Missing => vec![
            missing.to_owned(),
            "the old one may be used; `aegis rotate-key --abort` forgets the new one".to_owned(),
        ],
        Stage::Open => vec![
            "both may be used, and no end is set for the old one".to_owned(),
            finish,
            abort,
        ],
        Stage::Ending(end) => vec![
            format!("both may be used, the old one until {}", time(end)),
            format!("{finish} after that, or sooner if you name it"),
            abort,
        ],
        Stage::Ended(end) => vec![
            format!("the old one is refused since {}", time(end)),
            finish,
        ],
        Stage::Leaving => vec![
            "the old one was taken out of use and is refused, but stands in the file".to_owned(),
            finish,
        ],
    };
    if let (Some(new), true) = (rotation.new, seen.uses.is_some()) {
        let uses = format!(
            "the old one was {}, the new one {}",
            seen.last_use(rotation.old),
            seen.last_use(new)
        );
        lines.insert(1, uses);
    }
    lines
}

fn document(seen: &Seen<'_>) -> Value {
    let rotations: Vec<_> = seen
        .rotations()
        .iter()
        .map(|rotation| row(seen, rotation))
        .collect();
    let left_over: Vec<_> = seen
        .left_over()
        .into_iter()
        .map(|key| named(seen, key))
        .collect();
    json!({ "rotations": rotations, "left_over": left_over })
}

fn row(seen: &Seen<'_>, rotation: &Rotation<'_>) -> Value {
    let (stage, end) = match rotation.stage {
        Stage::Missing => ("missing", None),
        Stage::Open => ("open", None),
        Stage::Ending(end) => ("ending", Some(end)),
        Stage::Ended(end) => ("ended", Some(end)),
        Stage::Leaving => ("leaving", None),
    };
    let new = match rotation.new {
        Some(new) => named(seen, new),
        None => json!({ "hint": rotation.successor.hint.map(|hint| hint.to_string()) }),
    };
    json!({
        "stage": stage,
        "old": named(seen, rotation.old),
        "new": new,
        "old_refused_from": end,
    })
}

fn named(seen: &Seen<'_>, key: &KeyEntry) -> Value {
    let record = seen.record(key);
    let label = record.and_then(|record| record.label.as_ref());
    json!({
        "hint": seen.hint(key).as_str(),
        "label": label.map(Label::as_str),
        "created_at": record.and_then(|record| record.created_at),
        "last_used_at": seen.last(key).map(|(at, _)| at),
    })
}
