use crate::*;
use std::collections::BTreeMap;
use ts_rs::{Config, TS, TypeVisitor};

/// The TypeScript declaration of every wire type and of the document's types that they hold, by name. A program
/// that writes more types than these into one file can merge its own into the map.
pub fn declarations() -> BTreeMap<String, String> {
    let config = Config::new().with_large_int("number");
    let mut collected = Declarations { config: &config, by_name: BTreeMap::new() };
    macro_rules! collect { ($($name:ty),* $(,)?) => { $(collected.visit::<$name>();)* } }
    collect!(
        flow_model::Component,
        flow_model::Position,
        About,
        Account,
        AccountChange,
        Attempt,
        AttemptEnd,
        AttemptsQuery,
        AuditQuery,
        AuditRecord,
        Bulk,
        BulkAction,
        BulkDone,
        CommitFile,
        CommitFileChange,
        ConnectionEntry,
        ConnectionSecret,
        CountQuery,
        CreateQuery,
        Drift,
        DueTime,
        Event,
        FitComponent,
        FlowAtVersion,
        FiringQuery,
        FlowEntry,
        GitAccessTest,
        GitCredential,
        GitCredentialKind,
        GitHostQuery,
        HistoryQuery,
        LogEntry,
        LogLevel,
        LogQuery,
        Login,
        Misfit,
        MetricsHistory,
        MetricsQuery,
        NewAccount,
        NewGitCredential,
        NewPassword,
        NewProject,
        NewRequests,
        NewSecrets,
        NewToken,
        NewTokenReply,
        Owner,
        Page<Request>,
        PasswordChange,
        Problem,
        Project,
        ProjectChange,
        ProjectCommit,
        ProjectOnServer,
        ProjectVersion,
        ReExecution,
        ReExecutionPreview,
        ReExecutionQuery,
        Request,
        RequestDetail,
        RequestError,
        RequestEvent,
        RequestQuery,
        RequestLimit,
        RequestSettings,
        RequestState,
        Requests,
        RetentionGroup,
        RetentionReport,
        RetentionWish,
        Role,
        SavedFilter,
        SavedFormat,
        SavedKind,
        SavedPoint,
        SavedPointsQuery,
        SavedQuery,
        SavedRows,
        SecretEntry,
        SecretQuery,
        Server,
        ServerLog,
        ServerLogLine,
        ServerLogQuery,
        ServerMaintenance,
        ServerName,
        ServerProblem,
        ServerState,
        Session,
        Setting,
        SettingApplies,
        SettingChange,
        SettingKind,
        SettingSource,
        Skipped,
        TakeOver,
        TestResult,
        Time,
        Token,
        TriggerEntry,
        TriggerFiring,
        TriggerQuery,
        Update,
        UnknownFields,
        Updated,
        VersionChoice,
        WaitQuery,
    );
    collected.by_name
}

/// One TypeScript file with all of [`declarations`].
pub fn typescript() -> String {
    let mut file = String::from("// Generated from the crate flow-api. Do not edit.\n");
    for declaration in declarations().values() {
        file.push('\n');
        file.push_str(declaration);
        file.push('\n');
    }
    file
}

struct Declarations<'a> {
    config: &'a Config,
    by_name: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only types of our own have a file that they would go to; `string` and the like have none.
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(self.config);
        if self.by_name.contains_key(&name) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        self.by_name.insert(name, format!("{docs}export {}", T::decl(self.config)));
        T::visit_dependencies(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_declares_every_type_that_it_uses() {
        let file = typescript();
        for name in ["Request", "Server", "Event", "Problem", "Flow", "Component", "InputDeclaration"] {
            assert!(file.contains(&format!("export type {name} =")), "{name} is missing in\n{file}");
        }
        assert!(!file.contains("bigint"), "numbers stay numbers:\n{file}");
        assert!(!file.contains("serde_json"), "JSON values are unknown:\n{file}");
    }
}
