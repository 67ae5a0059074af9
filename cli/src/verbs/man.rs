//! `man`: the manual pages.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_mangen::Man as Page;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::output::{note, raw_out};
use crate::session::Session;

/// Write the manual pages
///
/// Without a folder, prints the main page; with one, writes a page for every command into it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git-prolly man | man -l -
  git-prolly man ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The folder, made if it is not there
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        let mut command = Arguments::command();
        command.build();
        let Some(folder) = &self.folder else {
            let mut out = raw_out();
            Page::new(command).render(&mut out)?;
            return Ok(out.flush()?);
        };
        let folder = session.path(folder);
        fs::create_dir_all(&folder).map_err(|source| Failure::File {
            doing: "make the folder",
            path: folder.clone(),
            source,
        })?;
        let pages = write_pages(&command, &folder)?;
        Ok(note(&format!(
            "wrote {pages} pages to {}",
            folder.display()
        ))?)
    }
}

/// Writes the page of a command and those of the commands below it.
fn write_pages(command: &clap::Command, folder: &Path) -> Result<usize, Failure> {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    let mut page = Vec::new();
    Page::new(command.clone()).render(&mut page)?;
    let path = folder.join(format!("{name}.1"));
    fs::write(&path, page).map_err(|source| Failure::File {
        doing: "write",
        path,
        source,
    })?;
    let mut pages = 1;
    for inner in command.get_subcommands() {
        pages += write_pages(inner, folder)?;
    }
    Ok(pages)
}
