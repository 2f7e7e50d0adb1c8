//! Distinct: leaves out what came before.

use super::design_planned;
use crate::describe::optional;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::{Stream, distinct};
use flow_model::{ComponentDescription, Effect, Family, PropertyKind};
use serde_json::json;
use std::sync::Arc;

const HELP: &str = "\
Leaves out records that came before: the first of all that are equal leaves, with all its fields. Records are equal if \
their values in *Fields* are, or in all fields if none is named. Missing values are equal to each other here.

Put a Sort before it to choose which of them is the first: sorted by date, descending, the newest leaves.";

pub(super) struct Distinct;

impl ComponentType for Distinct {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Distinct",
            title: "Distinct",
            family: Family::Transform,
            icon: "copy-minus",
            summary: "Leaves out records that came before",
            help: HELP,
            properties: vec![optional(
                "Fields",
                "Fields",
                PropertyKind::Fields,
                json!([]),
                "The fields that make records equal; empty for all.",
            )],
            effect: Effect::None,
            saves: false,
            line: "{Fields}",
        }
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared { fields: properties.names("Fields") })
    }
}

struct Prepared {
    fields: Vec<String>,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let found = distinct(run.input(), &self.fields, run.spool());
        Ok(Outcome::out(found.map_err(|error| ComponentError::from(error).on("Fields"))?))
    }

    fn design(&self, design: &mut Design<'_>) {
        let Some(schema) = design.input().cloned() else { return };
        let planned = distinct(&Stream::empty(schema), &self.fields, design.spool());
        design_planned(design, "Fields", planned);
    }
}
