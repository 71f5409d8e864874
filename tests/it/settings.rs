//! Settings: read as meant, refused together, explained in `.env.example`, and never shown.
use std::{
    ffi::OsString, num::NonZeroU64, os::unix::ffi::OsStringExt, path::PathBuf, time::Duration,
};

use aegis::{
    config::{Compress, Config, ConfigError, Env, EnvFile, Fsync},
    secret::Secret,
};

const EXAMPLE: &str = include_str!("../../.env.example");
/// Stands where a value must not be shown.
const SECRET: &str = "correct-horse-battery-staple-0123456789";

fn from(process: &[(&str, &str)], file: Option<&str>) -> Result<Config, ConfigError> {
    let process = process
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    let file = file.map(|text| (PathBuf::from(".env"), EnvFile::parse(text.into())));
    Config::from_env(&Env::new(process, file))
}

fn config(process: &[(&str, &str)], file: Option<&str>) -> Config {
    from(process, file).unwrap()
}

fn refusal(process: &[(&str, &str)]) -> String {
    from(process, None).unwrap_err().to_string()
}

fn keys(config: &Config) -> Vec<&str> {
    config
        .gate
        .keys
        .texts
        .iter()
        .map(|(_, text)| text.expose())
        .collect()
}

/// The `NAME=value` lines of `.env.example`, those that are commented out too.
fn explained() -> Vec<(&'static str, &'static str)> {
    let assignment = |line: &'static str| line.trim_start_matches('#').split_once('=');
    let pairs = EXAMPLE.lines().filter_map(assignment);
    pairs
        .filter(|(name, _)| {
            name.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        })
        .collect()
}

#[test]
fn nothing_set_is_the_defaults() {
    let config = config(&[], None);
    assert_eq!(config.listen.address.to_string(), "127.0.0.1:8080");
    assert!(
        config.gate.auth_enabled && config.gate.query_key_enabled && !config.gate.strict_lockout
    );
    assert_eq!(config.gate.max_failures, 5);
    assert_eq!(config.gate.failure_window, Duration::from_mins(5));
    assert!(!config.audit.allow_failure && !config.gitea.allow_admin_token);
    assert_eq!(config.warnings, [""; 0]);
}

#[test]
fn a_loopback_address_is_one_in_either_notation() {
    let is_loopback = |host| config(&[("MCP_HOST", host)], None).listen.is_loopback();
    for host in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        assert!(is_loopback(host), "{host}");
    }
    assert!(!is_loopback("::ffff:192.0.2.1") && !is_loopback("::"));
}

#[test]
fn how_records_are_kept_is_read_as_it_is_written() {
    let audit = |pairs: &[(&str, &str)]| config(pairs, None).audit;
    let defaults = audit(&[]);
    assert_eq!(defaults.fsync, Fsync::Interval);
    assert_eq!(defaults.checkpoint_every, Some(Duration::from_mins(1)));
    assert_eq!(defaults.checkpoint_records, NonZeroU64::new(1_000));
    assert_eq!(defaults.rotate_size, NonZeroU64::new(100 << 20));
    assert_eq!((defaults.keep, defaults.compress), (0, Compress::Off));
    let none = audit(&[
        ("AUDIT_CHECKPOINT_SECONDS", "0"),
        ("AUDIT_CHECKPOINT_RECORDS", "0"),
        ("AUDIT_ROTATE_SIZE", "0"),
        ("AUDIT_FSYNC", "each"),
        ("AUDIT_COMPRESS", "zstd"),
    ]);
    assert_eq!(
        (none.checkpoint_every, none.checkpoint_records),
        (None, None)
    );
    assert_eq!(none.rotate_size, None);
    assert_eq!((none.fsync, none.compress), (Fsync::Each, Compress::Zstd));
}

#[test]
fn the_key_that_seals_is_looked_at_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seal.key");
    let name = file.to_str().unwrap();
    std::fs::write(&file, SECRET).unwrap();
    let told = refusal(&[("AUDIT_SEAL_KEY_FILE", name)]);
    assert!(
        told.contains("does not hold 64 hexadecimal digits"),
        "{told}"
    );
    assert!(!told.contains(SECRET));
    for held in ["5a".repeat(32), format!("{} 17\n", "5A".repeat(32))] {
        std::fs::write(&file, held).unwrap();
        let read = config(&[("AUDIT_SEAL_KEY_FILE", name)], None);
        assert_eq!(read.audit.seal_key_file.as_deref(), Some(&*file));
    }
}

#[test]
fn the_example_explains_every_setting_and_no_other() {
    let mut explained: Vec<_> = explained().into_iter().map(|(name, _)| name).collect();
    let mut known = Config::names();
    explained.sort_unstable();
    known.sort_unstable();
    assert_eq!(explained, known);
}

#[test]
fn the_example_shows_the_defaults() {
    let defaults = format!("{:?}", config(&[], None));
    let shown = |(name, value)| {
        let read = from(&[(name, value)], None);
        !name.ends_with("_FILE") && read.is_ok_and(|read| format!("{read:?}") != defaults)
    };
    let differing: Vec<_> = explained()
        .into_iter()
        .filter(|pair| shown(*pair))
        .map(|(name, _)| name)
        .collect();
    let have_no_default = [
        "PUBLIC_URL",
        "ALLOWED_HOSTS",
        "ALLOWED_ORIGINS",
        "TRUSTED_PROXIES",
    ];
    // The log's path has a default that is chosen later: the sandbox has another.
    assert_eq!(
        differing,
        [&have_no_default[..], &["AUDIT_LOG_PATH"]].concat()
    );
}

#[test]
fn all_faults_are_told_together_and_no_value_is() {
    let faults = refusal(&[
        ("MCP_PORT", SECRET),
        ("MCP_HOST", SECRET),
        ("AUTH_ENABLED", SECRET),
        ("AUDIT_FAILURE_MODE", SECRET),
        ("MAX_AUTH_FAILURES", "0"),
        ("TRUSTED_PROXIES", &format!("10.0.0.0/8,{SECRET}")),
        ("GITEA_URL", &format!("https://{SECRET}@git.example.org")),
        ("GITEA_TOKEN", &format!("{SECRET} {SECRET}")),
        ("GITEA_CA_FILE", "/dev/null/no-such-file"),
    ]);
    let expected = [
        "9 settings must be mended",
        "  `MCP_HOST` is not an IP address (names are not looked up); for example `MCP_HOST=127.0.0.1`",
        "  `MCP_PORT` is not a whole number from 0 to 65535; for example `MCP_PORT=8080`",
        "  `TRUSTED_PROXIES` has an item (the 2. of 2) that is not a network, an address or `private`; for example `TRUSTED_PROXIES=private`",
        "  `AUTH_ENABLED` is neither `true` nor `false`; for example `AUTH_ENABLED=true`",
        "  `MAX_AUTH_FAILURES` is not a whole number from 1 to 100000; for example `MAX_AUTH_FAILURES=5`",
        "  `GITEA_URL` is not the `http` or `https` address of a Gitea, as a browser shows it (but in ASCII: `xn--…`), without user, query and fragment; for example `GITEA_URL=https://git.example.org`",
        "  `GITEA_TOKEN` is no token: one word of letters, digits and signs; for example `GITEA_TOKEN=the-token`",
        "  `GITEA_CA_FILE` names a file that cannot be read: Not a directory (os error 20); for example `GITEA_CA_FILE=/etc/ssl/certs/forge-ca.pem`",
        "  `AUDIT_FAILURE_MODE` is not `block` or `allow`; for example `AUDIT_FAILURE_MODE=block`",
    ];
    assert_eq!(faults, expected.join("\n"));
}

#[test]
fn the_http_server_speaks_of_broken_requests_only_to_who_names_it() {
    let speaks = |level: Option<&str>| {
        let of = log::Metadata::builder()
            .target("actix_http::h1::dispatcher")
            .level(log::Level::Error)
            .build();
        let set = level.map(|level| ("RUST_LOG", level));
        config(set.as_slice(), None).log.enabled(&of)
    };
    assert!(!speaks(None) && !speaks(Some("debug")));
    assert!(speaks(Some("info,actix_http=debug")));
    assert!(speaks(Some("info,actix_http::h1::dispatcher=error")));
}

#[test]
fn a_mistyped_level_is_told_and_hides_no_warning() {
    let read = |filter| config(&[("RUST_LOG", filter)], None);
    let mistyped = read("inof");
    assert_eq!(
        mistyped.warnings,
        [
            "`RUST_LOG` has a word (the 1.) that is neither a level nor a module of `aegis`; for example `RUST_LOG=info,aegis::gitea=debug`"
        ]
    );
    let of = log::Metadata::builder()
        .target("aegis::commands::serve")
        .level(log::Level::Warn)
        .build();
    assert!(mistyped.log.enabled(&of));
    for usual in [
        "INFO",
        "off",
        "aegis::gitea",
        "warn,actix_http=debug",
        "info/key",
    ] {
        assert_eq!(read(usual).warnings, [""; 0], "{usual}");
    }
}

#[test]
fn switches_take_the_usual_words_and_nothing_else() {
    for (text, meant) in [
        ("true", true),
        ("Yes", true),
        ("1", true),
        ("on", true),
        ("FALSE", false),
        ("no", false),
        ("0", false),
        ("off", false),
    ] {
        assert_eq!(
            config(&[("AUTH_ENABLED", text)], None).gate.auth_enabled,
            meant,
            "{text}"
        );
    }
    for text in ["flase", "", " ", "2", "enabled"] {
        assert!(
            refusal(&[("AUTH_ENABLED", text)]).starts_with("`AUTH_ENABLED` is neither"),
            "{text}"
        );
    }
}

#[test]
fn limits_are_bounded() {
    for (name, text) in [
        ("MAX_AUTH_FAILURES", "0"),
        ("MAX_AUTH_FAILURES", "-1"),
        ("MAX_AUTH_FAILURES", "1000000000"),
        ("MAX_AUTH_FAILURES", "five"),
        ("AUTH_FAILURE_WINDOW", "0"),
        ("AUTH_FAILURE_WINDOW", "604801"),
        ("AUTH_FAILURE_WINDOW", "5m"),
        ("MCP_PORT", "65536"),
        ("SHUTDOWN_GRACE", "601"),
        ("GITEA_TIMEOUT", "0"),
    ] {
        assert!(
            refusal(&[(name, text)]).starts_with(&format!("`{name}` is not a whole number")),
            "{name}={text}"
        );
    }
}

#[test]
fn inline_comments_and_quotes_are_taken_off_in_the_environment_too() {
    let config = config(
        &[
            ("AUTH_FAILURE_WINDOW", "600  # 10 minutes"),
            ("MAX_AUTH_FAILURES", "\"10\""),
        ],
        None,
    );
    assert_eq!(config.gate.failure_window, Duration::from_mins(10));
    assert_eq!(config.gate.max_failures, 10);
}

#[test]
fn the_environment_wins_over_the_file() {
    let config = config(
        &[("MCP_PORT", "9001")],
        Some("MCP_PORT=9002\nMAX_AUTH_FAILURES=7\n"),
    );
    assert_eq!(config.listen.address.port(), 9001);
    assert_eq!(config.gate.max_failures, 7);
    assert_eq!(
        config.warnings,
        ["`MCP_PORT` differs between .env and the environment: the environment wins"]
    );
}

#[test]
fn the_file_wins_for_the_keys() {
    let process = [("MCP_API_KEYS", "old-key,older-key")];
    let warning = "`MCP_API_KEYS` differs between .env (entries: 1) and the environment (entries: 2): .env wins";
    let config = config(&process, Some("MCP_API_KEYS = 'new-key'\n"));
    assert_eq!(keys(&config), ["new-key"]);
    assert!(
        config.warnings.iter().any(|told| told == warning),
        "{:?}",
        config.warnings
    );
}

#[test]
fn keys_emptied_in_the_file_are_gone() {
    let config = config(&[("MCP_API_KEYS", "revoked-key")], Some("MCP_API_KEYS=\n"));
    assert!(keys(&config).is_empty());
}

#[test]
fn of_two_lines_with_one_name_the_last_counts() {
    let config = config(&[], Some("MCP_PORT=1\nMCP_PORT=2\n"));
    assert_eq!(config.listen.address.port(), 2);
    assert_eq!(
        config.warnings,
        ["`MCP_PORT` is set more than once in .env: line 2 counts"]
    );
}

#[test]
fn a_piece_of_a_key_that_is_like_a_name_is_not_told() {
    let file = "AUDIT_X=1\nAUDIT_X=2\nOTHER=\"\nc2VjcmV0a2V5=\nc2VjcmV0a2V5=\n\"\n";
    let told = config(&[], Some(file)).warnings.join("\n");
    for words in [
        "`AUDIT_X` is set more than once in .env: line 2 counts",
        "a name that is no setting is set more than once in .env: line 5 counts",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert!(!told.contains("c2VjcmV0a2V5"), "{told}");
}

#[test]
fn odd_lines_are_read_as_meant_and_told_once() {
    let config = config(
        &[],
        Some("\u{feff}export MCP_PORT = 9\r\nGITEA_TIMEOUT = 7\r\nMCP_HOST: ::1\r\n"),
    );
    assert_eq!(config.listen.address.to_string(), "127.0.0.1:9");
    assert_eq!(config.gitea.timeout, Duration::from_secs(7));
    let told = [
        "line 3 of .env is skipped: it is not `NAME=value`",
        "line 1 of .env has spaces around `=`: read as meant here, but wrong for a shell and for `docker run`",
    ];
    assert_eq!(config.warnings, told);
}

#[test]
fn what_is_not_utf_8_is_told_by_its_line() {
    let file = (
        PathBuf::from(".env"),
        EnvFile::parse(b"# gr\xfc\xdfe\nGITEA_TOKEN=\xff\xfesecret\n".to_vec()),
    );
    let error = Config::from_env(&Env::new([], Some(file))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`GITEA_TOKEN` is not UTF-8 (line 2 of .env); for example `GITEA_TOKEN=the-token`"
    );
    let process = [
        ("GITEA_TOKEN".into(), OsString::from_vec(b"\xff".to_vec())),
        ("OTHER".into(), OsString::from_vec(b"\xff".to_vec())),
    ];
    let error = Config::from_env(&Env::new(process, None)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`GITEA_TOKEN` is not UTF-8 (the environment); for example `GITEA_TOKEN=the-token`"
    );
}

#[test]
fn what_is_not_utf_8_is_told_once_with_an_example() {
    for (name, example) in [
        ("MCP_PORT", "8080"),
        ("AUTH_ENABLED", "true"),
        ("ALLOWED_HOSTS", "mcp.example.org,192.0.2.1:8080"),
        ("MCP_API_KEYS_FILE", "/run/secrets/mcp_api_keys"),
        ("AUDIT_LOG_PATH", "/var/log/aegis-mcp/audit.log"),
    ] {
        let process = [(name.into(), OsString::from_vec(b"\xff".to_vec()))];
        let error = Config::from_env(&Env::new(process, None)).unwrap_err();
        let told =
            format!("`{name}` is not UTF-8 (the environment); for example `{name}={example}`");
        assert_eq!(error.to_string(), told);
    }
}

#[test]
fn a_mistyped_name_is_told_with_the_one_that_was_meant() {
    let told = |name| config(&[(name, "x")], None).warnings;
    assert_eq!(
        told("MCP_API_KEY"),
        ["`MCP_API_KEY` is no setting; did you mean `MCP_API_KEYS`?"]
    );
    assert_eq!(
        told("AUDIT_LOGPATH"),
        ["`AUDIT_LOGPATH` is no setting; did you mean `AUDIT_LOG_PATH`?"]
    );
    assert_eq!(
        told("GITEA_TOKN"),
        ["`GITEA_TOKN` is no setting; did you mean `GITEA_TOKEN`?"]
    );
    assert_eq!(
        told("mcp_host"),
        ["`mcp_host` is no setting; did you mean `MCP_HOST`?"]
    );
    for (name, meant) in [
        ("AUDIT_PATH", "AUDIT_LOG_PATH"),
        ("AUDIT_MODE", "AUDIT_FAILURE_MODE"),
        ("MCP_KEYS", "MCP_API_KEYS"),
        ("AEGIS_GITEA_URL", "GITEA_URL"),
    ] {
        let sentence = format!("`{name}` is no setting; did you mean `{meant}`?");
        assert_eq!(told(name), [sentence]);
    }
    assert_eq!(
        told("AEGIS_PLANET"),
        ["`AEGIS_PLANET` is no setting; `.env.example` explains those that there are"]
    );
    assert_eq!(told("PATH"), [""; 0]);
}

#[test]
fn the_variable_that_clients_read_is_no_mistake() {
    assert_eq!(config(&[("AEGIS_KEY", "x")], None).warnings, [""; 0]);
    let beside_keys = config(&[], Some("MCP_API_KEYS=a\nAEGIS_KEY=a\n"));
    assert_eq!(beside_keys.warnings, [""; 0]);
}

#[test]
fn a_key_under_the_clients_name_is_told_with_where_it_belongs() {
    let config = config(&[], Some("MCP_API_KEYS=\nAEGIS_KEY=x\n"));
    assert_eq!(
        config.warnings,
        ["`AEGIS_KEY` is no setting; did you mean `MCP_API_KEYS`?"]
    );
}

#[test]
fn what_kubernetes_sets_for_a_service_is_no_setting() {
    let config = config(
        &[
            ("MCP_PORT", "tcp://10.0.0.1:8080"),
            ("MCP_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("MCP_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("MCP_SERVICE_HOST", "10.0.0.1"),
            ("MCP_SERVICE_PORT", "8080"),
        ],
        None,
    );
    assert_eq!(config.listen.address.port(), 8080);
    let told = [
        "`MCP_PORT` was set by Kubernetes for a service called `mcp` and is ignored: set `enableServiceLinks: false`, or `MCP_PORT` in the container's own `env`",
        "variables that Kubernetes sets for a service called `aegis`, `mcp` or `audit` are ignored: `enableServiceLinks: false` keeps them away",
    ];
    assert_eq!(config.warnings, told);
}

#[test]
fn the_files_port_counts_where_kubernetes_set_one() {
    let config = config(
        &[("MCP_PORT", "tcp://10.0.0.1:80")],
        Some("MCP_PORT=9000\n"),
    );
    assert_eq!(config.listen.address.port(), 9000);
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
}

#[test]
fn secrets_come_from_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let (token, more) = (folder.path().join("token"), folder.path().join("keys"));
    std::fs::write(&token, "the-token\n").unwrap();
    std::fs::write(&more, "key-b\nkey-c\n").unwrap();
    let config = config(
        &[
            ("GITEA_URL", "https://git.example.org/forge/"),
            ("GITEA_TOKEN_FILE", token.to_str().unwrap()),
            ("MCP_API_KEYS", "key-a"),
            ("MCP_API_KEYS_FILE", more.to_str().unwrap()),
        ],
        None,
    );
    assert_eq!(
        config.gitea.token.as_ref().map(Secret::expose),
        Some("the-token")
    );
    assert_eq!(keys(&config), ["key-a", "key-b\nkey-c"]);
}

#[test]
fn one_token_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "b").unwrap();
    let both = refusal(&[
        ("GITEA_TOKEN", "a"),
        ("GITEA_TOKEN_FILE", file.to_str().unwrap()),
    ]);
    assert!(
        both.starts_with("`GITEA_TOKEN_FILE` and `GITEA_TOKEN` are both set"),
        "{both}"
    );
}

#[test]
fn a_forge_behind_tls_is_not_named_by_an_ipv6_address() {
    let told = refusal(&[("GITEA_URL", "https://[::1]:3000"), ("GITEA_TOKEN", "t")]);
    assert_eq!(
        told,
        "`GITEA_URL` is an IPv6 address, at which no certificate can be checked: give it a name, in `/etc/hosts` if nowhere else; for example `GITEA_URL=https://git.example.org`"
    );
    config(
        &[("GITEA_URL", "http://[::1]:3000"), ("GITEA_TOKEN", "t")],
        None,
    );
}

#[test]
fn a_file_without_a_token_is_told_by_its_own_name() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let told = refusal(&[
        ("GITEA_TOKEN", ""),
        ("GITEA_TOKEN_FILE", file.path().to_str().unwrap()),
    ]);
    assert_eq!(
        told,
        "`GITEA_TOKEN_FILE` names a file that holds no token: one word of letters, digits and signs; for example `GITEA_TOKEN_FILE=/run/secrets/gitea-token`"
    );
}

#[test]
fn a_token_with_a_quote_or_its_name_before_it_is_refused_unshown() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    std::fs::write(path, format!("GITEA_TOKEN={SECRET}\n")).unwrap();
    let named = "the name of a variable and `=` stand before it";
    for (name, value, told) in [
        (
            "GITEA_TOKEN",
            &*format!("\"{SECRET}"),
            "is no token: there is a quote in it",
        ),
        (
            "GITEA_TOKEN",
            &*format!("{SECRET}'"),
            "is no token: there is a quote in it",
        ),
        (
            "GITEA_TOKEN",
            &*format!("={SECRET}"),
            &*format!("is no token: {named}"),
        ),
        (
            "GITEA_TOKEN_FILE",
            path,
            &*format!("names a file that holds no token: {named}"),
        ),
    ] {
        let refused = refusal(&[(name, value)]);
        assert!(
            refused.starts_with(&format!("`{name}` {told}; ")),
            "{refused}"
        );
        assert!(!refused.contains(SECRET));
    }
    config(&[("GITEA_TOKEN", "eyJhbGciOiJub25lIn0.e30=")], None);
}

#[test]
fn a_config_shows_no_secret() {
    let config = config(
        &[
            ("MCP_API_KEYS", SECRET),
            ("GITEA_URL", "http://gitea:3000"),
            ("GITEA_TOKEN", SECRET),
        ],
        None,
    );
    assert!(!format!("{config:?}").contains(SECRET));
}

#[test]
fn a_named_file_must_be_there_and_its_mode_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings");
    let Err(missing) = Env::read(Some(&path)) else {
        panic!("a file that is not there was read");
    };
    assert_eq!(
        missing.to_string(),
        format!(
            "`{}` does not exist: name the file with the settings by `--env-file` or `AEGIS_ENV_FILE`",
            path.display()
        )
    );
    std::fs::write(&path, "\n").unwrap();
    for (mode, told) in [(0o600, None), (0o640, Some(0o640)), (0o604, Some(0o604))] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(Env::read(Some(&path)).unwrap().shared_mode(), told);
    }
    let nothing = Env::read(Some("/dev/null".as_ref())).unwrap();
    assert_eq!(nothing.shared_mode(), None, "it is everybody's");
}

#[test]
fn a_file_of_another_encoding_or_without_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings");
    std::fs::write(&path, b"\xff\xfeM\0").unwrap();
    let told = |path: &std::path::Path| Env::read(Some(path)).err().map(|error| error.to_string());
    assert!(
        told(&path)
            .unwrap()
            .ends_with("cannot be read: it is UTF-16, save it as UTF-8")
    );
    assert!(
        told("/dev/zero".as_ref())
            .unwrap()
            .ends_with("cannot be read: it is larger than 1 MiB")
    );
}

proptest::proptest! {
    #[test]
    fn no_fault_and_no_warning_shows_a_value(value in "[a-z\u{e4}#'\",:/]{12,40}", line in 0..4_usize) {
        let assignment = ["", " ", "\"", "'"][line];
        let names = Config::names();
        let process = names.iter().map(|name| (name.into(), (&*value).into()));
        let lines: Vec<_> = names.iter().map(|name| format!("{name}={assignment}{value}x\n")).collect();
        let file = Some((PathBuf::from(".env"), EnvFile::parse(lines.concat().into())));
        let told = match Config::from_env(&Env::new(process, file)) {
            Ok(config) => format!("{:?}", config.warnings),
            Err(error) => error.to_string(),
        };
        proptest::prop_assert!(!told.contains(&value), "{}", told);
    }
}
