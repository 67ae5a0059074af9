//! A tree under a name, without history: what a ref below `trees/` points to.

use std::fmt;

use prollytree_plugin_api::{Buffer, Hash, Kind, RefName, RefUpdate, Swap};

use super::diff::Diff;
use super::key::Key;
use super::parameters::Parameters;
use super::proof::Proof;
use super::resolve::{Conflict, Resolver};
use super::session::Session;
use super::value::Value;
use super::{Tree, TreeError};
use crate::storage::{Decode, Fields, Malformed, MetaForm, PutFields, RecordBatch, Storage};

/// A tree that has a name in a storage and no history.
///
/// Edits stay in memory until the tree is saved. Whoever saves first wins: another who opened the
/// same state is refused, so that nobody's edits are lost unseen.
///
/// ```
/// use prollytree::tree::{BareTree, Parameters};
/// # use prollytree::storage::{Storage, StorageOptions};
/// # use prollytree_plugin_api::{OpenStorage, Options};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = (prollytree_backend_memory::BACKEND.open)(&OpenStorage::or_create(Options::new()))?;
/// # let storage = Storage::new(backend, StorageOptions::default());
/// let mut fruit = BareTree::open_or_create(&storage, "fruit", Parameters::default())?;
/// fruit.insert_batch([("apple", "red"), ("banana", "yellow")])?;
/// fruit.save_config()?;
///
/// let fruit = BareTree::load_config(&storage, "fruit")?.ok_or("somebody ate it")?;
/// assert_eq!(fruit.find(b"apple")?.as_deref(), Some(&b"red"[..]));
/// # Ok(())
/// # }
/// ```
pub struct BareTree {
    name: RefName,
    session: Session,
    /// The record that the ref pointed to when the tree was opened or saved.
    saved: Option<Hash>,
}

/// What the ref of a bare tree points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BareTreeRecord {
    /// The root of the tree.
    pub root: Hash,
    /// Its parameters.
    pub parameters: Parameters,
}

impl BareTreeRecord {
    /// Returns the one encoding that the record has.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MetaForm::Tree.header();
        bytes.put_hash(&self.root);
        bytes.put_short(&self.parameters.encode());
        bytes
    }
}

impl Decode for BareTreeRecord {
    const KIND: Kind = Kind::META;

    fn decode(bytes: Buffer) -> Result<Self, Malformed> {
        let mut fields = Fields::new(MetaForm::Tree.read_header(&bytes)?);
        let root = fields.hash("root")?;
        let parameters = Parameters::decode(fields.short("tree parameters")?)?;
        fields.end()?;
        Ok(Self { root, parameters })
    }

    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

impl BareTree {
    /// What the names of their refs begin with.
    pub const CLASS: &'static str = "trees/";

    /// Opens the tree of a name; `None` if there is none.
    ///
    /// # Errors
    /// [`TreeError::InvalidName`], and what keeps the tree from being read.
    pub fn load_config(storage: &Storage, name: &str) -> Result<Option<Self>, TreeError> {
        let name = ref_name(name)?;
        let Some(saved) = storage.reference(&name)? else {
            return Ok(None);
        };
        let record = storage.load::<BareTreeRecord>(&saved)?;
        let tree = Tree::open(storage.clone(), record.root, record.parameters)?;
        Ok(Some(Self {
            name,
            session: Session::new(tree),
            saved: Some(saved),
        }))
    }

    /// Opens the tree of a name, or begins one with these parameters, which is stored when it is
    /// saved. One that is there keeps the parameters that it has.
    ///
    /// # Errors
    /// As for [`load_config`](Self::load_config).
    pub fn open_or_create(
        storage: &Storage,
        name: &str,
        parameters: Parameters,
    ) -> Result<Self, TreeError> {
        if let Some(found) = Self::load_config(storage, name)? {
            return Ok(found);
        }
        Ok(Self {
            name: ref_name(name)?,
            session: Session::new(Tree::empty(storage.clone(), parameters)),
            saved: None,
        })
    }

    /// Gives a tree another name, or its first one: it is stored under that name when it is saved, which
    /// is refused if there is one of that name by then.
    ///
    /// # Errors
    /// [`TreeError::InvalidName`].
    pub fn of(tree: Tree, name: &str) -> Result<Self, TreeError> {
        Ok(Self {
            name: ref_name(name)?,
            session: Session::new(tree),
            saved: None,
        })
    }

    /// Saves the tree under its name, durably: its nodes, its root and its parameters.
    ///
    /// # Errors
    /// [`TreeError::TreeMoved`] if another has saved it since it was opened; the edits are still
    /// there.
    pub fn save_config(&mut self) -> Result<(), TreeError> {
        let mut batch = RecordBatch::new();
        let tree = self.session.tree(&mut batch)?;
        let record = BareTreeRecord {
            root: tree.root(),
            parameters: *tree.parameters(),
        };
        let saved = batch.push(Kind::META, vec![tree.root()], record.encode());
        let update = RefUpdate {
            name: self.name.clone(),
            expected: self.saved,
            new: Some(saved),
        };
        let storage = tree.storage().clone();
        match storage.commit(&batch, &[update])? {
            // Another who has saved the same has lost nothing.
            Swap::Lost { current, .. } if current != Some(saved) => Err(TreeError::TreeMoved {
                name: self.name().to_owned(),
            }),
            _ => {
                self.saved = Some(saved);
                self.session = Session::new(tree);
                Ok(())
            }
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name.as_str()[Self::CLASS.len()..]
    }

    /// Returns the tree with its edits, to read it in more ways.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the tree with its edits, to edit it in more ways.
    pub fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Returns the value of a key.
    pub fn find(&self, key: &[u8]) -> Result<Option<Value>, TreeError> {
        self.session.get(key)
    }

    /// Gives a key a value, whether or not it has one.
    pub fn insert(
        &mut self,
        key: impl Into<Key>,
        value: impl Into<Vec<u8>>,
    ) -> Result<(), TreeError> {
        self.session.put(key, value)
    }

    /// Gives a key that has a value another one. Returns false, and changes nothing, if it has none.
    pub fn update(
        &mut self,
        key: impl Into<Key>,
        value: impl Into<Vec<u8>>,
    ) -> Result<bool, TreeError> {
        let key = key.into();
        let present = self.session.contains_key(&key)?;
        if present {
            self.session.put(key, value)?;
        }
        Ok(present)
    }

    /// Removes a key and its value. Returns false, and changes nothing, if there is none.
    pub fn delete(&mut self, key: &[u8]) -> Result<bool, TreeError> {
        self.session.delete(key)
    }

    /// Gives many keys values, in any order; of several for one key, the last counts.
    pub fn insert_batch<K: Into<Key>, V: Into<Vec<u8>>>(
        &mut self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<(), TreeError> {
        let mut entries = entries.into_iter();
        entries.try_for_each(|(key, value)| self.insert(key, value))
    }

    /// Gives those of many keys that have values other ones, and returns how many have.
    pub fn update_batch<K: Into<Key>, V: Into<Vec<u8>>>(
        &mut self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<u64, TreeError> {
        let mut updated = 0;
        for (key, value) in entries {
            updated += u64::from(self.update(key, value)?);
        }
        Ok(updated)
    }

    /// Returns the root hash, edits included. Writes nothing.
    pub fn root_hash(&self) -> Result<Hash, TreeError> {
        self.session.root_hash()
    }

    /// Returns a proof of what the tree has for a key, edits included.
    pub fn generate_proof(&mut self, key: &[u8]) -> Result<Proof, TreeError> {
        self.tree()?.generate_proof(key)
    }

    /// Says whether a proof shows that the tree, edits included, has this value for a key, or none.
    pub fn verify(
        &self,
        proof: &Proof,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<bool, TreeError> {
        Ok(proof.verify(&self.root_hash()?, key, value))
    }

    /// Returns what must happen to this tree, edits included, to make it `other`.
    pub fn diff(&mut self, other: &Tree) -> Result<Diff, TreeError> {
        Ok(self.tree()?.diff(other))
    }

    /// Takes over what `theirs` has changed since `base`. Returns the conflicts that the resolver
    /// left; their keys keep the values that they have here.
    pub fn merge_with(
        &mut self,
        base: &Tree,
        theirs: &Tree,
        resolver: impl Resolver,
    ) -> Result<Vec<Conflict>, TreeError> {
        let tree = self.tree()?;
        let mut batch = RecordBatch::new();
        let merged = tree.merge(base, theirs, resolver, &mut batch)?;
        tree.storage().put(&batch)?;
        self.session = Session::new(merged.tree);
        Ok(merged.conflicts)
    }

    /// Writes the edits as nodes, not yet durably and without saving the tree, and returns it.
    /// Savepoints are gone then.
    pub fn tree(&mut self) -> Result<Tree, TreeError> {
        let mut batch = RecordBatch::new();
        let tree = self.session.tree(&mut batch)?;
        tree.storage().put(&batch)?;
        self.session = Session::new(tree.clone());
        Ok(tree)
    }
}

impl fmt::Debug for BareTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BareTree")
            .field("name", &self.name())
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

fn ref_name(name: &str) -> Result<RefName, TreeError> {
    RefName::new(&format!("{}{name}", BareTree::CLASS)).map_err(|source| TreeError::InvalidName {
        name: name.to_owned(),
        source,
    })
}
