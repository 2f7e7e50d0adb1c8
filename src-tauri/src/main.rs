//! The desktop host of the designer: windows, menus and dialogs around the `designer` crate. The only crate that knows
//! Tauri.

// Keeps Windows from opening a console beside the window.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod arguments;
mod host;
mod menu;
mod notify;
mod outside;
mod place;
mod webkit;
mod windows;

use arguments::Arguments;
use designer::{CommandError, Designer, DesignerOptions};
use flow_trace::{Process, Traces};
use host::DesktopHost;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tauri::{App, AppHandle, Manager, RunEvent, State, WebviewWindow};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};
use tracing_subscriber::EnvFilter;

fn main() -> tauri::Result<()> {
    webkit::prepare();
    let filter = EnvFilter::try_from_env("CAIRN_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let arguments = Arguments::of(std::env::args().skip(1));
    if let Some(answer) = arguments.answer() {
        println!("{answer}");
        return Ok(());
    }
    let mut builder = tauri::Builder::default();
    if !arguments.new_window {
        builder = builder.plugin(tauri_plugin_single_instance::init(started_again));
    }
    let traces = trace();
    let desktop = builder
        .plugin(tauri_plugin_dialog::init())
        .manage(menu::Shown::default())
        .invoke_handler(tauri::generate_handler![call])
        .on_menu_event(menu::chosen)
        .on_window_event(windows::happened)
        .setup(move |app| {
            let designer = start(app);
            // The project is there before the window asks for it.
            if let Some(path) = &arguments.path {
                open(app, &designer, path);
            }
            windows::open_designer(app.handle(), designer.project_name().as_deref())?;
            Ok(())
        })
        .build(tauri::generate_context!())?;
    desktop.run(move |_, event| {
        if let (RunEvent::Exit, Some(traces)) = (event, &traces) {
            traces.close();
        }
    });
    Ok(())
}

/// Lets the calls of clusters be traced if the environment says so.
fn trace() -> Option<Traces> {
    let process = Process { service: "cairn-designer", instance: None };
    let traces = tauri::async_runtime::block_on(async { Traces::of_environment(&process) });
    let traces =
        traces.inspect_err(|error| tracing::warn!(code = error.code(), %error, "nothing is traced")).ok()??;
    flow_trace::trace_calls(traces.clone());
    Some(traces)
}

/// Shows in this window what the program was started with once more.
fn started_again(app: &AppHandle, arguments: Vec<String>, folder: String) {
    if let Err(error) = windows::show_designer(app) {
        tracing::warn!(%error, "the window does not come to the front");
    }
    if let Some(path) = Arguments::of(arguments.into_iter().skip(1)).path {
        let path = PathBuf::from(folder).join(path).to_string_lossy().into_owned();
        app.state::<Arc<Designer>>().ask_to_open(path);
    }
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

/// Opens the project, or the flow, that was named on the command line.
fn open(app: &App, designer: &Arc<Designer>, path: &Path) {
    if let Err(error) = tauri::async_runtime::block_on(designer.open_path(path)) {
        eprintln!("{error}");
        app.dialog().message(error.message).title("Cairn").kind(MessageDialogKind::Error).show(|_| {});
    }
}
