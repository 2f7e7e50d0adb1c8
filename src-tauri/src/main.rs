//! The desktop host of the designer: windows, menus and dialogs around the `designer` crate. The only crate that knows
//! Tauri.

// Keeps Windows from opening a console beside the window.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod host;
mod menu;
mod renderer;
mod windows;

use designer::{CommandError, Designer, DesignerOptions};
use host::DesktopHost;
use serde_json::{Value, json};
use std::sync::Arc;
use tauri::{App, Manager, State, WebviewWindow};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};
use tracing_subscriber::EnvFilter;

fn main() -> tauri::Result<()> {
    renderer::choose();
    let filter = EnvFilter::try_from_env("CAIRN_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let project = std::env::args_os().nth(1);
    if matches!(project.as_ref().and_then(|argument| argument.to_str()), Some("-h" | "--help")) {
        println!("Usage: cairn-designer [PROJECT]\n\nOpens the designer on the project in the folder PROJECT.");
        return Ok(());
    }
    tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(tauri::generate_handler![call])
        .on_menu_event(menu::chosen)
        .on_window_event(windows::happened)
        .setup(move |app| {
            let designer = start(app);
            windows::open_designer(app.handle())?;
            if let Some(project) = project {
                open(app, &designer, &project.to_string_lossy());
            }
            Ok(())
        })
        .run(tauri::generate_context!())
}

/// Carries a call from a window to the designer.
#[tauri::command]
async fn call(
    window: WebviewWindow,
    designer: State<'_, Arc<Designer>>,
    name: String,
    input: Value,
) -> Result<Value, CommandError> {
    windows::check_may_call(window.label(), &name)?;
    designer.call(&name, input).await
}

/// Makes the designer and carries its events to the windows.
fn start(app: &App) -> Arc<Designer> {
    let designer = Designer::new(DesignerOptions {
        config: designer::default_config_folder(),
        host: Arc::new(DesktopHost::new(app.handle().clone())),
        use_keyring: true,
    });
    tauri::async_runtime::spawn(windows::carry_events(app.handle().clone(), designer.events()));
    app.manage(Arc::clone(&designer));
    designer
}

/// Opens the project that was named on the command line.
fn open(app: &App, designer: &Arc<Designer>, path: &str) {
    let opened = tauri::async_runtime::block_on(designer.call("project_open", json!({ "path": path })));
    if let Err(error) = opened {
        eprintln!("{error}");
        app.dialog().message(error.message).title("Cairn").kind(MessageDialogKind::Error).show(|_| {});
    }
}
