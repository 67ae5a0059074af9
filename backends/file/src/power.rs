//! Power fails at any moment: whatever is left opens at a state that was, and not at one before
//! what was acknowledged.

mod disk;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use disk::Disk;
use prollytree_conformance::Random;
use prollytree_plugin_api::{Kind, OpenStorage, Record, RefName, RefUpdate, Swap};
use run::{CALL, Run, State, request, store_in};

use crate::BACKEND;
use crate::manifest;
use crate::system::recorder::{Life, Said, Step};

/// What was said up to a moment.
#[derive(Default)]
struct Known {
    durable: Option<usize>,
    begun: usize,
    /// Where the last copy is, of which state, and whether it is whole.
    copy: Option<(PathBuf, usize, bool)>,
}

impl Known {
    fn hear(&mut self, said: &Said) {
        match said {
            Said::Begun(state) => self.begun = *state,
            Said::Durable(state) => self.durable = self.durable.max(Some(*state)),
            Said::Copying(path, state) => self.copy = Some((path.clone(), *state, false)),
            Said::Copied => self.copy.as_mut().unwrap().2 = true,
        }
    }
}

/// Lets power fail after each step of the run, `chances` times, and looks at what is left; returns
/// what is wrong with it. Syncs of the kind `omitted` do nothing.
fn fail_everywhere(
    run: &Run,
    chances: usize,
    random: &mut Random,
    omitted: Option<&str>,
) -> Result<(), String> {
    let place = run::fast_folder();
    let mut disk = Disk::new(run.folder.path());
    let mut known = Known::default();
    let mut omits = omitted.is_none();
    for (at, step) in run.steps.iter().enumerate() {
        if omitted.is_some() && kind(&disk, &run.steps, at).as_deref() == omitted {
            omits = true;
            continue;
        }
        disk.apply(step);
        match step {
            Step::Said(said) => known.hear(said),
            Step::Turn(_) | Step::Opened(..) => continue,
            _ => {}
        }
        for chance in 0..if omits { chances } else { 0 } {
            let left = place.path().join("left");
            disk.leave(&left, random);
            check(run, &known, &left).map_err(|wrong| {
                let context = &run.steps[at.saturating_sub(8)..=at];
                let context: Vec<_> = context.iter().map(short).collect();
                format!("step {at}, chance {chance}: {wrong}\nafter {context:#?}")
            })?;
            fs::remove_dir_all(&left).unwrap();
        }
    }
    Ok(())
}

/// Checks what power loss has left of the store and of its last copy.
fn check(run: &Run, known: &Known, left: &Path) -> Result<(), String> {
    let path = store_in(left);
    let may = &run.states[known.durable.unwrap_or(0)..=known.begun];
    let request = match known.durable {
        Some(_) => OpenStorage::existing(request(&path).options),
        None => request(&path),
    };
    let seen = state(&request.clone().read_only());
    let store = (BACKEND.open)(&request).map_err(|error| error.to_string())?;
    let found = State::of(&store).map_err(|error| error.to_string())?;
    if known.durable.is_some() && seen.as_ref() != Ok(&found) {
        return Err(format!("a reader found {seen:?}, a writer {found:?}"));
    }
    if !may.contains(&found) {
        return Err(format!(
            "found {found:?}, which was not there at {:?}..={}",
            known.durable, known.begun
        ));
    }
    let record = Record::new(Kind::BLOB, &[], b"after the power loss");
    let update = RefUpdate {
        name: RefName::new("heads/after").unwrap(),
        expected: None,
        new: Some(record.hash),
    };
    let committed = store.commit(CALL, &[record], &[update]);
    assert_eq!(committed.map_err(|error| error.to_string())?, Swap::Done);
    drop(store);
    if !state(&request)?.records.contains(&record.hash) {
        return Err("a commit after the power loss is lost".into());
    }
    check_copy(run, known, left)
}

/// A copy that is not whole is no store, and not one that is damaged.
fn check_copy(run: &Run, known: &Known, left: &Path) -> Result<(), String> {
    let Some((copy, number, whole)) = &known.copy else {
        return Ok(());
    };
    let copy = left.join(copy.strip_prefix(run.folder.path()).unwrap());
    if !whole && !copy.join(manifest::NAME).exists() {
        return Ok(());
    }
    if state(&OpenStorage::existing(request(&copy).options))? != run.states[*number] {
        return Err("the copy is not what was copied".into());
    }
    Ok(())
}

fn state(request: &OpenStorage) -> Result<State, String> {
    let store = (BACKEND.open)(request).map_err(|error| error.to_string())?;
    State::of(&store).map_err(|error| error.to_string())
}

/// A step without the bytes.
fn short(step: &Step) -> String {
    match step {
        Step::Write(inode, offset, data) => {
            format!("Write({inode}, {offset}, {} bytes)", data.len())
        }
        other => format!("{other:?}"),
    }
}

/// What a sync is for: the part of the store that it forces to disk; `None` for what is no sync, or
/// has nothing to force.
fn kind(disk: &Disk, steps: &[Step], at: usize) -> Option<String> {
    match &steps[at] {
        Step::Sync(inode) => {
            let path = disk.path(*inode)?;
            let renamed = steps[at..].iter().find_map(|step| match step {
                Step::Rename(from, to) if from == path => Some(to),
                _ => None,
            });
            let what = match renamed {
                Some(to) => format!("a new {}", class(to)),
                None => format!("what is in a {}", class(path)),
            };
            Some(format!("{what}{}", place(path.parent()?)))
        }
        Step::SyncFolder(folder) => {
            let open: Vec<_> = disk.open_names(folder).collect();
            let classes: BTreeSet<_> = open.iter().map(|(path, _)| class(path)).collect();
            let classes: Vec<_> = classes.into_iter().filter(|class| *class != "-").collect();
            let others = open
                .iter()
                .any(|(path, other)| class(path) == manifest::NAME && *other);
            let by = if others { " by another instance" } else { "" };
            let names = classes.join(" and ");
            (!names.is_empty()).then(|| format!("the name of {names}{by}{}", place(folder)))
        }
        _ => None,
    }
}

fn class(path: &Path) -> &'static str {
    let name = path.file_name().unwrap().to_str().unwrap();
    match path.extension().and_then(|end| end.to_str()) {
        Some("pack") => "pack",
        _ if name == manifest::NAME => manifest::NAME,
        _ if name.starts_with("journal-") => "journal",
        _ if ["LOCK", "REPACK", "DURABLE"].contains(&name) || name.starts_with("tmp-") => "-",
        _ => "folder",
    }
}

/// Tells a copy from the store.
fn place(folder: &Path) -> &'static str {
    if folder.components().any(|part| part.as_os_str() == "copies") {
        " in a copy"
    } else {
        ""
    }
}

/// All kinds of syncs in a run, and how many there are of each.
fn kinds(run: &Run) -> BTreeMap<String, usize> {
    let mut disk = Disk::new(run.folder.path());
    let mut kinds = BTreeMap::new();
    for (at, step) in run.steps.iter().enumerate() {
        if let Some(kind) = kind(&disk, &run.steps, at) {
            *kinds.entry(kind).or_default() += 1;
        }
        disk.apply(step);
    }
    kinds
}

#[test]
fn power_loss_at_any_moment_leaves_a_state_that_was_and_all_that_was_acknowledged() {
    for seed in seeds(3) {
        let mut random = Random::new(seed);
        let run = Run::record(&mut random, 80, false);
        fail_everywhere(&run, 1, &mut random, None).unwrap();
    }
}

#[test]
fn after_a_sync_that_failed_nothing_is_acknowledged_that_power_loss_takes() {
    for seed in seeds(3) {
        let mut random = Random::new(seed);
        let run = Run::record(&mut random, 80, true);
        fail_everywhere(&run, 1, &mut random, None).unwrap();
    }
}

#[test]
fn power_loss_after_a_kill_at_any_step_of_making_a_store_takes_nothing_either() {
    for seed in seeds(1) {
        let mut random = Random::new(seed);
        for steps in 0..30 {
            let run = Run::record_making(Life::Steps(steps), &mut random);
            fail_everywhere(&run, 2, &mut random, None).unwrap();
        }
    }
}

/// The other tests say nothing about what the recorder does not see.
#[test]
fn what_was_recorded_is_all_that_was_done() {
    let run = Run::record(&mut Random::new(1), 100, false);
    let mut disk = Disk::new(run.folder.path());
    run.steps.iter().for_each(|step| disk.apply(step));
    let place = run::fast_folder();
    let again = place.path().join("again");
    disk.mirror(&again);
    let (found, played) = (files(run.folder.path()), files(&again));
    assert!(found.len() > 10);
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        played.keys().collect::<Vec<_>>()
    );
    for (path, bytes) in found {
        assert!(bytes == played[&path], "{}", path.display());
    }
}

/// All files below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Without any one of these syncs something is lost.
const NEEDED: [&str; 16] = [
    "what is in a journal",
    "a new journal",
    "a new pack",
    "a new MANIFEST",
    "the name of journal",
    "the name of pack",
    "the name of journal and pack",
    "the name of MANIFEST",
    "the name of MANIFEST by another instance",
    "the name of folder",
    "a new journal in a copy",
    "a new pack in a copy",
    "a new MANIFEST in a copy",
    "the name of journal and pack in a copy",
    "the name of MANIFEST in a copy",
    "the name of folder in a copy",
];

#[test]
fn without_any_one_of_its_syncs_power_loss_takes_something() {
    let mut unmissed: BTreeSet<_> = NEEDED.into();
    for seed in seeds(12) {
        let mut random = Random::new(seed);
        let run = Run::record(&mut random, 80, false);
        for kind in kinds(&run).keys() {
            if !unmissed.contains(kind.as_str()) {
                continue;
            }
            if let Err(wrong) = fail_everywhere(&run, 2, &mut random, Some(kind)) {
                println!("without {kind}: {wrong}");
                unmissed.remove(kind.as_str());
            }
        }
        if unmissed.is_empty() {
            return;
        }
    }
    panic!("nothing was lost without {unmissed:#?}");
}

fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let first = std::env::var("PROLLYTREE_TEST_SEED").map_or(2026, |seed| seed.parse().unwrap());
    let more = if std::env::var_os("PROLLYTREE_SOAK").is_some() {
        8
    } else {
        1
    };
    (0..count * more).map(move |number| {
        let seed = first + number;
        println!("seed {seed} (again with PROLLYTREE_TEST_SEED={seed})");
        seed
    })
}
