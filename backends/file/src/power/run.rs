//! A recorded run: two instances at work on one store, each killed now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prollytree_plugin_api::{
    Call, ErrorKind, Hash, Kind, NodeStorage, OpenStorage, Options, Record, RefName, RefUpdate,
    Report, Result, Slot, Swap, Timestamp,
};
use tempfile::TempDir;

use crate::system::recorder::{self, Life, Said, Step};
use crate::{BACKEND, manifest};
use prollytree_conformance::Random;

pub(super) const CALL: &Call<'static> = &Call::UNLIMITED;
/// So short that journals are sealed and packs merged all the time.
const SHORT: u64 = 3000;
const INSTANCES: usize = 2;
/// The folders on the way to the store are made with it.
const STORE: &str = "new/store";

type Store = Arc<dyn NodeStorage>;

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    pub(super) records: BTreeSet<Hash>,
    pub(super) refs: BTreeMap<RefName, Hash>,
}

impl State {
    /// Reads everything, and hashes what was read.
    pub(super) fn of(store: &Store) -> Result<Self> {
        let mut state = Self::default();
        loop {
            let page = store.list(CALL, state.records.last(), 100)?;
            if page.is_empty() {
                break;
            }
            state.records.extend(page.iter().map(|entry| entry.hash));
        }
        let hashes: Vec<_> = state.records.iter().copied().collect();
        let mut slots = Slot::empty(hashes.len());
        store.get_many(CALL, &hashes, &mut slots)?;
        for (hash, slot) in hashes.iter().zip(&slots) {
            assert_eq!(slot.bytes().map(Hash::of).as_ref(), Some(hash));
        }
        state.refs = store.list_refs(CALL, "", None, 100)?.into_iter().collect();
        Ok(state)
    }
}

/// What was done to the disk, and what the store held meanwhile.
pub(super) struct Run {
    pub(super) folder: TempDir,
    pub(super) steps: Vec<Step>,
    /// One after the other; a state may stand here that never was because its writer was killed.
    pub(super) states: Vec<State>,
}

impl Run {
    /// Records so many operations on a store that is made first.
    pub(super) fn record(random: &mut Random, operations: usize, failing_syncs: bool) -> Self {
        Self::record_after(Life::Endless, random, operations, failing_syncs)
    }

    /// Records a process that lives so long while it makes a store, and others that go on.
    pub(super) fn record_making(life: Life, random: &mut Random) -> Self {
        Self::record_after(life, random, 3, false)
    }

    fn record_after(
        life: Life,
        random: &mut Random,
        operations: usize,
        failing_syncs: bool,
    ) -> Self {
        let folder = fast_folder();
        recorder::begin();
        let mut session = Session {
            path: folder.path().join(STORE),
            random,
            stores: [const { None }; INSTANCES],
            turns: [0; INSTANCES],
            states: vec![State::default()],
            failing_syncs,
        };
        session.open(0, life);
        for number in 0..operations {
            let instance = session.random.below(INSTANCES);
            session.operate(instance, number);
        }
        drop(session.stores);
        Self {
            steps: recorder::end(),
            states: session.states,
            folder,
        }
    }
}

/// A folder in memory where there is one: no test depends on what is really forced to disk.
pub(super) fn fast_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// The place of the store below a folder.
pub(super) fn store_in(folder: &Path) -> PathBuf {
    folder.join(STORE)
}

/// The place of a copy of the store.
fn copy_of(store: &Path, number: usize) -> PathBuf {
    store.with_file_name(format!("copies/{number}/copy"))
}

pub(super) fn request(path: &Path) -> OpenStorage {
    let mut options = Options::new();
    options.insert("path".into(), path.to_str().unwrap().into());
    options.insert("journal_size".into(), SHORT.into());
    OpenStorage::or_create(options)
}

struct Session<'a> {
    path: PathBuf,
    random: &'a mut Random,
    stores: [Option<Store>; INSTANCES],
    /// The number of each, another one for each opening.
    turns: [usize; INSTANCES],
    states: Vec<State>,
    failing_syncs: bool,
}

/// Something to do with a store.
enum Operation {
    Commit(Vec<Vec<u8>>, Vec<RefUpdate>),
    Put(Vec<Vec<u8>>),
    Delete(Vec<Hash>),
    Sync,
    Repack,
    Backup(PathBuf),
}

impl Session<'_> {
    /// Does something with an instance, which may be killed, or meet a sync that fails.
    fn operate(&mut self, instance: usize, number: usize) {
        let store = self.opened(instance);
        recorder::note(Step::Turn(self.turns[instance]));
        let (operation, after) = self.choose(number);
        self.states.push(after);
        let state = self.states.len() - 1;
        recorder::say(Said::Begun(state));
        if let Operation::Backup(to) = &operation {
            recorder::say(Said::Copying(to.clone(), state));
        }
        if self.failing_syncs && self.random.below(6) == 0 {
            recorder::fail_sync_after(self.random.below(3));
        }
        let life = self.life(5);
        let done = recorder::live(life, || run(&store, &operation));
        recorder::no_more_failures();
        match done {
            Some(Ok(())) => match operation {
                Operation::Commit(..) | Operation::Sync => recorder::say(Said::Durable(state)),
                Operation::Backup(_) => recorder::say(Said::Copied),
                _ => {}
            },
            Some(Err(error)) if error.kind() != ErrorKind::IO => panic!("{error}"),
            Some(Err(_)) | None => {
                drop(store);
                self.come_back(instance, state);
            }
        }
    }

    /// Opens an instance again that has ended, and finds out what it had come to.
    fn come_back(&mut self, instance: usize, state: usize) {
        self.stores[instance] = None;
        let store = self.opened(instance);
        let found = State::of(&store).unwrap();
        if found != self.states[state] {
            assert_eq!(found, self.states[state - 1]);
            self.states.push(found);
            recorder::say(Said::Begun(state + 1));
        }
    }

    /// Opens an instance if it is not, after others that are killed on the way.
    fn opened(&mut self, instance: usize) -> Store {
        while self.stores[instance].is_none() {
            let life = self.life(2);
            self.open(instance, life);
        }
        let store = self.stores[instance].as_ref();
        Arc::clone(store.expect("was opened"))
    }

    /// Opens an instance, unless it is killed on the way.
    fn open(&mut self, instance: usize, life: Life) {
        let newest = self.turns.iter().max().unwrap();
        self.turns[instance] = newest + 1;
        recorder::note(Step::Turn(self.turns[instance]));
        let request = request(&self.path);
        let opened = recorder::live(life, || (BACKEND.open)(&request));
        self.stores[instance] = opened.map(|opened| opened.unwrap());
    }

    /// Draws one of so many lots, of which one is to be killed.
    fn life(&mut self, lots: usize) -> Life {
        match (self.random.below(lots), self.random.below(4)) {
            (0, 0) => Life::Naming(manifest::NAME),
            (0, _) => Life::Steps(self.random.below(50)),
            _ => Life::Endless,
        }
    }

    /// Chooses something to do, and says what the store holds after it.
    fn choose(&mut self, number: usize) -> (Operation, State) {
        let random = &mut *self.random;
        let mut state = self.states.last().unwrap().clone();
        let some = |random: &mut Random| -> Vec<_> {
            (0..=random.below(3)).map(|_| content(random)).collect()
        };
        let operation = match random.below(20) {
            0..8 => {
                let contents = some(random);
                let mut updates = vec![update(&mut state, 0, &contents[0])];
                if random.below(3) == 0 {
                    updates.push(update(&mut state, 1 + random.below(2), &contents[0]));
                }
                Operation::Commit(contents, updates)
            }
            8..12 => Operation::Put(some(random)),
            12..15 => {
                let pinned: BTreeSet<_> = state.refs.values().copied().collect();
                let hashes: Vec<_> = (0..3).map(|_| Hash::of(&content(random))).collect();
                let free = |hash: &Hash| !pinned.contains(hash);
                Operation::Delete(hashes.into_iter().filter(free).collect())
            }
            15..17 => Operation::Sync,
            17 => Operation::Repack,
            18 => Operation::Backup(copy_of(&self.path, number)),
            _ => Operation::Put(Vec::new()),
        };
        match &operation {
            Operation::Commit(contents, _) | Operation::Put(contents) => {
                let hashes = contents.iter().map(|bytes| Hash::of(bytes));
                state.records.extend(hashes);
            }
            Operation::Delete(hashes) => {
                state.records.retain(|hash| !hashes.contains(hash));
            }
            _ => {}
        }
        (operation, state)
    }
}

/// One of a few, so that records are stored again.
fn content(random: &mut Random) -> Vec<u8> {
    let id = u8::try_from(random.below(60)).unwrap();
    vec![id; 10 + usize::from(id) * 20]
}

fn update(state: &mut State, name: usize, bytes: &[u8]) -> RefUpdate {
    let name = RefName::new(["heads/main", "heads/other", "tags/a"][name]).unwrap();
    let new = Hash::of(bytes);
    let expected = state.refs.insert(name.clone(), new);
    RefUpdate {
        name,
        expected,
        new: Some(new),
    }
}

fn record(bytes: &[u8]) -> Record<'_> {
    Record::new(Kind::BLOB, &[], bytes)
}

fn run(store: &Store, operation: &Operation) -> Result<()> {
    match operation {
        Operation::Commit(contents, updates) => {
            let records: Vec<_> = contents.iter().map(|bytes| record(bytes)).collect();
            let swap = store.commit(CALL, &records, updates)?;
            assert_eq!(swap, Swap::Done);
        }
        Operation::Put(contents) => {
            let records: Vec<_> = contents.iter().map(|bytes| record(bytes)).collect();
            store.put_many(CALL, &records)?;
        }
        Operation::Delete(hashes) => {
            store.delete_many(CALL, hashes, Timestamp(i64::MAX))?;
        }
        Operation::Sync => store.sync(CALL)?,
        Operation::Repack => {
            store.maintain(CALL, "repack", &Report::new())?;
        }
        Operation::Backup(to) => {
            let mut args = Report::new();
            args.insert("to".into(), to.to_str().unwrap().into());
            store.maintain(CALL, "backup", &args)?;
        }
    }
    Ok(())
}
