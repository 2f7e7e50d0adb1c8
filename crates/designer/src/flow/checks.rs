//! The slower checks of open flows, schemas and expressions, off everybody's path.

use super::{Field, FlowChecked, Session};
use crate::background::blocking;
use crate::{Designer, Event};
use flow_data::arrow::datatypes::SchemaRef;
use flow_model::{ComponentId, FlowName};
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Which flows are being checked. Each flow has one check at a time; what changed meanwhile is checked after it, once.
#[derive(Default)]
pub(crate) struct Checks {
    running: Mutex<HashMap<FlowName, Wanted>>,
}

/// Whether another check is wanted after the one that runs.
#[derive(PartialEq)]
enum Wanted {
    Nothing,
    Again,
}

impl Designer {
    /// Has the flow of `session` checked; an event tells what was found.
    pub(crate) fn check(self: &Arc<Self>, session: &Arc<Mutex<Session>>) {
        let flow = session.lock().name().clone();
        {
            let mut running = self.checks.running.lock();
            if let Some(wanted) = running.get_mut(&flow) {
                *wanted = Wanted::Again;
                return;
            }
            running.insert(flow.clone(), Wanted::Nothing);
        }
        let (designer, session) = (Arc::clone(self), Arc::clone(session));
        tokio::spawn(async move {
            loop {
                designer.check_once(&session).await;
                let mut running = designer.checks.running.lock();
                match running.get_mut(&flow) {
                    Some(wanted) if *wanted == Wanted::Again => *wanted = Wanted::Nothing,
                    _ => {
                        running.remove(&flow);
                        return;
                    }
                }
            }
        });
    }

    async fn check_once(self: &Arc<Self>, session: &Arc<Mutex<Session>>) {
        let Some(project) = self.current_project() else { return };
        let (flow, state, document) = {
            let session = session.lock();
            (session.name().clone(), session.session_state(), session.flow().clone())
        };
        let palette = Arc::clone(self.palette());
        let services = project.design_services();
        let examined = blocking(move || Ok(palette.examine(&document, &*services))).await;
        let Ok(examination) =
            examined.inspect_err(|error| tracing::error!(%flow, %error, "the check of a flow failed"))
        else {
            return;
        };
        let mut fields: BTreeMap<ComponentId, BTreeMap<String, Vec<Field>>> = BTreeMap::new();
        for (outlet, schema) in &examination.schemas {
            fields.entry(outlet.component.clone()).or_default().insert(outlet.port.clone(), Field::all(schema));
        }
        let checked = FlowChecked { flow, revision: state.revision, diagnostics: examination.diagnostics, fields };
        if session.lock().set_checked(state, checked.clone()) {
            self.emit(Event::FlowChecked(checked));
        }
    }
}

impl Field {
    /// The fields of a schema.
    pub(crate) fn all(schema: &SchemaRef) -> Vec<Self> {
        let field = |field: &Arc<flow_data::arrow::datatypes::Field>| Self {
            name: field.name().clone(),
            kind: flow_data::type_name(field.data_type()),
            nullable: field.is_nullable(),
        };
        schema.fields().iter().map(field).collect()
    }
}
