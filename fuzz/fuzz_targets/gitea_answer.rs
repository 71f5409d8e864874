#![no_main]
#[path = "../bodies/gitea_answer.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::check(data));
