//! The HTTP clients of a process, and how fast each server may be asked.

use crate::ComponentError;
use bytes::Bytes;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, Identity, Url};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

/// How many clients, and how many limiters, are kept. A client that is forgotten is made again when it is needed.
const KEPT: usize = 64;
/// The most redirects that one request follows.
const MOST_REDIRECTS: usize = 10;

/// The process's HTTP clients, each with its connections to servers, and its rate limiters.
#[derive(Default)]
pub struct HttpClients {
    clients: Mutex<HashMap<ClientSettings, Client>>,
    limiters: Mutex<HashMap<(String, u64), Arc<DefaultDirectRateLimiter>>>,
}

/// What clients differ in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientSettings {
    /// How long it may take to connect.
    pub connect_timeout: Duration,
    /// Which redirects are followed.
    pub redirects: Redirects,
    /// Certificates (PEM) of authorities that are trusted beside those of the system.
    pub authorities: Option<Bytes>,
    /// The certificate and key (PEM) with which the client shows who it is.
    pub identity: Option<Bytes>,
}

/// Which redirects a request follows. Never more than ten, and never from https to http.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Redirects {
    /// Those that stay on the same server: scheme, name and port.
    SameServer,
    /// All.
    Anywhere,
    /// None: the redirect is the answer.
    None,
}

impl HttpClients {
    /// No clients yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The client with these settings. The first call for them reads the system's certificates, which takes a while.
    pub fn client(&self, settings: &ClientSettings) -> Result<Client, ComponentError> {
        if let Some(client) = self.clients.lock().get(settings) {
            return Ok(client.clone());
        }
        let client = settings.build()?;
        keep(&mut self.clients.lock(), settings.clone(), client.clone());
        Ok(client)
    }

    /// The limiter for `rate` requests a second to the server at `base`: the same for everybody in this process who
    /// asks with the same rate.
    pub(crate) fn limiter(&self, base: &Url, rate: f64) -> Option<Arc<DefaultDirectRateLimiter>> {
        let quota = Quota::with_period(Duration::try_from_secs_f64(1.0 / rate).ok()?)?;
        let key = (base.to_string(), rate.to_bits());
        let mut limiters = self.limiters.lock();
        if let Some(limiter) = limiters.get(&key) {
            return Some(Arc::clone(limiter));
        }
        let limiter = Arc::new(RateLimiter::direct(quota));
        keep(&mut limiters, key, Arc::clone(&limiter));
        Some(limiter)
    }
}

/// Adds an entry; when there are many, forgets the others.
fn keep<K: Hash + Eq, V>(kept: &mut HashMap<K, V>, key: K, value: V) {
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(key, value);
}

impl ClientSettings {
    fn build(&self) -> Result<Client, ComponentError> {
        let mut builder = Client::builder()
            .user_agent(concat!("Cairn/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect_timeout)
            .redirect(self.redirects.policy());
        if let Some(pem) = &self.authorities {
            let certificates = Certificate::from_pem_bundle(pem).map_err(|error| unusable("authorities", &error))?;
            if certificates.is_empty() {
                let message = "the file of the connection's authorities holds no certificate in PEM form";
                return Err(ComponentError::new("http/tls", message).on("Connection").for_good());
            }
            builder = builder.tls_certs_merge(certificates);
        }
        if let Some(pem) = &self.identity {
            let identity = Identity::from_pem(pem).map_err(|error| unusable("client certificate", &error))?;
            builder = builder.identity(identity);
        }
        builder.build().map_err(|error| unusable("TLS settings", &error))
    }
}

fn unusable(what: &str, error: &reqwest::Error) -> ComponentError {
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let message = format!("the connection's {what} cannot be used: {cause}");
    ComponentError::new("http/tls", message).on("Connection").for_good()
}

impl Redirects {
    fn policy(self) -> Policy {
        match self {
            Self::None => Policy::none(),
            Self::SameServer => Policy::custom(|attempt| followed(attempt, true)),
            Self::Anywhere => Policy::custom(|attempt| followed(attempt, false)),
        }
    }
}

fn followed(attempt: Attempt<'_>, same_server: bool) -> reqwest::redirect::Action {
    let Some(before) = attempt.previous().last() else { return attempt.follow() };
    if attempt.previous().len() > MOST_REDIRECTS {
        return attempt.error(format!("more than {MOST_REDIRECTS} redirects"));
    }
    if before.scheme() == "https" && attempt.url().scheme() == "http" {
        return attempt.error("a redirect from https to http, which anybody on the way could read");
    }
    if same_server && before.origin() != attempt.url().origin() {
        let host = attempt.url().host_str().unwrap_or_default().to_owned();
        return attempt.error(format!(
            "a redirect to another server, “{host}”: allow it with Redirects, or change the connection's URL"
        ));
    }
    attempt.follow()
}
