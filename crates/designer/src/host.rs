//! What the designer asks of its host: windows, dialogs, menus.

use crate::{Command, CommandError, Designer};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use ts_rs::TS;

/// What only a host can do. The desktop host has windows, a menu and dialogs; the others have none of it, and leave out what
/// they cannot do.
#[async_trait]
pub trait Host: Send + Sync {
    /// Which host it is.
    fn kind(&self) -> HostKind;

    /// What it stands on, for bug reports: name and version of each.
    fn parts(&self) -> Vec<(String, String)> {
        system()
    }

    /// Opens the monitor window, or brings it to the front.
    fn open_monitor(&self) -> Result<(), CommandError> {
        Err(not_here("open a window"))
    }

    /// Shows the menu of the designer's window. What is chosen comes back as [`Event::Menu`](crate::Event::Menu).
    fn show_menu(&self, _menus: Vec<Menu>) -> Result<(), CommandError> {
        Err(not_here("show a menu"))
    }

    /// Has the desktop tell its user something, whatever window they are looking at.
    async fn notify(&self, _notification: Notification) -> Result<(), CommandError> {
        Err(not_here("notify anybody"))
    }

    /// Asks the designer's window to close, as its own button does.
    fn ask_to_close(&self) -> Result<(), CommandError> {
        Err(not_here("close a window"))
    }

    /// Closes the designer's window, unsaved changes or not.
    fn close_window(&self) -> Result<(), CommandError> {
        Err(not_here("close a window"))
    }

    /// Lets the user choose a folder; `None` when the dialog was cancelled.
    async fn choose_folder(&self, _title: &str) -> Result<Option<PathBuf>, CommandError> {
        Err(not_here("show a dialog"))
    }

    /// Lets the user choose where a new file goes, which is called `name` unless they say otherwise; `None` when the dialog
    /// was cancelled. The dialog asks before it lets a file be replaced.
    async fn choose_file(&self, _title: &str, _name: &str) -> Result<Option<PathBuf>, CommandError> {
        Err(not_here("show a dialog"))
    }
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

/// A menu of the designer's window.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
pub struct Menu {
    /// Its title: `File`.
    pub title: String,
    /// What it holds, from above.
    pub entries: Vec<MenuEntry>,
}

/// An entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "entry", rename_all = "camelCase")]
#[ts(rename = "WindowMenuEntry")]
pub enum MenuEntry {
    /// Something to choose.
    Item(MenuItem),
    /// A line between items.
    Line,
}

/// Something to choose from a menu.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
pub struct MenuItem {
    /// The name of the action, which comes back when it is chosen.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// The shortcut that the menu listens for: `Ctrl+Shift+S`, where `Ctrl` is the key of the platform. None where text
    /// fields or the canvas have the key first.
    #[serde(default)]
    #[ts(optional)]
    pub keys: Option<String>,
    /// Whether it can be chosen now.
    pub enabled: bool,
}

/// What the desktop tells its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// In a few words.
    pub title: String,
    /// In a sentence.
    pub text: String,
    /// Whether somebody should do something about it.
    pub urgent: bool,
}

/// The host of a program without user interface.
pub struct NoHost;

#[async_trait]
impl Host for NoHost {
    fn kind(&self) -> HostKind {
        HostKind::None
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
    /// What it stands on, for bug reports: name and version of each.
    pub parts: Vec<(String, String)>,
}

impl Command for HostView {
    const NAME: &'static str = "host_view";
    type Output = HostDescription;

    async fn run(self, designer: Arc<Designer>) -> Result<HostDescription, CommandError> {
        Ok(HostDescription {
            kind: designer.host().kind(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            parts: designer.host().parts(),
        })
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

/// Shows the menu of the window, or shows it anew. Error `host/not-available` in a browser, where the page has it.
#[derive(Debug, Deserialize, TS)]
pub struct WindowMenu {
    /// The menus, from the left.
    pub menus: Vec<Menu>,
}

impl Command for WindowMenu {
    const NAME: &'static str = "window_menu";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        designer.host().show_menu(self.menus)
    }
}

/// Takes what the window was asked to show and does not show yet: the paths of projects, or of files within one. To be
/// asked once the page listens, and at every `open-asked`.
#[derive(Debug, Deserialize, TS)]
pub struct WindowTakeAsked {}

impl Command for WindowTakeAsked {
    const NAME: &'static str = "window_take_asked";
    type Output = Vec<String>;

    async fn run(self, designer: Arc<Designer>) -> Result<Vec<String>, CommandError> {
        Ok(designer.take_asked())
    }
}

/// Closes the window, as its own button does: where changes are not saved, the user is asked first. Error
/// `host/not-available` in a browser.
#[derive(Debug, Deserialize, TS)]
pub struct WindowQuit {}

impl Command for WindowQuit {
    const NAME: &'static str = "window_quit";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        designer.host().ask_to_close()
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

/// The system that this runs on.
pub fn system() -> Vec<(String, String)> {
    let name = std::fs::read_to_string("/etc/os-release").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(line.trim_matches('"').to_owned())
    });
    let platform = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    vec![("System".to_owned(), name.map_or_else(|| platform.clone(), |name| format!("{name} ({platform})")))]
}
