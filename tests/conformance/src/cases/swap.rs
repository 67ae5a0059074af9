//! Compare-and-swap of one ref, by one caller.

use prollytree_plugin_api::{Capabilities, Hash, RefName, Swap};

use crate::case::{Case, StorageCase, Verdict, ensure_same};
use crate::context::Context;
use crate::item::{hashes, items};
use crate::store::{Store, describe, name, update};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "swap.creates-moves-deletes",
        promise: "A swap whose expectation holds creates, moves or deletes the ref.",
        why: "It is the only way in which anything changes.",
        needs: Capabilities::empty(),
        run: creates_moves_deletes,
    },
    Case {
        id: "swap.lost-names-current",
        promise: "A swap whose expectation fails moves nothing, wherever to, and tells the name and where the ref is.",
        why: "The loser merges with what it is told, without asking again.",
        needs: Capabilities::empty(),
        run: lost_names_current,
    },
    Case {
        id: "swap.to-where-it-is",
        promise: "Moving a ref to where it already is succeeds, absent to absent too.",
        why: "A retry of a commit that changes nothing is no conflict.",
        needs: Capabilities::empty(),
        run: to_where_it_is,
    },
    Case {
        id: "swap.compares-values-only",
        promise: "A ref that went away and came back is as good as one that never moved (ABA).",
        why: "Refs are values without history; a hidden counter would lose good swaps.",
        needs: Capabilities::empty(),
        run: compares_values,
    },
    Case {
        id: "swap.moves-one-ref-only",
        promise: "A swap changes no other ref.",
        why: "Branches are independent of each other.",
        needs: Capabilities::empty(),
        run: moves_one_ref,
    },
    Case {
        id: "swap.recreates-what-was-deleted",
        promise: "A deleted ref can be created again, as often as one likes.",
        why: "Leases and worktrees come and go under the same names.",
        needs: Capabilities::empty(),
        run: recreates,
    },
];

struct Ground {
    store: Store,
    main: RefName,
    targets: Vec<Hash>,
}

fn ground(context: &Context) -> Verdict<Ground> {
    let store = context.store()?;
    let records = items("target", 3);
    store.put(&records)?;
    Ok(Ground {
        store,
        main: name("heads/main"),
        targets: hashes(&records),
    })
}

fn creates_moves_deletes(context: &Context) -> Verdict {
    let Ground {
        store,
        main,
        targets,
    } = ground(context)?;
    let steps = [
        None,
        Some(targets[0]),
        Some(targets[1]),
        Some(targets[2]),
        None,
        Some(targets[1]),
    ];
    for pair in steps.windows(2) {
        let step = update(&main, pair[0], pair[1]);
        store.move_ref(&step)?;
        store.expect_ref(&describe(&step), &main, pair[1])?;
    }
    Ok(())
}

fn expect_lost(ground: &Ground, expected: Option<Hash>, new: Option<Hash>) -> Verdict {
    let Ground { store, main, .. } = ground;
    let current = store.get_ref(main)?;
    let step = update(main, expected, new);
    let lost = Swap::Lost {
        name: main.clone(),
        current,
    };
    ensure_same(&describe(&step), &lost, &store.swap(&step)?)?;
    store.expect_ref(&describe(&step), main, current)?;
    let did = format!("{}, by commit", describe(&step));
    ensure_same(&did, &lost, &store.commit(&[], &[step])?)?;
    store.expect_ref(&did, main, current)
}

fn lost_names_current(context: &Context) -> Verdict {
    let ground = ground(context)?;
    let [a, b, c] = [0, 1, 2].map(|index| Some(ground.targets[index]));
    expect_lost(&ground, a, b)?;
    expect_lost(&ground, b, c)?;
    expect_lost(&ground, a, None)?;
    expect_lost(&ground, a, a)?;
    ground.store.move_ref(&update(&ground.main, None, a))?;
    for (expected, new) in [
        (None, b),
        (b, c),
        (b, None),
        (None, None),
        (b, a),
        (None, a),
    ] {
        expect_lost(&ground, expected, new)?;
    }
    Ok(())
}

fn to_where_it_is(context: &Context) -> Verdict {
    let Ground {
        store,
        main,
        targets,
    } = ground(context)?;
    let there = Some(targets[0]);
    store.move_ref(&update(&main, None, None))?;
    store.expect_ref("swap of an absent ref to absent", &main, None)?;
    store.move_ref(&update(&main, None, there))?;
    store.move_ref(&update(&main, there, there))?;
    store.move_ref(&update(&main, there, there))?;
    store.expect_ref("swap of a ref to where it is, twice", &main, there)
}

fn compares_values(context: &Context) -> Verdict {
    let Ground {
        store,
        main,
        targets,
    } = ground(context)?;
    let [a, b, c] = [0, 1, 2].map(|index| Some(targets[index]));
    for (from, to) in [(None, a), (a, b), (b, a), (a, None), (None, a)] {
        store.move_ref(&update(&main, from, to))?;
    }
    store.move_ref(&update(&main, a, c))?;
    store.expect_ref("move a ref away and back, then swap from there", &main, c)
}

fn moves_one_ref(context: &Context) -> Verdict {
    let Ground {
        store,
        main,
        targets,
    } = ground(context)?;
    let others = [
        name("heads/main2"),
        name("heads/mai"),
        name("tags/main"),
        name("work/x/main"),
    ];
    for other in &others {
        store.move_ref(&update(other, None, Some(targets[0])))?;
    }
    let steps = [None, Some(targets[1]), Some(targets[2]), None];
    for pair in steps.windows(2) {
        store.move_ref(&update(&main, pair[0], pair[1]))?;
        for other in &others {
            store.expect_ref("swap of `heads/main`", other, Some(targets[0]))?;
        }
    }
    Ok(())
}

fn recreates(context: &Context) -> Verdict {
    let Ground {
        store,
        main,
        targets,
    } = ground(context)?;
    for round in 0..20 {
        let target = Some(targets[round % targets.len()]);
        store.move_ref(&update(&main, None, target))?;
        store.expect_ref("create a ref again", &main, target)?;
        store.move_ref(&update(&main, target, None))?;
        store.expect_ref("delete it again", &main, None)?;
    }
    let refs = store.all_refs("", 10)?;
    ensure_same("list after the last deletion", &Vec::new(), &refs)
}
