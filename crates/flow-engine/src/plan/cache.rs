//! The plans in use: each is compiled once, however many requests run it.

use super::Plan;
use super::compile::Compiler;
use crate::{EngineError, ProjectSource};
use flow_components::Palette;
use flow_model::FlowName;
use flow_store::{ProjectName, VersionId};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// How many plans are kept. The one that was used the longest ago makes room.
const KEPT: usize = 256;

/// Which flow a plan is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    project: ProjectName,
    version: VersionId,
    flow: String,
}

struct Entry {
    plan: Arc<Plan>,
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
        let key = Key { project: project.clone(), version: version.clone(), flow: flow.to_owned() };
        if let Some(plan) = self.find(&key) {
            return Ok(plan);
        }
        let name = FlowName::parse(flow).map_err(|error| EngineError::Flow {
            code: "engine/no-such-flow".to_owned(),
            flow: flow.to_owned(),
            message: error.to_string(),
        })?;
        let files = projects.files(project, version).await?;
        let plan = Compiler::new(palette, files).compile(&name)?;
        self.keep(key, &plan);
        Ok(plan)
    }

    fn find(&self, key: &Key) -> Option<Arc<Plan>> {
        let mut kept = self.kept.lock();
        kept.uses += 1;
        let now = kept.uses;
        let entry = kept.plans.get_mut(key)?;
        entry.last_used = now;
        Some(Arc::clone(&entry.plan))
    }

    fn keep(&self, key: Key, plan: &Arc<Plan>) {
        let mut kept = self.kept.lock();
        if kept.plans.len() >= KEPT {
            let oldest = kept.plans.iter().min_by_key(|(_, entry)| entry.last_used).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                kept.plans.remove(&oldest);
            }
        }
        let last_used = kept.uses;
        kept.plans.insert(key, Entry { plan: Arc::clone(plan), last_used });
    }
}
