//! Sudden death: a process that writes is killed, again and again, and the store is looked at.

use std::thread;
use std::time::{Duration, Instant};

use prollytree_plugin_api::{Capabilities, Hash};

use crate::actor::Access;
use crate::actor::peer::Peer;
use crate::actor::writer::{Style, Writer, step_items, step_root};
use crate::case::{Case, StorageCase, Verdict, ensure};
use crate::context::{Context, Place};
use crate::item::hashes;
use crate::random::Random;
use crate::store::{Store, name, place, update};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "kill.while-committing",
        promise: "After SIGKILL every acknowledged commit is there, and the ref points to whole data.",
        why: "Processes die at any moment; what was said to be done is done.",
        needs: Capabilities::DURABLE,
        run: |context| kill_again_and_again(context, Style::Commit),
    },
    Case {
        id: "kill.while-committing-two-refs",
        promise: "After SIGKILL in a commit of two refs either both have moved or none, and of a commit that did not happen no record is there.",
        why: "An atomic commit is what makes a change of several branches safe.",
        needs: Capabilities::DURABLE.union(Capabilities::ATOMIC_COMMIT),
        run: |context| kill_again_and_again(context, Style::CommitTwo),
    },
    Case {
        id: "kill.while-swapping",
        promise: "After SIGKILL every acknowledged swap is there, with the records synced before it.",
        why: "A backend without atomic commit lives by this order.",
        needs: Capabilities::DURABLE,
        run: |context| kill_again_and_again(context, Style::Swap),
    },
    Case {
        id: "kill.while-syncing",
        promise: "After SIGKILL every record that an acknowledged `sync` covered is there.",
        why: "Large imports sync long before they commit.",
        needs: Capabilities::DURABLE,
        run: |context| kill_again_and_again(context, Style::Sync),
    },
    Case {
        id: "kill.beside-another-writer",
        promise: "When one of several writing processes is killed, the others go on at once.",
        why: "A lock that outlives its holder stops everybody.",
        needs: Capabilities::DURABLE.union(Capabilities::SHARED_WRITERS),
        run: kill_beside_another_writer,
    },
];

fn kill_again_and_again(context: &Context, style: Style) -> Verdict {
    let (place, store) = context.fresh()?;
    store.close()?;
    drop(store);
    let mut random = context.random();
    let mut done = 0;
    for _ in 0..context.count(8, 100) {
        let acknowledged = let_write_and_kill(context, &place, style, done, &mut random)?;
        let store = context.reopen(&place)?;
        done = check(&store, style, acknowledged)?;
        store.close()?;
    }
    Ok(())
}

/// Returns the last step that was acknowledged.
fn let_write_and_kill(
    context: &Context,
    place: &Place,
    style: Style,
    done: u64,
    random: &mut Random,
) -> Verdict<u64> {
    let mut writer = Writer::start(context, &place.options, style, done)?;
    let mut last = done;
    if random.below(4) == 0 {
        // Somewhere in the start: opening, recovering, the first step.
        thread::sleep(Duration::from_micros(random.next() % 30_000));
    } else {
        let (begun, steps) = (Instant::now(), 1 + random.below(8));
        for _ in 0..steps {
            let Some(step) = writer.next_done()? else {
                let did = "write until killed, in another process";
                return Err(crate::case::Failure::broken(
                    did,
                    "the process ended by itself",
                ));
            };
            last = step;
        }
        // At any moment of a further step, however long one takes here.
        let several = begun.elapsed().as_micros().clamp(3_000, 500_000);
        let longest = usize::try_from(several)
            .expect("clamped")
            .div_ceil(steps)
            .max(3_000);
        thread::sleep(Duration::from_micros(random.below(longest) as u64 * 2));
    }
    Ok(writer.kill()?.unwrap_or(last))
}

/// Checks what is there after a kill, and returns the step that the store has come to.
fn check(store: &Store, style: Style, acknowledged: u64) -> Verdict<u64> {
    let did = format!("kill the writing process after step {acknowledged} was acknowledged");
    let reached = match style.refs().first() {
        None => acknowledged,
        Some(first) => {
            let seen = store.get_ref(&name(first))?;
            reached(&did, seen, acknowledged)?
        }
    };
    for text in style.refs() {
        let right = step_root(reached).map(|item| item.hash);
        store.expect_ref(&format!("{did}, compare the refs"), &name(text), right)?;
    }
    for step in reached.saturating_sub(40).max(1)..=reached {
        store.expect_items(
            &format!("{did}, read what step {step} stored"),
            &step_items(step),
        )?;
    }
    if style == Style::CommitTwo {
        let half = format!("{did}, look for records of the commit that did not happen");
        store.expect_absent(&half, &hashes(&step_items(reached + 1)))?;
    }
    Ok(reached)
}

fn reached(did: &str, seen: Option<Hash>, acknowledged: u64) -> Verdict<u64> {
    let root = |step| step_root(step).map(|item| item.hash);
    let found = [acknowledged, acknowledged + 1]
        .into_iter()
        .find(|step| root(*step) == seen);
    let older = (0..acknowledged).rev().find(|step| root(*step) == seen);
    ensure!(
        older.is_none(),
        did,
        "the ref is back at step {older:?}: an acknowledged step is lost"
    );
    let at = place(seen);
    ensure!(
        found.is_some(),
        did,
        "the ref is at {at}, where no step put it"
    );
    Ok(found.unwrap_or(acknowledged))
}

fn kill_beside_another_writer(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let mut peer = Peer::start(context, &place.options, Access::Write)?;
    let mut random = context.random();
    let mut done = 0;
    for round in 0..context.count(6, 50) {
        let acknowledged = let_write_and_kill(context, &place, Style::Commit, done, &mut random)?;
        done = check(&store, Style::Commit, acknowledged)?;
        let did = "kill another writing process, then go on writing";
        let own = format!("heads/own-{round}");
        let text = format!("written by the peer in round {round}");
        ensure!(
            peer.commit(&text, &own, None)?,
            did,
            "the commit of a new ref was lost"
        );
        let at = store.get_ref(&name(&own))?;
        ensure!(
            at.is_some(),
            did,
            "this instance does not see the ref of the other one"
        );
        store.move_ref(&update(&name(&own), at, None))?;
        ensure!(
            peer.get_ref(&own)?.is_none(),
            did,
            "the other instance sees a deleted ref"
        );
    }
    Ok(())
}
