//! What the designer asks of the desktop.

use crate::notify::Notifications;
use crate::{menu, windows};
use async_trait::async_trait;
use designer::{CommandError, Host, HostKind, Menu, Notification, system};
use std::path::PathBuf;
use tauri::{AppHandle, Manager};
use tauri_plugin_dialog::DialogExt;
use tokio::sync::oneshot;

/// The desktop.
pub struct DesktopHost {
    app: AppHandle,
    notifications: Notifications,
}

impl DesktopHost {
    pub fn new(app: AppHandle) -> Self {
        Self { app, notifications: Notifications::default() }
    }
}

#[async_trait]
impl Host for DesktopHost {
    fn kind(&self) -> HostKind {
        HostKind::Desktop
    }

    fn parts(&self) -> Vec<(String, String)> {
        let mut parts = vec![("Tauri".to_owned(), tauri::VERSION.to_owned())];
        if let Ok(version) = tauri::webview_version() {
            parts.push(("WebKit".to_owned(), version));
        }
        parts.extend(system());
        parts
    }

    fn show_menu(&self, menus: Vec<Menu>) -> Result<(), CommandError> {
        let Some(window) = self.app.get_webview_window(windows::DESIGNER) else { return Ok(()) };
        menu::show(&self.app, &window, menus).map_err(|error| failed(&error))
    }

    async fn notify(&self, notification: Notification) -> Result<(), CommandError> {
        self.notifications.show(&self.app, &notification).await.map_err(|error| failed(&error))
    }

    fn ask_to_close(&self) -> Result<(), CommandError> {
        match self.app.get_webview_window(windows::DESIGNER) {
            Some(window) => window.close().map_err(|error| failed(&error)),
            None => Ok(()),
        }
    }

    fn open_monitor(&self) -> Result<(), CommandError> {
        windows::open_monitor(&self.app).map_err(|error| failed(&error))
    }

    fn close_window(&self) -> Result<(), CommandError> {
        match self.app.get_webview_window(windows::DESIGNER) {
            Some(window) => window.destroy().map_err(|error| failed(&error)),
            None => Ok(()),
        }
    }

    async fn choose_folder(&self, title: &str) -> Result<Option<PathBuf>, CommandError> {
        let (answer, chosen) = oneshot::channel();
        let mut dialog = self.app.dialog().file().set_title(title);
        if let Some(window) = self.app.get_webview_window(windows::DESIGNER) {
            dialog = dialog.set_parent(&window);
        }
        dialog.pick_folder(move |folder| {
            // The window may have been closed under the dialog.
            let _ = answer.send(folder);
        });
        let folder = chosen.await.ok().flatten();
        folder.map(|folder| folder.into_path().map_err(|error| failed(&error))).transpose()
    }

    async fn choose_file(&self, title: &str, name: &str) -> Result<Option<PathBuf>, CommandError> {
        let (answer, chosen) = oneshot::channel();
        let mut dialog = self.app.dialog().file().set_title(title).set_file_name(name);
        if let Some(window) = self.app.get_webview_window(windows::MONITOR) {
            dialog = dialog.set_parent(&window);
        }
        dialog.save_file(move |file| {
            // The window may have been closed under the dialog.
            let _ = answer.send(file);
        });
        let file = chosen.await.ok().flatten();
        file.map(|file| file.into_path().map_err(|error| failed(&error))).transpose()
    }
}

fn failed(error: &dyn std::fmt::Display) -> CommandError {
    CommandError::new("host/failed", format!("the desktop did not do it: {error}"))
}
