//! Tells the crate which compiler and target it is built with, for the manifests of plugins.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=PROLLYTREE_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=PROLLYTREE_RUSTC={}", compiler());
}

/// Returns the first line of `rustc --version`.
fn compiler() -> String {
    let rustc = variable("RUSTC");
    let output = Command::new(&rustc)
        .arg("--version")
        .output()
        .unwrap_or_else(|error| panic!("cannot run {rustc}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().unwrap_or("unknown").trim().to_owned()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("cargo sets {name} for build scripts: {error}"))
}
