//! Finding files by a path or a pattern.

use super::leftovers::PREFIX;
use crate::places::{Folder, is_reserved};
use crate::{BucketFile, BucketPath, ComponentError, ResolvedPath, Services};
use bytes::Bytes;
use globset::{GlobBuilder, GlobMatcher};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::SystemTime;

/// A file that a path or a pattern led to.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Its path as components take it: `storage:inbox/orders.csv`.
    pub(crate) path: String,
    /// Where it is.
    pub(crate) place: ResolvedPath,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// When it was written last; not known of files of the project.
    pub(crate) modified: Option<SystemTime>,
}

impl Found {
    /// Its name without folders.
    pub(crate) fn name(&self) -> &str {
        let (_, inside) = self.path.split_at(root_length(&self.path));
        inside.rsplit('/').next().unwrap_or_default()
    }
}

/// A search for files, prepared so that it can go on where blocking is allowed.
pub(crate) struct Search(Step);

enum Step {
    /// One file.
    File { path: String, place: ResolvedPath },
    /// One file, or those in a folder if it is one.
    FileOrFolder { path: String, file: PathBuf },
    /// One file in a bucket, or those in a folder there if there is no such file.
    InBucket { path: String, place: BucketPath },
    /// What fits in a folder.
    Folder { path: String, folder: Folder, matcher: Matcher },
}

impl Search {
    /// The file at `path`. A folder there is an error.
    pub(crate) fn for_file(services: &dyn Services, path: &str) -> Result<Self, ComponentError> {
        let path = path.trim();
        Ok(Self(Step::File { path: path.to_owned(), place: services.resolve(path)? }))
    }

    /// The file at `path`, or the files in the folder there.
    pub(crate) fn for_file_or_folder(services: &dyn Services, path: &str) -> Result<Self, ComponentError> {
        let path = path.trim();
        let folder = if path.is_empty() { None } else { services.folder(path).ok() };
        let all = |folder| Ok(Self(Step::Folder { path: path.to_owned(), folder, matcher: Matcher::new("*")? }));
        match (services.resolve(path), folder) {
            (_, Some(folder @ Folder::Project(_))) | (Err(_), Some(folder)) => all(folder),
            (Ok(ResolvedPath::File(file)), _) => Ok(Self(Step::FileOrFolder { path: path.to_owned(), file })),
            (Ok(ResolvedPath::InBucket(place)), _) => Ok(Self(Step::InBucket { path: path.to_owned(), place })),
            (Ok(place), _) => Ok(Self(Step::File { path: path.to_owned(), place })),
            (Err(error), None) => Err(error),
        }
    }

    /// The files that fit `pattern`: `*` stands for any characters of a name, `**` for any folders; `?`, `[a-z]` and
    /// `{csv,txt}` may stand in it too.
    pub(crate) fn for_pattern(services: &dyn Services, pattern: &str) -> Result<Self, ComponentError> {
        let (folder, inside) = split(pattern.trim());
        let matcher = Matcher::new(inside)?;
        Ok(Self(Step::Folder { path: folder.to_owned(), folder: services.folder(folder)?, matcher }))
    }

    /// The files, by path. None is an empty list where there may be several, but a folder that is not there is an error:
    /// probably its name is wrong. Blocks.
    pub(crate) fn run(self) -> Result<Vec<Found>, ComponentError> {
        match self.0 {
            Step::File { path, place: ResolvedPath::ProjectFile { path: inside, bytes } } => {
                let size = bytes.len() as u64;
                Ok(vec![Found { path, place: ResolvedPath::ProjectFile { path: inside, bytes }, size, modified: None }])
            }
            Step::File { path, place: ResolvedPath::InBucket(place) } => {
                let file = place.look().map_err(|error| super::cannot_read(&path, &error))?;
                Ok(vec![in_bucket(path, &place, file)])
            }
            Step::File { path, place: ResolvedPath::File(file) } => match on_disk(&path, file)? {
                Some(found) => Ok(vec![found]),
                None => Err(super::cannot_read(&path, &ErrorKind::IsADirectory.into())),
            },
            Step::FileOrFolder { path, file } => match on_disk(&path, file.clone())? {
                Some(found) => Ok(vec![found]),
                None => Matcher::new("*")?.among(&path, Folder::Disk(file)),
            },
            Step::InBucket { path, place } => match place.look() {
                Ok(file) => Ok(vec![in_bucket(path, &place, file)]),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    match Matcher::new("*")?.among(&path, Folder::Bucket(place))? {
                        // There are no folders in a bucket but those that files are in.
                        files if files.is_empty() => Err(cannot_list(&path, &error)),
                        files => Ok(files),
                    }
                }
                Err(error) => Err(super::cannot_read(&path, &error)),
            },
            Step::Folder { path, folder, matcher } => matcher.among(&path, folder),
        }
    }
}

/// The file at exactly this path; none if a folder is there.
fn on_disk(path: &str, file: PathBuf) -> Result<Option<Found>, ComponentError> {
    let metadata = fs::metadata(&file).map_err(|error| super::cannot_read(path, &error))?;
    let (size, modified) = (metadata.len(), metadata.modified().ok());
    Ok((!metadata.is_dir()).then(|| Found { path: path.to_owned(), place: ResolvedPath::File(file), size, modified }))
}

fn in_bucket(path: String, near: &BucketPath, file: BucketFile) -> Found {
    let BucketFile { path: inside, size, modified } = file;
    Found { path, place: ResolvedPath::InBucket(near.of(inside)), size, modified: Some(modified) }
}

/// The folders before the first one with a pattern, and the rest.
fn split(path: &str) -> (&str, &str) {
    let root = root_length(path);
    let first = path.find(['*', '?', '[', '{']).unwrap_or(path.len());
    match path.get(root..first).and_then(|folders| folders.rfind('/')) {
        // The slash that stands for the root itself belongs to the folder.
        Some(0) => path.split_at(root + 1),
        Some(at) => (&path[..root + at], &path[root + at + 1..]),
        None => path.split_at(root),
    }
}

/// The length of the word before the first name: `storage:`, `project:`, or nothing.
fn root_length(path: &str) -> usize {
    ["storage:", "project:"].into_iter().find(|root| path.starts_with(root)).map_or(0, str::len)
}

/// What paths within a folder must look like.
struct Matcher {
    glob: GlobMatcher,
    /// How deep the folders may be; none for any depth.
    depth: Option<usize>,
}

impl Matcher {
    fn new(pattern: &str) -> Result<Self, ComponentError> {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| {
            let message = format!("“{pattern}” is no pattern of file names: {}", error.kind());
            ComponentError::new("file/bad-pattern", message).for_good()
        })?;
        let depth = (!pattern.contains("**")).then(|| pattern.matches('/').count());
        Ok(Self { glob: glob.compile_matcher(), depth })
    }

    /// The files that fit in the folder that authors name `path`, in order.
    fn among(&self, path: &str, folder: Folder) -> Result<Vec<Found>, ComponentError> {
        let prefix = match path {
            "" => String::new(),
            root if root.ends_with([':', '/']) => root.to_owned(),
            folder => format!("{folder}/"),
        };
        let mut found = match folder {
            Folder::Project(files) => self.in_project(&prefix, files),
            Folder::Disk(folder) => self.on_disk(path, &prefix, folder)?,
            Folder::Bucket(folder) => self.in_bucket(path, &prefix, &folder)?,
        };
        found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn in_project(&self, prefix: &str, files: Vec<(String, Bytes)>) -> Vec<Found> {
        let fitting = files.into_iter().filter(|(inside, _)| self.glob.is_match(inside));
        let found = fitting.map(|(inside, bytes)| {
            let path = format!("{prefix}{inside}");
            let within = path.trim_start_matches("project:").trim_start_matches('/').to_owned();
            let size = bytes.len() as u64;
            Found { path, place: ResolvedPath::ProjectFile { path: within, bytes }, size, modified: None }
        });
        found.collect()
    }

    fn in_bucket(&self, path: &str, prefix: &str, folder: &BucketPath) -> Result<Vec<Found>, ComponentError> {
        let files = folder.list(self.depth != Some(0)).map_err(|error| cannot_list(path, &error))?;
        let fitting = files.into_iter().filter_map(|file| {
            let inside = file.path.strip_prefix(&folder.path)?.trim_start_matches('/').to_owned();
            let shown = format!("{prefix}{inside}");
            (self.glob.is_match(&inside) && !is_reserved(&shown)).then(|| in_bucket(shown, folder, file))
        });
        Ok(fitting.collect())
    }

    /// Looks through a folder and those in it. Folders behind symbolic links are left out: they may lead in a circle.
    fn on_disk(&self, path: &str, prefix: &str, root: PathBuf) -> Result<Vec<Found>, ComponentError> {
        let mut found = Vec::new();
        let mut folders = vec![(root, String::new(), 0)];
        while let Some((here, inside, depth)) = folders.pop() {
            let entries = match fs::read_dir(&here) {
                Ok(entries) => entries,
                // One below the first may be gone by now.
                Err(error) if depth > 0 && error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(cannot_list(path, &error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| cannot_list(path, &error))?;
                // A name that is no text cannot be written down in a path.
                let Ok(name) = entry.file_name().into_string() else { continue };
                let inside = format!("{inside}{name}");
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    let deeper = self.depth.is_none_or(|deepest| depth < deepest);
                    if deeper && !is_reserved(&format!("{prefix}{inside}")) {
                        folders.push((entry.path(), format!("{inside}/"), depth + 1));
                    }
                } else if !name.starts_with(PREFIX) && self.glob.is_match(&inside) {
                    // A file that is gone by now was never found.
                    found.extend(on_disk(&format!("{prefix}{inside}"), entry.path()).ok().flatten());
                }
            }
        }
        Ok(found)
    }
}

fn cannot_list(folder: &str, error: &std::io::Error) -> ComponentError {
    let why = match error.kind() {
        ErrorKind::NotFound => "there is no such folder; make it, or correct the path",
        ErrorKind::NotADirectory => "this is a file, not a folder",
        _ => return super::cannot_read(folder, error),
    };
    ComponentError::new("file/not-found", format!("{folder}: {why}"))
}
