//! The cases about embedders, and what they work with.

mod calls;
mod vectors;

use std::sync::Arc;

use prollytree_plugin_api::{Embedder, EmbedderInfo};
use serde_json::{Value, json};

use crate::case::{EmbedderCase, Failure, Verdict};
use crate::context::Surroundings;
use crate::store::CALL;
use crate::subject::EmbedderSubject;

/// Every case.
pub(crate) fn all() -> impl Iterator<Item = &'static EmbedderCase> {
    [vectors::CASES, calls::CASES].into_iter().flatten()
}

/// What a case about an embedder works with.
pub(crate) struct EmbedderContext {
    subject: Arc<dyn EmbedderSubject>,
    surroundings: Surroundings,
}

impl EmbedderContext {
    pub(crate) fn new(subject: Arc<dyn EmbedderSubject>, surroundings: Surroundings) -> Self {
        Self {
            subject,
            surroundings,
        }
    }

    /// What the embedder says about itself; null if it does not open.
    pub(crate) fn about(&self) -> Value {
        self.subject.open().map_or(Value::Null, |embedder| {
            let EmbedderInfo {
                id,
                version,
                dimensions,
                max_input,
                normalized,
            } = embedder.info();
            json!({
                "name": id,
                "version": version,
                "dimensions": dimensions,
                "max_input": max_input,
                "normalized": normalized,
            })
        })
    }

    fn open(&self) -> Verdict<Model> {
        let embedder = self
            .subject
            .open()
            .map_err(Failure::call("loading the model"))?;
        let info = embedder.info();
        Ok(Model { embedder, info })
    }
}

/// A model that is loaded.
struct Model {
    embedder: Arc<dyn Embedder>,
    info: EmbedderInfo,
}

impl Model {
    /// One vector for each text, as bits, so that equal means equal.
    fn bits(&self, texts: &[&str]) -> Verdict<Vec<Vec<u32>>> {
        let bits = |vector: &[f32]| vector.iter().map(|number| number.to_bits()).collect();
        Ok(self
            .embed(texts)?
            .iter()
            .map(|vector| bits(vector))
            .collect())
    }

    fn embed(&self, texts: &[&str]) -> Verdict<Vec<Vec<f32>>> {
        let mut out = vec![f32::NAN; texts.len() * self.info.dimensions];
        let did = format!("embed_many of {} texts", texts.len());
        self.embedder
            .embed_many(&CALL, texts, &mut out)
            .map_err(Failure::call(did))?;
        Ok(out
            .chunks(self.info.dimensions.max(1))
            .map(<[f32]>::to_vec)
            .collect())
    }
}

/// Ordinary texts.
const TEXTS: [&str; 8] = [
    "the quick brown fox jumps over the lazy dog",
    "a versioned store whose engine is a plugin",
    "A Versioned Store Whose Engine Is A Plugin",
    "Der schnelle braune Fuchs springt über den faulen Hund",
    "42",
    "two\nlines",
    "x",
    "to be, or not to be: that is the question",
];
