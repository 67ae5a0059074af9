//! The form for scripts.

use serde_json::{Value, json};

use super::Report;

impl Report {
    /// Returns the report as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let cases: Vec<Value> = self
            .results
            .iter()
            .map(|result| {
                json!({
                    "id": result.case.id,
                    "group": result.case.group(),
                    "promise": result.case.promise,
                    "needs": result.case.needs.names().collect::<Vec<_>>(),
                    "outcome": result.outcome.word(),
                    "message": result.outcome.message(),
                    "milliseconds": u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
                })
            })
            .collect();
        json!({
            "suite": env!("CARGO_PKG_VERSION"),
            "subject": self.subject,
            "kind": self.kind,
            "about": self.about,
            "system": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            "seed": self.seed,
            "profile": self.profile.name(),
            "command": self.command,
            "passed": self.passed(),
            "cases": cases,
        })
    }
}
