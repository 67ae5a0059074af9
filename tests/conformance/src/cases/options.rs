//! Opening: which options are taken, and when a store is made.

use std::fs;

use prollytree_plugin_api::{Capabilities, ErrorKind, OpenStorage, Options};
use serde_json::json;

use crate::case::{Case, Failure, StorageCase, Verdict, ensure, ensure_same};
use crate::context::{Context, Place};
use crate::item::items;
use crate::store::{expect_error, name, update};

pub(super) const CASES: &[StorageCase] = &[
    Case {
        id: "options.unknown-is-refused",
        promise: "An option that the backend does not know is an `INVALID_CONFIG` that names it, and nothing is made.",
        why: "A misspelt option that is ignored is a promise that is not kept.",
        needs: Capabilities::empty(),
        run: unknown_is_refused,
    },
    Case {
        id: "options.wrong-type-is-refused",
        promise: "An option of the wrong type is an `INVALID_CONFIG` that names it, and nothing is made.",
        why: "The message is all that a user has to find the line in the file.",
        needs: Capabilities::empty(),
        run: wrong_type_is_refused,
    },
    Case {
        id: "open.never-creates",
        promise: "`Create::NEVER` on a place without a store is `UNAVAILABLE`, says where it looked, and makes nothing.",
        why: "A mistyped path must not become an empty store.",
        needs: Capabilities::empty(),
        run: never_creates,
    },
    Case {
        id: "open.read-only-never-creates",
        promise: "Opening read-only makes no store, not even where one may be made.",
        why: "Reading changes nothing on disk.",
        needs: Capabilities::empty(),
        run: read_only_never_creates,
    },
    Case {
        id: "open.creates-once",
        promise: "`Create::IF_ABSENT` on a place with a store opens it and keeps what is in it.",
        why: "Opening is not initializing.",
        needs: Capabilities::DURABLE,
        run: creates_once,
    },
];

fn expect_untouched(did: &str, place: &Place) -> Verdict {
    let mut left = fs::read_dir(&place.folder).map_err(Failure::setup("list a folder"))?;
    ensure!(
        left.next().is_none(),
        did,
        "something was made in the folder of the store"
    );
    Ok(())
}

fn expect_refusal(context: &Context, place: &Place, options: Options, option: &str) -> Verdict {
    let did = format!(
        "open a store with the option `{option}` set to {}",
        options[option]
    );
    let result = context.open(&OpenStorage::or_create(options));
    let error = expect_error(&did, result, ErrorKind::INVALID_CONFIG)?;
    ensure!(
        error.to_string().contains(option),
        did,
        "an error that does not name it: {error}"
    );
    expect_untouched(&did, place)
}

fn unknown_is_refused(context: &Context) -> Verdict {
    for option in ["no_such_option", "PATH", "cache-size"] {
        let place = context.place()?;
        let mut options = place.options.clone();
        options.insert(option.to_owned(), json!("x"));
        expect_refusal(context, &place, options, option)?;
    }
    Ok(())
}

fn wrong_type_is_refused(context: &Context) -> Verdict {
    let names: Vec<String> = context.place()?.options.keys().cloned().collect();
    for option in names {
        for wrong in [json!([]), json!({"a": 1}), json!(null)] {
            let place = context.place()?;
            let mut options = place.options.clone();
            options.insert(option.clone(), wrong);
            expect_refusal(context, &place, options, &option)?;
        }
    }
    Ok(())
}

fn never_creates(context: &Context) -> Verdict {
    let place = context.place()?;
    let how = OpenStorage::existing(place.options.clone());
    let did = "open a place without a store, twice, with Create::NEVER";
    for _ in 0..2 {
        let error = expect_error(did, context.open(&how), ErrorKind::UNAVAILABLE)?;
        expect_untouched(did, &place)?;
        let mut given = place
            .options
            .values()
            .filter_map(|value| value.as_str())
            .peekable();
        let text = error.to_string();
        let told = given.peek().is_none() || given.any(|value| text.contains(value));
        ensure!(
            told,
            did,
            "an error that does not say where it was looked: {text}"
        );
    }
    context.create(&place)?.close()
}

fn read_only_never_creates(context: &Context) -> Verdict {
    let place = context.place()?;
    let options = || place.options.clone();
    let did = "open a place without a store read-only";
    for how in [
        OpenStorage::existing(options()),
        OpenStorage::or_create(options()),
    ] {
        let result = context.open(&how.read_only());
        expect_error(did, result, ErrorKind::UNAVAILABLE)?;
        expect_untouched(did, &place)?;
    }
    context.create(&place)?.close()
}

fn creates_once(context: &Context) -> Verdict {
    let (place, store) = context.fresh()?;
    let all = items("kept", 5);
    let main = name("heads/main");
    store.commit_all(&all, &[update(&main, None, Some(all[0].hash))])?;
    store.close()?;
    let did = "create a store, fill it, close it, and open it with Create::IF_ABSENT";
    for _ in 0..2 {
        let store = context.create(&place)?;
        store.expect_items(did, &all)?;
        let refs = vec![(main.clone(), all[0].hash)];
        ensure_same(did, &refs, &store.all_refs("", 10)?)?;
        store.close()?;
    }
    Ok(())
}
