//! The parts of a desktop that the designer's window talks to: a session bus, and who shows notifications on it.

use crate::wait::until;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use zbus::connection::Builder;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, interface};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// A session bus of its own, on which notifications are taken. It ends with the test.
pub struct Desktop {
    /// Where the bus is.
    pub bus: String,
    shown: Shown,
    connection: Connection,
    process: Child,
}

/// Titles and texts of the notifications, in their order.
type Shown = Arc<Mutex<Vec<(String, String)>>>;

impl Desktop {
    /// Starts the bus.
    pub async fn start() -> Self {
        let mut process = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon starts; scripts/setup test installs it");
        let mut bus = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut bus).expect("its address");
        let bus = bus.trim().to_owned();
        let shown = Shown::default();
        let connection = Builder::address(bus.as_str())
            .and_then(|builder| builder.serve_at(PATH, Notifications(Arc::clone(&shown))))
            .and_then(|builder| builder.name(NAME))
            .expect("a bus to serve at")
            .build()
            .await
            .expect("the bus answers");
        Self { bus, shown, connection, process }
    }

    /// What a program needs in its environment to find the bus.
    pub fn environment(&self) -> (&'static str, String) {
        ("DBUS_SESSION_BUS_ADDRESS", self.bus.clone())
    }

    /// Waits until a notification is shown whose title holds `title`; its text.
    pub async fn until_shown(&self, title: &str) -> String {
        until(&format!("a notification “{title}”"), async || {
            let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.iter().find(|(known, _)| known.contains(title)).map(|(_, text)| text.clone())
        })
        .await
    }

    /// Clicks on the notification with this number, from 1.
    pub async fn click(&self, number: u32) {
        let message = (number, "default");
        self.connection.emit_signal(None::<&str>, PATH, NAME, "ActionInvoked", &message).await.expect("a click");
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Notifications(Shown);

#[interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the rules of freedesktop.org")]
    fn notify(
        &self,
        _app: &str,
        _replaces: u32,
        _icon: &str,
        title: String,
        text: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.push((title, text));
        u32::try_from(shown.len()).unwrap_or(u32::MAX)
    }
}
