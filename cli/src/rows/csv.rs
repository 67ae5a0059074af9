//! Rows in CSV: the first one names the columns, every cell is text.

use std::collections::HashSet;
use std::io::{BufRead, Read};

use csv::{ByteRecord, ReaderBuilder};

use super::canonical::{quoted, sort};
use super::entry::NOT_EXPORTED;
use super::quotes::Quotes;
use super::{BadRow, Entry, EntryRule, Place, Stopped};

/// Reads CSV.
pub(super) fn read<E>(
    input: impl BufRead,
    delimiter: u8,
    rule: &EntryRule,
    sink: &mut dyn FnMut(Place, Entry) -> Result<(), E>,
) -> Result<(), Stopped<E>> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(Quotes::new(input, delimiter));
    let columns = columns(&mut reader).and_then(|columns| {
        rule.check(&columns)?;
        Ok(columns)
    });
    let columns = columns.map_err(|reason| {
        Stopped::Bad(BadRow {
            place: Place::Line(1),
            reason,
        })
    });
    refuse_open(reader.get_ref())?;
    let columns = columns?;
    let mut row = ByteRecord::new();
    loop {
        let more = reader.read_byte_record(&mut row);
        refuse_open(reader.get_ref())?;
        let more = more.map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            let reason = match error.kind() {
                csv::ErrorKind::UnequalLengths {
                    expected_len, len, ..
                } => {
                    format!("expected {expected_len} cells, found {len}")
                }
                _ => error.to_string(),
            };
            Stopped::Bad(BadRow {
                place: Place::Line(line),
                reason,
            })
        })?;
        if !more {
            return Ok(());
        }
        let place = Place::Line(row.position().map_or(1, csv::Position::line));
        let entry =
            entry(rule, &columns, &row).map_err(|reason| Stopped::Bad(BadRow { place, reason }))?;
        sink(place, entry).map_err(Stopped::Sink)?;
    }
}

/// Refuses the row that the file ends in the middle of.
fn refuse_open<R, E>(quotes: &Quotes<R>) -> Result<(), Stopped<E>> {
    quotes.open_row().map_or(Ok(()), |line| {
        Err(Stopped::Bad(BadRow {
            place: Place::Line(line),
            reason:
                "a quote that this row opens is not closed by the end of the file, which may have \
                     been cut off"
                    .to_owned(),
        }))
    })
}

fn columns<R: Read>(reader: &mut csv::Reader<R>) -> Result<Vec<String>, String> {
    let header = reader.byte_headers().map_err(|error| error.to_string())?;
    let mut names = header
        .iter()
        .map(|name| std::str::from_utf8(name).map(str::to_owned))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| "the name of a column is not UTF-8".to_owned())?;
    if let Some(first) = names.first_mut() {
        *first = first.trim_start_matches('\u{feff}').to_owned();
    }
    if names.iter().all(String::is_empty) {
        return Err("the first row has to name the columns".to_owned());
    }
    let mut known = HashSet::new();
    match names.iter().find(|name| !known.insert(name.as_str())) {
        None => Ok(names),
        Some(twice) => Err(format!("two columns are named `{twice}`")),
    }
}

fn entry(rule: &EntryRule, columns: &[String], row: &ByteRecord) -> Result<Entry, String> {
    if rule.key.is_none() {
        // As `export` writes it: any bytes.
        return match row.iter().collect::<Vec<_>>().as_slice() {
            [key, value] => Ok(Entry {
                key: key.to_vec(),
                value: value.to_vec(),
            }),
            _ => Err(NOT_EXPORTED.to_owned()),
        };
    }
    let mut fields = columns
        .iter()
        .zip(row)
        .map(|(name, cell)| match std::str::from_utf8(cell) {
            Ok(cell) => Ok((name.clone(), quoted(cell))),
            Err(_) => Err(format!("the cell of the column `{name}` is not UTF-8")),
        })
        .collect::<Result<Vec<_>, _>>()?;
    sort(&mut fields)?;
    rule.entry(&fields)
}
