//! An actor that writes until it is killed, and says after each step that it is done.
//!
//! Step `n` stores a root and the records it links to, all known from `n` alone, and moves one or
//! two refs from the root of step `n - 1` to this one.

use std::io;

use prollytree_plugin_api::{Options, RefUpdate, Swap};
use serde_json::{Value, json};

use super::{Access, Actor, speak};
use crate::case::{Failure, Verdict, ensure};
use crate::context::Context;
use crate::item::Item;
use crate::random::Random;
use crate::store::{Store, name, update};

/// How a step is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// One `commit` that moves a ref.
    Commit,
    /// One `commit` that moves two refs.
    CommitTwo,
    /// `put_many`, `sync`, `compare_and_swap_ref`.
    Swap,
    /// `put_many`, `sync`.
    Sync,
}

impl Style {
    const ALL: [Self; 4] = [Self::Commit, Self::CommitTwo, Self::Swap, Self::Sync];

    fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::CommitTwo => "commit-two",
            Self::Swap => "swap",
            Self::Sync => "sync",
        }
    }

    /// The refs that a step moves.
    pub(crate) fn refs(self) -> &'static [&'static str] {
        match self {
            Self::Commit | Self::Swap => &["heads/first"],
            Self::CommitTwo => &["heads/first", "heads/second"],
            Self::Sync => &[],
        }
    }
}

/// The records of a step; the last one is the root, which links to the others.
pub(crate) fn step_items(step: u64) -> Vec<Item> {
    let mut random = Random::new(step);
    let sizes = [10, 300, 4_000, random.below(20_000), random.below(100_000)];
    let mut items: Vec<Item> = sizes
        .into_iter()
        .map(|size| Item::random(&mut random, size + 8))
        .collect();
    let root = Item::parent(
        &items.iter().collect::<Vec<_>>(),
        &format!("root of step {step}"),
    );
    items.push(root);
    items
}

pub(crate) fn step_root(step: u64) -> Option<Item> {
    if step == 0 {
        None
    } else {
        step_items(step).pop()
    }
}

/// A process that goes on writing from the step after `done`.
pub(crate) struct Writer(Actor);

impl Writer {
    pub(crate) fn start(
        context: &Context,
        options: &Options,
        style: Style,
        done: u64,
    ) -> Verdict<Self> {
        let details = json!({"style": style.name(), "done": done});
        Ok(Self(Actor::start(
            context,
            "writer",
            options,
            Access::Write,
            &details,
        )?))
    }

    /// Waits for the next step that is done. `None` when the writer has come to its end.
    pub(crate) fn next_done(&mut self) -> Verdict<Option<u64>> {
        let Some(line) = self.0.hear()? else {
            return Ok(None);
        };
        if let Some(text) = line["failure"].as_str() {
            return Err(Failure::broken(
                "write until killed, in another process",
                text,
            ));
        }
        Ok(line["done"].as_u64())
    }

    /// Kills it, and returns the last step of which it could say that it is done.
    pub(crate) fn kill(mut self) -> Verdict<Option<u64>> {
        self.0.kill()?;
        let mut last = None;
        while let Some(done) = self.next_done()? {
            last = Some(done);
        }
        Ok(last)
    }
}

/// The other process: writes until it is killed.
pub(super) fn play(store: &Store, details: &Value) -> io::Result<()> {
    let style = Style::ALL
        .into_iter()
        .find(|style| details["style"] == style.name());
    let (Some(style), Some(mut step)) = (style, details["done"].as_u64()) else {
        return Err(io::Error::other("a writer without a style"));
    };
    loop {
        step += 1;
        match write(store, style, step) {
            Ok(()) => speak(&json!({"done": step}))?,
            Err(failure) => {
                let message = crate::Outcome::from(Err(failure)).message();
                return speak(&json!({"failure": format!("step {step}: {message}")}));
            }
        }
    }
}

fn write(store: &Store, style: Style, step: u64) -> Verdict {
    let items = step_items(step);
    let root = |step| step_root(step).map(|item| item.hash);
    let (old, new) = (root(step - 1), root(step));
    let updates: Vec<RefUpdate> = style
        .refs()
        .iter()
        .map(|text| update(&name(text), old, new))
        .collect();
    match style {
        Style::Commit | Style::CommitTwo => {
            let swap = store.commit(&items, &updates)?;
            ensure!(swap == Swap::Done, "commit, as the only writer", "{swap:?}");
        }
        Style::Swap => {
            store.put(&items)?;
            store.sync()?;
            updates
                .iter()
                .try_for_each(|update| store.move_ref(update))?;
        }
        Style::Sync => {
            store.put(&items)?;
            store.sync()?;
        }
    }
    Ok(())
}
