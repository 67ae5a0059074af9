//! What the fuzzer tries: for each form of bytes a function that takes any bytes, and seeds that are
//! real ones.
//!
//! A target panics if anything but a value or a typed error comes out, or if what comes out
//! contradicts itself. The fuzzer in `fuzz/` calls these functions, and so does the ordinary test of
//! this crate, with every input that is kept.
#![forbid(unsafe_code)]

mod journal;
mod known;
mod node;
mod pack;
mod proof;
mod reading;
mod records;
mod tree;

/// One form of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of the fuzzer's program and of the folder with its inputs.
    pub name: &'static str,
    /// Tries the bytes, and says whether they are what they should be.
    pub run: fn(&[u8]) -> bool,
    /// Makes real ones, each with a name.
    pub seeds: fn() -> Vec<(String, Vec<u8>)>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "node",
        run: node::run,
        seeds: node::seeds,
    },
    Target {
        name: "tree",
        run: tree::run,
        seeds: tree::seeds,
    },
    Target {
        name: "proof",
        run: proof::run,
        seeds: proof::seeds,
    },
    Target {
        name: "pack",
        run: pack::run,
        seeds: pack::seeds,
    },
    Target {
        name: "journal",
        run: journal::run,
        seeds: journal::seeds,
    },
    Target {
        name: "records",
        run: records::run,
        seeds: records::seeds,
    },
];

/// Tries bytes with the target of a name.
///
/// # Panics
/// If the target does, or if there is none of that name.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("the fuzzer names a target").run)(bytes);
}
