//! Surroundings for tests of components: real files in a folder of their own, connections, a real HTTP client.

use crate::{
    Bucket, Component, ComponentError, Folder, HttpClients, Outcome, Palette, Places, RequestRef, ResolvedPath,
    RunContext, Runner, Services, StorageFiles,
};
use async_trait::async_trait;
use bytes::Bytes;
use flow_data::{CsvOptions, ExpressionCache, Spool, Stream, Variables, read_csv};
use flow_model::{ComponentId, Connection, IN};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A place to run components in.
pub(crate) struct Bench {
    /// Removed with all that is in it at the end of the test.
    _folder: TempDir,
    pub(crate) variables: Variables,
    pub(crate) cancel: CancellationToken,
    places: Places,
    connections: BTreeMap<String, Connection>,
    expressions: ExpressionCache,
    http: HttpClients,
    pub(crate) spool: Spool,
    /// How many times more `may_act` says yes.
    acts_left: AtomicI64,
    runner: Arc<dyn Runner>,
}

/// Nothing is linked behind the component.
struct LastOne;

impl Runner for LastOne {
    fn wants(&self, _: &str) -> bool {
        false
    }

    fn progress(&self, _: u64) {}
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = Places {
            storage: StorageFiles::Folder(folder.path().join("storage")),
            project: Arc::default(),
            local: folder.path().join("local"),
        };
        for place in ["storage", "local"] {
            std::fs::create_dir(folder.path().join(place)).unwrap();
        }
        Self {
            _folder: folder,
            variables: Variables::default(),
            cancel: CancellationToken::new(),
            places,
            connections: BTreeMap::new(),
            expressions: ExpressionCache::new(),
            http: HttpClients::new(),
            spool: Spool::in_memory(),
            acts_left: AtomicI64::new(i64::MAX),
            runner: Arc::new(()),
        }
    }

    /// The same place, where components run that nothing is linked behind: a stream need not be kept for others.
    pub(crate) fn with_nothing_behind(self) -> Self {
        Self { runner: Arc::new(LastOne), ..self }
    }

    pub(crate) fn with_variable(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.variables = self.variables.with(name, value);
        self
    }

    pub(crate) fn with_project_file(mut self, path: &str, content: impl Into<Bytes>) -> Self {
        Arc::make_mut(&mut self.places.project).insert(path.to_owned(), content.into());
        self
    }

    /// The same with the storage in a bucket.
    pub(crate) fn with_bucket(mut self, bucket: Arc<dyn Bucket>) -> Self {
        self.places.storage = StorageFiles::Bucket(bucket);
        self
    }

    pub(crate) fn with_connection(self, name: &str, kind: &str, settings: &[(&str, &str)]) -> Self {
        let bare = Connection::new(name, kind);
        self.with(settings.iter().fold(bare, |connection, (field, value)| connection.with(field, *value)))
    }

    /// The same with a connection that has secrets, too.
    pub(crate) fn with(mut self, connection: Connection) -> Self {
        self.connections.insert(connection.name.clone(), connection);
        self
    }

    /// The URL of a connection.
    pub(crate) fn url(&self, connection: &str) -> String {
        self.connections[connection].text("url").unwrap().to_owned()
    }

    /// From the call after `acts` more on, this server may no longer act.
    pub(crate) fn may_act_only(&self, acts: i64) {
        self.acts_left.store(acts, Ordering::SeqCst);
    }

    pub(crate) fn storage(&self, path: &str) -> PathBuf {
        match &self.places.storage {
            StorageFiles::Folder(folder) => folder.join(path),
            StorageFiles::Bucket(bucket) => panic!("{bucket:?} is no folder"),
        }
    }

    pub(crate) fn local(&self, path: &str) -> PathBuf {
        self.places.local.join(path)
    }

    /// Runs a component over the stream of its ordinary inlet.
    pub(crate) async fn run(
        &self,
        component: &flow_model::Component,
        input: Stream,
    ) -> Result<Outcome, ComponentError> {
        self.run_prepared(prepare(component).as_ref(), input, false).await
    }

    pub(crate) async fn run_prepared(
        &self,
        prepared: &dyn Component,
        input: Stream,
        waited: bool,
    ) -> Result<Outcome, ComponentError> {
        self.run_over(prepared, BTreeMap::from([(IN.to_owned(), input)]), waited).await
    }

    /// Runs a component over the streams of several inlets.
    pub(crate) async fn run_inlets(
        &self,
        component: &flow_model::Component,
        inlets: &[(&str, Stream)],
    ) -> Result<Outcome, ComponentError> {
        let inlets = inlets.iter().map(|(inlet, stream)| ((*inlet).to_owned(), stream.clone())).collect();
        self.run_over(prepare(component).as_ref(), inlets, false).await
    }

    async fn run_over(
        &self,
        prepared: &dyn Component,
        inlets: BTreeMap<String, Stream>,
        waited: bool,
    ) -> Result<Outcome, ComponentError> {
        let id = id("tested-aaaaaa");
        let mut context = RunContext {
            component: &id,
            name: "Tested",
            inlets: &inlets,
            variables: &self.variables,
            services: self,
            request: Some(RequestRef { id: 7, attempt: 1 }),
            idempotency_key: "7/tested-aaaaaa".to_owned(),
            cancel: self.cancel.clone(),
            waited,
            runner: Arc::clone(&self.runner),
        };
        prepared.run(&mut context).await
    }
}

#[async_trait]
impl Services for Bench {
    async fn connection(&self, name: &str) -> Result<Connection, ComponentError> {
        let found = self.connections.get(name).cloned();
        found
            .ok_or_else(|| ComponentError::new("connection/unknown", format!("the project has no connection “{name}”")))
    }

    fn resolve(&self, path: &str) -> Result<ResolvedPath, ComponentError> {
        self.places.resolve(path)
    }

    fn folder(&self, path: &str) -> Result<Folder, ComponentError> {
        self.places.folder(path)
    }

    fn expressions(&self) -> &ExpressionCache {
        &self.expressions
    }

    fn http(&self) -> &HttpClients {
        &self.http
    }

    fn spool(&self) -> &Spool {
        &self.spool
    }

    fn may_act(&self) -> bool {
        self.acts_left.fetch_sub(1, Ordering::SeqCst) > 0
    }
}

pub(crate) fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).unwrap()
}

pub(crate) fn prepare(component: &flow_model::Component) -> Arc<dyn Component> {
    Palette::standard().prepare(&id("tested-aaaaaa"), component).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A stream from CSV with a header.
pub(crate) fn stream(csv: &str) -> Stream {
    read_csv(csv.as_bytes(), &CsvOptions::default()).unwrap()
}

/// The records as one JSON value, to compare with `json!`.
pub(crate) fn rows(stream: &Stream) -> Value {
    Value::from(stream.to_json_records().unwrap().into_iter().map(Value::from).collect::<Vec<_>>())
}

/// The stream on an outlet.
pub(crate) fn outlet<'a>(outcome: &'a Outcome, name: &str) -> &'a Stream {
    &outcome.outlets.iter().find(|(outlet, _)| outlet == name).unwrap_or_else(|| panic!("no {name} in {outcome:?}")).1
}
