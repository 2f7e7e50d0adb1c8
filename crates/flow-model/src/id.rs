//! Names and identities. They are parsed once, at the border, and are valid from then on.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use ts_rs::TS;

/// A name or id that does not have the required form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} “{given}” is not valid: {rule}")]
pub struct InvalidName {
    /// What was being named, in the words of the user.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// The rule it breaks.
    pub rule: &'static str,
}

/// Identity of a component within its flow: its type in lower case, a hyphen and six random characters
/// (`mapper-k3x9ab`), so that two git branches never make the same one. It never changes; the name shown is a property.
/// Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct ComponentId(Arc<str>);

impl ComponentId {
    /// Parses an id: letters, digits, `-` and `_` only, 1 to 64 of them.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let fits =
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits {
            return Ok(Self(Arc::from(text)));
        }
        Err(InvalidName {
            what: "component id",
            given: text.to_owned(),
            rule: "use 1 to 64 letters, digits, “-” or “_”",
        })
    }

    /// Makes the id of a new component from its type and six characters that the caller drew at random.
    pub fn from_random(kind: &str, random: [u8; 6]) -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut id: String = kind.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        id.push('-');
        id.extend(random.iter().map(|b| ALPHABET[usize::from(b % 32)] as char));
        Self(Arc::from(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as text that is shared, not copied.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

/// Name of a flow: the file name without `.flow.json`. May hold `/` for folders below `flows/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(type = "string")]
pub struct FlowName(String);

impl FlowName {
    /// Parses a flow name. Any Unicode is allowed save what a path or a control character could turn into a trap.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let part_fits = |part: &str| {
            !part.is_empty() && part != "." && part != ".." && !part.starts_with('.') && part.trim() == part
        };
        let fits = text.len() <= 200
            && text.split('/').all(part_fits)
            && !text.chars().any(|c| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|'));
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidName {
            what: "flow name",
            given: text.to_owned(),
            rule: "use a file name without \\ : * ? \" < > | and without leading dots or outer spaces",
        })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the flow's file is, relative to the project's folder.
    pub fn path(&self) -> String {
        format!("flows/{}.flow.json", self.0)
    }

    /// The name of the flow whose file is at `path` (relative to the project, with `/`), if it is a flow's file.
    pub fn from_path(path: &str) -> Option<Self> {
        Self::parse(path.strip_prefix("flows/")?.strip_suffix(".flow.json")?).ok()
    }
}

macro_rules! text_newtype {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
text_newtype!(ComponentId);
text_newtype!(FlowName);
