//! Plans that are kept for the next time.

use super::compile::Compiled;
use crate::arrow::datatypes::SchemaRef;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt;
use std::mem;
use std::sync::Arc;

/// When so many plans have been kept, those not used since as many before are dropped.
const GENERATION: usize = 256;

/// What a plan was made of: everything that must be the same for it to be used again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PlanKey {
    /// The query, with the values of flow variables in place.
    pub(super) query: String,
    /// The fields of every input.
    pub(super) inputs: Vec<(String, SchemaRef)>,
    pub(super) method: super::session::JoinMethod,
}

/// The plans of a process.
#[derive(Default)]
pub(crate) struct PlanCache(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<PlanKey, Arc<Compiled>>,
    old: HashMap<PlanKey, Arc<Compiled>>,
}

impl PlanCache {
    pub(super) fn find(&self, key: &PlanKey) -> Option<Arc<Compiled>> {
        let mut generations = self.0.lock();
        if let Some(found) = generations.young.get(key) {
            return Some(Arc::clone(found));
        }
        let (key, found) = generations.old.remove_entry(key)?;
        generations.keep(key, Arc::clone(&found));
        Some(found)
    }

    pub(super) fn keep(&self, key: PlanKey, plan: Arc<Compiled>) {
        self.0.lock().keep(key, plan);
    }

    /// How many plans are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let generations = self.0.lock();
        generations.young.len() + generations.old.len()
    }
}

impl Generations {
    fn keep(&mut self, key: PlanKey, plan: Arc<Compiled>) {
        if self.young.len() >= GENERATION {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, plan);
    }
}

impl fmt::Debug for PlanCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlanCache")
    }
}
