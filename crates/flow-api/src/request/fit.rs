//! Re-execution at another version: what of a request's saved points fits it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// At which version of its project a request is re-executed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum VersionChoice {
    /// The one that it is pinned to.
    #[default]
    Same,
    /// The one that the cluster last updated to. The request is pinned to it from then on.
    Newest,
}

/// Which re-execution to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReExecutionQuery {
    /// At which version; `newest`, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[param(inline)]
    pub version: Option<VersionChoice>,
    /// From the saved point with this number; from the last ones, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<u32>,
    /// From the start: nothing that was saved counts.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub from_start: bool,
}

/// What a re-execution would do, and what stands in its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReExecutionPreview {
    /// The version at which the request would go on.
    pub version: String,
    /// The version that it is pinned to now.
    pub pinned: String,
    /// Whether it can be done as asked for: all saved points that would count fit, and so do the inputs.
    pub fits: bool,
    /// Why not, and the way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub problem: Option<String>,
    /// Why the flow does not take the request's inputs at that version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub inputs: Option<String>,
    /// From how many of the first saved points the request can go on: those with lower numbers fit.
    pub fitting: u32,
    /// The saved points that do not fit, in the order of saving; the first hundred.
    pub misfits: Vec<Misfit>,
    /// Components whose saved streams may have other fields than the flow has there, which is known only when it runs.
    pub unknown: Vec<UnknownFields>,
    /// The flow's components at that version, in the order in which they run, and which of them would run.
    pub components: Vec<FitComponent>,
}

/// A saved point that does not fit a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Misfit {
    /// Its number within the request; of several that are alike, as in iterations, that of the first.
    pub number: u32,
    /// How many are alike.
    pub points: u32,
    /// The id of its component.
    pub component: String,
    /// The name of its component.
    pub name: String,
    /// Why: `gone`, `otherId`, `otherType`, `port` (an outlet or inlet), `fields` or `other`.
    pub reason: String,
    /// Why, for people.
    pub message: String,
}

/// A component of whose fields it is not known whether they fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnknownFields {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A component of the version at which a request would go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FitComponent {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it would run, for the first time or again; else it is settled and never runs.
    pub runs: bool,
    /// Whether running it twice may be seen outside.
    pub changes_world: bool,
    /// Whether the version that the request is pinned to does not have it.
    pub is_new: bool,
    /// Whether that version has it with another type, place or properties.
    pub is_changed: bool,
}
