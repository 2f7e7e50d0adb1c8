//! Calls: what a flow that calls another one can know of it.

use super::examiner::Examiner;
use super::knowledge::Knowledge;
use crate::design::Called;
use crate::{ComponentError, Palette, ResolvedPath, Services};
use flow_data::Stream;
use flow_model::{Component, ComponentId, Flow, FlowName, StartSettings};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// The flows that were called in one examination, so that each is looked at once, however many call it.
#[derive(Default)]
pub(crate) struct Calls(RefCell<HashMap<FlowName, Result<Called, ComponentError>>>);

impl Calls {
    /// What is known of the flow `name` of the project that `sources` gives the files of.
    pub(crate) fn get(
        &self,
        palette: &Palette,
        name: &FlowName,
        sources: &dyn Services,
    ) -> Result<Called, ComponentError> {
        if let Some(known) = self.0.borrow().get(name) {
            return known.clone();
        }
        let found = self.find(palette, name, sources);
        self.0.borrow_mut().insert(name.clone(), found.clone());
        found
    }

    fn find(&self, palette: &Palette, name: &FlowName, sources: &dyn Services) -> Result<Called, ComponentError> {
        let ResolvedPath::ProjectFile { bytes, .. } = sources.resolve(&format!("project:{}", name.path()))? else {
            return Err(ComponentError::new("file/not-found", format!("the project has no flow “{name}”")));
        };
        let text = String::from_utf8_lossy(&bytes);
        let flow = Flow::from_json(&text).map_err(|error| ComponentError::new(error.code(), error.to_string()))?;
        let replies = |component: &Component| {
            component.kind == "End" && component.properties.get("Reply").is_none_or(|reply| *reply == "Records")
        };
        let ends: Vec<&ComponentId> =
            flow.components.iter().filter(|(_, component)| replies(component)).map(|(id, _)| id).collect();
        let inputs = StartSettings::of(&flow).map(|settings| settings.inputs).unwrap_or_default();
        let mut called = Called { inputs, replies: !ends.is_empty(), reply: None };
        // Until its own calls are known, so that flows that call each other in a circle (which others report) come to
        // an end.
        self.0.borrow_mut().insert(name.clone(), Ok(called.clone()));
        let schemas = Examiner::examine(palette, &flow, sources, self, &mut Knowledge::default()).schemas;
        let arriving = flow.links.iter().filter(|link| ends.contains(&&link.to.component));
        let known: Option<Vec<Stream>> =
            arriving.map(|link| schemas.get(&link.from).map(|schema| Stream::empty(Arc::clone(schema)))).collect();
        let joined = known.filter(|known| !known.is_empty()).and_then(|known| Stream::append(&known).ok());
        called.reply = joined.map(|joined| Arc::clone(joined.schema()));
        Ok(called)
    }
}
