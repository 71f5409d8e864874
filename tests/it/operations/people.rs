use serde_json::json;

use crate::support::{Assistant, Reply};

#[test]
fn a_user_is_told_without_address_or_avatar() {
    let assistant = Assistant::new();
    assert_eq!(
        assistant.calls(
            "user_read",
            &json!({"method": "get", "username": "maintainer"})
        ),
        "user maintainer: The Maintainer\n\
         about: Keeps the telescope pointed at the sky.\n\
         location: Observatory Hill\n\
         website: https://observatory.example.org\n\
         joined: 2026-11-23\n\
         followers: 1\n\
         following: 0\n\
         starred: 0\n\
         url: https://git.example.org/maintainer"
    );
    let me = assistant.calls("user_read", &json!({"method": "me"}));
    assert!(me.starts_with("user aegis-bot, this server's account: Aegis Bot\n"));
    let found = assistant.calls("user_read", &json!({"method": "search", "query": "main"}));
    assert_eq!(
        found,
        "users 1-1 of 1, query \"main\"\n\nmaintainer: The Maintainer"
    );
}

#[test]
fn the_server_tells_its_forge_and_its_limits() {
    let assistant = Assistant::new();
    let version =
        |assistant: &Assistant| assistant.calls("server_read", &json!({"method": "version"}));
    let told = version(&assistant);
    assert!(told.starts_with(
        "Gitea 1.26.0+dev-193a24c30e\naccount: aegis-bot\nurl: https://git.example.org\n"
    ));
    assert!(told.contains("\nitems of a page: 30, at most 50\n"));
    assert!(
        told.ends_with("\nlargest file: 10 MiB\nattachments: at most 5 of 2048 MiB"),
        "{told}"
    );
    let upgraded = Reply::json(200, r#"{"version":"1.27.0"}"#);
    assistant.fake.says("/api/v1/version", upgraded);
    assert!(version(&assistant).starts_with("Gitea 1.27.0\n"));
    let missing = || Reply::new(404, "404 page not found\n");
    assistant.fake.says("/api/v1/settings/api", missing());
    assistant
        .fake
        .says("/api/v1/settings/attachment", missing());
    assert!(version(&assistant).ends_with("\nitems of a page: 30, at most 50"));
}

#[test]
fn a_forge_that_does_not_tell_its_version_now_is_not_told_by_that_of_before() {
    let assistant = Assistant::new();
    let version = || assistant.calls("server_read", &json!({"method": "version"}));
    assert!(version().starts_with("Gitea 1.26.0+dev-193a24c30e\n"));
    let path = "/api/v1/version";
    assistant.fake.says(path, Reply::new(502, ""));
    assert_eq!(
        version(),
        "refused: the forge failed (502), probably because it or a proxy in front of it is not up"
    );
}

#[test]
fn a_largest_file_below_a_mebibyte_is_not_told_as_nothing() {
    let assistant = Assistant::new();
    for (settings, told) in [
        (
            r#"{"max_response_items":50,"default_max_blob_size":524288}"#,
            "\nlargest file: 512 KiB\n",
        ),
        (
            r#"{"max_response_items":50}"#,
            "\nforge's items of a page: 50\nattachments: ",
        ),
    ] {
        let settings = Reply::json(200, settings);
        assistant.fake.says("/api/v1/settings/api", settings);
        let text = assistant.calls("server_read", &json!({"method": "version"}));
        assert!(text.contains(told), "{text}");
    }
}
