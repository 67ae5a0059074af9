//! A correct backend that several processes share: the whole store in one file, which each change
//! writes anew under a lock and each call reads. Slow, and simple enough to be believed.
//!
//! It does not ask the system to flush: these tests kill processes, not machines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, RwLockReadGuard};

use prollytree_plugin_api::{
    BatchSize, Call, Capabilities, Error, ErrorKind, Hash, Kind, NodeStorage, OpenStorage, Record,
    RecordEntry, RefName, RefUpdate, Report, Result, Slot, Stats, StorageInfo, Swap, Timestamp,
};

prollytree_plugin_api::options! {
    /// Options of the backend in one file.
    struct OneFileOptions {
        /// The file.
        path: PathBuf,
    }
}

struct Stored {
    kind: Kind,
    age: Timestamp,
    bytes: Arc<[u8]>,
}

#[derive(Default)]
struct State {
    records: BTreeMap<Hash, Stored>,
    refs: BTreeMap<RefName, Hash>,
}

struct OneFile {
    path: PathBuf,
    read_only: bool,
    open: RwLock<bool>,
}

pub(crate) fn open(how: &OpenStorage) -> Result<Arc<dyn NodeStorage>> {
    let OneFileOptions { path } = how.parse()?;
    if !path.exists() {
        if !how.may_create() {
            return Err(Error::new(ErrorKind::UNAVAILABLE, "no store").with("path", path.display()));
        }
        let _lock = lock(&path)?;
        if !path.exists() {
            write(&path, &State::default())?;
        }
    }
    Ok(Arc::new(OneFile {
        path,
        read_only: how.read_only,
        open: RwLock::new(true),
    }))
}

fn failed(error: &std::io::Error) -> Error {
    Error::io("work on the file", error)
}

/// Held until it is dropped, or until the process is gone.
fn lock(path: &Path) -> Result<File> {
    let file = File::create(path.with_extension("lock")).map_err(|error| failed(&error))?;
    file.lock().map_err(|error| failed(&error))?;
    Ok(file)
}

fn write(path: &Path, state: &State) -> Result<()> {
    let mut out = Vec::new();
    for (hash, stored) in &state.records {
        out.push(1);
        out.extend(hash.as_bytes());
        out.extend(stored.kind.0.to_le_bytes());
        out.extend(stored.age.0.to_le_bytes());
        out.extend((stored.bytes.len() as u64).to_le_bytes());
        out.extend(&*stored.bytes);
    }
    for (name, hash) in &state.refs {
        out.push(2);
        out.extend(hash.as_bytes());
        out.extend((name.as_str().len() as u64).to_le_bytes());
        out.extend(name.as_str().as_bytes());
    }
    let part = path.with_extension("part");
    let written = fs::write(&part, out).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| failed(&error))
}

fn read(path: &Path) -> Result<State> {
    fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
        let (taken, left) = rest.split_first_chunk().unwrap();
        *rest = left;
        *taken
    }
    fn take_bytes<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
        let len = usize::try_from(u64::from_le_bytes(take(rest))).unwrap();
        let (taken, left) = rest.split_at(len);
        *rest = left;
        taken
    }
    let bytes = fs::read(path).map_err(|error| failed(&error))?;
    let (mut rest, mut state) = (&*bytes, State::default());
    while !rest.is_empty() {
        let [what] = take(&mut rest);
        let hash = Hash::new(take(&mut rest));
        if what == 1 {
            let kind = Kind(u32::from_le_bytes(take(&mut rest)));
            let age = Timestamp(i64::from_le_bytes(take(&mut rest)));
            let bytes = take_bytes(&mut rest).into();
            state.records.insert(hash, Stored { kind, age, bytes });
        } else {
            let name = std::str::from_utf8(take_bytes(&mut rest)).unwrap();
            state.refs.insert(RefName::new(name)?, hash);
        }
    }
    Ok(state)
}

impl State {
    fn put(&mut self, records: &[Record<'_>]) {
        for record in records {
            let stored = Stored {
                kind: record.kind,
                age: Timestamp::now(),
                bytes: record.bytes.into(),
            };
            self.records.insert(record.hash, stored);
        }
    }

    fn move_ref(&mut self, update: &RefUpdate) -> Result<Swap> {
        let current = self.refs.get(&update.name).copied();
        if current != update.expected {
            return Ok(Swap::Lost {
                name: update.name.clone(),
                current,
            });
        }
        let Some(new) = update.new else {
            self.refs.remove(&update.name);
            return Ok(Swap::Done);
        };
        let below = format!("{}/", update.name);
        let above = update
            .name
            .ancestors()
            .find(|above| self.refs.contains_key(*above));
        let below = self
            .refs
            .keys()
            .find(|name| name.as_str().starts_with(&below));
        if let Some(existing) = above.or(below.map(RefName::as_str)) {
            return Err(update.name.collision(existing));
        }
        self.refs.insert(update.name.clone(), new);
        Ok(Swap::Done)
    }
}

impl OneFile {
    fn admit(&self) -> Result<RwLockReadGuard<'_, bool>> {
        let open = self.open.read().unwrap();
        if *open {
            Ok(open)
        } else {
            Err(Error::closed())
        }
    }

    fn look<T>(&self, answer: impl FnOnce(State) -> T) -> Result<T> {
        let _open = self.admit()?;
        read(&self.path).map(answer)
    }

    /// Writes what `change` makes of the state, unless it says that nothing has changed.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> Result<(T, bool)>) -> Result<T> {
        let _open = self.admit()?;
        if self.read_only {
            return Err(Error::new(
                ErrorKind::PERMISSION_DENIED,
                "the store is read-only",
            ));
        }
        let _lock = lock(&self.path)?;
        let mut state = read(&self.path)?;
        let (answer, changed) = change(&mut state)?;
        if changed {
            write(&self.path, &state)?;
        }
        Ok(answer)
    }
}

fn same_length(one: usize, other: usize) -> Result<()> {
    let wrong = || Error::new(ErrorKind::INVALID_ARGUMENT, "the lengths differ");
    if one == other { Ok(()) } else { Err(wrong()) }
}

impl NodeStorage for OneFile {
    fn info(&self) -> StorageInfo {
        let mut capabilities = Capabilities::all();
        capabilities.set(Capabilities::READ_ONLY, self.read_only);
        StorageInfo {
            name: "one-file".into(),
            version: "1".into(),
            capabilities,
            batch: BatchSize::default(),
            location: self.path.display().to_string(),
            operations: Vec::new(),
        }
    }

    fn get_many(&self, _: &Call<'_>, hashes: &[Hash], out: &mut [Slot]) -> Result<()> {
        same_length(hashes.len(), out.len())?;
        self.look(|state| {
            for (hash, slot) in hashes.iter().zip(out) {
                match state.records.get(hash) {
                    Some(stored) => slot.fill((&*stored.bytes).into()),
                    None => slot.clear(),
                }
            }
        })
    }

    fn contains_many(&self, _: &Call<'_>, hashes: &[Hash], out: &mut [bool]) -> Result<()> {
        same_length(hashes.len(), out.len())?;
        self.look(|state| {
            for (hash, out) in hashes.iter().zip(out) {
                *out = state.records.contains_key(hash);
            }
        })
    }

    fn put_many(&self, _: &Call<'_>, records: &[Record<'_>]) -> Result<()> {
        self.change(|state| {
            state.put(records);
            Ok(((), true))
        })
    }

    fn delete_many(&self, _: &Call<'_>, hashes: &[Hash], guard: Timestamp) -> Result<u64> {
        self.change(|state| {
            let before = state.records.len();
            let wanted: BTreeSet<&Hash> = hashes.iter().collect();
            state
                .records
                .retain(|hash, stored| !wanted.contains(hash) || stored.age >= guard);
            Ok(((before - state.records.len()) as u64, true))
        })
    }

    fn list(&self, _: &Call<'_>, after: Option<&Hash>, limit: usize) -> Result<Vec<RecordEntry>> {
        self.look(|state| {
            let behind = state.records.iter().filter(|(hash, _)| Some(*hash) > after);
            let entry = |(hash, stored): (&Hash, &Stored)| RecordEntry {
                hash: *hash,
                kind: stored.kind,
                size: stored.bytes.len() as u64,
            };
            behind.map(entry).take(limit).collect()
        })
    }

    fn get_ref(&self, _: &Call<'_>, name: &RefName) -> Result<Option<Hash>> {
        self.look(|state| state.refs.get(name).copied())
    }

    fn list_refs(
        &self,
        _: &Call<'_>,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        self.look(|state| {
            let wanted = |name: &RefName| name.as_str().starts_with(prefix) && Some(name) > after;
            state
                .refs
                .into_iter()
                .filter(|(name, _)| wanted(name))
                .take(limit)
                .collect()
        })
    }

    fn compare_and_swap_ref(&self, call: &Call<'_>, update: &RefUpdate) -> Result<Swap> {
        self.commit(call, &[], std::slice::from_ref(update))
    }

    fn commit(&self, _: &Call<'_>, records: &[Record<'_>], updates: &[RefUpdate]) -> Result<Swap> {
        let mut names = BTreeSet::new();
        if !updates.iter().all(|update| names.insert(&update.name)) {
            return Err(Error::new(
                ErrorKind::INVALID_ARGUMENT,
                "two updates of one ref",
            ));
        }
        self.change(|state| {
            for update in updates {
                let swap = state.move_ref(update)?;
                if swap != Swap::Done {
                    return Ok((swap, false));
                }
            }
            state.put(records);
            Ok((Swap::Done, true))
        })
    }

    fn sync(&self, _: &Call<'_>) -> Result<()> {
        self.admit().map(drop)
    }

    fn stats(&self, _: &Call<'_>) -> Result<Stats> {
        self.admit().map(|_| Stats::default())
    }

    fn maintain(&self, _: &Call<'_>, operation: &str, _: &Report) -> Result<Report> {
        self.admit().and(Err(Error::unsupported(operation)))
    }

    fn close(&self) -> Result<()> {
        *self.open.write().unwrap() = false;
        Ok(())
    }
}
