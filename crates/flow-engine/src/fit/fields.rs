//! Whether a saved stream has the fields that a flow has there, as far as they are known before it runs.

use super::points::{self, Port};
use super::{Look, SavedStream};
use crate::EngineError;
use crate::engine::Inner;
use crate::plan::{Plan, PlannedFlow};
use flow_components::PortKey;
use flow_data::Variables;
use flow_data::arrow::datatypes::{DataType, SchemaRef};
use flow_model::{ComponentId, PortRef};
use flow_store::Request;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::OnceCell;

type Schemas = Arc<BTreeMap<PortKey, SchemaRef>>;

/// The fields in flows, each flow looked through once for as long as this is kept: so many requests can be looked at.
#[derive(Default)]
pub struct FlowFields {
    /// By where the flow is in memory.
    known: Mutex<HashMap<usize, LookedThrough>>,
}

/// A flow, which stays where it is in memory, and its fields.
type LookedThrough = (Arc<PlannedFlow>, Arc<OnceCell<Schemas>>);

/// The fields in the flows of a request.
pub(super) struct Fields<'a> {
    inner: &'a Inner,
    request: &'a Request,
    flows: &'a FlowFields,
    /// What was compared: path without numbers of iterations, component, place.
    compared: Mutex<HashMap<(String, String, Port), Option<String>>>,
    unknown: Mutex<Vec<(ComponentId, String)>>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(inner: &'a Inner, request: &'a Request, flows: &'a FlowFields) -> Self {
        Self { inner, request, flows, compared: Mutex::default(), unknown: Mutex::default() }
    }

    /// Where it is not known which fields the flow has.
    pub(super) fn unknown(&self) -> Vec<(ComponentId, String)> {
        self.unknown.lock().clone()
    }

    /// What is different between the fields of a saved stream and those that the flow has there; none if nothing is, or
    /// if that is not known. Of streams that differ only in the iteration one stands for all.
    pub(super) async fn differ(&self, look: &Look<'_>, saved: &SavedStream) -> Result<Option<String>, EngineError> {
        let key = (without_numbers(&saved.path), saved.component.clone(), saved.port.clone());
        if let Some(known) = self.compared.lock().get(&key) {
            return Ok(known.clone());
        }
        let different = self.compare(look, saved).await?;
        self.compared.lock().insert(key, different.clone());
        Ok(different)
    }

    async fn compare(&self, look: &Look<'_>, saved: &SavedStream) -> Result<Option<String>, EngineError> {
        let Ok((plan, at)) = points::find(&look.new, &saved.path, &saved.component) else { return Ok(None) };
        let Some(now) = self.at(plan, at, &saved.port).await else {
            let planned = &plan.components[at];
            let mut unknown = self.unknown.lock();
            if !unknown.iter().any(|(id, _)| *id == planned.id) {
                unknown.push((planned.id.clone(), planned.name.clone()));
            }
            return Ok(None);
        };
        if let Some(old) = &look.old
            && let Ok((plan, at)) = points::find(old, &saved.path, &saved.component)
            && let Some(before) = self.at(plan, at, &saved.port).await
            && difference(&before, &now).is_none()
        {
            // By design nothing has changed; what was read may have had other fields all along.
            return Ok(None);
        }
        let archive = self.inner.archive(self.request.id);
        let Some(point) = archive.read(&[saved.place]).await?.pop() else { return Ok(None) };
        let stream = archive.load(&point, &Variables::default()).await?.stream;
        Ok(difference(stream.schema(), &now))
    }

    /// The fields that a flow has at a place, where that is known.
    async fn at(&self, plan: &Plan, component: usize, port: &Port) -> Option<SchemaRef> {
        let (schemas, id) = (self.of(plan).await, &plan.components[component].id);
        let inlet = match port {
            Port::Out(outlet) => return schemas.get(&PortRef::new(id, outlet)).cloned(),
            Port::In(inlet) => PortRef::new(id, inlet),
        };
        let links = plan.flow.document.links.iter().filter(|link| link.to == inlet);
        let arriving: Vec<&SchemaRef> = links.map(|link| schemas.get(&link.from)).collect::<Option<_>>()?;
        let (first, others) = arriving.split_first()?;
        let all_same = others.iter().all(|other| difference(first, other).is_none());
        all_same.then(|| Arc::clone(first))
    }

    async fn of(&self, plan: &Plan) -> Schemas {
        let known = self.flows.of(&plan.flow);
        let schemas = known.get_or_init(|| async {
            let services = self.inner.services(&plan.flow.files, &self.request.project);
            let (palette, flow) = (Arc::clone(&self.inner.palette), Arc::clone(&plan.flow));
            let examine = move || Arc::new(palette.examine(&flow.document, &services).schemas);
            // Of a flow that cannot be looked through nothing is known.
            tokio::task::spawn_blocking(examine).await.unwrap_or_default()
        });
        Arc::clone(schemas.await)
    }
}

impl FlowFields {
    fn of(&self, flow: &Arc<PlannedFlow>) -> Arc<OnceCell<Schemas>> {
        let mut known = self.known.lock();
        let (_, schemas) =
            known.entry(Arc::as_ptr(flow) as usize).or_insert_with(|| (Arc::clone(flow), Arc::default()));
        Arc::clone(schemas)
    }
}

/// A path without the numbers of iterations: `foreach-a1b2c3/subflow-d4e5f6`.
fn without_numbers(path: &str) -> String {
    path.split('/').map(|step| step.split_once('[').map_or(step, |(id, _)| id)).collect::<Vec<_>>().join("/")
}

/// What is different between fields, in words. Their order does not matter, nor whether a value may be missing.
pub(super) fn difference(before: &SchemaRef, now: &SchemaRef) -> Option<String> {
    let mut words = Vec::new();
    for field in before.fields() {
        match now.field_with_name(field.name()) {
            Err(_) => words.push(format!("“{}” is gone", field.name())),
            Ok(other) if !is_like(field.data_type(), other.data_type()) => {
                let (was, is) = (flow_data::type_name(field.data_type()), flow_data::type_name(other.data_type()));
                words.push(match was == is {
                    true => format!("“{}” was {} and is {}", field.name(), field.data_type(), other.data_type()),
                    false => format!("“{}” was {was} and is {is}", field.name()),
                });
            }
            Ok(_) => {}
        }
    }
    let known: HashSet<&str> = before.fields().iter().map(|field| field.name().as_str()).collect();
    let new = now.fields().iter().filter(|field| !known.contains(field.name().as_str()));
    words.extend(new.map(|field| format!("“{}” is new", field.name())));
    (!words.is_empty()).then(|| words.join(", "))
}

/// Whether values of two types can stand for each other; of a field that was empty so far the type is not known.
fn is_like(one: &DataType, other: &DataType) -> bool {
    one == other || *one == DataType::Null || *other == DataType::Null
}
