//! The commands on triggers: what they say, whether that is right, and when they fire next.

use crate::background::blocking;
use crate::calendar::now;
use crate::project::{OpenProject, ProjectView};
use crate::{Command, CommandError, Designer};
use flow_model::{
    ComponentId, Trigger, TriggerAction, TriggerError, TriggerKind, TriggerSurroundings, check_triggers, is_missing,
    trigger_kinds,
};
use flow_project::ProjectError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// So many of the next due times are shown.
const NEXT: usize = 5;

/// The kinds of triggers that there are, with their properties.
#[derive(Debug, Deserialize, TS)]
pub struct TriggerKinds {}

/// The answer of `trigger_kinds`.
#[derive(Debug, Serialize, TS)]
pub struct TriggerKindList {
    /// The kinds, in the order in which they are offered.
    pub kinds: &'static [TriggerKind],
}

impl Command for TriggerKinds {
    const NAME: &'static str = "trigger_kinds";
    type Output = TriggerKindList;

    async fn run(self, _: Arc<Designer>) -> Result<TriggerKindList, CommandError> {
        Ok(TriggerKindList { kinds: trigger_kinds() })
    }
}

/// A trigger as its file says. Errors: `trigger/not-found`.
#[derive(Debug, Deserialize, TS)]
pub struct TriggerView {
    /// Its name.
    pub name: String,
}

/// The answer of `trigger_view`.
#[derive(Debug, Serialize, TS)]
pub struct TriggerDetails {
    /// The trigger; null when its file cannot be read.
    pub trigger: Option<Trigger>,
    /// Why its file cannot be read, if so.
    pub problem: Option<String>,
}

impl Command for TriggerView {
    const NAME: &'static str = "trigger_view";
    type Output = TriggerDetails;

    async fn run(self, designer: Arc<Designer>) -> Result<TriggerDetails, CommandError> {
        let project = designer.project()?;
        blocking(move || match project.files().trigger(&self.name) {
            Ok(trigger) => Ok(TriggerDetails { trigger: Some(trigger), problem: None }),
            Err(error @ ProjectError::Trigger(_)) => {
                Ok(TriggerDetails { trigger: None, problem: Some(error.to_string()) })
            }
            Err(error) => Err(error.into()),
        })
        .await
    }
}

/// What a form says of a trigger.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct TriggerDraft {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The flow that it starts.
    pub flow: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether a cluster to which it comes for the first time has it switched on.
    pub enabled: bool,
    /// Inputs that each of its requests is given, by name.
    #[ts(type = "Record<string, unknown>")]
    pub inputs: Map<String, Value>,
    /// The properties of its kind. Empty texts and lists are left out.
    #[ts(type = "Record<string, unknown>")]
    pub properties: BTreeMap<String, Value>,
}

impl TriggerDraft {
    fn trigger(self, id: String) -> Trigger {
        let Self { name, kind, flow, description, enabled, inputs, properties } = self;
        let inputs = inputs.into_iter().filter(|(_, value)| !is_missing(value)).collect();
        let properties = properties.into_iter().filter(|(_, value)| !is_missing(value)).collect();
        Trigger { name, id, kind, flow, description, enabled, inputs, properties }
    }
}

/// Whether what a form says of a trigger is right, and when it would fire. Nothing is written.
#[derive(Debug, Deserialize, TS)]
pub struct TriggerCheck {
    /// What the form says.
    pub trigger: TriggerDraft,
}

/// The answer of `trigger_check`.
#[derive(Debug, Serialize, TS)]
pub struct TriggerChecked {
    /// What is wrong with it.
    pub problems: Vec<TriggerProblem>,
    /// When it fires, in words; empty if it goes by no clock.
    pub words: String,
    /// The next due times, as the clock of its time zone shows them.
    pub next: Vec<String>,
}

/// Something that is wrong with a trigger.
#[derive(Debug, Serialize, TS)]
pub struct TriggerProblem {
    /// The stable code: `trigger/cron`.
    pub code: String,
    /// What is wrong, and the way out.
    pub message: String,
    /// What it is about: a property, `flow`, or an input as `inputs.NAME`; null for the trigger as a whole.
    pub member: Option<String>,
    /// Whether it works all the same.
    pub warning: bool,
}

impl TriggerProblem {
    fn of(error: &TriggerError) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            member: error.member(),
            warning: error.is_warning(),
        }
    }
}

impl Command for TriggerCheck {
    const NAME: &'static str = "trigger_check";
    type Output = TriggerChecked;

    async fn run(self, designer: Arc<Designer>) -> Result<TriggerChecked, CommandError> {
        let project = designer.project()?;
        blocking(move || {
            // Its own id is not asked for: another one stands for it.
            let trigger = self.trigger.trigger("trigger-draft".to_owned());
            let problems = problems_of(&project, &trigger)?.iter().map(TriggerProblem::of).collect();
            let schedule = match trigger.action(&project.files().good_calendars()?) {
                Ok(TriggerAction::Schedule(schedule)) => Some(schedule),
                _ => None,
            };
            let next = schedule.iter().flat_map(|schedule| {
                schedule.due(now(), i64::MAX, NEXT).into_iter().map(|due| schedule.shown(due)).collect::<Vec<_>>()
            });
            let next = next.collect();
            let words = schedule.map(|schedule| schedule.in_words()).unwrap_or_default();
            Ok(TriggerChecked { problems, words, next })
        })
        .await
    }
}

/// What is wrong with a trigger among the others of the project. Blocks.
pub(crate) fn problems_of(project: &OpenProject, trigger: &Trigger) -> Result<Vec<TriggerError>, CommandError> {
    let others = project.files().triggers()?.into_iter().filter_map(|entry| entry.trigger.ok());
    let mut all: Vec<Trigger> = others.filter(|other| other.name != trigger.name).collect();
    all.push(trigger.clone());
    let flows = project.flows_now();
    let names = project.files().flow_names()?;
    let connections = project.connections();
    let calendars = project.files().good_calendars()?;
    let around = TriggerSurroundings { flows: &flows, names: &names, connections: &connections, calendars: &calendars };
    let found = check_triggers(&all, around).into_iter();
    Ok(found.filter(|(name, _)| *name == trigger.name).map(|(_, error)| error).collect())
}

/// Writes a trigger's file. Errors: `trigger/exists` for a new one whose name is taken, and those of its properties
/// (`trigger/missing-property` …).
#[derive(Debug, Deserialize, TS)]
pub struct TriggerSave {
    /// What the form says.
    pub trigger: TriggerDraft,
    /// Whether it is a new one.
    #[serde(default)]
    pub create: bool,
}

impl Command for TriggerSave {
    const NAME: &'static str = "trigger_save";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        let project = designer.project()?;
        let saved = Arc::clone(&project);
        blocking(move || {
            let new_id = || ComponentId::from_random("trigger", rand::random()).as_str().to_owned();
            // Its identity stays, whatever else changes.
            let known = saved.files().trigger(&self.trigger.name).ok().filter(|_| !self.create);
            let trigger = self.trigger.trigger(known.map_or_else(new_id, |known| known.id));
            if let Some(error) = problems_of(&saved, &trigger)?.into_iter().find(|error| !error.is_warning()) {
                return Err(ProjectError::from(error).into());
            }
            Ok(saved.files().save_trigger(&trigger, self.create)?)
        })
        .await?;
        designer.files_changed(&project)
    }
}

/// Deletes a trigger's file. Errors: `trigger/not-found`.
#[derive(Debug, Deserialize, TS)]
pub struct TriggerDelete {
    /// Its name.
    pub name: String,
}

impl Command for TriggerDelete {
    const NAME: &'static str = "trigger_delete";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        let project = designer.project()?;
        let changed = Arc::clone(&project);
        blocking(move || Ok(project.files().delete_trigger(&self.name)?)).await?;
        designer.files_changed(&changed)
    }
}

impl Designer {
    /// After a change of files that no window has open, those of triggers and calendars: everybody learns of it.
    pub(crate) fn files_changed(self: &Arc<Self>, project: &Arc<OpenProject>) -> Result<ProjectView, CommandError> {
        self.follow_now(project);
        project.view()
    }
}
