//! One run of one test.

use crate::compare::{Difference, differences};
use crate::document::{Call, TestFile};
use crate::expect::Findings;
use crate::surroundings::Surroundings;
use crate::watch::Watch;
use crate::{Suite, TestError, path_of};
use flow_engine::{EngineError, LocalRun, Observer};
use flow_model::{Flow, FlowName};
use flow_store::{CheckpointStorage, Request, RequestState};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How a test ended.
pub(crate) struct Ended {
    /// The flow, as far as it is known.
    pub(crate) flow: String,
    /// What is not as it was expected; nothing if the test is good.
    pub(crate) differences: Vec<Difference>,
    /// The folder that it ran in, if that is kept.
    pub(crate) folder: Option<PathBuf>,
}

impl Ended {
    /// The test could not be carried out.
    pub(crate) fn broken(place: &str, why: &str) -> Self {
        let difference = Difference::new(place, "a test that can be carried out", why);
        Self { flow: String::new(), differences: vec![difference], folder: None }
    }
}

/// A test in its surroundings.
pub(crate) struct Trial<'a> {
    suite: &'a Suite,
    test: &'a TestFile,
    surroundings: Surroundings,
}

impl Trial<'_> {
    /// Runs the test `name`.
    pub(crate) async fn run(suite: &Suite, name: &str) -> Ended {
        let bytes = suite.files.get(&path_of(name)).cloned().unwrap_or_default();
        let test = match TestFile::read(&bytes) {
            Ok(test) => test,
            Err(failure) => return Ended::broken("the test's file", &failure.to_string()),
        };
        let flow = test.flow.clone();
        let ended = match Surroundings::prepare(suite, &test).await {
            Ok(surroundings) => Trial { suite, test: &test, surroundings }.carry_out().await,
            Err(failure) => Ended::broken("the test", &failure.to_string()),
        };
        Ended { flow, ..ended }
    }

    async fn carry_out(self) -> Ended {
        let differences = match self.differences().await {
            Ok(differences) => differences,
            Err(failure) => vec![Difference::new("the test", "a test that can be carried out", failure.to_string())],
        };
        let folder = self.suite.keep.then(|| self.surroundings.local.parent().map(PathBuf::from)).flatten();
        Ended { flow: String::new(), differences, folder }
    }

    async fn differences(&self) -> Result<Vec<Difference>, TestError> {
        for call in &self.test.before {
            let found = self.helping(call, "before").await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let watch = Arc::new(Watch::default());
        let request = self.start(&self.test.flow, &self.test.inputs, Some(watch.clone())).await;
        let findings = Findings {
            test: self.test,
            flow: self.flow(),
            request,
            watch: &watch,
            surroundings: &self.surroundings,
            files: &self.suite.files,
        };
        let mut all = findings.differences()?;
        for call in &self.test.after {
            all.extend(self.helping(call, "after").await?);
        }
        Ok(all)
    }

    /// Runs a flow that prepares the test, or looks at what it left.
    async fn helping(&self, call: &Call, when: &str) -> Result<Vec<Difference>, TestError> {
        let place = format!("{when} “{}”", call.flow);
        let request = self.start(&call.flow, &call.inputs, None).await?;
        if request.state != RequestState::Finished {
            let error = request.error.map(|error| format!(": {} [{}]", error.message, error.code)).unwrap_or_default();
            return Ok(vec![Difference::new(&place, "Finished", format!("{}{error}", request.state))]);
        }
        let place = format!("{place}: reply");
        let compared = |expected| differences(&place, expected, request.reply.as_ref(), &self.test.compare);
        Ok(call.reply.as_ref().map(compared).unwrap_or_default())
    }

    async fn start(
        &self,
        flow: &str,
        inputs: &Map<String, Value>,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Request, TestError> {
        let name = FlowName::parse(flow).map_err(|error| TestError::new("flow/name", error.to_string()))?;
        let local = LocalRun {
            palette: Arc::clone(&self.suite.palette),
            files: Arc::clone(&self.surroundings.project),
            folder: self.surroundings.local.clone(),
            storage: CheckpointStorage::open(&self.surroundings.storage)?,
            spool_folder: self.suite.spool.clone(),
            secrets: Arc::clone(&self.surroundings.secrets),
            observer,
        };
        let cancel = CancellationToken::new();
        let timer = tokio::spawn({
            let (cancel, time) = (cancel.clone(), self.timeout());
            async move {
                tokio::time::sleep(time).await;
                cancel.cancel();
            }
        });
        let ended: Result<Request, EngineError> = local.run(&name, inputs, cancel.clone()).await;
        timer.abort();
        if cancel.is_cancelled() {
            let message = format!("the flow “{flow}” took longer than {} s", self.timeout().as_secs_f64());
            return Err(TestError::new("test/timeout", message));
        }
        Ok(ended?)
    }

    fn timeout(&self) -> Duration {
        Duration::try_from_secs_f64(self.test.timeout).unwrap_or(Duration::from_secs(60))
    }

    /// The flow under test, if it can be read.
    fn flow(&self) -> Option<Flow> {
        let name = FlowName::parse(&self.test.flow).ok()?;
        let bytes = self.surroundings.project.get(&name.path())?;
        Flow::from_json(std::str::from_utf8(bytes).ok()?).ok()
    }
}
