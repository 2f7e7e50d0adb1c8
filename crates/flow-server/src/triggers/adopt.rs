//! Changing over to another version: once every running server has it.

use super::active::OpenTriggers;
use crate::state::App;
use flow_store::{ProjectName, ProjectVersion, Server, ServerState, StoreError};

/// Lets the triggers of each project go by the version that every running server has.
pub async fn adopt(app: &App) -> Result<(), StoreError> {
    let servers = app.store.servers().await?;
    let present = app.triggers.active();
    for project in app.store.projects().await? {
        let Some(version) = version_of_all(&servers, &project.name) else { continue };
        if present.projects().get(&project.name).is_some_and(|known| known.version.version == version.version) {
            continue;
        }
        let open = OpenTriggers::read(app, &project.name, version.clone()).await?;
        if app.store.adopt_triggers(&project.name, &version, open.known()).await? {
            let (triggers, broken) = (open.triggers.len(), open.broken.len());
            tracing::info!(project = %project.name, version = %version.version, triggers, broken, "triggers changed over");
        }
    }
    Ok(())
}

/// The version of a project that every running server has.
fn version_of_all(servers: &[Server], project: &ProjectName) -> Option<ProjectVersion> {
    let mut running = servers.iter().filter(|server| server.state == ServerState::Running);
    let of = |server: &Server| {
        let version = server.versions.iter().find(|version| version.project == *project)?;
        Some(ProjectVersion { version: version.version.clone(), commit: version.commit.clone() })
    };
    let first = of(running.next()?)?;
    running.all(|server| of(server).is_some_and(|version| version.version == first.version)).then_some(first)
}
