//! Union: several streams as one.

use super::{design_planned, ports_with_inlets};
use crate::describe::optional;
use crate::wording::records;
use crate::{Component, ComponentError, ComponentType, Design, Outcome, Properties, RunContext};
use async_trait::async_trait;
use flow_data::{Stream, union};
use flow_model::{ComponentDescription, Effect, Family, Ports, PropertyKind};
use serde_json::json;
use std::sync::Arc;

const HELP: &str = "\
Puts the streams of its inlets one behind the other, in the order of the inlets. Fields go by their names: a field that \
one of the streams does not have is empty in its records. Integers and numbers meet as numbers; if a field is text in one \
stream and a number in another, map it before.

An inlet whose path was not taken adds nothing. Streams with exactly the same fields need no Union: link them all to one \
inlet.";

const INLETS: [&str; 2] = ["first", "second"];

pub(super) struct Union;

impl ComponentType for Union {
    fn description(&self) -> ComponentDescription {
        ComponentDescription {
            kind: "Union",
            title: "Union",
            family: Family::Transform,
            icon: "combine",
            summary: "Puts several streams one behind the other",
            help: HELP,
            properties: vec![optional(
                "Inlets",
                "Inlets",
                PropertyKind::Names,
                json!(INLETS),
                "The names of the inlets, in the order in which their records leave.",
            )],
            effect: Effect::None,
            saves: false,
            line: "{Inlets}",
        }
    }

    fn ports(&self, component: &flow_model::Component) -> Ports {
        ports_with_inlets(component, &INLETS)
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Prepared { inlets: properties.names("Inlets") })
    }
}

struct Prepared {
    inlets: Vec<String>,
}

#[async_trait]
impl Component for Prepared {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let arrived: Vec<Stream> = self.inlets.iter().filter_map(|inlet| run.inlets.get(inlet).cloned()).collect();
        let all = union(&arrived)?;
        Ok(Outcome { note: all.rows().map(records), ..Outcome::out(all) })
    }

    fn design(&self, design: &mut Design<'_>) {
        let known: Option<Vec<Stream>> =
            self.inlets.iter().map(|inlet| design.inlet(inlet).cloned().map(Stream::empty)).collect();
        if let Some(streams) = known {
            design_planned(design, "Inlets", union(&streams));
        }
    }
}
