//! Reads a config file into settings: keys known, types right, nothing forbidden.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::schema::{Found, Key, Takes, is_name, look_up};
use super::{ConfigError, Hint, Origin, Scope, Setting, SettingValue};

/// A config file and its text.
pub(super) struct Document<'a> {
    pub(super) path: Arc<Path>,
    pub(super) scope: Scope,
    pub(super) text: &'a str,
}

impl Document<'_> {
    /// Reads all settings, in the order of their keys. Looks nothing up.
    pub(super) fn settings(&self) -> Result<Vec<Setting>, ConfigError> {
        let table = DeTable::parse(self.text).map_err(|error| ConfigError::Syntax {
            origin: self.origin(error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        let mut settings = Vec::new();
        self.read_table(table.get_ref(), &mut Vec::new(), &mut settings)?;
        Ok(settings)
    }

    fn read_table<'t>(
        &self,
        table: &'t DeTable<'_>,
        path: &mut Vec<&'t str>,
        settings: &mut Vec<Setting>,
    ) -> Result<(), ConfigError> {
        for (name, value) in table {
            path.push(name.get_ref());
            let origin = self.origin(name.span().start);
            let key = path.join(".");
            if !is_name(name.get_ref()) {
                let reason = "a name is made of letters, digits, `_` and `-`".to_owned();
                return Err(ConfigError::BadValue {
                    origin,
                    key,
                    reason,
                });
            }
            match (look_up(path), value.get_ref()) {
                (Found::Key(rule), _) => settings.push(self.read_key(rule, key, origin, value)?),
                (Found::Table, DeValue::Table(inner)) => self.read_table(inner, path, settings)?,
                (Found::Table, other) => {
                    let (expected, found) = ("a table".to_owned(), other.type_str());
                    return Err(ConfigError::WrongType {
                        origin,
                        key,
                        expected,
                        found,
                    });
                }
                (Found::Unknown(known), _) => {
                    let hint = Box::new(Hint::new(name.get_ref(), known));
                    return Err(ConfigError::UnknownKey { origin, key, hint });
                }
            }
            path.pop();
        }
        Ok(())
    }

    fn read_key(
        &self,
        rule: &Key,
        key: String,
        origin: Origin,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Setting, ConfigError> {
        if let (Scope::Project, Some(what)) = (self.scope, rule.untrusted) {
            return Err(ConfigError::Untrusted { origin, key, what });
        }
        let at = self.origin(value.span().start);
        let Some(read) = read_value(rule.takes, value.get_ref()) else {
            let (expected, found) = (rule.takes.expected(), value.get_ref().type_str());
            return Err(ConfigError::WrongType {
                origin: at,
                key,
                expected,
                found,
            });
        };
        let what = match &read {
            SettingValue::Variable(_) => Some("read an environment variable"),
            SettingValue::File(_) => Some("read another file"),
            _ => None,
        };
        if let (Scope::Project, Some(what)) = (self.scope, what) {
            return Err(ConfigError::Untrusted {
                origin: at,
                key,
                what,
            });
        }
        check_value(rule.takes, &read, &key, &at)?;
        Ok(Setting {
            key,
            value: read,
            origin: at,
            folder: self.folder(),
        })
    }

    fn folder(&self) -> Arc<Path> {
        self.path.parent().unwrap_or(Path::new("/")).into()
    }

    fn origin(&self, offset: usize) -> Origin {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            path: Arc::clone(&self.path),
            scope: self.scope,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// Reads a value if it has the type that the key takes.
fn read_value(takes: Takes, value: &DeValue<'_>) -> Option<SettingValue> {
    let plain = |value: Value| Some(SettingValue::Plain(value));
    match (takes, value) {
        (Takes::Paths, DeValue::Array(items)) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .map(SettingValue::List),
        (Takes::Boolean | Takes::Option, DeValue::Boolean(flag)) => plain(Value::from(*flag)),
        (Takes::Size | Takes::Option, DeValue::Integer(number)) => plain(Value::from(
            i64::from_str_radix(number.as_str(), number.radix()).ok()?,
        )),
        (Takes::Option, DeValue::Table(table)) => reference(table),
        (Takes::Boolean | Takes::Paths, _) => None,
        (_, DeValue::String(text)) => plain(Value::from(text.as_ref())),
        _ => None,
    }
}

fn reference(table: &DeTable<'_>) -> Option<SettingValue> {
    let (name, value) = table.iter().next().filter(|_| table.len() == 1)?;
    let text = value
        .get_ref()
        .as_str()
        .filter(|text| !text.is_empty())?
        .to_owned();
    match name.get_ref().as_ref() {
        "env" => Some(SettingValue::Variable(text)),
        "file" => Some(SettingValue::File(text)),
        _ => None,
    }
}

/// Refuses a value of the right type that the key does not take.
pub(super) fn check_value(
    takes: Takes,
    value: &SettingValue,
    key: &str,
    origin: &Origin,
) -> Result<(), ConfigError> {
    use prollytree_plugin_api::{ByteSize, OptionValue};

    let bad = |reason| {
        Err(ConfigError::BadValue {
            origin: origin.clone(),
            key: key.to_owned(),
            reason,
        })
    };
    let expected = || bad(format!("expected {}", takes.expected()));
    let SettingValue::Plain(plain) = value else {
        return Ok(());
    };
    let text = plain.as_str().unwrap_or_default();
    match takes {
        Takes::Size => match ByteSize::read(plain) {
            Err(reason) => bad(reason),
            Ok(_) => Ok(()),
        },
        Takes::OneOf(words) if !words.contains(&text) => {
            match super::nearest(text, words.iter().copied()) {
                Some(word) => bad(format!("unknown word; did you mean \"{word}\"?")),
                None => expected(),
            }
        }
        Takes::Name if !is_name(text) => expected(),
        Takes::Path if text.is_empty() => expected(),
        Takes::Sha256 if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) => {
            expected()
        }
        _ => Ok(()),
    }
}
