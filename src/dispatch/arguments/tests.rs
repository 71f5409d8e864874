use super::*;
use crate::{
    dispatch::Catalog,
    rights::{Access, Rights},
};

#[test]
fn what_was_sent_is_known_whole_whether_it_can_run_or_not() {
    let catalog =
        Catalog::new(operations::all(24_000), &["all".to_owned()]).expect("every toolset");
    let tool = catalog.find("issue_read", Rights::up_to(Access::Read));
    let tool = tool.expect("a tool of the catalog");
    for (text, runs) in [
        (
            r#"{"method":"list","strange":1,"owner":"a","repo":"b"}"#,
            false,
        ),
        (r#"{"method":"nothing","owner":"a","repo":"b"}"#, false),
        (
            r#"{"method":"list","repo":"a/b","per_page":"999","sha":null}"#,
            true,
        ),
    ] {
        let raw = RawValue::from_string(text.to_owned()).expect("JSON");
        let call = read(tool, Some(&raw));
        assert_eq!(Value::Object(call.sent).to_string(), text);
        assert_eq!(call.question.is_ok(), runs, "{text}");
    }
}

#[test]
fn a_name_that_is_sent_as_a_number_is_compared_as_the_text_that_is_meant() {
    let catalog =
        Catalog::new(operations::all(24_000), &["all".to_owned()]).expect("every toolset");
    let tool = catalog.find("issue_read", Rights::up_to(Access::Read));
    let tool = tool.expect("a tool of the catalog");
    for (text, runs) in [
        (r#"{"method":"list","owner":"o/5","repo":5}"#, true),
        (r#"{"method":"list","owner":"o/5","repo":6}"#, false),
        (r#"{"method":"list","owner":5,"repo":"5/r"}"#, true),
        (r#"{"method":"list","owner":6,"repo":"5/r"}"#, false),
    ] {
        let raw = RawValue::from_string(text.to_owned()).expect("JSON");
        assert_eq!(read(tool, Some(&raw)).question.is_ok(), runs, "{text}");
    }
}
