//! Runs a row on an engine: repeats the work, checks its answers and records the figures.

use std::fmt::Display;
use std::time::Instant;

use crate::Result;
use crate::clock::{self, Time};
use crate::data::{Answer, Data};
use crate::engine::Offer;
use crate::engines::Named;
use crate::report::{Outcome, Report};
use crate::row::Row;

/// A row is repeated for as long as this, where that is more than the repetitions asked for.
const SECONDS: f64 = 0.4;
/// But not more often.
const MOST: usize = 101;

/// One engine, one size and one row.
pub(crate) struct Bench<'a> {
    pub(crate) data: &'a Data,
    repeat: usize,
    engine: &'a Named,
    row: &'static Row,
    report: &'a mut Report,
}

/// What a repetition found and what there was to find.
pub(crate) struct Check {
    pub(crate) found: Answer,
    pub(crate) expected: Answer,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(
        data: &'a Data,
        repeat: usize,
        engine: &'a Named,
        row: &'static Row,
        report: &'a mut Report,
    ) -> Self {
        Self {
            data,
            repeat,
            engine,
            row,
            report,
        }
    }

    pub(crate) fn wants(&self, row: &Row) -> bool {
        self.row.id == row.id
    }

    /// Measures `work`, which is `operations` things to do. Neither what `prepare` makes for each
    /// repetition nor the check is in the time, nor is dropping what the work returns.
    pub(crate) fn time<S, T>(
        &mut self,
        row: &'static Row,
        operations: usize,
        mut prepare: impl FnMut(usize) -> Result<S>,
        mut work: impl FnMut(&mut S) -> Offer<T>,
        mut check: impl FnMut(&S, &T) -> Result<Check>,
    ) -> Result<()> {
        if !self.wants(row) {
            return Ok(());
        }
        let start = Instant::now();
        let mut times: Vec<Time> = Vec::new();
        while self.goes_on(&times, start) {
            let mut prepared = prepare(times.len())?;
            let (offer, time) = clock::measure(|| work(&mut prepared));
            let Some(result) = offer else {
                return Ok(());
            };
            let Check { found, expected } = check(&prepared, &result?)?;
            if found != expected {
                let reason = wrong(found, expected);
                self.record(row, Outcome::Wrong(reason));
                return Ok(());
            }
            times.push(time);
        }
        let median = |of: fn(&Time) -> f64| {
            clock::median(times.iter().map(of).collect()) / operations as f64
        };
        let time = Time {
            cpu: median(|time| time.cpu),
            wall: median(|time| time.wall),
        };
        let repetitions = times.len();
        self.record(row, Outcome::Time { time, repetitions });
        Ok(())
    }

    /// Records a figure that is no time.
    pub(crate) fn figure(&mut self, row: &'static Row, figure: f64) {
        if self.wants(row) {
            self.record(row, Outcome::Figure(figure));
        }
    }

    /// Records that an answer is wrong.
    pub(crate) fn wrong(&mut self, row: &'static Row, reason: impl Display) {
        if self.wants(row) {
            self.record(row, Outcome::Wrong(reason.to_string()));
        }
    }

    fn record(&mut self, row: &'static Row, outcome: Outcome) {
        self.report
            .record(self.data.entries.len(), self.engine, row, outcome);
    }

    fn goes_on(&self, times: &[Time], start: Instant) -> bool {
        times.len() < self.repeat || (times.len() < MOST && start.elapsed().as_secs_f64() < SECONDS)
    }
}

impl Check {
    /// Expects a number.
    pub(crate) fn count(found: u64, expected: u64) -> Self {
        Self {
            found: Answer::count(found),
            expected: Answer::count(expected),
        }
    }
}

fn wrong(found: Answer, expected: Answer) -> String {
    if found.count == expected.count {
        "wrong values".to_owned()
    } else {
        format!("finds {} of {}", found.count, expected.count)
    }
}
