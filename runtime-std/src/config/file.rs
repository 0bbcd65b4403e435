use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::given::Given;
use super::{ConfigError, Keys, Origin};
use crate::system::text_file::read_text_file;

/// Returns the values in the file at `path`, with the line of each key.
pub(super) fn read(keys: Keys, path: &Path) -> Result<Vec<Given>, ConfigError> {
    let text = read_text_file(path).map_err(|source| ConfigError::Unreadable(path.to_owned(), source))?;
    let table = DeTable::parse(&text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let message = error.message();
        // The parser's own message is "missing escaped value, expected b, e, f…".
        let message = if message.contains("escape") {
            r"a backslash in double quotes begins an escape; write Windows paths in single quotes, as in 'C:\mmcos'"
        } else {
            message
        };
        let origin = origin(path, &text, offset);
        ConfigError::Syntax { origin, message: message.to_owned(), program: keys.program() }
    })?;
    let given = table.get_ref().iter().map(|(name, value)| Given {
        name: name.get_ref().to_string(),
        text: scalar(value.get_ref()),
        origin: origin(path, &text, name.span().start),
    });
    Ok(given.collect())
}

/// Returns the equivalent text of a command line; for an array or a table, JSON.
fn scalar(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| integer.as_str().to_owned(), |number| number.to_string()),
        DeValue::Datetime(moment) => moment.to_string(),
        DeValue::Array(_) | DeValue::Table(_) => json(value).to_string(),
    }
}

fn json(value: &DeValue<'_>) -> Value {
    let number = |text: String| text.parse().map_or(Value::String(text), Value::Number);
    match value {
        DeValue::Array(values) => values.iter().map(|value| json(value.get_ref())).collect(),
        DeValue::Table(table) => {
            table.iter().map(|(name, value)| (name.get_ref().to_string(), json(value.get_ref()))).collect()
        }
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Integer(_) | DeValue::Float(_) => number(scalar(value)),
        DeValue::String(_) | DeValue::Datetime(_) => Value::String(scalar(value)),
    }
}

fn origin(path: &Path, text: &str, offset: usize) -> Origin {
    let newlines = text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    Origin::File { path: PathBuf::from(path), line: newlines.saturating_add(1) }
}
