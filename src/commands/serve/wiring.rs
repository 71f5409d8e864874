//! Hands each room its own settings, in its own types. Nobody below sees the others'.
use std::{num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use url::Url;

use crate::{
    audit::{self, AuditLog, AuditSettings, Checkpoints, FailureMode, Rotation},
    auth::{BlockedRecords, GateSettings, Lockout, TrustedProxies},
    commands::Failure,
    config::{self, AuditConfig, GateConfig, GiteaConfig, ListenConfig},
    dispatch::{Catalog, Redactor, Shared},
    gitea::{Forge, GiteaSettings},
    keys::KeyRing,
    mcp,
    outbound::{Outbound, TlsError, TlsRoots},
    redaction::Redaction,
    rights::{Access, Rights},
    sandbox::Sandbox,
    server::{Metrics, ServerSettings, Site},
};

/// A handler may take a little longer than the operation that it waits for.
const BEYOND_THE_OPERATION: Duration = Duration::from_secs(5);

/// What a key may do: today all that is offered.
pub(super) fn rights() -> Rights {
    Rights::up_to(Access::Destroy)
}

pub(super) fn gate_settings(
    gate: &GateConfig,
    proxies: Vec<IpNet>,
    each_blocked: bool,
) -> GateSettings {
    GateSettings {
        enabled: gate.auth_enabled,
        max_failures: gate.max_failures,
        failure_window: gate.failure_window,
        lockout: if gate.strict_lockout {
            Lockout::Strict
        } else {
            Lockout::Fair
        },
        query_keys: gate.query_key_enabled,
        blocked_records: if each_blocked {
            BlockedRecords::Each
        } else {
            BlockedRecords::Summary
        },
        trusted_proxies: TrustedProxies::new(proxies),
        rights_without_key: rights(),
    }
}

pub(super) fn server_settings(
    listen: ListenConfig,
    gate: &GateConfig,
    operation: Duration,
    metrics: Option<Metrics>,
) -> ServerSettings {
    ServerSettings {
        site: Site::new(
            listen.public_url.as_ref(),
            listen.allowed_hosts,
            listen.allowed_origins,
        ),
        connections_per_address: gate.max_connections_per_address,
        shutdown_grace: listen.shutdown_grace,
        answer_timeout: operation + BEYOND_THE_OPERATION,
        metrics,
        ..ServerSettings::default()
    }
}

pub(super) fn protocol_settings(gate: &GateConfig, public_url: Option<&Url>) -> mcp::Settings {
    let streams = NonZeroUsize::new(gate.max_streams_per_key).unwrap_or(NonZeroUsize::MIN);
    mcp::Settings {
        max_streams_per_key: streams,
        base_path: public_url.map(base_path).unwrap_or_default(),
        ..mcp::Settings::default()
    }
}

/// The path of an address, without a slash at its end. Two at its beginning would begin a host.
fn base_path(url: &Url) -> String {
    match url.path().trim_matches('/') {
        "" => String::new(),
        path => format!("/{path}"),
    }
}

/// What reaches the forge, by the certificates that are believed.
///
/// # Errors
/// They are none.
pub(super) fn outbound(gitea: &GiteaConfig) -> Result<Outbound, TlsError> {
    let roots = match gitea.tls_roots {
        config::TlsRoots::Webpki => TlsRoots::Webpki,
        config::TlsRoots::System => TlsRoots::System,
    };
    Outbound::new(roots, gitea.ca_pem.as_ref().map(|pem| pem.as_slice()))
}

/// The forge that is asked: the sandbox, or the one of the settings. With it comes what hides its token
/// and the keys of the ring.
pub(super) fn forge(
    gitea: GiteaConfig,
    outbound: Outbound,
    sandbox: Option<&Sandbox>,
    ring: &Arc<ArcSwap<KeyRing>>,
) -> Result<(Arc<Forge>, Arc<Redaction>), Failure> {
    let (url, token) = match sandbox {
        Some(sandbox) => (Url::parse(&sandbox.url).ok(), Some(sandbox.token.clone())),
        None => (gitea.url, gitea.token),
    };
    let (Some(url), Some(token)) = (url, token) else {
        return Err(Failure::Settings(
            "`GITEA_URL` and `GITEA_TOKEN` are not both set".to_owned(),
        ));
    };
    let settings = GiteaSettings {
        url,
        token: token.clone(),
        timeout: gitea.timeout,
        allow_admin_token: gitea.allow_admin_token,
    };
    let redaction = Arc::new(Redaction::new(token, Arc::clone(ring)));
    let forge = Forge::new(&settings, outbound, Arc::clone(&redaction));
    let forge = forge.map_err(|error| Failure::Settings(error.to_string()))?;
    Ok((forge, redaction))
}

/// The sandbox prints no checkpoints, since its screen is for a person, and leaves no ballast behind.
pub(super) fn audit_settings(path: PathBuf, audit: AuditConfig, sandbox: bool) -> AuditSettings {
    AuditSettings {
        mode: if audit.allow_failure {
            FailureMode::Allow
        } else {
            FailureMode::Block
        },
        fsync: match audit.fsync {
            config::Fsync::Each => audit::Fsync::Each,
            config::Fsync::Interval => audit::Fsync::Interval,
            config::Fsync::Off => audit::Fsync::Off,
        },
        checkpoints: Checkpoints {
            every: audit.checkpoint_every,
            records: audit.checkpoint_records,
            stdout: !sandbox,
            file: audit.checkpoint_file,
            seal_key: audit.seal_key_file,
        },
        rotation: Rotation {
            size: audit.rotate_size,
            daily: audit.rotate_daily,
            keep: audit.keep,
            compress: match audit.compress {
                config::Compress::Off => audit::Compress::Off,
                config::Compress::Gzip => audit::Compress::Gzip,
                config::Compress::Zstd => audit::Compress::Zstd,
            },
        },
        ballast: !sandbox,
        ..AuditSettings::new(path)
    }
}

pub(super) fn dispatch(
    catalog: Catalog,
    audit: &Arc<AuditLog>,
    redactor: Redactor,
    answer_max: usize,
    gate: &GateConfig,
) -> Arc<Shared> {
    Arc::new(Shared::new(
        catalog,
        Arc::clone(audit),
        redactor,
        answer_max,
        gate.max_calls_in_flight_per_key,
    ))
}
