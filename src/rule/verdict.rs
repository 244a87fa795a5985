//! What a policy says of a subject: the entries of `deny` and `undetermined`.
//!
//! An entry is an object with `message`, and perhaps `at`, `path` and `related`. Anything else in it is the
//! policy's mistake and is told, with the key.

use regorus::Value;

use crate::azure::ResourceId;

/// One entry of a policy's result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict {
    /// One or more sentences that stand alone.
    pub message: String,
    /// Which of the subject's resources the entry points at; the caller knows the subject's own.
    pub at: Option<ResourceId>,
    /// RFC 6901 pointer into that resource's ARM JSON, such as `/properties/allowForwardedTraffic`.
    pub path: Option<String>,
    /// The other resources that the message speaks of.
    pub related: Vec<ResourceId>,
}

/// What one policy says of one subject. A pass is neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// The rule is broken.
    pub deny: Vec<Verdict>,
    /// The facts do not decide.
    pub undetermined: Vec<Verdict>,
}

impl Verdicts {
    /// Whether nothing was said.
    pub fn is_pass(&self) -> bool {
        self.deny.is_empty() && self.undetermined.is_empty()
    }
}

/// Reads the value of `deny` or `undetermined`; the error says what is wrong with which key.
pub(super) fn read(entry: &str, value: &Value) -> Result<Vec<Verdict>, String> {
    let entries = match value {
        Value::Set(entries) => entries,
        Value::Undefined => return Ok(Vec::new()),
        other => return Err(format!("`{entry}` is no set but {}", describe(other))),
    };
    entries.iter().map(|value| read_entry(value).map_err(|what| format!("an entry of `{entry}` {what}"))).collect()
}

fn read_entry(value: &Value) -> Result<Verdict, String> {
    let Value::Object(fields) = value else {
        return Err(format!("is no object with a `message` but {}", describe(value)));
    };
    let mut verdict = Verdict { message: String::new(), at: None, path: None, related: Vec::new() };
    for (key, value) in fields.iter() {
        let Value::String(key) = key else { return Err(format!("has the key {}", describe(key))) };
        match key.as_ref() {
            "message" => text(key, value)?.clone_into(&mut verdict.message),
            "at" => verdict.at = Some(id(key, value)?),
            "path" => verdict.path = Some(pointer(text(key, value)?)?),
            "related" => {
                verdict.related = match value {
                    Value::Array(items) => items.iter().map(|item| id(key, item)).collect::<Result<_, _>>()?,
                    Value::Set(items) => items.iter().map(|item| id(key, item)).collect::<Result<_, _>>()?,
                    other => return Err(format!("has a `related` that is no list of ids but {}", describe(other))),
                }
            }
            other => {
                return Err(format!("has the unknown key `{other}`; `message`, `at`, `path` and `related` are known"));
            }
        }
    }
    if verdict.message.trim().is_empty() { Err("has no `message`".to_owned()) } else { Ok(verdict) }
}

fn text<'v>(key: &str, value: &'v Value) -> Result<&'v str, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("has a `{key}` that is no text but {}", describe(other))),
    }
}

fn id(key: &str, value: &Value) -> Result<ResourceId, String> {
    let text = text(key, value)?;
    if text.trim().is_empty() { Err(format!("has an empty id in `{key}`")) } else { Ok(ResourceId::new(text)) }
}

/// <https://www.rfc-editor.org/rfc/rfc6901#section-3>
fn pointer(text: &str) -> Result<String, String> {
    let starts = text.is_empty() || text.starts_with('/');
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if starts && escapes {
        Ok(text.to_owned())
    } else {
        Err(format!("has a `path` that is no JSON pointer such as `/properties/name`: `{text}`"))
    }
}

/// A value in a few words, for messages.
pub(super) fn describe(value: &Value) -> String {
    let text = match value {
        Value::Undefined => return "undefined".to_owned(),
        other => serde_json::to_string(other).unwrap_or_else(|_| "a value that JSON cannot show".to_owned()),
    };
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn read_one(json: &str) -> Result<Verdict, String> {
        let entry = Value::from_json_str(json).unwrap();
        read("deny", &Value::from(BTreeSet::from([entry]))).map(|mut verdicts| verdicts.remove(0))
    }

    #[test]
    fn a_whole_entry_is_read() {
        let verdict =
            read_one(r#"{"message": "m", "at": "/a", "path": "/properties/x~1y", "related": ["/b", "/c"]}"#).unwrap();
        assert_eq!(verdict.message, "m");
        assert_eq!(verdict.at, Some(ResourceId::new("/A")));
        assert_eq!(verdict.path.as_deref(), Some("/properties/x~1y"));
        assert_eq!(verdict.related.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_key() {
        for (json, expected) in [
            (r#""text""#, "is no object with a `message` but \"text\""),
            (r"{}", "has no `message`"),
            (r#"{"message": " "}"#, "has no `message`"),
            (r#"{"message": 1}"#, "has a `message` that is no text but 1"),
            (r#"{"message": "m", "msg": 1}"#, "has the unknown key `msg`"),
            (r#"{"message": "m", "at": null}"#, "has a `at` that is no text but null"),
            (r#"{"message": "m", "at": ""}"#, "has an empty id in `at`"),
            (r#"{"message": "m", "path": "properties"}"#, "is no JSON pointer"),
            (r#"{"message": "m", "path": "/a~2"}"#, "is no JSON pointer"),
            (r#"{"message": "m", "related": "/a"}"#, "is no list of ids but \"/a\""),
            (r#"{"message": "m", "related": [1]}"#, "has a `related` that is no text but 1"),
        ] {
            let error = read_one(json).unwrap_err();
            assert!(error.starts_with("an entry of `deny` ") && error.contains(expected), "{json}: {error}");
        }
        assert_eq!(read("deny", &Value::Bool(true)).unwrap_err(), "`deny` is no set but true");
        assert_eq!(read("deny", &Value::Undefined), Ok(Vec::new()));
    }

    #[test]
    fn long_values_are_shortened() {
        let text = describe(&Value::from("x".repeat(1000)));
        assert_eq!(text.chars().count(), 201);
    }
}
