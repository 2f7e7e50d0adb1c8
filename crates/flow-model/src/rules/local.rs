//! What is there on one server only: paths on its disk and addresses of the machine itself.

use serde_json::Value;

/// Whether a path is on the disk of one server. A path that begins with a flow variable can be anything.
pub(super) fn is_path(path: &str) -> bool {
    let path = path.trim();
    !path.is_empty() && !["storage:", "project:", "${"].iter().any(|shared| path.starts_with(shared))
}

/// The path in the checkpoint storage that a local path could be instead: all of a relative one, the last part of an
/// absolute one.
pub(super) fn shared_path(path: &str) -> String {
    let path = path.trim().replace('\\', "/");
    let is_absolute = path.starts_with('/') || path.split('/').next().is_some_and(|first| first.ends_with(':'));
    let kept = if is_absolute { path.rsplit('/').next().unwrap_or_default() } else { path.trim_start_matches("./") };
    format!("storage:{kept}")
}

/// Whether a text holds a URL of the machine itself.
pub(super) fn has_address(text: &str) -> bool {
    text.split("://").skip(1).any(|after| {
        let authority = after.split(|c: char| c == '/' || c == '?' || c == '#' || c.is_whitespace()).next();
        let authority = authority.unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        is_host(match host.strip_prefix('[') {
            Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        })
    })
}

/// Whether `host` is a name or an address of the machine itself.
pub(super) fn is_host(host: &str) -> bool {
    let host = host.trim().to_ascii_lowercase();
    let is_loopback = |host: &str| host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    host == "localhost" || host.ends_with(".localhost") || host == "0.0.0.0" || is_loopback(&host)
}

/// The texts of a value, however deep.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
