//! A flow as the text of its file, and back.
//!
//! The text is canonical: the same flow gives the same bytes, with a fixed order of keys, defaults left out, one
//! component a block, links sorted, and positions in a block of their own at the end. So a diff shows what an author
//! changed and nothing else.

mod read;
pub(crate) mod strict;
mod upgrade;
mod write;

#[cfg(test)]
mod tests;

use crate::Flow;

/// The number of the file format that this release writes. Older ones are upgraded when read, newer ones refused.
pub const FORMAT: u32 = 2;

/// Why a text is not a flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON, or a key occurs twice.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A newer release wrote it.
    #[error(
        "the file has format {found}, and this release of Cairn reads formats up to {supported}: open it with the \
         release that wrote it, or a newer one"
    )]
    TooNew {
        /// The format of the file.
        found: u64,
        /// The newest format that this release reads.
        supported: u32,
    },
    /// It is JSON, but not of the form of a flow.
    #[error("{path}: {message}")]
    Shape {
        /// Where, as a JSON path: `components[2].id`.
        path: String,
        /// What is wrong there and what is expected.
        message: String,
    },
}

impl DocumentError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "document/syntax",
            Self::TooNew { .. } => "document/too-new",
            Self::Shape { .. } => "document/shape",
        }
    }

    pub(crate) fn shape(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Shape { path: path.into(), message: message.into() }
    }
}

impl Flow {
    /// Reads a flow from the text of its file. Links to components that do not exist, unknown types and unknown
    /// properties are kept (and reported by [`crate::check_structure`]); components without a position get one.
    pub fn from_json(text: &str) -> Result<Self, DocumentError> {
        read::flow(text)
    }

    /// The canonical text of the flow, ending with a line break.
    pub fn to_json(&self) -> String {
        write::flow(self)
    }
}
