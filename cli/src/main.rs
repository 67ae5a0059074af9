//! `git-prolly`, the command line of prollytree; runs as `git prolly` too.
//!
//! Each verb has a file of its own in `verbs`. A verb opens what it needs and nothing else, writes
//! its answer to standard output, and says the rest on standard error.
#![forbid(unsafe_code)]

mod arguments;
mod builtin;
mod failure;
mod input;
mod logger;
mod output;
mod panics;
mod pattern;
mod remedy;
mod rows;
mod session;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use session::Session;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logger::start(arguments.place.verbose);
    let session = Session::new(&arguments.place);
    match panics::caught(|| verbs::run(arguments.verb, &session)) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
