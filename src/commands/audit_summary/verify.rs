//! `aegis audit-summary verify`: whether the log is what was written.
mod known;
mod report;

use std::{
    io::{self, Write},
    num::{NonZeroU64, NonZeroUsize},
    path::{Path, PathBuf},
    slice, thread,
    time::Duration,
};

use chrono::{DateTime, Utc};

use self::{known::Known, report::Unread};
use super::{super::Failure, logs, progress, shown};
use crate::{
    audit::{
        SealKey, reader,
        verify::{Asked, Head, Source, Verdict, in_order, of_log, verify},
    },
    cli::Verify,
};

/// Something cannot be read; so it is not known whether it is intact.
const UNREADABLE: Failure = Failure::Said(2);
const BROKEN: Failure = Failure::Said(1);

pub(super) fn run(asked: &Verify) -> Result<(), Failure> {
    let mut wanted = Asked {
        unsealed: Some(unsealed(
            Some(Duration::from_mins(1)),
            NonZeroU64::new(1_000),
        )),
        ..Asked::default()
    };
    if let Some(path) = &asked.seal_key {
        let key = SealKey::read(path).map_err(|error| unreadable(path, &error))?;
        wanted.seal_key = Some(key);
    }
    wanted.heads.extend(asked.head.iter().map(|hash| Head {
        hash: *hash,
        said_by: "`--head`".to_owned(),
        may_be_before: false,
        may_be_gone: None,
    }));
    let open =
        |path: &PathBuf| Source::open(path.clone()).map_err(|error| unreadable(path, &error));
    let whole = |log: &Path| of_log(log).map_err(|(path, error)| unreadable(&path, &error));
    // Always before the log is opened: what is known now is in it then.
    let mut known = Known::default();
    let sources = if !asked.log.is_empty() {
        let mut sources = Vec::new();
        for path in &asked.log {
            if reader::is_one(path) {
                known.ask(path, None, true);
                sources.extend(whole(path)?);
                continue;
            }
            for log in reader::find(slice::from_ref(path))? {
                known.ask_if_live(&log.path);
            }
            for log in reader::find(slice::from_ref(path))? {
                sources.push(Source::found(&log).map_err(|error| unreadable(&log.path, &error))?);
            }
        }
        in_order(sources)
    } else if asked.files.is_empty() {
        let live = logs::live(asked.env_file.as_deref())?;
        let checkpoints = live.checkpoints.as_deref();
        known.ask(&live.path, checkpoints, live.loses_files);
        let own_key = live.seal_key.and_then(|path| SealKey::read(&path).ok());
        let has_sealed = own_key.is_some_and(|key| key.has_sealed());
        let (every, records) = live.checkpoint_due;
        wanted.unsealed = (!has_sealed).then(|| unsealed(every, records));
        whole(&live.path)?
    } else {
        asked.files.iter().for_each(|path| known.ask_if_live(path));
        in_order(asked.files.iter().map(open).collect::<Result<_, _>>()?)
    };
    wanted.heads.append(&mut known.heads(&sources));
    let total = sources.iter().map(Source::length).sum();
    let threads = asked.threads.unwrap_or_else(processors);
    let verdict = progress::shown(total, |read| verify(&sources, wanted, threads, read));
    let unread = known.unread(&verdict, &sources);
    tell(&verdict, &sources, &unread, asked.json)?;
    if !verdict.is_intact() {
        Err(BROKEN)
    } else if unread.is_empty() {
        Ok(())
    } else {
        Err(UNREADABLE)
    }
}

/// After which time a log must have begun, and with less than how many records, to have no seal yet
/// where checkpoints are made so often.
fn unsealed(every: Option<Duration>, records: Option<NonZeroU64>) -> (DateTime<Utc>, u64) {
    let after = every.map_or(DateTime::UNIX_EPOCH, |every| Utc::now() - every);
    (after, records.map_or(u64::MAX, NonZeroU64::get))
}

fn tell(
    verdict: &Verdict,
    sources: &[Source],
    unread: &[Unread],
    json: bool,
) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = if json {
        report::json(&mut out, verdict, sources, unread)
    } else {
        report::text(&mut out, verdict, sources, unread)
    };
    match written.and_then(|()| out.flush()) {
        // Whoever stopped reading has seen enough, and the code still tells.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let told = format!("what was found cannot be written: {error}");
            Err(if verdict.is_intact() {
                Failure::Usage(told)
            } else {
                Failure::Other(told)
            })
        }
        _ => Ok(()),
    }
}

/// A usage error has the same code: both say that nothing was judged.
fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Usage(format!("{} cannot be read: {error}", shown::path(path)))
}

fn processors() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
