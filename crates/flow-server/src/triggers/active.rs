//! The triggers of the versions that all servers have, read once, with what the cluster knows of each.

use crate::state::App;
use flow_model::{
    Calendar, Calendars, Day, FlowName, HttpTrigger, StartSettings, Trigger, TriggerAction, TriggerError,
};
use flow_store::{
    NewFiring, NewRequest, NewTrigger, ProjectName, ProjectVersion, RequestSettings, StoreError, Timestamp,
    TriggerState, VersionId,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// All triggers, as of one look.
#[derive(Default)]
pub struct Active {
    /// The triggers of each project's version.
    projects: BTreeMap<ProjectName, Arc<OpenTriggers>>,
    /// Those that are there, by project and name.
    live: Vec<Arc<Live>>,
    /// Those that versions no longer have.
    gone: Vec<TriggerState>,
    /// Which one answers a call, by project, method and path.
    calls: HashMap<(String, String, String), usize>,
}

/// The triggers of one version.
pub struct OpenTriggers {
    /// The version.
    pub version: ProjectVersion,
    /// Those whose files can be read.
    pub triggers: Vec<Arc<OpenTrigger>>,
    /// Those whose files cannot, by name.
    pub broken: Vec<(String, TriggerError)>,
}

/// One trigger of a version.
pub struct OpenTrigger {
    /// Its project.
    pub project: ProjectName,
    /// The version that its requests are pinned to.
    pub version: VersionId,
    /// What its file says.
    pub trigger: Trigger,
    /// The days that its calendars have.
    days: BTreeSet<Day>,
    /// When it fires; none if that is not right.
    pub action: Option<TriggerAction>,
    /// How its flow starts; none if that cannot run.
    start: Option<StartSettings>,
    /// What its requests keep of that and of what they use.
    settings: RequestSettings,
    /// Why it cannot fire.
    pub problem: Option<String>,
}

/// A trigger with what the cluster knows of it.
pub struct Live {
    /// The trigger.
    pub open: Arc<OpenTrigger>,
    /// What the cluster knows of it.
    pub state: TriggerState,
}

impl Live {
    /// Whether it may fire.
    pub fn is_active(&self) -> bool {
        self.state.is_active() && self.open.problem.is_none()
    }
}

impl Active {
    /// Reads them anew. What is known of versions from `before` is not read again.
    pub async fn read(app: &App, before: &Self) -> Result<Self, StoreError> {
        let mut active = Self::default();
        for (project, version) in app.store.trigger_versions().await? {
            let known = before.projects.get(&project).filter(|known| known.version == version).cloned();
            let open = match known {
                Some(known) => known,
                None => Arc::new(OpenTriggers::read(app, &project, version).await?),
            };
            active.projects.insert(project, open);
        }
        for state in app.store.trigger_states().await? {
            let mut of_project = active.projects.get(&state.project).into_iter().flat_map(|open| &open.triggers);
            let open = of_project.find(|open| open.trigger.id == state.trigger).cloned();
            match open.filter(|_| state.present) {
                Some(open) => active.live.push(Arc::new(Live { open, state })),
                None => active.gone.push(state),
            }
        }
        active.live.sort_by(|one, other| {
            (&one.open.project, &one.open.trigger.name).cmp(&(&other.open.project, &other.open.trigger.name))
        });
        for (place, live) in active.live.iter().enumerate() {
            if let Some(TriggerAction::Http(http)) = &live.open.action {
                let key = (live.open.project.to_string(), http.method.clone(), http.path.clone());
                active.calls.entry(key).or_insert(place);
            }
        }
        Ok(active)
    }

    /// The triggers that are there, by project and name.
    pub fn live(&self) -> &[Arc<Live>] {
        &self.live
    }

    /// Those that may fire, with what makes them do so.
    pub fn firing(&self) -> impl Iterator<Item = (&Arc<Live>, &TriggerAction)> {
        self.live.iter().filter(|live| live.is_active()).filter_map(|live| Some((live, live.open.action.as_ref()?)))
    }

    /// Those that versions no longer have.
    pub fn gone(&self) -> &[TriggerState] {
        &self.gone
    }

    /// The versions, with their triggers.
    pub fn projects(&self) -> &BTreeMap<ProjectName, Arc<OpenTriggers>> {
        &self.projects
    }

    /// One of those that are there.
    pub fn find(&self, project: &str, id: &str) -> Option<&Arc<Live>> {
        self.live.iter().find(|live| live.open.project.as_str() == project && live.open.trigger.id == id)
    }

    /// The one that answers a call.
    pub fn called(&self, project: &str, method: &str, path: &str) -> Option<(&Arc<Live>, &HttpTrigger)> {
        let key = (project.to_owned(), method.to_owned(), path.trim_matches('/').to_owned());
        let live = self.live.get(*self.calls.get(&key)?)?;
        match &live.open.action {
            Some(TriggerAction::Http(http)) => Some((live, http)),
            _ => None,
        }
    }
}

impl OpenTriggers {
    /// Reads the triggers of a version.
    pub async fn read(app: &App, project: &ProjectName, version: ProjectVersion) -> Result<Self, StoreError> {
        let files = app.store.version_files(project, &version.version).await?;
        // What cannot be read now may be read at the next look: nothing of it is kept.
        let flows = app.projects.open(project, &version.version).await;
        let flows = flows.map_err(|refusal| StoreError::Unavailable(refusal.detail().to_owned()))?;
        let calendars = calendars(project, files.iter().map(|(path, content)| (path, &content[..])));
        let (mut triggers, mut broken) = (Vec::<Arc<OpenTrigger>>::new(), Vec::new());
        for (path, content) in files.iter() {
            let Some(name) = Trigger::name_in(path) else { continue };
            match Trigger::from_json(name, &String::from_utf8_lossy(content)) {
                Ok(trigger) => {
                    let start = match FlowName::parse(&trigger.flow) {
                        Ok(flow) => flows.start_of(&flow).map_err(|refusal| refusal.detail().to_owned()),
                        Err(error) => Err(error.to_string()),
                    };
                    let settings_of = |start: &StartSettings| {
                        let flow = FlowName::parse(&trigger.flow).ok()?;
                        Some(flows.settings_of(&flow, start))
                    };
                    let mut settings = start.as_ref().ok().and_then(settings_of).unwrap_or_default();
                    settings.priority = trigger.priority().unwrap_or(settings.priority);
                    let of = (project.clone(), version.version.clone());
                    let mut open = OpenTrigger::new(of, trigger, &calendars, start, settings);
                    if let (Some(TriggerAction::File(file)), None) = (&open.action, &open.problem) {
                        open.problem = super::files::problem(&app.storage, file);
                    }
                    if triggers.iter().any(|other| other.trigger.id == open.trigger.id) {
                        broken.push((name.to_owned(), open.same_id()));
                        continue;
                    }
                    if open.problem.is_some() {
                        open.action = None;
                    }
                    triggers.push(Arc::new(open));
                }
                Err(error) => broken.push((name.to_owned(), error)),
            }
        }
        Ok(Self { version, triggers, broken })
    }

    /// As the checkpoint database gets to know them.
    pub fn known(&self) -> Vec<NewTrigger> {
        let known = |open: &Arc<OpenTrigger>| NewTrigger {
            trigger: open.trigger.id.clone(),
            mark: open.mark(),
            on: open.trigger.enabled,
        };
        self.triggers.iter().map(known).collect()
    }
}

/// The calendars of a version. Triggers that go by one which cannot be read say so themselves.
fn calendars<'a>(project: &ProjectName, files: impl Iterator<Item = (&'a String, &'a [u8])>) -> Calendars {
    let good = Calendar::all_in(files).filter_map(|(name, calendar)| match calendar {
        Ok(calendar) => Some((name.to_owned(), calendar)),
        Err(error) => {
            tracing::warn!(%project, code = error.code(), %error, "a calendar cannot be read");
            None
        }
    });
    good.collect()
}

impl OpenTrigger {
    fn new(
        (project, version): (ProjectName, VersionId),
        trigger: Trigger,
        calendars: &Calendars,
        start: Result<StartSettings, String>,
        settings: RequestSettings,
    ) -> Self {
        let (start, mut problem) = match start {
            Ok(start) => (Some(start), None),
            Err(problem) => (None, Some(problem)),
        };
        let inputs = start.iter().flat_map(|start| trigger.check_inputs(start));
        let wrong = trigger.problems(calendars).into_iter().chain(inputs);
        let wrong = wrong.map(|error| error.to_string()).next();
        problem = wrong.or(problem);
        let action = trigger.action(calendars).ok();
        let known = trigger.calendars().filter_map(|name| calendars.get(name));
        let days = known.flat_map(|calendar| calendar.days.iter().copied()).collect();
        Self { project, version, trigger, days, action, start, settings, problem }
    }

    fn same_id(&self) -> TriggerError {
        let (name, id) = (self.trigger.name.clone(), self.trigger.id.clone());
        TriggerError::SameId { name, other: "another trigger".to_owned(), id }
    }

    /// A mark of what decides when it fires.
    fn mark(&self) -> String {
        let Trigger { kind, properties, .. } = &self.trigger;
        // Without calendars it is that of releases before there were any, so that their triggers do not begin anew.
        let says = match self.trigger.calendars().next() {
            None => serde_json::json!([kind, properties]),
            Some(_) => serde_json::json!([kind, properties, self.days]),
        };
        blake3::hash(says.to_string().as_bytes()).to_hex().chars().take(16).collect()
    }

    /// What its requests say of where they come from.
    pub fn named(&self) -> String {
        format!("{} {}", self.trigger.kind, self.trigger.name)
    }

    /// A request of its flow, with what it always gives and what this firing brings. The error says what does not fit.
    pub fn request(&self, by: &str, brought: &[(&str, Value)]) -> Result<NewRequest, String> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let start = self.start.as_ref().ok_or("its flow has no start component")?;
        let inputs = self.trigger.inputs_of(start, brought).map_err(|error| error.to_string())?;
        Ok(self.request_with(by, Value::Object(inputs)))
    }

    /// A request of its flow with inputs that a caller gives beside those that it always gives.
    pub fn request_given(
        &self,
        by: &str,
        given: serde_json::Map<String, Value>,
    ) -> Result<NewRequest, flow_model::InputError> {
        let missing = || flow_model::InputError {
            code: "input/missing",
            name: String::new(),
            message: "its flow has no start component".to_owned(),
        };
        let start = self.start.as_ref().ok_or_else(missing)?;
        let mut inputs = self.trigger.inputs.clone();
        inputs.extend(given);
        let inputs = start.check_inputs(&inputs)?;
        Ok(self.request_with(by, Value::Object(inputs)))
    }

    /// How its flow starts.
    pub fn start(&self) -> Option<&StartSettings> {
        self.start.as_ref()
    }

    fn request_with(&self, by: &str, inputs: Value) -> NewRequest {
        NewRequest {
            project: self.project.clone(),
            version: self.version.clone(),
            flow: self.trigger.flow.clone(),
            trigger: self.named(),
            requested_by: by.to_owned(),
            inputs,
            settings: self.settings.clone(),
            idempotency_key: None,
        }
    }

    /// A firing for something that was due at this time; its key is to be set.
    pub fn firing(&self, due: Timestamp, request: Option<NewRequest>) -> NewFiring {
        NewFiring {
            project: self.project.clone(),
            trigger: self.trigger.id.clone(),
            key: String::new(),
            due,
            reached: None,
            missed: 0,
            lasting: false,
            by_hand: false,
            here_only: false,
            request,
        }
    }
}
