//! The whole suite with each case in a process of its own, as the command line runs it.

use std::time::Duration;

use prollytree_conformance::{Launcher, RunOptions, Suite, TemplateSubject, child_main, run};
use serde_json::json;

fn memory() -> Suite {
    let backend = &prollytree_backend_memory::BACKEND;
    Suite::storage(TemplateSubject::of(backend, json!({})))
}

#[test]
fn a_good_backend_passes_every_case_in_processes_of_their_own() {
    let suite = memory();
    child_main(&suite);
    let launcher =
        Launcher::test("a_good_backend_passes_every_case_in_processes_of_their_own").unwrap();
    let report = run(&suite, &RunOptions::default(), &launcher).unwrap();
    assert!(report.passed(), "{}", report.table());
    assert_eq!(report.results.len(), suite.cases().len());
    assert_eq!(report.about["name"], "memory");
    assert_eq!(
        report.about["capabilities"],
        json!(["ATOMIC_COMMIT", "LIST", "DELETE"])
    );
}

#[test]
fn a_filter_chooses_cases_by_their_ids() {
    let suite = memory();
    let options = RunOptions {
        isolated: false,
        filter: Some("swap.".into()),
        seed: 1,
        timeout: Duration::from_mins(1),
        ..RunOptions::default()
    };
    let report = run(&suite, &options, &Launcher::again().unwrap()).unwrap();
    assert!(report.passed(), "{}", report.table());
    assert!(
        report
            .results
            .iter()
            .all(|result| result.case.group() == "swap")
    );
    assert!(report.results.len() > 3);
}

#[test]
fn a_run_without_any_case_is_no_proof() {
    let options = RunOptions {
        filter: Some("no such case".into()),
        ..RunOptions::default()
    };
    let report = run(&memory(), &options, &Launcher::again().unwrap()).unwrap();
    assert!(!report.passed());
}
