//! prolly-map: trees under names, in its store in memory.

use std::sync::Arc;

use prolly::{Config, MemStore, NamedRootUpdate, Prolly, Tree};

use crate::Result;
use crate::branches::Branches;
use crate::data::{Answer, Entry};

pub(crate) struct ProllyMap {
    manager: Prolly<Arc<MemStore>>,
    name: String,
    tree: Tree,
}

impl ProllyMap {
    pub(crate) fn load(entries: Vec<Entry>) -> Result<Self> {
        let manager = Prolly::new(Arc::new(MemStore::new()), Config::default());
        let tree = manager.build_from_sorted_entries(entries)?;
        let name = "main".to_owned();
        manager.publish_named_root(name.as_bytes(), &tree)?;
        Ok(Self {
            manager,
            name,
            tree,
        })
    }

    fn named(&self, name: &str) -> Result<Tree> {
        let tree = self.manager.load_named_root(name.as_bytes())?;
        Ok(tree.ok_or_else(|| format!("nothing is named {name}"))?)
    }

    fn value(&self, tree: &Tree, key: &[u8]) -> Result<Answer> {
        let value = self.manager.get(tree, key)?;
        Ok(value.map_or(Answer::default(), |value| Answer::value(&value)))
    }
}

impl Branches for ProllyMap {
    /// Only if nothing has the name, as with the others.
    fn branch(&mut self, name: &str) -> Result<()> {
        moved(
            &self
                .manager
                .compare_and_swap_named_root(name.as_bytes(), None, Some(&self.tree))?,
        )
    }

    /// It has no place to stand on that is stored.
    fn checkout(&mut self, name: &str) -> Result<()> {
        self.tree = self.named(name)?;
        name.clone_into(&mut self.name);
        Ok(())
    }

    fn commit(&mut self, (key, value): &Entry) -> Result<()> {
        let next = self.manager.put(&self.tree, key.clone(), value.clone())?;
        let name = self.name.as_bytes();
        moved(
            &self
                .manager
                .compare_and_swap_named_root(name, Some(&self.tree), Some(&next))?,
        )?;
        self.tree = next;
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Answer> {
        self.value(&self.tree, key)
    }

    fn get_at(&self, name: &str, key: &[u8]) -> Result<Answer> {
        self.value(&self.named(name)?, key)
    }
}

fn moved(update: &NamedRootUpdate) -> Result<()> {
    if update.is_applied() {
        Ok(())
    } else {
        Err("the name stands for another tree".into())
    }
}
