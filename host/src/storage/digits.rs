//! Finding records by the first digits of their hashes.

use prollytree_plugin_api::{Hash, RecordEntry};

use super::{Storage, StorageError};

impl Storage {
    /// Lists the records whose hashes begin with some hexadecimal digits, in ascending order, as
    /// [`records`](Self::records) does. What are no digits, or too many, begin none.
    ///
    /// # Errors
    /// As for `records`.
    pub fn records_beginning(
        &self,
        digits: &str,
    ) -> impl Iterator<Item = Result<RecordEntry, StorageError>> + use<> {
        let digits = digits.to_ascii_lowercase();
        let possible =
            digits.len() <= 2 * Hash::LEN && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let listed = possible.then(|| self.records(just_before(&digits)));
        listed.into_iter().flatten().take_while(move |entry| {
            entry
                .as_ref()
                .map_or(true, |entry| entry.hash.to_string().starts_with(&digits))
        })
    }
}

/// Returns the greatest hash that is smaller than every hash beginning with `digits`, or `None` if
/// there is no smaller one.
fn just_before(digits: &str) -> Option<Hash> {
    let lowest = format!("{digits:0<64}")
        .parse::<Hash>()
        .expect("64 hexadecimal digits");
    let mut bytes = *lowest.as_bytes();
    for byte in bytes.iter_mut().rev() {
        *byte = byte.wrapping_sub(1);
        if *byte != u8::MAX {
            return Some(Hash::new(bytes));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_begins_just_before_the_digits() {
        assert_eq!(just_before("0000"), None);
        let before = just_before("8").unwrap().to_string();
        assert_eq!(before, format!("7{}", "f".repeat(63)));
        let before = just_before(&"0".repeat(63)).map(|hash| hash.to_string());
        assert_eq!(before, None);
        let before = just_before("00ab01").unwrap().to_string();
        assert_eq!(before, format!("00ab00{}", "f".repeat(58)));
    }
}
