//! `-p NAME=VALUE` and `--params FILE`.

use serde_json::{Map, Value};

use super::args::StartArgs;
use crate::runner::Trouble;

/// What was given, by name; `-p` wins over the file.
pub fn given(args: &StartArgs) -> Result<Map<String, Value>, Trouble> {
    let mut out = Map::new();
    if let Some(path) = &args.params_file {
        let text = std::fs::read_to_string(path).map_err(|e| Trouble::file(path, e))?;
        match serde_json::from_str(&text) {
            Ok(Value::Object(map)) => out = map,
            Ok(_) => return Err(Trouble::file(path, "it is not a JSON object")),
            Err(e) => return Err(Trouble::file(path, format_args!("it is not JSON: {e}"))),
        }
    }
    out.extend(texts(&args.params)?);
    Ok(out)
}

/// `NAME=VALUE` texts, by name.
pub fn texts(params: &[String]) -> Result<Map<String, Value>, Trouble> {
    let mut out = Map::new();
    for text in params {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Trouble::usage(format!("-p takes NAME=VALUE, not `{}`", crate::text::clean(text)))
        })?;
        out.insert(name.trim().to_owned(), Value::String(value.to_owned()));
    }
    Ok(out)
}
