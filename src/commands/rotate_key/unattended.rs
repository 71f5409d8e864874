//! `--yes`: the whole rotation without a question, for timers and scripts.
use std::{
    io::{self, Write},
    time::Instant,
};

use chrono::{DateTime, Utc};
use console::Term;
use serde_json::json;

use super::{
    BOTH_STAY, check_grace,
    left::Left,
    place::Place,
    seen::{Seen, time},
    shown,
    trial::{self, Verdict, Written},
};
use crate::{
    cli::RotateKey,
    commands::{
        Failure, Made,
        running::{Running, expect_known},
    },
    keys::{Form, KeyEntry, KeyHint, KeyId, Stage},
};

/// A key and the one that was made beside it.
struct Begun {
    old: KeyId,
    hint: KeyHint,
    name: String,
    made: Made,
    /// That of the new key.
    end: Option<DateTime<Utc>>,
    warning: Option<String>,
}

/// What becomes of the old key.
enum End {
    /// It stays: the new one is not known to work.
    Open,
    At(DateTime<Utc>),
    TakenOut,
}

pub(super) fn run(asked: &RotateKey, place: &Place) -> Result<(), Failure> {
    let start = place.now();
    check(asked, start)?;
    if !asked.no_test {
        expect_known(asked.server.as_ref(), &place.files.config)?;
    }
    let begun = begin(asked, place, start)?;
    let mut verdict = None;
    // The new key is in force from here on, so it is told whatever comes of the old one.
    let settled = settle(asked, place, &begun, start, &mut verdict);
    let (end, failed) = match settled {
        Ok(end) => (end, None),
        Err(failure) => {
            let left = place.left(&begun.old);
            let told = Failure::Other(format!("{failure}; {}", left.told()));
            (End::of(&left, place.now()), Some(told))
        }
    };
    if asked.json {
        print(asked, place, &begun, verdict.as_ref(), &end)?;
    } else {
        tell(place, &begun, verdict.as_ref(), &end)?;
    }
    failed.map_or(Ok(()), Err)
}

impl End {
    /// What became of it by what a failure left.
    fn of(left: &Left, now: DateTime<Utc>) -> Self {
        match left {
            Left::TakenOut => Self::TakenOut,
            Left::UnderWay(Stage::Ending(end) | Stage::Ended(end)) => Self::At(*end),
            Left::UnderWay(Stage::Leaving) => Self::At(now),
            Left::UnderWay(Stage::Open | Stage::Missing) | Left::OldAlone | Left::Unknown(_) => {
                Self::Open
            }
        }
    }
}

/// Tests the new key, and says what became of the old one.
fn settle(
    asked: &RotateKey,
    place: &Place,
    begun: &Begun,
    start: DateTime<Utc>,
    verdict: &mut Option<Verdict>,
) -> Result<End, Failure> {
    if !asked.no_test {
        let written = Written::At(Instant::now());
        let server = Running::new(asked.server.as_ref(), &place.files.config)?;
        let shown = trial::show(&server, &begun.made.key, written, || Ok(()))?;
        if !verdict.insert(shown).accepted {
            return Ok(End::Open);
        }
    }
    if asked.grace.is_now() {
        place.lock(None)?.take_out(Some(&begun.old), place.now())?;
        return Ok(End::TakenOut);
    }
    let end = asked.grace.from(start);
    let end = place.lock(None)?.end_at(&begun.old, end, place.now())?;
    Ok(End::At(end))
}

fn check(asked: &RotateKey, now: DateTime<Utc>) -> Result<(), Failure> {
    if asked.grace.is_now() && asked.no_test {
        return Err(Failure::Usage(
            "without a grace the old key goes at once, so the new one must be tested: leave out `--no-test`"
                .to_owned(),
        ));
    }
    check_grace(asked, now)
}

fn begin(asked: &RotateKey, place: &Place, now: DateTime<Utc>) -> Result<Begun, Failure> {
    let mut files = place.lock(None)?;
    let (old, hint, name) = {
        let seen = files.seen(&place.files, now);
        let old = which(place, &seen, asked.key.as_deref())?;
        (old.clone(), seen.hint(old), seen.name(old))
    };
    let made = Made::new(asked.hashed || old.form == Form::Hashed)?;
    let shown = !asked.json && (asked.print || Term::stdout().is_term());
    if made.hashed && !shown {
        return Err(Failure::Usage(
            "of a hashed key only its digest is written down, so nobody would know the new one: add `--print`, and leave out `--json`"
                .to_owned(),
        ));
    }
    files.rehearse()?;
    if shown {
        shown::print(&made)?;
    } else if asked.json && asked.print {
        shown::begin_document()?;
    }
    let begun = files.begin(&old.id, &made, now);
    let end = begun.map_err(|failure| {
        let left = place.left(&old.id);
        let forget = "the new key was not written down: forget it if you saw it";
        match left.has_new() {
            true => failure.and(&format!(
                "the new key {} is in {}, and {}",
                made.key.hint(),
                place.file(),
                left.told()
            )),
            false if shown => failure.and(forget),
            false => failure,
        }
    })?;
    Ok(Begun {
        end,
        warning: files.warning(),
        old: old.id,
        hint,
        name,
        made,
    })
}

/// The key that is meant: the one that is called so, else the only one.
fn which<'a>(place: &Place, seen: &Seen<'a>, name: Option<&str>) -> Result<&'a KeyEntry, Failure> {
    let keys = seen.replaceable();
    match (name, &keys[..]) {
        (Some(name), keys) => seen.named(name, keys),
        (None, [only]) => Ok(only),
        (None, []) => Err(place.has_no_key(seen)),
        (None, several) => Err(Failure::Usage(format!(
            "there are {} keys: say which by its hint or its label ({})",
            several.len(),
            seen.names(several)
        ))),
    }
}

fn tell(place: &Place, begun: &Begun, verdict: Option<&Verdict>, end: &End) -> Result<(), Failure> {
    let mut told = vec![
        format!("{} is replaced by {}", begun.name, begun.made.key.hint()),
        format!("  the new key is in {}, beside the old one", place.file()),
    ];
    if let Some(end) = begun.end {
        told.push(format!(
            "  the new one ends on {}, as the old one had an end",
            time(end)
        ));
    }
    if let Some(verdict) = verdict.filter(|verdict| verdict.accepted) {
        told.push(format!("  {}", verdict.told));
    }
    match end {
        End::Open => {}
        End::At(end) if *end <= place.now() => {
            told.push("  the old one is refused; `aegis rotate-key --finish` takes it out".to_owned());
        }
        End::At(end) => told.push(format!(
            "  the old one may be used until {}; after that `aegis rotate-key --finish` takes it out",
            time(*end)
        )),
        End::TakenOut => told.push("  the old one is taken out".to_owned()),
    }
    if !place.files.config.gate.key_reload && !matches!(end, End::Open) {
        let restart =
            "  `KEY_RELOAD` is off: restart the server, which goes by the keys of its start";
        told.push(restart.to_owned());
    }
    told.extend(begun.warning.iter().map(|warning| format!("  {warning}")));
    // The work is done, whoever reads of it.
    let _ = writeln!(io::stderr(), "{}", told.join("\n"));
    match verdict {
        Some(verdict) if !verdict.accepted => {
            Err(Failure::Other(format!("{}; {BOTH_STAY}", verdict.told)))
        }
        _ => Ok(()),
    }
}

fn print(
    asked: &RotateKey,
    place: &Place,
    begun: &Begun,
    verdict: Option<&Verdict>,
    end: &End,
) -> Result<(), Failure> {
    let accepted = verdict.map(|verdict| verdict.accepted);
    let mut document = json!({
        "old": begun.hint.as_str(),
        "new": begun.made.key.hint().as_str(),
        "new_expires_at": begun.end,
        "accepted": accepted,
        "server": verdict.map(|verdict| &verdict.told),
        "old_refused_from": if let End::At(end) = end { Some(end) } else { None },
        "old_taken_out": matches!(end, End::TakenOut),
    });
    if asked.print {
        document["new_key"] = begun.made.key.expose().into();
    }
    let printed = writeln!(io::stdout(), "{document:#}");
    printed.map_err(|error| {
        let file = place.file();
        let left = match end {
            End::Open => BOTH_STAY.to_owned(),
            End::At(end) => format!(
                "the new key is in {file}, and the old one may be used until {}",
                time(*end)
            ),
            End::TakenOut => format!("the old key is taken out, and the new one is in {file}"),
        };
        Failure::Other(format!("nothing can be printed: {error}; {left}"))
    })?;
    match accepted {
        Some(false) => Err(Failure::Said(1)),
        None | Some(true) => Ok(()),
    }
}
