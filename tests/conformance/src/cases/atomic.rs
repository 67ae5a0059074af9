//! `commit` of several refs: everything or nothing.

use prollytree_plugin_api::{Capabilities, ErrorKind, Hash, RefName, RefUpdate, Swap};

use crate::case::{Case, StorageCase, Verdict, ensure, ensure_same};
use crate::context::Context;
use crate::item::{Item, hashes, items};
use crate::store::{CALL, Store, expect_error, name, update};

const ATOMIC: Capabilities = Capabilities::ATOMIC_COMMIT;

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "commit.duplicate-names",
        promise: "Two updates of one name in a commit are an `INVALID_ARGUMENT`, and nothing moves.",
        why: "There is no order in which both could be meant.",
        needs: ATOMIC,
        run: duplicate_names,
    },
    Case {
        id: "commit.several-refs",
        promise: "One commit creates, moves and deletes several refs at once.",
        why: "A merge moves a branch and its working state in one step.",
        needs: ATOMIC,
        run: several_refs,
    },
    Case {
        id: "commit.hundreds-of-refs",
        promise: "A commit may move hundreds of refs.",
        why: "A copy of a store brings all of its branches and tags.",
        needs: ATOMIC,
        run: hundreds_of_refs,
    },
    Case {
        id: "commit.several-refs-all-or-none",
        promise: "If one of several refs is elsewhere, none moves, and the first such ref is named.",
        why: "Half of a change is worse than none.",
        needs: ATOMIC,
        run: all_or_none,
    },
    Case {
        id: "commit.lost-stores-nothing",
        promise: "With `ATOMIC_COMMIT` a commit that is lost or refused leaves no record behind.",
        why: "Either everything happens or nothing visible does.",
        needs: ATOMIC,
        run: lost_stores_nothing,
    },
    Case {
        id: "commit.collision-moves-nothing",
        promise: "A commit with names that exclude each other is a `CONFLICT`, and nothing moves.",
        why: "Names exclude each other within a commit as they do between commits.",
        needs: ATOMIC,
        run: collision_moves_nothing,
    },
    Case {
        id: "commit.judged-in-order",
        promise: "Updates are judged in the order given: deleting `a` makes room for `a/b` behind it.",
        why: "Renaming a branch is a deletion and a creation in one commit.",
        needs: ATOMIC,
        run: judged_in_order,
    },
];

struct Ground {
    store: Store,
    names: Vec<RefName>,
    targets: Vec<Hash>,
}

/// A store with the refs `heads/a`, `heads/b` and `heads/c` at the first three of six targets.
fn ground(context: &Context) -> Verdict<Ground> {
    let store = context.store()?;
    let all = items("target", 6);
    let names = ["heads/a", "heads/b", "heads/c"].map(name).to_vec();
    store.put(&all)?;
    for (name, item) in names.iter().zip(&all) {
        store.move_ref(&update(name, None, Some(item.hash)))?;
    }
    Ok(Ground {
        store,
        names,
        targets: hashes(&all),
    })
}

impl Ground {
    fn expect_unmoved(&self, did: &str) -> Verdict {
        let expected: Vec<_> = self
            .names
            .iter()
            .cloned()
            .zip(self.targets.iter().copied())
            .collect();
        ensure_same(did, &expected, &self.store.all_refs("", 100)?)
    }
}

fn duplicate_names(context: &Context) -> Verdict {
    let ground = ground(context)?;
    let Ground {
        store,
        names,
        targets,
    } = &ground;
    let step = |new| update(&names[0], Some(targets[0]), new);
    let chained = update(&names[0], Some(targets[3]), Some(targets[4]));
    let pairs = [
        [step(Some(targets[3])), step(Some(targets[3]))],
        [step(Some(targets[3])), chained],
        [step(None), update(&names[0], None, Some(targets[3]))],
    ];
    for pair in pairs {
        let did = "commit of two updates of one ref";
        let result = store.raw().commit(&CALL, &[], &pair);
        expect_error(did, result, ErrorKind::INVALID_ARGUMENT)?;
        ground.expect_unmoved(did)?;
    }
    Ok(())
}

fn several_refs(context: &Context) -> Verdict {
    let Ground {
        store,
        names,
        targets,
    } = ground(context)?;
    let new = name("tags/new");
    let updates = [
        update(&names[0], Some(targets[0]), Some(targets[3])),
        update(&new, None, Some(targets[4])),
        update(&names[1], Some(targets[1]), None),
        update(&names[2], Some(targets[2]), Some(targets[2])),
    ];
    let record = Item::blob("comes with them");
    store.commit_all([&record], &updates)?;
    let did = "commit that moves, creates, deletes and leaves a ref";
    let expected = vec![
        (names[0].clone(), targets[3]),
        (names[2].clone(), targets[2]),
        (new, targets[4]),
    ];
    ensure_same(did, &expected, &store.all_refs("", 100)?)?;
    store.expect_items(did, &[record])
}

fn hundreds_of_refs(context: &Context) -> Verdict {
    let store = context.store()?;
    let item = Item::blob("target");
    let names: Vec<RefName> = (0..400)
        .map(|number| name(&format!("tags/v{number:03}")))
        .collect();
    let create: Vec<RefUpdate> = names
        .iter()
        .map(|name| update(name, None, Some(item.hash)))
        .collect();
    store.commit_all([&item], &create)?;
    let did = "commit that creates 400 refs";
    let seen: Vec<RefName> = store
        .all_refs("tags/", 150)?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    ensure!(seen == names, did, "{} refs", seen.len());
    let delete: Vec<RefUpdate> = names
        .iter()
        .map(|name| update(name, Some(item.hash), None))
        .collect();
    store.commit_all(&[], &delete)?;
    ensure_same(
        "commit that deletes them",
        &0,
        &store.all_refs("", 150)?.len(),
    )
}

fn all_or_none(context: &Context) -> Verdict {
    let ground = ground(context)?;
    let Ground {
        store,
        names,
        targets,
    } = &ground;
    let right: Vec<RefUpdate> = names
        .iter()
        .zip(targets)
        .map(|(name, at)| update(name, Some(*at), Some(targets[5])))
        .collect();
    for wrong in 0..names.len() {
        let mut updates = right.clone();
        for update in &mut updates[wrong..] {
            update.expected = Some(targets[4]);
        }
        let did = format!("commit of three refs of which number {wrong} and later are elsewhere");
        let lost = Swap::Lost {
            name: names[wrong].clone(),
            current: Some(targets[wrong]),
        };
        ensure_same(&did, &lost, &store.commit(&[], &updates)?)?;
        ground.expect_unmoved(&did)?;
    }
    store.commit_all(&[], &right)
}

fn lost_stores_nothing(context: &Context) -> Verdict {
    let Ground {
        store,
        names,
        targets,
    } = ground(context)?;
    let fresh = items("of a commit that does not happen", 20);
    let records: Vec<_> = fresh.iter().map(Item::record).collect();
    let new = Some(fresh[19].hash);
    let did = "commit 20 new records with a ref that is elsewhere";
    let swap = store.commit(&fresh, &[update(&names[0], Some(targets[5]), new)])?;
    ensure!(swap != Swap::Done, did, "success");
    store.expect_absent(did, &hashes(&fresh))?;
    let did = "commit 20 new records with a ref that collides";
    let below = update(&name("heads/a/below"), None, new);
    let result = store.raw().commit(&CALL, &records, &[below]);
    expect_error(did, result, ErrorKind::CONFLICT)?;
    store.expect_absent(did, &hashes(&fresh))?;
    store.commit_all(&fresh, &[update(&names[0], Some(targets[0]), new)])?;
    store.expect_items(
        "commit the same records after two commits that did not happen",
        &fresh,
    )
}

fn collision_moves_nothing(context: &Context) -> Verdict {
    let ground = ground(context)?;
    let Ground {
        store,
        names,
        targets,
    } = &ground;
    let moved = update(&names[1], Some(targets[1]), Some(targets[5]));
    let create = |text: &str| update(&name(text), None, Some(targets[4]));
    let commits = [
        vec![moved.clone(), create("heads/a/below")],
        vec![create("heads/new"), create("heads/new/below")],
        vec![create("heads/new/below"), create("heads/new")],
        vec![create("heads/c/x/y"), moved],
    ];
    for updates in commits {
        let texts: Vec<_> = updates.iter().map(|update| update.name.as_str()).collect();
        let did = format!("commit of {}", texts.join(" and "));
        let result = store.raw().commit(&CALL, &[], &updates);
        expect_error(&did, result, ErrorKind::CONFLICT)?;
        ground.expect_unmoved(&did)?;
    }
    Ok(())
}

fn judged_in_order(context: &Context) -> Verdict {
    let Ground {
        store,
        names,
        targets,
    } = ground(context)?;
    let below = name("heads/a/below");
    let delete = update(&names[0], Some(targets[0]), None);
    let create = update(&below, None, Some(targets[3]));
    let early = [create.clone(), delete.clone()];
    let result = store.raw().commit(&CALL, &[], &early);
    expect_error(
        "commit that creates `a/b`, then deletes `a`",
        result,
        ErrorKind::CONFLICT,
    )?;
    store.commit_all(&[], &[delete, create])?;
    let did = "commit that deletes `a`, then creates `a/b`";
    store.expect_ref(did, &names[0], None)?;
    store.expect_ref(did, &below, Some(targets[3]))?;
    let back = [
        update(&below, Some(targets[3]), None),
        update(&names[0], None, Some(targets[0])),
    ];
    store.commit_all(&[], &back)?;
    store.expect_ref("commit that turns it back", &names[0], Some(targets[0]))
}
