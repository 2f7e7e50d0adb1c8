use crate::Problem;
use std::error::Error;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server answered with an error.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The server cannot be reached, or the connection broke.
    #[error("the server at {address} cannot be reached ({why}): {}", way_out(.why))]
    Unreachable {
        /// The server's address.
        address: String,
        /// What the network said.
        why: String,
    },
    /// What came back is not what a server of this release answers.
    #[error("the answer of {address} was not understood ({why}): check that it is a Cairn server of this release")]
    NotUnderstood {
        /// The server's address.
        address: String,
        /// What was not understood.
        why: String,
    },
    /// The address is not one of a server.
    #[error("“{given}” is not the address of a server ({why}): give one like http://127.0.0.1:7401")]
    Address {
        /// What was given.
        given: String,
        /// What is wrong with it.
        why: String,
    },
}

impl ClientError {
    /// The stable code: the server's own, or `client/…`.
    pub fn code(&self) -> &str {
        match self {
            Self::Problem(problem) => &problem.code,
            Self::Unreachable { .. } => "client/unreachable",
            Self::NotUnderstood { .. } => "client/not-understood",
            Self::Address { .. } => "client/address",
        }
    }

    /// Whether another server of the cluster might answer where this one did not.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    pub(crate) fn unreachable(address: &str, error: &reqwest::Error) -> Self {
        Self::Unreachable { address: address.to_owned(), why: innermost(error) }
    }

    pub(crate) fn address(given: &str, why: &str) -> Self {
        Self::Address { given: given.to_owned(), why: why.to_owned() }
    }
}

/// What to do about it: a server that runs is unreachable all the same for those who do not trust its certificate.
fn way_out(why: &str) -> &'static str {
    match why {
        _ if why.contains("UnknownIssuer") => {
            "its certificate is not trusted here; give the authority that signed it to the system, or name it in SSL_CERT_FILE"
        }
        _ if why.contains("certificate") => "its certificate is not one for this address, or has ended",
        _ if why.contains("invalid HTTP version") => "check that it is not one that wants https://",
        _ if why.contains("InvalidContentType") => "check that it is not one that wants http://",
        _ => "check that it runs and that the address is right",
    }
}

/// The innermost reason, which is the one that says something: `Connection refused`.
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let mut inner: &dyn Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
