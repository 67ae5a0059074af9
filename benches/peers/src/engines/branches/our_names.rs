//! Ours: trees under names, without history, on the memory backend.

use prollytree::storage::{Storage, StorageOptions};
use prollytree::tree::{BareTree, Parameters, Tree};
use prollytree_backend_memory::BACKEND;
use prollytree_plugin_api::{OpenStorage, Options};

use crate::Result;
use crate::branches::Branches;
use crate::data::{Answer, Entry};

pub(crate) struct OurNames {
    storage: Storage,
    tree: BareTree,
}

impl OurNames {
    pub(crate) fn load(entries: Vec<Entry>) -> Result<Self> {
        let backend = (BACKEND.open)(&OpenStorage::or_create(Options::new()))?;
        let storage = Storage::new(backend, StorageOptions::default());
        let tree = Tree::build(storage.clone(), Parameters::default(), entries)?;
        let mut tree = BareTree::of(tree, "main")?;
        tree.save_config()?;
        Ok(Self { storage, tree })
    }

    fn named(&self, name: &str) -> Result<BareTree> {
        let tree = BareTree::load_config(&self.storage, name)?;
        Ok(tree.ok_or_else(|| format!("nothing is named {name}"))?)
    }
}

impl Branches for OurNames {
    fn branch(&mut self, name: &str) -> Result<()> {
        BareTree::of(self.tree.tree()?, name)?.save_config()?;
        Ok(())
    }

    fn checkout(&mut self, name: &str) -> Result<()> {
        self.tree = self.named(name)?;
        Ok(())
    }

    fn commit(&mut self, (key, value): &Entry) -> Result<()> {
        self.tree.insert(key.as_slice(), value.as_slice())?;
        self.tree.save_config()?;
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Answer> {
        let value = self.tree.find(key)?;
        Ok(value.map_or(Answer::default(), |value| Answer::value(&value)))
    }

    fn get_at(&self, name: &str, key: &[u8]) -> Result<Answer> {
        let value = self.named(name)?.find(key)?;
        Ok(value.map_or(Answer::default(), |value| Answer::value(&value)))
    }
}
