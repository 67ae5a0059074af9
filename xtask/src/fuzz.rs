//! `cargo xtask fuzz`: bytes that nobody wrote, for each decoder, led by the code that they reach.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{Workspace, cargo};
use crate::seed;
use crate::step::{self, Failure, Result};

pub(crate) const HELP: &str = "
Builds the workspace fuzz/ with coverage counters and runs its programs, one
target after the other: node, tree, proof, pack, journal, records. Each begins
with what is kept in fuzz/corpus and fuzz/regressions; what it finds on the way
is kept in the folder fuzz/found of the target folder, for the next run. A run
fails when a target panics, takes longer than a minute or more than 2 GiB.

An input that makes a target panic belongs into fuzz/regressions/<target>, where
an ordinary test tries it from then on.

Arguments:
  TARGET        only this one (all)
  --seconds N   how long each target runs (5)
  --keep        afterwards, the corpus is the seeds and a smallest set of inputs
                that reaches the same code
  --seeds       writes the seeds of the corpus anew, and nothing else

Examples:
  cargo xtask fuzz
  cargo xtask fuzz proof --seconds 600
";

const MANIFEST: &str = "fuzz/Cargo.toml";
const TARGETS: &[&str] = &["node", "tree", "proof", "pack", "journal", "records"];
/// How long each target runs unless it is said: what is enough to notice that one fails at once.
pub(crate) const BRIEFLY: u64 = 5;
/// The longest input: more than the largest one that is kept.
const MAX_LEN: usize = 8192;

/// Counters at each edge of the control flow, and calls at comparisons; both are stable flags.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg",
    "fuzzing",
];

struct Request {
    targets: Vec<&'static str>,
    seconds: u64,
    keep: bool,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    if step::has(args, "--seeds") {
        step::only_flags(args, &["--seeds"])?;
        return write_seeds();
    }
    let request = parse(args)?;
    let workspace = Workspace::load()?;
    let seed = seed::given_or_fresh()?;
    seed::announce(seed);
    let place = build(&workspace)?;
    for target in &request.targets {
        place.try_target(target, request.seconds, seed)?;
        if request.keep {
            place.keep(target)?;
        }
    }
    Ok(())
}

/// Runs every target for a few seconds.
pub(crate) fn briefly(workspace: &Workspace, seed: u64) -> Result<()> {
    let place = build(workspace)?;
    TARGETS
        .iter()
        .try_for_each(|target| place.try_target(target, BRIEFLY, seed))
}

fn parse(args: &[String]) -> Result<Request> {
    let mut request = Request {
        targets: Vec::new(),
        seconds: BRIEFLY,
        keep: false,
    };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--keep" => request.keep = true,
            "--seconds" => {
                let value = rest.next().and_then(|value| value.parse().ok());
                request.seconds = value.ok_or_else(|| Failure::new("--seconds needs a number"))?;
            }
            name => match TARGETS.iter().find(|target| **target == name) {
                Some(target) => request.targets.push(target),
                None => step::only_flags(
                    std::slice::from_ref(arg),
                    &["--seconds N", "--keep", "--seeds", &TARGETS.join(", ")],
                )?,
            },
        }
    }
    if request.targets.is_empty() {
        request.targets = TARGETS.to_vec();
    }
    Ok(request)
}

fn write_seeds() -> Result<()> {
    step::run(
        "seeds of the corpus",
        cargo().args([
            "test",
            "-q",
            "-p",
            "prollytree-fuzz-targets",
            "--test",
            "corpus",
            "--",
            "--ignored",
        ]),
    )
}

/// Where the programs are, what they read and what they write.
struct Place {
    root: PathBuf,
    programs: PathBuf,
    scratch: PathBuf,
}

fn build(workspace: &Workspace) -> Result<Place> {
    let scratch = workspace.target.join("fuzz");
    let host = host()?;
    let mut command = cargo();
    // With a target, build scripts and macros are built without counters, which they cannot link.
    command
        .args(["build", "-q", "--release", "--manifest-path", MANIFEST])
        .args(["--target", &host])
        .arg("--target-dir")
        .arg(&scratch)
        .env("RUSTFLAGS", COVERAGE.join(" "));
    step::run("fuzzer", &mut command)?;
    Ok(Place {
        root: workspace.root.join("fuzz"),
        programs: scratch.join(host).join("release"),
        scratch,
    })
}

impl Place {
    /// Runs a target and shows how much it tried and reached; all of its output if it failed.
    fn try_target(&self, target: &str, seconds: u64, seed: u64) -> Result<()> {
        step::announce(&format!("fuzz {target} for {seconds} s"));
        let found = self.folder("found", target)?;
        let crashes = self.folder("crashes", target)?;
        let mut command = self.program(target);
        command
            .args([
                format!("-max_total_time={seconds}"),
                format!("-max_len={MAX_LEN}"),
                // Zero would mean a random one.
                format!("-seed={}", (seed & 0x7fff_ffff).max(1)),
                format!("-artifact_prefix={}/", crashes.display()),
            ])
            .args(["-timeout=60", "-rss_limit_mb=2048", "-print_final_stats=1"])
            .arg(&found)
            .args(self.kept(target));
        let (ended_well, text) = output(&mut command)?;
        if !ended_well {
            println!("{text}");
            return Err(Failure::new(format!(
                "the target {target} failed; its input is in {}: move it into \
                 fuzz/regressions/{target}",
                crashes.display()
            )));
        }
        let reached = text
            .lines()
            .rev()
            .find_map(|line| line.split_once(" cov: "))
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .unwrap_or("none");
        let runs = text
            .lines()
            .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
            .map(str::trim)
            .filter(|runs| *runs != "0")
            .ok_or_else(|| Failure::new(format!("the target {target} tried nothing:\n{text}")))?;
        println!("    {runs} inputs tried, {reached} edges reached");
        Ok(())
    }

    /// Puts a smallest set of inputs in place of the corpus; the seeds stay.
    fn keep(&self, target: &str) -> Result<()> {
        let chosen = self.folder("chosen", target)?;
        empty(&chosen)?;
        let corpus = self.root.join("corpus").join(target);
        let seeds = self.folder("seeds", target)?;
        empty(&seeds)?;
        for (name, path) in files(&corpus)? {
            if name.starts_with("seed-") {
                copy(&path, &seeds.join(name))?;
            }
        }
        for (name, path) in files(&seeds)? {
            copy(&path, &chosen.join(name))?;
        }
        let mut command = self.program(target);
        command
            .args(["-set_cover_merge=1", "-use_counters=0"])
            .arg(format!("-max_len={MAX_LEN}"))
            .arg(&chosen)
            .arg(self.folder("found", target)?)
            .args(self.kept(target));
        let (ended_well, text) = output(&mut command)?;
        if !ended_well {
            return Err(Failure::new(format!("choosing inputs failed:\n{text}")));
        }
        empty(&corpus)?;
        for (name, path) in files(&chosen)? {
            copy(&path, &corpus.join(name))?;
        }
        println!("    {} inputs are kept", files(&corpus)?.len());
        Ok(())
    }

    fn program(&self, target: &str) -> Command {
        Command::new(self.programs.join(target))
    }

    /// The folders of a target's inputs in the repository.
    fn kept(&self, target: &str) -> Vec<PathBuf> {
        let folders = ["corpus", "regressions"].map(|name| self.root.join(name).join(target));
        folders.into_iter().filter(|path| path.is_dir()).collect()
    }

    /// A folder of a target outside of the repository, made if it is not there.
    fn folder(&self, name: &str, target: &str) -> Result<PathBuf> {
        let folder = self.scratch.join(name).join(target);
        fs::create_dir_all(&folder)
            .map_err(|error| Failure::io(format_args!("making {}", folder.display()), &error))?;
        Ok(folder)
    }
}

/// Runs a program; returns whether it ended well and what it wrote to its standard error.
fn output(command: &mut Command) -> Result<(bool, String)> {
    let output = command
        .output()
        .map_err(|error| Failure::io("could not start the fuzzer", &error))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok((output.status.success(), text))
}

/// The target that the compiler builds for unless told otherwise.
fn host() -> Result<String> {
    let text = step::output(Command::new("rustc").arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc -vV names no host"))
}

fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let failed = |error| Failure::io(format_args!("listing {}", folder.display()), &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        files.push((
            entry.file_name().to_string_lossy().into_owned(),
            entry.path(),
        ));
    }
    Ok(files)
}

fn empty(folder: &Path) -> Result<()> {
    for (_, path) in files(folder)? {
        fs::remove_file(&path)
            .map_err(|error| Failure::io(format_args!("removing {}", path.display()), &error))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map_err(|error| Failure::io(format_args!("copying to {}", to.display()), &error))?;
    Ok(())
}
