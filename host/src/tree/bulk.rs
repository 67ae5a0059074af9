//! Loading in bulk: edits in any order, more than fit into memory, with a look at how far it is.

use std::mem;
use std::path::PathBuf;

use super::key::{Key, MAX_KEY_LEN};
use super::look_ahead::LookAhead;
use super::output::Output;
use super::parameters::Parameters;
use super::sort::Sorter;
use super::{Edit, Tree, TreeError};
use crate::storage::Storage;

/// How edits are loaded in bulk.
pub struct BulkOptions<'a> {
    /// The memory that edits may take before they are sorted in a temporary file, in bytes, roughly.
    pub memory: usize,
    /// Where that file is; the system's folder for temporary files unless named. The file has no
    /// name, and is gone when the load ends or the process does.
    pub folder: Option<PathBuf>,
    /// Is told now and then how far the load is, and once at its end.
    pub progress: Option<Box<dyn FnMut(BulkProgress) + 'a>>,
}

/// How far a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkProgress {
    /// So many edits have been taken; more may come.
    Taken(u64),
    /// So many have been applied, in the order of their keys, out of as many as there are. Where
    /// several were for one key, one is applied, and the last step is a large one.
    Applied {
        /// The edits that are done, the last 1,024 perhaps only collected.
        done: u64,
        /// All of them.
        total: u64,
    },
}

/// How many edits come between two looks.
const STEP: u64 = 1 << 12;

impl Default for BulkOptions<'_> {
    /// 256 MiB of memory, the system's folder, no look.
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            folder: None,
            progress: None,
        }
    }
}

/// A load under way.
///
/// For as long as edits come in the order of their keys they are applied at once; from the first one
/// that does not they are collected, sorted, and applied at the end. Once there are many, other threads
/// make leaves of what comes behind the last old entry, and hash them elsewhere.
///
/// ```
/// use prollytree::tree::{BulkLoad, BulkOptions, Edit};
/// # use prollytree::storage::{Storage, StorageOptions};
/// # use prollytree::tree::{Parameters, Tree};
/// # use prollytree_plugin_api::{OpenStorage, Options};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = (prollytree_backend_memory::BACKEND.open)(&OpenStorage::or_create(Options::new()))?;
/// # let storage = Storage::new(backend, StorageOptions::default());
/// # let tree = Tree::empty(storage, Parameters::default());
/// let mut load = BulkLoad::new(&tree, BulkOptions::default());
/// for line in ["plum", "apple", "plum"] {
///     load.push(line.into(), Edit::Put(b"fruit".to_vec()))?;
/// }
/// assert_eq!(load.finish()?.len(), 2);
/// # Ok(())
/// # }
/// ```
pub struct BulkLoad<'a> {
    stage: Stage<'a>,
    options: BulkOptions<'a>,
    /// The edits that have come.
    taken: u64,
    /// Those of them that were applied as they came.
    applied: u64,
}

/// What becomes of an edit that comes.
enum Stage<'a> {
    /// All have come in order so far: it is applied, if it does too.
    Direct {
        tree: &'a Tree,
        writer: Box<LookAhead<'a, Key, Edit>>,
    },
    /// It waits until all are there.
    Sorting { tree: Tree, sorter: Sorter },
    /// An earlier one failed.
    Lost,
}

impl<'a> BulkLoad<'a> {
    /// Begins a load on top of a tree. Its nodes are stored as they are made, so that memory is
    /// bounded whatever the number of edits.
    #[must_use]
    pub fn new(tree: &'a Tree, options: BulkOptions<'a>) -> Self {
        let writer = LookAhead::new(tree, Output::store(tree.storage()));
        Self {
            stage: Stage::Direct {
                tree,
                writer: Box::new(writer),
            },
            options,
            taken: 0,
            applied: 0,
        }
    }

    /// Takes an edit. Of several for one key, the last counts.
    ///
    /// # Errors
    /// [`TreeError::Sorting`] if the temporary file fails, those of the storage if it does, and
    /// [`TreeError::KeyTooLong`]. The load is lost then.
    pub fn push(&mut self, key: Key, edit: Edit) -> Result<(), TreeError> {
        let taken = self.take(key, edit);
        if taken.is_err() {
            self.stage = Stage::Lost;
        }
        taken
    }

    fn take(&mut self, key: Key, edit: Edit) -> Result<(), TreeError> {
        if key.len() > MAX_KEY_LEN {
            return Err(TreeError::KeyTooLong { len: key.len() });
        }
        if let Stage::Direct { writer, .. } = &self.stage
            && !writer.follows(&key)
        {
            self.begin_to_sort()?;
        }
        match &mut self.stage {
            Stage::Direct { writer, .. } => {
                writer.push(key, edit)?;
                self.applied += 1;
            }
            Stage::Sorting { sorter, .. } => sorter.push(key, edit)?,
            Stage::Lost => return Err(TreeError::Lost { what: "load" }),
        }
        self.taken += 1;
        if self.taken.is_multiple_of(STEP) {
            self.options.tell(BulkProgress::Taken(self.taken));
        }
        Ok(())
    }

    /// Ends the load, and returns the tree that it made. It can be read at once, and becomes durable
    /// with the storage's next commit.
    ///
    /// # Errors
    /// As for [`push`](Self::push). What has been stored by then is not referred to by anything.
    pub fn finish(mut self) -> Result<Tree, TreeError> {
        self.options.tell(BulkProgress::Taken(self.taken));
        let tree = match self.stage {
            Stage::Lost => return Err(TreeError::Lost { what: "load" }),
            Stage::Direct { tree, writer, .. } => tree.with_root(writer.finish()?),
            Stage::Sorting { tree, sorter } => {
                let mut writer = LookAhead::new(&tree, Output::store(tree.storage()));
                sorter.finish(|key, edit| {
                    writer.push_ref(key, edit)?;
                    self.applied += 1;
                    if self.applied.is_multiple_of(STEP) {
                        self.options.tell(BulkProgress::Applied {
                            done: self.applied,
                            total: self.taken,
                        });
                    }
                    Ok(())
                })?;
                tree.with_root(writer.finish()?)
            }
        };
        self.options.tell(BulkProgress::Applied {
            done: self.taken,
            total: self.taken,
        });
        Ok(tree)
    }

    /// Applies what came in order; the rest waits.
    fn begin_to_sort(&mut self) -> Result<(), TreeError> {
        if let Stage::Direct { tree, writer, .. } = mem::replace(&mut self.stage, Stage::Lost) {
            let folder = self.options.folder.take();
            self.stage = Stage::Sorting {
                tree: tree.with_root(writer.finish()?),
                sorter: Sorter::new(
                    self.options.memory,
                    folder.unwrap_or_else(std::env::temp_dir),
                ),
            };
        }
        Ok(())
    }
}

impl BulkOptions<'_> {
    fn tell(&mut self, progress: BulkProgress) {
        if let Some(tell) = &mut self.progress {
            tell(progress);
        }
    }
}

impl Tree {
    /// Makes a tree of entries in any order, and stores it as it goes; of several for one key, the
    /// last counts. Memory is bounded, whatever their number.
    ///
    /// # Errors
    /// As for [`apply_unsorted`](Self::apply_unsorted).
    pub fn build_unsorted(
        storage: Storage,
        parameters: Parameters,
        entries: impl IntoIterator<Item = (Key, Vec<u8>)>,
        options: BulkOptions<'_>,
    ) -> Result<Self, TreeError> {
        let edits = entries
            .into_iter()
            .map(|(key, value)| (key, Edit::Put(value)));
        Self::empty(storage, parameters).apply_unsorted(edits, options)
    }

    /// Makes the tree that differs from this one by edits in any order, and stores its records as it
    /// goes; of several edits for one key, the last counts. Memory is bounded: what does not fit is
    /// sorted in a temporary file.
    ///
    /// # Errors
    /// As for [`BulkLoad`].
    pub fn apply_unsorted(
        &self,
        edits: impl IntoIterator<Item = (Key, Edit)>,
        options: BulkOptions<'_>,
    ) -> Result<Self, TreeError> {
        let mut load = BulkLoad::new(self, options);
        for (key, edit) in edits {
            load.push(key, edit)?;
        }
        load.finish()
    }
}
