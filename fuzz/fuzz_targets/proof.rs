//! Any bytes as a proof; the body is in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    prollytree_fuzz_targets::run("proof", bytes);
});
