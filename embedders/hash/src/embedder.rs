//! The derivation of a vector from a text.
//!
//! Integers, `+`, `*`, `/` and `sqrt` of IEEE 754 only, in a fixed order: the vectors are the same
//! bits on every platform. The README says the derivation in words.

use std::sync::Arc;

use prollytree_plugin_api::{
    Call, Embedder, EmbedderInfo, Error, ErrorKind, OptionSet, Options, Result,
};
use sha2::{Digest, Sha256};

use crate::config::HashOptions;

/// The identity that is stored with an index; fixed for good.
const ID: &str = "prollytree:hash-embedder/v1";

/// The longest vector.
const MAX_DIM: u32 = 65_536;

struct HashEmbedder {
    dim: u32,
    seed: u64,
}

/// Loads the embedder as the options say.
pub(crate) fn open(options: &Options) -> Result<Arc<dyn Embedder>> {
    let HashOptions { dim, seed } = HashOptions::parse(options)?;
    if !(1..=MAX_DIM).contains(&dim) {
        return Err(Error::new(
            ErrorKind::INVALID_CONFIG,
            format!("option `dim`: expected a number from 1 to {MAX_DIM}, not {dim}"),
        )
        .with("option", "dim"));
    }
    Ok(Arc::new(HashEmbedder { dim, seed }))
}

impl Embedder for HashEmbedder {
    fn info(&self) -> EmbedderInfo {
        EmbedderInfo {
            id: ID.to_owned(),
            version: format!("dim={};seed={}", self.dim, self.seed),
            dimensions: self.dim as usize,
            max_input: None,
            normalized: true,
        }
    }

    fn embed_many(&self, call: &Call<'_>, texts: &[&str], out: &mut [f32]) -> Result<()> {
        let dim = self.dim as usize;
        if texts.len().checked_mul(dim) != Some(out.len()) {
            return Err(Error::new(
                ErrorKind::INVALID_ARGUMENT,
                format!(
                    "{} texts of {dim} dimensions were given with {} places for the numbers",
                    texts.len(),
                    out.len()
                ),
            ));
        }
        for (text, vector) in texts.iter().zip(out.chunks_exact_mut(dim)) {
            call.check()?;
            self.embed(text, vector);
        }
        Ok(())
    }
}

impl HashEmbedder {
    fn embed(&self, text: &str, vector: &mut [f32]) {
        // The text is absorbed once, however many dimensions there are.
        let absorbed = Sha256::new_with_prefix(self.seed.to_le_bytes()).chain_update(text);
        let components: Vec<f64> = (0..self.dim)
            .map(|index| component(&absorbed, index))
            .collect();
        let squares: f64 = components.iter().map(|number| number * number).sum();
        let length = squares.sqrt();
        for (place, number) in vector.iter_mut().zip(components) {
            *place = narrow(number / length);
        }
    }
}

/// An odd number between -2^32 and 2^32, so no vector is zero; exact as an `f64`.
fn component(absorbed: &Sha256, index: u32) -> f64 {
    let digest = absorbed
        .clone()
        .chain_update(index.to_le_bytes())
        .finalize();
    let start = [digest[0], digest[1], digest[2], digest[3]];
    f64::from(i32::from_le_bytes(start)) * 2.0 + 1.0
}

/// Rounds to the nearest, ties to even, as IEEE 754 says.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the vector is defined as the rounded one"
)]
fn narrow(number: f64) -> f32 {
    number as f32
}
