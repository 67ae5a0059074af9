//! What the verbs cost, counted in records: work is proportional to what changed.

use std::sync::Arc;

use prollytree::storage::Storage;
use prollytree::store::{CheckoutOptions, VersionedStore};
use prollytree_plugin_api::{Capabilities, Kind, NodeStorage};

use crate::witness::{Seen, Witness};
use crate::{branch, memory, options, rev, storage_on};

/// A store with so many rows, opened anew with nothing in the cache.
struct Counted {
    witness: Arc<Witness>,
    store: VersionedStore,
}

impl Counted {
    fn with_rows(rows: usize) -> Self {
        let witness = Witness::new(memory(), Capabilities::empty());
        let mut store = VersionedStore::init(storage(&witness), options()).unwrap();
        for row in 0..rows {
            store
                .put(format!("row {row:08}"), format!("value of row {row}"))
                .unwrap();
        }
        store.commit("Rows").unwrap();
        let mut counted = Self { witness, store };
        counted.reopen();
        counted
    }

    /// Opens the store anew with an empty cache and returns what that took.
    fn reopen(&mut self) -> Seen {
        self.witness.take();
        self.store = VersionedStore::open(storage(&self.witness), options()).unwrap();
        self.witness.take()
    }
}

fn storage(witness: &Arc<Witness>) -> Storage {
    let backend: Arc<dyn NodeStorage> = witness.clone();
    storage_on(&backend)
}

fn count(seen: &Seen, kind: Kind) -> usize {
    seen.written
        .iter()
        .filter(|written| **written == kind)
        .count()
}

#[test]
fn opening_reads_the_same_number_of_records_at_every_size() {
    let reads = |rows| Counted::with_rows(rows).reopen().reads;
    let few = reads(10);
    assert!(few <= 5, "{few} records: store, commit, catalog, root");
    assert_eq!(reads(1_000), few);
    assert_eq!(reads(100_000), few);
}

#[test]
fn a_commit_of_one_change_is_one_batch_and_moves_one_ref() {
    let mut counted = Counted::with_rows(20_000);
    let depth = counted.store.stats(None).unwrap().depth;
    assert!(depth >= 3);
    counted.reopen();
    counted.store.put("row 00010000", "another value").unwrap();
    assert_eq!(counted.witness.take().reads, 0, "a put looks nothing up");
    counted.store.commit("One change").unwrap();
    let seen = counted.witness.take();
    assert_eq!(seen.commits, [["heads/main"]]);
    assert!(seen.swaps.is_empty());
    // The path from the root to the leaf, and the one leaf of the catalog.
    assert_eq!(count(&seen, Kind::NODE), depth + 1);
    assert_eq!(
        (count(&seen, Kind::COMMIT), seen.written.len()),
        (1, depth + 2)
    );
    assert!(seen.reads <= depth + 1, "{} records read", seen.reads);
}

#[test]
fn a_commit_of_flushed_work_moves_one_ref_too() {
    let mut counted = Counted::with_rows(10);
    for round in 0..3 {
        counted.store.put("key", format!("{round}")).unwrap();
        counted.store.flush().unwrap();
        assert_eq!(counted.witness.take().commits, [["work/main"]]);
        counted.store.flush().unwrap();
        assert!(
            counted.witness.take().commits.is_empty(),
            "nothing new to flush"
        );
        counted.reopen();
        counted.store.commit("Flushed").unwrap();
        counted.store.flush().unwrap();
        assert_eq!(counted.witness.take().commits, [["heads/main"]]);
        counted.reopen();
        assert!(counted.store.is_clean().unwrap());
    }
}

#[test]
fn commits_without_a_flush_never_touch_the_work_record() {
    let mut counted = Counted::with_rows(10);
    counted.store.put("key", "flushed").unwrap();
    counted.store.flush().unwrap();
    counted.store.put("key", "changed again").unwrap();
    counted.witness.take();
    counted.store.commit("Both").unwrap();
    assert_eq!(
        counted.witness.take().commits,
        [["work/main"], ["heads/main"]]
    );
    counted.store.put("key", "once more").unwrap();
    counted.store.commit("The record is put right").unwrap();
    assert_eq!(
        counted.witness.take().commits,
        [["work/main"], ["heads/main"]]
    );
    for round in 0..3 {
        counted.store.put("key", format!("{round}")).unwrap();
        counted.store.commit("From then on").unwrap();
        assert_eq!(counted.witness.take().commits, [["heads/main"]]);
    }
    counted.reopen();
    assert!(counted.store.is_clean().unwrap());
}

#[test]
fn a_branch_is_one_ref_and_a_checkout_one_record_at_every_size() {
    for rows in [10, 10_000, 100_000, 1_000_000] {
        branch_and_check_out(Counted::with_rows(rows));
    }
}

fn branch_and_check_out(mut counted: Counted) {
    counted
        .store
        .create_branch(&branch("side"), &rev("HEAD"))
        .unwrap();
    let seen = counted.witness.take();
    assert_eq!(
        (seen.written.len(), seen.swaps),
        (0, vec!["heads/side".to_owned()])
    );
    counted.store.put("a", "b").unwrap();
    counted.store.commit("Main moves on").unwrap();
    counted.witness.take();
    counted
        .store
        .checkout(&rev("side"), CheckoutOptions::default())
        .unwrap();
    let seen = counted.witness.take();
    assert_eq!(
        (seen.written, seen.commits),
        (vec![Kind::META], vec![vec!["work/main".to_owned()]])
    );
    assert!(seen.reads <= 3, "{} records read", seen.reads);
}

#[test]
fn a_comparison_reads_what_differs() {
    let mut counted = Counted::with_rows(20_000);
    counted.store.put("row 00010000", "another value").unwrap();
    counted.store.commit("One change").unwrap();
    counted.reopen();
    let depth = 3;
    let changes = counted
        .store
        .diff(&rev("HEAD~1").into(), &rev("HEAD").into())
        .unwrap();
    assert_eq!(changes.count(), 1);
    let reads = counted.witness.take().reads;
    assert!(reads <= 2 * (depth + 2), "{reads} records read");
    counted.reopen();
    assert!(counted.store.is_clean().unwrap());
    assert_eq!(counted.witness.take().reads, 0, "equal roots need no look");
}

#[test]
fn the_history_of_a_key_looks_only_where_something_changed() {
    let mut counted = Counted::with_rows(20_000);
    for round in 0..20 {
        counted
            .store
            .put("row 00010000", format!("{round}"))
            .unwrap();
        counted.store.commit("Change").unwrap();
    }
    counted.reopen();
    let versions = counted
        .store
        .history(b"row 00000001", &rev("HEAD"))
        .unwrap();
    assert_eq!(versions.count(), 1);
    let reads = counted.witness.take().reads;
    assert!(reads <= 21 * 6, "{reads} records read");
}
