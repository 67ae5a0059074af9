//! The page that the tables are written to.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/benchmarks.md");

/// What stands above the tables.
const INTRODUCTION: &str = include_str!("introduction.md");

/// Writes the page.
pub(super) fn write(tables: &str) -> Result<()> {
    let machine = machine()?;
    let page = format!("{INTRODUCTION}\n## Machine\n\n{machine}\n{tables}");
    fs::write(PAGE, page.trim_end().to_owned() + "\n")?;
    eprintln!("written to {}", Path::new(PAGE).canonicalize()?.display());
    Ok(())
}

/// Where and when.
fn machine() -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let models: Vec<_> = cpus
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, name)| name)
        .collect();
    let model = models.first().copied().unwrap_or("an unknown processor");
    let load = fs::read_to_string("/proc/loadavg")?;
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(", ");
    let threads = std::env::var("RAYON_NUM_THREADS").unwrap_or_else(|_| "all".to_owned());
    Ok(format!(
        "* {} x {model}, {}\n* {}, commit {}, {}\n* load at the end {load}; threads that peers may use {threads}\n",
        models.len(),
        first_line("uname", &["-sr"])?,
        first_line("rustc", &["--version"])?,
        first_line("git", &["describe", "--always", "--dirty", "--exclude=*"])?,
        jiff::Timestamp::now().strftime("%Y-%m-%d"),
    ))
}

fn first_line(program: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().next().unwrap_or("unknown").to_owned())
}
