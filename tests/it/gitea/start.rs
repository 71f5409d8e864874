//! Getting to know the forge: at the start, late, and with tokens that may little.
use std::{rc::Rc, sync::Arc, time::Duration};

use aegis::gitea::{
    AdminToken, Facts, Gitea, GiteaError, Scope, ScopeState, check, keep_known, probe,
};

use super::{client, door, reader, settings, telescope};
use crate::support::{Fake, Reply};

#[actix_rt::test]
async fn version_account_and_the_address_for_people_are_known() {
    let fake = Fake::start();
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    probe(&gitea).await.unwrap();
    assert_eq!(
        fake.asked(),
        [
            "GET /api/v1/version",
            "GET /api/v1/user",
            "GET /api/v1/settings/api"
        ]
    );
    let facts = reader(&gitea).facts().await.unwrap();
    assert_eq!(facts.name(), "Gitea 1.26.0+dev-193a24c30e");
    assert_eq!(facts.account.as_deref(), Some("aegis-bot"));
    assert_eq!(facts.web_root, "https://git.example.org");
    assert_eq!(facts.page_max, Some(50));
    assert!(!facts.is_forgejo());
}

#[actix_rt::test]
async fn what_a_forge_says_of_itself_is_shown_and_not_obeyed() {
    let fake = Fake::start();
    let version = r#"{"version":"1.26.0\r[x ERROR aegis] critical: forged\n\u001b[31m\u202e"}"#;
    fake.says("/api/v1/version", Reply::json(200, version));
    let user = r#"{"login":"bot\r\u001b[2Jx\nnext","is_admin":false}"#;
    fake.says("/api/v1/user", Reply::json(200, user));
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    probe(&gitea).await.unwrap();
    let facts = reader(&gitea).facts().await.unwrap();
    let shown = r"Gitea 1.26.0\r[x ERROR aegis] critical: forged\n\u{1b}[31m\u{202e}";
    assert_eq!(facts.name(), shown);
    assert_eq!(facts.account.as_deref(), Some(r"bot\r\u{1b}[2Jx\nnext"));
}

#[actix_rt::test]
async fn forgejo_is_known_by_its_version() {
    let fake = Fake::start();
    fake.says(
        "/api/v1/version",
        Reply::json(200, r#"{"version":"11.0.1+gitea-1.22.0"}"#),
    );
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    probe(&gitea).await.unwrap();
    let facts = reader(&gitea).facts().await.unwrap();
    assert_eq!(facts.name(), "Forgejo 11.0.1+gitea-1.22.0");
}

#[actix_rt::test]
async fn an_administrator_s_token_is_refused_unless_allowed() {
    let fake = Fake::start();
    let user = r#"{"login":"root-admin","is_admin":true}"#;
    fake.says("/api/v1/user", Reply::json(200, user));
    let mut settings = settings(&fake.url(), "aegis-bot");
    let gitea = door(&settings);
    let account = "root-admin".to_owned();
    assert_eq!(
        probe(&gitea).await,
        Err(AdminToken {
            account: account.clone()
        })
    );
    assert_eq!(check(&gitea).await.refused, Some(AdminToken { account }));
    settings.allow_admin_token = true;
    let gitea = door(&settings);
    assert_eq!(probe(&gitea).await, Ok(()));
    assert_eq!(check(&gitea).await.refused, None);
}

/// No rest at all.
const RESTLESS: (Duration, Duration) = (Duration::ZERO, Duration::ZERO);

fn account(url: &str, is_admin: bool) -> Reply {
    let user = serde_json::json!({
        "login": "aegis-bot",
        "html_url": format!("{url}/aegis-bot"),
        "is_admin": is_admin,
    });
    Reply::json(200, &user.to_string())
}

/// Waits until what is known of the forge is like this.
async fn until(gitea: &Rc<Gitea>, is_so: impl Fn(&Facts) -> bool) -> Arc<Facts> {
    loop {
        let facts = reader(gitea).facts().await.unwrap();
        if is_so(&facts) {
            return facts;
        }
        actix_rt::task::yield_now().await;
    }
}

#[actix_rt::test]
async fn a_forge_that_has_another_address_or_version_is_known_anew() {
    let fake = Fake::start();
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    let changes = async {
        until(&gitea, |facts| facts.web_root == "https://git.example.org").await;
        let version = Reply::json(200, r#"{"version":"1.27.0"}"#);
        fake.says("/api/v1/version", version);
        fake.says("/api/v1/user", account("https://new.example.org", false));
        let facts = until(&gitea, |facts| facts.web_root == "https://new.example.org").await;
        assert_eq!(facts.name(), "Gitea 1.27.0");
        assert_eq!(facts.page_max, Some(50));
    };
    tokio::select! {
        token = keep_known(&gitea, RESTLESS) => panic!("{token}"),
        () = changes => {}
    }
}

#[actix_rt::test]
async fn a_forge_that_does_not_answer_any_more_stays_known_as_it_was() {
    let fake = Fake::start();
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    let lacking = r#"{"message":"token does not have at least one of required scope(s), required=[read:user], token scope="}"#;
    let rounds = || {
        let asked = fake.asked().into_iter();
        asked.filter(|line| line == "GET /api/v1/version").count()
    };
    let failures = async {
        let before = reader(&gitea).facts().await.unwrap();
        for (address, reply) in [
            ("/api/v1/settings/api", Reply::new(502, "")),
            ("/api/v1/user", Reply::json(403, lacking)),
            ("/api/v1/user", Reply::new(502, "")),
            ("/api/v1/version", Reply::new(401, "")),
            ("/api/v1/version", Reply::hang_up()),
        ] {
            fake.says(address, reply);
            fake.forget();
            // One had begun before, and one may have asked twice.
            let facts = until(&gitea, |_| rounds() > 4).await;
            assert_eq!(facts, before, "{address}");
        }
    };
    tokio::select! {
        token = keep_known(&gitea, RESTLESS) => panic!("{token}"),
        () = failures => {}
    }
}

#[actix_rt::test]
async fn a_forge_that_is_back_and_asked_in_vain_is_asked_again() {
    let fake = Fake::start();
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    let comes_back = async {
        until(&gitea, |facts| facts.name() != "Gitea 1.27.0").await;
        let repository = "/api/v1/repos/observatory/telescope";
        fake.says_once(repository, Reply::new(502, ""));
        assert!(telescope(&client(&gitea)).await.is_err());
        let version = "/api/v1/version";
        fake.says(version, Reply::json(200, r#"{"version":"1.27.0"}"#));
        fake.says_once(version, Reply::new(200, "<html>soon</html>"));
        assert!(telescope(&client(&gitea)).await.is_ok());
        until(&gitea, |facts| facts.name() == "Gitea 1.27.0").await;
    };
    let rest = (Duration::ZERO, Duration::from_hours(1));
    let patience = Duration::from_secs(30);
    tokio::select! {
        token = keep_known(&gitea, rest) => panic!("{token}"),
        come = tokio::time::timeout(patience, comes_back) => assert!(come.is_ok()),
    }
}

#[actix_rt::test]
async fn a_token_whose_account_becomes_an_administrator_is_refused_unless_allowed() {
    for allow_admin_token in [false, true] {
        let fake = Fake::start();
        let mut settings = settings(&fake.url(), "aegis-bot");
        settings.allow_admin_token = allow_admin_token;
        let gitea = door(&settings);
        fake.says_once("/api/v1/user", account("https://git.example.org", false));
        fake.says("/api/v1/user", account("https://git.example.org", true));
        let refused = tokio::select! {
            token = keep_known(&gitea, RESTLESS) => Some(token.account),
            _ = until(&gitea, |facts| facts.is_admin == Some(true)) => None,
        };
        let expected = (!allow_admin_token).then(|| "aegis-bot".to_owned());
        assert_eq!(refused, expected);
    }
}

#[actix_rt::test]
async fn a_forge_that_is_back_is_asked_again_at_once() {
    let fake = Fake::start();
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    let calls = async {
        until(&gitea, |_| true).await;
        fake.says("/api/v1/user", account("https://new.example.org", false));
        fake.says_once("/api/v1/repos/observatory/telescope", Reply::new(502, ""));
        telescope(&client(&gitea)).await.unwrap_err();
        telescope(&client(&gitea)).await.unwrap();
        until(&gitea, |facts| facts.web_root == "https://new.example.org").await;
    };
    tokio::select! {
        token = keep_known(&gitea, (Duration::ZERO, Duration::MAX)) => panic!("{token}"),
        () = calls => {}
    }
}

#[actix_rt::test]
async fn nothing_is_asked_for_a_caller_before_the_forge_is_known() {
    let fake = Fake::start();
    let mut settings = settings(&fake.url(), "aegis-bot");
    settings.timeout = Duration::from_millis(100);
    let gitea = door(&settings);
    let answer = telescope(&client(&gitea)).await;
    assert_eq!(answer.unwrap_err(), GiteaError::Unreachable);
    assert!(fake.asked().is_empty());
}

#[actix_rt::test]
async fn a_call_waits_for_the_first_answer() {
    let fake = Fake::start();
    let (reply, release) = Reply::json(200, r#"{"version":"1.26.0"}"#).held();
    fake.says_once("/api/v1/version", reply);
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    let probing = actix_rt::spawn({
        let gitea = Rc::clone(&gitea);
        async move { probe(&gitea).await }
    });
    let client = client(&gitea);
    let mut get = std::pin::pin!(telescope(&client));
    assert!(futures_util::poll!(&mut get).is_pending());
    release.send(()).unwrap();
    assert_eq!(get.await.unwrap().full_name, "observatory/telescope");
    probing.await.unwrap().unwrap();
}

#[actix_rt::test]
async fn a_forge_that_comes_up_late_is_asked_again_when_a_call_needs_it() {
    let fake = Fake::start();
    fake.says_once("/api/v1/version", Reply::new(502, ""));
    fake.says_once("/api/v1/version", Reply::hang_up());
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    actix_rt::spawn({
        let gitea = Rc::clone(&gitea);
        async move { probe(&gitea).await }
    });
    // Each call hears how the try went that it waited for; none waits for the next second.
    let mut failures = Vec::new();
    let repository = loop {
        match telescope(&client(&gitea)).await {
            Ok(repository) => break repository,
            Err(error) => failures.push(error),
        }
    };
    assert_eq!(repository.full_name, "observatory/telescope");
    assert!(failures.len() <= 2, "{failures:?}");
}

#[actix_rt::test]
async fn an_unknown_token_is_told_to_every_call_and_asked_again() {
    let fake = Fake::start();
    let gitea = door(&settings(&fake.url(), "nobody-known"));
    actix_rt::spawn({
        let gitea = Rc::clone(&gitea);
        async move { probe(&gitea).await }
    });
    for _ in 0..3 {
        let answer = telescope(&client(&gitea)).await;
        assert_eq!(answer.unwrap_err(), GiteaError::TokenRefused);
    }
    let asked = fake.asked();
    assert!(
        asked
            .iter()
            .all(|line| line != "GET /api/v1/repos/observatory/telescope"),
        "{asked:?}"
    );
}

#[actix_rt::test]
async fn a_token_that_may_not_say_whose_it_is_works() {
    let fake = Fake::start();
    for lacking in [
        r#"{"message":"token does not have at least one of required scope(s), required=[read:user], token scope=write:issue"}"#,
        // Forgejo
        r#"{"message":"token does not have at least one of required scope(s): [read:user]"}"#,
    ] {
        fake.says("/api/v1/user", Reply::json(403, lacking));
        let gitea = door(&settings(&fake.url(), "aegis-bot"));
        probe(&gitea).await.unwrap();
        let facts = reader(&gitea).facts().await.unwrap();
        assert_eq!((&facts.account, facts.is_admin), (&None, None));
        assert_eq!(facts.web_root, fake.url());
    }
}

#[actix_rt::test]
async fn a_refusal_that_names_no_scope_is_asked_about_again_and_fails_a_check() {
    let fake = Fake::start();
    let user = r#"{"login":"root-admin","is_admin":true}"#;
    fake.says("/api/v1/user", Reply::json(200, user));
    let barred = r#"{"message":"You must change your password"}"#;
    for (address, body, told) in [
        (
            "/api/v1/user",
            barred,
            "the forge does not allow this to this server's account: You must change your password",
        ),
        (
            "/api/v1/version",
            "<html>not from here</html>",
            "the forge failed (403), probably because a proxy in front of it refuses this server",
        ),
    ] {
        let gitea = door(&settings(&fake.url(), "aegis-bot"));
        fake.says_once(address, Reply::new(403, body));
        let checkup = check(&gitea).await;
        assert_eq!(checkup.facts.unwrap_err().to_string(), told);
        fake.says_once(address, Reply::new(403, body));
        let calls = async {
            loop {
                // Each has the forge asked again, and hears what came of it.
                let _ = telescope(&client(&gitea)).await;
            }
        };
        tokio::select! {
            known = probe(&gitea) => assert!(known.is_err(), "{address}"),
            () = calls => {}
        }
    }
}

#[actix_rt::test]
async fn what_is_no_gitea_is_not_taken_for_one() {
    let no_forge =
        "no Gitea or Forgejo answers at `GITEA_URL`: this server's operator must mend it";
    for (reply, told) in [
        (Reply::new(404, "404 page not found"), no_forge.to_owned()),
        (
            Reply::new(200, "<html>welcome to nginx</html>"),
            format!("{no_forge} (Syntax error of JSON in line 1, column 1)"),
        ),
        (
            Reply::redirect(301, "https://git.example.org/"),
            "the forge redirects this elsewhere: its operator should check `GITEA_URL` (https://git.example.org/)".to_owned(),
        ),
    ] {
        let fake = Fake::start();
        fake.says("*", reply);
        let gitea = door(&settings(&fake.url(), "aegis-bot"));
        let checkup = check(&gitea).await;
        assert_eq!(checkup.facts.unwrap_err().to_string(), told);
        assert!(checkup.scopes.is_empty());
    }
}

#[actix_rt::test]
async fn calls_hear_that_there_is_no_forge_instead_of_not_found() {
    let fake = Fake::start();
    fake.says("*", Reply::json(404, r#"{"message":"not found"}"#));
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    actix_rt::spawn({
        let gitea = Rc::clone(&gitea);
        async move { probe(&gitea).await }
    });
    let answer = telescope(&client(&gitea)).await;
    assert_eq!(answer.unwrap_err(), GiteaError::NoForge);
}

#[actix_rt::test]
async fn the_operator_is_told_why_a_forge_cannot_be_reached() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let gitea = door(&settings(&format!("http://{address}"), "aegis-bot"));
    let unknown = check(&gitea).await.facts.unwrap_err();
    assert_eq!(unknown.error, GiteaError::Unreachable);
    let told = unknown.to_string();
    assert!(
        told.starts_with("no connection: Connection refused"),
        "{told}"
    );
}

#[actix_rt::test]
async fn a_checkup_names_the_scopes_that_are_missing() {
    let fake = Fake::start();
    let lacking = |scope: &str| {
        let message = format!(
            "token does not have at least one of required scope(s), required=[{scope}], token scope="
        );
        Reply::json(403, &serde_json::json!({ "message": message }).to_string())
    };
    fake.says(
        "/api/v1/repos/search",
        Reply::json(200, r#"{"ok":true,"data":[]}"#),
    );
    fake.says("/api/v1/repos/issues/search", lacking("read:issue"));
    fake.says("/api/v1/orgs", Reply::new(502, ""));
    let gitea = door(&settings(&fake.url(), "aegis-bot"));
    let checkup = check(&gitea).await;
    let [user, repository, issue, organization] = &checkup.scopes[..] else {
        panic!("four scopes: {checkup:?}");
    };
    assert_eq!(user, &(Scope::ReadUser, ScopeState::Granted));
    assert_eq!(repository, &(Scope::ReadRepository, ScopeState::Granted));
    assert_eq!(issue, &(Scope::ReadIssue, ScopeState::Missing));
    assert_eq!(organization.0.as_str(), "read:organization");
    assert!(matches!(organization.1, ScopeState::Unclear(_)));
}
