//! Rows in JSON: one object on each line, or one array.

use std::fmt;
use std::io::{self, BufRead, Cursor, Read};

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::canonical::fields;
use super::{BadRow, Entry, EntryRule, Place, Stopped};

/// The longest line, in bytes: larger than the largest value in any encoding that `export` uses.
const MAX_LINE: u64 = 512 << 20;

const MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads JSON Lines. Empty lines are skipped.
pub(super) fn read_lines<E>(
    mut input: impl BufRead,
    rule: &EntryRule,
    sink: &mut dyn FnMut(Place, Entry) -> Result<(), E>,
) -> Result<(), Stopped<E>> {
    let mut line = Vec::new();
    for number in 1.. {
        let place = Place::Line(number);
        let bad = |reason: String| Stopped::Bad(BadRow { place, reason });
        line.clear();
        let read = input
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| bad(error.to_string()))?;
        if read == 0 {
            break;
        }
        if read as u64 == MAX_LINE {
            return Err(bad(format!("the line is longer than {MAX_LINE} bytes")));
        }
        let text = std::str::from_utf8(&line).map_err(|_| bad("it is not UTF-8".to_owned()))?;
        let text = if number == 1 {
            text.trim_start_matches('\u{feff}')
        } else {
            text
        };
        if text.trim().is_empty() {
            continue;
        }
        let row: &RawValue = serde_json::from_str(text).map_err(|error| bad(syntax(&error)))?;
        let entry = fields(row)
            .and_then(|fields| rule.entry(&fields))
            .map_err(bad)?;
        sink(place, entry).map_err(Stopped::Sink)?;
    }
    Ok(())
}

/// Reads a JSON array, one element at a time.
pub(super) fn read_array<E>(
    input: impl BufRead,
    rule: &EntryRule,
    sink: &mut dyn FnMut(Place, Entry) -> Result<(), E>,
) -> Result<(), Stopped<E>> {
    let input = without_mark(input).map_err(|error| {
        let (place, reason) = (Place::Line(1), error.to_string());
        Stopped::Bad(BadRow { place, reason })
    })?;
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    let mut rows = Rows {
        rule,
        sink,
        number: 0,
        stopped: None,
    };
    let read = (&mut rows)
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    match (rows.stopped, read) {
        (Some(stopped), _) => Err(stopped),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(Stopped::Bad(BadRow {
            place: Place::Line(error.line().max(1) as u64),
            reason: syntax(&error),
        })),
    }
}

/// Passes over the byte order mark that some programs begin a file with.
fn without_mark(mut input: impl BufRead) -> io::Result<impl BufRead> {
    let mut first = Vec::with_capacity(MARK.len());
    input
        .by_ref()
        .take(MARK.len() as u64)
        .read_to_end(&mut first)?;
    if first == MARK {
        first.clear();
    }
    Ok(Cursor::new(first).chain(input))
}

/// Reads the elements of an array.
struct Rows<'a, E> {
    rule: &'a EntryRule,
    sink: &'a mut dyn FnMut(Place, Entry) -> Result<(), E>,
    number: u64,
    /// Why an element could not be used, which the deserializer cannot tell.
    stopped: Option<Stopped<E>>,
}

impl<E> Rows<'_, E> {
    fn take(&mut self, row: &RawValue) -> Result<(), Stopped<E>> {
        self.number += 1;
        let place = Place::Row(self.number);
        let entry = fields(row)
            .and_then(|fields| self.rule.entry(&fields))
            .map_err(|reason| Stopped::Bad(BadRow { place, reason }))?;
        (self.sink)(place, entry).map_err(Stopped::Sink)
    }
}

impl<'de, E> DeserializeSeed<'de> for &mut Rows<'_, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, E> Visitor<'de> for &mut Rows<'_, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(row) = sequence.next_element::<Box<RawValue>>()? {
            if let Err(stopped) = self.take(&row) {
                self.stopped = Some(stopped);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// Says what is wrong, without the line, which is said elsewhere.
fn syntax(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => format!("{reason} at column {}", error.column()),
        None => text,
    }
}
