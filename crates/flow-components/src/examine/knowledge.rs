//! What examinations remember, so that the next one looks only at what changed.

use crate::ExpressionType;
use flow_data::Variables;
use flow_data::arrow::datatypes::SchemaRef;
use flow_model::{Component, ComponentId, Diagnostic};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What was found out about the components of one flow when it was last examined.
#[derive(Debug, Default)]
pub struct Knowledge {
    /// The flow's inputs that have a default, on which everything may depend.
    defaults: BTreeSet<String>,
    found: HashMap<ComponentId, Found>,
}

/// What was found out about a component, and what that followed from.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) component: Component,
    pub(super) inlets: BTreeMap<String, SchemaRef>,
    pub(super) variables: Variables,
    pub(super) outlets: BTreeMap<String, SchemaRef>,
    pub(super) sets: Vec<(String, Value)>,
    pub(super) problems: Vec<Diagnostic>,
    pub(super) expressions: Vec<ExpressionType>,
    /// Whether it also followed from files, databases or other flows, which may be different the next time.
    pub(super) looked_outside: bool,
}

impl Knowledge {
    /// Begins an examination of a flow: what is still true is taken out of what it gives, and kept here again.
    pub(super) fn begin(&mut self, defaults: &BTreeSet<String>) -> HashMap<ComponentId, Found> {
        let found = std::mem::take(&mut self.found);
        if self.defaults == *defaults {
            return found;
        }
        self.defaults.clone_from(defaults);
        HashMap::new()
    }

    pub(super) fn keep(&mut self, id: &ComponentId, found: Found) {
        self.found.insert(id.clone(), found);
    }
}

impl Found {
    /// Whether the same would be found out again.
    pub(super) fn holds(
        &self,
        component: &Component,
        inlets: &BTreeMap<String, SchemaRef>,
        variables: &Variables,
    ) -> bool {
        !self.looked_outside && self.component == *component && self.inlets == *inlets && self.variables == *variables
    }
}
