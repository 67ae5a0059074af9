//! Proves that a storage engine or an embedder keeps the contract of prollytree.
//!
//! Each promise of the contract is a case with a stable id, such as `swap.lost-names-current`.
//! [`conformance_tests!`] makes a `#[test]` of each for the crate of a backend,
//! [`embedder_conformance_tests!`] for that of an embedder. [`run`] runs them all, each in a child
//! process, and gives a [`Report`]; it is what `git-prolly plugin conformance` does to a compiled
//! plugin. `docs/conformance.md` lists the cases.
//!
//! A declared capability is tested; one that is not declared has to be refused. Nothing is skipped.
#![forbid(unsafe_code)]

mod actor;
mod case;
mod cases;
mod catalogue;
mod claims;
mod context;
mod embedder;
mod item;
mod launch;
mod macros;
mod model;
mod random;
mod random_work;
mod report;
mod runner;
mod store;
mod subject;
mod suite;

pub use case::{CaseInfo, Outcome};
pub use catalogue::catalogue;
pub use context::Profile;
pub use launch::Launcher;
pub use macros::run_test;
pub use random::Random;
pub use random_work::RandomWork;
pub use report::{CaseResult, Report};
pub use runner::child::child_main;
pub use runner::{RunOptions, run};
pub use subject::{EmbedderSubject, ModelSubject, Subject, TemplateSubject};
pub use suite::{Suite, embedder_cases, storage_cases};
