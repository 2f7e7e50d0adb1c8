//! Carrying out local runs.

use super::prepare::{Prepared, check_inputs, prepare};
use super::{
    ComponentRun, ComponentRunState, Iterations, OutletRun, RunChanged, RunFailure, RunId, RunLogLine, RunOutcome,
    RunStart, RunView, StreamView,
};
use crate::background::blocking;
use crate::flow::Field;
use crate::{CommandError, Designer, Event};
use flow_data::Stream;
use flow_engine::{EngineError, LocalRun, Observer, OutletStream, RunEvent, RunEventKind};
use flow_model::{ComponentId, Flow, FlowName};
use flow_store::{Level, Request, RequestState};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// How many records of each stream are kept to be looked at.
const KEPT_ROWS: usize = 100;
/// How many lines of a run's log are kept.
const KEPT_LINES: usize = 1000;

/// The local runs: the last one of each flow.
#[derive(Default)]
pub(crate) struct Runs {
    last_number: AtomicU32,
    by_flow: Mutex<BTreeMap<FlowName, Arc<Run>>>,
}

/// A local run.
pub(super) struct Run {
    id: RunId,
    flow: FlowName,
    /// What runs.
    document: Flow,
    /// The component that it runs up to, if it does not run to the end.
    to: Option<ComponentId>,
    cancel: CancellationToken,
    state: Mutex<State>,
    events: broadcast::Sender<Event>,
}

/// A run that has ended, for a flow test that expects the same.
pub(crate) struct FinishedRun {
    pub(crate) view: RunView,
    /// What ran.
    pub(crate) document: Flow,
    run: Arc<Run>,
}

impl FinishedRun {
    /// The first records that an outlet delivered, and how many there were, where that is known.
    pub(crate) fn first_rows(&self, component: &ComponentId, outlet: &str) -> Option<(Vec<Value>, u64)> {
        let StreamView { rows, total, .. } = self.run.stream(component, outlet).ok()?;
        Some((rows.into_iter().map(Value::Object).collect(), total?))
    }
}

struct State {
    view: RunView,
    log: VecDeque<RunLogLine>,
    streams: HashMap<(ComponentId, String), KeptStream>,
}

/// The first records of a stream.
struct KeptStream {
    first: Stream,
    total: Option<u64>,
}

impl Runs {
    /// The last run of `flow`.
    pub(super) fn last(&self, flow: &FlowName) -> Option<Arc<Run>> {
        self.by_flow.lock().get(flow).cloned()
    }

    /// The run with this number, if it is the last one of its flow.
    pub(super) fn find(&self, id: RunId) -> Result<Arc<Run>, CommandError> {
        self.by_flow.lock().values().find(|run| run.id == id).cloned().ok_or_else(|| {
            CommandError::new("run/unknown", "only the last run of each flow is kept: run the flow again")
        })
    }

    /// The run with this number once it has ended.
    fn finished(&self, id: RunId) -> Result<FinishedRun, CommandError> {
        let run = self.find(id)?;
        let view = run.view();
        if view.outcome == RunOutcome::Running {
            return Err(CommandError::new("run/still-running", "the run has not ended yet: wait for it, or stop it"));
        }
        Ok(FinishedRun { view, document: run.document.clone(), run })
    }

    /// Stops all runs and forgets them.
    pub(crate) fn stop_all(&self) {
        for (_, run) in std::mem::take(&mut *self.by_flow.lock()) {
            run.stop();
        }
    }
}

impl Designer {
    /// A run that has ended.
    pub(crate) fn finished_run(&self, id: RunId) -> Result<FinishedRun, CommandError> {
        self.runs.finished(id)
    }

    /// Begins a run of an open flow as it is now, or of a part of it.
    pub(super) async fn start_run(self: &Arc<Self>, asked: RunStart) -> Result<RunView, CommandError> {
        let RunStart { flow, inputs, to, without_effects } = asked;
        let project = self.project()?;
        let session = project.session(&flow)?;
        let (revision, document) = {
            let session = session.lock();
            (session.revision(), session.flow().clone())
        };
        let prepared = {
            let (project, flow, palette, to) =
                (Arc::clone(&project), flow.clone(), Arc::clone(self.palette()), to.clone());
            blocking(move || prepare(&project, &flow, &palette, document, to.as_ref(), without_effects)).await?
        };
        let Prepared { document, files, storage, left_out } = prepared;
        check_inputs(&files, &flow, &inputs)?;

        let run = Arc::new(Run {
            id: self.runs.last_number.fetch_add(1, Ordering::Relaxed) + 1,
            flow: flow.clone(),
            document,
            to: to.clone(),
            cancel: CancellationToken::new(),
            state: Mutex::new(State::new(RunView {
                run: 0,
                flow: flow.clone(),
                revision,
                inputs: inputs.clone(),
                to,
                left_out,
                started: jiff::Timestamp::now().as_millisecond(),
                changes: 0,
                outcome: RunOutcome::Running,
                components: BTreeMap::new(),
                log: Vec::new(),
            })),
            events: self.event_sender(),
        });
        run.state.lock().view.run = run.id;
        let view = run.view();
        if let Some(before) = self.runs.by_flow.lock().insert(flow.clone(), Arc::clone(&run)) {
            before.stop();
        }
        let local = LocalRun {
            palette: Arc::clone(self.palette()),
            files,
            folder: project.files().root().to_owned(),
            storage,
            spool_folder: project.spool().to_owned(),
            secrets: Arc::new(project.local_secrets()),
            observer: Some(Arc::clone(&run) as Arc<dyn Observer>),
        };
        tokio::spawn(async move {
            let ended = local.run(&run.flow, &inputs, run.cancel.clone()).await;
            run.end(ended);
        });
        Ok(view)
    }
}

impl Run {
    pub(super) fn view(&self) -> RunView {
        let state = self.state.lock();
        RunView { log: state.log.iter().cloned().collect(), ..state.view.clone() }
    }

    /// Brings the run to a safe end.
    pub(super) fn stop(&self) {
        self.cancel.cancel();
    }

    /// The first records that an outlet delivered.
    pub(super) fn stream(&self, component: &ComponentId, outlet: &str) -> Result<StreamView, CommandError> {
        let state = self.state.lock();
        let kept = state.streams.get(&(component.clone(), outlet.to_owned())).ok_or_else(|| {
            let message = format!("the outlet “{outlet}” of “{component}” has delivered nothing in this run");
            CommandError::new("run/no-stream", message)
        })?;
        Ok(StreamView {
            fields: Field::all(kept.first.schema()),
            rows: kept.first.to_json_rows(KEPT_ROWS).unwrap_or_default(),
            total: kept.total,
        })
    }

    /// Takes in what happened to one component, and tells the windows.
    fn component(&self, component: &ComponentId, run: ComponentRun) {
        let mut state = self.state.lock();
        state.view.components.insert(component.clone(), run.clone());
        self.tell(&mut state, BTreeMap::from([(component.clone(), run)]), Vec::new());
    }

    /// Takes in how far one component has come, and tells the windows.
    fn progress(&self, event: &RunEvent, component: &ComponentId, told: impl FnOnce(&mut ComponentRun)) {
        let mut state = self.state.lock();
        let known = state.view.components.entry(component.clone());
        let run = known.or_insert_with(|| ComponentRun::new(ComponentRunState::Running, event.attempt));
        told(run);
        let run = run.clone();
        self.tell(&mut state, BTreeMap::from([(component.clone(), run)]), Vec::new());
    }

    /// Takes in a line of the log, and tells the windows.
    fn line(&self, line: RunLogLine) {
        let mut state = self.state.lock();
        if state.log.len() == KEPT_LINES {
            state.log.pop_front();
        }
        state.log.push_back(line.clone());
        self.tell(&mut state, BTreeMap::new(), vec![line]);
    }

    /// Tells the windows what is new. Called while the state is locked, so that they see the changes in their order.
    fn tell(&self, state: &mut State, components: BTreeMap<ComponentId, ComponentRun>, log: Vec<RunLogLine>) {
        state.view.changes += 1;
        let RunView { changes, ref outcome, .. } = state.view;
        let (flow, outcome) = (self.flow.clone(), outcome.clone());
        let changed = RunChanged { run: self.id, flow, changes, outcome, components, log };
        // Nobody listening is no error.
        let _ = self.events.send(Event::RunChanged(changed));
    }

    fn end(&self, ended: Result<Request, EngineError>) {
        let outcome = match ended {
            Ok(Request { state: RequestState::Finished, reply, .. }) => RunOutcome::Finished { reply },
            Ok(Request { state: RequestState::Cancelled, .. }) => RunOutcome::Stopped,
            Ok(Request { error, .. }) => RunOutcome::Error {
                component: component_of(error.as_ref().and_then(|error| error.component.as_deref())),
                code: error.as_ref().map(|error| error.code.clone()).unwrap_or_default(),
                message: error.map(|error| error.message).unwrap_or_default(),
            },
            Err(error) => {
                RunOutcome::Error { code: error.code().to_owned(), message: error.to_string(), component: None }
            }
        };
        let mut state = self.state.lock();
        state.view.outcome = outcome;
        // Whatever was still at work is not any more.
        let mut stopped = BTreeMap::new();
        for (id, component) in &mut state.view.components {
            if component.state == ComponentRunState::Running {
                component.state = ComponentRunState::Stopped;
                stopped.insert(id.clone(), component.clone());
            }
        }
        self.tell(&mut state, stopped, Vec::new());
    }

    fn keep(&self, component: &ComponentId, outlets: &[OutletStream]) -> BTreeMap<String, OutletRun> {
        let mut state = self.state.lock();
        let mut runs = BTreeMap::new();
        for OutletStream { outlet, stream, rows } in outlets {
            runs.insert(outlet.clone(), OutletRun { rows: *rows });
            let first = stream.first(KEPT_ROWS).unwrap_or_else(|_| Stream::empty(Arc::clone(stream.schema())));
            let kept = KeptStream { first, total: *rows };
            state.streams.insert((component.clone(), outlet.clone()), kept);
        }
        runs
    }
}

impl Observer for Run {
    fn looks_at(&self, component: &ComponentId) -> bool {
        self.to.as_ref() == Some(component)
    }

    fn observe(&self, event: &RunEvent) {
        if let RunEventKind::Logged(entry) = &event.what {
            return self.line(RunLogLine {
                at: entry.at.0,
                component: component_of(entry.component.as_deref()),
                failure: entry.level == Level::Error,
                message: entry.message.clone(),
            });
        }
        if is_in_called_flow(&event.iteration) {
            return;
        }
        let run = |state| ComponentRun::new(state, event.attempt);
        match &event.what {
            RunEventKind::ComponentStarted { component } => self.component(component, run(ComponentRunState::Running)),
            RunEventKind::Progress { component, rows } => {
                self.progress(event, component, |run| run.rows = Some(*rows));
            }
            RunEventKind::Iterations { component, done, of } => {
                self.progress(event, component, |run| run.iterations = Some(Iterations { done: *done, of: *of }));
            }
            RunEventKind::ComponentFinished { component, outlets, elapsed, note } => {
                let outlets = self.keep(component, outlets);
                self.progress(event, component, |run| {
                    *run = ComponentRun {
                        state: ComponentRunState::Finished,
                        took: Some(milliseconds(*elapsed)),
                        outlets,
                        note: note.clone(),
                        ..run.clone()
                    };
                });
            }
            RunEventKind::ComponentStopped { component, outlets } => {
                let outlets = self.keep(component, outlets);
                self.progress(event, component, |run| {
                    *run = ComponentRun { state: ComponentRunState::Stopped, outlets, ..run.clone() };
                });
            }
            RunEventKind::ComponentFailed { component, error, handled, outlets, elapsed } => {
                let outlets = self.keep(component, outlets);
                let note = Some(error.message.clone());
                let took = Some(milliseconds(*elapsed));
                let failure = Some(RunFailure {
                    code: error.code.clone(),
                    message: error.message.clone(),
                    property: error.property.clone(),
                    row: error.row,
                    handled: *handled,
                    iteration: event.iteration.clone(),
                });
                let state = run(ComponentRunState::Failed);
                self.component(component, ComponentRun { took, note, outlets, failure, ..state });
            }
            // The log tells of them.
            RunEventKind::AttemptStarted { .. }
            | RunEventKind::CheckpointSaved { .. }
            | RunEventKind::WaitStarted { .. }
            | RunEventKind::Logged(_)
            | RunEventKind::AttemptEnded { .. } => {}
        }
    }
}

impl ComponentRun {
    fn new(state: ComponentRunState, attempt: u32) -> Self {
        Self {
            state,
            attempt,
            took: None,
            rows: None,
            iterations: None,
            outlets: BTreeMap::new(),
            note: None,
            failure: None,
        }
    }
}

/// Whether an iteration's path (`foreach-a1b2c3[17]/subflow-d4e5f6`) leads into a called flow, whose components are not
/// those of the flow that is shown.
fn is_in_called_flow(iteration: &str) -> bool {
    iteration.split('/').any(|part| !part.is_empty() && !part.ends_with(']'))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

impl State {
    fn new(view: RunView) -> Self {
        Self { view, log: VecDeque::new(), streams: HashMap::new() }
    }
}

fn component_of(id: Option<&str>) -> Option<ComponentId> {
    id.and_then(|id| ComponentId::parse(id).ok())
}
