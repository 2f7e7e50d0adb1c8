//! The sample projects that come with Cairn.

use crate::CommandError;
use rust_embed::RustEmbed;
use serde::Serialize;
use std::path::Path;
use ts_rs::TS;

#[derive(RustEmbed)]
#[folder = "../../flows-sample"]
struct Embedded;

/// A sample project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct Sample {
    /// Its name, which is that of its folder: `orders`.
    pub name: &'static str,
    /// What it shows.
    pub description: &'static str,
}

/// The sample projects, the one to begin with first.
pub const SAMPLES: &[Sample] = &[
    Sample {
        name: "orders",
        description: "Read a file, work out totals, write them to a database: the flow of the tour.",
    },
    Sample {
        name: "api-sync",
        description: "Fetch pages of records from an HTTP service and keep a database in step.",
    },
    Sample { name: "large-files", description: "Go through a file that does not fit into memory." },
];

/// Writes the files of the sample `name` below the folder `to`. Errors: `sample/unknown`, `sample/cannot-write`.
pub fn write_sample(name: &str, to: &Path) -> Result<(), CommandError> {
    if !SAMPLES.iter().any(|sample| sample.name == name) {
        return Err(CommandError::new("sample/unknown", format!("there is no sample “{name}”")));
    }
    let prefix = format!("{name}/");
    for path in Embedded::iter() {
        if let (Some(inside), Some(file)) = (path.strip_prefix(&prefix), Embedded::get(&path)) {
            let path = to.join(inside);
            let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            written.and_then(|()| std::fs::write(&path, &file.data)).map_err(|error| {
                CommandError::new("sample/cannot-write", format!("cannot write {}: {error}", path.display()))
            })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Embedded, SAMPLES, write_sample};
    use std::collections::BTreeSet;

    #[test]
    fn every_sample_folder_is_told_of_and_makes_a_project() {
        let folders: BTreeSet<String> =
            Embedded::iter().filter_map(|path| path.split_once('/').map(|(folder, _)| folder.to_owned())).collect();
        assert_eq!(folders, SAMPLES.iter().map(|sample| sample.name.to_owned()).collect());
        let folder = tempfile::tempdir().unwrap();
        for sample in SAMPLES {
            let to = folder.path().join(sample.name);
            write_sample(sample.name, &to).unwrap();
            assert!(!flow_project::Project::open(&to).unwrap().flow_names().unwrap().is_empty());
        }
    }
}
