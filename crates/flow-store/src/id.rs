//! Identities, checked once at the border, and points in time.

use flow_model::InvalidName;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $fits:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Parses a ", $what, "; the error names the rule it breaks.")]
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                let fits: fn(&str) -> bool = $fits;
                if fits(text) {
                    return Ok(Self(text.to_owned()));
                }
                Err(InvalidName { what: $what, given: text.to_owned(), rule: $rule })
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(&text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn is_plain_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_project_name(text: &str) -> bool {
    (1..=100).contains(&text.chars().count())
        && text.trim() == text
        && !text.starts_with('.')
        && !text.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c))
}

text_id!(
    /// Identity of a server (a flow service process), made at its first start and kept from then on.
    ServerId,
    "server id",
    "use 1 to 64 letters, digits, “-” or “_”",
    is_plain_id
);
text_id!(
    /// Name of a project on the cluster.
    ProjectName,
    "project name",
    "use up to 100 characters without / \\ : * ? \" < > | and without a leading dot or outer spaces",
    is_project_name
);
text_id!(
    /// Identity of a project version: the id of the git tree of the project's folder, so equal files are one version.
    VersionId,
    "project version",
    "use 1 to 64 letters, digits, “-” or “_”",
    is_plain_id
);

impl VersionId {
    /// Its beginning, by which people know it.
    pub fn short(&self) -> &str {
        self.as_str().get(..7).unwrap_or(self.as_str())
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// A server's start number: one higher at each start of the same server.
    Epoch
);
number_id!(
    /// A request's ownership number. It rises with each attempt and each change of owner; every write of a request
    /// carries it, and a write with an old one changes nothing.
    Fence
);
number_id!(
    /// Identity of a request. Never used twice in one database, since idempotency keys are made from it.
    RequestId
);

impl Fence {
    /// The fence after this one.
    #[must_use]
    pub fn raised(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One life of a server: the server and which of its starts. Requests belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// The server.
    pub server: ServerId,
    /// Which of its starts.
    pub epoch: Epoch,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (start {})", self.server, self.epoch)
    }
}

/// A point in time by the database's clock, in milliseconds since 1970 (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This machine's time.
    pub fn of_this_machine() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    }

    /// The time `milliseconds` later.
    #[must_use]
    pub fn plus_ms(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(i64::try_from(milliseconds).unwrap_or(i64::MAX)))
    }

    /// The time `milliseconds` earlier.
    #[must_use]
    pub fn minus_ms(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_sub(i64::try_from(milliseconds).unwrap_or(i64::MAX)))
    }

    /// How long from this time until `later`; zero if `later` has passed.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => time.fmt(f),
            Err(_) => write!(f, "{} ms since 1970", self.0),
        }
    }
}
