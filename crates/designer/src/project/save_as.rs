//! Saving the whole project, with what is not saved, in another folder.

use super::{OpenProject, ProjectView, absolute};
use crate::background::blocking;
use crate::{Command, CommandError, Designer};
use serde::Deserialize;
use std::sync::Arc;
use ts_rs::TS;

/// Copies the project, with its git repository and with every change that is not saved, into another folder, and opens it
/// there: the way out of a folder that may only be read and of a full disk. Errors: `project/exists`, `project/inside`,
/// `project/disk-full`, `project/read-only`.
#[derive(Debug, Deserialize, TS)]
pub struct ProjectSaveAs {
    /// The folder, which must be new or empty.
    pub path: String,
}

impl Command for ProjectSaveAs {
    const NAME: &'static str = "project_save_as";
    type Output = ProjectView;

    async fn run(self, designer: Arc<Designer>) -> Result<ProjectView, CommandError> {
        let (path, opening) = (absolute(&self.path), designer.opening());
        let project = designer.project()?;
        let copying = Arc::clone(&project);
        let copy = blocking(move || {
            let copy = copying.files().copy_to(path)?;
            for (flow, document) in copying.unsaved_documents() {
                let stamp = copy.stamp(&flow)?;
                copy.save(&flow, &document, stamp.as_ref())?;
            }
            OpenProject::open(copy, &opening)
        })
        .await?;
        // All of it is in the copy now.
        project.discard_unsaved();
        designer.show_project(copy)
    }
}
