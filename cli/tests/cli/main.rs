//! The command line as its users see it: arguments in; output, messages and exit codes out.

mod bytes;
mod configuration;
mod files;
mod help;
mod history;
mod plugins;
mod proofs;
mod refusals;
mod rows;
mod sight;
mod support;
