//! The slower checks of open flows (schemas, expressions, and what they refer to), off everybody's path. A check looks only at what changed
//! since the one before.

use super::{Field, FlowChecked, Session, TypedExpression};
use crate::background::blocking;
use crate::project::OpenProject;
use crate::{Designer, Event};
use flow_components::{Examination, ExpressionType, Palette, PortKey};
use flow_data::arrow::datatypes::SchemaRef;
use flow_model::{
    ComponentId, Diagnostic, Flow, FlowName, Surroundings, calls_flows, check_connections, check_sub_flows,
};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// How long a check waits, so that the windows have shown first what it is about.
const PAUSE: Duration = Duration::from_millis(80);

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
                tokio::time::sleep(PAUSE).await;
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
        let (flow, state, document, mut known) = {
            let mut session = session.lock();
            (session.name().clone(), session.session_state(), session.flow().clone(), session.take_known())
        };
        let (palette, name) = (Arc::clone(self.palette()), flow.clone());
        let examined = blocking(move || {
            let mut found = palette.examine_again(&document, &*project.design_services(), &mut known);
            found.diagnostics.extend(check_references(&name, &document, &project, &palette));
            Ok((found, known))
        })
        .await;
        let Ok((examination, known)) =
            examined.inspect_err(|error| tracing::error!(%flow, %error, "the check of a flow failed"))
        else {
            return;
        };
        let mut session = session.lock();
        if let Some(news) = session.set_checked(state, examination, known) {
            // Sent while the flow is locked, so that windows see the checks in their order.
            self.emit(Event::FlowChecked(news));
        }
    }
}

/// What is wrong with the connections and flows that `document`, the flow `name`, refers to. Blocks.
pub(crate) fn check_references(
    name: &FlowName,
    document: &Flow,
    project: &OpenProject,
    palette: &Palette,
) -> Vec<Diagnostic> {
    let connections = project.connections();
    let mut found = check_connections(document, palette, &connections);
    if calls_flows(document, palette) {
        let flows = project.saved_flows().now();
        let around = Surroundings { flows: &flows, connections: &connections, catalogue: palette };
        found.extend(check_sub_flows(name, document, around));
    }
    found
}

/// What the slower checks of a flow found when they last ran.
pub(super) struct Checked {
    pub(super) number: u64,
    revision: u64,
    diagnostics: Vec<Diagnostic>,
    schemas: BTreeMap<PortKey, SchemaRef>,
    expressions: BTreeMap<ComponentId, Vec<ExpressionType>>,
}

impl Checked {
    pub(super) fn new(number: u64, revision: u64, found: Examination) -> Self {
        let Examination { diagnostics, schemas, expressions } = found;
        Self { number, revision, diagnostics, schemas, expressions }
    }

    /// All of it.
    pub(super) fn whole(&self, flow: &FlowName) -> FlowChecked {
        let all = self.expressions.keys().map(|id| (id.clone(), self.types_in(id))).collect();
        FlowChecked { expressions: all, ..self.tell(flow, |_| true) }
    }

    /// The same with the fields of those components only that had others at the check `before`.
    pub(super) fn since(&self, before: &Self, flow: &FlowName) -> FlowChecked {
        let is_new = |(outlet, schema): &(&PortKey, &SchemaRef)| before.schemas.get(*outlet) != Some(*schema);
        let is_gone = |outlet: &&PortKey| !self.schemas.contains_key(*outlet);
        let new = self.schemas.iter().filter(is_new).map(|(outlet, _)| &outlet.component);
        let gone = before.schemas.keys().filter(is_gone).map(|outlet| &outlet.component);
        let changed: BTreeSet<&ComponentId> = new.chain(gone).collect();
        let mut news = self.tell(flow, |component| changed.contains(component));
        for component in changed {
            news.fields.entry(component.clone()).or_default();
        }
        let told = self.expressions.keys().chain(before.expressions.keys());
        let is_new = |id: &&ComponentId| before.expressions.get(*id) != self.expressions.get(*id);
        news.expressions = told.filter(is_new).map(|id| (id.clone(), self.types_in(id))).collect();
        news
    }

    fn types_in(&self, component: &ComponentId) -> Vec<TypedExpression> {
        self.expressions.get(component).into_iter().flatten().map(TypedExpression::of).collect()
    }

    /// What was found, with the fields of those components that are wanted, without the expressions.
    fn tell(&self, flow: &FlowName, is_wanted: impl Fn(&ComponentId) -> bool) -> FlowChecked {
        let mut fields: BTreeMap<ComponentId, BTreeMap<String, Vec<Field>>> = BTreeMap::new();
        for (outlet, schema) in self.schemas.iter().filter(|(outlet, _)| is_wanted(&outlet.component)) {
            fields.entry(outlet.component.clone()).or_default().insert(outlet.port.clone(), Field::all(schema));
        }
        let (number, revision, diagnostics) = (self.number, self.revision, self.diagnostics.clone());
        FlowChecked { flow: flow.clone(), number, revision, diagnostics, fields, expressions: BTreeMap::new() }
    }
}

impl TypedExpression {
    fn of(found: &ExpressionType) -> Self {
        Self {
            property: found.property.clone(),
            entry: found.place.entry,
            member: found.place.member.clone(),
            kind: found.data_type.as_ref().map(flow_data::type_name),
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
