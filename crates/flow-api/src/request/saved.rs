//! What requests saved.

use crate::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// What a saved point keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SavedKind {
    /// The inputs of the request (`BeginCheckpoint`).
    Begin,
    /// The stream at a Checkpoint.
    Checkpoint,
    /// What a Wait was given, while it waits.
    Wait,
    /// What a component was given before it ran: its effect happens exactly once, or what runs inside it is saved.
    Input,
    /// The stream of an outlet, kept because the attempt ended before it was used up.
    Stream,
    /// That a last component of a path completed, or an iteration of a ForEach, with its result.
    Completed,
    /// Which outlets a component chose.
    Outlets,
    /// That an earlier choice of outlets no longer holds.
    Withdrawn,
}

/// Something that a request saved; what is settled by it never runs again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedPoint {
    /// Its number within the request, from 0, in the order of saving.
    pub number: u32,
    /// What it keeps.
    pub kind: SavedKind,
    /// The id of the component.
    pub component: String,
    /// The iterations and calls around it, the outermost first: `foreach-a1b2c3[17]/subflow-d4e5f6`. Empty at the top level.
    #[serde(default)]
    pub iteration: String,
    /// The name of the component.
    pub name: String,
    /// The attempt that saved it.
    pub attempt: u32,
    /// How many records it keeps.
    pub rows: u64,
    /// How many bytes they take where they are kept; 0 if it keeps no stream.
    pub bytes: u64,
    /// The flow variables saved with it.
    #[ts(type = "Record<string, unknown>")]
    #[schema(value_type = Object)]
    pub variables: Map<String, Value>,
    /// The outlets that were chosen, for `outlets`.
    pub outlets: Vec<String>,
    /// When.
    pub at: Time,
}

/// Which of a request's saved points to list: the newest, or those before one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SavedPointsQuery {
    /// Only those before the one with this number: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub before: Option<u32>,
    /// At most so many, 1 to 1,000; 100 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// How a saved stream is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SavedFormat {
    /// A page of it, as [`SavedRows`].
    Page,
    /// The whole of it as a file: Arrow IPC.
    Arrow,
    /// The whole of it as a file: CSV with a head, nested values as JSON.
    Csv,
    /// The whole of it as a file: one JSON object a line.
    Json,
}

impl SavedFormat {
    /// As the query says it: `arrow`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Arrow => "arrow",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// What the name of a file in this format ends with: `csv`.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Page => "json",
            Self::Arrow => "arrows",
            Self::Csv => "csv",
            Self::Json => "jsonl",
        }
    }
}

/// Which part of a saved stream to answer, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SavedQuery {
    /// A page of records, or the whole stream as a file; a page, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(inline)]
    pub format: Option<SavedFormat>,
    /// The `next` of the page before: how many records were read so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<String>,
    /// At most so many records in a page, 1 to 1,000; 100 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// A page of a saved point's records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedRows {
    /// The names of the fields, in order.
    pub fields: Vec<String>,
    /// The records, by field. Numbers that JavaScript could not hold exactly are strings.
    #[ts(type = "Record<string, unknown>[]")]
    #[schema(value_type = Vec<Object>)]
    pub rows: Vec<Map<String, Value>>,
    /// How many records there are in all.
    pub total: u64,
    /// Give it as `after` to read on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<String>,
}
