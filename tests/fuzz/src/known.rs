//! Trees and a store whose contents are known, for seeds and to compare with.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use prollytree::history::{Catalog, CatalogEntry, CommitId, NamespaceKey, Person, SteppingClock};
use prollytree::storage::{RecordBatch, Storage, StorageOptions};
use prollytree::store::{StoreOptions, VersionedStore};
use prollytree::tree::{Edit, EntryRule, NodeSize, Parameters, Shape, Tree};
use prollytree_plugin_api::{
    Buffer, Call, Hash, NodeStorage, OpenStorage, Options, RefName, Slot, Timestamp,
};

/// Keys and values.
pub(crate) type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// What the known store has, and what is known of it.
pub(crate) struct Known {
    pub(crate) map: Map,
    pub(crate) tree: Tree,
    /// The tree with a few edits.
    pub(crate) edited: Tree,
    pub(crate) backend: Arc<dyn NodeStorage>,
    pub(crate) store: VersionedStore,
    pub(crate) commit: CommitId,
    /// The root of the commit's catalog.
    pub(crate) catalog: Hash,
    /// The root of the catalog that has the tree with a few edits instead.
    pub(crate) edited_catalog: Hash,
}

/// Returns the known store; it is made once for each process.
pub(crate) fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(make)
}

/// A new backend in memory.
pub(crate) fn memory() -> Arc<dyn NodeStorage> {
    let request = OpenStorage::or_create(Options::default());
    (prollytree_backend_memory::BACKEND.open)(&request).expect("memory opens")
}

/// A face of a backend that caches little.
pub(crate) fn storage_on(backend: &Arc<dyn NodeStorage>) -> Storage {
    let options = StorageOptions {
        cache_bytes: 1 << 20,
        ..StorageOptions::default()
    };
    Storage::new(Arc::clone(backend), options)
}

/// Parameters under which a few dozen entries make several levels.
pub(crate) fn narrow() -> Parameters {
    let rule = EntryRule {
        modulus: 3,
        base: 2,
        ..EntryRule::default()
    };
    Parameters::entries(rule).expect("the rule is possible")
}

/// Parameters under which a tree of less than 4 MiB is one leaf, without values out of line.
pub(crate) fn wide() -> Parameters {
    let all = NodeSize {
        target: 4 << 20,
        min: 4 << 20,
        max: 4 << 20,
    };
    let shape = Shape {
        leaf: all,
        internal: all,
        inline_limit: Parameters::MAX_INLINE_LIMIT,
        ..Shape::default()
    };
    Parameters::new(shape).expect("the shape is possible")
}

/// Keys of several shapes, values of several lengths, one of them out of line.
pub(crate) fn map() -> Map {
    let mut map: Map = (0_u8..60)
        .map(|n| {
            (
                format!("row/{n:03}").into_bytes(),
                vec![n; usize::from(n % 7)],
            )
        })
        .collect();
    map.insert(Vec::new(), b"empty key".to_vec());
    map.insert(vec![0; 3], b"zeros".to_vec());
    map.insert(vec![255; 20], Vec::new());
    map.insert(b"row/long".to_vec(), vec![b'v'; 3_000]);
    map
}

/// Reads a record of a store.
pub(crate) fn record(backend: &Arc<dyn NodeStorage>, hash: Hash) -> Buffer {
    let mut slot = [Slot::EMPTY];
    let read = backend.get_many(&Call::UNLIMITED, &[hash], &mut slot);
    read.expect("memory is read");
    slot[0].take().expect("the record is there")
}

/// Reads the record that a ref points to.
pub(crate) fn record_at(backend: &Arc<dyn NodeStorage>, name: &str) -> Buffer {
    let name = RefName::new(name).expect("the name is valid");
    let found = backend.get_ref(&Call::UNLIMITED, &name);
    record(
        backend,
        found.expect("memory is read").expect("the ref is there"),
    )
}

fn make() -> Known {
    let backend = memory();
    let person = Person::new("Ada Lovelace", "ada@example.org").expect("a person");
    let options = StoreOptions {
        clock: Arc::new(SteppingClock::new(
            Timestamp(1_700_000_000_000_000),
            1_000_000,
        )),
        identity: Arc::new(person),
        parameters: narrow(),
        ..StoreOptions::default()
    };
    let map = map();
    let mut store = VersionedStore::init(storage_on(&backend), options).expect("a new store");
    for (key, value) in &map {
        store.put(&key[..], &value[..]).expect("a put");
    }
    let commit = store.commit("All rows").expect("a commit");
    let catalog = store.catalog_root().expect("a root");
    let tree = store.tree().clone();
    let edits = [
        (&b"row/012"[..], Edit::Put(b"changed".to_vec())),
        (b"row/041", Edit::Delete),
        (b"row/0415", Edit::Put(vec![b'n'; 3_000])),
        (b"row/long", Edit::Put(vec![b'w'; 3_000])),
    ];
    let edited = tree.apply_stored(edits).expect("edits in order");
    Known {
        edited_catalog: with_plain(store.storage(), catalog, &edited),
        edited,
        tree,
        map,
        backend,
        store,
        commit,
        catalog,
    }
}

/// Makes the catalog in which the plain namespace has another tree; returns its root.
fn with_plain(storage: &Storage, catalog: Hash, tree: &Tree) -> Hash {
    let catalog = Catalog::open(storage, catalog).expect("a catalog");
    let entry = CatalogEntry::plain(tree.root(), *tree.parameters());
    let mut batch = RecordBatch::new();
    let changed = catalog.with(&NamespaceKey::plain(), Some(&entry), &mut batch);
    storage.put(&batch).expect("memory is written");
    changed.expect("a valid entry").root()
}
