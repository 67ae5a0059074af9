//! Reads manifests. A field that this version does not know is passed over; one that is missing or
//! of another type is an error.

use std::fmt;

use serde_json::{Deserializer, Map, Value};

use super::{ExportKind, Manifest, ManifestError, OptionEntry, VERSION, is_name};

type Result<T> = std::result::Result<T, ManifestError>;

impl Manifest {
    /// Reads one manifest.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self> {
        let value = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
        Self::from_object(&value)
    }

    /// Reads a whole section: one manifest after the other, perhaps with zeros between them.
    ///
    /// # Errors
    /// What is wrong with the first one that cannot be read.
    pub fn parse_section(section: &[u8]) -> Result<Vec<Self>> {
        let mut manifests = Vec::new();
        for part in section
            .split(|&byte| byte == 0)
            .filter(|part| !part.is_empty())
        {
            for value in Deserializer::from_slice(part).into_iter() {
                let value = value.map_err(|error| unreadable(&error))?;
                manifests.push(Self::from_object(&value)?);
            }
        }
        Ok(manifests)
    }

    fn from_object(object: &Map<String, Value>) -> Result<Self> {
        let form = field(object, "manifest", Value::as_u64)?;
        if form != u64::from(VERSION) {
            return Err(ManifestError(format!(
                "it has form {form}, and this host reads form {VERSION}"
            )));
        }
        let name = text(object, "name")?;
        if !is_name(&name) {
            return Err(ManifestError(format!(
                "`{}` is not a name",
                name.escape_debug()
            )));
        }
        let options = field(object, "options", Value::as_array)?;
        Ok(Self {
            kind: match text(object, "kind")?.as_str() {
                "backend" => ExportKind::Backend,
                "embedder" => ExportKind::Embedder,
                kind => {
                    let kind = kind.escape_debug();
                    return Err(ManifestError(format!("this host knows no kind `{kind}`")));
                }
            },
            name,
            version: text(object, "version")?,
            about: text(object, "about")?,
            options: options.iter().map(option).collect::<Result<_>>()?,
            abi: number(object, "abi")?,
            api: number(object, "api")?,
            target: text(object, "target")?,
            rustc: text(object, "rustc")?,
            panic: text(object, "panic")?,
            symbol: text(object, "symbol")?,
        })
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ManifestError {}

fn option(value: &Value) -> Result<OptionEntry> {
    let object = value.as_object().ok_or_else(|| missing("options"))?;
    Ok(OptionEntry {
        name: text(object, "name")?,
        value_type: text(object, "type")?,
        default: match object.get("default") {
            None => None,
            Some(_) => Some(text(object, "default")?),
        },
        optional: field(object, "optional", Value::as_bool)?,
        doc: text(object, "doc")?,
    })
}

fn text(object: &Map<String, Value>, name: &str) -> Result<String> {
    field(object, name, Value::as_str).map(ToOwned::to_owned)
}

fn number(object: &Map<String, Value>, name: &str) -> Result<u32> {
    u32::try_from(field(object, name, Value::as_u64)?).map_err(|_| missing(name))
}

fn field<'a, T>(
    object: &'a Map<String, Value>,
    name: &str,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<T> {
    object.get(name).and_then(read).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> ManifestError {
    ManifestError(format!("its field `{name}` is missing or of another type"))
}

fn unreadable(error: &serde_json::Error) -> ManifestError {
    ManifestError(format!("it is not JSON: {error}"))
}
