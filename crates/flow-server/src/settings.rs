//! The settings: those that were made when this server was started, and those of the cluster, which every server goes
//! by as soon as they are changed.

pub mod limits;
mod table;

pub use table::{Definition, Place, TABLE};

use crate::config::{Given, ServerConfig};
use crate::wire;
use flow_api::{Setting, SettingApplies, SettingSource};
use flow_store::{Limit, NewRequest, Store, StoreError, Timestamp};
use parking_lot::RwLock;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// Changes of the database come by the thousand; the settings are read again this often at most.
const READ_AGAIN: Duration = Duration::from_millis(500);

/// The settings of this server.
pub struct Settings {
    /// What this server was started with, by key.
    fixed: HashMap<&'static str, Given>,
    /// What was set for the cluster.
    cluster: RwLock<Vec<flow_store::Setting>>,
    /// What operators set of limits.
    limits: RwLock<flow_store::Limits>,
}

/// What callers may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a session lasts that is not used.
    pub session_idle: Duration,
    /// How long a session lasts at most.
    pub session: Duration,
    /// The most requests that one call makes.
    pub requests_per_call: u32,
    /// While so many requests are queued, no more are made.
    pub queued_requests: u64,
    /// How long a server that is told to stop lets what runs come to its end.
    pub stop: Duration,
}

impl Limits {
    /// Until when a session counts that began at `began` and is used `now`.
    pub fn session_ends(&self, began: Timestamp, now: Timestamp) -> Timestamp {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        now.plus_ms(ms(self.session_idle)).min(began.plus_ms(ms(self.session)))
    }
}

impl Settings {
    /// Those of a server that is started with `config`, without those of the cluster.
    pub fn of(config: &ServerConfig) -> Self {
        let path = |path: &std::path::Path| json!(path.display().to_string());
        let tls = |file: fn(&crate::TlsFiles) -> &std::path::Path| {
            config.tls.as_ref().map_or(Value::Null, |files| path(file(files)))
        };
        let proxies: Vec<String> = config.trusted_proxies.iter().map(ToString::to_string).collect();
        let values = [
            ("server.listen", json!(config.listen.to_string())),
            ("server.address", json!(config.address)),
            ("server.name", json!(config.name)),
            ("server.state", path(&config.state)),
            ("server.spool", config.spool.as_deref().map_or(Value::Null, path)),
            ("server.concurrency", json!(config.concurrency)),
            ("server.speculation", json!(config.speculation)),
            ("server.clock_check", json!(config.clock_check)),
            ("server.tls_certificate", tls(|files| &files.certificate)),
            ("server.tls_key", tls(|files| &files.key)),
            ("server.trusted_proxies", json!(proxies.join(", "))),
            ("server.metrics_public", json!(config.metrics_public)),
            ("checkpoint.connection", Value::Null),
            ("checkpoint.storage", json!(config.storage.to_string())),
        ];
        let mut fixed: HashMap<&'static str, Given> = HashMap::new();
        for (key, value) in values {
            fixed.insert(key, Given { key, value, source: SettingSource::Default });
        }
        for given in &config.given {
            fixed.insert(given.key, given.clone());
        }
        Self { fixed, cluster: RwLock::default(), limits: RwLock::default() }
    }

    /// Reads those of the cluster.
    pub async fn read(&self, store: &dyn Store) -> Result<(), StoreError> {
        let settings = store.settings().await?;
        *self.limits.write() = flow_store::Limits::of_settings(&settings);
        *self.cluster.write() = settings;
        Ok(())
    }

    /// Reads those of the cluster whenever they may have changed, for ever.
    pub async fn follow(&self, store: &dyn Store) {
        let (mut changes, mut readable) = (store.changes(), true);
        while changes.changed().await.is_ok() {
            changes.borrow_and_update();
            match self.read(store).await {
                Ok(()) => readable = true,
                Err(error) => {
                    if std::mem::take(&mut readable) {
                        tracing::warn!(code = error.code(), %error, "the settings cannot be read; those from before hold");
                    }
                    // They may have changed, whether anything else does or not.
                    changes.mark_changed();
                }
            }
            tokio::time::sleep(READ_AGAIN).await;
        }
    }

    /// What callers may ask for.
    pub fn limits(&self) -> Limits {
        let number = |key: &str| self.number(key);
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        Limits {
            session_idle: seconds(number("limits.session_idle_minutes") * 60.0),
            session: seconds(number("limits.session_hours") * 3600.0),
            requests_per_call: number("limits.requests_per_call") as u32,
            queued_requests: number("limits.queued_requests") as u64,
            stop: seconds(number("limits.stop_seconds")),
        }
    }

    /// Leaves of what new requests use only what is limited, by their project or by an operator.
    pub fn limit(&self, new: &mut NewRequest) {
        let set = self.limits.read();
        let NewRequest { project, settings, .. } = new;
        settings.limits.retain(|limit| limit.most != Limit::NONE || set.set(project, &limit.of).is_some());
    }

    /// Whether the cluster is in maintenance: no new requests are made.
    pub fn in_maintenance(&self) -> bool {
        let cluster = self.cluster.read();
        cluster.iter().any(|setting| setting.key == "service.maintenance" && setting.value == json!(true))
    }

    /// How long a running request may make no progress, where its flow says nothing; zero for ever.
    pub fn stalled_after(&self) -> Duration {
        Duration::try_from_secs_f64(self.number("service.stalled_after_seconds")).unwrap_or_default()
    }

    /// The settings of the cluster, as they are stored.
    pub fn of_cluster(&self) -> Vec<flow_store::Setting> {
        self.cluster.read().clone()
    }

    /// Whether this server's name was given when it was started, so that it has it again at its next start.
    pub fn name_was_given(&self) -> bool {
        self.fixed.get("server.name").is_some_and(|given| given.source != SettingSource::Default)
    }

    /// Every setting with its effective value. `name` is what this server is called now.
    pub fn all(&self, name: &str) -> Vec<Setting> {
        TABLE.iter().map(|definition| self.effective(definition, name)).collect()
    }

    /// One setting with its effective value.
    pub fn effective(&self, definition: &Definition, name: &str) -> Setting {
        let cluster = self.cluster.read();
        let stored = cluster.iter().find(|setting| setting.key == definition.key);
        let default = definition.default.value();
        let (value, source) = match (definition.place, stored) {
            (Place::Start, _) => match self.fixed.get(definition.key) {
                Some(given) => (given.value.clone(), given.source),
                None => (default.clone(), SettingSource::Default),
            },
            (Place::Name, _) if self.name_was_given() => (json!(name), self.fixed["server.name"].source),
            (Place::Name, _) => (json!(name), SettingSource::Cluster),
            (Place::Cluster, Some(stored)) => (stored.value.clone(), SettingSource::Cluster),
            (Place::Cluster, None) => (default.clone(), SettingSource::Default),
        };
        let starts = definition.place == Place::Start;
        Setting {
            key: definition.key.to_owned(),
            group: definition.group.to_owned(),
            title: definition.title.to_owned(),
            help: definition.help.to_owned(),
            kind: definition.kind,
            unit: definition.unit.map(str::to_owned),
            value,
            default,
            source,
            applies: if starts { SettingApplies::AtStart } else { SettingApplies::AtOnce },
            changeable: !starts,
            version: stored.map_or(0, |stored| stored.version),
            changed_by: stored.map(|stored| stored.by.clone()),
            changed: stored.map(|stored| wire::time(stored.at)),
        }
    }

    fn number(&self, key: &str) -> f64 {
        let cluster = self.cluster.read();
        let stored = cluster.iter().find(|setting| setting.key == key).and_then(|setting| setting.value.as_f64());
        let default = || TABLE.iter().find(|one| one.key == key).and_then(|one| one.default.value().as_f64());
        stored.or_else(default).unwrap_or_default()
    }
}
