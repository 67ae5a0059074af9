//! The form for build servers: JUnit XML, one test case for each case, one class for each group.

use std::fmt::{self, Write};

use super::{CaseResult, Report};
use crate::case::Outcome;

impl Report {
    /// Returns the report as JUnit XML. A case that is not claimed counts as skipped.
    #[must_use]
    pub fn junit(&self) -> String {
        let mut text = String::new();
        self.write_junit(&mut text)
            .expect("writing to a string does not fail");
        text
    }

    fn write_junit(&self, out: &mut String) -> fmt::Result {
        let name = Escaped(&format!("{} {}", self.kind, self.subject)).to_string();
        let (total, time) = (self.results.len(), self.took().as_secs_f64());
        let failures = self.count("fail");
        let errors = self.count("error") + self.count("timeout") + self.count("crashed");
        let skipped = self.count("not-claimed");
        let counts = format!(
            r#"tests="{total}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{time:.3}""#
        );
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            out,
            r#"<testsuites name="prollytree-conformance" {counts}>"#
        )?;
        writeln!(out, r#"  <testsuite name="{name}" {counts}>"#)?;
        writeln!(out, "    <properties>")?;
        let (seed, about) = (self.seed.to_string(), self.about.to_string());
        let properties = [
            ("seed", &*seed),
            ("profile", self.profile.name()),
            ("about", &about),
        ];
        for (name, value) in properties {
            writeln!(
                out,
                r#"      <property name="{name}" value="{}"/>"#,
                Escaped(value)
            )?;
        }
        writeln!(out, "    </properties>")?;
        self.results
            .iter()
            .try_for_each(|result| write_case(out, result))?;
        writeln!(out, "  </testsuite>\n</testsuites>")
    }
}

fn write_case(out: &mut String, result: &CaseResult) -> fmt::Result {
    let (id, group) = (Escaped(result.case.id), Escaped(result.case.group()));
    let time = result.took.as_secs_f64();
    write!(
        out,
        r#"    <testcase name="{id}" classname="{group}" time="{time:.3}""#
    )?;
    let message = result.outcome.message();
    let element = match &result.outcome {
        Outcome::Pass => return writeln!(out, "/>"),
        Outcome::NotClaimed { .. } => {
            return writeln!(
                out,
                r#"><skipped message="{}"/></testcase>"#,
                Escaped(&message)
            );
        }
        Outcome::Fail { .. } => "failure",
        Outcome::Error { .. } | Outcome::Timeout { .. } | Outcome::Crashed { .. } => "error",
    };
    let (word, promise) = (result.outcome.word(), Escaped(result.case.promise));
    let text = Escaped(&message);
    writeln!(
        out,
        r#"><{element} type="{word}" message="{promise}">{text}</{element}></testcase>"#
    )
}

/// Text as it may stand in an attribute or an element: what XML cannot hold is replaced.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\n' => f.write_str("&#10;"),
            '\t' => f.write_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => f.write_char(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => f.write_char(char::REPLACEMENT_CHARACTER),
            c => f.write_char(c),
        })
    }
}
