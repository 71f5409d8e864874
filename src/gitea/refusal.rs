//! From an answer that is no success to its meaning.
use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::GiteaError;
use crate::{outbound::Response, redaction::Redaction};

/// The body of a refusal. Its cause is in `errors` where there is one; `message` may also be the
/// name of a function of Gitea's.
#[derive(Default, Deserialize)]
struct Said<'a> {
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
    #[serde(default)]
    errors: Option<Vec<String>>,
}

/// The cause where a server of https was asked by plain http.
pub(super) const PLAIN_HTTP_TO_HTTPS: &str = "plain http, sent to a port of https";

/// What a refusal means, and its cause in short for the log. Neither holds a secret of ours, whatever
/// the forge repeats.
pub(super) fn read(answer: &Response, redaction: &Redaction) -> (GiteaError, String) {
    let wait = answer.header("retry-after");
    meaning(answer.status(), &answer.body, wait, redaction)
}

fn meaning(
    status: u16,
    body: &[u8],
    wait: Option<&str>,
    redaction: &Redaction,
) -> (GiteaError, String) {
    // Without JSON it was not the API that answered. An unknown ref has no body at all.
    let is_others = !body.is_empty() && !body.trim_ascii_start().starts_with(b"{");
    let said: Said<'_> = serde_json::from_slice(body).unwrap_or_default();
    let cause = match said.errors.as_ref().and_then(|errors| errors.first()) {
        Some(error) => short(error, redaction),
        None => short(said.message.as_deref().unwrap_or(""), redaction),
    };
    let error = match status {
        400 if is_others && wants_tls(body) => {
            return (GiteaError::NoForge, PLAIN_HTTP_TO_HTTPS.to_owned());
        }
        400 | 401 | 403 if is_others => failed(status, &cause),
        401 => GiteaError::TokenRefused,
        403 => forbidden(&cause),
        404 if is_others => GiteaError::NoFunction,
        404 => GiteaError::NotFound,
        400 if cause.starts_with("sha not found") || cause.starts_with("object does not exist") => {
            GiteaError::NotFound
        }
        409 if cause.starts_with("Git Repository is empty") => GiteaError::EmptyRepository,
        422 if cause.starts_with("sha does not match") => changed(&cause),
        423 => GiteaError::Archived,
        429 => GiteaError::Wait(seconds(wait)),
        503 if wait.is_some() => GiteaError::Wait(seconds(wait)),
        500 if is_others => out_of_order(status),
        500.. => failed(status, &cause),
        _ if cause.is_empty() => GiteaError::Refused(format!("{status}, without a reason")),
        _ => GiteaError::Refused(cause.clone()),
    };
    (error, cause)
}

/// What a server of https says to a request in plain http: nginx, Apache and Go name one or the other.
fn wants_tls(body: &[u8]) -> bool {
    let said = String::from_utf8_lossy(body).to_ascii_lowercase();
    said.contains("https port") || said.contains("https server") || said.contains("ssl-enabled")
}

fn forbidden(cause: &str) -> GiteaError {
    if cause.contains("limited to public") {
        return GiteaError::PublicOnly;
    }
    let required = cause.split_once("required=[");
    // Forgejo
    let required = required.or_else(|| cause.split_once("required scope(s): ["));
    match required.and_then(|(_, rest)| rest.split_once(']')) {
        Some((scopes, _)) => GiteaError::MissingScope(scopes.to_owned()),
        None if cause.is_empty() => GiteaError::Forbidden("without a reason".to_owned()),
        None => GiteaError::Forbidden(cause.to_owned()),
    }
}

fn changed(cause: &str) -> GiteaError {
    let expected = cause.split_once("expected: ");
    let sha = expected.map(|(_, rest)| rest.trim_end_matches(']'));
    GiteaError::FileChanged(sha.unwrap_or("of its new version").to_owned())
}

/// An empty 500 is Gitea's answer to some wrong input.
fn failed(status: u16, cause: &str) -> GiteaError {
    let because = match (status, cause) {
        (500, "") => {
            "a name, ref or path in the arguments does not exist or is not valid".to_owned()
        }
        (400, _) => "a proxy in front of it refuses this request".to_owned(),
        (401 | 403, _) => "a proxy in front of it refuses this server".to_owned(),
        (_, "") => "it or a proxy in front of it is not up".to_owned(),
        (_, cause) => format!("it says: {cause}"),
    };
    GiteaError::Failed { status, because }
}

/// A page for people: the forge broke off before its API could say why, or a proxy speaks for it.
fn out_of_order(status: u16) -> GiteaError {
    let because = "it or a proxy in front of it is out of order".to_owned();
    GiteaError::Failed { status, because }
}

/// `Retry-After`: seconds or a date. More than a day is not believed.
fn seconds(wait: Option<&str>) -> Option<u64> {
    let wait = wait?.trim();
    let date = || {
        let until = DateTime::parse_from_rfc2822(wait).ok()?;
        u64::try_from((until.to_utc() - Utc::now()).num_seconds()).ok()
    };
    let seconds = wait.parse().ok().or_else(date)?;
    (seconds <= 86_400).then_some(seconds)
}

/// Gitea's words, fit to be shown: a line without addresses, and nothing where they are only the
/// name of a function.
fn short(words: &str, redaction: &Redaction) -> String {
    let plain = words.chars().all(char::is_alphanumeric);
    if words == "not found" || (plain && words.starts_with(char::is_uppercase)) {
        return String::new();
    }
    let words = line(words, redaction);
    let shown = words.split(' ').map(|word| match word {
        address if address.contains("://") => "[address]",
        word => word,
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Words of others as one line that is not long, and without our secrets.
pub(super) fn line(words: &str, redaction: &Redaction) -> String {
    let words = redaction.redacted(words);
    let words = words.split(|c: char| c.is_whitespace() || c.is_control());
    let words = words.filter(|word| !word.is_empty()).collect::<Vec<_>>();
    let line = words.join(" ");
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arc_swap::ArcSwap;

    use super::*;
    use crate::{
        keys::{ApiKey, KeyEntry, KeyRing, Metadata},
        rights::{Access, Rights},
        secret::Secret,
    };

    const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

    fn redaction() -> Redaction {
        let key = KeyEntry::of(&ApiKey::parse(KEY).expect("a key"));
        let ring = KeyRing::new([&key], &Metadata::default(), Rights::up_to(Access::Read));
        let token = Secret::new("5ec2e7".repeat(6));
        Redaction::new(token, Arc::new(ArcSwap::from_pointee(ring)))
    }

    fn means(status: u16, body: &str) -> String {
        let (error, _) = meaning(status, body.as_bytes(), None, &redaction());
        error.to_string()
    }

    #[test]
    fn no_secret_is_repeated_even_where_the_line_is_cut() {
        for (secret, part) in [("5ec2e7".repeat(6), "5ec2e7"), (KEY.to_owned(), "0f1e2d3c")] {
            for before in [0, 150, 198] {
                let said = format!("{} {secret} is no name", "x".repeat(before));
                let body = serde_json::json!({ "message": said }).to_string();
                let (error, cause) = meaning(403, body.as_bytes(), None, &redaction());
                for told in [error.to_string(), cause, line(&said, &redaction())] {
                    assert!(!told.contains(part), "after {before} characters");
                }
            }
        }
    }

    #[test]
    fn refusals_of_a_real_gitea_say_what_to_do() {
        for (status, body, sentence) in [
            (
                401,
                r#"{"message":"user does not exist [uid: 0, name: ]"}"#,
                "the forge refuses this server's access token: its operator must renew `GITEA_TOKEN`",
            ),
            (
                403,
                r#"{"message":"token does not have at least one of required scope(s), required=[write:issue], token scope=read:issue"}"#,
                "the account lacks the scope write:issue",
            ),
            (
                403,
                r#"{"message":"token does not have at least one of required scope(s): [write:issue]"}"#,
                "the account lacks the scope write:issue",
            ),
            (
                403,
                "",
                "the forge does not allow this to this server's account: without a reason",
            ),
            (
                403,
                r#"{"message":"token scope is limited to public repos"}"#,
                "this server's access token may see public repositories only",
            ),
            (
                403,
                r#"{"message":"user should be the owner of the repo"}"#,
                "the forge does not allow this to this server's account: user should be the owner of the repo",
            ),
            (
                404,
                r#"{"errors":null,"message":"not found"}"#,
                "not found, or this server's account may not see it",
            ),
            (
                404,
                r#"{"errors":["user redirect does not exist [name: no-such]"],"message":"GetUserByName"}"#,
                "not found, or this server's account may not see it",
            ),
            (
                404,
                "",
                "not found, or this server's account may not see it",
            ),
            (
                404,
                "404 page not found\n",
                "this forge has no such function, or it is switched off there",
            ),
            (
                400,
                r#"{"message":"sha not found [no-such]"}"#,
                "not found, or this server's account may not see it",
            ),
            (
                405,
                r#"{"message":"Please try again later"}"#,
                "the forge refused: Please try again later",
            ),
            (
                409,
                r#"{"message":"Git Repository is empty."}"#,
                "the repository is empty",
            ),
            (
                412,
                r#"{"message":"cannot close"}"#,
                "the forge refused: cannot close",
            ),
            (
                422,
                r#"{"message":"sha does not match [given: f5, expected: 21823a]"}"#,
                "the file changed since: read it again and use sha 21823a",
            ),
            (
                423,
                r#"{"message":"observatory/old-dome is archived"}"#,
                "the repository is archived",
            ),
            (
                500,
                r#"{"message":""}"#,
                "the forge failed (500), probably because a name, ref or path in the arguments does not exist or is not valid",
            ),
            (
                502,
                "<html>bad gateway</html>",
                "the forge failed (502), probably because it or a proxy in front of it is not up",
            ),
            (429, "slow down", "the forge asks to wait"),
            (418, "", "the forge refused: 418, without a reason"),
        ] {
            assert_eq!(means(status, body), sentence, "{status} {body}");
        }
    }

    #[test]
    fn a_refusal_by_a_proxy_is_not_laid_to_the_token_or_to_the_forge() {
        for (status, sentence) in [
            (
                400,
                "the forge failed (400), probably because a proxy in front of it refuses this request",
            ),
            (
                401,
                "the forge failed (401), probably because a proxy in front of it refuses this server",
            ),
            (
                403,
                "the forge failed (403), probably because a proxy in front of it refuses this server",
            ),
        ] {
            assert_eq!(means(status, "<html>no</html>"), sentence);
            assert_ne!(means(status, ""), sentence);
        }
    }

    #[test]
    fn a_failure_with_a_page_for_people_is_not_laid_to_the_arguments() {
        assert_eq!(
            means(500, "<html>Internal Server Error</html>"),
            "the forge failed (500), probably because it or a proxy in front of it is out of order"
        );
    }

    #[test]
    fn bodies_of_any_kind_are_survived() {
        for body in [
            "{",
            "[]",
            "null",
            "{\"message\":5}",
            "{\"errors\":[1]}",
            "\u{0}",
            "<html>",
        ] {
            for status in [400, 401, 403, 404, 409, 422, 500, 599] {
                assert!(!means(status, body).is_empty());
            }
        }
    }

    #[test]
    fn the_forge_s_words_are_cut_to_a_line_without_addresses() {
        let words = "see https://git.internal:3000/api/v1/x\r\n now\u{1b}[31m";
        assert_eq!(short(words, &redaction()), "see [address] now [31m");
        let long = short(&"ä".repeat(300), &redaction());
        assert_eq!(long.chars().count(), 201);
        assert_eq!(short("GetContentsOrList", &redaction()), "");
    }

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        assert_eq!(seconds(Some(" 30 ")), Some(30));
        assert_eq!(seconds(Some("-1")), None);
        assert_eq!(seconds(Some("999999999999")), None);
        assert_eq!(seconds(Some("soon")), None);
        let soon = (Utc::now() + chrono::TimeDelta::seconds(60)).to_rfc2822();
        assert!(seconds(Some(&soon)).is_some_and(|seconds| (50..=60).contains(&seconds)));
        let (error, _) = meaning(503, b"", Some("7"), &redaction());
        assert_eq!(error, GiteaError::Wait(Some(7)));
    }
}
