use super::{Client, ClientError, segment};
use crate::{
    ConnectionEntry, FlowEntry, HistoryQuery, NewProject, NewSecrets, Page, Project, ProjectChange, ProjectCommit,
    ProjectOnServer, SecretEntry, SecretQuery, TestResult, Update, Updated,
};
use reqwest::Method;
use std::time::Duration;

/// How long an Update may take: it may clone a repository.
const UPDATE: Duration = Duration::from_secs(600);
/// How long something that is tried out may take to answer.
const TEST: Duration = Duration::from_secs(120);

impl Client {
    /// The projects of the cluster.
    pub async fn projects(&self) -> Result<Vec<Project>, ClientError> {
        self.get("projects").await
    }

    /// Registers a project.
    pub async fn add_project(&self, project: &NewProject) -> Result<Project, ClientError> {
        self.post("projects", project).await
    }

    /// Changes where a project comes from.
    pub async fn change_project(&self, project: &str, change: &ProjectChange) -> Result<Project, ClientError> {
        self.put(&of(project, ""), change).await
    }

    /// Tries whether the server reaches the project's repository with the credentials of its account.
    pub async fn test_project_access(&self, project: &str) -> Result<TestResult, ClientError> {
        let call = self.call(Method::POST, &of(project, "/test-access"))?;
        self.json(call.json(&serde_json::json!({})).timeout(TEST)).await
    }

    /// Brings the server to a commit of the project, or to the newest of its branch.
    pub async fn update(&self, project: &str, update: &Update) -> Result<Updated, ClientError> {
        self.json(self.call(Method::POST, &of(project, "/update"))?.json(update).timeout(UPDATE)).await
    }

    /// The flows of a project at the version that the server has.
    pub async fn flows(&self, project: &str) -> Result<Vec<FlowEntry>, ClientError> {
        self.get(&of(project, "/flows")).await
    }

    /// The commits that changed a project, up to the one that the server has, the newest first.
    pub async fn project_history(
        &self,
        project: &str,
        query: &HistoryQuery,
    ) -> Result<Page<ProjectCommit>, ClientError> {
        self.query(&of(project, "/history"), query).await
    }

    /// Which server has what of a project.
    pub async fn project_servers(&self, project: &str) -> Result<Vec<ProjectOnServer>, ClientError> {
        self.get(&of(project, "/servers")).await
    }

    /// The connections of a project at the version that the server has.
    pub async fn connections(&self, project: &str) -> Result<Vec<ConnectionEntry>, ClientError> {
        self.get(&of(project, "/connections")).await
    }

    /// Tries a connection from the server, with its secrets.
    pub async fn test_connection(&self, project: &str, connection: &str) -> Result<TestResult, ClientError> {
        let path = of(project, &format!("/connections/{}/test", segment(connection)));
        self.json(self.call(Method::POST, &path)?.json(&serde_json::json!({})).timeout(TEST)).await
    }

    /// The names of the secrets that are set for a connection of a project.
    pub async fn secrets(&self, project: &str, connection: &str) -> Result<Vec<SecretEntry>, ClientError> {
        self.get(&secrets_of(project, connection)).await
    }

    /// Sets secrets of a connection; those that are not named stay.
    pub async fn set_secrets(
        &self,
        project: &str,
        connection: &str,
        secrets: &NewSecrets,
    ) -> Result<Vec<SecretEntry>, ClientError> {
        self.put(&secrets_of(project, connection), secrets).await
    }

    /// Forgets a secret of a connection, or all of them.
    pub async fn remove_secrets(
        &self,
        project: &str,
        connection: &str,
        field: Option<&str>,
    ) -> Result<Vec<SecretEntry>, ClientError> {
        let query = SecretQuery { field: field.map(str::to_owned) };
        self.json(self.call(Method::DELETE, &secrets_of(project, connection))?.query(&query)).await
    }
}

fn of(project: &str, what: &str) -> String {
    format!("projects/{}{what}", segment(project))
}

fn secrets_of(project: &str, connection: &str) -> String {
    of(project, &format!("/connections/{}/secrets", segment(connection)))
}
