//! The families of rows. Each runs its rows on one engine.

pub(crate) mod build;

pub(crate) mod read;

pub(crate) mod write;

pub(crate) mod diff;

pub(crate) mod merge;

pub(crate) mod branch;

pub(crate) mod proof;

pub(crate) mod size;

pub(crate) mod disk;

pub(crate) mod commit;
