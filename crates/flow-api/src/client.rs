//! The typed client: one method for each endpoint.

mod accounts;
mod cluster;
mod error;
mod events;
mod projects;
mod requests;
mod traced;
mod triggers;

pub use error::ClientError;
pub use events::EventStream;
pub use requests::SavedFile;
pub use traced::{CallTracer, TracedCall, trace_calls_with};

use crate::{CSRF_HEADER, Login, NewToken, NewTokenReply, PREFIX, PasswordChange, Problem, SESSION_COOKIE};
use reqwest::header::HeaderValue;
use reqwest::{Certificate, Method, RequestBuilder, Response, StatusCode, Url, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::time::Duration;

/// How long an ordinary call may take. Update and wait take longer where that is their nature.
const CALL: Duration = Duration::from_secs(30);
/// How long what has no end of its own may take: an event stream, the download of a large stream.
const ENDLESS: Duration = Duration::from_secs(60 * 60 * 24 * 365);

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
        Self::build(base_url, None)
    }

    /// The same client for a server whose certificate was signed by one of those in `pem`, beside the authorities
    /// that the system trusts.
    ///
    /// # Errors
    /// `client/address` when `pem` holds no certificate.
    pub fn trusting(self, pem: &[u8]) -> Result<Self, ClientError> {
        Ok(Self { token: self.token.clone(), ..Self::build(self.base.as_str(), Some(pem))? })
    }

    fn build(base_url: &str, trusted: Option<&[u8]>) -> Result<Self, ClientError> {
        let base = parse_address(base_url)?;
        let mut builder = reqwest::Client::builder().connect_timeout(Duration::from_secs(5));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        if let Some(pem) = trusted {
            let certificates = Certificate::from_pem_bundle(pem).unwrap_or_default();
            if certificates.is_empty() {
                return Err(ClientError::address(base_url, "the certificates to trust are not in PEM form"));
            }
            builder = builder.tls_certs_merge(certificates);
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
    /// `auth/wrong-password`, `auth/too-many-attempts`, `auth/password-expired` (see [`Self::replace_password`]),
    /// `client/unreachable` and the like.
    pub async fn sign_in(
        base_url: &str,
        login: &Login,
        token_name: &str,
    ) -> Result<(Self, NewTokenReply), ClientError> {
        let mut client = Self::anonymous(base_url)?;
        let wish = NewToken { name: token_name.to_owned(), days: None };
        let made: NewTokenReply = client.in_session(login, Method::POST, "tokens", &wish).await?;
        client.token = Some(made.secret.clone());
        Ok((client, made))
    }

    /// Replaces the password of the account that `login` names, which is the way out when an administrator made it.
    ///
    /// # Errors
    /// As [`Self::sign_in`]; `account/weak-password`.
    pub async fn replace_password(base_url: &str, login: &Login, new: &str) -> Result<(), ClientError> {
        let change = PasswordChange { current: login.password.clone(), new: new.to_owned() };
        Self::anonymous(base_url)?.in_session(login, Method::POST, "password", &change).await
    }

    /// One call in a session of its own.
    async fn in_session<T: DeserializeOwned>(
        &self,
        login: &Login,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let reply = self.send(self.call(Method::POST, "login")?.json(login)).await?;
        let cookie = session_cookie(&reply).ok_or_else(|| self.not_understood("the login set no session cookie"))?;
        let by_cookie = |builder: RequestBuilder| builder.header(header::COOKIE, &cookie).header(CSRF_HEADER, "1");
        let answer = self.json(by_cookie(self.call(method, path)?).json(body)).await;
        // Whatever came of it, the session is not needed any more; that it ends by itself later is good enough.
        let _ = self.send(by_cookie(self.call(Method::POST, "logout")?)).await;
        answer
    }

    /// Whether the server answers and can take requests.
    pub async fn is_ready(&self) -> bool {
        let Ok(url) = self.base.join("readyz") else { return false };
        let call = self.http.get(url).timeout(Duration::from_secs(2));
        call.send().await.is_ok_and(|reply| reply.status() == StatusCode::OK)
    }

    fn call(&self, method: Method, path: &str) -> Result<RequestBuilder, ClientError> {
        let url = self
            .base
            .join(&format!("{}/{path}", PREFIX.trim_start_matches('/')))
            .map_err(|error| ClientError::address(path, &error.to_string()))?;
        Ok(self.signed(self.http.request(method, url).timeout(CALL)))
    }

    /// A call whose answer has no end that can be foreseen.
    fn endless(&self, path: &str) -> Result<RequestBuilder, ClientError> {
        Ok(self.call(Method::GET, path)?.timeout(ENDLESS))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.json(self.call(Method::GET, path)?).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        self.json(self.call(Method::POST, path)?.json(body)).await
    }

    async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        self.json(self.call(Method::PUT, path)?.json(body)).await
    }

    async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.send(self.call(Method::DELETE, path)?).await.map(drop)
    }

    /// A list with what it is to hold.
    async fn query<T: DeserializeOwned>(&self, path: &str, query: &impl Serialize) -> Result<T, ClientError> {
        self.json(self.call(Method::GET, path)?.query(query)).await
    }

    async fn json<T: DeserializeOwned>(&self, call: RequestBuilder) -> Result<T, ClientError> {
        let reply = self.send(call).await?;
        let body = reply.bytes().await.map_err(|error| ClientError::unreachable(self.address(), &error))?;
        // An answer without content is null.
        let body: &[u8] = if body.is_empty() { b"null" } else { &body };
        serde_json::from_slice(body).map_err(|error| self.not_understood(&error.to_string()))
    }

    /// Sends a call and turns a reply that reports an error into that error.
    async fn send(&self, call: RequestBuilder) -> Result<Response, ClientError> {
        let reply = send(call).await.map_err(|error| ClientError::unreachable(self.address(), &error))?;
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

/// Sends a call; a traced one is told of to both sides.
async fn send(call: RequestBuilder) -> reqwest::Result<Response> {
    let (http, call) = call.build_split();
    let mut call = call?;
    let traced = traced::begin(call.method().as_str(), call.url().path());
    if let Some(Ok(place)) = traced.as_ref().map(|traced| HeaderValue::try_from(traced.traceparent())) {
        call.headers_mut().insert("traceparent", place);
    }
    let reply = http.execute(call).await;
    if let Some(traced) = traced {
        traced.end(reply.as_ref().ok().map(|reply| reply.status().as_u16()));
    }
    reply
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

/// The session's cookie in a reply, as `name=value`.
fn session_cookie(reply: &Response) -> Option<String> {
    let cookies = reply.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let own = |cookie: &&str| cookie.split('=').next() == Some(SESSION_COOKIE);
    cookies.filter_map(|cookie| cookie.split(';').next()).find(own).map(str::to_owned)
}

#[cfg(test)]
mod tests;
