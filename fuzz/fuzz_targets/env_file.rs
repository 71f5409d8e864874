#![no_main]
#[path = "../bodies/env_file.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| body::check(data));
