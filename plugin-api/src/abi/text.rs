//! Cold data as it crosses: JSON, so that either side may know names that the other does not.

use serde_json::{Map, Value, json};

use crate::{
    BatchSize, Capabilities, Create, EmbedderInfo, Error, ErrorKind, OpenStorage, Options, Report,
    Result, Stats, StorageInfo, Unit,
};

pub(super) fn storage_info_out(info: &StorageInfo) -> String {
    json!({
        "name": info.name,
        "version": info.version,
        "capabilities": info.capabilities.bits(),
        "batch_records": info.batch.records,
        "batch_bytes": info.batch.bytes,
        "location": info.location,
        "operations": info.operations,
    })
    .to_string()
}

pub(super) fn storage_info_in(text: &str) -> Result<StorageInfo> {
    let map = Fields::parse("storage info", text)?;
    let operations = map.value("operations", Value::as_array)?;
    let operations = operations
        .iter()
        .map(|name| name.as_str().map(ToOwned::to_owned));
    Ok(StorageInfo {
        name: map.text("name")?,
        version: map.text("version")?,
        // A promise that this host has no name for is one that it cannot use.
        capabilities: Capabilities::from_bits_truncate(map.value("capabilities", Value::as_u64)?),
        batch: BatchSize {
            records: map.size("batch_records")?,
            bytes: map.size("batch_bytes")?,
        },
        location: map.text("location")?,
        operations: operations
            .collect::<Option<_>>()
            .ok_or_else(|| map.wrong("operations"))?,
    })
}

pub(super) fn embedder_info_out(info: &EmbedderInfo) -> String {
    json!({
        "id": info.id,
        "version": info.version,
        "dimensions": info.dimensions,
        "max_input": info.max_input,
        "normalized": info.normalized,
    })
    .to_string()
}

pub(super) fn embedder_info_in(text: &str) -> Result<EmbedderInfo> {
    let map = Fields::parse("embedder info", text)?;
    Ok(EmbedderInfo {
        id: map.text("id")?,
        version: map.text("version")?,
        dimensions: map.size("dimensions")?,
        max_input: match map.0.1.get("max_input") {
            None | Some(Value::Null) => None,
            Some(_) => Some(map.size("max_input")?),
        },
        normalized: map.value("normalized", Value::as_bool)?,
    })
}

pub(super) fn stats_out(stats: Stats) -> String {
    let stats = stats.0.into_iter();
    let lines =
        stats.map(|stat| json!({"name": stat.name, "unit": stat.unit.0, "value": stat.value}));
    Value::Array(lines.collect()).to_string()
}

/// Reads stats; no text at all, from a plugin that is older than the method, is no stats.
pub(super) fn stats_in(text: &str) -> Result<Stats> {
    if text.is_empty() {
        return Ok(Stats::default());
    }
    let lines: Vec<Map<String, Value>> = parsed("stats", text)?;
    lines.into_iter().try_fold(Stats::default(), |stats, line| {
        let map = Fields(("stats", line));
        let unit =
            u32::try_from(map.value("unit", Value::as_u64)?).map_err(|_| map.wrong("unit"))?;
        Ok(stats.with(
            &map.text("name")?,
            Unit(unit),
            map.value("value", Value::as_u64)?,
        ))
    })
}

pub(super) fn report_out(report: Report) -> String {
    Value::Object(report).to_string()
}

pub(super) fn report_in(text: &str) -> Result<Report> {
    if text.is_empty() {
        Ok(Report::new())
    } else {
        parsed("report", text)
    }
}

/// Writes how to open a store. A field is named only where it differs from what a plugin that does
/// not know it would do.
pub(super) fn open_out(open: &OpenStorage) -> String {
    let mut request = Map::new();
    request.insert("options".into(), Value::Object(open.options.clone()));
    if open.create != Create::NEVER {
        request.insert("create".into(), open.create.0.into());
    }
    if open.read_only {
        request.insert("read_only".into(), true.into());
    }
    Value::Object(request).to_string()
}

/// Reads how to open a store; refuses a demand that this plugin does not know.
pub(super) fn open_in(text: &str) -> Result<OpenStorage> {
    let wrong = |name: &str| {
        let message = format!("this plugin cannot open a store with `{name}` as asked");
        Error::new(ErrorKind::UNSUPPORTED, message)
    };
    let request: Map<String, Value> = parsed("request", text)?;
    let mut open = OpenStorage::default();
    for (name, value) in request {
        match (name.as_str(), value) {
            ("options", Value::Object(options)) => open.options = options,
            ("create", Value::Number(number)) => {
                let create = number
                    .as_u64()
                    .and_then(|number| u32::try_from(number).ok());
                open.create = Create(
                    create
                        .filter(|&known| known <= 1)
                        .ok_or_else(|| wrong("create"))?,
                );
            }
            ("read_only", Value::Bool(flag)) => open.read_only = flag,
            _ => return Err(wrong(&name)),
        }
    }
    Ok(open)
}

pub(super) fn options_out(options: &Options) -> String {
    Value::Object(options.clone()).to_string()
}

pub(super) fn options_in(text: &str) -> Result<Options> {
    parsed("options", text)
}

/// A JSON object and what it describes.
struct Fields((&'static str, Map<String, Value>));

impl Fields {
    fn parse(what: &'static str, text: &str) -> Result<Self> {
        Ok(Self((what, parsed(what, text)?)))
    }

    fn value<'a, T>(&'a self, name: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<T> {
        self.0
            .1
            .get(name)
            .and_then(read)
            .ok_or_else(|| self.wrong(name))
    }

    fn text(&self, name: &str) -> Result<String> {
        self.value(name, Value::as_str).map(ToOwned::to_owned)
    }

    fn size(&self, name: &str) -> Result<usize> {
        usize::try_from(self.value(name, Value::as_u64)?).map_err(|_| self.wrong(name))
    }

    fn wrong(&self, name: &str) -> Error {
        let message = format!(
            "the {} that crossed the boundary has no proper `{name}`",
            self.0.0
        );
        Error::new(ErrorKind::INTERNAL, message)
    }
}

fn parsed<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("the {what} that crossed the boundary cannot be read");
        Error::new(ErrorKind::INTERNAL, message).with_source(&error)
    })
}
