//! A connection of kind `http`: where it leads, and how requests there show who they come from.

use super::{ClientSettings, Redirects};
use crate::{ComponentError, ResolvedPath, Services};
use bytes::Bytes;
use flow_model::Connection;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Url};
use std::time::Duration;

/// Where a connection leads, read and checked.
pub struct Endpoint {
    /// The URL that paths are added to. It may hold user and password, so it belongs into no message.
    pub base: Url,
    /// How many requests a second the server takes; none for as many as come.
    pub rate: Option<f64>,
    auth: Auth,
    authorities: Option<Bytes>,
    identity: Option<Bytes>,
}

enum Auth {
    None,
    Basic { user: String, password: Option<String> },
    Bearer(String),
    Header(HeaderName, HeaderValue),
}

impl Endpoint {
    /// Reads a connection. Its settings are `url`, `auth` (`none`, `basic`, `bearer` or `header`; without it, what the
    /// secrets say), `user`, `header`, `ca` (the path of a PEM file) and `rate`; its secrets `password`, `token`, `key`
    /// and `clientCertificate` (PEM with certificate and key).
    pub fn of(connection: &Connection, services: &dyn Services) -> Result<Self, ComponentError> {
        let base = base_url(connection)?;
        Ok(Self {
            base,
            rate: connection.number("rate").filter(|rate| *rate > 0.0),
            auth: Auth::of(connection)?,
            authorities: connection.text("ca").map(|path| file(path, services)).transpose()?,
            identity: connection.secret("clientCertificate").map(|pem| Bytes::copy_from_slice(pem.as_bytes())),
        })
    }

    /// The settings of a client for it. A key in a header of its own would go along to another server, so such
    /// connections stay where they are.
    pub fn client(&self, connect_timeout: Duration, redirects: Redirects) -> ClientSettings {
        let stays = matches!((&self.auth, redirects), (Auth::Header(..), Redirects::Anywhere));
        ClientSettings {
            connect_timeout,
            redirects: if stays { Redirects::SameServer } else { redirects },
            authorities: self.authorities.clone(),
            identity: self.identity.clone(),
        }
    }

    /// A URL that the server gave, if it leads to the same server: with the user and password of the connection's URL.
    pub fn same_server(&self, mut url: Url) -> Option<Url> {
        if url.origin() != self.base.origin() {
            return None;
        }
        url.set_username(self.base.username()).ok()?;
        url.set_password(self.base.password()).ok()?;
        Some(url)
    }

    /// The request with what shows who it comes from, and with `headers`, which come first if they say it too.
    pub fn sign(&self, request: RequestBuilder, headers: HeaderMap) -> RequestBuilder {
        let signed = match &self.auth {
            Auth::None => request,
            Auth::Basic { user, password } => request.basic_auth(user, password.as_ref()),
            Auth::Bearer(token) => request.bearer_auth(token),
            Auth::Header(name, value) => request.header(name, value),
        };
        signed.headers(headers)
    }

    /// The URL of a path behind the base. The path may have a query; that of the base stays.
    pub fn join(&self, path: &str) -> Result<Url, ComponentError> {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        // A value that was filled in must not lead out of the place it was meant for.
        if path.split('/').any(|part| matches!(&*part.to_ascii_lowercase().replace("%2e", "."), "." | "..")) {
            let message = format!("the path “{path}” holds “.” or “..”, which would lead elsewhere");
            return Err(ComponentError::new("http/bad-url", message).on("Path").for_good());
        }
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{}", self.base.path().trim_end_matches('/'), path.trim_start_matches('/')));
        match (self.base.query(), query) {
            (Some(own), Some(more)) => url.set_query(Some(&format!("{own}&{more}"))),
            (None, Some(more)) => url.set_query(Some(more)),
            (_, None) => {}
        }
        Ok(url)
    }
}

impl Auth {
    fn of(connection: &Connection) -> Result<Self, ComponentError> {
        let missing = |what: &str| {
            let message = format!("the connection “{}” has no {what}: set it where the flow runs", connection.name);
            ComponentError::new("http/no-secret", message).on("Connection").for_good()
        };
        let secret = |name: &str| connection.secret(name).map(str::to_owned);
        let guessed = match (connection.secret("token"), connection.secret("key"), connection.text("user")) {
            (Some(_), _, _) => "bearer",
            (_, Some(_), _) => "header",
            (_, _, Some(_)) => "basic",
            _ => "none",
        };
        match connection.text("auth").unwrap_or(guessed) {
            "basic" => {
                let user = connection.text("user").ok_or_else(|| missing("user"))?.to_owned();
                Ok(Self::Basic { user, password: secret("password") })
            }
            "bearer" => Ok(Self::Bearer(secret("token").ok_or_else(|| missing("token"))?)),
            "header" => {
                let name = connection.text("header").unwrap_or("X-API-Key");
                let key = secret("key").ok_or_else(|| missing("key"))?;
                match (HeaderName::try_from(name), HeaderValue::from_str(&key)) {
                    (Ok(name), Ok(mut value)) => {
                        value.set_sensitive(true);
                        Ok(Self::Header(name, value))
                    }
                    _ => {
                        let message = format!(
                            "the connection “{}”: “{name}” cannot be the name of a header, or its key has characters that a header cannot have",
                            connection.name
                        );
                        Err(ComponentError::new("http/bad-header", message).on("Connection").for_good())
                    }
                }
            }
            _ => Ok(Self::None),
        }
    }
}

fn base_url(connection: &Connection) -> Result<Url, ComponentError> {
    let bad = |code: &str, message: String| Err(ComponentError::new(code, message).on("Connection").for_good());
    let name = &connection.name;
    if connection.kind != "http" {
        return bad(
            "http/connection-kind",
            format!("the connection “{name}” is of kind {}, HTTP Request needs one of kind http", connection.kind),
        );
    }
    let Some(text) = connection.text("url") else {
        return bad("http/bad-url", format!("the connection “{name}” has no “url”: say where the server is"));
    };
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        // The text itself may hold a password.
        _ => bad("http/bad-url", format!("the URL of the connection “{name}” must begin with http:// or https://")),
    }
}

fn file(path: &str, services: &dyn Services) -> Result<Bytes, ComponentError> {
    match services.resolve(path)? {
        ResolvedPath::ProjectFile { bytes, .. } => Ok(bytes),
        ResolvedPath::InBucket(place) => Err(place.only_read().on("Connection")),
        ResolvedPath::File(file) => std::fs::read(&file).map(Bytes::from).map_err(|error| {
            let message = format!("the connection's file of authorities “{path}” cannot be read: {error}");
            ComponentError::new("http/tls", message).on("Connection")
        }),
    }
}
