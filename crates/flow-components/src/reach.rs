//! Test connection: whether what a connection leads to answers.

use crate::database::Databases;
use crate::{ComponentError, Endpoint, Redirects, Services, database};
use flow_model::Connection;
use reqwest::header::HeaderMap;
use std::time::Duration;

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks what a connection leads to who it is: `PostgreSQL 15.4`, or what a web service answers at its address. The
/// connection has its secrets filled in.
pub async fn test_connection(
    databases: &Databases,
    connection: &Connection,
    services: &dyn Services,
) -> Result<String, ComponentError> {
    match connection.kind.as_str() {
        "http" => ask_service(connection, services).await.map_err(|error| error.on("Connection")),
        _ => database::ask_version(databases, connection, services).await,
    }
}

/// Any answer will do but one that the secrets are wrong; most services have nothing at their bare address.
async fn ask_service(connection: &Connection, services: &dyn Services) -> Result<String, ComponentError> {
    connection.check().map_err(|error| ComponentError::new(error.code(), error.to_string()).for_good())?;
    let endpoint = Endpoint::of(connection, services)?;
    let client = services.http().client(&endpoint.client(PATIENCE, Redirects::None))?;
    let request = endpoint.sign(client.get(endpoint.base.clone()).timeout(PATIENCE), HeaderMap::new());
    // The URL may hold a password.
    let answer = request.send().await.map_err(|error| {
        let why =
            if error.is_timeout() { "it did not answer in time".to_owned() } else { reasons(&error.without_url()) };
        ComponentError::new("http/cannot-connect", format!("{} cannot be reached: {why}", connection.address()))
    })?;
    let status = answer.status();
    if matches!(status.as_u16(), 401 | 403 | 407) {
        let message = format!("{} answers with {status}: check the connection's secrets", connection.address());
        return Err(ComponentError::new("http/access-denied", message));
    }
    let server = answer.headers().get("server").and_then(|name| name.to_str().ok()).unwrap_or("HTTP");
    Ok(format!("{server}, status {status}"))
}

/// The error and the reasons behind it.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        text.push_str(&format!(": {reason}"));
        source = reason.source();
    }
    text
}
