//! Power fails at any moment: what was not synced is on the disk, or is not, or is there in part.
//!
//! The steps of a real run are recorded and played again up to a cut. Everything before the last
//! sync arrives; of what came after it, each write arrives whole, torn at a sector, or not at all.

use std::fs;

use prollytree_conformance::Random;
use prollytree_plugin_api::{Hash, NodeStorage, RefName, Swap};
use tempfile::TempDir;

use super::{CALL, assert_holds, commit, content, put, store};
use crate::disk::faults::Step;

const COMMITS: u32 = 40;
const CUTS: usize = 60;
const SECTOR: usize = 512;

/// Runs commits on the store in the folder; returns the file as it was before them, and what was
/// done to it.
fn record(folder: &TempDir) -> (Vec<u8>, Vec<Step>) {
    let store = store(folder);
    let start = fs::read(&store.place.path).unwrap();
    let faults = &store.place.meter.faults;
    *faults.recording.lock().unwrap() = Some(Vec::new());
    for number in 0..COMMITS {
        // Half of the records wait; the commit takes them along.
        put(&store, 1_000 + number);
        assert_eq!(commit(&store, number).unwrap(), Swap::Done);
        faults.note(|| Step::Acknowledged(number));
    }
    let steps = faults.recording.lock().unwrap().take();
    (start, steps.expect("was recording"))
}

fn write(image: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let offset = usize::try_from(offset).unwrap();
    let end = offset + data.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[offset..end].copy_from_slice(data);
}

/// Does to the image what a failing disk may have made of the step.
fn perhaps(image: &mut Vec<u8>, step: &Step, random: &mut Random) {
    match (step, random.below(5)) {
        (Step::Write(offset, data), 0 | 1) => write(image, *offset, data),
        (Step::Write(offset, data), 2) => {
            let sectors = data.len() / SECTOR;
            let kept = random.below(sectors + 1) * SECTOR;
            write(image, *offset, &data[..kept]);
        }
        (Step::SetLen(len), 0..=2) => image.resize(usize::try_from(*len).unwrap(), 0),
        _ => {}
    }
}

fn surely(image: &mut Vec<u8>, step: &Step) {
    match step {
        Step::Write(offset, data) => write(image, *offset, data),
        Step::SetLen(len) => image.resize(usize::try_from(*len).unwrap(), 0),
        Step::Sync | Step::Acknowledged(_) => {}
    }
}

/// Returns the file after a failure at the cut, and the last commit that was acknowledged.
fn fail_at(
    start: &[u8],
    steps: &[Step],
    cut: usize,
    random: &mut Random,
) -> (Vec<u8>, Option<u32>) {
    let done = &steps[..cut];
    let is_sync = |step: &Step| matches!(step, Step::Sync);
    let synced = done.iter().rposition(is_sync).map_or(0, |last| last + 1);
    let mut image = start.to_vec();
    for step in &done[..synced] {
        surely(&mut image, step);
    }
    for step in &done[synced..] {
        perhaps(&mut image, step, random);
    }
    let acknowledged = done.iter().rev().find_map(|step| match step {
        Step::Acknowledged(number) => Some(*number),
        _ => None,
    });
    (image, acknowledged)
}

#[test]
fn a_power_failure_at_any_moment_loses_nothing_that_was_acknowledged() {
    let folder = TempDir::new().unwrap();
    let (start, steps) = record(&folder);
    let path = folder.path().join("store.redb");

    let seed = 2026;
    let mut random = Random::new(seed);
    let name = RefName::new("heads/main").unwrap();
    for round in 0..CUTS {
        let cut = random.below(steps.len() + 1);
        let (image, acknowledged) = fail_at(&start, &steps, cut, &mut random);
        println!("seed {seed}, round {round}: cut {cut}, acknowledged {acknowledged:?}");
        fs::write(&path, image).unwrap();
        let store = store(&folder);
        let head = store.get_ref(CALL, &name).unwrap();
        let found = head.map(|head| {
            let is_head = |number: &u32| Hash::of(&content(*number)) == head;
            (0..COMMITS).find(is_head).expect("a ref of ours")
        });
        assert!(found >= acknowledged, "found {found:?}");
        let commits = found.map_or(0, |last| last + 1);
        assert_holds(&store, 0..commits);
        assert_holds(&store, 1_000..1_000 + commits);
    }
}
