//! Values out of line: cut into pieces, listed, written and read as their bytes come.

use std::io::{Read, Seek, SeekFrom, Write};

use proptest::prelude::*;

use super::super::value::{MAX_WHOLE, reference};
use super::*;
use crate::storage::StorageError;

/// Bytes that repeat nowhere.
pub(super) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let words = std::iter::repeat_with(random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .map(u64::to_le_bytes);
    words.flatten().take(len).collect()
}

fn tree_of(storage: &Storage, value: &[u8]) -> Tree {
    let empty = Tree::empty(storage.clone(), Parameters::default());
    apply(&empty, [(b"k".to_vec(), Edit::Put(value.to_vec()))])
}

/// Writes a value in parts of a length.
fn written(storage: &Storage, value: &[u8], part: usize) -> Edit {
    let mut writer = ValueWriter::new(storage);
    for part in value.chunks(part) {
        writer.write_all(part).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn a_blob_is_its_header_its_level_and_its_bytes() {
    let (backend, storage) = new_storage();
    let value = noise(5_000, 1);
    tree_of(&storage, &value);
    let bytes = [b"P\x02\x01\x00\x00", &value[..]].concat();
    assert_eq!(reference(&value).hash(), Hash::of(&bytes));
    assert_eq!(backend.records.lock()[&Hash::of(&bytes)], bytes);
}

#[test]
fn a_value_of_any_length_comes_back_whole_and_in_parts() {
    for len in [0, 1, 2048, 2049, MAX_WHOLE, MAX_WHOLE + 1, 5_000_001] {
        let (backend, storage) = new_storage();
        let value = noise(len, 1);
        let tree = tree_of(&storage, &value);
        assert_eq!(tree.byte_count(), len as u64 + 1);
        let cold = Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
        assert!(cold.get(b"k").unwrap().as_deref() == Some(&value[..]));
        assert!(cold.get_with(b"k", |found| found == value).unwrap() == Some(true));
        let mut reader = cold.value_reader(b"k").unwrap().unwrap();
        assert_eq!(reader.len(), len as u64);
        let mut found = Vec::new();
        reader.read_to_end(&mut found).unwrap();
        assert!(found == value);
        assert!(cold.value_reader(b"other").unwrap().is_none());
        let largest = backend.records.lock().values().map(Vec::len).max();
        assert!(largest.unwrap() <= MAX_WHOLE + 5);
    }
}

#[test]
fn a_written_value_is_the_one_that_was_put() {
    let value = noise(3_000_000, 2);
    for part in [1 << 12, 1 << 20, 1 << 22, 999_983] {
        let (backend, storage) = new_storage();
        let edit = written(&storage, &value, part);
        assert!(backend.records.lock().len() > 10, "the pieces are stored");
        let empty = Tree::empty(storage.clone(), Parameters::default());
        let tree = apply(&empty, [(b"k".to_vec(), edit.clone())]);
        assert_eq!(tree, tree_of(&new_storage().1, &value));
        let again = apply(&tree, [(b"k".to_vec(), edit)]);
        assert_eq!(again, tree);
        let put_again = [(b"k".to_vec(), Edit::Put(value.clone()))];
        backend.take();
        assert_eq!(apply(&tree, put_again), tree);
        assert_eq!(backend.take().1, 0, "what is there is not stored again");
    }
    let (_, storage) = new_storage();
    let short = written(&storage, &value[..MAX_WHOLE], 1 << 16);
    assert!(matches!(short, Edit::Put(bytes) if bytes == value[..MAX_WHOLE]));
}

/// The lengths and the address were computed by a script that follows `docs/format.md`.
/// A value that one tree keeps out of line may belong into the leaf of another.
#[test]
fn a_stored_value_is_put_as_its_tree_keeps_values() {
    let (_, storage) = new_storage();
    for len in [60, 3_000, 1_500_000] {
        let value = noise(len, 10);
        let map = Map::from([(b"k".to_vec(), value)]);
        let from = build(&storage, small(), &map);
        let entry = from.root_node().entries().next().unwrap().1;
        let NodeEntry::Outside(blob) = entry else {
            panic!("{len} bytes are out of line");
        };
        let edit = [(b"k".to_vec(), Edit::PutBlob(blob))];
        for parameters in [small(), Parameters::default()] {
            let made = apply(&Tree::empty(storage.clone(), parameters), edit.clone());
            assert_eq!(made, build(&storage, parameters, &map));
            assert_eq!(apply(&made, edit.clone()), made);
        }
        let base = Tree::empty(storage.clone(), Parameters::default());
        let mut batch = RecordBatch::new();
        let merged = base.merge(
            &Tree::empty(storage.clone(), small()),
            &from,
            TakeOurs,
            &mut batch,
        );
        assert_eq!(
            merged.unwrap().tree,
            build(&storage, Parameters::default(), &map)
        );
        let (_, elsewhere) = new_storage();
        let empty = Tree::empty(elsewhere, small());
        let error = empty.apply(edit, &mut RecordBatch::new()).unwrap_err();
        assert!(matches!(
            error,
            TreeError::Storage(StorageError::Missing { .. })
        ));
    }
}

#[test]
fn pieces_are_cut_where_the_format_says() {
    let value = noise(2_000_000, 3);
    let blob = reference(&value);
    let (backend, storage) = new_storage();
    tree_of(&storage, &value);
    let records = backend.records.lock();
    let list = &records[&blob.hash()];
    let (entries, _) = list[5..].as_chunks::<40>();
    let lens = entries.iter().map(|entry| {
        let len: [u8; 8] = entry[32..].try_into().unwrap();
        u64::from_le_bytes(len)
    });
    insta::assert_snapshot!(format!("{} {:?}", blob.hash(), lens.collect::<Vec<_>>()), @"73bc2668a6238dc85ff2873f789c024ad0b340f17452a77a896e8e9c4efa6b7a [121841, 111148, 20006, 86891, 29876, 93696, 165625, 17578, 125282, 32405, 98014, 134974, 34028, 85592, 73874, 96850, 132155, 39759, 17723, 151471, 73906, 149745, 107561]");
}

#[test]
fn many_pieces_make_lists_of_lists() {
    let (backend, storage) = new_storage();
    let value = noise(60_000_000, 9);
    let tree = tree_of(&storage, &value);
    let root = reference(&value).hash();
    let records = backend.records.lock().clone();
    let entries = |list: &Hash| -> Vec<Hash> {
        let (entries, rest) = records[list][5..].as_chunks::<40>();
        assert!(rest.is_empty());
        let hashes = entries.iter().map(|entry| Hash::from_slice(&entry[..32]));
        hashes.map(Option::unwrap).collect()
    };
    assert_eq!(records[&root][4], 2);
    let lists = entries(&root);
    assert!(lists.len() > 1);
    for (at, list) in lists.iter().enumerate() {
        assert_eq!(records[list][4], 1);
        let pieces = entries(list);
        let cuts = |(at, hash): (usize, &Hash)| at >= 31 && hash.as_bytes()[0] == 0;
        let cut = pieces.iter().enumerate().position(cuts);
        let whole = cut.unwrap_or(1023) + 1 == pieces.len();
        assert!(whole || (at + 1 == lists.len() && cut.is_none()));
    }
    let edit = written(&storage, &value, 1 << 20);
    assert!(matches!(edit, Edit::PutBlob(blob) if blob.hash() == root));
    assert!(tree.get(b"k").unwrap().as_deref() == Some(&value[..]));
}

#[test]
fn a_small_change_of_a_large_value_stores_little() {
    let (backend, storage) = new_storage();
    let value = noise(20_000_000, 4);
    let tree = tree_of(&storage, &value);
    for at in [0, 9_999_999, value.len()] {
        let mut changed = value.clone();
        changed.splice(at..at, *b"new");
        let before: usize = backend.records.lock().values().map(Vec::len).sum();
        apply(&tree, [(b"k".to_vec(), Edit::Put(changed))]);
        let after: usize = backend.records.lock().values().map(Vec::len).sum();
        assert!(after - before < 1_200_000, "{} at {at}", after - before);
    }
}

#[test]
fn equal_pieces_are_stored_once() {
    let (backend, storage) = new_storage();
    let mut value = vec![0; 50 << 20];
    value.extend(noise(1000, 5));
    let tree = tree_of(&storage, &value);
    let size: usize = backend.records.lock().values().map(Vec::len).sum();
    assert!(size < 300_000, "{size}");
    assert!(tree.get(b"k").unwrap().as_deref() == Some(&value[..]));
}

#[test]
fn keys_are_listed_without_their_values() {
    let (backend, storage) = new_storage();
    let tree = tree_of(&storage, &noise(5_000, 6));
    backend
        .records
        .lock()
        .retain(|_, bytes| bytes.len() < 1_000);
    assert!(tree.iter().any(|entry| entry.is_err()));
    let keys: Result<Vec<Key>, _> = tree.keys().collect();
    assert_eq!(keys.unwrap(), [b"k"]);
}

#[test]
fn a_piece_that_is_missing_or_changed_is_an_error_where_it_is_read() {
    let (backend, storage) = new_storage();
    let value = noise(3_000_000, 7);
    let tree = tree_of(&storage, &value);
    let pieces: Vec<Hash> = (backend.records.lock().iter())
        .filter(|(_, bytes)| bytes.len() > 20_000)
        .map(|(hash, _)| *hash)
        .collect();
    for hash in pieces {
        let bytes = backend.records.lock().remove(&hash).unwrap();
        let open = || Tree::open(cold(&backend), tree.root(), *tree.parameters()).unwrap();
        let missing = |error: &TreeError| matches!(error, TreeError::Storage(StorageError::Missing { hash: of, .. }) if *of == hash);
        assert!(missing(&open().get(b"k").unwrap_err()));
        let mut reader = open().value_reader(b"k").unwrap().unwrap();
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        let error = error.downcast::<TreeError>().unwrap();
        assert!(missing(&error));
        let mut changed = bytes.clone();
        changed[5] ^= 1;
        backend.records.lock().insert(hash, changed);
        let error = open().get(b"k").unwrap_err();
        assert!(matches!(
            error,
            TreeError::Storage(StorageError::Corrupt { .. })
        ));
        backend.records.lock().insert(hash, bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_reader_is_a_file_that_cannot_be_written(
        len in prop_oneof![0_usize..5_000, 1_000_000_usize..4_000_000],
        steps in prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), 0_usize..400_000), 1..20),
    ) {
        let (_, storage) = new_storage();
        let value = noise(len, 8);
        let tree = tree_of(&storage, &value);
        let mut reader = tree.value_reader(b"k").unwrap().unwrap();
        let mut model = std::io::Cursor::new(&value);
        for (kind, to, count) in steps {
            let to = to.index(len + 2) as u64;
            let offset = i64::try_from(to).unwrap();
            let seek = match kind % 4 {
                0 => SeekFrom::Start(to),
                1 => SeekFrom::End(-offset),
                2 => SeekFrom::Current(-offset),
                _ => SeekFrom::Current(0),
            };
            prop_assert_eq!(reader.seek(seek).ok(), model.seek(seek).ok());
            let (mut found, mut expected) = (vec![], vec![]);
            Read::by_ref(&mut reader).take(count as u64).read_to_end(&mut found).unwrap();
            Read::by_ref(&mut model).take(count as u64).read_to_end(&mut expected).unwrap();
            prop_assert!(found == expected);
        }
    }
}

/// Trees whose values lie out of line, in a storage that has lost the values: a hundred keys, of which
/// the first and the last have values of these seeds.
fn without_values(seeds: [(u64, u64); 4]) -> [Tree; 4] {
    let (backend, storage) = new_storage();
    let trees = seeds.map(|(first, last)| {
        let mut map: Map = (0..100)
            .map(|key| (vec![key], noise(100, key.into())))
            .collect();
        map.extend([(vec![0], noise(100, first)), (vec![99], noise(100, last))]);
        build(&storage, small(), &map)
    });
    let is_blob = |bytes: &[u8]| bytes.starts_with(b"P\x02");
    backend.records.lock().retain(|_, bytes| !is_blob(bytes));
    let storage = cold(&backend);
    trees.map(|tree| Tree::open(storage.clone(), tree.root(), small()).unwrap())
}

#[test]
fn comparing_and_merging_load_no_values() {
    let is_missing =
        |error: TreeError| matches!(error, TreeError::Storage(StorageError::Missing { .. }));
    let trees = without_values([(500, 501), (502, 501), (503, 504), (502, 504)]);
    let [base, ours, theirs, merged] = trees;
    let changes: Vec<_> = base.diff(&theirs).map(Result::unwrap).collect();
    let keys: Vec<_> = changes.iter().map(|change| change.key[0]).collect();
    assert_eq!(keys, [0, 99]);
    let (before, after) = (&changes[0].before, &changes[0].after);
    assert!(before != after && after.as_ref().unwrap().len() == 100);
    assert!(is_missing(after.as_ref().unwrap().load().unwrap_err()));

    let mut batch = RecordBatch::new();
    let left = ours
        .merge(&base, &theirs, LeaveConflicts, &mut batch)
        .unwrap();
    assert_eq!((left.tree, left.conflicts.len()), (merged.clone(), 1));
    let mine = ours.merge(&base, &theirs, TakeOurs, &mut batch).unwrap();
    assert_eq!((mine.tree, mine.conflicts.len()), (merged, 0));
    let taken = ours.merge(&base, &theirs, TakeTheirs, &mut batch).unwrap();
    assert_eq!((taken.tree, taken.conflicts.len()), (theirs.clone(), 0));
    // Who reads a conflict is told that its values are missing.
    let read = |conflict: &Conflict| {
        let value = conflict.base.as_ref().unwrap().load()?;
        Ok(Resolution::Put(value.to_vec()))
    };
    assert!(is_missing(
        ours.merge(&base, &theirs, read, &mut batch).unwrap_err()
    ));
    let last = LastWriter(|_: &[u8], value: &[u8]| Some(value.len()));
    assert!(is_missing(
        ours.merge(&base, &theirs, last, &mut batch).unwrap_err()
    ));
}

#[test]
fn a_value_is_the_same_wherever_it_lies() {
    let (_, storage) = new_storage();
    let value = noise(100, 1);
    let inline = tree_of(&storage, &value).handle(b"k").unwrap().unwrap();
    let map: Map = [(b"k".to_vec(), value.clone())].into();
    let tree = build(&storage, small(), &map);
    let outside = tree.handle(b"k").unwrap().unwrap();
    assert!(inline.blob().is_none() && outside.blob() == Some(reference(&value)));
    assert_eq!(inline, outside);
    assert_eq!(outside, inline);
    let other = Edit::Put(noise(100, 2)).handle(&storage).unwrap();
    assert!(inline != other && other != outside);
    let [mut one, mut two] = [inline, outside].map(|handle| handle.reader().unwrap());
    assert_eq!(one.next_part().unwrap(), two.next_part().unwrap());
    assert_eq!(tree.diff(&tree_of(&storage, &value)).count(), 0);
}
