//! How a key is made of a row: a column, or a template such as `{type}/{subtype}`.

use std::str::FromStr;

/// A key template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Column(String),
}

impl FromStr for KeyTemplate {
    type Err = String;

    /// Text without braces is the name of a column. `{{` and `}}` stand for braces.
    fn from_str(template: &str) -> Result<Self, String> {
        if template.is_empty() {
            return Err("name a column, or write a template such as {type}/{subtype}".to_owned());
        }
        if !template.contains(['{', '}']) {
            return Ok(Self(vec![Part::Column(template.to_owned())]));
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                text.push_str(brace);
                rest = after;
                continue;
            }
            let (column, after) = match rest.split_once('}') {
                Some((column, after)) if brace == "{" => (column, after),
                _ => return Err("a brace has no partner; write {{ or }} for a brace".to_owned()),
            };
            if column.is_empty() || column.contains('{') {
                return Err("between braces stands the name of a column".to_owned());
            }
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(Part::Column(column.to_owned()));
            rest = after;
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        if !parts.iter().any(|part| matches!(part, Part::Column(_))) {
            return Err("the template names no column, so all keys would be the same".to_owned());
        }
        Ok(Self(parts))
    }
}

impl KeyTemplate {
    /// Returns the columns that a key is made of.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Column(name) => Some(name.as_str()),
        })
    }

    /// Makes the key of a row whose columns `column` looks up.
    pub(super) fn key(
        &self,
        column: impl Fn(&str) -> Result<String, String>,
    ) -> Result<String, String> {
        let mut key = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => key.push_str(text),
                Part::Column(name) => key.push_str(&column(name)?),
            }
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(template: &str) -> Result<String, String> {
        template
            .parse::<KeyTemplate>()?
            .key(|column| Ok(column.to_uppercase()))
    }

    #[test]
    fn a_template_is_text_and_columns() {
        for (template, expected) in [
            ("name", "NAME"),
            ("{type}/{subtype}", "TYPE/SUBTYPE"),
            ("x{a}{b}y", "xABy"),
            ("{{{a}}}", "{A}"),
        ] {
            assert_eq!(key(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn a_template_that_cannot_be_meant_is_refused() {
        for (template, expected) in [
            ("", "name a column"),
            ("{a", "has no partner"),
            ("a}", "has no partner"),
            ("{}", "the name of a column"),
            ("{a{b}", "the name of a column"),
            ("{{a}}", "names no column"),
        ] {
            let error = key(template).unwrap_err();
            assert!(error.contains(expected), "{template}: {error}");
        }
    }
}
