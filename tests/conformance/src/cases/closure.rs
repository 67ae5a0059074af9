//! Closure: records that refer to others, which come before them.

use prollytree_plugin_api::{Capabilities, Kind};

use crate::case::{Case, StorageCase, Verdict};
use crate::context::Context;
use crate::item::{Item, hashes, items};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "closure.links-within-a-batch",
        promise: "A record may link to records that come earlier in its batch.",
        why: "A new tree arrives in one batch, leaves first.",
        needs: Capabilities::empty(),
        run: links_within_a_batch,
    },
    Case {
        id: "closure.links-to-earlier-batches",
        promise: "A record may link to records that were put before.",
        why: "A new tree shares most of its nodes with the old one.",
        needs: Capabilities::empty(),
        run: links_to_earlier_batches,
    },
    Case {
        id: "closure.many-links",
        promise: "A record may have thousands of links, the same one among them several times.",
        why: "A wide node links to all of its children.",
        needs: Capabilities::empty(),
        run: many_links,
    },
    Case {
        id: "closure.deep-chain",
        promise: "A chain of thousands of records, each linked to the one before, is stored in one batch.",
        why: "A history is such a chain; following it recursively would overflow the stack.",
        needs: Capabilities::empty(),
        run: deep_chain,
    },
];

fn links_within_a_batch(context: &Context) -> Verdict {
    let store = context.store()?;
    let leaves = items("leaf", 8);
    let left = Item::parent(&leaves[..4].iter().collect::<Vec<_>>(), "left");
    let right = Item::parent(&leaves[2..].iter().collect::<Vec<_>>(), "right");
    let root = Item::parent(&[&left, &right], "root");
    let mut batch = leaves;
    batch.extend([left, right, root]);
    store.put(&batch)?;
    store.expect_items("put a tree in one batch, leaves first", &batch)
}

fn links_to_earlier_batches(context: &Context) -> Verdict {
    let store = context.store()?;
    let leaves = items("leaf", 4);
    let parent = Item::parent(&leaves.iter().collect::<Vec<_>>(), "parent");
    let new_leaf = Item::blob("new leaf");
    let sibling = Item::parent(&[&leaves[0], &new_leaf, &leaves[3]], "sibling");
    let root = Item::parent(&[&parent, &sibling], "root");
    store.put(&leaves)?;
    store.put([&parent])?;
    store.sync()?;
    store.put([&new_leaf, &sibling, &root])?;
    store.expect_items(
        "put a tree in three batches",
        &[parent, new_leaf, sibling, root],
    )
}

fn many_links(context: &Context) -> Verdict {
    let store = context.store()?;
    let leaves = items("leaf of a wide node", 3_000);
    let mut links = hashes(&leaves);
    links.extend_from_within(..100);
    let node = Item::new(Kind::NODE, links, b"a wide node".to_vec());
    store.put(&leaves)?;
    store.put([&node])?;
    store.expect_items("put a record with 3,100 links", &[node])
}

fn deep_chain(context: &Context) -> Verdict {
    let store = context.store()?;
    let mut chain: Vec<Item> = vec![Item::blob("the beginning")];
    for number in 1..5_000 {
        let below = &chain[number - 1];
        chain.push(Item::parent(&[below], &format!("step {number}")));
    }
    store.put(&chain)?;
    store.expect_items("put a chain of 5,000 records in one batch", &chain)
}
