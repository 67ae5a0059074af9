//! How the host's own small records, all of kind `meta`, are told apart.

use prollytree_plugin_api::Kind;

use super::{Malformed, header, read_header};

/// What a meta record is: the byte after its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetaForm {
    Store = 1,
    Work = 2,
    Tree = 3,
}

impl MetaForm {
    const VERSION: u8 = 1;

    /// Returns what a record of this form begins with.
    pub(crate) fn header(self) -> Vec<u8> {
        let mut bytes = header(Kind::META, Self::VERSION).to_vec();
        bytes.push(self as u8);
        bytes
    }

    /// Says whether a record of this form was written before the format was final.
    pub(crate) fn is_provisional(self, bytes: &[u8]) -> bool {
        let form = read_header(bytes, Kind::META, 0)
            .ok()
            .and_then(<[u8]>::first);
        form == Some(&(self as u8))
    }

    /// Checks the beginning of a record and returns what follows it.
    pub(crate) fn read_header(self, bytes: &[u8]) -> Result<&[u8], Malformed> {
        match read_header(bytes, Kind::META, Self::VERSION)?.split_first() {
            Some((&form, rest)) if form == self as u8 => Ok(rest),
            Some((form, _)) => Err(Malformed::new(format!(
                "it is a meta record of the form {form}"
            ))),
            None => Err(Malformed::new("it ends inside its header")),
        }
    }
}
