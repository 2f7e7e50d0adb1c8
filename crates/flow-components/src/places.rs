//! From the paths that authors write to files.

use crate::{ComponentError, ResolvedPath};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The places that paths lead to.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder that `storage:` stands for.
    pub storage: PathBuf,
    /// The files that `project:` stands for, by their path within the project.
    pub project: Arc<BTreeMap<String, Bytes>>,
    /// The folder that relative local paths start from.
    pub local: PathBuf,
}

impl Places {
    /// Where `path` leads. Paths below `storage:` and `project:` cannot lead out of them.
    pub fn resolve(&self, path: &str) -> Result<ResolvedPath, ComponentError> {
        let path = path.trim();
        if let Some(inside) = path.strip_prefix("storage:") {
            return Ok(ResolvedPath::File(self.storage.join(inner(path, inside)?)));
        }
        if let Some(inside) = path.strip_prefix("project:") {
            let inside = inner(path, inside)?.to_string_lossy().into_owned();
            return match self.project.get(&inside) {
                Some(bytes) => Ok(ResolvedPath::ProjectFile { path: inside, bytes: bytes.clone() }),
                None => Err(self.no_project_file(&inside)),
            };
        }
        if path.is_empty() {
            return Err(ComponentError::new("file/no-path", "the path is empty: name a file"));
        }
        Ok(ResolvedPath::File(self.local.join(path)))
    }

    fn no_project_file(&self, path: &str) -> ComponentError {
        let near = flow_data::nearby_names(path, self.project.keys().map(String::as_str));
        let hint = match near.as_slice() {
            [] => "add it, commit, and push the update".to_owned(),
            near => format!("did you mean {}?", near.join(", ")),
        };
        ComponentError::new("file/not-found", format!("the project has no file “{path}”; {hint}"))
    }
}

/// The part behind the prefix, as a relative path without detours.
fn inner(path: &str, inside: &str) -> Result<PathBuf, ComponentError> {
    let relative = Path::new(inside.trim_start_matches('/'));
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || relative.as_os_str().is_empty() {
        let message = format!("“{path}” is not a path below its place: use names and “/”, without “..”");
        return Err(ComponentError::new("file/bad-path", message).for_good());
    }
    Ok(relative.components().filter(|part| matches!(part, Component::Normal(_))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let project = [("data/orders.csv".to_owned(), Bytes::from_static(b"id\n1\n"))].into_iter().collect();
        Places { storage: "/shared".into(), project: Arc::new(project), local: "/home/ada".into() }
    }

    #[test]
    fn each_prefix_leads_to_its_place() {
        for (path, expected) in [
            ("storage:a/b.csv", "/shared/a/b.csv"),
            ("storage:/a", "/shared/a"),
            ("b.csv", "/home/ada/b.csv"),
            ("/tmp/c", "/tmp/c"),
        ] {
            assert_eq!(places().resolve(path).unwrap(), ResolvedPath::File(expected.into()), "{path}");
        }
        let ResolvedPath::ProjectFile { path, bytes } = places().resolve("project:./data/orders.csv").unwrap() else {
            panic!()
        };
        assert_eq!((path.as_str(), bytes.len()), ("data/orders.csv", 5));
    }

    #[test]
    fn no_path_leads_out_of_its_place() {
        for path in ["storage:../x", "storage:a/../../x", "project:..", "storage:", "project:/"] {
            assert_eq!(places().resolve(path).unwrap_err().code, "file/bad-path", "{path}");
        }
        assert_eq!(places().resolve(" ").unwrap_err().code, "file/no-path");
    }

    #[test]
    fn a_missing_project_file_names_the_one_probably_meant() {
        let error = places().resolve("project:data/order.csv").unwrap_err();
        assert_eq!(error.code, "file/not-found");
        assert!(error.message.contains("did you mean data/orders.csv?"), "{error}");
    }
}
