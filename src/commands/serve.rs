//! `aegis serve`: takes the settings apart, wires the rooms together, and keeps the server running.
mod advice;
mod check;
mod health;
mod in_force;
mod keeping;
mod keys;
mod metrics;
mod opening;
mod places;
mod plan;
mod readiness;
mod reload;
mod screen;
mod wiring;

use std::{
    cell::OnceCell,
    convert::Infallible,
    io,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_rt::{System, task::spawn_blocking};
use arc_swap::ArcSwap;
use tokio::{
    select,
    signal::unix::Signal,
    time::{MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    in_force::InForce,
    opening::{Signals, bind, open_audit, private_file, random},
    plan::Plan,
    reload::{Reload, Watch},
};
use super::{Failure, logging, process, running::reachable};
use crate::{
    audit::{AuditEvent, AuditLog},
    auth::{DISABLED, Gatekeeper},
    caller::RequestIds,
    cli::Serve,
    dispatch::{Dispatcher, Redactor},
    durable,
    gitea::{self, Gitea},
    keys::RejectedKey,
    mcp, sandbox,
    secret::Secret,
    server,
};

pub(super) fn run(asked: &Serve) -> Result<(), Failure> {
    if asked.health {
        return System::new().block_on(health::run(asked));
    }
    let plan = Plan::new(asked)?;
    if asked.check {
        return System::new().block_on(check::run(plan, asked.json));
    }
    if plan.keys.has_metadata {
        durable::note_there(plan.sources.metadata());
    }
    let ended = System::new().block_on(serve(plan));
    log::logger().flush();
    ended
}

async fn serve(plan: Plan) -> Result<(), Failure> {
    let Plan {
        config,
        keys,
        sources,
        sandbox: made_key,
        catalog,
        outbound,
        ..
    } = plan;
    logging::start(config.log, config.log_format)?;
    for (level, note) in plan.notes {
        log::log!(level, "{note}");
    }
    let Some(outbound) = outbound.filter(|_| plan.problems.is_empty()) else {
        return Err(Failure::settings(&plan.problems));
    };

    process::keep_memory();
    let signals = Signals::hear()?;
    let sandbox = made_key.is_some().then(sandbox::start).transpose();
    let sandbox = sandbox.map_err(|error| Failure::Other(format!("no sandbox: {error}")))?;
    let operation = config.gitea.timeout;
    let ring = Arc::new(ArcSwap::from_pointee(keys.ring.clone()));
    let (forge, redaction) = wiring::forge(config.gitea, outbound, sandbox.as_ref(), &ring)?;
    let audit_log = plan.audit_log.map_or_else(private_file, Ok)?;
    let each_blocked = config.audit.each_blocked;
    let settings = wiring::audit_settings(audit_log.clone(), config.audit, sandbox.is_some());
    let audit = open_audit(settings)?;
    let listener = bind(config.listen.address)?;
    let address = listener.local_addr().unwrap_or(config.listen.address);

    let in_force = config.gate.auth_enabled;
    let in_force = in_force.then(|| keys.ring.in_force(audit.now()).count());
    let proxies = config.listen.trusted_proxies.clone();
    let gatekeeper = Arc::new(Gatekeeper::new(
        wiring::gate_settings(&config.gate, proxies, each_blocked),
        Arc::clone(&ring),
        Arc::clone(&redaction),
        Arc::clone(&audit),
        Instant::now(),
    ));
    let shared = wiring::dispatch(
        catalog,
        &audit,
        Redactor::new(redaction, Secret::new(forge.api())),
        config.answer_max_chars,
        &config.gate,
    );
    let (calls, stopping) = (TaskTracker::new(), CancellationToken::new());
    let protocol = wiring::protocol_settings(&config.gate, config.listen.public_url.as_ref());
    let protocol = Arc::new(mcp::Shared::new(protocol, calls.clone(), stopping.clone()));
    let current = InForce {
        ring,
        audit: Arc::clone(&audit),
        streams: Arc::clone(&protocol),
    };
    let metrics = config.metrics.then(|| metrics::of(&current, &forge));
    let parts = server::Parts {
        settings: wiring::server_settings(config.listen, &config.gate, operation, metrics),
        gatekeeper: Arc::clone(&gatekeeper),
        protocol,
        ids: Arc::new(RequestIds::new(random()?)),
        calls,
        stopping,
    };
    let grace = parts.settings.shutdown_grace.as_secs();
    let gitea = Gitea::new(Arc::clone(&forge));
    let tools = move || Dispatcher::new(Arc::clone(&shared), Gitea::new(Arc::clone(&forge)));

    announce(&audit, in_force, &keys.rejected)?;
    log::info!(
        "listening on http://{address}, records go to {}",
        audit_log.display()
    );
    if sandbox.is_some() {
        let root = format!("http://{}", reachable(address));
        let key = made_key.as_ref().filter(|_| in_force.is_some());
        // It stands below what was said so far. Nobody may be there to read it.
        log::logger().flush();
        let _ = screen::show(&mut io::stdout(), &root, key, &audit_log);
    }
    drop(made_key);

    let is_read_again = in_force.is_some() && config.gate.key_reload && sandbox.is_none();
    let watch = is_read_again.then(|| Watch::new(current.clone(), sources, keys));
    let reload = watch.map(Watch::start).transpose()?;
    readiness::tell(readiness::READY);
    let stop = OnceCell::new();
    let running = server::serve(listener, parts, tools, async {
        let stopped = stopped(signals, &gatekeeper, &current, reload.as_ref(), &gitea);
        let _ = stop.set(stopped.await.told(grace));
        readiness::tell(readiness::STOPPING);
    });
    let ran = running.await;
    if let Some(reload) = reload {
        reload.end();
    }
    gatekeeper.close(Instant::now());
    audit.finish();
    let (reason, ended) = ending(ran, stop.into_inner());
    let _ = audit.record(&AuditEvent::ServerStopped { reason });
    audit.close();
    ended
}

/// Why the server stopped, for the log and for whoever started it.
fn ending(ran: io::Result<()>, stop: Option<Stop>) -> (&'static str, Result<(), Failure>) {
    let failed = |told: String| ("failed", Err(Failure::Other(told)));
    match (ran, stop) {
        (Ok(()), Some(Stop::Asked(signal))) => (signal, Ok(())),
        (Ok(()), Some(Stop::Refused(token))) => (
            "administrator_token",
            Err(Failure::Settings(token.to_string())),
        ),
        (Ok(()), None) => failed("the server ended by itself".to_owned()),
        (Err(error), _) => failed(format!("the server failed: {error}")),
    }
}

/// Says and records that the server starts: with so many keys in force, or open to all.
fn announce(
    audit: &AuditLog,
    in_force: Option<usize>,
    rejected: &[RejectedKey],
) -> Result<(), Failure> {
    // A log that cannot be written says so itself, and the gate stays closed until it can.
    let _ = audit.record(&AuditEvent::ServerStarted {
        version: env!("CARGO_PKG_VERSION"),
        instance: &format!("{:08x}{:08x}", random()?, random()?),
        auth: in_force.is_some(),
        keys: in_force.unwrap_or(0),
        previous: audit.previous(),
    });
    for &RejectedKey { entry, length, .. } in rejected {
        let _ = audit.record(&AuditEvent::ConfigKeyRejected { entry, length });
    }
    match in_force {
        Some(keys) => log::info!(
            target: logging::ALWAYS,
            "API key authentication ENABLED ({keys} key(s) configured)"
        ),
        None => log::error!("critical: {DISABLED}"),
    }
    Ok(())
}

/// Why a running server stops.
enum Stop {
    Asked(&'static str),
    Refused(gitea::AdminToken),
}

impl Stop {
    /// Says that it was asked for, and how many seconds calls have still.
    fn told(self, grace: u64) -> Self {
        if let Self::Asked(signal) = self {
            log::info!("{signal}: it stops; calls under way have {grace} seconds to end");
        }
        self
    }
}

/// Does what a running server has to do beside answering, until there is a reason to stop.
async fn stopped(
    signals: Signals,
    gatekeeper: &Gatekeeper,
    keys: &InForce,
    reload: Option<&Reload>,
    gitea: &Rc<Gitea>,
) -> Stop {
    let Signals {
        mut terminate,
        mut interrupt,
        hangup,
        ..
    } = signals;
    select! {
        _ = terminate.recv() => Stop::Asked("SIGTERM"),
        _ = interrupt.recv() => Stop::Asked("SIGINT"),
        token = gitea::keep_known(gitea, gitea::REST) => Stop::Refused(token),
        never = keep(gatekeeper, &keys.audit, reload, hangup) => match never {},
        never = keys.end_in_time() => match never {},
    }
}

/// Does what is due each second. SIGHUP opens the log anew, where `logrotate` has moved it, and asks
/// for the keys to be read again.
async fn keep(
    gatekeeper: &Gatekeeper,
    audit: &Arc<AuditLog>,
    reload: Option<&Reload>,
    mut hangup: Signal,
) -> Infallible {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        select! {
            now = seconds.tick() => {
                gatekeeper.tick(now.into_std());
                let audit = Arc::clone(audit);
                // It may wait for a disk.
                let _ = spawn_blocking(move || audit.tick()).await;
            }
            Some(()) = hangup.recv() => {
                match audit.reopen() {
                    Ok(()) => log::info!("the audit log is open anew"),
                    Err(error) => log::error!(
                        "critical: records still go to the old file of the audit log: {error}"
                    ),
                }
                match reload {
                    Some(reload) => reload.ask(),
                    None => log::info!("keys are read at the next start: `KEY_RELOAD` is off, or there are none to read"),
                }
            }
        }
    }
}
