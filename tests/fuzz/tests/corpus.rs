//! Every input that is kept is tried without the fuzzer, so that what was mended stays mended; and
//! the seeds are still what they were made as, so that the fuzzer starts from something real.

use std::fs;
use std::path::{Path, PathBuf};

use prollytree_fuzz_targets::TARGETS;

fn folder(name: &str, target: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    root.join(name).join(target)
}

/// The files of a folder, by name; none if there is no such folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry of a folder"))
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn no_kept_input_makes_a_target_panic() {
    for target in TARGETS {
        let corpus = files(&folder("corpus", target.name));
        assert!(!corpus.is_empty(), "{} has no corpus", target.name);
        for (name, bytes) in corpus
            .iter()
            .chain(&files(&folder("regressions", target.name)))
        {
            // Shown if the target panics.
            println!("{} {name}", target.name);
            (target.run)(bytes);
        }
    }
}

#[test]
fn the_seeds_of_the_corpus_are_real_and_as_they_are_made() {
    for target in TARGETS {
        for (name, bytes) in (target.seeds)() {
            assert!(
                (target.run)(&bytes),
                "the seed {name} of {} is refused",
                target.name
            );
            let path = folder("corpus", target.name).join(format!("seed-{name}"));
            let kept = fs::read(&path).unwrap_or_default();
            assert!(
                kept == bytes,
                "{} is not what the format makes of it: cargo xtask fuzz --seeds",
                path.display()
            );
        }
    }
}

#[test]
fn cut_and_changed_seeds_are_refused_or_mean_something() {
    for target in TARGETS {
        for (_, bytes) in (target.seeds)() {
            for step in 0..bytes.len().min(200) {
                let at = step * bytes.len() / bytes.len().min(200);
                (target.run)(&bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (step % 8);
                (target.run)(&changed);
            }
        }
    }
}

#[test]
#[ignore = "writes fuzz/corpus; run by cargo xtask fuzz --seeds"]
fn the_seeds_are_written_anew() {
    for target in TARGETS {
        let folder = folder("corpus", target.name);
        fs::create_dir_all(&folder).expect("a folder");
        for (name, _) in files(&folder)
            .iter()
            .filter(|(name, _)| name.starts_with("seed-"))
        {
            fs::remove_file(folder.join(name)).expect("a seed");
        }
        for (name, bytes) in (target.seeds)() {
            fs::write(folder.join(format!("seed-{name}")), bytes).expect("a seed");
        }
    }
}
