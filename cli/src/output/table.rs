//! Tables for people: a heading, aligned columns, no lines.

use std::io::{self, Write};

use comfy_table::{Cell, ContentArrangement};

/// A table that is complete before it is written.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// Begins a table.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        let mut table = Self::bare();
        table
            .0
            .set_header(headings.map(|heading| Cell::new(heading.to_uppercase())));
        table
    }

    /// Begins a table without headings.
    pub(crate) fn bare() -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        Self(table)
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.add_row(cells.map(Cell::new));
    }

    /// Writes the table.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for line in self.0.lines() {
            // The left padding of the first column.
            let line = line.strip_prefix(' ').unwrap_or(&line);
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
