//! Desktop notifications, by the rules of freedesktop.org. A click on one opens the monitor.

use crate::windows;
use designer::Notification;
use futures::StreamExt;
use std::collections::HashMap;
use tauri::AppHandle;
use tokio::sync::OnceCell;
use zbus::zvariant::Value;
use zbus::{Connection, Proxy};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// The desktop entry of the package, which gives the notification its icon.
const ENTRY: &str = "cairn-designer";

/// The desktop's notifications, once they were needed.
#[derive(Default)]
pub struct Notifications(OnceCell<Proxy<'static>>);

impl Notifications {
    /// Has the desktop show it.
    pub async fn show(&self, app: &AppHandle, Notification { title, text, urgent }: &Notification) -> zbus::Result<()> {
        let desktop = self.0.get_or_try_init(|| connect(app.clone())).await?;
        let urgency: u8 = if *urgent { 2 } else { 1 };
        let hints = HashMap::from([("urgency", Value::from(urgency)), ("desktop-entry", Value::from(ENTRY))]);
        let actions = ["default", "Show"];
        // The text may hold markup, and what requests say is none.
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let message = ("Cairn", 0_u32, ENTRY, title.as_str(), text.as_str(), actions.as_slice(), hints, -1_i32);
        desktop.call_method("Notify", &message).await.map(drop)
    }
}

async fn connect(app: AppHandle) -> zbus::Result<Proxy<'static>> {
    let desktop = Proxy::new_owned(Connection::session().await?, NAME, PATH, NAME).await?;
    let mut clicks = desktop.receive_signal("ActionInvoked").await?;
    tauri::async_runtime::spawn(async move {
        while clicks.next().await.is_some() {
            if let Err(error) = windows::open_monitor(&app) {
                tracing::warn!(%error, "the monitor does not open");
            }
        }
    });
    Ok(desktop)
}
