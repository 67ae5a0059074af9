//! Maintenance: compact, verify and backup.

use std::path::{Path, PathBuf};

use prollytree_plugin_api::{Call, Error, ErrorKind, Hash, Report, Result};
use redb::{Database, ReadTransaction};

use crate::fault::fault;
use crate::open::{discard, draft_beside, draft_database, publish};
use crate::{nodes, refs};

/// Gives the space of what was deleted back to the file system. Nothing else runs meanwhile.
pub(crate) fn compact(database: &mut Database, path: &Path) -> Result<Report> {
    let before = file_size(path)?;
    while database.compact().map_err(fault("compact the store"))? {}
    let mut report = Report::new();
    report.insert("bytes_before".into(), before.into());
    report.insert("bytes_after".into(), file_size(path)?.into());
    Ok(report)
}

/// Lets redb check its own structure. Nothing else runs meanwhile.
pub(crate) fn check_structure(database: &mut Database) -> Result<bool> {
    database
        .check_integrity()
        .map_err(fault("check the database"))
}

/// Hashes every record again.
pub(crate) fn check_records(call: &Call<'_>, transaction: &ReadTransaction) -> Result<Report> {
    let (mut records, mut bytes, mut damaged) = (0_u64, 0_u64, Vec::new());
    nodes::each(transaction, |record| {
        call.check()?;
        records += 1;
        bytes += record.bytes.len() as u64;
        if Hash::of(record.bytes) != record.hash {
            damaged.push(record.hash);
        }
        Ok(())
    })?;
    if let Some(first) = damaged.first() {
        return Err(Error::new(
            ErrorKind::CORRUPT,
            format!(
                "{} of {records} records are not what was written; restore them from a copy",
                damaged.len()
            ),
        )
        .with("hash", first));
    }
    let mut report = Report::new();
    report.insert("records".into(), records.into());
    report.insert("bytes".into(), bytes.into());
    Ok(report)
}

/// Copies the store as it is at this moment into a new file, which appears when it is whole and
/// durable.
pub(crate) fn backup(
    call: &Call<'_>,
    transaction: &ReadTransaction,
    args: &Report,
) -> Result<Report> {
    let target = target(args)?;
    let draft = draft_beside(&target);
    let copied = copy(call, transaction, &draft).and_then(|records| {
        publish(&draft, &target).map_err(|error| Error::io("give the backup its name", &error))?;
        Ok(records)
    });
    discard(&draft);
    let records = copied.map_err(|error| error.with("to", target.display()))?;
    let mut report = Report::new();
    report.insert("records".into(), records.into());
    report.insert("bytes".into(), file_size(&target)?.into());
    Ok(report)
}

fn target(args: &Report) -> Result<PathBuf> {
    let invalid = |message: &str| Error::new(ErrorKind::INVALID_ARGUMENT, message);
    if let Some(unknown) = args.keys().find(|name| *name != "to") {
        return Err(
            invalid("unknown argument of `backup`; it takes `to`").with("argument", unknown)
        );
    }
    let target = match args.get("to").and_then(|to| to.as_str()) {
        None | Some("") => {
            return Err(invalid(
                "`backup` must be told where: `to` is the path of a new file",
            ));
        }
        Some(target) => PathBuf::from(target),
    };
    if target.symlink_metadata().is_ok() {
        return Err(
            invalid("cannot back up to a path that exists; name a new file")
                .with("to", target.display()),
        );
    }
    Ok(target)
}

fn copy(call: &Call<'_>, transaction: &ReadTransaction, draft: &Path) -> Result<u64> {
    let database = draft_database(draft)?;
    let copy = database.begin_write().map_err(fault("write the backup"))?;
    let records = nodes::copy(call, transaction, &copy)?;
    refs::fill(&copy, &refs::list(transaction, "", None, usize::MAX)?)?;
    copy.commit().map_err(fault("write the backup"))?;
    Ok(records)
}

fn file_size(path: &Path) -> Result<u64> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) => Err(Error::io("measure the file", &error)),
    }
}
