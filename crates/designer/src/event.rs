//! What the designer tells its windows without being asked.

use crate::cluster::ClusterChanged;
use crate::flow::{FlowChange, FlowChecked, FlowSaved, OutsideOutcome};
use crate::project::ProjectView;
use crate::push_update::PushUpdateProgress;
use crate::run::RunChanged;
use crate::settings::DesignerSettings;
use crate::tour::TourProgress;
use crate::vcs::CloneProgress;
use flow_model::FlowName;
use serde::Serialize;
use ts_rs::TS;

/// An event, sent to every window of the host.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[ts(rename = "DesignerEvent")]
pub enum Event {
    /// Another project was opened, or the open one's flows, connections or names changed (also from outside).
    ProjectChanged {
        /// The project as it is now; null when none is open.
        project: Option<ProjectView>,
    },
    /// An open flow was edited (by any window). The window that asked knows it from the reply: it ignores
    /// revisions that are not newer than its own.
    FlowChanged(FlowChange),
    /// The slower checks of an open flow have finished: schemas, expressions, and what it refers to.
    FlowChecked(FlowChecked),
    /// An open flow was written to its file.
    FlowSaved(FlowSaved),
    /// The file of an open flow was changed by another program. What it changed here came as a `flow-changed` before.
    FlowChangedOutside {
        /// The flow.
        flow: FlowName,
        /// What became of it.
        outcome: OutsideOutcome,
        /// What the other program changed, in words; of a file that cannot be read, why.
        words: Vec<String>,
    },
    /// How far a clone has come.
    CloneProgress(CloneProgress),
    /// Something happened in a local run.
    RunChanged(RunChanged),
    /// The working copy may have another status: ask `vcs_status`.
    VcsChanged,
    /// The list of clusters, or the chosen one, changed: ask `cluster_list`.
    ClustersChanged,
    /// Something changed on a cluster; sent at most five times a second for each.
    ClusterChanged(ClusterChanged),
    /// Push update went on.
    PushUpdateProgress(PushUpdateProgress),
    /// The Failover tour went on.
    TourProgress(TourProgress),
    /// The settings are others now.
    SettingsChanged {
        /// What they are.
        settings: DesignerSettings,
    },
    /// An item of the window's menu was chosen.
    Menu {
        /// The name of its action.
        item: String,
    },
    /// The window was asked to show something: a file was opened with Cairn, or Cairn was started once more. Take it with
    /// `window_take_asked`.
    OpenAsked,
    /// The window was asked to close while flows have unsaved changes. Nothing is closed yet: the user interface
    /// asks, saves or not, and calls `window_close`.
    CloseRequested {
        /// The flows with unsaved changes.
        unsaved: Vec<FlowName>,
    },
}
