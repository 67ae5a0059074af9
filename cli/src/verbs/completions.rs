//! `completions`: what a shell needs to complete commands.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::output::raw_out;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly completions bash > ~/.local/share/bash-completion/completions/git-prolly
  git-prolly completions zsh > ~/.zfunc/_git-prolly
  git-prolly completions fish > ~/.config/fish/completions/git-prolly.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<(), Failure> {
        // Made in memory first: the generator panics where it cannot write.
        let mut text = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut Arguments::command(),
            "git-prolly",
            &mut text,
        );
        let mut out = raw_out();
        out.write_all(&text)?;
        Ok(out.flush()?)
    }
}
