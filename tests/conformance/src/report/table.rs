//! The form for people: a line for each group, and all that there is to say about what failed.

use std::fmt::Write;

use super::{CaseResult, Report};

const WORDS: [&str; 6] = ["pass", "not-claimed", "fail", "error", "timeout", "crashed"];

impl Report {
    /// Returns the report as text for a terminal, without colour.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        self.write_table(&mut text)
            .expect("writing to a string does not fail");
        text
    }

    fn write_table(&self, out: &mut String) -> std::fmt::Result {
        write!(out, "{} {}", self.kind, self.subject)?;
        if let Some(version) = self.about["version"].as_str() {
            write!(out, " {version}")?;
        }
        writeln!(out)?;
        if let Some(capabilities) = self.about["capabilities"].as_array() {
            let names: Vec<_> = capabilities
                .iter()
                .filter_map(|name| name.as_str())
                .collect();
            writeln!(out, "declares {}", names.join(" "))?;
        }
        writeln!(
            out,
            "\n{:<14} {:>5} {:>12} {:>7} {:>8}",
            "group", "pass", "not claimed", "bad", "ms"
        )?;
        for (group, results) in self.groups() {
            let count = |word: &str| {
                results
                    .iter()
                    .filter(|one| one.outcome.word() == word)
                    .count()
            };
            let bad = results.iter().filter(|one| !one.outcome.is_good()).count();
            let took: u128 = results.iter().map(|one| one.took.as_millis()).sum();
            let (pass, skipped) = (count("pass"), count("not-claimed"));
            writeln!(
                out,
                "{group:<14} {pass:>5} {skipped:>12} {bad:>7} {took:>8}"
            )?;
        }
        self.failures()
            .try_for_each(|failure| write_failure(out, failure))?;
        let counts = WORDS.map(|word| (word, self.count(word)));
        let counts = counts.iter().filter(|(_, count)| *count > 0);
        let counts: Vec<_> = counts
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        writeln!(
            out,
            "\n{} (seed {}, {})",
            counts.join(", "),
            self.seed,
            self.profile.name()
        )
    }

    fn groups(&self) -> Vec<(&'static str, Vec<&CaseResult>)> {
        let mut groups: Vec<(&'static str, Vec<&CaseResult>)> = Vec::new();
        for result in &self.results {
            match groups.last_mut() {
                Some((group, results)) if *group == result.case.group() => results.push(result),
                _ => groups.push((result.case.group(), vec![result])),
            }
        }
        groups
    }
}

fn write_failure(out: &mut String, failure: &CaseResult) -> std::fmt::Result {
    writeln!(
        out,
        "\n{}: {}",
        failure.outcome.word().to_uppercase(),
        failure.case.id
    )?;
    writeln!(out, "  promised: {}", failure.case.promise)?;
    for line in failure.outcome.message().lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
