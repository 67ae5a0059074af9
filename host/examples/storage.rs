//! The layer `storage` alone: records under their hashes, and a ref that moves in one step with them.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use prollytree::storage::{
    Decode, HEADER_LEN, Malformed, RecordBatch, Storage, StorageOptions, header, read_header,
};
use prollytree_plugin_api::{Buffer, Kind, OpenStorage, Options, RefName, RefUpdate, Swap};

/// A record of our own: a note, as a blob.
struct Note(String);

impl Decode for Note {
    const KIND: Kind = Kind::BLOB;

    fn decode(bytes: Buffer) -> Result<Self, Malformed> {
        let text = read_header(&bytes, Kind::BLOB, 9)?;
        let text = std::str::from_utf8(text).map_err(|_| Malformed::new("it is not text"))?;
        Ok(Self(text.to_owned()))
    }

    fn weight(&self) -> usize {
        HEADER_LEN + self.0.len()
    }
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let request = OpenStorage::or_create(Options::new());
    let backend = (prollytree_backend_memory::BACKEND.open)(&request)?;
    let storage = Storage::new(backend, StorageOptions::default());

    let mut batch = RecordBatch::new();
    let bytes = [&header(Kind::BLOB, 9)[..], b"remember the milk"].concat();
    let hash = batch.push(Kind::BLOB, Vec::new(), bytes);
    let latest = RefUpdate {
        name: RefName::new("side/notes")?,
        expected: None,
        new: Some(hash),
    };
    assert_eq!(
        storage.commit(&batch, std::slice::from_ref(&latest))?,
        Swap::Done
    );
    println!("stored {hash}");

    // Whoever expects another state is told, and nothing moves.
    let lost = storage.swap(&latest)?;
    println!("once more: {lost:?}");
    assert!(matches!(lost, Swap::Lost { .. }));

    let found = storage.reference(&latest.name)?.ok_or("the ref is there")?;
    let note = storage.load::<Note>(&found)?;
    println!("{} points to: {}", latest.name, note.0);
    assert_eq!(note.0, "remember the milk");
    Ok(())
}
