//! A table in Markdown whose columns also stand below each other in plain text.

/// Draws rows of cells below a head. The first column stands left, the others right.
pub(super) fn render(head: &[String], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = line(head, &widths);
    for (column, width) in widths.iter().enumerate() {
        let dashes = "-".repeat(width.saturating_sub(usize::from(column > 0)));
        text += &format!("| {dashes}{} ", if column > 0 { ":" } else { "" });
    }
    text += "|\n";
    for row in rows {
        text += &line(row, &widths);
    }
    text
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        if column == 0 {
            text += &format!("| {cell:<width$} ");
        } else {
            text += &format!("| {cell:>width$} ");
        }
    }
    text + "|\n"
}
