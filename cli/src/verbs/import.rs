//! `import`: rows of a file become entries.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use prollytree::store::{CommitOptions, StoreError, VersionedStore};
use prollytree::tree::{BulkOptions, BulkProgress, Edit};
use prollytree_plugin_api::Hash;
use serde_json::Value;

use super::commit::{SigningArgs, message};
use crate::failure::Failure;
use crate::output::{ChangeCount, FormatArgs, escaped, out, write_json};
use crate::rows::{BadRow, Entry, EntryRule, KeyTemplate, Place, RowFormat, Stopped, read_entries};
use crate::session::Session;

/// Turn the rows of a file into entries
///
/// Reads JSON Lines, a JSON array of objects, CSV or TSV, one row at a time. With --key, the value
/// of an entry is its whole row, a JSON object whose fields are sorted by name, so that the same
/// facts give the same bytes; without, a row has a `key` and a `value`, as `export` writes them.
/// Either all rows are imported or none.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly import people.csv --key id
  git-prolly import types.jsonl --key '{type}/{subtype}' --replace -m 'release 2025'
  git-prolly import names.csv --key id --value name
  git-prolly import backup.jsonl
  curl … | git-prolly import - --input-format jsonl --key id")]
pub(crate) struct Import {
    /// The file; - is standard input
    file: PathBuf,

    /// The format of the file; told from its name unless given
    #[arg(long, value_name = "FORMAT")]
    input_format: Option<RowFormat>,

    /// The column that is the key, or a template such as {type}/{subtype}
    #[arg(long, value_name = "COLUMN")]
    key: Option<KeyTemplate>,

    /// The column that is the value, instead of the whole row
    #[arg(long, value_name = "COLUMN", requires = "key")]
    value: Option<String>,

    /// Remove all keys that the file does not have
    #[arg(long)]
    replace: bool,

    /// What to do about a key that comes twice
    #[arg(long, value_name = "RULE", default_value = "refuse")]
    duplicates: Duplicates,

    /// Commit at once, with this message; nothing else may be uncommitted
    #[arg(short, long, value_parser = message)]
    message: Option<String>,

    #[command(flatten)]
    signing: SigningArgs,

    #[command(flatten)]
    format: FormatArgs,
}

/// What to do about a key that comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Duplicates {
    /// It is an error. Takes some 32 bytes of memory for each key.
    Refuse,
    /// The last one counts. Takes no memory for keys.
    Last,
}

impl Import {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let author = self.signing.author()?;
        let clock = self.signing.clock()?;
        let format = self.row_format()?;
        let input = self.input(session)?;
        let mut store = session.open_with(|options| {
            if let Some(clock) = clock {
                options.clock = clock;
            }
        })?;
        if self.message.is_some() && !store.is_clean()? {
            return Err(Failure::Refused(
                "there are uncommitted changes, which the commit would take along; commit them \
                 first, or drop them with `git-prolly checkout --force HEAD`"
                    .to_owned(),
            ));
        }
        // Until the end nothing refers to what is stored, so an error leaves the store as it was.
        let before = store.tree().clone();
        let rows = self.read(input, format, &mut store)?;
        let mut count = ChangeCount::default();
        for change in store.changes_since(&before) {
            count.add(&change?);
        }
        let committed = match self.message.as_ref().filter(|_| count.total() > 0) {
            None => {
                store.flush()?;
                None
            }
            Some(message) => {
                let message = message.clone();
                let options = CommitOptions {
                    message,
                    author,
                    ..CommitOptions::default()
                };
                Some(store.commit_with(options)?.to_string())
            }
        };
        let root = store.root_hash()?.to_string();
        store.close()?;
        self.answer(rows, &count, committed, root)
    }

    fn row_format(&self) -> Result<RowFormat, Failure> {
        self.input_format
            .or_else(|| RowFormat::of_path(&self.file))
            .ok_or_else(|| {
                Failure::Input(format!(
                    "cannot tell the format of {} from its name; say it with --input-format",
                    self.file.display()
                ))
            })
    }

    fn input(&self, session: &Session) -> Result<Box<dyn BufRead>, Failure> {
        if self.file == Path::new("-") {
            return Ok(Box::new(progress(None, std::io::stdin())));
        }
        let path = session.path(&self.file);
        let opened = File::open(&path).and_then(|file| {
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Err(std::io::ErrorKind::IsADirectory.into());
            }
            Ok((file, metadata.is_file().then_some(metadata.len())))
        });
        match opened {
            Ok((file, size)) => Ok(Box::new(progress(size, file))),
            Err(source) => Err(Failure::File {
                doing: "read",
                path,
                source,
            }),
        }
    }

    fn read(
        &self,
        input: Box<dyn BufRead>,
        format: RowFormat,
        store: &mut VersionedStore,
    ) -> Result<u64, Failure> {
        if self.replace {
            store.clear()?;
        }
        let rule = EntryRule {
            key: self.key.clone(),
            value: self.value.clone(),
        };
        let mut seen = Seen::new(self.duplicates);
        let mut rows = 0;
        let file = || {
            let path = Some(&self.file).filter(|file| *file != Path::new("-"));
            path.map_or_else(
                || "standard input".to_owned(),
                |path| path.display().to_string(),
            )
        };
        store.bulk_load(bulk_options(), |load| {
            let mut sink = |place: Place, entry: Entry| {
                if !seen.is_new(&entry.key) {
                    let reason = format!(
                        "the key `{}` came before; choose another --key, or --duplicates last",
                        escaped(&entry.key)
                    );
                    return Err(Stopped::Bad(BadRow { place, reason }));
                }
                rows += 1;
                let pushed = load.push(entry.key, Edit::Put(entry.value));
                pushed.map_err(Stopped::Sink)
            };
            match read_entries(input, format, &rule, &mut sink) {
                Ok(()) => Ok(()),
                Err(Stopped::Bad(row) | Stopped::Sink(Stopped::Bad(row))) => {
                    Err(Failure::Row { file: file(), row })
                }
                Err(Stopped::Sink(Stopped::Sink(error))) => Err(StoreError::from(error).into()),
            }
        })?;
        Ok(rows)
    }

    fn answer(
        &self,
        rows: u64,
        count: &ChangeCount,
        committed: Option<String>,
        root: String,
    ) -> Result<(), Failure> {
        let mut out = out();
        if self.format.is_json() {
            let mut answer = count.json();
            answer.insert("rows".into(), rows.into());
            answer.insert("commit".into(), committed.map_or(Value::Null, Value::from));
            answer.insert("root".into(), root.into());
            write_json(&mut out, &Value::Object(answer))?;
            return Ok(out.flush()?);
        }
        writeln!(out, "{rows} rows: {}", count.shown())?;
        match (&self.message, committed) {
            (_, Some(id)) => writeln!(out, "commit {id}")?,
            (Some(_), None) => writeln!(out, "nothing changed, so nothing was committed")?,
            (None, None) => {}
        }
        Ok(out.flush()?)
    }
}

/// The keys that came before, by half of their SHA-256.
struct Seen(Option<HashSet<[u8; 16]>>);

impl Seen {
    fn new(duplicates: Duplicates) -> Self {
        Self((duplicates == Duplicates::Refuse).then(HashSet::new))
    }

    fn is_new(&mut self, key: &[u8]) -> bool {
        let Some(seen) = &mut self.0 else { return true };
        let hash = Hash::of(key);
        let half = hash.as_bytes().first_chunk().expect("a hash has 32 bytes");
        seen.insert(*half)
    }
}

/// Shows on standard error how far the entries have been written, if that is a terminal.
fn bulk_options() -> BulkOptions<'static> {
    let bar = ProgressBar::no_length();
    let template = "{bar:40} {human_pos} of {human_len} entries, {eta} left";
    let style = ProgressStyle::with_template(template).expect("the template is valid");
    bar.set_style(style);
    BulkOptions {
        memory: MEMORY,
        progress: Some(Box::new(move |progress| match progress {
            BulkProgress::Taken(_) => {}
            BulkProgress::Applied { done, total } if done < total => {
                bar.set_length(total);
                bar.set_position(done);
            }
            BulkProgress::Applied { .. } => bar.finish_and_clear(),
        })),
        ..BulkOptions::default()
    }
}

/// The memory that rows out of order may take before they are sorted in a temporary file.
const MEMORY: usize = 128 << 20;

/// Shows on standard error how far a file has been read, if that is a terminal.
fn progress(size: Option<u64>, input: impl Read + 'static) -> impl BufRead {
    let bar = match size {
        Some(size) => ProgressBar::new(size),
        None => ProgressBar::no_length(),
    };
    let template = match size {
        Some(_) => "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        None => "{spinner} {bytes}, {bytes_per_sec}",
    };
    let style = ProgressStyle::with_template(template).expect("the template is valid");
    bar.set_style(style);
    let finish = indicatif::ProgressFinish::AndClear;
    BufReader::with_capacity(1 << 16, bar.with_finish(finish).wrap_read(input))
}
