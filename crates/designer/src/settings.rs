//! What its user set about the designer, and what its windows remember from one time to the next.

use crate::background::blocking;
use crate::{Command, CommandError, Designer, Event};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use ts_rs::TS;

/// The file of the settings.
const SETTINGS: &str = "settings.json";
/// The file of what windows remember.
const MEMORY: &str = "windows.json";
/// The most things that windows may remember, and the longest of them in bytes: a page that went wrong must not fill the
/// disk.
const REMEMBERED: usize = 500;
const LONGEST: usize = 64 * 1024;

/// What its user set about the designer. What a settings file leaves out is as it comes with Cairn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct DesignerSettings {
    /// The colours.
    pub theme: Theme,
    /// Whether things move.
    pub motion: Motion,
    /// The shortcuts of actions whose shortcuts were changed: `{"run": ["Ctrl+Enter"]}`; an empty list takes them away.
    pub keys: BTreeMap<String, Vec<String>>,
    /// How flows are edited.
    pub editor: EditorSettings,
    /// Whether the desktop tells of takeovers and errors on clusters.
    pub notifications: bool,
}

impl Default for DesignerSettings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            motion: Motion::default(),
            keys: BTreeMap::new(),
            editor: EditorSettings::default(),
            notifications: true,
        }
    }
}

/// The colours of the windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the desktop has them.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// With strong contrast.
    Contrast,
}

/// Whether things move on their way from one place to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Motion {
    /// As the desktop has it.
    #[default]
    System,
    /// Nothing moves by itself.
    Reduced,
}

/// How flows are edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct EditorSettings {
    /// Whether flows are saved to their files by themselves, a moment after the last change. The crash journal is kept
    /// in either case.
    pub autosave: bool,
    /// Whether the grid of the canvas is seen.
    pub show_grid: bool,
    /// Whether components snap to the grid and to each other.
    pub snap: bool,
    /// Whether the minimap is seen.
    pub minimap: bool,
}

impl Default for EditorSettings {
    fn default() -> Self {
        Self { autosave: false, show_grid: true, snap: true, minimap: true }
    }
}

/// The settings.
#[derive(Debug, Deserialize, TS)]
pub struct SettingsView {}

impl Command for SettingsView {
    const NAME: &'static str = "settings_view";
    type Output = DesignerSettings;

    async fn run(self, designer: Arc<Designer>) -> Result<DesignerSettings, CommandError> {
        Ok(designer.settings())
    }
}

/// Puts other settings in place of those that are; every window hears of it. Errors: `settings/cannot-write`.
#[derive(Debug, Deserialize, TS)]
pub struct SettingsChange {
    /// All settings as they shall be.
    pub settings: DesignerSettings,
}

impl Command for SettingsChange {
    const NAME: &'static str = "settings_change";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        let (config, settings) = (designer.config().clone(), self.settings.clone());
        blocking(move || config.write(SETTINGS, &settings)).await?;
        designer.emit(Event::SettingsChanged { settings: self.settings });
        Ok(())
    }
}

/// What the windows remember: sizes of panels, what is folded. By names that the user interface gives.
#[derive(Debug, Deserialize, TS)]
pub struct WindowMemory {}

impl Command for WindowMemory {
    const NAME: &'static str = "window_memory";
    type Output = BTreeMap<String, String>;

    async fn run(self, designer: Arc<Designer>) -> Result<BTreeMap<String, String>, CommandError> {
        Ok(designer.config().read(MEMORY))
    }
}

/// Remembers something for the windows to come. Errors: `window/too-much`, `settings/cannot-write`.
#[derive(Debug, Deserialize, TS)]
pub struct WindowRemember {
    /// Its name.
    pub name: String,
    /// What to remember.
    pub value: String,
}

impl Command for WindowRemember {
    const NAME: &'static str = "window_remember";
    type Output = ();

    async fn run(self, designer: Arc<Designer>) -> Result<(), CommandError> {
        blocking(move || designer.remember_for_windows(self.name, self.value)).await
    }
}

impl Designer {
    /// What windows remember under `name`.
    pub fn recall_for_windows(&self, name: &str) -> Option<String> {
        self.config().read::<BTreeMap<String, String>>(MEMORY).remove(name)
    }

    /// Remembers something for the windows to come. Blocks. Errors: `window/too-much`, `settings/cannot-write`.
    pub fn remember_for_windows(&self, name: String, value: String) -> Result<(), CommandError> {
        self.config().change(MEMORY, |memory: &mut BTreeMap<String, String>| {
            let is_known = memory.contains_key(&name);
            if name.len() + value.len() > LONGEST || !is_known && memory.len() >= REMEMBERED {
                return Err(CommandError::new("window/too-much", "the windows remember too much already"));
            }
            memory.insert(name, value);
            Ok(())
        })
    }

    /// The settings as they are now.
    pub fn settings(&self) -> DesignerSettings {
        self.config().read(SETTINGS)
    }
}
