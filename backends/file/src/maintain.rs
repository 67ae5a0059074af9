//! Maintenance: backup, repacking, verification, and measuring.

use std::fs;
use std::path::{Path, PathBuf};

use prollytree_pack::ReadAt;
use prollytree_plugin_api::{Call, Error, ErrorKind, Hash, Report, Result, Stats, Unit};

use crate::disk::{Folder, failed, make_folder};
use crate::manifest::{Manifest, journal_name, pack_name};
use crate::note::{self, Note};
use crate::store::Store;
use crate::system::write_all_at;
use crate::view::View;

/// The operations that `maintain` offers.
pub(crate) const OPERATIONS: &[&str] = &["backup", "repack", "verify"];
/// How much is copied at once.
const STEP: u64 = 1 << 20;

impl Store {
    /// Runs one of [`OPERATIONS`].
    pub(crate) fn maintain(
        &self,
        call: &Call<'_>,
        operation: &str,
        args: &Report,
    ) -> Result<Report> {
        match operation {
            "backup" => {
                refuse_others(args, &["to"])?;
                self.backup(call, &target(args)?)
            }
            "repack" => {
                refuse_others(args, &[])?;
                self.repack(call)
            }
            "verify" => {
                refuse_others(args, &[])?;
                self.verify(call)
            }
            other => Err(Error::unsupported(other)),
        }
    }

    /// Measures the store. Walks the indexes.
    pub(crate) fn stats(&self, call: &Call<'_>) -> Result<Stats> {
        let view = self.fresh()?;
        let (mut records, mut bytes) = (0, 0);
        for found in view.walk(None) {
            call.check()?;
            records += 1;
            bytes += found?.1.size() as u64;
        }
        let (files, on_disk) = measure(&self.folder)?;
        Ok(Stats::default()
            .with("records", Unit::COUNT, records)
            .with("bytes", Unit::BYTES, bytes)
            .with("bytes_on_disk", Unit::BYTES, on_disk)
            .with("files", Unit::COUNT, files)
            .with("packs", Unit::COUNT, view.packs.len() as u64)
            .with("journal_bytes", Unit::BYTES, view.end)
            .with("refs", Unit::COUNT, view.refs.count())
            .with("syncs", Unit::COUNT, self.folder.syncs()))
    }

    /// Copies the store as it is at one moment, while others go on writing: packs do not change,
    /// and neither does the journal up to where it was read.
    fn backup(&self, call: &Call<'_>, to: &Path) -> Result<Report> {
        let view = self.fresh()?;
        let (mark, packs, manifest) = (view.mark(), view.packs.clone(), view.manifest.clone());
        drop(view);
        let copy = empty_folder(to)?;
        let mut bytes = 0;
        for open in &packs {
            let (source, size) = (open.pack.source(), open.pack.size());
            copy_file(call, source, size, &copy, &pack_name(&open.id))?;
            bytes += size;
        }
        let journal = journal_name(mark.journal.number);
        copy_file(call, &mark.journal.file, mark.end, &copy, &journal)?;
        copy.sync()?;
        let manifest = Manifest {
            packs: packs.iter().map(|open| open.id).collect(),
            ..manifest
        };
        manifest.publish(&copy)?;
        if let Some(note) = Note::open(&copy, &manifest, true)? {
            let path = copy.file(note::NAME);
            note.write(mark.end)
                .map_err(|error| failed("write the note on the journal", &path, &error))?;
        }
        View::load(&copy, None, false)?;
        let mut report = Report::new();
        report.insert("to".to_owned(), to.display().to_string().into());
        report.insert("packs".to_owned(), packs.len().into());
        report.insert("bytes".to_owned(), (bytes + mark.end).into());
        Ok(report)
    }

    fn repack(&self, call: &Call<'_>) -> Result<Report> {
        let (_, before) = measure(&self.folder)?;
        self.repack_all(call)?;
        let (files, after) = measure(&self.folder)?;
        let mut report = Report::new();
        report.insert("bytes_before".to_owned(), before.into());
        report.insert("bytes_after".to_owned(), after.into());
        report.insert("files".to_owned(), files.into());
        Ok(report)
    }

    /// Reads and hashes every record, and every pack as a whole.
    fn verify(&self, call: &Call<'_>) -> Result<Report> {
        let view = self.fresh()?;
        let (mut records, mut bytes) = (0_u64, 0_u64);
        let mut damaged = Vec::new();
        for found in view.walk(None) {
            call.check()?;
            let body = found.and_then(|(hash, location)| {
                let body = view.body(&hash, &location)?;
                Ok((hash, body, location.size()))
            });
            match body {
                Ok((hash, body, size)) if Hash::of(&body[..size]) == hash => {
                    records += 1;
                    bytes += size as u64;
                }
                Ok((hash, ..)) => damaged.push(format!("record {hash} has other bytes")),
                Err(error) => damaged.push(error.to_string()),
            }
        }
        for open in &view.packs {
            call.check()?;
            if open.pack.id()? != open.id {
                damaged.push(format!("pack {} has other bytes", open.id));
            }
        }
        let mut dangling = Vec::new();
        for (name, hash) in view.refs.iter() {
            if view.locate(&hash)?.is_none() {
                dangling.push(name.to_string());
            }
        }
        let mut report = Report::new();
        report.insert("records".to_owned(), records.into());
        report.insert("bytes".to_owned(), bytes.into());
        report.insert("damaged".to_owned(), damaged.into());
        report.insert("dangling_refs".to_owned(), dangling.into());
        Ok(report)
    }
}

fn target(args: &Report) -> Result<PathBuf> {
    match args.get("to").and_then(|to| to.as_str()) {
        Some(to) if !to.is_empty() => Ok(PathBuf::from(to)),
        _ => {
            let message = "`backup` needs the argument `to`: a folder that is empty or not there";
            Err(Error::new(ErrorKind::INVALID_ARGUMENT, message))
        }
    }
}

fn refuse_others(args: &Report, known: &[&str]) -> Result<()> {
    match args.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let message = format!("unknown argument `{name}`");
            Err(Error::new(ErrorKind::INVALID_ARGUMENT, message))
        }
    }
}

fn empty_folder(path: &Path) -> Result<Folder> {
    make_folder(path)?;
    let folder = Folder::new(path.to_owned());
    if folder.names()?.is_empty() {
        return Ok(folder);
    }
    let message = "the folder of a backup must be empty";
    Err(Error::new(ErrorKind::INVALID_ARGUMENT, message).with("path", path.display()))
}

fn copy_file(call: &Call<'_>, source: &fs::File, size: u64, to: &Folder, name: &str) -> Result<()> {
    let path = to.file(name);
    let failed = |error: &std::io::Error| failed("copy a file", &path, error);
    let (temporary, file) = to.temporary()?;
    let mut bytes = vec![0; usize::try_from(STEP).expect("a step fits into memory")];
    let mut offset = 0;
    while offset < size {
        call.check()?;
        let count = usize::try_from(STEP.min(size - offset)).expect("a step fits into memory");
        let part = &mut bytes[..count];
        source
            .read_exact_at(part, offset)
            .and_then(|()| write_all_at(&file, part, offset))
            .map_err(|error| failed(&error))?;
        offset += count as u64;
    }
    to.publish(&temporary, &file, name)
}

/// Counts the files of a folder and their bytes.
fn measure(folder: &Folder) -> Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for name in folder.names()? {
        // A file may go while the folder is walked.
        if let Ok(found) = fs::metadata(folder.file(&name)) {
            files += 1;
            bytes += found.len();
        }
    }
    Ok((files, bytes))
}
