//! Names that look like settings and are none.
use super::{
    Config, Env, KeysConfig,
    env::{KEYS, Variable},
};

/// The beginnings of names that are ours alone.
const PREFIXES: [&str; 3] = ["AEGIS_", "MCP_", "AUDIT_"];
/// What clients take their key from, as `aegis client-config` tells them. It may be set where the
/// server runs too; in a file without keys it is a key at the wrong place.
const OF_CLIENTS: &str = "AEGIS_KEY";
/// How many letters may be wrong in a name that is still recognised.
const NEAR: usize = 2;

/// A sentence for each variable that its author may have taken for a setting.
pub(super) fn warnings(env: &Env, known: &[&str]) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut service_links = false;
    let is_other = |name: &&str| !known.contains(name) && !is_for_a_client(name, env);
    for name in env.names().filter(is_other) {
        let value = env
            .variable(name)
            .and_then(|variable| variable.value.as_deref());
        let ours = has_our_prefix(name);
        if ours && (is_service_name(name) || value.is_some_and(|text| is_service_link(text))) {
            service_links = true;
            continue;
        }
        let meant = (name == OF_CLIENTS).then_some(KEYS);
        let meant = meant.or_else(|| nearest(name, known));
        let meant = meant.or_else(|| ours.then(|| shortened(name, known))?);
        match meant {
            Some(near) => warnings.push(format!("`{name}` is no setting; did you mean `{near}`?")),
            None if ours => warnings.push(format!(
                "`{name}` is no setting; `.env.example` explains those that there are"
            )),
            None => {}
        }
    }
    if service_links {
        warnings.push(
            "variables that Kubernetes sets for a service called `aegis`, `mcp` or `audit` are \
             ignored: `enableServiceLinks: false` keeps them away"
                .to_owned(),
        );
    }
    warnings
}

/// Whether a name is a setting's, or begins as only ours do.
pub(super) fn is_ours(name: &str) -> bool {
    has_our_prefix(name) || Config::names().contains(&name)
}

fn has_our_prefix(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn is_for_a_client(name: &str, env: &Env) -> bool {
    let is_set = |name: &&str| {
        let value = env.variable(name).and_then(|it| it.value.as_deref());
        value.is_some_and(|text| !text.trim().is_empty())
    };
    let is_of_process = || env.variable(name).is_some_and(Variable::is_of_process);
    name == OF_CLIENTS && (is_of_process() || [KEYS, KeysConfig::FILE].iter().any(is_set))
}

/// The setting that a name is most like, if it is like one at all.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let upper = name.to_ascii_uppercase();
    let distance = |known: &&&str| strsim::osa_distance(&upper, known);
    // A name that is longer or shorter by more has more wrong letters than that.
    let alike = |known: &&&str| known.len().abs_diff(name.len()) <= NEAR;
    let nearest = known.iter().filter(alike).min_by_key(distance)?;
    (distance(&nearest) <= NEAR).then_some(*nearest)
}

/// The setting that has all words of a name, and the fewest others: `AUDIT_LOG_PATH` for `AUDIT_PATH`;
/// or the one with a prefix too many: `GITEA_URL` for `AEGIS_GITEA_URL`.
fn shortened<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let has_all = |setting: &&&str| {
        let mut words = setting.split('_');
        name.split('_').all(|word| words.any(|it| it == word))
    };
    let is_end = |setting: &&&str| {
        let before = name.strip_suffix(**setting);
        before.is_some_and(|before| before.ends_with('_'))
    };
    let whole = known.iter().filter(has_all).min_by_key(|it| it.len());
    whole.or_else(|| known.iter().find(is_end)).copied()
}

/// Whether Kubernetes wrote this value: `tcp://10.0.0.1:8080`.
pub(super) fn is_service_link(value: &str) -> bool {
    ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme))
}

/// Whether Kubernetes made this name: `MCP_SERVICE_HOST`, `MCP_PORT_8080_TCP_ADDR`.
fn is_service_name(name: &str) -> bool {
    let port = name.split_once("_PORT_").map(|(_, rest)| rest);
    name.contains("_SERVICE_")
        || port.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}
