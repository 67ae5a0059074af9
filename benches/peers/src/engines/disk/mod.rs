//! Stores on disk: ours on two backends, and what other programs commit to.

mod ours;

mod redb;

mod sqlite;

pub(super) use self::ours::{OnFile, OnRedb, Ours};
pub(super) use self::redb::Redb;
pub(super) use self::sqlite::Sqlite;
