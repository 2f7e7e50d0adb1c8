//! The commands on flow tests.

use super::following::follow_unsaved;
use super::{TestDifference, TestOutcome, TestSummary, TestText};
use crate::background::blocking;
use crate::{Command, CommandError, Designer, Event};
use flow_model::{Flow, FlowName};
use flow_test::{Suite, TestOutline, Tested};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// The flow tests of the project, by name; those that cannot be read are listed with what is wrong.
#[derive(Debug, Deserialize, TS)]
pub struct TestList {}

impl Command for TestList {
    const NAME: &'static str = "test_list";
    type Output = Vec<TestSummary>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<TestSummary>, CommandError> {
        let project = designer.project()?;
        blocking(move || {
            let files = project.files();
            let (flows, saved) = (files.flow_names()?, project.saved_flows().now());
            let summary = |name: String| summary(files.test(&name).map_err(CommandError::from), name, &flows, &saved);
            Ok(files.test_names()?.into_iter().map(summary).collect())
        })
        .await
    }
}

fn summary(
    content: Result<String, CommandError>,
    name: String,
    names: &[FlowName],
    flows: &BTreeMap<FlowName, Flow>,
) -> TestSummary {
    let read = content.and_then(|content| {
        let outline = TestOutline::read(content.as_bytes())?;
        Ok((outline, flow_test::check(content.as_bytes(), names, flows)))
    });
    match read {
        Ok((TestOutline { about, flow }, found)) => {
            let warnings = found.into_iter().map(|found| found.message).collect();
            TestSummary { name, flow, about, problem: None, warnings }
        }
        Err(error) => TestSummary {
            name,
            flow: String::new(),
            about: String::new(),
            problem: Some(error.message),
            warnings: Vec::new(),
        },
    }
}

/// The file of a flow test. Errors: `test/not-found`.
#[derive(Debug, Deserialize, TS)]
pub struct TestRead {
    /// The test.
    pub name: String,
}

impl Command for TestRead {
    const NAME: &'static str = "test_read";
    type Output = TestText;

    async fn run(self, designer: Arc<Designer>) -> Result<TestText, CommandError> {
        let project = designer.project()?;
        blocking(move || Ok(TestText { content: project.files().test(&self.name)?, name: self.name })).await
    }
}

/// Writes the file of a flow test, all or nothing, once it is found to be one. Errors: `test/syntax`, `test/too-new`,
/// `test/exists`, `project/name`, `project/cannot-write`.
#[derive(Debug, Deserialize, TS)]
pub struct TestSave {
    /// The test.
    pub name: String,
    /// What its file is to hold.
    pub content: String,
    /// Whether there must be none of that name yet.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub new: bool,
}

impl Command for TestSave {
    const NAME: &'static str = "test_save";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        let project = designer.project()?;
        blocking(move || {
            TestOutline::read(self.content.as_bytes())?;
            Ok(project.files().save_test(&self.name, &self.content, self.new)?)
        })
        .await?;
        designer.emit(Event::VcsChanged);
        Ok(())
    }
}

/// Removes the file of a flow test. Errors: `test/not-found`.
#[derive(Debug, Deserialize, TS)]
pub struct TestDelete {
    /// The test.
    pub name: String,
}

impl Command for TestDelete {
    const NAME: &'static str = "test_delete";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        let project = designer.project()?;
        blocking(move || Ok(project.files().delete_test(&self.name)?)).await?;
        designer.emit(Event::VcsChanged);
        Ok(())
    }
}

/// Runs one flow test, with the flows as they are in the designer, saved or not, and answers when it has ended.
#[derive(Debug, Deserialize, TS)]
pub struct TestRun {
    /// The test.
    pub name: String,
}

impl Command for TestRun {
    const NAME: &'static str = "test_run";
    type Output = TestOutcome;

    async fn run(self, designer: Arc<Designer>) -> Result<TestOutcome, CommandError> {
        let project = designer.project()?;
        let spool = project.spool().to_owned();
        let files = blocking(move || {
            // Tells what is wrong with a name that is none.
            project.files().test(&self.name)?;
            let mut files = project.files_now()?;
            follow_unsaved(&project, &mut files);
            Ok((files, self.name))
        });
        let (files, name) = files.await?;
        let suite = Arc::new(Suite { palette: Arc::clone(designer.palette()), files, spool, keep: false });
        Ok(TestOutcome::from(suite.run(&name).await))
    }
}

impl From<Tested> for TestOutcome {
    fn from(tested: Tested) -> Self {
        let Tested { name, passed, ms, differences, .. } = tested;
        let difference = |flow_test::Difference { place, expected, found }| TestDifference { place, expected, found };
        Self { name, passed, ms, differences: differences.into_iter().map(difference).collect() }
    }
}
