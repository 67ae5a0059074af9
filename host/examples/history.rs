//! The layer `history` alone: a catalog of trees, commits made of it, and the log that they are.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use prollytree::history::{
    BranchName, Catalog, CatalogEntry, Commit, CommitId, Log, NamespaceKey, Person, Signature,
};
use prollytree::storage::{RecordBatch, Storage, StorageOptions};
use prollytree::tree::{Parameters, Tree};
use prollytree_plugin_api::{OpenStorage, Options, RefUpdate, Swap, Timestamp};

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = OpenStorage::or_create(Options::new());
    let backend = (prollytree_backend_memory::BACKEND.open)(&request)?;
    let storage = Storage::new(backend, StorageOptions::default());
    let first = commit(&storage, None, "one", "The first row")?;
    let second = commit(&storage, Some(first), "two", "Another row")?;
    for item in Log::new(&storage, [second]) {
        let (id, commit) = item?;
        println!("{} {} {}", id.short(), commit.generation, commit.summary());
    }
    let main = storage.reference(BranchName::main().ref_name())?;
    assert_eq!(main, Some(second.0));
    Ok(())
}

/// Commits one namespace with one row, and moves the branch there in the same step.
fn commit(
    storage: &Storage,
    parent: Option<CommitId>,
    row: &str,
    message: &str,
) -> Result<CommitId, Box<dyn std::error::Error>> {
    let rows = [(row.as_bytes().to_vec(), b"value".to_vec())];
    let tree = Tree::build(storage.clone(), Parameters::default(), rows)?;
    let mut batch = RecordBatch::new();
    let entry = CatalogEntry::plain(tree.root(), *tree.parameters());
    let catalog = Catalog::empty(storage).with(&NamespaceKey::plain(), Some(&entry), &mut batch)?;
    let generation = 1 + match parent {
        None => 0,
        Some(parent) => storage.load::<Commit>(&parent.0)?.generation,
    };
    let seconds = i64::try_from(generation)?;
    let ada = Person::new("Ada Lovelace", "ada@example.org")?;
    let signature = Signature::new(ada, Timestamp(seconds * 1_000_000), 0);
    let commit = Commit {
        root: catalog.root(),
        aux: None,
        parents: parent.into_iter().collect(),
        generation,
        author: signature.clone(),
        committer: signature,
        message: message.to_owned(),
        extra: Vec::new(),
    };
    let id = commit.push_to(&mut batch)?;
    let update = RefUpdate {
        name: BranchName::main().ref_name().clone(),
        expected: parent.map(|parent| parent.0),
        new: Some(id.0),
    };
    match storage.commit(&batch, &[update])? {
        Swap::Done => Ok(id),
        Swap::Lost { .. } => Err("another was faster".into()),
    }
}
