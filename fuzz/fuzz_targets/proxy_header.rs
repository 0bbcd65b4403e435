//! See `mmcos_fuzz::targets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mmcos_fuzz::targets::proxy_header(bytes));
