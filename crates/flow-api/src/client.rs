//! The typed client: one method for each endpoint.

mod error;
mod events;

pub use error::ClientError;
pub use events::EventStream;

use crate::*;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How long an ordinary call may take. Update and wait take longer where that is their nature.
const CALL: Duration = Duration::from_secs(30);
/// How long an Update may take: it may clone a repository.
const UPDATE: Duration = Duration::from_secs(600);

/// Calls one server. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for the server at `base_url` (`http://127.0.0.1:7401`) that acts with `token`.
    ///
    /// # Errors
    /// `client/address` when the address is not one of a server.
    pub fn new(base_url: &str, token: impl Into<String>) -> Result<Self, ClientError> {
        let mut client = Self::anonymous(base_url)?;
        client.token = Some(token.into());
        Ok(client)
    }

    /// A client without a token: good for [`Self::is_ready`] and [`Self::sign_in`] only.
    ///
    /// # Errors
    /// `client/address` when the address is not one of a server.
    pub fn anonymous(base_url: &str) -> Result<Self, ClientError> {
        let base = parse_address(base_url)?;
        let mut builder = reqwest::Client::builder().connect_timeout(Duration::from_secs(5));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| ClientError::unreachable(base_url, &error))?;
        Ok(Self { http, base, token: None })
    }

    /// The server's address, without a `/` at its end.
    pub fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Signs in by name and password, makes a token named `token_name`, and gives a client that acts with it. The
    /// session that it needed for that is ended again.
    ///
    /// # Errors
    /// `auth/wrong-password`, `auth/too-many-attempts`, `client/unreachable` and the like.
    pub async fn sign_in(
        base_url: &str,
        login: &Login,
        token_name: &str,
    ) -> Result<(Self, NewTokenReply), ClientError> {
        let mut client = Self::anonymous(base_url)?;
        let reply = client.send(client.call(Method::POST, "login")?.json(login)).await?;
        let cookie = session_cookie(&reply).ok_or_else(|| client.not_understood("the login set no session cookie"))?;
        let by_cookie = |builder: RequestBuilder| builder.header(header::COOKIE, &cookie).header(CSRF_HEADER, "1");
        let wish = NewToken { name: token_name.to_owned(), days: None };
        let made = client.json(by_cookie(client.call(Method::POST, "tokens")?).json(&wish)).await;
        // Whatever came of it, the session is not needed any more; that it ends by itself later is good enough.
        let ended = by_cookie(client.call(Method::POST, "logout")?);
        let _ = client.send(ended).await;
        let made: NewTokenReply = made?;
        client.token = Some(made.secret.clone());
        Ok((client, made))
    }

    /// Whether the server answers and can take requests.
    pub async fn is_ready(&self) -> bool {
        let Ok(url) = self.base.join("readyz") else { return false };
        let call = self.http.get(url).timeout(Duration::from_secs(2));
        call.send().await.is_ok_and(|reply| reply.status() == StatusCode::OK)
    }

    /// Who the token acts for.
    pub async fn session(&self) -> Result<Session, ClientError> {
        self.get("session").await
    }

    /// The servers of the cluster.
    pub async fn servers(&self) -> Result<Vec<Server>, ClientError> {
        self.get("servers").await
    }

    /// The server that this client calls.
    pub async fn server(&self) -> Result<Server, ClientError> {
        self.get("server").await
    }

    /// The projects of the cluster.
    pub async fn projects(&self) -> Result<Vec<Project>, ClientError> {
        self.get("projects").await
    }

    /// Registers a project.
    pub async fn add_project(&self, project: &NewProject) -> Result<Project, ClientError> {
        self.post("projects", project).await
    }

    /// Brings the server to a commit of the project, or to the newest of its branch.
    pub async fn update(&self, project: &str, update: &Update) -> Result<Updated, ClientError> {
        let path = format!("projects/{}/update", segment(project));
        self.json(self.call(Method::POST, &path)?.json(update).timeout(UPDATE)).await
    }

    /// The flows of a project at the version that the server has.
    pub async fn flows(&self, project: &str) -> Result<Vec<FlowEntry>, ClientError> {
        self.get(&format!("projects/{}/flows", segment(project))).await
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
        self.json(self.call(Method::PUT, &secrets_of(project, connection))?.json(secrets)).await
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

    /// Makes requests. With an idempotency key the call may be repeated and makes them once.
    pub async fn create_requests(
        &self,
        wish: &NewRequests,
        idempotency_key: Option<&str>,
    ) -> Result<Requests, ClientError> {
        let mut call = self.call(Method::POST, "requests")?.json(wish);
        if let Some(key) = idempotency_key {
            call = call.header(IDEMPOTENCY_HEADER, key);
        }
        self.json(call).await
    }

    /// Lists requests, the newest first.
    pub async fn requests(&self, query: &RequestQuery) -> Result<Requests, ClientError> {
        self.json(self.call(Method::GET, "requests")?.query(query)).await
    }

    /// How many requests there are in each state.
    pub async fn request_counts(&self) -> Result<BTreeMap<RequestState, u64>, ClientError> {
        self.get("requests/counts").await
    }

    /// A request with its attempts and saved points.
    pub async fn request(&self, id: i64) -> Result<RequestDetail, ClientError> {
        self.get(&format!("requests/{id}")).await
    }

    /// A request's log, or a part of it.
    pub async fn request_log(&self, id: i64, query: &LogQuery) -> Result<Vec<LogEntry>, ClientError> {
        self.json(self.call(Method::GET, &format!("requests/{id}/log"))?.query(query)).await
    }

    /// A request's flow, as it was when the request was made.
    pub async fn request_flow(&self, id: i64) -> Result<FlowAtVersion, ClientError> {
        self.get(&format!("requests/{id}/flow")).await
    }

    /// The first records of a saved point.
    pub async fn saved_rows(&self, id: i64, number: u32) -> Result<SavedRows, ClientError> {
        self.get(&format!("requests/{id}/saved-points/{number}")).await
    }

    /// Begins a new attempt of an ended or waiting request, on the server that this client calls.
    pub async fn re_execute(&self, id: i64) -> Result<Request, ClientError> {
        self.post(&format!("requests/{id}/re-execute"), &serde_json::json!({})).await
    }

    /// Ends a request.
    pub async fn cancel(&self, id: i64) -> Result<Request, ClientError> {
        self.post(&format!("requests/{id}/cancel"), &serde_json::json!({})).await
    }

    /// Waits until a request has ended, at most for `timeout` (60 s are the most), and gives it as it is then.
    pub async fn wait(&self, id: i64, timeout: Duration) -> Result<Request, ClientError> {
        let query = WaitQuery { timeout: Some(timeout.as_secs_f64()) };
        let call = self.call(Method::GET, &format!("requests/{id}/wait"))?.query(&query);
        self.json(call.timeout(timeout + CALL)).await
    }

    /// The tokens of the account.
    pub async fn tokens(&self) -> Result<Vec<Token>, ClientError> {
        self.get("tokens").await
    }

    /// Makes a token for the account.
    pub async fn create_token(&self, wish: &NewToken) -> Result<NewTokenReply, ClientError> {
        self.post("tokens", wish).await
    }

    /// Revokes a token.
    pub async fn revoke_token(&self, id: i64) -> Result<(), ClientError> {
        self.send(self.call(Method::DELETE, &format!("tokens/{id}"))?).await.map(drop)
    }

    /// The accounts.
    pub async fn accounts(&self) -> Result<Vec<Account>, ClientError> {
        self.get("users").await
    }

    /// Makes an account.
    pub async fn add_account(&self, account: &NewAccount) -> Result<Account, ClientError> {
        self.post("users", account).await
    }

    /// Opens the event stream. It ends with an error when the server goes or falls silent: open it again then, and
    /// read again what you show.
    pub async fn events(&self) -> Result<EventStream, ClientError> {
        // The stream has no end, so the usual time limit would cut it; its silence is watched instead.
        let call = self.call(Method::GET, "events")?.timeout(Duration::from_secs(60 * 60 * 24 * 365));
        Ok(EventStream::new(self.address(), self.send(call).await?))
    }

    fn call(&self, method: Method, path: &str) -> Result<RequestBuilder, ClientError> {
        let url = self
            .base
            .join(&format!("{}/{path}", PREFIX.trim_start_matches('/')))
            .map_err(|error| ClientError::address(path, &error.to_string()))?;
        let call = self.http.request(method, url).timeout(CALL);
        Ok(match &self.token {
            Some(token) => call.bearer_auth(token),
            None => call,
        })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.json(self.call(Method::GET, path)?).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        self.json(self.call(Method::POST, path)?.json(body)).await
    }

    async fn json<T: DeserializeOwned>(&self, call: RequestBuilder) -> Result<T, ClientError> {
        let reply = self.send(call).await?;
        let body = reply.bytes().await.map_err(|error| ClientError::unreachable(self.address(), &error))?;
        serde_json::from_slice(&body).map_err(|error| self.not_understood(&error.to_string()))
    }

    /// Sends a call and turns a reply that reports an error into that error.
    async fn send(&self, call: RequestBuilder) -> Result<Response, ClientError> {
        let reply = call.send().await.map_err(|error| ClientError::unreachable(self.address(), &error))?;
        let status = reply.status();
        if status.is_success() {
            return Ok(reply);
        }
        let body = reply.bytes().await.unwrap_or_default();
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => ClientError::Problem(Box::new(problem)),
            Err(_) => self.not_understood(&format!("it answered with status {status} and no problem details")),
        })
    }

    fn not_understood(&self, why: &str) -> ClientError {
        ClientError::NotUnderstood { address: self.address().to_owned(), why: why.to_owned() }
    }
}

/// Reads an address and makes sure that its path ends with `/`, so that joining keeps it.
fn parse_address(text: &str) -> Result<Url, ClientError> {
    let mut url = Url::parse(text.trim()).map_err(|error| ClientError::address(text, &error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(ClientError::address(text, "it must begin with http:// or https://"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Whether the address is this machine's own, where a proxy would only be in the way.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Writes a name as one segment of a path.
fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn secrets_of(project: &str, connection: &str) -> String {
    format!("projects/{}/connections/{}/secrets", segment(project), segment(connection))
}

/// The session's cookie in a reply, as `name=value`.
fn session_cookie(reply: &Response) -> Option<String> {
    let cookies = reply.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let own = |cookie: &&str| cookie.split('=').next() == Some(SESSION_COOKIE);
    cookies.filter_map(|cookie| cookie.split(';').next()).find(own).map(str::to_owned)
}

#[cfg(test)]
mod tests;
