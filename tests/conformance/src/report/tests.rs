//! The forms of a report.

use std::time::Duration;

use prollytree_plugin_api::Capabilities;
use serde_json::{Value, json};

use super::{CaseResult, Report};
use crate::case::{CaseInfo, Outcome};
use crate::context::Profile;

fn result(id: &'static str, outcome: Outcome) -> CaseResult {
    let needs = Capabilities::LIST;
    let case = CaseInfo {
        id,
        promise: "a < b & \"c\"",
        why: "",
        needs,
    };
    CaseResult {
        case,
        outcome,
        took: Duration::from_millis(7),
    }
}

fn report(results: Vec<CaseResult>) -> Report {
    Report {
        subject: "acme".into(),
        kind: "backend",
        about: json!({"version": "1.2.3", "capabilities": ["LIST"]}),
        seed: 7,
        profile: Profile::Quick,
        command: "acme".into(),
        results,
    }
}

fn mixed() -> Report {
    report(vec![
        result("one.good", Outcome::Pass),
        result(
            "one.unclaimed",
            Outcome::NotClaimed {
                missing: Capabilities::LIST,
            },
        ),
        result(
            "two.bad",
            Outcome::Fail {
                message: "done: <x>\nseen: \u{1}\u{1b}[0m".into(),
            },
        ),
        result(
            "two.gone",
            Outcome::Crashed {
                message: "signal 11".into(),
            },
        ),
        result("two.slow", Outcome::Timeout { seconds: 60 }),
    ])
}

#[test]
fn only_passes_and_refusals_pass() {
    assert!(!mixed().passed());
    assert_eq!(mixed().failures().count(), 3);
    assert!(report(vec![result("one.good", Outcome::Pass)]).passed());
    assert!(
        !report(Vec::new()).passed(),
        "nothing was tested, so nothing is proven"
    );
}

#[test]
fn the_table_says_what_was_promised_done_and_seen() {
    let table = mixed().table();
    for text in [
        "backend acme 1.2.3",
        "FAIL: two.bad",
        "promised: a < b",
        "done: <x>",
        "signal 11",
    ] {
        assert!(table.contains(text), "{text} is missing from\n{table}");
    }
    assert!(table.contains("1 pass, 1 not-claimed, 1 fail, 1 timeout, 1 crashed (seed 7, quick)"));
}

#[test]
fn json_has_every_case() {
    let json = mixed().json();
    assert_eq!(json["passed"], Value::Bool(false));
    assert_eq!(json["cases"].as_array().unwrap().len(), 5);
    assert_eq!(json["cases"][3]["outcome"], "crashed");
    assert_eq!(json["cases"][3]["message"], "signal 11");
}

#[test]
fn junit_counts_and_escapes() {
    let junit = mixed().junit();
    assert!(
        junit.contains(r#"tests="5" failures="1" errors="2" skipped="1""#),
        "{junit}"
    );
    assert!(
        junit.contains("done: &lt;x&gt;&#10;seen: \u{fffd}\u{fffd}[0m"),
        "{junit}"
    );
    assert!(junit.contains("a &lt; b &amp; &quot;c&quot;"), "{junit}");
    assert_eq!(junit.matches("<testcase ").count(), 5);
}
