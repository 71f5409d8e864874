//! What is asked and said once the new key is there, until it is settled when the old one goes.
use std::fmt;

use chrono::{DateTime, Utc};
use url::Url;

use super::{
    place::Place,
    seen::time,
    trial::{self, Verdict, Written},
};
use crate::{
    cli::{self, RotateKey},
    commands::{Failure, prompt::Prompts, running::Running},
    config::Until,
    keys::{ApiKey, KeyId},
};

/// A rotation under way, and the person who goes on with it.
pub(super) struct Dialog<'a> {
    pub(super) asked: &'a RotateKey,
    pub(super) place: &'a Place,
    pub(super) person: &'a mut Prompts,
    pub(super) old: KeyId,
    pub(super) old_name: String,
    pub(super) new_name: String,
    pub(super) test: Test,
}

/// How it is known whether the server takes the new key.
pub(super) enum Test {
    /// It is shown the key.
    Show(ApiKey, Written),
    /// Only the digest is known here: somebody else must have shown it the key.
    Used(Verdict),
}

/// What the person does about a key that is not known to work.
#[derive(Clone, Copy)]
enum Next {
    Again,
    Elsewhere,
    Untested,
    Later,
}

/// When the old key goes.
enum End {
    Now,
    At(DateTime<Utc>),
    /// When the person says.
    Asked,
    Open,
}

impl Dialog<'_> {
    /// Does what is left to do. Where it is broken off, says how it can be ended.
    pub(super) fn safely(
        &mut self,
        go_on: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        go_on(self).map_err(|failure| match failure {
            Failure::Interrupted(_) => Failure::Interrupted(format!(
                "interrupted; {} and {} may both be used. \
                 `aegis rotate-key --finish` goes on, `--abort` takes the new key back",
                self.old_name, self.new_name
            )),
            failure => failure.and(&self.place.left(&self.old).told()),
        })
    }

    pub(super) fn hand_over(&mut self, notes: &[String]) -> Result<(), Failure> {
        self.person.say(format_args!(
            "It is in {} beside the old one, and both may be used.\nGive it to whoever uses {}.\n",
            self.place.file(),
            self.old_name
        ))?;
        for note in notes {
            self.person.say(note)?;
        }
        self.person
            .pause("Press Enter when that is done, and it will be tested:")
    }

    /// Tests the new key, and lets the old one go.
    pub(super) fn settle(&mut self, grace: Until) -> Result<(), Failure> {
        let Some(accepted) = self.test()? else {
            return self.leave_both();
        };
        if let Some(use_of_old) = self.use_of_old()? {
            self.person.say(use_of_old)?;
        }
        let now = self.place.now();
        let mut ends = Vec::new();
        let end = grace.from(now);
        if end > now {
            ends.push(End::At(end));
        }
        if accepted {
            ends.push(End::Now);
        }
        ends.extend([End::Asked, End::Open]);
        let labels: Vec<_> = ends.iter().map(ToString::to_string).collect();
        let question = format!("When does {} go?", self.old_name);
        match ends[self.person.choose(&question, &labels, 0)?] {
            End::Now => self.take_out(),
            End::At(end) => self.end_at(end),
            End::Asked => {
                let end = self.ask_end()?;
                self.end_at(end)
            }
            End::Open => self.leave_both(),
        }
    }

    /// Whether the new key is known to work; `None` where the person leaves it at that.
    fn test(&mut self) -> Result<Option<bool>, Failure> {
        if self.asked.no_test {
            return Ok(Some(false));
        }
        let mut address = self.asked.server.clone();
        loop {
            let verdict = match &self.test {
                Test::Used(verdict) => verdict.clone(),
                Test::Show(key, written) => {
                    let server = Running::new(address.as_ref(), &self.place.files.config)?;
                    self.person
                        .say(format_args!("Asking {} ...", server.address()))?;
                    trial::show(&server, key, *written, || self.person.check())?
                }
            };
            if verdict.accepted {
                self.person.say_good(&verdict.told)?;
                return Ok(Some(true));
            }
            self.person.say_bad(&verdict.told)?;
            match self.after_failure()? {
                Next::Again => {}
                Next::Elsewhere => address = Some(self.ask_address()?),
                Next::Untested => return Ok(Some(false)),
                Next::Later => return Ok(None),
            }
        }
    }

    fn after_failure(&mut self) -> Result<Next, Failure> {
        let can_be_shown = matches!(self.test, Test::Show(..));
        let mut choices = Vec::new();
        if can_be_shown {
            choices.push((Next::Again, "Ask again"));
            choices.push((Next::Elsewhere, "Ask at another address"));
        }
        choices.push((Next::Later, "Leave it here: both keys stay for now"));
        choices.push((
            Next::Untested,
            "Go on untested: the old key goes later, not now",
        ));
        let labels: Vec<_> = choices
            .iter()
            .map(|(_, label)| (*label).to_owned())
            .collect();
        let chosen = self.person.choose("What now?", &labels, 0)?;
        Ok(choices[chosen].0)
    }

    fn ask_address(&mut self) -> Result<Url, Failure> {
        loop {
            let address = self
                .person
                .line("The server's address, such as http://127.0.0.1:8080", None)?;
            match cli::server(&address) {
                Ok(address) => return Ok(address),
                Err(wrong) => self.person.say(wrong)?,
            }
        }
    }

    fn ask_end(&mut self) -> Result<DateTime<Utc>, Failure> {
        loop {
            let question = "Until when may it be used (7d, 12h, or a date such as 2026-12-31)";
            match self.person.line(question, None)?.parse::<Until>() {
                Ok(end) if end.from(self.place.now()) > self.place.now() => {
                    return Ok(end.from(self.place.now()));
                }
                Ok(_) => self.person.say("That is past.")?,
                Err(wrong) => self.person.say(wrong)?,
            }
        }
    }

    /// What tells whether somebody still has the old key.
    fn use_of_old(&self) -> Result<Option<String>, Failure> {
        let look = self.place.look()?;
        let seen = look.seen(self.place);
        let old = seen.keys.keys().iter().find(|key| key.id == self.old);
        let used = old.filter(|_| seen.uses.is_some());
        Ok(used.map(|old| format!("{} was {}.", self.old_name, seen.last_use(old))))
    }

    fn take_out(&mut self) -> Result<(), Failure> {
        let mut files = self.place.lock(Some(&mut *self.person))?;
        files.take_out(Some(&self.old), self.place.now())?;
        // It is done, whether or not somebody still reads.
        let told = format!("{} is taken out of {}", self.old_name, self.place.file());
        let _ = self.person.say_good(told);
        Ok(())
    }

    fn end_at(&mut self, end: DateTime<Utc>) -> Result<(), Failure> {
        let mut files = self.place.lock(Some(&mut *self.person))?;
        let end = files.end_at(&self.old, end, self.place.now())?;
        let told = format!(
            "{} may be used until {}; after that\n  `aegis rotate-key --finish` takes it out",
            self.old_name,
            time(end)
        );
        let _ = self.person.say_good(told);
        Ok(())
    }

    fn leave_both(&self) -> Result<(), Failure> {
        self.person.say(format_args!(
            "{} and {} may both be used.\n`aegis rotate-key --finish` goes on, `--abort` takes the new key back.",
            self.old_name, self.new_name
        ))
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("Now"),
            Self::At(end) => write!(f, "It may be used until {}", time(*end)),
            Self::Asked => f.write_str("At another time"),
            Self::Open => f.write_str("Later: both stay until you come back"),
        }
    }
}
