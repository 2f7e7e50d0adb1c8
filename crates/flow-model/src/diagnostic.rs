//! What is wrong with a flow, where, and how serious it is.

use crate::{ComponentId, Edit, Link};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use ts_rs::TS;

/// Something to mend in a flow. `code` is stable; programs and the UI go by it, never by the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Diagnostic {
    /// Stable code: `flow/no-start`.
    pub code: String,
    /// How serious it is.
    pub severity: Severity,
    /// What is wrong and the way out, for the author.
    pub message: String,
    /// Where.
    pub place: Place,
    /// An edit that mends it, where there is one that an author would choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub fix: Option<Box<Fix>>,
}

/// An edit that mends what a diagnostic is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Fix {
    /// What it does, for a button: `Remove the link`.
    pub title: String,
    /// The edit.
    pub edit: Edit,
}

/// How serious a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Worth knowing.
    Hint,
    /// The flow runs, but probably not as meant.
    Warning,
    /// The flow cannot run.
    Error,
}

/// Where in a flow something is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Place {
    /// The component, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub component: Option<ComponentId>,
    /// The property of that component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub property: Option<String>,
    /// Where within the value of that property, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub text: Option<TextPlace>,
    /// The link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub link: Option<Link>,
}

/// Where within the value of a property something is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TextPlace {
    /// Of a list: which entry, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub entry: Option<u32>,
    /// Of a list: which member of that entry: `expression`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub member: Option<String>,
    /// From where to where in the text there, in UTF-16 code units, as editors count. None is all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub range: Option<(u32, u32)>,
}

impl TextPlace {
    /// The same with a range of bytes of `text`, the text there.
    #[must_use]
    pub fn marking(mut self, text: &str, bytes: Range<usize>) -> Self {
        let units = |to: usize| {
            let before = text.get(..to).unwrap_or(text);
            u32::try_from(before.encode_utf16().count()).unwrap_or(u32::MAX)
        };
        self.range = Some((units(bytes.start), units(bytes.end)));
        self
    }
}

impl Diagnostic {
    /// An error about the flow as a whole; narrow its place with [`Self::at`], [`Self::on`] or [`Self::along`].
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity: Severity::Error,
            message: message.into(),
            place: Place::default(),
            fix: None,
        }
    }

    /// The same as a warning.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Places it at a component.
    #[must_use]
    pub fn at(mut self, component: &ComponentId) -> Self {
        self.place.component = Some(component.clone());
        self
    }

    /// Places it on a property of the component.
    #[must_use]
    pub fn on(mut self, property: &str) -> Self {
        self.place.property = Some(property.to_owned());
        self
    }

    /// Places it within the value of the property.
    #[must_use]
    pub fn within(mut self, text: Option<TextPlace>) -> Self {
        self.place.text = text;
        self
    }

    /// Places it along a link.
    #[must_use]
    pub fn along(mut self, link: &Link) -> Self {
        self.place.link = Some(link.clone());
        self
    }

    /// Offers an edit that mends it.
    #[must_use]
    pub fn mended_by(mut self, title: impl Into<String>, edit: Edit) -> Self {
        self.fix = Some(Box::new(Fix { title: title.into(), edit }));
        self
    }

    /// Offers to remove the link that it is about.
    #[must_use]
    pub(crate) fn mended_without(self, link: &Link) -> Self {
        self.mended_by("Remove the link", Edit::Disconnect { link: link.clone() })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hint => "hint",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}
