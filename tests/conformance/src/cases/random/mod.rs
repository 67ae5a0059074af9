//! Random work: the store against two sorted maps, and copies against the original.

mod operation;
mod shrink;

use prollytree_plugin_api::{Capabilities, RefName};

use self::operation::{Operation, World, random_operation};
use crate::case::{Case, Failure, StorageCase, Verdict, ensure_same};
use crate::context::Context;
use crate::item::Item;
use crate::random::Random;
use crate::store::{Store, update};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "random.against-a-model",
        promise: "Random sequences of calls are answered as two sorted maps would answer them.",
        why: "Nobody thinks of every order of calls; chance does.",
        needs: Capabilities::empty(),
        run: against_a_model,
    },
    Case {
        id: "random.copy-there-and-back",
        promise: "A store that is copied to another place and back has the same listing and the same refs.",
        why: "A store can be moved from any engine to any other.",
        needs: Capabilities::LIST,
        run: copy_there_and_back,
    },
];

fn against_a_model(context: &Context) -> Verdict {
    let declared = context.declared()?;
    for round in 0..context.count(3, 12) {
        let seed = context.surroundings.seed.wrapping_add(round as u64);
        let mut random = Random::new(seed);
        let count = context.count(250, 1_000);
        let operations: Vec<Operation> = (0..count)
            .map(|_| random_operation(&mut random, declared))
            .collect();
        if let Err((at, failure)) = replay(context, &operations) {
            return Err(shrink::shrunk(context, operations, at, failure));
        }
    }
    Ok(())
}

/// Does the operations in a fresh store; on failure says at which one.
fn replay(context: &Context, operations: &[Operation]) -> Result<(), (usize, Failure)> {
    let mut world = World::new(context).map_err(|failure| (0, failure))?;
    for (index, operation) in operations.iter().enumerate() {
        let done = operation.run(&mut world);
        let looked = done.and_then(|()| {
            if index % 25 == 24 {
                world.compare()
            } else {
                Ok(())
            }
        });
        looked.map_err(|failure| (index, failure))?;
    }
    world
        .compare()
        .map_err(|failure| (operations.len().saturating_sub(1), failure))
}

fn copy_there_and_back(context: &Context) -> Verdict {
    let mut world = World::new(context)?;
    let mut random = context.random();
    let declared = context.declared()?.difference(Capabilities::DURABLE);
    for _ in 0..context.count(150, 2_000) {
        random_operation(&mut random, declared).run(&mut world)?;
    }
    world.compare()?;
    let original = world.store();
    let (there, back) = (context.store()?, context.store()?);
    copy(original, &there)?;
    copy(&there, &back)?;
    for (did, copy) in [
        ("copy to another store", &there),
        ("copy it once more", &back),
    ] {
        ensure_same(did, &original.list_all(7)?, &copy.list_all(11)?)?;
        ensure_same(did, &original.all_refs("", 3)?, &copy.all_refs("", 100)?)?;
    }
    Ok(())
}

/// Copies records without links, page by page, then refs.
fn copy(from: &Store, to: &Store) -> Verdict {
    let entries = from.list_all(13)?;
    for page in entries.chunks(10) {
        let hashes: Vec<_> = page.iter().map(|entry| entry.hash).collect();
        let buffers = from.get(&hashes)?;
        let items: Vec<Item> = page
            .iter()
            .zip(buffers)
            .filter_map(|(entry, buffer)| Some(Item::new(entry.kind, Vec::new(), buffer?.to_vec())))
            .collect();
        to.put(&items)?;
    }
    to.sync()?;
    let refs: Vec<(RefName, _)> = from.all_refs("", 5)?;
    refs.iter()
        .try_for_each(|(name, hash)| to.move_ref(&update(name, None, Some(*hash))))
}
