//! A small good embedder, and its broken kin.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use prollytree_conformance::{ModelSubject, Suite};
use prollytree_plugin_api::{Call, Embedder, EmbedderInfo, Error, ErrorKind, Result};

const DIMENSIONS: usize = 8;
const MAX_INPUT: usize = 100;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    Batch,
    Normalized,
    AnyLength,
    CutsCharacters,
    Random,
}

pub(crate) fn suite(flaw: Flaw) -> Suite {
    Suite::embedder(ModelSubject::new("toy", move || Ok(Arc::new(Toy { flaw }))))
}

/// Counts bytes by their lowest bits.
struct Toy {
    flaw: Flaw,
}

impl Embedder for Toy {
    fn info(&self) -> EmbedderInfo {
        EmbedderInfo {
            id: "toy".into(),
            version: "1".into(),
            dimensions: DIMENSIONS,
            max_input: Some(MAX_INPUT),
            normalized: self.flaw == Flaw::Normalized,
        }
    }

    fn embed_many(&self, _: &Call<'_>, texts: &[&str], out: &mut [f32]) -> Result<()> {
        static CALLS: AtomicU16 = AtomicU16::new(0);
        if out.len() != texts.len() * DIMENSIONS && self.flaw != Flaw::AnyLength {
            return Err(Error::new(
                ErrorKind::INVALID_ARGUMENT,
                "the buffer has another length",
            ));
        }
        let noise = match self.flaw {
            Flaw::Batch => f32::from(u8::try_from(texts.len()).unwrap()),
            Flaw::Random => f32::from(CALLS.fetch_add(1, Ordering::Relaxed)),
            _ => 0.0,
        };
        for (text, vector) in texts.iter().zip(out.chunks_mut(DIMENSIONS)) {
            vector.fill(noise);
            let cut = text.len().min(MAX_INPUT);
            let text = match self.flaw {
                Flaw::CutsCharacters => &text[..cut],
                _ => &text[..text.floor_char_boundary(cut)],
            };
            let dimensions = vector.len();
            for byte in text.bytes() {
                vector[usize::from(byte) % dimensions] += 1.0;
            }
        }
        Ok(())
    }
}
