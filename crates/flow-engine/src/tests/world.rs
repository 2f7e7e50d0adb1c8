//! The world outside of the requests under test: components write into its ledger what they did, and it can strike
//! their server dead before or after anything happens.

use async_trait::async_trait;
use flow_components::{Component, ComponentError, ComponentType, Outcome, Palette, Properties, RunContext};
use flow_data::Stream;
use flow_model::{ComponentDescription, Effect, Family, Ports, PropertyDescription, PropertyKind};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What a component did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Entry {
    /// Its id, behind the iterations and calls around it: `each3[0]/call5/work2`.
    pub(super) component: String,
    /// What it saw: its input and the flow variables.
    pub(super) seen: String,
    pub(super) attempt: u32,
}

#[derive(Default)]
struct State {
    ledger: Vec<Entry>,
    /// What was done exactly once: the data by idempotency key, in order.
    once: Vec<(String, Entry)>,
    /// How often flowing streams have been computed.
    computed: usize,
    /// Places passed so far at which the server could have died, and at which of them it does.
    places: usize,
    strike_at: Option<usize>,
    /// Whether this process is the server, so that striking it is to kill the process.
    is_server: bool,
    /// Where all is written down as well, to outlive the process.
    file: Option<File>,
    /// The server is dead: nothing that it has begun goes on.
    struck: bool,
    ever_struck: bool,
    retried: bool,
}

/// An entry of the ledger in a file, with the idempotency key of what was done exactly once.
type Line = (String, String, u32, Option<String>);

impl State {
    fn note(&mut self, entry: Entry, once: Option<String>) {
        if let Some(file) = &mut self.file {
            let line: &Line = &(entry.component.clone(), entry.seen.clone(), entry.attempt, once.clone());
            let line = serde_json::to_string(line).unwrap();
            file.write_all(format!("{line}\n").as_bytes()).unwrap();
        }
        if let Some(once) = once {
            match self.once.iter().find(|(key, _)| *key == once) {
                Some((key, before)) => assert_eq!(before.seen, entry.seen, "{key} stands for other data than before"),
                None => self.once.push((once, entry.clone())),
            }
        }
        self.ledger.push(entry);
    }
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
    /// The world as it is written down in a file, where it will go on to be.
    pub(super) fn kept_in(path: &Path) -> Self {
        let file = File::options().create(true).append(true).read(true).open(path).unwrap();
        let mut state = State::default();
        for line in BufReader::new(&file).lines() {
            // What was being written when the process was killed may be cut off.
            let Ok((component, seen, attempt, once)) = serde_json::from_str::<Line>(&line.unwrap()) else { continue };
            state.note(Entry { component, seen, attempt }, once);
        }
        state.file = Some(file);
        Self { state: Arc::new(Mutex::new(state)), ..Self::default() }
    }

    /// Kills this process at the place with this number, counted from now.
    pub(super) fn kill_at(&self, place: usize) {
        self.state.lock().is_server = true;
        self.strike_at(place);
    }

    pub(super) fn ledger(&self) -> Vec<Entry> {
        self.state.lock().ledger.clone()
    }

    /// The names of the components in the ledger, in order.
    pub(super) fn done(&self) -> Vec<String> {
        self.state.lock().ledger.iter().map(|entry| entry.component.clone()).collect()
    }

    /// What was done exactly once, with the idempotency keys.
    pub(super) fn once(&self) -> Vec<(String, Entry)> {
        self.state.lock().once.clone()
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
            if state.struck && state.is_server {
                rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
            }
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
        let source = Box::new(SourceType(self.clone()));
        Palette::standard_with(vec![work("Work", Effect::None), work("Act", Effect::Changes), source])
    }

    /// How often the streams of Source components have been computed.
    pub(super) fn computed(&self) -> usize {
        self.state.lock().computed
    }
}

/// Source: a flowing stream of `Rows` records of some length, which fails behind `Fails` of them if that is set.
struct SourceType(World);

impl ComponentType for SourceType {
    fn description(&self) -> ComponentDescription {
        let like = WorkType { kind: "Source", effect: Effect::None, world: self.0.clone() };
        let mut description = like.description();
        description.properties.retain(|property| property.name == "Fails");
        let rows = PropertyDescription { name: "Rows", ..description.properties[0].clone() };
        description.properties.push(rows);
        description
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        let number = |text: String| text.parse().ok();
        let rows = number(properties.text("Rows")).unwrap_or(0);
        Arc::new(Source { world: self.0.clone(), rows, fails: number(properties.text("Fails")) })
    }
}

struct Source {
    world: World,
    rows: usize,
    fails: Option<usize>,
}

#[async_trait]
impl Component for Source {
    async fn run(&self, _: &mut RunContext<'_>) -> Result<Outcome, ComponentError> {
        let (world, rows, fails) = (self.world.clone(), self.rows, self.fails);
        let one = |row: usize| {
            let text = format!("{:064x}", hash(&row));
            Stream::from_record(&[("row".to_owned(), Value::from(row)), ("text".to_owned(), Value::from(text))])
        };
        let flowing = Stream::flowing(Arc::clone(one(0).schema()), move || {
            world.state.lock().computed += 1;
            let batch = move |row| match fails {
                Some(fails) if row >= fails => {
                    Err(flow_data::DataError::Evaluate { row: Some(row as u64 + 1), message: "as asked".to_owned() })
                }
                _ => one(row).to_batch(),
            };
            Ok(Box::new((0..rows).map(batch)))
        });
        Ok(Outcome::out(flowing))
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
            shown_when: Vec::new(),
        };
        ComponentDescription {
            kind: self.kind,
            title: self.kind,
            family: Family::Transform,
            icon: "hammer",
            summary: "",
            help: "",
            properties: ["Fails", "Set", "Gives", "Counts", "Once"].map(property).to_vec(),
            effect: self.effect,
            saves: false,
            line: "",
        }
    }

    fn ports(&self, _: &flow_model::Component) -> Ports {
        Ports::named(&["in", "problem", "ended"], &["out", "error"])
    }

    fn saves_input(&self, component: &flow_model::Component) -> bool {
        component.properties.get("Once").and_then(Value::as_str).is_some_and(|once| !once.is_empty())
    }

    fn prepare(&self, properties: &mut Properties<'_>) -> Arc<dyn Component> {
        Arc::new(Work {
            world: self.world.clone(),
            acts: self.effect == Effect::Changes,
            fails: properties.text("Fails"),
            set: properties.text("Set"),
            gives: properties.text("Gives"),
            counts: properties.text("Counts"),
            once: !properties.text("Once").is_empty(),
        })
    }
}

struct Work {
    world: World,
    acts: bool,
    /// `Always`, `UntilRetry`, `Hangs`, `Deaf`, `Panics` or empty; with `Slow` it only takes its time.
    fails: String,
    /// The flow variable that it sets to what it saw (`name`), or to a value of its own (`name=value`).
    set: String,
    /// `Nothing` closes its outlet; a number is that of its records.
    gives: String,
    /// Not empty: its record has the number of its run, so it is another one each time.
    counts: String,
    /// Its effect happens exactly once: the world knows its idempotency key.
    once: bool,
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
        self.note(run, &seen);
        self.world.place().await;
        let fails = match self.fails.as_str() {
            "Always" => true,
            "UntilRetry" => !self.world.state.lock().retried,
            "Hangs" => {
                run.cancel.cancelled().await;
                return Err(ComponentError::new("test/cancelled", "told to end"));
            }
            "Deaf" => std::future::pending().await,
            "Slow" => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                false
            }
            "Panics" => panic!("as asked"),
            _ => false,
        };
        if fails {
            return Err(ComponentError::new("test/failed", "as asked"));
        }
        Ok(self.outcome(&path(run), &seen))
    }
}

impl Work {
    fn note(&self, run: &RunContext<'_>, seen: &str) {
        let attempt = run.request.map_or(0, |request| request.attempt);
        let entry = Entry { component: path(run), seen: seen.to_owned(), attempt };
        self.world.state.lock().note(entry, self.once.then(|| run.idempotency_key.clone()));
    }

    fn outcome(&self, component: &str, seen: &str) -> Outcome {
        let made = format!("{component}#{:016x}", hash(&(component, seen)));
        let variables = match self.set.split_once('=') {
            _ if self.set.is_empty() => Vec::new(),
            Some((name, value)) => vec![(name.to_owned(), Value::from(value))],
            None => vec![(self.set.clone(), Value::from(made.as_str()))],
        };
        let mut record = vec![("made".to_owned(), Value::from(made))];
        if !self.counts.is_empty() {
            let runs = self.world.state.lock().ledger.iter().filter(|entry| entry.component == component).count();
            record.push(("run".to_owned(), Value::from(runs)));
        }
        let outcome = match self.gives.as_str() {
            "Nothing" => Outcome::none(),
            gives => {
                let one = Stream::from_record(&record);
                Outcome::out(Stream::append(&vec![one; gives.parse().unwrap_or(1)]).unwrap())
            }
        };
        Outcome { variables, ..outcome }
    }
}

/// The component's id, behind the iterations and calls around it. The variable `at` is the path of the call that it is
/// inside of, `i_each3` is the number of the iteration of `each3`.
fn path(run: &RunContext<'_>) -> String {
    let at = run.variables.get("at").and_then(Value::as_str).filter(|at| !at.is_empty()).map(str::to_owned);
    let iterations =
        run.variables.iter().filter_map(|(name, number)| Some(format!("{}[{number}]", name.strip_prefix("i_")?)));
    at.into_iter().chain(iterations).chain([run.component.to_string()]).collect::<Vec<_>>().join("/")
}

/// All that a component sees, in a form that does not depend on chance.
fn seen(run: &RunContext<'_>) -> String {
    let inlets: Vec<_> =
        run.inlets.iter().map(|(inlet, stream)| (inlet, stream.to_json_rows(usize::MAX).unwrap())).collect();
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
