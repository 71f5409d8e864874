//! Every setting: its name, default, bounds and unit.
use std::{net::SocketAddr, time::Duration};

use env_filter::Filter;
use ipnet::IpNet;
use log::LevelFilter;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{
    AuditConfig, Env, KeysConfig, SettingError, audit,
    env::{ENV_FILE, PORT},
    error::ConfigError,
    reader::Reader,
    unknown, values,
};
use crate::secret::Secret;

/// Where the audit log is, unless `AUDIT_LOG_PATH` says otherwise.
pub const DEFAULT_AUDIT_LOG: &str = "/var/log/aegis-mcp/audit.log";

/// The settings, checked. Taken apart at the start, by a room at a time.
#[derive(Debug)]
pub struct Config {
    pub listen: ListenConfig,
    pub gate: GateConfig,
    pub gitea: GiteaConfig,
    pub audit: AuditConfig,
    /// The names of the toolsets to offer; `all` is every one.
    pub toolsets: Vec<String>,
    /// The longest answer to an assistant, in characters.
    pub answer_max_chars: usize,
    /// What is logged.
    pub log: Filter,
    pub log_format: LogFormat,
    /// Whether `/metrics` is served.
    pub metrics: bool,
    /// What is not wrong and yet hardly meant.
    pub warnings: Vec<String>,
}

/// Where we listen and by which names we are known.
#[derive(Debug)]
pub struct ListenConfig {
    pub address: SocketAddr,
    pub public_url: Option<Url>,
    /// Further values of `Host`, in lower case, with a port or without.
    pub allowed_hosts: Vec<String>,
    /// Further values of `Origin`, as browsers write them.
    pub allowed_origins: Vec<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub shutdown_grace: Duration,
}

/// Who may enter, and how often one may fail.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting")]
pub struct GateConfig {
    pub auth_enabled: bool,
    pub keys: KeysConfig,
    /// Whether the keys are read again while the server runs.
    pub key_reload: bool,
    pub max_failures: u32,
    pub failure_window: Duration,
    /// Whether a blocked address is blocked for valid keys too.
    pub strict_lockout: bool,
    pub query_key_enabled: bool,
    pub max_connections_per_address: usize,
    pub max_streams_per_key: usize,
    pub max_calls_in_flight_per_key: usize,
}

/// The forge that we stand before.
#[derive(Debug)]
pub struct GiteaConfig {
    /// Without a slash at the end. That it or the token is missing is told by whoever asks a forge.
    pub url: Option<Url>,
    pub token: Option<Secret>,
    pub tls_roots: TlsRoots,
    /// Certificates in PEM that are believed too.
    pub ca_pem: Option<Zeroizing<Vec<u8>>>,
    pub timeout: Duration,
    pub allow_admin_token: bool,
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    /// For a person.
    Text,
    /// An object of JSON.
    Json,
}

/// Whose certificates are believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TlsRoots {
    /// Mozilla's list, compiled in.
    Webpki,
    /// The machine's certificate store.
    System,
}

impl ListenConfig {
    /// Whether nobody but this machine reaches it. IPv4 written as IPv6 is IPv4.
    pub fn is_loopback(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }
}

impl Config {
    /// Reads every setting.
    ///
    /// # Errors
    /// All that is wrong, together.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let (config, errors) = Self::read(env);
        if errors.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(errors))
        }
    }

    /// Reads every setting, and says all that is wrong. What is has its default, for whoever wants
    /// to look for further faults; nobody serves by it.
    pub fn read(env: &Env) -> (Self, Vec<SettingError>) {
        let mut reader = Reader::new(env);
        let mut config = read(&mut reader);
        config.warnings.extend(env.warnings().iter().cloned());
        config
            .warnings
            .extend(unknown::warnings(env, &reader.names));
        (config, reader.errors)
    }

    /// The name of every setting.
    pub fn names() -> Vec<&'static str> {
        let env = Env::new([], None);
        let mut reader = Reader::new(&env);
        read(&mut reader);
        reader.names
    }
}

fn read(reader: &mut Reader<'_>) -> Config {
    // Read before all else, by `Env`.
    reader.text(ENV_FILE, None);
    let mut warnings = Vec::new();
    Config {
        listen: listen(reader),
        gate: gate(reader),
        gitea: gitea(reader),
        audit: audit::read(reader),
        toolsets: toolsets(reader),
        answer_max_chars: reader.number("ANSWER_MAX_CHARS", 24_000, 1_000..=1_000_000),
        log: log(reader, &mut warnings),
        log_format: reader.choice(
            "LOG_FORMAT",
            [("text", LogFormat::Text), ("json", LogFormat::Json)],
        ),
        metrics: reader.flag("METRICS_ENABLED", false),
        warnings,
    }
}

fn listen(reader: &mut Reader<'_>) -> ListenConfig {
    let host = reader.parsed(
        "MCP_HOST",
        "an IP address (names are not looked up)",
        "127.0.0.1",
        values::host,
    );
    let port = reader.number(PORT, 8080, 0..=u16::MAX);
    ListenConfig {
        address: SocketAddr::new(host.unwrap_or([127, 0, 0, 1].into()), port),
        public_url: reader.parsed(
            "PUBLIC_URL",
            "an `http` or `https` address of one host, in ASCII, without user, query and fragment",
            "https://mcp.example.org",
            values::server_address,
        ),
        allowed_hosts: reader.list(
            "ALLOWED_HOSTS",
            "a host name or address, with or without a port",
            "mcp.example.org,192.0.2.1:8080",
            values::authority,
        ),
        allowed_origins: reader.list(
            "ALLOWED_ORIGINS",
            "an origin (scheme, host, port if unusual)",
            "https://app.example.org",
            values::origin,
        ),
        trusted_proxies: reader
            .list(
                "TRUSTED_PROXIES",
                "a network, an address or `private`",
                "private",
                values::networks,
            )
            .concat(),
        shutdown_grace: reader.seconds("SHUTDOWN_GRACE", 10, 0..=600),
    }
}

fn gate(reader: &mut Reader<'_>) -> GateConfig {
    GateConfig {
        auth_enabled: reader.flag("AUTH_ENABLED", true),
        keys: KeysConfig::take(reader),
        key_reload: reader.flag("KEY_RELOAD", true),
        max_failures: reader.number("MAX_AUTH_FAILURES", 5, 1..=100_000),
        failure_window: reader.seconds("AUTH_FAILURE_WINDOW", 300, 1..=604_800),
        strict_lockout: reader.choice("AUTH_LOCKOUT_MODE", [("fair", false), ("strict", true)]),
        query_key_enabled: reader.flag("QUERY_API_KEY_ENABLED", true),
        max_connections_per_address: reader.number("MAX_CONNECTIONS_PER_ADDRESS", 64, 1..=65_535),
        max_streams_per_key: reader.number("MAX_STREAMS_PER_KEY", 64, 1..=65_535),
        max_calls_in_flight_per_key: reader.number("MAX_CALLS_IN_FLIGHT_PER_KEY", 32, 1..=65_535),
    }
}

fn gitea(reader: &mut Reader<'_>) -> GiteaConfig {
    let url = reader.parsed(
        "GITEA_URL",
        "the `http` or `https` address of a Gitea, as a browser shows it (but in ASCII: `xn--…`), without user, query and fragment",
        "https://git.example.org",
        values::web_address,
    );
    if url
        .as_ref()
        .is_some_and(|url| url.path().trim_end_matches('/').ends_with("/api/v1"))
    {
        let wrong = "ends with `/api/v1`, which is added: leave it out";
        reader.wrong("GITEA_URL", wrong.to_owned(), "https://git.example.org");
    }
    let by_number = |url: &Url| matches!(url.host(), Some(Host::Ipv6(_)));
    if url
        .as_ref()
        .is_some_and(|url| url.scheme() == "https" && by_number(url))
    {
        // awc hands the address to rustls in its brackets, which takes it for no name.
        let wrong = "is an IPv6 address, at which no certificate can be checked: give it a name, in `/etc/hosts` if nowhere else";
        reader.wrong("GITEA_URL", wrong.to_owned(), "https://git.example.org");
    }
    GiteaConfig {
        url,
        token: token(reader),
        tls_roots: reader.choice(
            "GITEA_TLS_ROOTS",
            [("webpki", TlsRoots::Webpki), ("system", TlsRoots::System)],
        ),
        ca_pem: reader.file("GITEA_CA_FILE", "/etc/ssl/certs/forge-ca.pem"),
        timeout: reader.seconds("GITEA_TIMEOUT", 30, 1..=600),
        allow_admin_token: reader.flag("GITEA_ALLOW_ADMIN_TOKEN", false),
    }
}

fn token(reader: &mut Reader<'_>) -> Option<Secret> {
    const TOKEN: &str = "the-token";
    const FILE: &str = "GITEA_TOKEN_FILE";
    const USUAL: &str = "/run/secrets/gitea-token";
    let set = reader
        .text("GITEA_TOKEN", Some(TOKEN))
        .map(|text| Secret::new(text.to_owned()));
    let filed = reader.secret_file(FILE, USUAL);
    if set.is_some() && filed.is_some() {
        let wrong = "and `GITEA_TOKEN` are both set: leave one out".to_owned();
        reader.wrong(FILE, wrong, USUAL);
    }
    let (name, is, example) = match &filed {
        Some(_) => (FILE, "names a file that holds no token", USUAL),
        None => ("GITEA_TOKEN", "is no token", TOKEN),
    };
    let token = filed.or(set)?;
    let text = token.expose();
    // It becomes a header: visible ASCII and nothing else.
    let wrong = if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        "one word of letters, digits and signs"
    } else if text.contains(['"', '\'']) {
        "there is a quote in it"
    } else if has_name(text) {
        "the name of a variable and `=` stand before it"
    } else {
        return Some(token);
    };
    reader.wrong(name, format!("{is}: {wrong}"), example);
    None
}

/// Whether a text is a whole line of settings, `GITEA_TOKEN=…`, or what is left of one.
fn has_name(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, value)| {
        let is_name = name.bytes().all(|it| it.is_ascii_uppercase() || it == b'_');
        is_name && !value.is_empty()
    })
}

fn toolsets(reader: &mut Reader<'_>) -> Vec<String> {
    let name = |text: &str| {
        let is_name = text
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        is_name.then(|| text.to_ascii_lowercase())
    };
    let names = reader.list("TOOLSETS", "the name of a toolset", "repo,issue", name);
    if names.is_empty() {
        vec!["all".to_owned()]
    } else {
        names
    }
}

fn log(reader: &mut Reader<'_>, warnings: &mut Vec<String>) -> Filter {
    const NAME: &str = "RUST_LOG";
    const EXAMPLE: &str = "info,aegis::gitea=debug";
    let wanted = "a level, or modules with levels";
    let strange = reader.text(NAME, Some(EXAMPLE)).and_then(strange_word);
    warnings.extend(strange.map(|word| {
        format!(
            "`{NAME}` has a word (the {word}.) that is neither a level nor a module of `aegis`; for example `{NAME}={EXAMPLE}`"
        )
    }));
    // The HTTP server tells of each worker that it starts; nobody asked. What it says of each broken
    // request anybody can have it say without end; the answer says it to who can mend it.
    let base = || {
        let mut filter = env_filter::Builder::new();
        filter.filter_module("actix_server", LevelFilter::Warn);
        filter.filter_module("actix_http", LevelFilter::Off);
        if strange.is_some() {
            // Whoever mistyped a level must see that it is said.
            filter.filter_level(LevelFilter::Warn);
        }
        filter
    };
    let parse = |text: &str| Some(base().try_parse(text).ok()?.build());
    let read = reader.parsed(NAME, wanted, EXAMPLE, parse);
    read.unwrap_or_else(|| base().filter_level(LevelFilter::Info).build())
}

/// Which word of a filter, counted from 1, is taken for a module that is none of ours.
fn strange_word(filter: &str) -> Option<usize> {
    let (words, _) = filter.split_once('/').unwrap_or((filter, ""));
    let mut words = words.split(',').map(str::trim);
    let is_strange = |word: &str| {
        let is_bare = !word.is_empty() && !word.contains('=');
        is_bare && word.parse::<LevelFilter>().is_err() && !word.starts_with("aegis")
    };
    words.position(is_strange).map(|at| at + 1)
}
