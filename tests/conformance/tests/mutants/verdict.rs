//! Runs one case of a mutant as the command line would, in a process of its own.

use std::time::Duration;

use prollytree_conformance::{CaseResult, Launcher, Report, RunOptions, Suite, child_main, run};

const SEED: u64 = 42;

/// The case must end with this outcome.
pub(crate) fn expect(suite: &Suite, test: &str, case: &str, outcome: &str) {
    let result = run_case(suite, test, case);
    let (word, message) = (result.outcome.word(), result.outcome.message());
    assert_eq!(word, outcome, "`{case}` ended otherwise: {message}");
    let told = message.contains("seen: ") || outcome == "timeout" || outcome == "crashed";
    assert!(
        told,
        "the message does not say what was done and seen: {message}"
    );
}

/// What the case says about the mutant.
pub(crate) fn message_of(suite: &Suite, test: &str, case: &str) -> String {
    run_case(suite, test, case).outcome.message()
}

/// Every case must pass.
pub(crate) fn expect_all(suite: &Suite, test: &str) {
    let report = run_filtered(suite, test, None, Duration::from_mins(1));
    assert!(report.passed(), "{}", report.table());
}

fn run_case(suite: &Suite, test: &str, case: &str) -> CaseResult {
    assert!(
        suite.cases().iter().any(|known| known.id == case),
        "there is no case `{case}`"
    );
    // Long enough for a busy machine; only the mutant that hangs takes all of it.
    let patience = Duration::from_secs(if test == "hangs" { 3 } else { 60 });
    let report = run_filtered(suite, test, Some(case), patience);
    let mut results = report.results.into_iter();
    results
        .find(|result| result.case.id == case)
        .expect("the filter lets the case through")
}

fn run_filtered(suite: &Suite, test: &str, filter: Option<&str>, timeout: Duration) -> Report {
    child_main(suite);
    let options = RunOptions {
        filter: filter.map(str::to_owned),
        seed: SEED,
        timeout,
        ..RunOptions::default()
    };
    run(suite, &options, &Launcher::test(test).unwrap()).unwrap()
}
