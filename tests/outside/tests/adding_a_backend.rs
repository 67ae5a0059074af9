//! Follows `docs/adding-a-backend.md` literally in a folder outside of the workspace: writes the
//! files that it shows and runs the commands that it names, in their order.
#![forbid(unsafe_code)]

mod guide;

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use guide::Step;

#[test]
fn the_guide_leads_to_a_backend_that_passes_conformance() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap();
    let target = target_folder();
    let text = fs::read_to_string(root.join("docs/adding-a-backend.md")).unwrap();
    let steps = guide::steps(&text);
    assert!(steps.len() >= 9, "the guide has lost its blocks: {steps:?}");

    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("shelf");
    fs::create_dir(&folder).unwrap();
    symlink(&root, outside.path().join("prollytree")).unwrap();
    // The versions that were downloaded for the workspace; the build outlives the folder, so that
    // the next run compiles only the backend.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::create_dir_all(target.join("outside")).unwrap();
    symlink(target.join("outside"), folder.join("target")).unwrap();

    let mut printed = String::new();
    for step in steps {
        match step {
            Step::Write { path, text } => {
                let path = folder.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Step::Run(script) => printed += &run(&script, &folder, &target),
        }
    }
    println!("{printed}");
    for said in ["DURABLE", " pass", "The first type", "known since 1992"] {
        assert!(printed.contains(said), "nothing has said `{said}`");
    }
}

/// Runs a block of commands and returns what was printed; the first that fails ends the test.
fn run(script: &str, folder: &Path, programs: &Path) -> String {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(
        [programs.to_owned()]
            .into_iter()
            .chain(env::split_paths(&inherited)),
    );
    let output = Command::new("bash")
        .args(["-euxc", script])
        .current_dir(folder)
        .env("PATH", path.expect("folders without colons"))
        .env("CARGO_NET_OFFLINE", "true")
        .env("PROLLYTREE_USER_NAME", "Ada")
        .env("PROLLYTREE_USER_EMAIL", "ada@example.org")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS")
        .stdin(Stdio::null())
        .output()
        .expect("bash starts");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(
        output.status.success(),
        "{}:\n{script}\n{printed}",
        output.status
    );
    printed
}

/// The folder with the programs that were built together with this test.
fn target_folder() -> PathBuf {
    let test = env::current_exe().expect("a test has a file");
    let target = test
        .parent()
        .and_then(Path::parent)
        .expect("a test lies in target/debug/deps")
        .to_owned();
    let program = target.join("git-prolly");
    assert!(
        program.exists(),
        "{} is missing: cargo build -p git-prolly",
        program.display()
    );
    target
}
