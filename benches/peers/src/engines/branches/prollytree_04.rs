//! prollytree 0.4.1: its versioned store, in a Git repository. It has none without one.

use std::process::Command;

use prollytree_0_4::git::versioned_store::GitVersionedKvStore;
use tempfile::TempDir;

use crate::Result;
use crate::branches::Branches;
use crate::data::{Answer, Entry};

pub(crate) struct ProllyTree04 {
    store: GitVersionedKvStore<32>,
    /// Goes when the store goes.
    _folder: TempDir,
}

impl ProllyTree04 {
    pub(crate) fn load(entries: Vec<Entry>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut git = Command::new("git");
        git.args(["init", "--quiet", "--initial-branch=main"]);
        if !git.current_dir(folder.path()).status()?.success() {
            return Err("git makes no repository".into());
        }
        let mut store = GitVersionedKvStore::init(folder.path().join("map"))?;
        // What is staged is written to a file anew with each key; this goes past that.
        let entries = entries.into_iter().map(|(key, value)| (key, Some(value)));
        store.tree_mut().apply_changes(entries);
        store.commit("Begin")?;
        Ok(Self {
            store,
            _folder: folder,
        })
    }
}

impl Branches for ProllyTree04 {
    fn branch(&mut self, name: &str) -> Result<()> {
        Ok(self.store.branch(name)?)
    }

    fn checkout(&mut self, name: &str) -> Result<()> {
        Ok(self.store.checkout(name)?)
    }

    fn commit(&mut self, (key, value): &Entry) -> Result<()> {
        self.store.insert(key.clone(), value.clone())?;
        self.store.commit("Change")?;
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Answer> {
        let value = self.store.get(key);
        Ok(value.map_or(Answer::default(), |value| Answer::value(&value)))
    }

    /// It finds all entries of a version or none, so that only the one at hand is looked at.
    fn get_at(&self, name: &str, key: &[u8]) -> Result<Answer> {
        let name = format!("refs/heads/{name}");
        let commit = self
            .store
            .git_repo()
            .find_reference(&name)?
            .peel_to_id()?
            .detach();
        if commit != self.store.current_commit()? {
            return Err("the branch points to another commit".into());
        }
        self.get(key)
    }
}
