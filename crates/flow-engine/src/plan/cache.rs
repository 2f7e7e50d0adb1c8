//! The plans in use: each is read and compiled once, however many requests run it, also if they ask at the same time, as those
//! of a lost server do.

use super::Plan;
use super::compile::Compiler;
use crate::{EngineError, ProjectSource};
use flow_components::Palette;
use flow_model::FlowName;
use flow_store::{ProjectName, VersionId};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// How many plans are kept. The one that was used the longest ago makes room.
const KEPT: usize = 256;

/// Which flow a plan is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    project: ProjectName,
    version: VersionId,
    flow: String,
}

/// Empty until the plan is compiled.
type Place = Arc<OnceCell<Arc<Plan>>>;

struct Entry {
    place: Place,
    last_used: u64,
}

#[derive(Default)]
struct Kept {
    plans: HashMap<Key, Entry>,
    uses: u64,
}

/// Compiled plans by project version and flow.
#[derive(Default)]
pub(crate) struct PlanCache {
    kept: Mutex<Kept>,
}

impl PlanCache {
    /// The plan of a flow at a version; compiled when it is not at hand.
    pub(crate) async fn plan(
        &self,
        palette: &Palette,
        projects: &dyn ProjectSource,
        (project, version, flow): (&ProjectName, &VersionId, &str),
    ) -> Result<Arc<Plan>, EngineError> {
        let place = self.place(Key { project: project.clone(), version: version.clone(), flow: flow.to_owned() });
        let compile = async || {
            let name = FlowName::parse(flow).map_err(|error| EngineError::Flow {
                code: "engine/no-such-flow".to_owned(),
                flow: flow.to_owned(),
                message: error.to_string(),
            })?;
            let files = projects.files(project, version).await?;
            Compiler::new(palette, files).compile(&name)
        };
        // Whoever comes meanwhile waits here; after a failure the next one compiles.
        place.get_or_try_init(compile).await.cloned()
    }

    fn place(&self, key: Key) -> Place {
        let mut kept = self.kept.lock();
        kept.uses += 1;
        let now = kept.uses;
        if kept.plans.len() >= KEPT && !kept.plans.contains_key(&key) {
            let oldest = kept.plans.iter().min_by_key(|(_, entry)| entry.last_used).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                kept.plans.remove(&oldest);
            }
        }
        let entry = kept.plans.entry(key).or_insert_with(|| Entry { place: Place::default(), last_used: now });
        entry.last_used = now;
        Arc::clone(&entry.place)
    }
}
