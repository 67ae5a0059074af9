//! The backend stops working in the middle of a verb: what was acknowledged is there afterwards, and
//! what was not is there as a whole or not at all.

use std::sync::Arc;

use prollytree::history::{CommitId, TagName};
use prollytree::storage::Storage;
use prollytree::store::{CheckoutOptions, StoreError, VersionedStore};
use prollytree_plugin_api::{Capabilities, NodeStorage};

use crate::witness::Witness;
use crate::{branch, entries, memory, options, rev, storage_on};

type Step = fn(&mut VersionedStore) -> Result<(), StoreError>;

/// A life of a store in which every verb that writes occurs.
const STEPS: [Step; 13] = [
    |store| {
        store.put("a", "1")?;
        store.commit("First").map(drop)
    },
    |store| {
        store.put("b", "2")?;
        store.flush()
    },
    // Flushed changes that were changed again: the work record comes first, then the branch.
    |store| {
        store.put("b", "3")?;
        store.put("c", "4")?;
        store.commit("Second").map(drop)
    },
    |store| {
        store.put("d", "5")?;
        store
            .checkout_new(&branch("side"), None, CheckoutOptions::default())
            .map(drop)
    },
    |store| store.commit("Third").map(drop),
    |store| {
        store
            .checkout(&rev("main"), CheckoutOptions::default())
            .map(drop)
    },
    |store| store.merge(&rev("side")).map(drop),
    |store| store.rename_branch(&branch("main"), &branch("trunk")),
    |store| {
        store
            .tag(&TagName::new("v1").unwrap(), &rev("HEAD"), Some("One"))
            .map(drop)
    },
    |store| {
        store
            .checkout(&rev("HEAD~1"), CheckoutOptions::default())
            .map(drop)
    },
    |store| {
        store.put("e", "6")?;
        store.commit("Detached").map(drop)
    },
    |store| {
        store.put("f", "7")?;
        store.flush()
    },
    VersionedStore::discard,
];

/// What a session finds that opens the store.
#[derive(Debug, PartialEq)]
struct Found {
    head: Option<CommitId>,
    committed: Vec<CommitId>,
    entries: Vec<(String, String)>,
}

fn open(witness: &Arc<Witness>) -> Storage {
    let backend: Arc<dyn NodeStorage> = witness.clone();
    storage_on(&backend)
}

fn found(witness: &Arc<Witness>) -> Found {
    let store = VersionedStore::open(open(witness), options()).unwrap();
    let branches = store.branches().unwrap();
    let heads = branches.iter().filter_map(|branch| branch.head);
    let committed = prollytree::history::Log::new(store.storage(), heads.chain(store.head()));
    Found {
        head: store.head(),
        committed: committed.map(|item| item.unwrap().0).collect(),
        entries: entries(&store),
    }
}

/// Runs the steps until the backend fails after so many writes. Returns what is found after each
/// step that succeeded, and at the end whether all did.
fn run(writes: usize) -> (Vec<Found>, bool, Arc<Witness>) {
    let witness = Witness::new(memory(), Capabilities::empty());
    let mut store = VersionedStore::init(open(&witness), options()).unwrap();
    let mut after = vec![found(&witness)];
    witness.fail_after(writes);
    for step in STEPS {
        if step(&mut store).is_err() {
            witness.fail_after(usize::MAX);
            return (after, false, witness);
        }
        after.push(found(&witness));
    }
    (after, true, witness)
}

#[test]
fn a_verb_that_is_interrupted_leaves_what_was_there_or_what_it_was_to_make() {
    let (whole, finished, _) = run(usize::MAX);
    assert!(finished && whole.len() == STEPS.len() + 1);
    let mut interruptions = 0;
    loop {
        let (after, finished, witness) = run(interruptions);
        assert_eq!(after[..], whole[..after.len()]);
        if finished {
            break;
        }
        interruptions += 1;
        let (before, next) = (&whole[after.len() - 1], &whole[after.len()]);
        let now = found(&witness);
        let step = after.len();
        assert!(
            now.entries == before.entries || now.entries == next.entries,
            "step {step}: {now:?}"
        );
        assert!(
            now.head == before.head || now.head == next.head,
            "step {step}: {now:?}"
        );
        assert!(
            before.committed.iter().all(|id| now.committed.contains(id)),
            "step {step}"
        );
    }
    assert!(
        interruptions >= STEPS.len(),
        "{interruptions} interruptions"
    );
}
