//! The settings that limit how many requests of a flow, or of all flows that use a connection, run at once. There is one
//! for each flow and connection of the versions that this server has.

use super::Settings;
use crate::state::App;
use crate::wire;
use flow_api::{Setting, SettingApplies, SettingKind, SettingSource};
use flow_store::{Limit, Limited, ProjectName, StoreError};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most that a limit can be.
const GREATEST: u64 = 1_000_000;

/// What can be limited: the number that the project says, if it does.
type Known = BTreeMap<(ProjectName, Limited), Option<u32>>;

/// The limits, by project.
pub async fn all(app: &App) -> Result<Vec<Setting>, StoreError> {
    let known = known(app).await?;
    Ok(known.iter().map(|((project, of), said)| app.settings.limit_of(project, of, *said)).collect())
}

/// The limit with this key; none if no version here has such a flow or connection.
pub async fn find(app: &App, key: &str) -> Result<Option<Setting>, StoreError> {
    let Some(place) = Limited::of_setting(key) else { return Ok(None) };
    let known = known(app).await?;
    Ok(known.get(&place).map(|said| app.settings.limit_of(&place.0, &place.1, *said)))
}

/// Whether a limit can have this value; if not, what is wrong.
pub fn check(value: &Value) -> Result<(), String> {
    match value.as_u64() {
        Some(0..=GREATEST) => Ok(()),
        _ => Err(format!("give a whole number from 0 to {GREATEST}; with 0 none is started")),
    }
}

async fn known(app: &App) -> Result<Known, StoreError> {
    let mut known: Known = BTreeMap::new();
    for project in app.store.projects().await? {
        let Some(here) = app.projects.here(&project.name) else { continue };
        let Ok(open) = app.projects.open(&project.name, &here.version).await else { continue };
        for Limit { of, most } in open.limited() {
            known.insert((project.name.clone(), of.clone()), Some(*most).filter(|most| *most != Limit::NONE));
        }
    }
    // What an operator set for a flow that is no longer there can still be seen and taken back.
    for setting in app.settings.of_cluster() {
        if let Some(place) = Limited::of_setting(&setting.key) {
            known.entry(place).or_insert(None);
        }
    }
    Ok(known)
}

impl Settings {
    /// A limit with its effective value.
    fn limit_of(&self, project: &ProjectName, of: &Limited, said: Option<u32>) -> Setting {
        let key = of.setting(project);
        let stored = self.of_cluster().into_iter().find(|setting| setting.key == key);
        let help = match of {
            Limited::Flow(_) => "How many of its requests run at once, in the whole cluster; any number, if empty.",
            Limited::Connection(_) => {
                "How many requests whose flows use it run at once, in the whole cluster; any number, if empty."
            }
        };
        let default = said.map_or(Value::Null, |most| json!(most));
        Setting {
            title: format!("{project}: {of}"),
            key,
            group: "Requests at once".to_owned(),
            help: help.to_owned(),
            kind: SettingKind::Number,
            unit: Some("requests".to_owned()),
            value: stored.as_ref().map_or(default.clone(), |stored| stored.value.clone()),
            default,
            source: if stored.is_some() { SettingSource::Cluster } else { SettingSource::Default },
            applies: SettingApplies::AtOnce,
            changeable: true,
            version: stored.as_ref().map_or(0, |stored| stored.version),
            changed: stored.as_ref().map(|stored| wire::time(stored.at)),
            changed_by: stored.map(|stored| stored.by),
        }
    }
}
