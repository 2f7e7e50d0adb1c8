//! One open flow: the document with its history, and what was worked out from it.

use super::checks::Checked;
use super::view::{update_views, views};
use super::{ComponentView, FlowChange, FlowChecked, FlowPatch, FlowSaved, FlowState, FlowView, NewComponent};
use crate::CommandError;
use crate::flow_test::{follow_names, has_new_names};
use crate::project::SavedFlows;
use flow_components::{Examination, Knowledge, Palette};
use flow_model::{Catalogue, Component, ComponentId, Diagnostic, Edit, Flow, FlowName, check_structure};
use flow_project::{OpenFlow, Project, ProjectError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// An open flow.
pub(crate) struct Session {
    pub(super) open: OpenFlow,
    palette: Arc<Palette>,
    /// The flows that it may call.
    saved: Arc<SavedFlows>,
    told: Told,
    checked: Option<Checked>,
    /// How often it was checked.
    checks: u64,
    /// What the last of the slower checks knew, for the next one to begin with.
    known: Knowledge,
    /// How often the flow was loaded anew. Revisions begin anew then, so a check of before must not count.
    loads: u32,
    /// Whether the file holds something that is not taken in, because both sides changed the same or it cannot be read.
    pub(super) has_conflict: bool,
}

/// What the windows know of the flow: what a change is told against.
struct Told {
    flow: Flow,
    views: BTreeMap<ComponentId, ComponentView>,
    /// The problems that can be found at once.
    diagnostics: Vec<Diagnostic>,
}

impl Told {
    /// All of a flow.
    fn whole(flow: &Flow, palette: &Palette, saved: &SavedFlows) -> Self {
        let views = views(flow, palette, &saved.latest());
        Self { flow: flow.clone(), views, diagnostics: check_structure(flow, palette) }
    }

    /// Takes note of a change that led to `flow`, and gives the views that changed with it.
    fn change(
        &mut self,
        patch: &FlowPatch,
        flow: &Flow,
        palette: &Palette,
        saved: &SavedFlows,
    ) -> BTreeMap<ComponentId, ComponentView> {
        patch.apply_to(&mut self.flow);
        if !patch.is_layout_only() {
            self.diagnostics = check_structure(flow, palette);
        }
        update_views(&mut self.views, patch, flow, palette, &saved.latest())
    }
}

/// A state of a session: what a check looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionState {
    loads: u32,
    pub(super) revision: u64,
}

impl Session {
    pub(crate) fn new(open: OpenFlow, palette: Arc<Palette>, saved: Arc<SavedFlows>) -> Self {
        let told = Told::whole(open.flow(), &palette, &saved);
        Self {
            open,
            palette,
            saved,
            told,
            checked: None,
            checks: 0,
            known: Knowledge::default(),
            loads: 0,
            has_conflict: false,
        }
    }

    pub(super) fn session_state(&self) -> SessionState {
        SessionState { loads: self.loads, revision: self.revision() }
    }

    /// Loads the flow anew from its file and drops what is not saved. When the file cannot be read, nothing is dropped.
    pub(crate) fn reload(&mut self, project: &Project, state_folder: &Path) -> Result<(), CommandError> {
        let loaded = project.load(self.name())?;
        let name = self.name().clone();
        self.discard();
        self.open = match OpenFlow::open(project, &name, Some(state_folder)) {
            Ok(open) => open,
            Err(_) => OpenFlow::new(name, loaded.flow, Some(loaded.stamp)),
        };
        self.told = Told::whole(self.open.flow(), &self.palette, &self.saved);
        self.checked = None;
        self.loads += 1;
        self.has_conflict = false;
        Ok(())
    }

    pub(crate) fn flow(&self) -> &Flow {
        self.open.flow()
    }

    /// The flow as it was in its file when that was last read or written here.
    pub(crate) fn saved_flow(&self) -> &Flow {
        self.open.saved()
    }

    pub(crate) fn revision(&self) -> u64 {
        self.open.revision()
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.open.dirty()
    }

    pub(crate) fn open_flow(&self) -> &OpenFlow {
        &self.open
    }

    /// The whole flow for a window.
    pub(crate) fn view(&self) -> FlowView {
        FlowView {
            flow: self.open.name().clone(),
            document: self.flow().clone(),
            views: self.told.views.clone(),
            state: self.state(),
            diagnostics: self.told.diagnostics.clone(),
            checked: self.checked.as_ref().map(|checked| checked.whole(self.name())),
            recovered: self.open.recovered(),
            conflict: self.has_conflict,
        }
    }

    pub(crate) fn apply(&mut self, base: u64, edit: Edit, gesture: Option<&str>) -> Result<FlowChange, CommandError> {
        self.change(|open, palette| open.apply(base, edit, gesture, palette)).map(|(_, change)| change)
    }

    pub(crate) fn undo(&mut self) -> Result<FlowChange, CommandError> {
        self.change(|open, _| open.undo()).map(|(_, change)| change)
    }

    pub(crate) fn redo(&mut self) -> Result<FlowChange, CommandError> {
        self.change(|open, _| open.redo()).map(|(_, change)| change)
    }

    /// Puts another version in the place of the flow, as one step that can be undone.
    pub(crate) fn replace(&mut self, flow: Flow, title: &str) -> Result<FlowChange, CommandError> {
        self.change(|open, _| Ok(open.replace(flow, title))).map(|(_, change)| change)
    }

    pub(crate) fn save(&mut self, project: &Project, overwrite: bool) -> Result<FlowSaved, CommandError> {
        let before = has_new_names(self.saved_flow(), self.flow()).then(|| self.saved_flow().clone());
        self.open.save(project, overwrite)?;
        self.has_conflict = false;
        let tests = before.map(|before| follow_names(project, self.name(), &before, self.flow())).unwrap_or_default();
        Ok(FlowSaved { flow: self.open.name().clone(), state: self.state(), tests })
    }

    /// Drops what is not saved, from the crash journal too. The session is not used after it.
    pub(crate) fn discard(&mut self) {
        let nothing = OpenFlow::new(self.name().clone(), Flow::default(), None);
        std::mem::replace(&mut self.open, nothing).discard();
    }

    /// A component of type `kind` that could be added.
    pub(crate) fn new_component(&self, kind: &str) -> Result<NewComponent, CommandError> {
        let description = self.palette.describe(kind).ok_or_else(|| {
            CommandError::new("flow/unknown-type", format!("there is no component type “{kind}” in the palette"))
        })?;
        let component = Component::new(kind, &free_name(description.title, self.flow(), &BTreeSet::new()));
        let ports = self.palette.ports(&component).unwrap_or_default();
        Ok(NewComponent { id: new_id(kind, self.flow()), component, ports })
    }

    /// What the last of the slower checks knew. There is one check at a time, and it gives that back.
    pub(super) fn take_known(&mut self) -> Knowledge {
        std::mem::take(&mut self.known)
    }

    /// Takes note of what the slower checks found in the state `of`, and gives what is new in that. Nothing is when the
    /// flow was loaded anew meanwhile.
    pub(super) fn set_checked(
        &mut self,
        of: SessionState,
        found: Examination,
        known: Knowledge,
    ) -> Option<FlowChecked> {
        self.known = known;
        if of.loads != self.loads {
            return None;
        }
        self.checks += 1;
        let checked = Checked::new(self.checks, of.revision, found);
        let news = match &self.checked {
            Some(before) => checked.since(before, self.name()),
            None => checked.whole(self.name()),
        };
        self.checked = Some(checked);
        Some(news)
    }

    /// The problems that can be found at once.
    pub(crate) fn diagnostics(&self) -> Vec<Diagnostic> {
        self.told.diagnostics.clone()
    }

    /// Changes the flow in some way; what came of it, and what changed for the windows.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut OpenFlow, &Palette) -> Result<T, ProjectError>,
    ) -> Result<(T, FlowChange), CommandError> {
        let base = self.revision();
        let done = change(&mut self.open, &self.palette)?;
        let patch = FlowPatch::between(&self.told.flow, self.open.flow());
        let views = self.told.change(&patch, self.open.flow(), &self.palette, &self.saved);
        let change = FlowChange {
            flow: self.open.name().clone(),
            base,
            state: self.state(),
            patch,
            views,
            diagnostics: self.diagnostics(),
        };
        Ok((done, change))
    }

    pub(super) fn state(&self) -> FlowState {
        FlowState {
            revision: self.revision(),
            dirty: self.open.dirty(),
            journaled: self.open.is_journaled(),
            undo: self.open.undo_label().map(str::to_owned),
            redo: self.open.redo_label().map(str::to_owned),
        }
    }

    pub(crate) fn name(&self) -> &FlowName {
        self.open.name()
    }
}

/// An id that no component of `flow` has.
pub(crate) fn new_id(kind: &str, flow: &Flow) -> ComponentId {
    loop {
        let id = ComponentId::from_random(kind, rand::random());
        if !flow.components.contains_key(&id) {
            return id;
        }
    }
}

/// `wanted`, or `wanted 2` and so on: a name that no component of `flow` has, and none of `taken`.
pub(super) fn free_name(wanted: &str, flow: &Flow, taken: &BTreeSet<String>) -> String {
    let in_use: BTreeSet<&str> = flow
        .components
        .values()
        .map(|component| component.name.as_str())
        .chain(taken.iter().map(String::as_str))
        .collect();
    let numbered = (2..).map(|number| format!("{wanted} {number}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !in_use.contains(name.as_str())).unwrap_or_default()
}
