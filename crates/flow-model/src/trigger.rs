//! Triggers: what starts requests of a flow by itself. A project keeps each in `triggers/NAME.trigger.json`, so they are
//! versioned, compared and pushed as flows are; whether one is switched on is a matter of each cluster.

mod check;
mod document;
mod error;
mod kinds;
mod merge;
mod parsed;
mod schedule;

#[cfg(test)]
mod tests;

pub use check::{TriggerSurroundings, check_triggers};
pub use error::TriggerError;
pub use kinds::{TriggerKind, TriggerProperty, trigger_kind, trigger_kinds};
pub use parsed::{
    Afterwards, Answer, FileTrigger, HttpAuthentication, HttpTrigger, RequestTrigger, TriggerAction, WatchedState,
};
pub use schedule::{Missed, Schedule};

pub(crate) use document::schema;

use crate::{FlowName, InvalidName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use ts_rs::TS;

/// The number of the format of trigger files that this release writes; newer ones are refused.
const FORMAT: u32 = 1;
/// The folder of a project's triggers.
const FOLDER: &str = "triggers/";
/// How the name of a trigger's file ends.
const ENDING: &str = ".trigger.json";

/// What starts requests of a flow, kept in `triggers/NAME.trigger.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Trigger {
    /// Its name: the file name without `.trigger.json`.
    pub name: String,
    /// Its identity, which never changes (`trigger-k3x9ab`). What a cluster remembers of it hangs on this.
    pub id: String,
    /// What kind it is, one of [`trigger_kinds`]: `schedule`, `http`, `file`, `request`.
    pub kind: String,
    /// The flow that it starts.
    pub flow: String,
    /// What it is for.
    pub description: String,
    /// Whether a cluster to which it comes for the first time has it switched on.
    pub enabled: bool,
    /// Inputs that each of its requests is given, by name.
    #[ts(type = "Record<string, unknown>")]
    pub inputs: Map<String, Value>,
    /// The properties of its kind.
    #[ts(type = "Record<string, unknown>")]
    pub properties: BTreeMap<String, Value>,
}

impl Trigger {
    /// A trigger without properties.
    pub fn new(name: impl Into<String>, id: impl Into<String>, kind: impl Into<String>, flow: &FlowName) -> Self {
        Self {
            name: name.into(),
            id: id.into(),
            kind: kind.into(),
            flow: flow.to_string(),
            description: String::new(),
            enabled: true,
            inputs: Map::new(),
            properties: BTreeMap::new(),
        }
    }

    /// The same with one property more.
    #[must_use]
    pub fn with(mut self, property: &str, value: impl Into<Value>) -> Self {
        self.properties.insert(property.to_owned(), value.into());
        self
    }

    /// The priority of the requests that it makes, where it says one.
    pub fn priority(&self) -> Option<i32> {
        self.properties.get("Priority").filter(|priority| !priority.is_null()).map(crate::start::priority_of)
    }

    /// Whether `text` may be the name of a trigger; the rule is that of a flow's name.
    pub fn check_name(text: &str) -> Result<(), InvalidName> {
        FlowName::parse(text).map(drop).map_err(|error| InvalidName { what: "trigger name", ..error })
    }

    /// Where the file of the trigger `name` is, relative to the project's folder.
    pub fn path_of(name: &str) -> String {
        format!("{FOLDER}{name}{ENDING}")
    }

    /// The name of the trigger whose file is at `path` (relative to the project, with `/`), if it is a trigger's file.
    pub fn name_in(path: &str) -> Option<&str> {
        let name = path.strip_prefix(FOLDER)?.strip_suffix(ENDING)?;
        Self::check_name(name).ok().map(|()| name)
    }
}
