//! Faults of listings.

use prollytree_plugin_api::{
    Capabilities, Hash, NodeStorage, RecordEntry, RefName, Result, StorageInfo,
};

use crate::fault::{CALL, Fault};

#[derive(Default)]
pub(crate) struct Reversed;

impl Fault for Reversed {
    fn list(
        &self,
        base: &dyn NodeStorage,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        let mut page = base.list(&CALL, after, limit)?;
        page.reverse();
        Ok(page)
    }
}

#[derive(Default)]
pub(crate) struct FromTheCursor;

impl Fault for FromTheCursor {
    fn list(
        &self,
        base: &dyn NodeStorage,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        let mut page = base.list(&CALL, after, limit)?;
        let all = base.list(&CALL, None, usize::MAX)?;
        page.splice(
            0..0,
            all.into_iter().find(|entry| Some(&entry.hash) == after),
        );
        page.truncate(limit);
        Ok(page)
    }
}

#[derive(Default)]
pub(crate) struct NoSizes;

impl Fault for NoSizes {
    fn list(
        &self,
        base: &dyn NodeStorage,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        let page = base.list(&CALL, after, limit)?;
        Ok(page
            .into_iter()
            .map(|entry| RecordEntry { size: 0, ..entry })
            .collect())
    }
}

#[derive(Default)]
pub(crate) struct SkipsARef;

impl Fault for SkipsARef {
    fn list_refs(
        &self,
        base: &dyn NodeStorage,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        let mut page = base.list_refs(&CALL, prefix, after, limit.saturating_add(1))?;
        if after.is_some() && page.len() > 1 {
            page.remove(0);
        }
        page.truncate(limit);
        Ok(page)
    }
}

#[derive(Default)]
pub(crate) struct WholeComponents;

impl Fault for WholeComponents {
    fn list_refs(
        &self,
        base: &dyn NodeStorage,
        prefix: &str,
        after: Option<&RefName>,
        limit: usize,
    ) -> Result<Vec<(RefName, Hash)>> {
        let folder = prefix.strip_suffix('/').unwrap_or(prefix);
        let below = |name: &RefName| {
            let rest = name.as_str().strip_prefix(folder);
            rest.is_some_and(|rest| folder.is_empty() || rest.is_empty() || rest.starts_with('/'))
        };
        let page = base.list_refs(&CALL, prefix, after, usize::MAX)?;
        Ok(page
            .into_iter()
            .filter(|(name, _)| below(name))
            .take(limit)
            .collect())
    }
}

#[derive(Default)]
pub(crate) struct Undeclared;

impl Fault for Undeclared {
    fn info(&self, base: &dyn NodeStorage) -> StorageInfo {
        let mut info = base.info();
        info.capabilities.remove(Capabilities::LIST);
        info
    }
}

/// Wrong in one rare place, which nobody would think of.
#[derive(Default)]
pub(crate) struct PagesOfFive;

impl Fault for PagesOfFive {
    fn list(
        &self,
        base: &dyn NodeStorage,
        after: Option<&Hash>,
        limit: usize,
    ) -> Result<Vec<RecordEntry>> {
        let mut page = base.list(&CALL, after, limit)?;
        if limit == 5 && page.len() == 5 {
            page.remove(2);
        }
        Ok(page)
    }
}
