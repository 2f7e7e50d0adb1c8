//! Accounts, sessions and tokens.

use crate::Time;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

/// What an account may do. Each role may do all that those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
pub enum Role {
    /// Look at everything but accounts.
    Viewer,
    /// Also start, cancel and re-execute requests.
    Operator,
    /// Also bring servers to a newer version of a project.
    Author,
    /// Also register projects and manage accounts.
    Administrator,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Author, Self::Administrator];

    /// Its name: `Operator`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Operator => "Operator",
            Self::Author => "Author",
            Self::Administrator => "Administrator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("“{text}” is not a role: use Viewer, Operator, Author or Administrator"))
    }
}

/// Name and password, to sign in.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    /// The account's name.
    pub name: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Who the caller is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The account.
    pub account: Account,
    /// When the session ends unless it is used before; absent for a caller with a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub expires: Option<Time>,
    /// Whether the password must be changed before anything else is answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub must_change_password: bool,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// A disabled account can do nothing.
    #[serde(default)]
    pub disabled: bool,
    /// When it was made.
    pub created: Time,
}

/// An account to make.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAccount {
    /// Its name: 1 to 64 letters, digits, `.`, `-`, `_` or `@`.
    pub name: String,
    /// Its password, at least 10 characters.
    pub password: String,
    /// What it may do.
    pub role: Role,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

/// What to change of an account; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountChange {
    /// What it may do from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub role: Option<Role>,
    /// Whether it is disabled from now on; its sessions end then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub disabled: Option<bool>,
}

/// A password that an administrator had made for an account. It is shown once.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewPassword {
    /// The password. It counts until whoever signs in with it chooses another.
    pub password: String,
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPassword").finish_non_exhaustive()
    }
}

/// A new password for the account that asks.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordChange {
    /// The password until now.
    pub current: String,
    /// The password from now on, at least 10 characters.
    pub new: String,
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordChange").finish_non_exhaustive()
    }
}

/// A token of a program. The token itself is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Identity, to revoke it by.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// The account it acts for.
    pub account: String,
    /// When it was made.
    pub created: Time,
    /// When it ends; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub expires: Option<Time>,
    /// When it was revoked; it does not count any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub revoked: Option<Time>,
}

/// A token to make, for the account that asks.
#[derive(Debug, Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// What it is for: `designer on anna's laptop`.
    pub name: String,
    /// Days until it ends; never, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub days: Option<u32>,
}

/// A token that was just made.
#[derive(Clone, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewTokenReply {
    /// What is known of it from now on.
    pub token: Token,
    /// The token itself, for the header `Authorization: Bearer …`. It is stored nowhere: keep it.
    pub secret: String,
}

impl fmt::Debug for NewTokenReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewTokenReply").field("token", &self.token).finish_non_exhaustive()
    }
}

/// An entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Its number; later entries have higher ones.
    pub number: u64,
    /// When.
    pub at: Time,
    /// The account that acted, or tried to.
    pub account: String,
    /// What it did: `login`, `login-refused`, `project-created`.
    pub action: String,
    /// What it did it to.
    pub subject: String,
    /// What that is called now, where it is a server of the cluster: the subject is the server's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub subject_name: Option<String>,
    /// More, for the reader.
    pub detail: String,
    /// Where it came from.
    pub address: String,
}

/// Which part of the audit trail to read: all conditions that are given must hold. The newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only what this account did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub account: Option<String>,
    /// Only this action: `login-refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub action: Option<String>,
    /// Only what has this text in its subject or detail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub q: Option<String>,
    /// Only what was done at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<Time>,
    /// Only what was done before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<Time>,
    /// The `next` of the page before: the number of its last entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub after: Option<String>,
    /// At most so many, 1 to 1,000; 100 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}
