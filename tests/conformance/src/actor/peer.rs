//! An actor that answers: another process with an instance of its own on the same store.

use std::io;
use std::sync::mpsc::Receiver;

use prollytree_plugin_api::{Error, Hash, Options, Swap};
use serde_json::{Value, json};

use super::{Access, Actor, counter, error_from_json, error_to_json, speak};
use crate::case::{Failure, Outcome, Verdict};
use crate::context::Context;
use crate::item::Item;
use crate::store::{CALL, Store, name, update};

/// Another process that has the store open.
pub(crate) struct Peer(Actor);

impl Peer {
    /// Opens the store in another process; the inner result is what the backend says to that.
    pub(crate) fn open(
        context: &Context,
        options: &Options,
        access: Access,
    ) -> Verdict<Result<Self, Error>> {
        let mut peer = Self(Actor::start(
            context,
            "peer",
            options,
            access,
            &Value::Null,
        )?);
        let answer = peer.hear()?;
        Ok(match error_from_json(&answer) {
            Some(error) => Err(error),
            None => Ok(peer),
        })
    }

    /// Opens a store in another process that has to open.
    pub(crate) fn start(context: &Context, options: &Options, access: Access) -> Verdict<Self> {
        let opened = Self::open(context, options, access)?;
        opened.map_err(Failure::call("opening the store in another process"))
    }

    /// Asks whether the other process finds a record, with the bytes that belong to it.
    pub(crate) fn finds(&mut self, hash: &Hash) -> Verdict<bool> {
        let answer = self.ask("get", &json!({"hash": hash.to_string()}))?;
        Ok(answer["found"] == true)
    }

    /// Asks where the other process sees a ref.
    pub(crate) fn get_ref(&mut self, name: &str) -> Verdict<Option<Hash>> {
        let answer = self.ask("ref", &json!({"name": name}))?;
        Ok(read_hash(&answer["at"]))
    }

    /// Has the other process put a blob and sync.
    pub(crate) fn put(&mut self, text: &str) -> Verdict {
        self.ask("put", &json!({"text": text})).map(drop)
    }

    /// Has the other process commit a blob and move a ref to it; says whether it won.
    pub(crate) fn commit(
        &mut self,
        text: &str,
        name: &str,
        expected: Option<Hash>,
    ) -> Verdict<bool> {
        let expected = expected.map(|hash| hash.to_string());
        let request = json!({"text": text, "name": name, "expected": expected});
        Ok(self.ask("commit", &request)?["done"] == true)
    }

    /// Lets the other process begin to count; [`Self::counted`] waits for it.
    pub(crate) fn begin_to_count(&mut self, wins: usize) -> Verdict {
        self.0.say(&json!({"do": "count", "wins": wins}))
    }

    pub(crate) fn counted(&mut self) -> Verdict<Vec<u64>> {
        let answer = self.answer("count")?;
        let won = answer["won"].as_array().into_iter().flatten();
        Ok(won.filter_map(Value::as_u64).collect())
    }

    fn ask(&mut self, what: &str, details: &Value) -> Verdict<Value> {
        let mut request = details.clone();
        request["do"] = Value::from(what);
        self.0.say(&request)?;
        self.answer(what)
    }

    fn answer(&mut self, what: &str) -> Verdict<Value> {
        let answer = self.hear()?;
        match (error_from_json(&answer), answer["failure"].as_str()) {
            (Some(error), _) => Err(Failure::Call {
                did: format!("{what} in another process"),
                error,
            }),
            (None, Some(text)) => Err(Failure::broken(format!("{what} in another process"), text)),
            (None, None) => Ok(answer),
        }
    }

    fn hear(&mut self) -> Verdict<Value> {
        self.0.hear()?.ok_or_else(|| {
            Failure::broken(
                "work in another process",
                "the other process came to a sudden end",
            )
        })
    }
}

/// The other process: answers until nobody asks any more.
pub(super) fn play(opened: Result<Store, Error>, requests: &Receiver<Value>) -> io::Result<()> {
    let store = match opened {
        Ok(store) => store,
        Err(error) => return speak(&error_to_json(&error)),
    };
    speak(&json!({"open": true}))?;
    for request in requests {
        let answer = obey(&store, &request).unwrap_or_else(|failure| match failure {
            Failure::Call { error, .. } => error_to_json(&error),
            other => json!({"failure": Outcome::from(Err(other)).message()}),
        });
        speak(&answer)?;
    }
    store.raw().close().map_err(io::Error::other)
}

fn obey(store: &Store, request: &Value) -> Verdict<Value> {
    let text = |field: &str| request[field].as_str().unwrap_or_default();
    match text("do") {
        "get" => {
            let hash = read_hash(&request["hash"]).unwrap_or(Hash::ZERO);
            let found = store.get(&[hash])?;
            let right = found[0]
                .as_ref()
                .is_some_and(|bytes| Hash::of(bytes) == hash);
            let contains = store.contains(&[hash])?[0];
            Ok(json!({"found": right && contains}))
        }
        "ref" => {
            let at = store.get_ref(&name(text("name")))?;
            Ok(json!({"at": at.map(|hash| hash.to_string())}))
        }
        "put" => {
            store.put([&Item::blob(text("text"))])?;
            store.sync()?;
            Ok(json!({}))
        }
        "commit" => {
            let item = Item::blob(text("text"));
            let expected = read_hash(&request["expected"]);
            let step = update(&name(text("name")), expected, Some(item.hash));
            let swap = store.raw().commit(&CALL, &[item.record()], &[step]);
            let swap = swap.map_err(Failure::call("commit"))?;
            Ok(json!({"done": swap == Swap::Done}))
        }
        "count" => {
            let wins = request["wins"]
                .as_u64()
                .and_then(|wins| usize::try_from(wins).ok());
            Ok(json!({"won": counter::count(store, wins.unwrap_or(0))?}))
        }
        other => Err(Failure::Setup(format!(
            "an actor does not know how to `{other}`"
        ))),
    }
}

fn read_hash(value: &Value) -> Option<Hash> {
    value.as_str().and_then(|text| text.parse().ok())
}
