//! What a command is, and the one list of them all.

use crate::{CommandError, Designer};
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, LazyLock};
use ts_rs::TS;

/// A command of the designer: the type is its input, its documentation is the command's.
///
/// Everything a user interface can ask for is one of these, declared once: name, input, output and body. A host
/// (the desktop window, or the loopback server of `cairn design`) only carries [`Designer::call`]s and events.
pub trait Command: DeserializeOwned + TS + Send + 'static {
    /// The name by which a host calls it: `flow_apply_edit`.
    const NAME: &'static str;

    /// What it answers.
    type Output: Serialize + TS + 'static;

    /// Does it.
    fn run(self, designer: Arc<Designer>) -> impl Future<Output = Result<Self::Output, CommandError>> + Send;
}

type Body = Box<dyn Fn(Arc<Designer>, Value) -> BoxFuture<'static, Result<Value, CommandError>> + Send + Sync>;

/// The commands by name.
pub(crate) struct Registry(BTreeMap<&'static str, Body>);

impl Registry {
    /// All commands of the designer.
    pub(crate) fn all() -> &'static Self {
        static ALL: LazyLock<Registry> = LazyLock::new(|| {
            let mut registry = Registry(BTreeMap::new());
            visit_commands(&mut registry);
            registry
        });
        &ALL
    }

    /// Runs the command `name` on `input`.
    pub(crate) async fn call(&self, designer: Arc<Designer>, name: &str, input: Value) -> Result<Value, CommandError> {
        match self.0.get(name) {
            Some(body) => body(designer, input).await,
            None => Err(CommandError::new("command/unknown", format!("there is no command “{name}”"))),
        }
    }
}

impl CommandVisitor for Registry {
    fn command<C: Command>(&mut self) {
        let body: Body = Box::new(|designer, input| {
            Box::pin(async move {
                let output = parse::<C>(input)?.run(designer).await?;
                serde_json::to_value(output).map_err(|error| CommandError::internal(&error))
            })
        });
        self.0.insert(C::NAME, body);
    }
}

/// Parses the input of command `C`. A command without input may be called with nothing at all.
fn parse<C: Command>(input: Value) -> Result<C, CommandError> {
    let input = if input.is_null() { Value::Object(serde_json::Map::new()) } else { input };
    serde_json::from_value(input).map_err(|error| {
        CommandError::new("command/input", format!("the input of “{}” is not valid: {error}", C::NAME))
    })
}

/// Something that looks at every command's type: the registry, and the generator of the TypeScript types.
pub(crate) trait CommandVisitor {
    /// Looks at `C`.
    fn command<C: Command>(&mut self);
}

/// Shows every command of the designer to `visitor`, in the order in which they are documented. A new command is
/// added to its subject's module and to this list, and nowhere else.
pub(crate) fn visit_commands(visitor: &mut impl CommandVisitor) {
    macro_rules! visit {
        ($($module:ident: $($command:ident),+ $(,)?;)+) => { $($(visitor.command::<crate::$module::$command>();)+)+ };
    }
    visit! {
        host: HostView, WindowOpenMonitor, WindowMenu, WindowTakeAsked, WindowQuit, WindowClose, WindowChooseFolder;
        settings: SettingsView, SettingsChange, WindowMemory, WindowRemember;
        project: ProjectOpen, ProjectCreate, ProjectClose, ProjectSaveAs, ProjectCurrent, ProjectCreateFlow, ProjectRenameFlow,
            ProjectDeleteFlow;
        recent: ProjectRecent, ProjectForget, ProjectTabs, ProjectRememberTabs, ProjectSamples, ProjectFromSample;
        recovery: ProjectLeftChanges, ProjectDropLeftChanges;
        search: Search;
        connection: ConnectionKinds, ConnectionView, ConnectionSave, ConnectionDelete, ConnectionSetSecret, ConnectionTest,
            ConnectionSchema;
        trigger: TriggerKinds, TriggerView, TriggerCheck, TriggerSave, TriggerDelete;
        calendar: CalendarView, CalendarSave, CalendarDelete;
        palette: Palette, SqlFunctions;
        flow: FlowOpen, FlowClose, FlowNewComponent, FlowApplyEdit, FlowUndo, FlowRedo, FlowSave, FlowReload, FlowConflicts, FlowTakeIn,
            FlowRunsAgain, FlowCopy, FlowPaste;
        problems: ProjectProblems;
        run: RunEffects, RunStart, RunStop, RunLast, RunStream;
        flow_test: TestList, TestRead, TestSave, TestDelete, TestRun, TestFromRun;
        vcs: VcsStatus, VcsChanges, VcsCommit, VcsPush, VcsPull, VcsLog, VcsHistory, VcsFlowAt, VcsRestore, VcsBranches,
            VcsCreateBranch, VcsSwitch, VcsClone, VcsCloneCancel, VcsInit, VcsSetRemote, VcsSolveConflicts, VcsSolve,
            GitCredentials, GitSetCredential, GitForgetCredential, GitTestAccess;
        cluster: ClusterList, ClusterSignIn, ClusterSignOut, ClusterRemove, ClusterChoose, ClusterSetMark, ClusterOverviewOf,
            ClusterRequests, ClusterRequest, ClusterRequestLog, ClusterRequestFlow, ClusterSavedPoint,
            ClusterReExecute, ClusterReExecution, ClusterTakeOver, ClusterCancel, ClusterStartRequests,
            ClusterBulk, ClusterCounts, ClusterFilters, ClusterSaveFilter, ClusterRemoveFilter, ClusterMaintain, ClusterMetrics,
            ClusterAttempts, ClusterSavedPoints, ClusterDownload;
        push_update: PushUpdatePlanOf, PushUpdate, PushUpdateBack, PushUpdateHistory;
        tour: TourPlan, TourStart;
    }
}
