//! Getting to know the forge: at the start, late, and with tokens that may little.
use std::{rc::Rc, time::Duration};

use aegis::gitea::{AdminToken, GiteaError, Scope, ScopeState, check, probe};

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
