//! Any bytes as each of the other records and as text that people type: refused with a reason, or
//! encoded again to the same bytes.

use prollytree::history::{
    BranchName, CatalogEntry, Commit, CommitId, Moment, NamespaceKey, Person, Position, Revision,
    Signature, StoreFormat, TagName, TagRecord, Tagged, WorkRecord,
};
use prollytree::storage::Decode;
use prollytree::tree::{BareTreeRecord, Blob, Parameters};
use prollytree_plugin_api::{Buffer, Hash, RefName, Timestamp};

use crate::known::{known, narrow, record, record_at};

pub(crate) fn run(bytes: &[u8]) -> bool {
    let buffer = || Buffer::from(bytes);
    let mut known = false;
    if let Ok(commit) = Commit::decode(buffer()) {
        assert_eq!(commit.encode().as_deref(), Ok(bytes), "a commit");
        assert!(commit.links().contains(&commit.root) && commit.weight() > 0);
        known = true;
    }
    match Tagged::decode(buffer()) {
        Ok(Tagged::Annotated(tag)) => {
            assert_eq!(tag.encode().as_deref(), Ok(bytes), "a tag");
            known = true;
        }
        Ok(Tagged::Commit(commit)) => assert_eq!(commit.encode().as_deref(), Ok(bytes)),
        Err(_) => {}
    }
    if let Ok(work) = WorkRecord::decode(buffer()) {
        assert_eq!(work.encode().as_deref(), Ok(bytes), "a work record");
        assert!(work.links().contains(&work.catalog));
        known = true;
    }
    match StoreFormat::decode(buffer()) {
        Ok(StoreFormat::Known(store)) => {
            assert!(store.encode() == bytes, "a store record");
            known = true;
        }
        Ok(StoreFormat::Newer { format }) => assert!(format > 1),
        Ok(StoreFormat::Provisional) | Err(_) => {}
    }
    if let Ok(blob) = Blob::decode(buffer()) {
        assert!(blob.weight() >= bytes.len() - 5);
        known = true;
    }
    if let Ok(tree) = BareTreeRecord::decode(buffer()) {
        assert!(tree.encode() == bytes, "the record of a bare tree");
        known = true;
    }
    if let Ok(entry) = CatalogEntry::decode(bytes) {
        assert_eq!(
            entry.encode().as_deref(),
            Ok(bytes),
            "an entry of a catalog"
        );
        known = true;
    }
    if let Ok(key) = NamespaceKey::decode(bytes) {
        assert!(key.encode() == bytes, "a key of a catalog");
        known = true;
    }
    if let Ok(parameters) = Parameters::decode(bytes) {
        assert!(parameters.encode() == bytes, "parameters");
        known = true;
    }
    known | std::str::from_utf8(bytes).is_ok_and(typed)
}

/// What people type as the name of a version.
fn typed(text: &str) -> bool {
    let revision = Revision::new(text);
    if let Ok(revision) = &revision {
        let again = Revision::new(revision.as_str()).expect("a revision is one again");
        assert_eq!(again.as_str(), revision.as_str());
        let _branches = revision.branches().count();
    }
    let _moment = Moment::parse(text);
    let names = [
        RefName::new(text).is_ok(),
        BranchName::new(text).is_ok(),
        TagName::new(text).is_ok(),
    ];
    revision.is_ok() || names.contains(&true)
}

pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let known = known();
    let mut seeds = vec![
        (
            "commit".to_owned(),
            record(&known.backend, known.commit.0).to_vec(),
        ),
        (
            "store".to_owned(),
            record_at(&known.backend, "meta/store").to_vec(),
        ),
        ("work".to_owned(), work(known.commit)),
        ("tag".to_owned(), tag(known.commit)),
        ("blob".to_owned(), b"P\x02\x01\0\0value".to_vec()),
        ("parameters".to_owned(), narrow().encode().to_vec()),
        ("namespace".to_owned(), NamespaceKey::plain().encode()),
    ];
    let tree = BareTreeRecord {
        root: known.tree.root(),
        parameters: narrow(),
    };
    seeds.push(("tree".to_owned(), tree.encode()));
    let list = [&b"P\x02\x01\0\x01"[..], &[7; 32], &70_000_u64.to_le_bytes()].concat();
    seeds.push(("list".to_owned(), list));
    let entry = CatalogEntry::plain(known.tree.root(), narrow());
    seeds.push(("entry".to_owned(), entry.encode().expect("an entry")));
    for (number, text) in REVISIONS.iter().enumerate() {
        seeds.push((format!("revision-{number}"), text.as_bytes().to_vec()));
    }
    seeds
}

const REVISIONS: &[&str] = &[
    "main~2^1",
    "HEAD@{2024-02-29T12:00:00Z}",
    "v1.0^",
    "HEAD~3",
    "tags/v1",
];

fn work(commit: CommitId) -> Vec<u8> {
    let work = WorkRecord {
        position: Position::Detached(commit),
        base: Some(commit),
        catalog: Hash::of(b"catalog"),
        merge: None,
        previous: Some(Hash::of(b"previous")),
        time: Timestamp(1_700_000_000_000_000),
        action: "put".to_owned(),
    };
    work.encode().expect("a work record")
}

fn tag(target: CommitId) -> Vec<u8> {
    let person = Person::new("Ada Lovelace", "ada@example.org").expect("a person");
    let tag = TagRecord {
        target,
        name: TagName::new("v1").expect("a name"),
        tagger: Signature::new(person, Timestamp(1_700_000_000_000_000), 60),
        message: "First".to_owned(),
    };
    tag.encode().expect("a tag")
}
