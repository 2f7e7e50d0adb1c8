//! The flows of the project as they are saved: what a flow that calls others needs to know of them.

use super::flow_files::{Seen, seen};
use flow_model::{Flow, FlowName};
use flow_project::Project;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The flows of the project that can be read, kept in memory and read again when their files change.
pub(crate) struct SavedFlows {
    files: Project,
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    /// By what to notice that a file changed.
    stamps: HashMap<FlowName, Seen>,
    flows: Arc<BTreeMap<FlowName, Flow>>,
}

impl SavedFlows {
    pub(crate) fn new(files: Project) -> Self {
        Self { files, read: Mutex::default() }
    }

    /// The flows as they were when they were last read.
    pub(crate) fn latest(&self) -> Arc<BTreeMap<FlowName, Flow>> {
        Arc::clone(&self.read.lock().flows)
    }

    /// The flows as they are now. Blocks.
    pub(crate) fn now(&self) -> Arc<BTreeMap<FlowName, Flow>> {
        let names = self.files.flow_names().unwrap_or_default();
        let mut read = self.read.lock();
        let Read { stamps, flows } = &mut *read;
        if stamps.len() > names.len() || names.iter().any(|name| !stamps.contains_key(name)) {
            stamps.retain(|name, _| names.contains(name));
            Arc::make_mut(flows).retain(|name, _| names.contains(name));
        }
        for name in names {
            let stamp = seen(&self.files, &name);
            if stamps.get(&name) == Some(&stamp) {
                continue;
            }
            // What cannot be read is as if it were not there; the project tree says why.
            let flow = self.files.load(&name).ok().map(|loaded| loaded.flow);
            let flows = Arc::make_mut(flows);
            match flow {
                Some(flow) => flows.insert(name.clone(), flow),
                None => flows.remove(&name),
            };
            stamps.insert(name, stamp);
        }
        Arc::clone(flows)
    }
}
