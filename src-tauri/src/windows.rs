//! The windows: the designer and the monitor.

use crate::outside;
use crate::place::{self, Place};
use designer::{CommandError, Designer, Event, not_here};
use std::sync::Arc;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Emitter, Manager, WebviewUrl, WebviewWindowBuilder, Window, WindowEvent, Wry};
use tokio::sync::broadcast::{self, error::RecvError};

/// The label of the designer's window.
pub const DESIGNER: &str = "designer";
/// The label of the monitor's window.
pub const MONITOR: &str = "monitor";
/// The event that carries the designer's events to the pages.
const EVENT: &str = "cairn-event";

/// Opens the designer's window.
pub fn open_designer(app: &AppHandle, project: Option<&str>) -> tauri::Result<()> {
    let builder = window(app, DESIGNER, "designer.html");
    let builder = builder.title(title(project)).min_inner_size(900.0, 560.0);
    Place::remembered(app, DESIGNER, (1400.0, 860.0)).of(builder).build()?;
    Ok(())
}

/// A window on a page of the user interface. Links to elsewhere open outside of it.
fn window<'a>(app: &'a AppHandle, label: &str, page: &str) -> WebviewWindowBuilder<'a, Wry, AppHandle> {
    WebviewWindowBuilder::new(app, label, WebviewUrl::App(page.into())).on_new_window(|address, _| {
        outside::open(&address);
        NewWindowResponse::Deny
    })
}

/// Brings the designer's window to the front.
pub fn show_designer(app: &AppHandle) -> tauri::Result<()> {
    let Some(window) = app.get_webview_window(DESIGNER) else { return Ok(()) };
    window.unminimize()?;
    window.set_focus()
}

/// Opens the monitor's window, or brings it to the front.
pub fn open_monitor(app: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(MONITOR) {
        window.unminimize()?;
        return window.set_focus();
    }
    let builder = window(app, MONITOR, "monitor.html");
    let builder = builder.title("Cairn Monitor").min_inner_size(720.0, 480.0);
    Place::remembered(app, MONITOR, (1200.0, 760.0)).of(builder).build()?;
    Ok(())
}

/// What the monitor may call, besides everything about clusters.
const MONITORS: [&str; 6] =
    ["host_view", "project_current", "palette", "settings_view", "window_memory", "window_remember"];

/// The monitor looks at clusters; it opens no projects and edits no flows.
pub fn check_may_call(window: &str, command: &str) -> Result<(), CommandError> {
    let may =
        window == DESIGNER || (window == MONITOR && (command.starts_with("cluster_") || MONITORS.contains(&command)));
    if may { Ok(()) } else { Err(not_here(&format!("let the window “{window}” call {command}"))) }
}

/// Carries the designer's events to the pages, and the project's name into the title.
pub async fn carry_events(app: AppHandle, mut events: broadcast::Receiver<Event>) {
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            // The windows ask again when they see a gap in revisions; everything else is told again at its next change.
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "the windows missed events");
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        if let Event::ProjectChanged { project } = &event
            && let Some(window) = app.get_webview_window(DESIGNER)
        {
            let _ = window.set_title(&title(project.as_ref().map(|project| project.name.as_str())));
        }
        if let Err(error) = app.emit(EVENT, &event) {
            tracing::warn!(%error, "an event did not reach the windows");
        }
    }
}

/// The title of the designer's window on a project.
fn title(project: Option<&str>) -> String {
    project.map_or_else(|| "Cairn".to_owned(), |name| format!("{name} – Cairn"))
}

/// Keeps a window with unsaved changes open until the user interface has asked; ends with the designer's window.
pub fn happened(window: &Window, event: &WindowEvent) {
    if matches!(event, WindowEvent::CloseRequested { .. }) {
        place::remember(window);
    }
    if window.label() != DESIGNER {
        return;
    }
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            let designer = window.state::<Arc<Designer>>();
            let unsaved = designer.unsaved();
            if !unsaved.is_empty() {
                api.prevent_close();
                designer.emit(Event::CloseRequested { unsaved });
            }
        }
        WindowEvent::Destroyed => window.app_handle().exit(0),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::check_may_call;

    #[test]
    fn the_monitor_may_look_at_clusters_and_edit_nothing() {
        assert!(check_may_call("monitor", "cluster_requests").is_ok());
        for command in ["flow_apply_edit", "project_open", "vcs_commit", "push_update", "tour_start", "settings_change"]
        {
            assert!(check_may_call("monitor", command).is_err(), "{command}");
            assert!(check_may_call("designer", command).is_ok(), "{command}");
        }
        assert!(check_may_call("stranger", "cluster_list").is_err());
    }
}
