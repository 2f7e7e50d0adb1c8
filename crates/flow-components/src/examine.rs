//! What can be known before anything runs: which fields flow on every link, and what is wrong with the expressions,
//! texts and field names that refer to them.

mod called;
mod examiner;
mod knowledge;

#[cfg(test)]
mod tests;

pub(crate) use called::Calls;
pub use knowledge::Knowledge;

use crate::{ExpressionType, Palette, Services};
use examiner::Examiner;
use flow_data::arrow::datatypes::SchemaRef;
use flow_model::{ComponentId, Diagnostic, Flow, PortRef};
use std::collections::BTreeMap;

/// An outlet of a component.
pub type PortKey = PortRef;

/// What was found out about a flow before it runs.
#[derive(Debug, Clone, Default)]
pub struct Examination {
    /// What is wrong with expressions and with the names of fields and flow variables.
    pub diagnostics: Vec<Diagnostic>,
    /// The fields on every outlet where they can be known, and on those that lead into a body.
    pub schemas: BTreeMap<PortKey, SchemaRef>,
    /// The types of the expressions of each component that has any.
    pub expressions: BTreeMap<ComponentId, Vec<ExpressionType>>,
}

impl Palette {
    /// Finds out what can be known about a flow before it runs.
    pub fn examine(&self, flow: &Flow, sources: &dyn Services) -> Examination {
        self.examine_again(flow, sources, &mut Knowledge::default())
    }

    /// The same, given what is known from the time before: only components that changed, that get other fields or flow
    /// variables, or that look at files, databases or other flows are looked at.
    pub fn examine_again(&self, flow: &Flow, sources: &dyn Services, known: &mut Knowledge) -> Examination {
        Examiner::examine(self, flow, sources, &Calls::default(), known)
    }

    /// What is wrong with expressions and names, as far as the fields can be known.
    pub fn check_expressions(&self, flow: &Flow, sources: &dyn Services) -> Vec<Diagnostic> {
        self.examine(flow, sources).diagnostics
    }

    /// The fields on every outlet where they can be known.
    pub fn output_schemas(&self, flow: &Flow, sources: &dyn Services) -> BTreeMap<PortKey, SchemaRef> {
        self.examine(flow, sources).schemas
    }
}
