//! The contract of an embedder: text in, vector out.

use crate::{Call, Result};

/// A model that has been loaded. May be called from many threads at once.
pub trait Embedder: Send + Sync {
    /// Describes the model. Constant; answers without I/O.
    fn info(&self) -> EmbedderInfo;

    /// Embeds `texts` into `out`: the vector of `texts[i]` is
    /// `out[i * dimensions..(i + 1) * dimensions]`. The vector of a text does not depend on the
    /// texts beside it. An empty text has a vector too.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` unless `out` holds exactly `texts.len() * dimensions` numbers.
    fn embed_many(&self, call: &Call<'_>, texts: &[&str], out: &mut [f32]) -> Result<()>;
}

/// What a loaded embedder says about itself. `(id, version)` is stored with an index, and an index
/// is never searched or extended with another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedderInfo {
    /// Which model, such as `prollytree:hash-embedder/v1`.
    pub id: String,
    /// All that its vectors depend on besides the model, such as `dim=384;seed=0`.
    pub version: String,
    /// The length of a vector.
    pub dimensions: usize,
    /// The longest text that is taken into account whole, in bytes; `None` without limit.
    pub max_input: Option<usize>,
    /// Whether every vector has the length 1.
    pub normalized: bool,
}
