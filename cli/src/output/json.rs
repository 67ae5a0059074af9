//! JSON answers.

use std::io::{self, Write};

use serde_json::{Map, Value};

/// Writes one JSON value on a line.
pub(crate) fn write_json(out: &mut impl Write, value: &Value) -> io::Result<()> {
    writeln!(out, "{value}")
}

/// Begins an object whose last field, `last`, is written by the caller, who also closes it: what a
/// field holds may be more than fits into memory.
pub(crate) fn begin_object(
    out: &mut impl Write,
    fields: &Map<String, Value>,
    last: &str,
) -> io::Result<()> {
    out.write_all(b"{")?;
    for (name, value) in fields {
        write!(out, "{}:{value},", Value::from(name.as_str()))?;
    }
    write!(out, "{}:", Value::from(last))
}

/// An array that is written element by element, so that it need not fit into memory: each element
/// on a line of its own.
pub(crate) struct JsonArray<W: Write> {
    out: W,
    empty: bool,
}

impl<W: Write> JsonArray<W> {
    /// Begins an array.
    pub(crate) fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(b"[")?;
        Ok(Self { out, empty: true })
    }

    /// Writes an element.
    pub(crate) fn push(&mut self, value: &Value) -> io::Result<()> {
        self.push_text(&value.to_string())
    }

    /// Writes an element that is JSON text already.
    pub(crate) fn push_text(&mut self, text: &str) -> io::Result<()> {
        let separator = if self.empty { "\n" } else { ",\n" };
        self.empty = false;
        write!(self.out, "{separator}{text}")
    }

    /// Ends the array, and returns what it was written to.
    pub(crate) fn end(mut self) -> io::Result<W> {
        self.out
            .write_all(if self.empty { b"]\n" } else { b"\n]\n" })?;
        Ok(self.out)
    }
}
