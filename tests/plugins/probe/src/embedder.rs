//! An embedder whose vectors have one number: the length of the text.

use prollytree_plugin_api::{Call, Embedder, EmbedderInfo, Error, ErrorKind, Result};

/// The embedder; panics on a text that asks for it.
pub(crate) struct ProbeEmbedder;

impl Embedder for ProbeEmbedder {
    fn info(&self) -> EmbedderInfo {
        EmbedderInfo {
            id: "prollytree:probe".to_owned(),
            version: "v1".to_owned(),
            dimensions: 1,
            max_input: Some(1 << 20),
            normalized: false,
        }
    }

    fn embed_many(&self, call: &Call<'_>, texts: &[&str], out: &mut [f32]) -> Result<()> {
        call.check()?;
        if texts.len() != out.len() {
            return Err(Error::new(
                ErrorKind::INVALID_ARGUMENT,
                "one number for each text",
            ));
        }
        for (text, length) in texts.iter().zip(out) {
            assert!(
                *text != "panic",
                "the probe was told to panic in embed_many"
            );
            *length = f32::from(u16::try_from(text.len()).unwrap_or(u16::MAX));
        }
        Ok(())
    }
}
