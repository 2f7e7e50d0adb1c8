//! `cairn settings`: the settings of a server and its cluster.

use crate::outcome::{Failure, Outcome};
use crate::output::{Output, table};
use crate::remote::{Remote, RemoteArgs};
use clap::Subcommand;
use flow_api::{Client, Setting, SettingApplies, SettingChange, SettingKind, SettingSource};
use serde_json::Value;

/// See and change the settings of a cluster: retention, limits, the name of a server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cairn settings list
  cairn settings get retention.finished.days
  cairn settings set retention.finished.days 30    On every server, at once
  cairn settings reset retention.finished.days     What it is when nobody says anything: for ever
  cairn --json settings list | jq -r '.[] | select(.source == \"cluster\").key'

What is told is what holds on the server that answers, and where that comes from: its command line, its
environment, its configuration file, the cluster, or the default. What comes from the first three is changed
there, with another start. Changes want an administrator.")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the settings, each with its value and where that comes from.
    List,
    /// Print the value of one setting.
    Get {
        /// Its key, from `cairn settings list`.
        key: String,
    },
    /// Change a setting. It holds at once, on every server.
    Set {
        /// Its key, from `cairn settings list`.
        key: String,
        /// Its value: a number, a text, on or off.
        value: String,
    },
    /// Put a setting back to what it is when nobody says anything.
    Reset {
        /// Its key, from `cairn settings list`.
        key: String,
    },
}

/// Runs the command.
pub async fn run(args: Args, output: Output) -> Result<Outcome, Failure> {
    let remote = args.remote.cluster().await?;
    match args.action {
        Action::List => {
            let settings = remote.any(settings).await?;
            output.answer(&settings, || list_text(&settings));
        }
        Action::Get { key } => {
            let setting = find(&remote, &key).await?;
            output.answer(&setting, || value_text(&setting.value));
        }
        Action::Set { key, value } => {
            let setting = find(&remote, &key).await?;
            let value = parse(&setting, &value)?;
            change(&remote, setting, value, output).await?;
        }
        Action::Reset { key } => {
            let setting = find(&remote, &key).await?;
            change(&remote, setting, Value::Null, output).await?;
        }
    }
    Ok(Outcome::Good)
}

async fn settings(client: Client) -> Result<Vec<Setting>, flow_api::ClientError> {
    client.settings().await
}

pub(super) async fn find(remote: &Remote, key: &str) -> Result<Setting, Failure> {
    let settings = remote.any(settings).await?;
    let missing = || {
        let near: Vec<&str> = settings.iter().map(|setting| setting.key.as_str()).collect();
        Failure::new("setting/not-found", format!("there is no setting “{key}”: there are {}", near.join(", ")))
    };
    settings.iter().find(|setting| setting.key == key).cloned().ok_or_else(missing)
}

/// Changes it from the version that was read: what somebody else has set meanwhile is not lost.
async fn change(remote: &Remote, before: Setting, value: Value, output: Output) -> Result<(), Failure> {
    let wish = SettingChange { value, version: Some(before.version) };
    let now = remote.here()?.change_setting(&before.key, &wish).await?;
    output.answer(&now, || {
        let when = match now.applies {
            SettingApplies::AtOnce => "it holds from now on",
            SettingApplies::AtStart => "it holds when the server is started anew",
        };
        format!("{} is {} ({}); {when}", now.key, told(&now), source(now.source))
    });
    Ok(())
}

/// The value that a word on the command line stands for.
fn parse(setting: &Setting, text: &str) -> Result<Value, Failure> {
    let wrong = |wanted: &str| {
        Failure::new("setting/value", format!("{}: “{text}” is not {wanted}. {}", setting.title, setting.help))
    };
    match setting.kind {
        SettingKind::Text => Ok(Value::from(text)),
        SettingKind::Number => text.parse::<u64>().map(Value::from).map_err(|_| wrong("a whole number")),
        SettingKind::Flag => match text {
            "on" | "true" | "yes" => Ok(Value::from(true)),
            "off" | "false" | "no" => Ok(Value::from(false)),
            _ => Err(wrong("on or off")),
        },
    }
}

fn list_text(settings: &[Setting]) -> String {
    let rows = settings.iter().map(|setting| {
        let by = match (&setting.changed_by, setting.source) {
            (Some(by), SettingSource::Cluster) => format!("{} by {by}", source(setting.source)),
            _ => source(setting.source).to_owned(),
        };
        [setting.key.clone(), told(setting), by, setting.title.clone()]
    });
    table(["setting", "value", "from", "what it is"], rows)
}

fn told(setting: &Setting) -> String {
    match (&setting.unit, setting.value.is_number()) {
        (Some(unit), true) => format!("{} {unit}", setting.value),
        _ => value_text(&setting.value),
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(several) => several.iter().map(value_text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Where a setting's value comes from, in a word.
pub(crate) fn source(source: SettingSource) -> &'static str {
    match source {
        SettingSource::Default => "default",
        SettingSource::Cluster => "cluster",
        SettingSource::File => "file",
        SettingSource::Environment => "environment",
        SettingSource::Flag => "flag",
    }
}
