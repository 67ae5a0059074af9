//! Keys and values as arguments.

use std::ffi::OsStr;
use std::ops::Bound;

use prollytree::tree::{Key, after_prefix};

use crate::failure::Failure;
use crate::output::base64;

/// How keys and values are written on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct BytesArgs {
    /// Read keys and values in the arguments as Base64
    #[arg(long)]
    pub(crate) base64: bool,
}

impl BytesArgs {
    /// Returns the bytes that an argument stands for.
    pub(crate) fn read(&self, argument: &OsStr) -> Result<Vec<u8>, Failure> {
        if !self.base64 {
            return plain(argument);
        }
        argument.to_str().and_then(base64::decode).ok_or_else(|| {
            Failure::Input(format!("`{}` is not Base64", argument.to_string_lossy()))
        })
    }

    /// Returns the range of the keys that begin with what an argument stands for; all without one.
    pub(crate) fn read_prefix(
        &self,
        argument: Option<&OsStr>,
    ) -> Result<(Bound<Key>, Bound<Key>), Failure> {
        let prefix = argument.map(|argument| self.read(argument)).transpose()?;
        let end = prefix.as_deref().and_then(after_prefix);
        Ok((
            prefix.map_or(Bound::Unbounded, Bound::Included),
            end.map_or(Bound::Unbounded, Bound::Excluded),
        ))
    }
}

/// Returns the bytes of an argument. On Unix an argument is bytes; elsewhere it may hold what has no
/// bytes of its own.
fn plain(argument: &OsStr) -> Result<Vec<u8>, Failure> {
    if cfg!(unix) || argument.to_str().is_some() {
        return Ok(argument.as_encoded_bytes().to_vec());
    }
    Err(Failure::Input(
        "an argument is not Unicode; use --base64".to_owned(),
    ))
}
