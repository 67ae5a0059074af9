//! The arguments of the command line.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::verbs::Verb;

/// A versioned, content-addressed key-value store whose storage engine is a plugin.
#[derive(Debug, Parser)]
#[command(name = "git-prolly", version, propagate_version = true, after_help = EXAMPLES)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What says which store is meant.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Start in this folder instead of the current one
    #[arg(
        short = 'C',
        value_name = "FOLDER",
        global = true,
        help_heading = "Global options"
    )]
    pub(crate) start: Option<PathBuf>,

    /// Read this config file instead of prolly.toml
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help_heading = "Global options"
    )]
    pub(crate) config: Option<PathBuf>,

    /// Open this store, as in redb:data/main.redb
    #[arg(
        long,
        value_name = "URI",
        global = true,
        help_heading = "Global options"
    )]
    pub(crate) store: Option<String>,

    /// Say more on standard error; twice for finding faults
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    #[arg(help_heading = "Global options")]
    pub(crate) verbose: u8,
}

const EXAMPLES: &str = "\
Examples:
  git-prolly init                       make a store in the current folder
  git-prolly set greeting hello         give a key a value
  git-prolly commit -m 'say hello'      record the changes
  git-prolly log --oneline              look back
  git-prolly diff HEAD~1 HEAD           compare

Exit codes:
  0    done
  1    the answer is no: no such key, nothing to commit, a plugin that fails its tests
  2    wrong arguments, input or configuration
  3    refused because something would be lost: both sides have commits, changes are uncommitted
  4    the store cannot be read or written, or an answer not written to its end
  141  whoever read the answer went away";
