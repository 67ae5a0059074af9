//! A reader in Python that was written from `docs/format.md` and shares no code with ours reads what
//! we write, and refuses what was forged.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::fmt::Write;
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use prollytree::history::{
    Anchor, Catalog, CatalogEntry, NamespaceKey, Person, ProofSide, SteppingClock, StoreDiffProof,
};
use prollytree::storage::{RecordBatch, Storage, StorageOptions};
use prollytree::store::{Snapshot, StoreOptions, VersionedStore};
use prollytree::tree::{Edit, Key, Node, Proof, ProvenChange, ProvenValue, Tree};
use prollytree_plugin_api::{Hash, OpenStorage, Options, Report, Timestamp};
use tempfile::TempDir;

/// A store whose records lie in one pack.
struct Place {
    folder: TempDir,
    at: Snapshot,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store").to_str().unwrap().into();
        let request = OpenStorage::or_create(Options::from_iter([("path".to_owned(), path)]));
        let backend = (prollytree_backend_file::BACKEND.open)(&request).unwrap();
        let storage = Storage::new(backend, StorageOptions::default());
        let options = StoreOptions {
            clock: Arc::new(SteppingClock::new(Timestamp(1_700_000_000_000_000), 1)),
            identity: Arc::new(Person::new("Ada Lovelace", "ada@example.org").unwrap()),
            ..StoreOptions::default()
        };
        let mut store = VersionedStore::init(storage, options).unwrap();
        for n in 0..2_000_u32 {
            let value = format!("value {n} ").repeat(n as usize % 12);
            store.put(format!("row/{n:05}"), value).unwrap();
        }
        for key in [&b""[..], b"\0", b"\0\0", b"\xff\xfe", &[b'k'; 900]] {
            store.put(key, b"of an odd key").unwrap();
        }
        store.put("row/00500/long", vec![b'v'; 5_000]).unwrap();
        store
            .put("row/00500/longer", vec![b'v'; 3_000_000])
            .unwrap();
        let id = store.commit("Rows").unwrap();
        store.storage().maintain("repack", &Report::new()).unwrap();
        let at = store.snapshot(id).unwrap();
        Self { folder, at }
    }

    fn pack(&self) -> PathBuf {
        let files = fs::read_dir(self.folder.path().join("store")).unwrap();
        let mut packs = files
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "pack"));
        let pack = packs.next().unwrap();
        assert_eq!(packs.next(), None);
        pack
    }

    fn verify(&self, proof: &[u8], known: Hash) -> Output {
        let path = self.folder.path().join("proof");
        fs::write(&path, proof).unwrap();
        read("verify", &path, known)
    }

    fn compare(&self, proof: &[u8], before: Hash, after: Hash) -> Output {
        let path = self.folder.path().join("proof");
        fs::write(&path, proof).unwrap();
        let mut command = python("difference.py");
        command
            .arg(&path)
            .args([before, after].map(|known| known.to_string()));
        command.output().unwrap()
    }
}

fn read(verb: &str, path: &Path, known: Hash) -> Output {
    let mut command = python("reader.py");
    command.arg(verb).arg(path).arg(known.to_string());
    command.output().unwrap()
}

fn python(script: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut command = Command::new("python3");
    // Nothing is written beside the scripts.
    command.arg("-B").arg(folder.join(script));
    command
}

/// The entries that the reader wrote, a line each.
fn accepted(output: &Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

fn assert_refused(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("refused: "), "{said}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn line(key: &[u8], proven: &ProvenValue) -> String {
    let value = match proven {
        ProvenValue::Whole(value) => hex(value),
        ProvenValue::Outside { hash, len } => format!("@{hash} {len}"),
    };
    format!("{} {value}", hex(key))
}

fn change_lines(changes: &[ProvenChange]) -> Vec<String> {
    let value = |proven: &Option<ProvenValue>| match proven {
        None => " -".to_owned(),
        Some(proven) => line(b"", proven),
    };
    let lines = changes.iter().map(|change| {
        let values = [&change.before, &change.after].map(value).concat();
        format!("{}{values}", hex(&change.key))
    });
    lines.collect()
}

/// Changes a byte of a proof, under the seal that belongs to it.
fn forged(proof: &[u8], at: usize) -> Vec<u8> {
    let mut forged = proof.to_vec();
    forged[at] ^= 1;
    let body = forged.len() - 8;
    let seal = Hash::of(&forged[..body]);
    forged[body..].copy_from_slice(&seal.as_bytes()[..8]);
    forged
}

#[test]
fn a_tree_in_a_pack_is_listed_as_we_list_it() {
    let place = Place::new();
    let expected: Vec<_> = (place.at.iter())
        .map(Result::unwrap)
        .map(|(key, value)| line(&key, &ProvenValue::Whole(value.to_vec())))
        .collect();
    assert_eq!(expected.len(), 2_007);
    assert!(place.at.tree().depth() > 1);
    let pack = place.pack();
    assert_eq!(accepted(&read("list", &pack, place.at.root())), expected);
    assert_eq!(accepted(&read("list", &pack, place.at.id().0)), expected);

    let mut bytes = fs::read(&pack).unwrap();
    bytes[2_000] ^= 1;
    let damaged = place.folder.path().join("damaged");
    fs::write(&damaged, bytes).unwrap();
    assert_refused(&read("list", &damaged, place.at.id().0));
}

#[test]
fn lists_of_pieces_that_no_writer_makes_are_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", folder.join("../../examples"));
    let output = (command.arg("-B").arg(folder.join("tests/forged_lists.py"))).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn proofs_show_what_we_say_that_they_show() {
    let place = Place::new();
    let (tree, root) = (place.at.tree(), place.at.root());
    let keys: [&[u8]; 6] = [
        b"row/00500",
        b"row/00500/long",
        b"row/005000",
        b"",
        b"\xff\xff",
        b"k",
    ];
    for key in keys {
        let proof = tree.generate_proof(key).unwrap();
        let entries = proof.entries_in::<[u8], _>(proof.bounds(), &root).unwrap();
        let expected: Vec<_> = entries
            .iter()
            .map(|(key, proven)| line(key, proven))
            .collect();
        assert_eq!(expected.len(), usize::from(tree.contains_key(key).unwrap()));
        assert_eq!(accepted(&place.verify(&proof.encode(), root)), expected);
        let proof = place.at.generate_proof(key).unwrap();
        let output = place.verify(&proof.encode(), place.at.id().0);
        assert_eq!(accepted(&output), expected);
    }
    let ranges = [
        tree.generate_range_proof(&b"row/00100"[..]..&b"row/00300"[..]),
        tree.generate_range_proof(&b"row/019"[..]..),
        tree.generate_range_proof(..=&b"row/00002"[..]),
        tree.generate_range_proof(&b"row/00300"[..]..&b"row/00100"[..]),
    ];
    for proof in ranges {
        let proof = proof.unwrap();
        let entries = proof.entries_in::<[u8], _>(proof.bounds(), &root).unwrap();
        let expected: Vec<_> = entries
            .iter()
            .map(|(key, proven)| line(key, proven))
            .collect();
        assert_eq!(accepted(&place.verify(&proof.encode(), root)), expected);
    }
}

/// They were written when the format was frozen.
#[test]
fn proofs_that_are_kept_beside_a_fixture_show_what_was_claimed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/format-1/proofs");
    let claims = fs::read_to_string(folder.join("claims.txt")).unwrap();
    let (commit, claims) = claims.split_once('\n').unwrap();
    let commit = commit.strip_prefix("commit ").unwrap().parse().unwrap();
    assert_eq!(claims.lines().count(), 5);
    for claim in claims.lines() {
        let (name, claim) = claim.split_once(' ').unwrap();
        let shown = accepted(&read("verify", &folder.join(name), commit));
        let Some((key, value)) = claim.split_once(" = ") else {
            assert_eq!(claim, format!("has {}", shown.len()));
            continue;
        };
        let line = match (name, value) {
            (_, "none") => None,
            // Only its address is in the proof.
            ("outside", value) => Some(format!("@{} {}", address(value.as_bytes()), value.len())),
            (_, value) => Some(hex(value.as_bytes())),
        };
        let line = line.map(|value| format!("{} {value}", hex(key.as_bytes())));
        assert_eq!(shown, Vec::from_iter(line), "{name}");
    }
}

#[test]
fn differences_that_are_kept_beside_a_fixture_show_what_was_claimed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/format-1/differences");
    for name in ["to-the-side", "from-the-first"] {
        let claims = fs::read_to_string(folder.join(name).with_extension("txt")).unwrap();
        let (commits, claims) = claims.split_once('\n').unwrap();
        let commits: Vec<&str> = commits.split(' ').collect();
        let mut command = python("difference.py");
        let output = command.arg(folder.join(name)).args(commits).output();
        assert!(
            accepted(&output.unwrap()).iter().eq(claims.lines()),
            "{name}"
        );
    }
}

/// The address of a value that lies out of line in one record.
fn address(value: &[u8]) -> Hash {
    Hash::of(&[b"P\x02\x01\0\0", value].concat())
}

#[test]
fn forged_proofs_are_refused() {
    let place = Place::new();
    let (tree, root) = (place.at.tree(), place.at.root());
    let proof = tree.generate_proof(b"row/00500").unwrap().encode();
    assert_refused(&place.verify(&proof, Hash::of(b"another tree")));
    assert_refused(&place.verify(&proof[..proof.len() - 1], root));
    // In the seal, in the leaf, in the root, in the number of nodes.
    let count = 10 + 2 * 5 + 2 * b"row/00500".len();
    for at in [proof.len() - 1, proof.len() - 30, count + 8 + 40, count] {
        let mut forged = proof.clone();
        forged[at] ^= 1;
        assert_refused(&place.verify(&forged, root));
        // Whoever forges a proof makes its seal right.
        let fields = forged.len() - 8;
        let seal = Hash::of(&forged[..fields]);
        forged[fields..].copy_from_slice(&seal.as_bytes()[..8]);
        let output = place.verify(&forged, root);
        if at == proof.len() - 1 {
            assert_eq!(accepted(&output).len(), 1, "a mended seal is no forgery");
        } else {
            assert_refused(&output);
            let ours = Proof::decode(&forged)
                .and_then(|proof| proof.entries_in::<[u8], _>(proof.bounds(), &root));
            assert!(ours.is_err());
        }
    }
    let of_store = place.at.generate_proof(b"row/00500").unwrap().encode();
    assert_refused(&place.verify(&of_store, Hash::of(b"another commit")));
    assert_refused(&place.verify(&of_store, root));
}

#[test]
fn a_proof_of_a_difference_shows_what_we_say_that_it_shows() {
    let place = Place::new();
    let tree = place.at.tree();
    let edits = [
        (&b"row/00017"[..], Edit::Put(b"changed".to_vec())),
        (b"row/00500/long", Edit::Put(vec![b'w'; 5_000])),
        (b"row/00900", Edit::Delete),
        (b"row/01999/more", Edit::Put(Vec::new())),
    ];
    let edited = tree.apply_stored(edits).unwrap();
    let emptied = Tree::empty(tree.storage().clone(), *tree.parameters());
    // The last key of a leaf is where bounds are easily one off.
    let node = tree.storage().load::<Node>(&tree.root()).unwrap();
    let border = node.entries().nth(3).unwrap().0;
    let key = |text: &str| text.as_bytes().to_vec();
    let ranges = [
        (Bound::Unbounded, Bound::Unbounded),
        (
            Bound::Included(key("row/00500")),
            Bound::Excluded(key("row/00900")),
        ),
        (
            Bound::Excluded(border.clone()),
            Bound::Included(key("row/01999/more")),
        ),
        (
            Bound::Included(border.clone()),
            Bound::Excluded(border.clone()),
        ),
        (Bound::Included(key("")), Bound::Included(border)),
    ];
    let verify = |proof: &[u8], one: Hash, other: Hash| place.compare(proof, one, other);
    for (before, after) in [
        (tree, &edited),
        (&edited, tree),
        (tree, tree),
        (&emptied, tree),
    ] {
        for range in &ranges {
            let proof = before.generate_diff_range_proof::<Key, _>(after, range.clone());
            let proof = proof.unwrap();
            let (before, after) = (before.root(), after.root());
            let changes = proof.changes_in(range.clone(), &before, &after).unwrap();
            let expected = change_lines(&changes);
            let proof = proof.encode();
            assert_eq!(accepted(&verify(&proof, before, after)), expected);
            if before != after {
                assert_refused(&verify(&proof, after, before));
                assert_refused(&verify(&proof, before, before));
            }
            let forged = forged(&proof, proof.len() / 2);
            if before != after {
                assert_refused(&verify(&forged, before, after));
            }
        }
    }
}

#[test]
fn a_proof_of_two_states_shows_what_we_say_that_it_shows() {
    let place = Place::new();
    let (tree, plain) = (place.at.tree(), NamespaceKey::plain());
    let edits = [
        (&b"row/00017"[..], Edit::Put(b"changed".to_vec())),
        (b"row/00500/long", Edit::Delete),
    ];
    let edited = tree.apply_stored(edits).unwrap();
    let catalog = Catalog::open(tree.storage(), place.at.commit().root).unwrap();
    let mut batch = RecordBatch::new();
    let entry = CatalogEntry::plain(edited.root(), *edited.parameters());
    let later = catalog.with(&plain, Some(&entry), &mut batch).unwrap();
    tree.storage().put(&batch).unwrap();
    let nothing = Catalog::empty(tree.storage());
    let side = |catalog, tree| ProofSide {
        commit: None,
        catalog,
        tree,
    };
    let committed = ProofSide {
        commit: Some(place.at.commit()),
        ..side(&catalog, Some(tree))
    };
    let commit = (committed, Anchor::Commit(place.at.id()), place.at.id().0);
    let (edited, emptied) = (side(&later, Some(&edited)), side(&nothing, None));
    let root = |side: ProofSide<'_>| Anchor::Root(side.catalog.root());
    let [edited, emptied] = [edited, emptied].map(|side| (side, root(side), side.catalog.root()));
    let range = &b"row/00500"[..]..;
    for ((before, old, one), (after, new, other)) in [
        (commit, edited),
        (edited, commit),
        (emptied, commit),
        (commit, emptied),
        (emptied, emptied),
    ] {
        let proof = StoreDiffProof::generate(before, after, &plain, range.clone()).unwrap();
        let changes = proof.changes_in(range.clone(), old, new, &plain).unwrap();
        let proof = proof.encode();
        let lines = accepted(&place.compare(&proof, one, other));
        assert_eq!(lines, change_lines(&changes));
        assert_refused(&place.compare(&proof, one, Hash::of(b"nowhere")));
        if one != other {
            assert_refused(&place.compare(&proof, other, one));
        }
        for at in [12, proof.len() / 3, proof.len() - 30] {
            assert_refused(&place.compare(&forged(&proof, at), one, other));
        }
    }
}
