//! The verbs, one in each file.

mod batch;
mod branch;
mod checkout;
mod commit;
mod completions;
mod config;
mod conformance;
mod delete;
mod diff;
mod embed;
mod export;
mod get;
mod history;
mod import;
mod init;
mod keys_at;
mod list;
mod list_graph;
mod log;
mod man;
mod merge;
mod plugin;
mod prove;
mod set;
mod show;
mod stats;
mod status;
mod tag;
mod tree;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

use crate::failure::Failure;
use crate::session::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Init(init::Init),
    Set(set::Set),
    Get(get::Get),
    Delete(delete::Delete),
    List(list::List),
    Status(status::Status),
    Commit(commit::Commit),
    Log(log::Log),
    Show(show::Show),
    Diff(diff::Diff),
    Branch(branch::Branch),
    Checkout(checkout::Checkout),
    Tag(tag::Tag),
    Merge(merge::Merge),
    History(history::History),
    KeysAt(keys_at::KeysAt),
    Stats(stats::Stats),
    Tree(tree::Tree),
    Prove(prove::Prove),
    Verify(verify::Verify),
    Import(import::Import),
    Export(export::Export),
    Embed(embed::Embed),
    Config(config::Config),
    Plugin(plugin::Plugin),
    Batch(batch::Batch),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Runs a verb. Most either do what they are asked or fail.
pub(crate) fn run(verb: Verb, session: &Session) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Init(verb) => verb.run(session),
        Verb::Set(verb) => verb.run(session),
        Verb::Get(verb) => verb.run(session),
        Verb::Delete(verb) => verb.run(session),
        Verb::List(verb) => verb.run(session),
        Verb::Status(verb) => verb.run(session),
        Verb::Commit(verb) => verb.run(session),
        Verb::Log(verb) => verb.run(session),
        Verb::Show(verb) => verb.run(session),
        Verb::Diff(verb) => verb.run(session),
        Verb::Branch(verb) => verb.run(session),
        Verb::Checkout(verb) => verb.run(session),
        Verb::Tag(verb) => verb.run(session),
        Verb::Merge(verb) => verb.run(session),
        Verb::History(verb) => verb.run(session),
        Verb::KeysAt(verb) => verb.run(session),
        Verb::Stats(verb) => verb.run(session),
        Verb::Tree(verb) => verb.run(session),
        Verb::Prove(verb) => verb.run(session),
        Verb::Verify(verb) => verb.run(session),
        Verb::Import(verb) => verb.run(session),
        Verb::Export(verb) => verb.run(session),
        Verb::Embed(verb) => verb.run(session),
        Verb::Config(verb) => verb.run(session),
        Verb::Plugin(verb) => return verb.run(session),
        Verb::Batch(verb) => return verb.run(session),
        Verb::Completions(verb) => verb.run(),
        Verb::Man(verb) => verb.run(session),
    }
    .map(|()| ExitCode::SUCCESS)
}
