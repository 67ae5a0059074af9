//! The table: figures, ratios, and what was aimed at.

mod figure;

mod page;

mod table;

use crate::Result;
use crate::clock::Time;
use crate::engines::{ENGINES, Named};
use crate::options::Options;
use crate::row::{ROWS, Row};

/// All that was found.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
}

/// One row of one engine at one size.
struct Line {
    entries: usize,
    engine: &'static str,
    row: &'static str,
    outcome: Outcome,
}

/// How a row ended.
pub(crate) enum Outcome {
    /// For one operation, the medians of some repetitions.
    Time { time: Time, repetitions: usize },
    /// What is no time.
    Figure(f64),
    /// The answer was wrong, so that its time says nothing.
    Wrong(String),
}

/// Which of two clocks a table shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    Cpu,
    Wall,
}

impl Report {
    pub(crate) fn record(
        &mut self,
        entries: usize,
        engine: &Named,
        row: &'static Row,
        outcome: Outcome,
    ) {
        let shown = figure::show(row, &outcome, Clock::Cpu);
        eprintln!("{entries:>9}  {:<12} {:<24} {shown}", engine.id, row.id);
        self.lines.push(Line {
            entries,
            engine: engine.id,
            row: row.id,
            outcome,
        });
    }

    /// Shows the tables, and writes them to their page if this was a run of everything.
    pub(crate) fn print(&self, options: &Options) -> Result<()> {
        println!("{}", self.tables(options));
        if options.is_complete() {
            page::write(&self.tables(options))?;
        }
        Ok(())
    }

    fn tables(&self, options: &Options) -> String {
        let mut sections = Vec::new();
        for &entries in &options.entries {
            let size = figure::size(entries);
            for (title, is_on_disk, clock) in [
                ("in memory, processor time", false, Clock::Cpu),
                ("in memory, wall time", false, Clock::Wall),
                ("on disk, processor time", true, Clock::Cpu),
                ("on disk, wall time", true, Clock::Wall),
            ] {
                if let Some(table) = self.table(entries, is_on_disk, clock) {
                    sections.push(format!("## {size} entries, {title}\n\n{table}"));
                }
            }
        }
        sections.join("\n")
    }

    /// A table of one size; `None` if nothing was measured for it.
    fn table(&self, entries: usize, is_on_disk: bool, clock: Clock) -> Option<String> {
        let engines: Vec<_> = ENGINES
            .iter()
            .filter(|engine| engine.is_on_disk == is_on_disk)
            .filter(|engine| {
                self.lines
                    .iter()
                    .any(|line| line.engine == engine.id && line.entries == entries)
            })
            .collect();
        let rows = ROWS.iter().filter(|row| {
            engines.iter().any(|engine| {
                self.outcome(entries, engine, row)
                    .is_some_and(|outcome| outcome.has(clock))
            })
        });
        let rows: Vec<_> = rows
            .map(|row| self.cells(entries, &engines, row, clock))
            .collect();
        if rows.is_empty() {
            return None;
        }
        Some(table::render(&head(&engines, clock), &rows))
    }

    fn cells(&self, entries: usize, engines: &[&Named], row: &Row, clock: Clock) -> Vec<String> {
        let of = |engine: &Named| self.outcome(entries, engine, row);
        let (ours, peers) = split(engines);
        let mut cells = vec![row.title.to_owned()];
        if clock == Clock::Cpu {
            let ours: Vec<_> = ours.iter().filter_map(|engine| of(engine)).collect();
            cells.extend(figure::target(row, entries, &ours));
        }
        let show = |engine: &Named| {
            let text = of(engine).map(|outcome| figure::show(row, outcome, clock));
            text.unwrap_or_else(|| "—".to_owned())
        };
        cells.extend(ours.iter().map(|engine| show(engine)));
        for peer in peers {
            cells.push(show(peer));
            let ratios = ours
                .iter()
                .map(|engine| figure::ratio(of(engine), of(peer), clock));
            cells.extend(ratios);
        }
        cells
    }

    fn outcome(&self, entries: usize, engine: &Named, row: &Row) -> Option<&Outcome> {
        let mut lines = self.lines.iter();
        lines
            .find(|line| line.entries == entries && line.engine == engine.id && line.row == row.id)
            .map(|line| &line.outcome)
    }
}

impl Outcome {
    /// The figure on a clock; `None` if the answer was wrong.
    fn figure(&self, clock: Clock) -> Option<f64> {
        match self {
            Self::Time { time, .. } if clock == Clock::Cpu => Some(time.cpu),
            Self::Time { time, .. } => Some(time.wall),
            Self::Figure(figure) => Some(*figure),
            Self::Wrong(_) => None,
        }
    }

    /// Whether there is something to show on a clock: what is no time is shown once.
    fn has(&self, clock: Clock) -> bool {
        clock == Clock::Cpu || matches!(self, Self::Time { .. })
    }
}

/// The names of the columns. Behind each peer stands what ours takes for what it does in 1.
fn head(engines: &[&Named], clock: Clock) -> Vec<String> {
    let (ours, peers) = split(engines);
    let mut head = vec!["operation"];
    if clock == Clock::Cpu {
        head.extend(["target", "holds"]);
    }
    head.extend(ours.iter().map(|engine| engine.title));
    let mut head: Vec<_> = head.into_iter().map(str::to_owned).collect();
    for peer in peers {
        head.push(peer.title.to_owned());
        head.extend(ours.iter().map(|engine| format!("{} ÷", engine.title)));
    }
    head
}

fn split<'a>(engines: &[&'a Named]) -> (Vec<&'a Named>, Vec<&'a Named>) {
    engines.iter().partition(|engine| engine.is_ours)
}
