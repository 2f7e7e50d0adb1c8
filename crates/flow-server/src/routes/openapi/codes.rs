//! Which codes the errors of an endpoint can have, by what it is about.

use flow_api::codes::{self, Code};

/// What an endpoint is about, by a part of its path, and the codes that this brings.
const ABOUT: [(&str, &[&str]); 17] = [
    ("/requests", &["request/"]),
    ("/requests/{id}/flow", &["project/"]),
    ("/requests/{id}/re-execute", &["server/", "project/"]),
    ("/requests/{id}/re-execution", &["project/"]),
    ("/requests/{id}/take-over", &["server/"]),
    ("/projects", &["project/"]),
    ("/triggers", &["trigger/"]),
    ("/connections", &["connection/"]),
    ("/servers", &["server/"]),
    ("/server", &["server/fenced"]),
    ("/about", &["server/fenced"]),
    ("/settings", &["setting/", "server/name-taken"]),
    ("/tokens", &["token/"]),
    ("/users", &["account/"]),
    ("/password", &["account/", "auth/wrong-password", "auth/too-many-attempts"]),
    ("/account/filters", &["filter/"]),
    ("/account/git-credentials", &["git/"]),
];

/// What any call may meet.
const ANYWHERE: [&str; 9] = [
    "auth/required",
    "auth/forbidden",
    "auth/csrf",
    "auth/password-expired",
    "input/malformed",
    "input/invalid",
    "input/too-large",
    "input/too-slow",
    "server/stopping",
];

/// The codes of an endpoint's answers with this status.
pub fn codes_of(method: &str, path: &str, status: u16) -> Vec<Code> {
    let about = ABOUT.iter().filter(|(part, _)| path.contains(part)).flat_map(|(_, codes)| codes.iter().copied());
    let making: &[&str] = match (method, path.ends_with("/requests"), path.ends_with("/login")) {
        ("post", true, _) => &["project/", "server/maintenance"],
        (_, _, true) => &["auth/"],
        _ => &[],
    };
    let can: Vec<&str> = about.chain(making.iter().copied()).chain(ANYWHERE).collect();
    let is_there = |code: &&Code| code.status == status && can.iter().any(|start| code.code.starts_with(start));
    codes::ALL.iter().filter(is_there).copied().collect()
}
