//! Flow tests (`tests/NAME.test.json` of a project): what a flow is given, and what must come of it. A test runs the real
//! flow on the real engine, in folders of its own, with stand-ins where the flow would reach out (docs/testing-flows.md).

mod answers;
mod compare;
mod document;
mod error;
mod expect;
mod names;
mod surroundings;
mod trial;
mod watch;

pub use compare::Difference;
pub use document::TestOutline;
pub use error::TestError;
pub use names::{check, renamed};

use bytes::Bytes;
use flow_components::Palette;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use trial::{Ended, Trial};

/// Where a project keeps its flow tests.
pub const FOLDER: &str = "tests/";
/// How the names of their files end.
pub const ENDING: &str = ".test.json";

/// The flow tests of a project.
pub struct Suite {
    /// The component types that flows may use.
    pub palette: Arc<Palette>,
    /// The project's files, by path from its folder: the flows under test among them.
    pub files: BTreeMap<String, Bytes>,
    /// Where streams that take much memory put files. A folder on a real disk.
    pub spool: PathBuf,
    /// Whether the folders that tests run in are kept.
    pub keep: bool,
}

/// A test that was run.
#[derive(Debug, Clone, Serialize)]
pub struct Tested {
    /// Its name.
    pub name: String,
    /// The flow, as far as it is known.
    pub flow: String,
    /// Whether all was as expected.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// What was not as expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// The folder that it ran in, if that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

impl Suite {
    /// The names of the tests, in their order.
    pub fn names(&self) -> Vec<String> {
        self.files.keys().filter_map(|path| name_of(path)).map(str::to_owned).collect()
    }

    /// Runs one test. A test that brings something down brings down itself only.
    pub async fn run(self: &Arc<Self>, name: &str) -> Tested {
        let began = Instant::now();
        let trial = tokio::spawn({
            let (suite, name) = (Arc::clone(self), name.to_owned());
            async move { Trial::run(&suite, &name).await }
        });
        let ended = trial.await.unwrap_or_else(|error| Ended::broken("the test", &error.to_string()));
        Tested::new(name, ended, began.elapsed())
    }
}

impl Tested {
    fn new(name: &str, ended: Ended, took: Duration) -> Self {
        let Ended { flow, differences, folder } = ended;
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Self { name: name.to_owned(), flow, passed: differences.is_empty(), ms, differences, folder }
    }
}

/// The path of a test in its project.
pub fn path_of(name: &str) -> String {
    format!("{FOLDER}{name}{ENDING}")
}

/// The name of the test whose file is at `path`, if one is.
pub fn name_of(path: &str) -> Option<&str> {
    path.strip_prefix(FOLDER)?.strip_suffix(ENDING)
}
