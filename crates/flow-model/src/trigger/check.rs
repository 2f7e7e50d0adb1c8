//! The triggers of a project together, and with its flows and connections.

use super::{HttpAuthentication, Trigger, TriggerAction, TriggerError, trigger_kind};
use crate::{Calendars, Connection, Flow, FlowName, StartSettings};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What triggers are checked against.
#[derive(Debug, Clone, Copy)]
pub struct TriggerSurroundings<'a> {
    /// The flows of the project that can be read.
    pub flows: &'a BTreeMap<FlowName, Flow>,
    /// All of its flows, those that cannot be read too.
    pub names: &'a [FlowName],
    /// Its connections.
    pub connections: &'a BTreeMap<String, Connection>,
    /// Those of its calendars that can be read.
    pub calendars: &'a Calendars,
}

/// Everything that is wrong with the triggers of a project, each with the trigger's name.
pub fn check_triggers(triggers: &[Trigger], around: TriggerSurroundings<'_>) -> Vec<(String, TriggerError)> {
    let mut found = Vec::new();
    let action = |trigger: &Trigger| trigger.action(around.calendars).ok();
    let actions: Vec<Option<TriggerAction>> = triggers.iter().map(action).collect();
    for (place, (trigger, action)) in triggers.iter().zip(&actions).enumerate() {
        let mut add = |error: TriggerError| found.push((trigger.name.clone(), error));
        trigger.problems(around.calendars).into_iter().for_each(&mut add);
        trigger.check_flow(around).into_iter().for_each(&mut add);
        let before = triggers.iter().zip(&actions).take(place);
        for (other, other_action) in before {
            if other.id == trigger.id {
                let (name, other) = (trigger.name.clone(), other.name.clone());
                add(TriggerError::SameId { name, other, id: trigger.id.clone() });
            }
            if let (Some(TriggerAction::Http(one)), Some(TriggerAction::Http(two))) = (action, other_action)
                && (&one.path, &one.method) == (&two.path, &two.method)
            {
                let (name, other) = (trigger.name.clone(), other.name.clone());
                add(TriggerError::SamePath { name, other, method: one.method.clone(), path: one.path.clone() });
            }
        }
        match action {
            Some(TriggerAction::Http(http)) => {
                if let HttpAuthentication::Secret(connection) = &http.authentication
                    && around.connections.get(connection).is_none_or(|connection| connection.kind != "http")
                {
                    let (name, connection) = (trigger.name.clone(), connection.clone());
                    add(TriggerError::UnknownConnection { name, connection });
                }
            }
            Some(TriggerAction::File(file)) if file.is_of_one_server() => {
                add(TriggerError::ThisServerOnly { name: trigger.name.clone(), folder: file.folder.clone() });
            }
            Some(TriggerAction::Request(request)) => {
                if !around.names.contains(&request.flow) {
                    add(TriggerError::UnknownFlow { name: trigger.name.clone(), flow: request.flow.to_string() });
                } else if let Some(circle) = circle(trigger, &request.flow, triggers, &actions) {
                    add(TriggerError::Circle { name: trigger.name.clone(), circle });
                }
            }
            _ => {}
        }
    }
    found
}

/// The flows that start each other for ever, if `trigger`, which follows requests of `from`, is part of such a circle:
/// `a → b → a`.
fn circle(trigger: &Trigger, from: &FlowName, all: &[Trigger], actions: &[Option<TriggerAction>]) -> Option<String> {
    let follows = |flow: &str| {
        all.iter()
            .zip(actions)
            .filter_map(move |(other, action)| match action {
                Some(TriggerAction::Request(request)) if request.flow.as_str() == flow => Some(other.flow.clone()),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let from = from.to_string();
    let mut ways = vec![vec![from.clone(), trigger.flow.clone()]];
    let mut seen = vec![trigger.flow.clone()];
    while let Some(way) = ways.pop() {
        let last = way.last()?;
        if *last == from {
            return Some(way.join(" → "));
        }
        for next in follows(last) {
            if next == from || !seen.contains(&next) {
                seen.push(next.clone());
                ways.push(way.iter().cloned().chain([next]).collect());
            }
        }
    }
    None
}

impl Trigger {
    /// What is wrong with the flow and the inputs that it names.
    fn check_flow(&self, around: TriggerSurroundings<'_>) -> Vec<TriggerError> {
        let unknown = || TriggerError::UnknownFlow { name: self.name.clone(), flow: self.flow.clone() };
        let Some(name) = FlowName::parse(&self.flow).ok().filter(|name| around.names.contains(name)) else {
            return vec![unknown()];
        };
        // A flow that cannot be read has its own problems.
        let Some(start) = around.flows.get(&name).and_then(StartSettings::of) else { return Vec::new() };
        self.check_inputs(&start)
    }

    /// What is wrong with the inputs that it gives to a flow that starts like this. Those that a firing may bring are
    /// not missed.
    pub fn check_inputs(&self, start: &StartSettings) -> Vec<TriggerError> {
        let mut problems = Vec::new();
        for (name, value) in &self.inputs {
            let given = Map::from_iter([(name.clone(), value.clone())]);
            let declared = start.inputs.iter().find(|input| input.name == *name);
            let alone = StartSettings { inputs: declared.cloned().into_iter().collect(), ..start.clone() };
            let refused =
                if declared.is_some() { alone.check_inputs(&given).err() } else { start.check_inputs(&given).err() };
            if let Some(error) = refused {
                let code = if declared.is_some() { "trigger/input-type" } else { "trigger/unknown-input" };
                let (name, input) = (self.name.clone(), error.name);
                problems.push(TriggerError::Input { name, code, input, problem: error.message });
            }
        }
        let brings = trigger_kind(&self.kind).map(|kind| kind.brings).unwrap_or_default();
        // What a call brings is known when it comes.
        let is_brought = |name: &str| self.kind == "http" || brings.iter().any(|(brought, _)| *brought == name);
        for input in &start.inputs {
            let has_default = input.default.as_ref().is_some_and(|default| !default.is_null());
            if !has_default && !self.inputs.contains_key(&input.name) && !is_brought(&input.name) {
                let problem = format!(
                    "the flow needs the input “{}” ({}), and a {} brings none of that name: give it here, or give it a default in Start",
                    input.name,
                    input.kind,
                    trigger_kind(&self.kind).map_or("trigger", |kind| kind.title)
                );
                let (name, input) = (self.name.clone(), input.name.clone());
                problems.push(TriggerError::Input { name, code: "trigger/missing-input", input, problem });
            }
        }
        problems
    }

    /// The inputs of one of its requests: what it always gives, and what the firing brings, as far as the flow declares
    /// inputs of those names. Texts become what the input is.
    pub fn inputs_of(
        &self,
        start: &StartSettings,
        brought: &[(&str, Value)],
    ) -> Result<Map<String, Value>, crate::InputError> {
        let mut given = self.inputs.clone();
        for (name, value) in brought {
            let Some(input) = start.inputs.iter().find(|input| input.name == *name) else { continue };
            let value = match value {
                Value::String(text) => input.parse(text)?,
                Value::Null => continue,
                other if input.kind == crate::InputType::Text => other.to_string().into(),
                other => other.clone(),
            };
            given.insert(input.name.clone(), value);
        }
        start.check_inputs(&given)
    }
}
