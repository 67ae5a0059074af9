//! Random sessions against the model.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use prollytree::history::{CommitId, Position, Revision, WorktreeName};
use prollytree::store::{
    CheckoutOptions, CommitOptions, Merge, StoreError, StoreOptions, VersionedStore,
};
use prollytree_plugin_api::{Capabilities, NodeStorage};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::Answer::{Done, Refused};
use crate::model::{Answer, Model, ModelCommit, Place};
use crate::witness::Witness;
use crate::{branch, entries, memory, options, redb, storage_on};

#[derive(Clone, Debug)]
enum Op {
    Put(u8, u8),
    Update(u8, u8),
    Delete(u8),
    Flush,
    Commit {
        empty: bool,
    },
    /// Another session, in another worktree, commits on a branch.
    Elsewhere {
        on: u8,
        key: u8,
        value: u8,
    },
    CreateBranch(u8),
    DeleteBranch {
        name: u8,
        force: bool,
    },
    RenameBranch(u8, u8),
    Checkout {
        to: u8,
        force: bool,
    },
    CheckoutNew(u8),
    Orphan {
        name: u8,
        force: bool,
    },
    Detach {
        back: u8,
        force: bool,
    },
    Merge(u8),
    Discard,
    Refresh,
    /// The session ends, with its staged edits flushed or lost, and another begins.
    Reopen {
        flush: bool,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let (name, key, value) = (0_u8..3, 0_u8..6, 0_u8..3);
    let flag = any::<bool>();
    prop_oneof![
        8 => (key.clone(), value.clone()).prop_map(|(key, value)| Op::Put(key, value)),
        2 => (key.clone(), value.clone()).prop_map(|(key, value)| Op::Update(key, value)),
        3 => key.clone().prop_map(Op::Delete),
        3 => Just(Op::Flush),
        6 => prop::bool::weighted(0.1).prop_map(|empty| Op::Commit { empty }),
        2 => (name.clone(), key, value).prop_map(|(on, key, value)| Op::Elsewhere { on, key, value }),
        2 => name.clone().prop_map(Op::CreateBranch),
        1 => (name.clone(), flag).prop_map(|(name, force)| Op::DeleteBranch { name, force }),
        1 => (name.clone(), name.clone()).prop_map(|(from, to)| Op::RenameBranch(from, to)),
        3 => (name.clone(), flag).prop_map(|(to, force)| Op::Checkout { to, force }),
        1 => name.clone().prop_map(Op::CheckoutNew),
        1 => (name.clone(), flag).prop_map(|(name, force)| Op::Orphan { name, force }),
        1 => (0_u8..3, flag).prop_map(|(back, force)| Op::Detach { back, force }),
        2 => name.prop_map(Op::Merge),
        1 => Just(Op::Discard),
        1 => Just(Op::Refresh),
        4 => flag.prop_map(|flush| Op::Reopen { flush }),
    ]
}

fn name(index: u8) -> String {
    ["main", "b", "c/d"][usize::from(index)].to_owned()
}

fn key(index: u8) -> String {
    format!("key {index}")
}

fn value(index: u8) -> String {
    format!("value {index}")
}

/// The store under test and its model.
struct Session {
    backend: Arc<dyn NodeStorage>,
    /// The file that the backend keeps its data in, if it survives being closed.
    file: Option<PathBuf>,
    options: StoreOptions,
    store: VersionedStore,
    model: Model,
    ids: Vec<CommitId>,
}

fn answer<T>(result: Result<T, StoreError>) -> Answer {
    match result {
        Ok(_) => Done,
        Err(StoreError::NothingToCommit) => Refused("nothing"),
        Err(StoreError::BranchMoved { .. }) => Refused("moved"),
        Err(StoreError::Uncommitted { .. }) => Refused("uncommitted"),
        Err(StoreError::BranchExists(_)) => Refused("exists"),
        Err(StoreError::NoSuchBranch(_)) => Refused("no branch"),
        Err(StoreError::BranchInUse { .. }) => Refused("in use"),
        Err(StoreError::DefaultBranch(_)) => Refused("default"),
        Err(StoreError::NotMerged { .. }) => Refused("not merged"),
        Err(StoreError::Diverged { .. }) => Refused("diverged"),
        Err(StoreError::Revision(_)) => Refused("revision"),
        Err(error) => panic!("{error}"),
    }
}

fn watched(file: Option<&Path>) -> Arc<dyn NodeStorage> {
    Witness::new(file.map_or_else(memory, redb), Capabilities::empty())
}

impl Session {
    fn new(staging_bytes: usize, file: Option<PathBuf>) -> Self {
        let backend = watched(file.as_deref());
        let options = StoreOptions {
            staging_bytes,
            ..options()
        };
        let store = VersionedStore::init(storage_on(&backend), options.clone()).unwrap();
        // The other worktree has a record, so that it opens also after `main` was renamed.
        let elsewhere = StoreOptions {
            worktree: WorktreeName::new("elsewhere").unwrap(),
            ..options.clone()
        };
        VersionedStore::open(storage_on(&backend), elsewhere)
            .unwrap()
            .checkout_orphan(&branch("elsewhere"), CheckoutOptions::default())
            .unwrap();
        Self {
            backend,
            file,
            options,
            store,
            model: Model::new(),
            ids: Vec::new(),
        }
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Put(k, v) => {
                self.store.put(key(k), value(v)).unwrap();
                self.model.map.insert(key(k), value(v));
            }
            Op::Update(k, v) => {
                let present = self.model.map.contains_key(&key(k));
                assert_eq!(self.store.update(key(k), value(v)).unwrap(), present);
                if present {
                    self.model.map.insert(key(k), value(v));
                }
            }
            Op::Delete(k) => {
                let was = self.model.map.remove(&key(k)).is_some();
                assert_eq!(self.store.delete(key(k).as_bytes()).unwrap(), was);
            }
            Op::Flush => {
                self.store.flush().unwrap();
                self.model.save();
            }
            Op::Commit { empty } => self.commit(empty),
            Op::Elsewhere { on, key, value } => self.elsewhere(on, key, value),
            Op::Discard => {
                self.store.discard().unwrap();
                let head = self.model.head_of(&self.model.place);
                self.model.stand(self.model.place.clone(), head);
            }
            Op::Refresh => {
                self.store.refresh().unwrap();
                if self.model.is_clean() {
                    self.model.saved.1 = None;
                    self.model.load();
                }
            }
            Op::Reopen { flush } => {
                if flush {
                    self.store.flush().unwrap();
                    self.model.save();
                }
                if let Some(file) = &self.file {
                    self.store.storage().close().unwrap();
                    self.backend = watched(Some(file));
                }
                let storage = storage_on(&self.backend);
                self.store = VersionedStore::open(storage, self.options.clone()).unwrap();
                self.model.load();
            }
            ref other => self.run_on_branches(other),
        }
    }

    fn run_on_branches(&mut self, op: &Op) {
        let head = || Revision::head();
        match *op {
            Op::CreateBranch(new) => {
                let result = answer(self.store.create_branch(&branch(&name(new)), &head()));
                assert_eq!(result, self.model.create_branch(&name(new)));
            }
            Op::DeleteBranch { name: old, force } => {
                let result = answer(self.store.delete_branch(&branch(&name(old)), force));
                assert_eq!(result, self.model.delete_branch(&name(old), force));
            }
            Op::RenameBranch(from, to) => {
                let result = answer(
                    self.store
                        .rename_branch(&branch(&name(from)), &branch(&name(to))),
                );
                assert_eq!(result, self.model.rename_branch(&name(from), &name(to)));
            }
            Op::Checkout { to, force } => {
                let how = CheckoutOptions {
                    force,
                    detach: false,
                };
                let result = answer(self.store.checkout(&Revision::new(&name(to)).unwrap(), how));
                let expected = match self.model.branches.get(&name(to)).copied() {
                    None => Refused("revision"),
                    target => self.model.move_to(Place::Branch(name(to)), target, force),
                };
                assert_eq!(result, expected);
            }
            Op::CheckoutNew(new) => {
                let how = CheckoutOptions::default();
                let result = answer(self.store.checkout_new(&branch(&name(new)), None, how));
                assert_eq!(result, self.model.checkout_new(&name(new)));
            }
            Op::Orphan { name: new, force } => {
                let how = CheckoutOptions {
                    force,
                    detach: false,
                };
                let result = answer(self.store.checkout_orphan(&branch(&name(new)), how));
                let expected = if self.model.branches.contains_key(&name(new)) {
                    Refused("exists")
                } else {
                    self.model.move_to(Place::Branch(name(new)), None, force)
                };
                assert_eq!(result, expected);
            }
            Op::Detach { back, force } => {
                let how = CheckoutOptions {
                    force,
                    detach: true,
                };
                let revision = Revision::new(&format!("HEAD~{back}")).unwrap();
                let result = answer(self.store.checkout(&revision, how));
                let line = self.model.line(self.model.base);
                let expected = match line.get(usize::from(back)) {
                    None => Refused("revision"),
                    Some(&to) => self.model.move_to(Place::Detached(to), Some(to), force),
                };
                assert_eq!(result, expected);
            }
            Op::Merge(theirs) => self.merge(&name(theirs)),
            _ => unreachable!("run elsewhere"),
        }
    }

    fn commit(&mut self, empty: bool) {
        let options = CommitOptions {
            allow_empty: empty,
            ..CommitOptions::default()
        };
        let result = self.store.commit_with(options);
        if let Ok(id) = result {
            self.ids.push(id);
        }
        assert_eq!(answer(result), self.model.commit(empty));
    }

    fn elsewhere(&mut self, on: u8, k: u8, v: u8) {
        let Some(&head) = self.model.branches.get(&name(on)) else {
            return;
        };
        let worktree = WorktreeName::new("elsewhere").unwrap();
        let options = StoreOptions {
            worktree,
            ..self.options.clone()
        };
        let mut other = VersionedStore::open(storage_on(&self.backend), options).unwrap();
        let force = CheckoutOptions {
            force: true,
            detach: false,
        };
        other
            .checkout(&Revision::new(&name(on)).unwrap(), force)
            .unwrap();
        other.put(key(k), value(v)).unwrap();
        let mut map = self.model.map_of(Some(head));
        if map.insert(key(k), value(v)) != Some(value(v)) {
            self.ids.push(other.commit("elsewhere").unwrap());
            self.model
                .branches
                .insert(name(on), self.model.commits.len());
            self.model.commits.push(ModelCommit {
                parent: Some(head),
                map,
            });
        }
        other
            .checkout(
                &Revision::head(),
                CheckoutOptions {
                    detach: true,
                    ..force
                },
            )
            .unwrap();
    }

    fn merge(&mut self, theirs: &str) {
        let result = self.store.merge(&Revision::new(theirs).unwrap());
        let model = &mut self.model;
        let (ours, Some(&theirs)) = (model.base, model.branches.get(theirs)) else {
            assert_eq!(answer(result), Refused("revision"));
            return;
        };
        let is_ours = |commit| model.line(ours).contains(&commit);
        let expected = if is_ours(theirs) {
            assert_eq!(result.unwrap(), Merge::UpToDate);
            return;
        } else if ours.is_some_and(|ours| !model.line(Some(theirs)).contains(&ours)) {
            Refused("diverged")
        } else if !model.is_clean() {
            Refused("uncommitted")
        } else if model.head_of(&model.place) != ours {
            // Flushed changes that were taken back since are flushed as they are now.
            if model.saved.1.is_some() {
                model.save();
            }
            Refused("moved")
        } else {
            match model.place.clone() {
                Place::Branch(name) => {
                    model.branches.insert(name.clone(), theirs);
                    model.stand(Place::Branch(name), Some(theirs));
                }
                Place::Detached(_) => model.stand(Place::Detached(theirs), Some(theirs)),
            }
            Done
        };
        assert_eq!(answer(result), expected);
    }

    /// Compares everything that can be seen.
    fn compare(&self) {
        let (store, model) = (&self.store, &self.model);
        let id = |commit: usize| self.ids[commit];
        let shown: Vec<_> = model.map.clone().into_iter().collect();
        assert_eq!(entries(store), shown);
        let mut backwards: Vec<_> = store
            .iter()
            .rev()
            .map(|entry| String::from_utf8(entry.unwrap().0).unwrap())
            .collect();
        backwards.reverse();
        assert_eq!(backwards, model.map.keys().cloned().collect::<Vec<_>>());
        assert_eq!(store.len().unwrap(), model.map.len() as u64);
        assert_eq!(store.head(), model.base.map(id));
        let place = match &model.place {
            Place::Branch(name) => Position::Branch(branch(name)),
            Place::Detached(commit) => Position::Detached(id(*commit)),
        };
        assert_eq!(store.position(), &place);
        let status = store.status().unwrap();
        assert_eq!(status.head, model.head_of(&model.place).map(id));
        assert_eq!(status.clean, model.is_clean());
        let before = model.map_of(model.base);
        let mut changed: Vec<_> = before.keys().chain(model.map.keys()).collect();
        changed.retain(|key| before.get(*key) != model.map.get(*key));
        changed.sort();
        changed.dedup();
        assert_eq!(crate::changed(store).iter().collect::<Vec<_>>(), changed);
        let branches: Vec<_> = (store.branches().unwrap().into_iter())
            .filter_map(|branch| Some((branch.name.to_string(), branch.head?)))
            .collect();
        let expected: Vec<_> = model
            .branches
            .iter()
            .map(|(name, head)| (name.clone(), id(*head)))
            .collect();
        assert_eq!(branches, expected);
    }

    /// Compares what every commit holds, and what it follows.
    fn compare_commits(&self) {
        for (commit, id) in self.model.commits.iter().zip(&self.ids) {
            let snapshot = self.store.snapshot(*id).unwrap();
            let parents: Vec<_> = commit
                .parent
                .map(|parent| self.ids[parent])
                .into_iter()
                .collect();
            assert_eq!(snapshot.commit().parents, parents);
            assert_eq!(snapshot.len(), commit.map.len() as u64);
            for (key, value) in &commit.map {
                let found = snapshot.get(key.as_bytes()).unwrap();
                assert_eq!(found.as_deref(), Some(value.as_bytes()));
            }
        }
    }
}

fn staging_bytes() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0), Just(300), Just(1 << 20)]
}

fn run(ops: &[Op], staging_bytes: usize, file: Option<PathBuf>) {
    let mut session = Session::new(staging_bytes, file);
    for op in ops {
        session.run(op);
        session.compare();
    }
    session.compare_commits();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_store_does_what_maps_and_a_list_of_commits_do(
        ops in vec(op(), 1..60),
        staging_bytes in staging_bytes(),
    ) {
        run(&ops, staging_bytes, None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_store_in_a_file_does_too(ops in vec(op(), 1..60), staging_bytes in staging_bytes()) {
        let folder = tempfile::tempdir().unwrap();
        run(&ops, staging_bytes, Some(folder.path().join("store.redb")));
    }
}
