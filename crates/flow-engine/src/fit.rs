//! Whether what a request has saved fits another version of its flow, so that it can go on from there: each saved point
//! needs its component, of the same kind and with the same id, and each saved stream the fields that the flow has there.

mod fields;
mod order;
mod points;

use crate::engine::{Engine, Inner, is_lasting};
use crate::plan::Plan;
use crate::resume::Resumption;
use crate::saved::{Outline, SavedScope};
use crate::{EngineError, request_settings};
use fields::Fields;
use flow_model::{Component, ComponentId, InputError};
use flow_store::{Fence, PointPlace, Request, RequestSettings, VersionId};
use order::{SavedOrder, Search};
use points::Port;
use std::sync::Arc;

pub use fields::FlowFields;

/// Saved points are read in pages of this size.
const PAGE: usize = 4096;
/// So many that do not fit are named.
const NAMED: usize = 100;

/// How a request fits a version of its project.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The version.
    pub version: VersionId,
    /// What the flow's start component says there.
    pub settings: RequestSettings,
    /// The fence of the request that was looked at.
    pub seen: Fence,
    /// Why the flow does not take the request's inputs there, if it does not.
    pub inputs: Option<InputError>,
    /// The saved points that do not fit, in the order of saving; the first hundred. Of those inside of iterations that are
    /// alike only the first is named.
    pub misfits: Vec<Misfit>,
    /// From how many of the first saved points the request can go on: they fit, and so does all that belongs to them.
    pub fitting: u32,
    /// Components whose saved streams may have other fields than the flow has there, as that is known only when it runs.
    pub unknown: Vec<(ComponentId, String)>,
    /// The components of the flow there, in the order in which they run, if the request goes on from those that fit.
    pub components: Vec<FitComponent>,
}

/// A saved point that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Its number, from 0; of several that are alike, the first one's.
    pub number: u32,
    /// How many are alike.
    pub points: u32,
    /// Id of its component.
    pub component: String,
    /// Name of its component, as far as it is known.
    pub name: String,
    /// Why it does not fit.
    pub why: Why,
}

/// Why a saved point does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// There is no such component.
    Gone,
    /// There is no component with this id, but one of the same type and name has another id.
    OtherId(String),
    /// The component is of another type, or has another part in the flow.
    OtherType(String),
    /// An outlet or inlet that it names is not there, or is not linked.
    Port(String),
    /// The fields of the saved stream are not those that the flow has there; what is different.
    Fields(String),
    /// It cannot be gone on from, for another reason.
    Other(String),
}

impl Why {
    /// A word for it that never changes.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::OtherId(_) => "otherId",
            Self::OtherType(_) => "otherType",
            Self::Port(_) => "port",
            Self::Fields(_) => "fields",
            Self::Other(_) => "other",
        }
    }
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(text, "“{}” ({}) ", self.name, self.component)?;
        match &self.why {
            Why::Gone => write!(text, "is not in the flow any more"),
            Why::OtherId(id) => write!(text, "has the id {id} now"),
            Why::OtherType(what) | Why::Other(what) => write!(text, "{what}"),
            Why::Port(port) => write!(text, "has no link at “{port}” any more"),
            Why::Fields(what) => write!(text, "has other fields now: {what}"),
        }
    }
}

/// A component of the version that a request is to go on at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FitComponent {
    /// Its id.
    pub id: ComponentId,
    /// Its name.
    pub name: String,
    /// Whether it is going to run, for the first time or again; else it is settled by what is saved and never runs.
    pub runs: bool,
    /// Whether running it twice may be seen outside.
    pub changes_world: bool,
    /// Whether the version that the request was pinned to does not have it.
    pub is_new: bool,
    /// Whether that version has it with another type, place or properties.
    pub is_changed: bool,
}

impl Engine {
    /// How the saved points of a request fit `version` of its project: all of them, or only the first `keep`. Fails with
    /// what is to be mended when the flow is not there or cannot run. `flows` is shared by the looks at many requests.
    pub async fn fit(
        &self,
        flows: &FlowFields,
        request: &Request,
        version: &VersionId,
        keep: Option<u32>,
    ) -> Result<Fit, EngineError> {
        let new = self.inner.plan(&request.project, version, &request.flow).await?;
        let old = match self.inner.plan(&request.project, &request.version, &request.flow).await {
            Ok(old) => Some(old),
            Err(EngineError::Store(error)) if !is_lasting(&error) => return Err(error.into()),
            // What the request ran at cannot be compared with.
            Err(_) => None,
        };
        let fields = Fields::new(&self.inner, request, flows);
        let look = Look { inner: &self.inner, request, new, old, fields };
        look.fit(version, keep.map_or(request.saved_points, |keep| keep.min(request.saved_points))).await
    }
}

/// A look at a request and two plans of its flow.
struct Look<'a> {
    inner: &'a Inner,
    request: &'a Request,
    new: Arc<Plan>,
    old: Option<Arc<Plan>>,
    fields: Fields<'a>,
}

/// A saved stream whose fields are to be compared.
struct SavedStream {
    place: PointPlace,
    port: Port,
    path: String,
    component: String,
}

impl Look<'_> {
    async fn fit(&self, version: &VersionId, keep: u32) -> Result<Fit, EngineError> {
        let order = self.order().await?;
        // Retention may have removed them.
        let keep = keep.min(order.len());
        let (mut outline, mut misfits) = self.look(&order, keep).await?;
        let mut fitting = keep;
        if let Some(misfit) = first(&misfits) {
            let mut search = Search::below(&order, keep, misfit);
            while let Some(tried) = search.next() {
                let (found, misfits) = self.look(&order, tried).await?;
                match first(&misfits) {
                    Some(misfit) if tried > 0 => search.fails(tried, misfit),
                    _ => {
                        search.fits(tried);
                        (fitting, outline) = (tried, found);
                    }
                }
            }
        }
        misfits.sort_by_key(|misfit| misfit.number);
        misfits.truncate(NAMED);
        Ok(Fit {
            version: version.clone(),
            settings: request_settings(&self.new.flow.settings),
            seen: self.request.fence,
            inputs: self.check_inputs(),
            misfits,
            fitting,
            unknown: self.fields.unknown(),
            components: self.components(outline)?,
        })
    }

    fn check_inputs(&self) -> Option<InputError> {
        let none = serde_json::Map::new();
        let given = self.request.inputs.as_object().unwrap_or(&none);
        self.new.flow.settings.check_inputs(given).err()
    }

    /// All that is saved, in short.
    async fn order(&self) -> Result<SavedOrder, EngineError> {
        let mut order = SavedOrder::default();
        let mut before = None;
        loop {
            let page = self.inner.store.saved_outlines(self.request.id, before, PAGE).await?;
            let Some(last) = page.last() else { return Ok(order.in_order()) };
            before = Some(last.place);
            page.iter().for_each(|point| order.add_older(point));
        }
    }

    /// The first `keep` saved points with all that may stay with them, and what of this does not fit.
    async fn look(&self, order: &SavedOrder, keep: u32) -> Result<(Outline, Vec<Misfit>), EngineError> {
        // What came in the same write as the last point stays with it, so that has to fit, too.
        let keep = order.reach(keep);
        let outline = self.read(order, keep).await?;
        let (mut found, streams) = self.misplaced(order, &outline);
        for stream in streams {
            if let Some(different) = self.fields.differ(self, &stream).await? {
                let SavedStream { place, path, component, .. } = &stream;
                self.note(&mut found, order.number(*place), (path, component), Why::Fields(different));
            }
        }
        if found.is_empty()
            && let Err((component, why)) = self.resumes(outline.clone()).await?
        {
            self.note(&mut found, keep.saturating_sub(1), ("", &component), Why::Other(why));
        }
        Ok((outline, found))
    }

    /// Reads the first `keep` saved points.
    async fn read(&self, order: &SavedOrder, keep: u32) -> Result<Outline, EngineError> {
        let mut outline = Outline::default();
        if keep == 0 {
            return Ok(outline);
        }
        let mut before = order.place(keep);
        loop {
            let page = self.inner.store.saved_outlines(self.request.id, before, PAGE).await?;
            let Some(last) = page.last() else { return Ok(outline) };
            before = Some(last.place);
            page.into_iter().for_each(|point| outline.add(point));
        }
    }

    /// The points that have no place in the plan, and the streams of those that have.
    fn misplaced(&self, order: &SavedOrder, outline: &Outline) -> (Vec<Misfit>, Vec<SavedStream>) {
        let (mut found, mut streams) = (Vec::new(), Vec::new());
        for part in &outline.parts {
            for (path, finished) in &part.finished {
                let (around, id) = path.rsplit_once('/').unwrap_or(("", path));
                let places = || finished.results_from(0).map(|(_, place)| place);
                match points::check_finished(&self.new, around, id) {
                    Err(why) => {
                        let number = places().min().map_or(0, |place| order.number(place));
                        self.note(&mut found, number, (around, id), why);
                    }
                    // The results of all iterations have the same fields: one stands for them.
                    Ok(port) => streams.extend(places().max().map(|place| {
                        let (path, component) = (around.to_owned(), id.to_owned());
                        SavedStream { place, port, path, component }
                    })),
                }
            }
            for point in &part.points {
                match points::check(&self.new, self.old.as_deref(), point) {
                    Err(why) => {
                        let place = (point.iteration.as_str(), point.component.as_str());
                        self.note(&mut found, order.number(point.place), place, why);
                    }
                    Ok(None) => {}
                    Ok(Some(port)) => {
                        let (path, component) = (point.iteration.clone(), point.component.clone());
                        streams.push(SavedStream { place: point.place, port, path, component });
                    }
                }
            }
        }
        (found, streams)
    }

    fn note(&self, found: &mut Vec<Misfit>, number: u32, (path, component): (&str, &str), why: Why) {
        if let Some(alike) = found.iter_mut().find(|other| other.component == component && other.why == why) {
            alike.points += 1;
            alike.number = alike.number.min(number);
            return;
        }
        let known = self.old.as_deref().and_then(|old| points::find(old, path, component).ok());
        let name = known.map_or(component, |(plan, at)| plan.components[at].name.as_str()).to_owned();
        found.push(Misfit { number, points: 1, component: component.to_owned(), name, why });
    }

    /// Whether the request can go on from what is saved; if not, at which component, and why.
    async fn resumes(&self, outline: Outline) -> Result<Result<(), (String, String)>, EngineError> {
        let resumed = match SavedScope::read(&self.new, outline) {
            Ok(saved) => {
                let inputs = self.new.inputs(&self.request.inputs).unwrap_or_default();
                Resumption::of(&self.new, saved, &self.inner.archive(self.request.id), &inputs).await.map(drop)
            }
            Err(error) => Err(error),
        };
        match resumed {
            Err(
                EngineError::SavedPoint { component, message } | EngineError::SavedStream { component, message, .. },
            ) => Ok(Err((component, format!("cannot be gone on from: {message}")))),
            other => other.map(Ok),
        }
    }

    fn components(&self, outline: Outline) -> Result<Vec<FitComponent>, EngineError> {
        let settled = SavedScope::read(&self.new, outline)?.settled(&self.new);
        let before = |id: &ComponentId| self.old.as_ref().and_then(|old| old.flow.document.components.get(id));
        let here = self.new.components.iter().take(self.new.graph.order().len());
        let each = here.zip(settled).map(|(planned, settled)| {
            let now = self.new.flow.document.components.get(&planned.id);
            let (is_new, is_changed) = match (before(&planned.id), now) {
                (None, _) => (self.old.is_some(), false),
                (Some(before), now) => (false, now.is_none_or(|now| !is_same(before, now))),
            };
            let (id, name) = (planned.id.clone(), planned.name.clone());
            FitComponent { id, name, runs: !settled, changes_world: planned.changes_world, is_new, is_changed }
        });
        Ok(each.collect())
    }
}

/// Whether a component does the same as one before; its name does not matter.
fn is_same(one: &Component, other: &Component) -> bool {
    one.kind == other.kind && one.parent == other.parent && one.properties == other.properties
}

/// The number of the first point that does not fit.
fn first(misfits: &[Misfit]) -> Option<u32> {
    misfits.iter().map(|misfit| misfit.number).min()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
