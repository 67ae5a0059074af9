//! A counter in a ref: whoever takes part adds one by compare-and-swap until it has won often
//! enough. A swap that is not atomic loses or repeats a number.

use prollytree_plugin_api::{Hash, Swap};

use crate::case::{Failure, Verdict, ensure};
use crate::item::Item;
use crate::store::{Store, name, update};

/// The ref that counts.
pub(crate) const COUNTER: &str = "heads/counter";

fn number(count: u64) -> Item {
    Item::blob(format!("the count is {count}"))
}

/// Adds one `wins` times and returns the numbers that were reached by it.
pub(crate) fn count(store: &Store, wins: usize) -> Verdict<Vec<u64>> {
    let counter = name(COUNTER);
    let (mut won, mut known) = (Vec::new(), 0);
    while won.len() < wins {
        let current = store.get_ref(&counter)?;
        known = read(current, known)?;
        let next = number(known + 1);
        let swap = store.commit([&next], &[update(&counter, current, Some(next.hash))])?;
        match swap {
            Swap::Done => {
                known += 1;
                won.push(known);
            }
            Swap::Lost { current, .. } => known = read(current, known)?,
        }
    }
    Ok(won)
}

/// Which number the ref stands for. It never falls below what was known before.
fn read(current: Option<Hash>, known: u64) -> Verdict<u64> {
    const FAR: u64 = 100_000;
    let Some(current) = current else {
        ensure!(
            known == 0,
            "count in a ref",
            "the ref is absent after it was at {known}"
        );
        return Ok(0);
    };
    (known..known + FAR)
        .find(|count| number(*count).hash == current)
        .ok_or_else(|| {
            Failure::broken(
                "count in a ref, which only ever grows",
                format!("the ref is at a number below {known}, or at none"),
            )
        })
}

/// All numbers that anyone has won are different, and together they are what the ref stands for.
pub(crate) fn check(did: &str, store: &Store, mut won: Vec<u64>) -> Verdict {
    won.sort_unstable();
    let total: u64 = won.len().try_into().expect("a length fits in 64 bits");
    let twice = won
        .windows(2)
        .find(|pair| pair[0] == pair[1])
        .map(|pair| pair[0]);
    ensure!(
        twice.is_none(),
        did,
        "number {twice:?} was won twice: two swaps from the same value"
    );
    ensure!(
        won.iter().copied().eq(1..=total),
        did,
        "a number was never won by anyone"
    );
    let last = store.get_ref(&name(COUNTER))?;
    let right = Some(number(total).hash);
    ensure!(
        last == right,
        did,
        "{total} swaps were won, but the ref is elsewhere"
    );
    let there = store.contains(&[number(total).hash])?;
    ensure!(
        there == [true],
        did,
        "the record of the last number is absent"
    );
    Ok(())
}
