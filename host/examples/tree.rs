//! The layer `tree` alone: a sorted map that is edited, compared, merged and proven, without history.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use prollytree::storage::{Storage, StorageOptions};
use prollytree::tree::{BareTree, LeaveConflicts, Parameters, Proof};
use prollytree_plugin_api::{OpenStorage, Options};

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = OpenStorage::or_create(Options::new());
    let backend = (prollytree_backend_memory::BACKEND.open)(&request)?;
    let storage = Storage::new(backend, StorageOptions::default());

    let mut fruit = BareTree::open_or_create(&storage, "fruit", Parameters::default())?;
    let rows = (0..10_000).map(|n| (format!("fruit/{n:05}"), format!("weighs {n} g")));
    fruit.insert_batch(rows)?;
    let base = fruit.tree()?;
    fruit.save_config()?;
    println!("{} entries, root {}", base.len(), base.root().short());

    // Two that began with the same tree change it.
    fruit.insert("fruit/00007", "weighs 8 g")?;
    let mut theirs = BareTree::load_config(&storage, "fruit")?.ok_or("it was saved")?;
    theirs.delete(b"fruit/00042")?;
    let theirs = theirs.tree()?;
    let conflicts = fruit.merge_with(&base, &theirs, LeaveConflicts)?;
    assert!(conflicts.is_empty());
    for change in base.diff(&fruit.tree()?) {
        let change = change?;
        println!("changed: {}", String::from_utf8(change.key)?);
    }

    // The root alone shows what is in the tree.
    let root = fruit.root_hash()?;
    let proof = fruit.generate_proof(b"fruit/00042")?.encode();
    println!("a proof that one is gone has {} bytes", proof.len());
    assert!(Proof::decode(&proof)?.verify(&root, b"fruit/00042", None));
    Ok(())
}
