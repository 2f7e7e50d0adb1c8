//! What is wrong with the files of a project's flows.

use flow_model::FlowName;
use flow_project::{Project, ProjectError};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs;
use std::time::SystemTime;

/// By what to notice that a file changed: when it did last, and its length.
pub(crate) type Seen = (Option<SystemTime>, u64);

/// How the file of a flow is seen now.
pub(crate) fn seen(files: &Project, name: &FlowName) -> Seen {
    let metadata = fs::metadata(files.root().join(name.path())).ok();
    metadata.map_or((None, 0), |metadata| (metadata.modified().ok(), metadata.len()))
}

/// What is wrong with the files of the flows. A file is read again only when it changed: a project may have hundreds.
pub(crate) struct FlowFiles {
    files: Project,
    known: Mutex<HashMap<FlowName, (Seen, Option<String>)>>,
}

impl FlowFiles {
    pub(crate) fn new(files: Project) -> Self {
        Self { files, known: Mutex::default() }
    }

    /// The flows by name, with what is wrong with their files. Blocks.
    pub(crate) fn problems(&self) -> Result<Vec<(FlowName, Option<String>)>, ProjectError> {
        let names = self.files.flow_names()?;
        let mut known = self.known.lock();
        if known.len() > names.len() {
            known.retain(|name, _| names.contains(name));
        }
        let problem = |name: FlowName| {
            let now = seen(&self.files, &name);
            let problem = match known.get(&name) {
                Some((before, problem)) if *before == now => problem.clone(),
                _ => self.files.load(&name).err().map(|error| error.problem().message),
            };
            known.insert(name.clone(), (now, problem.clone()));
            (name, problem)
        };
        Ok(names.into_iter().map(problem).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::FlowFiles;
    use flow_model::{Flow, FlowName};
    use flow_project::Project;
    use std::fs;

    #[test]
    fn a_file_that_is_broken_and_mended_is_told_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::create(folder.path(), "test").unwrap();
        let name = FlowName::parse("orders").unwrap();
        project.create_flow(&name, &Flow::default()).unwrap();
        let files = FlowFiles::new(project);
        assert_eq!(files.problems().unwrap(), [(name.clone(), None)]);

        let path = folder.path().join(name.path());
        let good = fs::read(&path).unwrap();
        fs::write(&path, "no flow at all").unwrap();
        let told = files.problems().unwrap();
        assert!(matches!(&told[..], [(_, Some(_))]), "told {told:?}");

        fs::write(&path, good).unwrap();
        assert_eq!(files.problems().unwrap(), [(name, None)]);
        fs::remove_file(path).unwrap();
        assert_eq!(files.problems().unwrap(), []);
    }
}
