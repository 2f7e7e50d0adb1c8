//! The settings.

use super::openapi::refusals;
use crate::auth::Caller;
use crate::extract::{Body, Segments};
use crate::problem::{Refusal, Reply};
use crate::settings::{Definition, Place, limits};
use crate::state::App;
use crate::wire;
use axum::Json;
use axum::extract::State;
use flow_api::{RetentionGroup, RetentionReport, RetentionWish, Setting, SettingChange, codes};
use flow_store::{RetentionPolicy, StoreError, Timestamp};
use serde_json::Value;
use std::sync::Arc;

/// The settings, each with its effective value on this server and where that comes from.
#[utoipa::path(get, path = "/settings", tag = "settings", responses((status = 200, body = Vec<Setting>)),
    extensions(("x-codes" = json!(refusals!()))))]
pub async fn list(State(app): State<Arc<App>>) -> Reply<Json<Vec<Setting>>> {
    // Whoever has just changed one, on any server, sees it.
    app.settings.read(app.store.as_ref()).await?;
    app.names.note(&app.store.servers().await?);
    let mut settings = app.settings.all(&app.names.own(&app));
    settings.extend(limits::all(&app).await?);
    Ok(Json(settings))
}

/// Changes a setting. It holds at once, on every server; a server's name, for the server that is called.
#[utoipa::path(put, path = "/settings/{key}", tag = "settings", request_body = SettingChange,
    params(("key" = String, Path, description = "The setting")),
    responses((status = 200, body = Setting)),
    extensions(("x-codes" = json!(refusals!(
        INPUT_INVALID, SETTING_NOT_FOUND, SETTING_FIXED, SETTING_CHANGED, SERVER_NAME_TAKEN)))))]
pub async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segments(key): Segments<String>,
    Body(change): Body<SettingChange>,
) -> Reply<Json<Setting>> {
    let missing = || Refusal::new(codes::SETTING_NOT_FOUND, format!("there is no setting “{key}”"));
    if let Some(limit) = limits::find(&app, &key).await? {
        if !change.value.is_null() {
            limits::check(&change.value).map_err(|why| Refusal::invalid("value", format!("{}: {why}", limit.title)))?;
        }
        set(&app, &caller, &key, &change).await?;
        return Ok(Json(limits::find(&app, &key).await?.unwrap_or(limit)));
    }
    let definition = Definition::of(&key).ok_or_else(missing)?;
    if !change.value.is_null() {
        definition
            .check(&change.value)
            .map_err(|why| Refusal::invalid("value", format!("{}: {why}", definition.title)))?;
    }
    match definition.place {
        Place::Start => {
            let detail = format!("{}: start the server anew with another one. {}", definition.title, definition.help);
            return Err(Refusal::new(codes::SETTING_FIXED, detail));
        }
        Place::Name => {
            let name = change.value.as_str().ok_or_else(|| Refusal::invalid("value", "give a name"))?;
            super::servers::set_name(&app, &caller, &app.id, name).await?;
        }
        Place::Cluster => set(&app, &caller, &key, &change).await?,
    }
    Ok(Json(app.settings.effective(definition, &app.names.own(&app))))
}

async fn set(app: &App, caller: &Caller, key: &str, change: &SettingChange) -> Reply<()> {
    let (by, seen) = (caller.name(), change.version);
    let set = match &change.value {
        Value::Null => app.store.remove_setting(key, by, seen).await.map(drop),
        value => app.store.set_setting(key, value.clone(), by, seen).await.map(drop),
    };
    set.map_err(|error| match error {
        StoreError::Conflict(_) => {
            let detail = "somebody else has changed it since you read it: look at it again";
            Refusal::new(codes::SETTING_CHANGED, detail)
        }
        error => error.into(),
    })?;
    app.settings.read(app.store.as_ref()).await?;
    caller.did(app, "setting-changed", key, &change.value.to_string()).await?;
    Ok(())
}

/// What retention would do now, with other settings than those that hold.
#[utoipa::path(post, path = "/retention/preview", tag = "settings", request_body = RetentionWish,
    responses((status = 200, body = RetentionReport)), extensions(("x-codes" = json!(refusals!(INPUT_INVALID)))))]
pub async fn preview_retention(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(wish): Body<RetentionWish>,
) -> Reply<Json<RetentionReport>> {
    app.settings.read(app.store.as_ref()).await?;
    let mut settings = app.settings.of_cluster();
    for (key, value) in wish.settings {
        let known = Definition::of(&key).filter(|_| key.starts_with("retention."));
        let definition =
            known.ok_or_else(|| Refusal::invalid("settings", format!("“{key}” is no setting of retention")))?;
        settings.retain(|setting| setting.key != key);
        if !value.is_null() {
            definition.check(&value).map_err(|why| Refusal::invalid("settings", format!("{key}: {why}")))?;
            let by = caller.name().to_owned();
            settings.push(flow_store::Setting { key, value, version: 0, by, at: Timestamp(0) });
        }
    }
    let report = app.store.retention_preview(&RetentionPolicy::from_settings(&settings)).await?;
    let group = |group: flow_store::RetentionGroup| RetentionGroup {
        state: wire::request_state(group.state),
        present: group.present,
        requests: group.requests,
        details: group.details,
        oldest: group.oldest.map(wire::time),
    };
    Ok(Json(RetentionReport { groups: report.groups.into_iter().map(group).collect() }))
}
