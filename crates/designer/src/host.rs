//! What the designer asks of its host: windows, dialogs, menus.

use crate::{Command, CommandError, Designer};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use ts_rs::TS;

/// What only a host can do. The desktop host has windows and dialogs; the loopback host has neither.
#[async_trait]
pub trait Host: Send + Sync {
    /// Which host it is.
    fn kind(&self) -> HostKind;

    /// Opens the monitor window, or brings it to the front.
    fn open_monitor(&self) -> Result<(), CommandError>;

    /// Closes the designer's window, unsaved changes or not.
    fn close_window(&self) -> Result<(), CommandError>;

    /// Lets the user choose a folder; `None` when the dialog was cancelled.
    async fn choose_folder(&self, title: &str) -> Result<Option<PathBuf>, CommandError>;
}

/// Which host carries the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum HostKind {
    /// The desktop window: it has a menu, a monitor window and dialogs.
    Desktop,
    /// A browser on `cairn design`: the user interface shows the menu itself, opens `monitor.html` in a tab and asks for
    /// paths as text.
    Browser,
    /// No user interface: tests and programs.
    None,
}

/// An item of the menu; its shortcut works everywhere in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the menu item of the same name")]
pub enum MenuItem {
    NewFlow,
    OpenProject,
    NewProject,
    Save,
    SaveAll,
    CloseFlow,
    Undo,
    Redo,
    Cut,
    Copy,
    Paste,
    Delete,
    SelectAll,
    AddNote,
    Group,
    ZoomIn,
    ZoomOut,
    ZoomToFit,
    AutoLayout,
    TogglePanel,
    Run,
    StopRun,
    Commit,
    Pull,
    Push,
    PushUpdate,
    History,
    Monitor,
    SignIn,
    FailoverTour,
    About,
}

/// The host of a program without user interface.
pub struct NoHost;

#[async_trait]
impl Host for NoHost {
    fn kind(&self) -> HostKind {
        HostKind::None
    }

    fn open_monitor(&self) -> Result<(), CommandError> {
        Err(not_here("open a window"))
    }

    fn close_window(&self) -> Result<(), CommandError> {
        Err(not_here("close a window"))
    }

    async fn choose_folder(&self, _title: &str) -> Result<Option<PathBuf>, CommandError> {
        Err(not_here("show a dialog"))
    }
}

/// The error of a host that cannot do `what`.
pub fn not_here(what: &str) -> CommandError {
    CommandError::new("host/not-available", format!("this host cannot {what}"))
}

/// Which host this is, and which release of Cairn.
#[derive(Debug, Deserialize, TS)]
pub struct HostView {}

/// The answer of `host_view`.
#[derive(Debug, Serialize, TS)]
pub struct HostDescription {
    /// The host.
    pub kind: HostKind,
    /// The release of Cairn: `0.1.0`.
    pub version: String,
}

impl Command for HostView {
    const NAME: &'static str = "host_view";
    type Output = HostDescription;

    async fn run(self, designer: Arc<Designer>) -> Result<HostDescription, CommandError> {
        Ok(HostDescription { kind: designer.host().kind(), version: env!("CARGO_PKG_VERSION").to_owned() })
    }
}

/// Opens the monitor window, or brings it to the front. Error `host/not-available` in a browser.
#[derive(Debug, Deserialize, TS)]
pub struct WindowOpenMonitor {}

impl Command for WindowOpenMonitor {
    const NAME: &'static str = "window_open_monitor";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        designer.host().open_monitor()
    }
}

/// Closes the designer's window and drops changes that are not saved; what a user interface calls after it has asked.
/// Error `host/not-available` in a browser, where nothing is dropped.
#[derive(Debug, Deserialize, TS)]
pub struct WindowClose {}

impl Command for WindowClose {
    const NAME: &'static str = "window_close";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        if designer.host().kind() != HostKind::Desktop {
            return Err(not_here("close a window"));
        }
        designer.discard_unsaved();
        designer.host().close_window()
    }
}

/// Lets the user choose a folder in the system's own dialog. Error `host/not-available` in a browser.
#[derive(Debug, Deserialize, TS)]
pub struct WindowChooseFolder {
    /// The dialog's title.
    pub title: String,
}

/// The answer of `window_choose_folder`.
#[derive(Debug, Serialize, TS)]
pub struct ChosenFolder {
    /// The folder; null when the dialog was cancelled.
    pub path: Option<String>,
}

impl Command for WindowChooseFolder {
    const NAME: &'static str = "window_choose_folder";
    type Output = ChosenFolder;

    async fn run(self, designer: Arc<Designer>) -> Result<ChosenFolder, CommandError> {
        let path = designer.host().choose_folder(&self.title).await?;
        Ok(ChosenFolder { path: path.map(|path| path.to_string_lossy().into_owned()) })
    }
}
