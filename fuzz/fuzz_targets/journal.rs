//! Any bytes as a journal or manifest; the body is in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    prollytree_fuzz_targets::run("journal", bytes);
});
