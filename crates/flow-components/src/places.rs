//! From the paths that authors write to files.

use crate::bucket::{Bucket, BucketPath};
use crate::{ComponentError, ResolvedPath};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The folder of the checkpoint storage that holds saved points. Flows must not touch it.
const RESERVED: &str = "objects";

/// A folder that a path leads to.
#[derive(Debug, Clone)]
pub enum Folder {
    /// On a disk; it need not exist.
    Disk(PathBuf),
    /// In the bucket of the checkpoint storage; it need not exist.
    Bucket(BucketPath),
    /// The files in a folder of the project and in those below it, by their path within that folder.
    Project(Vec<(String, Bytes)>),
}

/// What `storage:` stands for.
#[derive(Debug, Clone)]
pub enum StorageFiles {
    /// A folder that all servers see.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Arc<dyn Bucket>),
}

/// The places that paths lead to.
#[derive(Debug, Clone)]
pub struct Places {
    /// What `storage:` stands for.
    pub storage: StorageFiles,
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
            let inside = inner(path, inside)?;
            if inside.as_os_str().is_empty() {
                return Err(bad_path(path));
            }
            return Ok(match &self.storage {
                StorageFiles::Folder(folder) => ResolvedPath::File(folder.join(inside)),
                StorageFiles::Bucket(bucket) => ResolvedPath::InBucket(in_bucket(bucket, &inside)),
            });
        }
        if let Some(inside) = path.strip_prefix("project:") {
            let inside = inner(path, inside)?.to_string_lossy().into_owned();
            if inside.is_empty() {
                return Err(bad_path(path));
            }
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

    /// The folder that `path` leads to. `storage:` and `project:` alone are folders too; an empty path is the folder that
    /// local paths start from.
    pub fn folder(&self, path: &str) -> Result<Folder, ComponentError> {
        let path = path.trim();
        if let Some(inside) = path.strip_prefix("storage:") {
            let inside = inner(path, inside)?;
            return Ok(match &self.storage {
                StorageFiles::Folder(folder) => Folder::Disk(folder.join(inside)),
                StorageFiles::Bucket(bucket) => Folder::Bucket(in_bucket(bucket, &inside)),
            });
        }
        let Some(inside) = path.strip_prefix("project:") else { return Ok(Folder::Disk(self.local.join(path))) };
        let folder = inner(path, inside)?;
        let within =
            |file: &str| Path::new(file).strip_prefix(&folder).ok().map(|rest| rest.to_string_lossy().into_owned());
        let files = self.project.iter().filter_map(|(file, bytes)| Some((within(file)?, bytes.clone())));
        let files: Vec<(String, Bytes)> = files.filter(|(rest, _)| !rest.is_empty()).collect();
        if files.is_empty() {
            let message =
                format!("{path}: the project has no such folder; add files to it, commit, and push the update");
            return Err(ComponentError::new("file/not-found", message).for_good());
        }
        Ok(Folder::Project(files))
    }

    fn no_project_file(&self, path: &str) -> ComponentError {
        let near = flow_data::nearby_names(path, self.project.keys().map(String::as_str));
        let hint = match near.as_slice() {
            [] => "add it, commit, and push the update".to_owned(),
            near => format!("did you mean {}?", near.join(", ")),
        };
        // The pinned version never changes.
        ComponentError::new("file/not-found", format!("the project has no file “{path}”; {hint}")).for_good()
    }
}

fn in_bucket(bucket: &Arc<dyn Bucket>, inside: &Path) -> BucketPath {
    BucketPath { bucket: Arc::clone(bucket), path: inside.to_string_lossy().into_owned() }
}

/// The part behind the prefix, as a relative path without detours; empty for the place itself.
fn inner(path: &str, inside: &str) -> Result<PathBuf, ComponentError> {
    let relative = Path::new(inside.trim_start_matches('/'));
    if !relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(bad_path(path));
    }
    if is_reserved(path) {
        let message = format!("“{path}” is where saved points are kept: use another folder of the storage");
        return Err(ComponentError::new("file/reserved", message).for_good());
    }
    Ok(relative.components().filter(|part| matches!(part, Component::Normal(_))).collect())
}

fn bad_path(path: &str) -> ComponentError {
    let message = format!("“{path}” is not a path below its place: use names and “/”, without “..”");
    ComponentError::new("file/bad-path", message).for_good()
}

/// Whether a path leads to what Cairn itself keeps in the checkpoint storage.
pub(crate) fn is_reserved(path: &str) -> bool {
    let Some(inside) = path.trim().strip_prefix("storage:") else { return false };
    let mut parts = Path::new(inside.trim_start_matches('/')).components();
    parts.find(|part| !matches!(part, Component::CurDir)) == Some(Component::Normal(RESERVED.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let project = [("data/orders.csv".to_owned(), Bytes::from_static(b"id\n1\n"))].into_iter().collect();
        Places {
            storage: StorageFiles::Folder("/shared".into()),
            project: Arc::new(project),
            local: "/home/ada".into(),
        }
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
    fn a_folder_is_found_in_each_place() {
        for (path, expected) in
            [("storage:", "/shared"), ("storage:/a/", "/shared/a"), ("", "/home/ada"), ("b", "/home/ada/b")]
        {
            let Folder::Disk(folder) = places().folder(path).unwrap() else { panic!("{path}") };
            assert_eq!(folder, Path::new(expected), "{path}");
        }
        for (path, expected) in [("project:", "data/orders.csv"), ("project:data", "orders.csv")] {
            let Folder::Project(files) = places().folder(path).unwrap() else { panic!("{path}") };
            assert_eq!(files[0].0, expected);
        }
        assert_eq!(places().folder("project:dat").unwrap_err().code, "file/not-found");
        assert_eq!(places().folder("storage:..").unwrap_err().code, "file/bad-path");
    }

    #[test]
    fn flows_cannot_touch_saved_points() {
        for path in ["storage:objects", "storage:/objects/ab/cd", "storage:./objects/x"] {
            assert_eq!(places().resolve(path).unwrap_err().code, "file/reserved", "{path}");
            assert_eq!(places().folder(path).unwrap_err().code, "file/reserved", "{path}");
        }
        assert!(places().resolve("storage:objects.csv").is_ok() && places().resolve("objects/a").is_ok());
    }

    #[test]
    fn a_missing_project_file_names_the_one_probably_meant() {
        let error = places().resolve("project:data/order.csv").unwrap_err();
        assert_eq!(error.code, "file/not-found");
        assert!(error.message.contains("did you mean data/orders.csv?"), "{error}");
    }
}
