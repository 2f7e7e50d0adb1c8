//! The menu of the designer's window. The user interface says what is in it; what is chosen goes back to it as an event, by
//! keyboard or by mouse.

use designer::{Designer, Event, Menu, MenuEntry, MenuItem};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tauri::menu::{Menu as WindowMenu, MenuEvent, MenuItem as WindowItem, MenuItemBuilder, Submenu, SubmenuBuilder};
use tauri::{AppHandle, Manager, WebviewWindow, Wry};

/// The menu that is shown.
#[derive(Default)]
pub struct Shown(Mutex<Option<Built>>);

struct Built {
    /// As it was asked for, but for what can be chosen.
    menus: Vec<Menu>,
    items: HashMap<String, WindowItem<Wry>>,
}

/// Shows the menus in the window: where only what can be chosen has changed, those that are there.
pub fn show(app: &AppHandle, window: &WebviewWindow, menus: Vec<Menu>) -> tauri::Result<()> {
    let state = app.state::<Shown>();
    let mut shown = state.0.lock().unwrap_or_else(PoisonError::into_inner);
    let plain = without_enabled(&menus);
    if let Some(built) = shown.as_ref().filter(|built| built.menus == plain) {
        for item in items_of(&menus) {
            if let Some(known) = built.items.get(&item.name) {
                known.set_enabled(item.enabled)?;
            }
        }
        return Ok(());
    }
    let mut items = HashMap::new();
    let menu = WindowMenu::new(app)?;
    for one in &menus {
        menu.append(&submenu(app, one, &mut items)?)?;
    }
    window.set_menu(menu)?;
    *shown = Some(Built { menus: plain, items });
    Ok(())
}

/// Tells the user interface what was chosen.
pub fn chosen(app: &AppHandle, event: MenuEvent) {
    app.state::<Arc<Designer>>().emit(Event::Menu { item: event.id().as_ref().to_owned() });
}

fn submenu(app: &AppHandle, menu: &Menu, items: &mut HashMap<String, WindowItem<Wry>>) -> tauri::Result<Submenu<Wry>> {
    let mut builder = SubmenuBuilder::new(app, &menu.title);
    for entry in &menu.entries {
        builder = match entry {
            MenuEntry::Line => builder.separator(),
            MenuEntry::Item(item) => {
                let built = build(app, item)?;
                let with = builder.item(&built);
                items.insert(item.name.clone(), built);
                with
            }
        };
    }
    builder.build()
}

fn build(app: &AppHandle, item: &MenuItem) -> tauri::Result<WindowItem<Wry>> {
    let plain = || MenuItemBuilder::with_id(&item.name, &item.label).enabled(item.enabled);
    match &item.keys {
        // A shortcut that the desktop does not know (a letter of another script) is left to the page.
        Some(keys) => plain().accelerator(accelerator(keys)).build(app).or_else(|_| plain().build(app)),
        None => plain().build(app),
    }
}

/// A shortcut as Tauri writes it: `CmdOrCtrl+Shift+S`.
fn accelerator(keys: &str) -> String {
    let arrows = [("←", "Left"), ("→", "Right"), ("↑", "Up"), ("↓", "Down")];
    let named = arrows.iter().fold(keys.to_owned(), |keys, (sign, name)| keys.replace(sign, name));
    match named.strip_prefix("Ctrl+") {
        Some(rest) => format!("CmdOrCtrl+{rest}"),
        None => named,
    }
}

fn items_of(menus: &[Menu]) -> impl Iterator<Item = &MenuItem> {
    menus.iter().flat_map(|menu| &menu.entries).filter_map(|entry| match entry {
        MenuEntry::Item(item) => Some(item),
        MenuEntry::Line => None,
    })
}

fn without_enabled(menus: &[Menu]) -> Vec<Menu> {
    let mut plain = menus.to_vec();
    for entry in plain.iter_mut().flat_map(|menu| &mut menu.entries) {
        if let MenuEntry::Item(item) = entry {
            item.enabled = true;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Menu, MenuEntry, MenuItem, accelerator, without_enabled};

    #[test]
    fn shortcuts_are_written_as_the_desktop_has_them() {
        assert_eq!(accelerator("Ctrl+Shift+S"), "CmdOrCtrl+Shift+S");
        assert_eq!(accelerator("Ctrl+←"), "CmdOrCtrl+Left");
        assert_eq!(accelerator("F5"), "F5");
    }

    #[test]
    fn a_menu_is_the_same_whatever_can_be_chosen_now() {
        let menu = |enabled, label: &str| {
            let (name, label) = ("save".to_owned(), label.to_owned());
            let item = MenuItem { name, label, keys: None, enabled };
            vec![Menu { title: "File".to_owned(), entries: vec![MenuEntry::Item(item), MenuEntry::Line] }]
        };
        assert_eq!(without_enabled(&menu(false, "Save")), without_enabled(&menu(true, "Save")));
        assert_ne!(without_enabled(&menu(true, "Save")), without_enabled(&menu(true, "Store")));
    }
}
