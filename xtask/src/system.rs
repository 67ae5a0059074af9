//! Programs that the tests need from the machine.
//!
//! On Debian as root the missing ones are installed; elsewhere one line says what is missing. What
//! Cargo needs to fetch and to link this program is there by then.

use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};

use crate::step::{self, Failure, Result};

/// A program that must be on the path.
struct Need {
    program: &'static str,
    /// The Debian package that has it.
    package: &'static str,
}

const NEEDS: &[Need] = &[
    // The identity of commits is read from its configuration.
    Need {
        program: "git",
        package: "git",
    },
    // Readers and writers of exported files that are not ours.
    Need {
        program: "python3",
        package: "python3",
    },
    // The fuzzer's runtime is written in C++.
    Need {
        program: "c++",
        package: "g++",
    },
];

/// Makes sure that every program is there, and the index of packages, which is a test's data.
pub(crate) fn ensure() -> Result<()> {
    step::announce("system packages");
    let has_apt = is_there("apt-get");
    if has_apt && !has_index() {
        if !is_root() {
            return Err(Failure::new("please run as root: apt-get update"));
        }
        update()?;
    }
    let missing: Vec<&str> = NEEDS
        .iter()
        .filter(|need| !is_there(need.program))
        .map(|need| need.package)
        .collect();
    if missing.is_empty() {
        let found: Vec<_> = NEEDS.iter().map(|need| need.program).collect();
        println!("    found {}", found.join(", "));
        return Ok(());
    }
    if !(has_apt && is_root()) {
        return Err(Failure::new(format!(
            "please install: {}",
            missing.join(" ")
        )));
    }
    update()?;
    step::run(
        "apt-get install",
        Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(&missing)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

fn update() -> Result<()> {
    step::run(
        "apt-get update",
        Command::new("apt-get").args(["update", "-qq"]),
    )
}

/// Says whether the machine knows which packages there are.
fn has_index() -> bool {
    let is_list = |name: OsString| name.to_string_lossy().contains("_Packages");
    fs::read_dir("/var/lib/apt/lists")
        .is_ok_and(|mut lists| lists.any(|list| list.is_ok_and(|list| is_list(list.file_name()))))
}

fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
