//! Any bytes as a record or text; the body is in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    prollytree_fuzz_targets::run("records", bytes);
});
