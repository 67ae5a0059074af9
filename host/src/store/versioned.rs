//! The store that users hold: making one, opening one, and reading single keys.

use std::fmt;
use std::sync::Arc;

use prollytree_plugin_api::{Capabilities, Hash, RefUpdate, Swap, Timestamp};

use super::contents::Contents;
use super::work::Saved;
use super::{StoreError, StoreOptions};
use crate::history::{
    BranchName, Clock, Commit, CommitId, HistoryError, Identity, Position, Resolver, Revision,
    RevisionError, StoreFormat, StoreRecord, WorkRecord, WorktreeName,
};
use crate::storage::{RecordBatch, Storage};
use crate::tree::{Staging, Tree, Value, ValueReader};

/// One session on one worktree of a versioned store.
///
/// Edits are staged in memory. They become durable with [`flush`](Self::flush),
/// [`close`](Self::close) or [`commit`](Self::commit), and are lost if the store is dropped before.
/// A session sees the branch as it was when it was opened, committed, checked out or
/// [refreshed](Self::refresh); that another session moved it meanwhile shows at the next commit.
///
/// ```
/// use std::sync::Arc;
///
/// use prollytree::history::{Person, Revision};
/// use prollytree::storage::{Storage, StorageOptions};
/// use prollytree::store::{StoreOptions, VersionedStore};
/// # use prollytree_plugin_api::{OpenStorage, Options};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let backend = (prollytree_backend_memory::BACKEND.open)(&OpenStorage::or_create(Options::new()))?;
/// let storage = Storage::new(backend, StorageOptions::default());
/// let ada = Person::new("Ada Lovelace", "ada@example.org")?;
/// let options = StoreOptions { identity: Arc::new(ada), ..StoreOptions::default() };
///
/// let mut store = VersionedStore::open_or_init(storage, options)?;
/// store.put("language", "Note G")?;
/// let first = store.commit("Begin")?;
/// store.put("language", "Rust")?;
/// store.commit("Go on")?;
///
/// let then = store.at(&Revision::new("HEAD~1")?)?;
/// assert_eq!(then.id(), first);
/// assert_eq!(then.get(b"language")?.as_deref(), Some(&b"Note G"[..]));
/// # Ok(())
/// # }
/// ```
pub struct VersionedStore {
    pub(super) storage: Storage,
    pub(super) record: Arc<StoreRecord>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) identity: Arc<dyn Identity>,
    pub(super) worktree: WorktreeName,
    pub(super) staging_bytes: usize,
    pub(super) position: Position,
    pub(super) base: Base,
    /// The work without the staged edits.
    pub(super) work: Contents,
    pub(super) staged: Staging,
    /// The work record that the worktree's ref pointed to when this session last looked.
    pub(super) saved: Option<Saved>,
}

/// What the work began from.
#[derive(Clone)]
pub(super) struct Base {
    /// The commit; none on an unborn branch.
    pub(super) commit: Option<(CommitId, Arc<Commit>)>,
    pub(super) contents: Contents,
}

impl Base {
    pub(super) fn id(&self) -> Option<CommitId> {
        self.commit.as_ref().map(|(id, _)| *id)
    }
}

impl VersionedStore {
    /// Makes a store where there is none and opens it.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if there is one.
    pub fn init(storage: Storage, options: StoreOptions) -> Result<Self, StoreError> {
        let exists = || StoreError::AlreadyExists {
            location: location(&storage),
        };
        if storage.reference(&StoreRecord::ref_name())?.is_some() {
            return Err(exists());
        }
        let record = StoreRecord {
            parameters: options.parameters,
            default_branch: options.default_branch.clone(),
            created: options.clock.now(),
        };
        let mut batch = RecordBatch::new();
        let new = Some(record.push_to(&mut batch));
        let create = |name, new| RefUpdate {
            name,
            expected: None,
            new,
        };
        let mut updates = vec![create(StoreRecord::ref_name(), new)];
        // The worktree is known from the start, so that its branch is protected.
        let mut work_batch = RecordBatch::new();
        let work = first_work(&storage, &record, &mut work_batch)?;
        let work = create(options.worktree.ref_name().clone(), Some(work));
        let atomic = storage.offers(Capabilities::ATOMIC_COMMIT);
        if atomic {
            first_work(&storage, &record, &mut batch)?;
            updates.push(work.clone());
        }
        if let Swap::Lost { .. } = storage.commit(&batch, &updates)? {
            return Err(exists());
        }
        if !atomic && let Swap::Lost { name, .. } = storage.commit(&work_batch, &[work])? {
            log::debug!("{name}: another session has written its record already");
        }
        Self::session(storage, record, options)
    }

    /// Opens a store that is there. Reads a number of records that does not depend on its size.
    ///
    /// # Errors
    /// [`StoreError::NotAStore`] if there is none, [`StoreError::NewerFormat`] if a later version
    /// made it, [`StoreError::DefaultBranchGone`] if the worktree is new and the branch that it would
    /// stand on is not there.
    pub fn open(storage: Storage, options: StoreOptions) -> Result<Self, StoreError> {
        let Some(hash) = storage.reference(&StoreRecord::ref_name())? else {
            return Err(StoreError::NotAStore {
                location: location(&storage),
            });
        };
        match &*storage.load::<StoreFormat>(&hash)? {
            StoreFormat::Known(record) => Self::session(storage, (**record).clone(), options),
            StoreFormat::Provisional => Err(StoreError::ProvisionalFormat {
                location: storage.info().location.clone(),
            }),
            StoreFormat::Newer { format } => Err(StoreError::NewerFormat {
                location: location(&storage),
                format: *format,
                supported: StoreRecord::FORMAT,
            }),
        }
    }

    /// Opens the store that is there, or makes one.
    pub fn open_or_init(storage: Storage, options: StoreOptions) -> Result<Self, StoreError> {
        match Self::open(storage.clone(), options.clone()) {
            Err(StoreError::NotAStore { .. }) => match Self::init(storage.clone(), options.clone())
            {
                // Somebody else made it in between.
                Err(StoreError::AlreadyExists { .. }) => Self::open(storage, options),
                made => made,
            },
            opened => opened,
        }
    }

    fn session(
        storage: Storage,
        record: StoreRecord,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let contents = Contents::empty(&storage, &record.parameters);
        let mut store = Self {
            position: Position::Branch(record.default_branch.clone()),
            record: Arc::new(record),
            clock: options.clock,
            identity: options.identity,
            worktree: options.worktree,
            staging_bytes: options.staging_bytes,
            base: Base {
                commit: None,
                contents: contents.clone(),
            },
            work: contents,
            staged: Staging::default(),
            saved: None,
            storage,
        };
        store.load()?;
        Ok(store)
    }

    /// Returns the value of a key, staged or committed.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Ok(self.staged.get(&self.work.tree, key)?)
    }

    /// Returns the value of a key, staged or committed, for reading piece by piece: of a large one,
    /// about a megabyte is in memory at a time.
    pub fn value_reader(&self, key: &[u8]) -> Result<Option<ValueReader>, StoreError> {
        Ok(self.staged.value_reader(&self.work.tree, key)?)
    }

    /// Says whether a key has a value.
    pub fn contains(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.staged.contains_key(&self.work.tree, key)?)
    }

    /// Returns the number of entries. Costs a lookup for each staged edit.
    pub fn len(&self) -> Result<u64, StoreError> {
        Ok(self.staged.len(&self.work.tree)?)
    }

    /// Says whether there are no entries.
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        self.len().map(|len| len == 0)
    }

    /// Returns the root hash of the store's entries, staged ones included: the same for the same
    /// entries and parameters, whatever their history and backend. Writes nothing.
    pub fn root_hash(&self) -> Result<Hash, StoreError> {
        Ok(self.applied(&mut RecordBatch::new())?.root())
    }

    /// Returns the tree of the store's entries, without the staged edits.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.work.tree
    }

    /// Returns the root hash of everything in the store, staged edits included: the root that a
    /// commit would have. Writes nothing.
    pub fn catalog_root(&self) -> Result<Hash, StoreError> {
        let mut batch = RecordBatch::new();
        let tree = self.applied(&mut batch)?;
        Ok(self.work.with_tree(tree, &mut batch)?.root())
    }

    /// Returns the commit that the work began from; none on an unborn branch.
    #[must_use]
    pub fn head(&self) -> Option<CommitId> {
        self.base.id()
    }

    /// Returns the branch or commit that the worktree stands on.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Returns the branch that the worktree stands on, unless it is detached.
    #[must_use]
    pub fn current_branch(&self) -> Option<&BranchName> {
        match &self.position {
            Position::Branch(branch) => Some(branch),
            Position::Detached(_) => None,
        }
    }

    /// Returns the worktree that the session works in.
    #[must_use]
    pub fn worktree(&self) -> &WorktreeName {
        &self.worktree
    }

    /// Returns what was decided when the store was made.
    #[must_use]
    pub fn store_record(&self) -> &StoreRecord {
        &self.record
    }

    /// Returns the storage below.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Finds the commit that a revision names.
    pub fn resolve(&self, revision: &Revision) -> Result<CommitId, RevisionError> {
        let head = match &self.position {
            Position::Branch(branch) => self.head().ok_or(branch),
            Position::Detached(commit) => Ok(*commit),
        };
        Resolver {
            storage: &self.storage,
            clock: &*self.clock,
            head,
        }
        .resolve(revision)
    }

    /// Like [`applied`](Self::applied), for edits that are about to be made durable: many are stored
    /// at once, and only the nodes of few come in the batch.
    pub(super) fn applied_to_keep(&mut self, batch: &mut RecordBatch) -> Result<Tree, StoreError> {
        /// So many bytes of edits make at most some hundred times as many of nodes.
        const FEW_BYTES: usize = 1 << 20;
        self.spill_beyond(FEW_BYTES)?;
        self.applied(batch)
    }

    /// Returns the tree with the staged edits applied; its new nodes are added to the batch.
    pub(super) fn applied(&self, batch: &mut RecordBatch) -> Result<Tree, StoreError> {
        if self.staged.is_empty() {
            return Ok(self.work.tree.clone());
        }
        Ok(self.work.tree.apply(self.staged.iter(), batch)?)
    }

    /// Returns the present time, or the first moment after that of a commit if that is later.
    pub(super) fn time_after(&self, commit: Option<&Commit>) -> Timestamp {
        let now = self.clock.now();
        commit.map_or(now, |commit| {
            now.max(Timestamp(commit.committer.time.0.saturating_add(1)))
        })
    }
}

impl fmt::Debug for VersionedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VersionedStore")
            .field("storage", &self.storage)
            .field("worktree", &self.worktree)
            .field("position", &self.position)
            .field("head", &self.head())
            .finish_non_exhaustive()
    }
}

/// Describes a worktree in which nothing has happened yet.
fn first_work(
    storage: &Storage,
    record: &StoreRecord,
    batch: &mut RecordBatch,
) -> Result<Hash, StoreError> {
    let catalog = Contents::empty(storage, &record.parameters).root();
    Contents::push_empty(storage, catalog, batch)?;
    let work = WorkRecord {
        position: Position::Branch(record.default_branch.clone()),
        base: None,
        catalog,
        merge: None,
        previous: None,
        time: record.created,
        action: "init".to_owned(),
    };
    Ok(work
        .push_to(batch)
        .map_err(|reason| HistoryError::Unwritable {
            what: "work record",
            reason,
        })?)
}

fn location(storage: &Storage) -> String {
    storage.info().location.clone()
}
