//! The command line.

use crate::Result;
use crate::engines::{ENGINES, Named};
use crate::row::{ROWS, Row};

const HELP: &str = "
  --entries N,…   sizes, such as 10k,100k,1m (default 100k,1m)
  --only NAME,…   only these engines
  --row NAME,…    only the rows whose names begin so
  --repeat N      repetitions of each row, at least (default 5)

A run of everything is written to docs/benchmarks.md; any other is only shown.";

/// What is to be run.
pub(crate) struct Options {
    /// The numbers of entries.
    pub(crate) entries: Vec<usize>,
    /// The engines; all if there are none.
    pub(crate) only: Vec<String>,
    /// What the rows' names begin with; all rows if there are none.
    pub(crate) rows: Vec<String>,
    /// How often each row is repeated, at least.
    pub(crate) repeat: usize,
}

/// The sizes of the table of targets.
const SIZES: [usize; 2] = [100_000, 1_000_000];
const REPEAT: usize = 5;

impl Options {
    /// Reads the arguments.
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            entries: SIZES.to_vec(),
            only: Vec::new(),
            rows: Vec::new(),
            repeat: REPEAT,
        };
        while let Some(name) = args.next() {
            let mut list = || -> Result<Vec<String>> {
                let value = args.next().ok_or_else(|| format!("{name} wants a value"))?;
                Ok(value.split(',').map(str::to_owned).collect())
            };
            match name.as_str() {
                "--entries" => {
                    options.entries = list()?
                        .iter()
                        .map(|text| size(text))
                        .collect::<Result<_>>()?;
                }
                "--only" => options.only = list()?,
                "--row" => options.rows = list()?,
                "--repeat" => options.repeat = list()?.concat().parse()?,
                other => return Err(format!("no option `{other}`; there are{HELP}").into()),
            }
        }
        options.check()?;
        Ok(options)
    }

    /// Whether this is a run of everything.
    pub(crate) fn is_complete(&self) -> bool {
        self.entries == SIZES
            && self.only.is_empty()
            && self.rows.is_empty()
            && self.repeat >= REPEAT
    }

    pub(crate) fn wants_engine(&self, engine: &Named) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == engine.id)
    }

    pub(crate) fn wants_row(&self, row: &Row) -> bool {
        self.rows.is_empty()
            || self
                .rows
                .iter()
                .any(|wanted| row.id.starts_with(wanted.as_str()))
    }

    fn check(&self) -> Result<()> {
        let engines: Vec<_> = ENGINES.iter().map(|engine| engine.id).collect();
        let rows: Vec<_> = ROWS.iter().map(|row| row.id).collect();
        for name in &self.only {
            if !engines.contains(&name.as_str()) {
                return Err(format!("no engine `{name}`; there are {}", engines.join(", ")).into());
            }
        }
        for name in &self.rows {
            if !rows.iter().any(|row| row.starts_with(name.as_str())) {
                return Err(format!("no row `{name}`; there are {}", rows.join(", ")).into());
            }
        }
        if self.repeat == 0 {
            return Err("--repeat 0 measures nothing; give 1 or more".into());
        }
        Ok(())
    }
}

/// Reads a size such as `100k`.
fn size(text: &str) -> Result<usize> {
    let lower = text.to_lowercase();
    let (digits, factor) = if let Some(digits) = lower.strip_suffix('k') {
        (digits, 1_000)
    } else if let Some(digits) = lower.strip_suffix('m') {
        (digits, 1_000_000)
    } else {
        (lower.as_str(), 1)
    };
    let number: usize = digits
        .parse()
        .map_err(|_| format!("`{text}` is no size; write 100k or 1m"))?;
    // The ranges of the merge rows are a thousand entries each, in different quarters.
    if number * factor < 10_000 {
        return Err(format!("{text} entries are too few for the rows; give 10k or more").into());
    }
    Ok(number * factor)
}
