//! The menu of the designer's window. What is chosen goes to the user interface as an event, by keyboard or by mouse.

use designer::{Designer, Event, MenuItem};
use serde_json::{Value, from_value, to_value};
use std::sync::Arc;
use tauri::menu::{Menu, MenuEvent, MenuItemBuilder, Submenu, SubmenuBuilder};
use tauri::{AppHandle, Manager, Wry};

/// An entry of a menu: an item with its title and its shortcut, or a line.
enum Entry {
    Item(MenuItem, &'static str, Option<&'static str>),
    Line,
}

use Entry::{Item, Line};

/// The menu.
pub fn build(app: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let file = [
        Item(MenuItem::NewFlow, "New Flow…", Some("CmdOrCtrl+N")),
        Line,
        Item(MenuItem::NewProject, "New Project…", None),
        Item(MenuItem::OpenProject, "Open Project…", Some("CmdOrCtrl+O")),
        Line,
        Item(MenuItem::Save, "Save", Some("CmdOrCtrl+S")),
        Item(MenuItem::SaveAll, "Save All", Some("CmdOrCtrl+Shift+S")),
        Item(MenuItem::CloseFlow, "Close Flow", Some("CmdOrCtrl+W")),
    ];
    // What a text field does by itself with these keys has no shortcut here, for the menu would take it away.
    let edit = [
        Item(MenuItem::Undo, "Undo", Some("CmdOrCtrl+Z")),
        Item(MenuItem::Redo, "Redo", Some("CmdOrCtrl+Shift+Z")),
        Line,
        Item(MenuItem::Cut, "Cut", None),
        Item(MenuItem::Copy, "Copy", None),
        Item(MenuItem::Paste, "Paste", None),
        Item(MenuItem::Delete, "Delete", None),
        Line,
        Item(MenuItem::SelectAll, "Select All", None),
        Line,
        Item(MenuItem::AddNote, "Add a Note", None),
        Item(MenuItem::Group, "Group the Chosen Components", Some("CmdOrCtrl+G")),
    ];
    let view = [
        Item(MenuItem::ZoomIn, "Zoom In", Some("CmdOrCtrl+=")),
        Item(MenuItem::ZoomOut, "Zoom Out", Some("CmdOrCtrl+-")),
        Item(MenuItem::ZoomToFit, "Zoom to Fit", Some("CmdOrCtrl+0")),
        Line,
        Item(MenuItem::AutoLayout, "Arrange Automatically", Some("CmdOrCtrl+Shift+L")),
        Line,
        Item(MenuItem::TogglePanel, "Show or Hide the Panel", Some("CmdOrCtrl+J")),
    ];
    let run = [Item(MenuItem::Run, "Run", Some("F5")), Item(MenuItem::StopRun, "Stop", Some("Shift+F5"))];
    let versions = [
        Item(MenuItem::Commit, "Commit…", Some("CmdOrCtrl+K")),
        Item(MenuItem::Pull, "Pull", None),
        Item(MenuItem::Push, "Push", None),
        Line,
        Item(MenuItem::PushUpdate, "Push Update…", Some("CmdOrCtrl+Shift+K")),
        Line,
        Item(MenuItem::History, "History", None),
    ];
    let window = [
        Item(MenuItem::Monitor, "Monitor", Some("CmdOrCtrl+M")),
        Line,
        Item(MenuItem::SignIn, "Sign In to a Cluster…", None),
    ];
    let help = [Item(MenuItem::FailoverTour, "Failover Tour", None), Line, Item(MenuItem::About, "About Cairn", None)];
    let menus = [
        submenu(app, "File", &file)?,
        submenu(app, "Edit", &edit)?,
        submenu(app, "View", &view)?,
        submenu(app, "Run", &run)?,
        submenu(app, "Version Control", &versions)?,
        submenu(app, "Window", &window)?,
        submenu(app, "Help", &help)?,
    ];
    let menu = Menu::new(app)?;
    for entry in &menus {
        menu.append(entry)?;
    }
    Ok(menu)
}

/// Tells the user interface what was chosen.
pub fn chosen(app: &AppHandle, event: MenuEvent) {
    let id = Value::String(event.id().as_ref().to_owned());
    match from_value(id) {
        Ok(item) => app.state::<Arc<Designer>>().emit(Event::Menu { item }),
        Err(error) => tracing::warn!(%error, "an unknown menu item was chosen"),
    }
}

fn submenu(app: &AppHandle, title: &str, entries: &[Entry]) -> tauri::Result<Submenu<Wry>> {
    let mut menu = SubmenuBuilder::new(app, title);
    for entry in entries {
        menu = match entry {
            Item(item, title, shortcut) => {
                let item = MenuItemBuilder::with_id(id_of(*item), title);
                let item = match shortcut {
                    Some(shortcut) => item.accelerator(shortcut),
                    None => item,
                };
                menu.item(&item.build(app)?)
            }
            Line => menu.separator(),
        };
    }
    menu.build()
}

/// The id of an item is its name in the event.
fn id_of(item: MenuItem) -> String {
    to_value(item).ok().and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::id_of;
    use designer::MenuItem;
    use serde_json::{Value, from_value};

    #[test]
    fn an_item_is_found_again_by_its_id() {
        for item in [MenuItem::NewFlow, MenuItem::PushUpdate, MenuItem::FailoverTour] {
            assert_eq!(from_value::<MenuItem>(Value::String(id_of(item))).unwrap(), item);
        }
    }
}
