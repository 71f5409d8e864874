//! The gate itself.
use std::{
    borrow::Cow,
    net::IpAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::http::header::HeaderMap;
use arc_swap::ArcSwap;
use chrono::{TimeDelta, Utc};

use super::{
    Attempt, BlockedRecords, EndedBlock, FailureLimiter, GateSettings, Knock, Lockout, Verdict,
    credential::Credential, refusal, reminder::Reminder,
};
use crate::{
    audit::{AuditEvent, AuditLog, AuditUnavailable, DenialReason, Recorded},
    caller::{Caller, CallerKey, KeySource},
    fault::Fault,
    keys::{Found, KeyHint, KeyRing},
    redaction::Redaction,
    rights::Rights,
};

/// How often somebody who sends keys in addresses is reminded of what that means.
const QUERY_REMINDER: Duration = Duration::from_hours(24);
/// How often it is said that the gate is open to all.
const DISABLED_REMINDER: Duration = Duration::from_hours(1);

/// All that is needed to let somebody in: the keys in force, the failures so far, the log, and what must
/// not stand in that.
#[derive(Debug)]
pub struct Gatekeeper {
    settings: GateSettings,
    keys: Arc<ArcSwap<KeyRing>>,
    redaction: Arc<Redaction>,
    limiter: FailureLimiter,
    audit: Arc<AuditLog>,
    query_reminder: Reminder,
    disabled_reminder: Reminder,
}

/// What was shown as a key.
struct Offered<'a> {
    key: Cow<'a, [u8]>,
    source: KeySource,
    /// It was ours once: for the log only.
    former: Option<KeyHint>,
}

/// A request that will not be let in: what the log says of it, and what its sender.
struct Denial<'a> {
    reason: DenialReason,
    offered: Option<Offered<'a>>,
    fault: Fault,
}

impl Gatekeeper {
    pub fn new(
        settings: GateSettings,
        keys: Arc<ArcSwap<KeyRing>>,
        redaction: Arc<Redaction>,
        audit: Arc<AuditLog>,
        now: Instant,
    ) -> Self {
        Self {
            limiter: FailureLimiter::new(settings.max_failures, settings.failure_window, now),
            settings,
            keys,
            redaction,
            audit,
            query_reminder: Reminder::new(now, Duration::ZERO),
            disabled_reminder: Reminder::new(now, DISABLED_REMINDER),
        }
    }

    /// Whether this peer speaks for others: it is a proxy whose `X-Forwarded-For` is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.settings.trusted_proxies.contains(peer)
    }

    /// Whose request it is.
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, Fault> {
        let client = self.settings.trusted_proxies.client(peer, headers);
        client.map_err(|_| refusal::too_many_hops())
    }

    /// Whether anybody can be let in: calls can be recorded, or run without that.
    pub fn is_open(&self) -> bool {
        self.audit.lets_calls_run()
    }

    /// Whether records are lost now.
    pub fn is_losing_records(&self) -> bool {
        !self.audit.is_writable()
    }

    /// Whether records will have no room soon, and nobody be let in.
    pub fn is_short_of_room(&self) -> bool {
        self.audit.is_nearly_full()
    }

    /// Lets a request in, and says so in the log before anything else happens, or says why not.
    ///
    /// A valid key passes from an address that is blocked too, unless the operator chose
    /// [`Lockout::Strict`].
    pub async fn admit(&self, knock: &Knock<'_>, now: Instant) -> Result<Rc<Caller>, Fault> {
        if !self.settings.enabled {
            let rights = self.settings.rights_without_key;
            return self.let_in(knock, None, rights).await;
        }
        let in_query = knock.key_in_query && self.settings.query_keys;
        let (attempt, denial) = match Credential::read(knock.head, in_query) {
            Credential::Key(key, source) => {
                let found = self.find(&key, source);
                let former = found.as_ref().err().copied().flatten();
                let offered = Offered {
                    key,
                    source,
                    former,
                };
                if let Ok((key, rights)) = found {
                    self.pass_block(knock, &offered, now).await?;
                    return self.let_in(knock, Some(key), rights).await;
                }
                (Attempt::WrongKey, Denial::wrong_key(offered))
            }
            Credential::Absent(absence) => {
                let fault = refusal::missing_key(absence, knock, in_query);
                (
                    Attempt::NoKey,
                    Denial::new(DenialReason::MissingApiKey, fault),
                )
            }
            Credential::Conflict(sentence) => {
                let fault = refusal::conflict(sentence);
                (
                    Attempt::NoKey,
                    Denial::new(DenialReason::InvalidRequest, fault),
                )
            }
        };
        Err(self.deny(knock, attempt, denial, now).await)
    }

    /// Records that a request was refused for where it comes from or whom it asked for. One of a blocked
    /// address is counted like its others.
    pub async fn turn_away(&self, knock: &Knock<'_>, reason: DenialReason, now: Instant) {
        let asked = self.limiter.ask(knock.client_ip, Attempt::NoKey, now).await;
        let is_blocked = matches!(asked, Verdict::Blocked(_));
        if !is_blocked || self.settings.blocked_records == BlockedRecords::Each {
            self.record_denial(knock, reason, None).await;
        }
    }

    /// What is to be done each second: blocks that have ended are summed up, and what must not be
    /// forgotten is said again.
    pub fn tick(&self, now: Instant) {
        self.record_ended(&self.limiter.tick(now));
        if self.must_say_open(now) {
            log::error!("critical: {}", super::DISABLED);
        }
    }

    /// Whether it must be said again that there is no gate.
    fn must_say_open(&self, now: Instant) -> bool {
        !self.settings.enabled && self.disabled_reminder.is_due(now, DISABLED_REMINDER)
    }

    /// Sums up the blocks that stand when the server stops.
    pub fn close(&self, now: Instant) {
        self.record_ended(&self.limiter.close(now));
    }

    /// The key in force that was offered, else the hint of a former one.
    fn find(
        &self,
        offered: &[u8],
        source: KeySource,
    ) -> Result<(CallerKey, Rights), Option<KeyHint>> {
        match self.keys.load().find(offered, self.audit.now()) {
            Found::InForce(key) => {
                let (id, hint) = (key.id, key.hint);
                Ok((CallerKey { id, hint, source }, key.rights))
            }
            Found::Former(hint) => Err(Some(hint)),
            Found::Unknown => Err(None),
        }
    }

    /// A valid key passes, but for a block that is meant for everybody.
    async fn pass_block(
        &self,
        knock: &Knock<'_>,
        offered: &Offered<'_>,
        now: Instant,
    ) -> Result<(), Fault> {
        if self.settings.lockout == Lockout::Fair {
            return Ok(());
        }
        match self
            .limiter
            .ask(knock.client_ip, Attempt::ValidKey, now)
            .await
        {
            Verdict::Blocked(left) => Err(self.block(knock, Some(offered), left).await),
            Verdict::Open | Verdict::Tripped => Ok(()),
        }
    }

    async fn let_in(
        &self,
        knock: &Knock<'_>,
        key: Option<CallerKey>,
        rights: Rights,
    ) -> Result<Rc<Caller>, Fault> {
        let recorded = self.audit.record(&AuditEvent::Authenticated {
            client_ip: knock.client_ip,
            user_agent: knock.user_agent(&self.redaction),
            key_hint: key.as_ref().map(|key| key.hint.as_str()),
            method: knock.method(),
            route: knock.route,
            key_source: key.as_ref().map(|key| key.source),
            request_id: knock.request_id,
        });
        let unrecorded = |AuditUnavailable| Fault::unrecorded();
        let committed = self.audit.committed(recorded.map_err(unrecorded)?);
        committed.await.map_err(unrecorded)?;
        let by_query = key
            .as_ref()
            .is_some_and(|key| key.source == KeySource::Query);
        if by_query && self.query_reminder.is_due(Instant::now(), QUERY_REMINDER) {
            log::warn!(
                "keys come in addresses (`?api_key=`), which proxies and histories keep; prefer a \
                 header where the client has one, and refuse them by `QUERY_API_KEY_ENABLED=false` \
                 where all have"
            );
        }
        Ok(Rc::new(Caller {
            key,
            rights,
            client_ip: knock.client_ip,
            request_id: knock.request_id,
        }))
    }

    async fn deny(
        &self,
        knock: &Knock<'_>,
        attempt: Attempt,
        denial: Denial<'_>,
        now: Instant,
    ) -> Fault {
        let Denial {
            reason,
            offered,
            fault,
        } = denial;
        match self.limiter.ask(knock.client_ip, attempt, now).await {
            Verdict::Blocked(left) => return self.block(knock, offered.as_ref(), left).await,
            Verdict::Open => self.record_denial(knock, reason, offered.as_ref()).await,
            Verdict::Tripped => {
                self.record_denial(knock, reason, offered.as_ref()).await;
                self.record_block(knock).await;
            }
        }
        fault
    }

    /// Refuses a request because its address is blocked. The limiter has counted it.
    async fn block(
        &self,
        knock: &Knock<'_>,
        offered: Option<&Offered<'_>>,
        left: Duration,
    ) -> Fault {
        if self.settings.blocked_records == BlockedRecords::Each {
            self.record_denial(knock, DenialReason::RateLimited, offered)
                .await;
        }
        refusal::blocked(left, self.settings.lockout)
    }

    // What is refused stays refused when it cannot be recorded: the log itself counts what it lost.

    async fn record_denial(
        &self,
        knock: &Knock<'_>,
        reason: DenialReason,
        offered: Option<&Offered<'_>>,
    ) {
        let recorded = self.audit.record(&AuditEvent::Denied {
            reason,
            client_ip: knock.client_ip,
            method: knock.method(),
            route: knock.route,
            key_source: offered.map(|it| it.source),
            request_id: knock.request_id,
            offered: offered.map(|it| &*it.key),
            former: offered.and_then(|it| it.former),
            user_agent: knock.user_agent(&self.redaction),
        });
        self.commit(recorded).await;
    }

    async fn record_block(&self, knock: &Knock<'_>) {
        let window = self.settings.failure_window;
        let recorded = self.audit.record(&AuditEvent::Blocked {
            client_ip: knock.client_ip,
            failures: self.settings.max_failures,
            window_seconds: window.as_secs(),
            blocked_until: Utc::now() + window,
            request_id: knock.request_id,
        });
        self.commit(recorded).await;
    }

    async fn commit(&self, recorded: Result<Recorded, AuditUnavailable>) {
        if let Ok(recorded) = recorded {
            let _ = self.audit.committed(recorded).await;
        }
    }

    fn record_ended(&self, blocks: &[EndedBlock]) {
        let ago = |duration| Utc::now() - TimeDelta::from_std(duration).unwrap_or_default();
        for block in blocks {
            let _ = self.audit.record(&AuditEvent::BlockEnded {
                client_ip: block.client,
                blocked_requests: block.requests,
                first: ago(block.first),
                last: ago(block.last),
            });
        }
    }
}

impl<'a> Denial<'a> {
    fn new(reason: DenialReason, fault: Fault) -> Self {
        Self {
            reason,
            offered: None,
            fault,
        }
    }

    fn wrong_key(offered: Offered<'a>) -> Self {
        Self {
            reason: DenialReason::InvalidApiKey,
            offered: Some(offered),
            fault: refusal::wrong_key(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;
    use crate::{audit::AuditSettings, keys::Metadata, rights::Access, secret::Secret};

    #[test]
    fn of_a_gate_that_is_open_it_is_said_again_each_hour_and_of_no_other() {
        let start = Instant::now();
        for enabled in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let audit = AuditLog::open(AuditSettings::new(folder.path().join("audit.log")));
            let ring = KeyRing::new([], &Metadata::default(), Rights::up_to(Access::Read));
            let settings = GateSettings {
                enabled,
                ..GateSettings::default()
            };
            let ring = Arc::new(ArcSwap::from_pointee(ring));
            let redaction = Redaction::new(Secret::new(String::new()), Arc::clone(&ring));
            let (redaction, audit) = (Arc::new(redaction), Arc::new(audit.unwrap()));
            let gatekeeper = Gatekeeper::new(settings, ring, redaction, audit, start);
            let said = [0, 59, 60, 61, 120]
                .map(|minutes| gatekeeper.must_say_open(start + Duration::from_mins(minutes)));
            assert_eq!(said, [false, false, !enabled, false, !enabled]);
        }
    }
}
