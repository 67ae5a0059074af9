//! `delete`: removes keys.

use std::ffi::OsString;

use crate::failure::Failure;
use crate::input::BytesArgs;
use crate::output::escaped;
use crate::session::Session;

/// Remove keys and their values
///
/// Removes all of them or, if one is not there, none, and exits with 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly delete greeting
  git-prolly delete a b c")]
pub(crate) struct Delete {
    /// The keys
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<OsString>,

    #[command(flatten)]
    bytes: BytesArgs,
}

impl Delete {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let mut store = session.open()?;
        for key in &self.keys {
            let key = self.bytes.read(key)?;
            if !store.delete(&key)? {
                return Err(Failure::No(format!("there is no key `{}`", escaped(&key))));
            }
        }
        Ok(store.close()?)
    }
}
