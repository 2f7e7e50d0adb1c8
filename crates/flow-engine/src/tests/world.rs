//! The world outside of the requests under test: components write into its ledger what they did, and it can strike
//! their server dead before or after anything happens.

use async_trait::async_trait;
use flow_components::{Component, ComponentError, ComponentType, Outcome, Palette, Properties, RunContext};
use flow_data::Stream;
use flow_model::{ComponentDescription, ComponentId, Effect, Family, Ports, PropertyDescription, PropertyKind};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use tokio::sync::Notify;

/// What a component did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Entry {
    pub(super) component: String,
    /// What it saw: its input and the flow variables.
    pub(super) seen: String,
    pub(super) attempt: u32,
}

#[derive(Default)]
struct State {
    ledger: Vec<Entry>,
    /// Places passed so far at which the server could have died, and at which of them it does.
    places: usize,
    strike_at: Option<usize>,
    /// The server is dead: nothing that it has begun goes on.
    struck: bool,
    ever_struck: bool,
    retried: bool,
}

/// The world.
#[derive(Clone, Default)]
pub(super) struct World {
    state: Arc<Mutex<State>>,
    struck: Arc<Notify>,
    /// Lets those go on that were struck, to see what a zombie does.
    revived: Arc<Notify>,
}

impl World {
    pub(super) fn ledger(&self) -> Vec<Entry> {
        self.state.lock().ledger.clone()
    }

    /// The names of the components in the ledger, in order.
    pub(super) fn done(&self) -> Vec<String> {
        self.state.lock().ledger.iter().map(|entry| entry.component.clone()).collect()
    }

    /// Strikes the server dead at the place with this number, counted from now.
    pub(super) fn strike_at(&self, place: usize) {
        let mut state = self.state.lock();
        state.strike_at = Some(state.places + place);
        state.struck = false;
    }

    /// Whether it ever came to that.
    pub(super) fn has_struck(&self) -> bool {
        self.state.lock().ever_struck
    }

    /// Lets other servers live.
    pub(super) fn calm(&self) {
        let mut state = self.state.lock();
        state.strike_at = None;
        state.struck = false;
    }

    /// Waits until the server is struck.
    pub(super) async fn strike(&self) {
        while !self.state.lock().struck {
            self.struck.notified().await;
        }
    }

    /// From now on components that fail until a retry no longer fail.
    pub(super) fn retried(&self) {
        self.state.lock().retried = true;
    }

    pub(super) fn revive(&self) {
        self.revived.notify_waiters();
    }

    /// A place at which the server may die.
    pub(super) async fn place(&self) {
        let strikes = {
            let mut state = self.state.lock();
            state.struck |= state.strike_at == Some(state.places);
            state.ever_struck |= state.struck;
            state.places += 1;
            state.struck
        };
        if strikes {
            let revived = self.revived.notified();
            self.struck.notify_one();
            revived.await;
        }
    }

    /// The palette with components that act on this world.
    pub(super) fn palette(&self) -> Arc<Palette> {
        let work = |kind, effect| Box::new(WorkType { kind, effect, world: self.clone() }) as Box<dyn ComponentType>;
        Palette::standard_with(vec![work("Work", Effect::None), work("Act", Effect::Changes)])
    }
}

/// Work and Act: put out one record made from all that they see. Act changes the world.
struct WorkType {
    kind: &'static str,
    effect: Effect,
    world: World,
}

impl ComponentType for WorkType {
    fn description(&self) -> ComponentDescription {
        let property = |name| PropertyDescription {
            name,
            title: name,
            help: "",
            kind: PropertyKind::Text,
            default: Value::from(""),
            required: false,
        };
        ComponentDescription {
            kind: self.kind,
            title: self.kind,
            family: Family::Transform,
            icon: "hammer",
            summary: "",
            help: "",
            properties: ["Fails", "Set", "Gives", "Counts"].map(property).to_vec(),
            effect: self.effect,
            saves: false,
            line: "",
        }
    }

    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&["in", "problem"], &["out", "error"])
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Work {
            world: self.world.clone(),
            acts: self.effect == Effect::Changes,
            fails: properties.text("Fails"),
            set: properties.text("Set"),
            gives: properties.text("Gives"),
            counts: properties.text("Counts"),
        })
    }
}

struct Work {
    world: World,
    acts: bool,
    /// `Always`, `UntilRetry`, `Hangs`, `Panics` or empty.
    fails: String,
    /// The flow variable that it sets to what it saw (`name`), or to a value of its own (`name=value`).
    set: String,
    /// `Nothing` closes its outlet.
    gives: String,
    /// Not empty: its record has the number of its run, so it is another one each time.
    counts: String,
}

#[async_trait]
impl Component for Work {
    async fn run(&self, run: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        self.world.place().await;
        tokio::task::yield_now().await;
        if self.acts {
            run.before_effect().await?;
        }
        let seen = seen(run);
        self.note(run.component, run.request.map_or(0, |request| request.attempt), &seen);
        self.world.place().await;
        let fails = match self.fails.as_str() {
            "Always" => true,
            "UntilRetry" => !self.world.state.lock().retried,
            "Hangs" => {
                run.cancel.cancelled().await;
                return Err(ComponentError::new("test/cancelled", "told to end"));
            }
            "Deaf" => std::future::pending().await,
            "Panics" => panic!("as asked"),
            _ => false,
        };
        if fails {
            return Err(ComponentError::new("test/failed", "as asked"));
        }
        Ok(self.outcome(run.component, &seen))
    }
}

impl Work {
    fn note(&self, component: &ComponentId, attempt: u32, seen: &str) {
        let entry = Entry { component: component.to_string(), seen: seen.to_owned(), attempt };
        self.world.state.lock().ledger.push(entry);
    }

    fn outcome(&self, component: &ComponentId, seen: &str) -> Outcome {
        let made = format!("{component}#{:016x}", hash(&(component.as_str(), seen)));
        let variables = match self.set.split_once('=') {
            _ if self.set.is_empty() => Vec::new(),
            Some((name, value)) => vec![(name.to_owned(), Value::from(value))],
            None => vec![(self.set.clone(), Value::from(made.as_str()))],
        };
        let mut record = vec![("made".to_owned(), Value::from(made))];
        if !self.counts.is_empty() {
            let name = component.as_str();
            let runs = self.world.state.lock().ledger.iter().filter(|entry| entry.component == name).count();
            record.push(("run".to_owned(), Value::from(runs)));
        }
        let outcome = match self.gives.as_str() {
            "Nothing" => Outcome::none(),
            _ => Outcome::out(Stream::from_record(&record)),
        };
        Outcome { variables, ..outcome }
    }
}

/// All that a component sees, in a form that does not depend on chance.
fn seen(run: &RunContext<'_>) -> String {
    let inlets: Vec<_> = run.inlets.iter().map(|(inlet, stream)| (inlet, stream.to_json_rows(usize::MAX))).collect();
    let variables: Vec<_> = run.variables.iter().collect();
    let text = serde_json::to_string(&(inlets, variables)).unwrap();
    // Long enough chains would otherwise grow without bound.
    if text.len() > 400 { format!("…{:016x}", hash(&text)) } else { text }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
