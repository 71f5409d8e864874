//! `aegis rotate-key`: a new key beside the old one, tested, and then the old one out. Where a
//! rotation stands follows from `.env` and the metadata alone, so it can be broken off anywhere.
mod change;
mod dialog;
mod guided;
mod left;
mod place;
mod refusal;
mod resume;
mod seen;
mod shown;
mod status;
mod trial;
mod unattended;

use chrono::{DateTime, Utc};

use self::{place::Place, seen::time};
use super::Failure;
use crate::cli::RotateKey;

pub(super) fn run(asked: &RotateKey) -> Result<(), Failure> {
    if asked.json && !asked.yes && !asked.status {
        return Err(Failure::Usage(
            "`--json` is for programs, which cannot be asked: add `--yes`".to_owned(),
        ));
    }
    let place = Place::find(asked)?;
    if asked.status {
        status::run(&place, asked.json)
    } else if asked.finish {
        resume::finish(asked, &place)
    } else if asked.abort {
        resume::abort(asked, &place)
    } else if asked.yes {
        unattended::run(asked, &place)
    } else {
        guided::run(asked, &place)
    }
}

/// How a rotation is ended that is begun and not settled.
const BOTH_STAY: &str = "both keys stay, until `aegis rotate-key --finish` or `--abort` ends it";

/// A grace that is past would lock the old key out at once, whether or not the new one works.
fn check_grace(asked: &RotateKey, now: DateTime<Utc>) -> Result<(), Failure> {
    let end = asked.grace.from(now);
    if end <= now && !asked.grace.is_now() {
        return Err(Failure::Usage(format!(
            "`--grace` is past: {}; `--grace 0` takes the old key out at once",
            time(end)
        )));
    }
    Ok(())
}
