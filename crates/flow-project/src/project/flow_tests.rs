//! The flow tests of a project, as files: list, load, save, delete. What they hold is not looked at here.

use super::{Project, files};
use crate::{ProjectError, Stamp, atomic};
use flow_model::FlowName;
use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::PathBuf;

/// The folder of a project's flow tests, and how their names end.
const FOLDER: &str = "tests";
const ENDING: &str = ".test.json";

impl Project {
    /// The names of the flow tests, sorted.
    pub fn test_names(&self) -> Result<Vec<String>, ProjectError> {
        let paths = files::visible_files(&self.root.join(FOLDER))?.into_iter();
        Ok(paths.filter_map(|path| Some(files::with_slashes(&path).strip_suffix(ENDING)?.to_owned())).collect())
    }

    /// What the file of a flow test holds.
    pub fn test(&self, name: &str) -> Result<String, ProjectError> {
        let path = self.root.join(path_of(name)?);
        fs::read_to_string(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ProjectError::NoSuchTest { test: name.to_owned() },
            _ => ProjectError::reading(&path)(error),
        })
    }

    /// Writes the file of a flow test, all or nothing. With `new`, one of that name must not be there yet.
    pub fn save_test(&self, name: &str, content: &str, new: bool) -> Result<(), ProjectError> {
        let path = self.place_of_test(name)?;
        if new && path.exists() {
            return Err(ProjectError::TestExists { test: name.to_owned() });
        }
        self.own_writes.lock().insert(path.clone(), Some(Stamp::of(content.as_bytes())));
        let written: Result<Result<(), Infallible>, _> = atomic::write(&path, content.as_bytes(), || Ok(()));
        written.map(drop).map_err(ProjectError::writing(&path))
    }

    /// Removes the file of a flow test.
    pub fn delete_test(&self, name: &str) -> Result<(), ProjectError> {
        let path = self.place_of_test(name)?;
        self.own_writes.lock().insert(path.clone(), None);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(ProjectError::NoSuchTest { test: name.to_owned() })
            }
            removed => removed
                .and_then(|()| path.parent().map_or(Ok(()), atomic::sync_folder))
                .map_err(ProjectError::writing(&path)),
        }
    }

    fn place_of_test(&self, name: &str) -> Result<PathBuf, ProjectError> {
        files::place_to_write(&self.root, &path_of(name)?)
    }
}

/// Where the file of a flow test is. Its name follows the same rules as a flow's; it may be in folders of its own.
fn path_of(name: &str) -> Result<String, ProjectError> {
    for part in name.split('/') {
        FlowName::parse(part).map_err(|error| flow_model::InvalidName { what: "test name", ..error })?;
    }
    Ok(format!("{FOLDER}/{name}{ENDING}"))
}

#[cfg(test)]
mod tests {
    use crate::project::tests::project;

    #[test]
    fn tests_are_written_listed_read_and_removed() {
        let (_folder, project) = project();
        project.save_test("import", "{}", true).unwrap();
        project.save_test("more/export", "{\"flow\": \"export\"}", true).unwrap();
        assert_eq!(project.test_names().unwrap(), ["import", "more/export"]);
        assert_eq!(project.test("more/export").unwrap(), "{\"flow\": \"export\"}");
        assert_eq!(project.save_test("import", "{}", true).unwrap_err().code(), "test/exists");
        project.delete_test("import").unwrap();
        assert_eq!(project.test("import").unwrap_err().code(), "test/not-found");
        for name in ["../x", "", "a//b", "a/.."] {
            assert_eq!(project.save_test(name, "", false).unwrap_err().code(), "project/name", "{name}");
        }
    }
}
