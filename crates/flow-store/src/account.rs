//! Accounts with what belongs to them, tokens and sessions. Passwords, tokens and session ids are only ever kept as hashes.

use crate::{SealedSecret, StoreError, Timestamp};
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an account may do; each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Look.
    Viewer,
    /// Start, re-execute and cancel requests.
    Operator,
    /// Change projects.
    Author,
    /// Everything.
    Administrator,
}

impl Role {
    /// All roles, weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Author, Self::Administrator];

    /// The role's name, as everywhere in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Operator => "Operator",
            Self::Author => "Author",
            Self::Administrator => "Administrator",
        }
    }

    /// The role with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// A disabled account can do nothing; its tokens and sessions do not count either.
    pub disabled: bool,
    /// When it was made.
    pub created: Timestamp,
}

/// A new account.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Hash of its password in PHC form (argon2).
    pub password_hash: String,
}

/// An account with the hash that a password is checked against. Not serialisable and without `Debug`, so that the hash
/// reaches no answer and no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// Hash of its password in PHC form.
    pub password_hash: String,
    /// Whether somebody else made that password, so that it is good for one sign-in, which must change it.
    pub one_time: bool,
}

/// A filter of lists that an account keeps under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedFilter {
    /// Its name, one of its account's.
    pub name: String,
    /// What it filters by, as in the console's address.
    pub query: String,
}

/// Identity of a token; it is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub i64);

/// A new token for a program.
#[derive(Clone, PartialEq, Eq)]
pub struct NewToken {
    /// The account it acts for.
    pub account: String,
    /// What it is for.
    pub name: String,
    /// Hash of the token, in hex.
    pub hash: String,
    /// Until when it counts; for ever if none.
    pub expires: Option<Timestamp>,
}

/// A token for a program, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The account it acts for.
    pub account: String,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it counts.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// A new session of a person in the console.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The account.
    pub account: String,
    /// Hash of the session's secret, in hex.
    pub hash: String,
    /// Until when it counts.
    pub expires: Timestamp,
}

/// A session of a person in the console, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Session {
    /// The account.
    pub account: String,
    /// When it began.
    pub created: Timestamp,
    /// Until when it counts.
    pub expires: Timestamp,
}

/// The error of a change that would leave the cluster without an enabled administrator.
pub fn last_administrator(name: &str) -> StoreError {
    StoreError::Conflict(format!("“{name}” is the last administrator; make another account administrator first"))
}

/// The accounts of the cluster.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// A number that is another one after any server has changed an account or its password, made or revoked a token, or
    /// ended a session. Who keeps in memory whom a token stands for looks at it whenever the database has changed.
    async fn accounts_version(&self) -> Result<u64, StoreError>;

    /// Makes an account. Fails with `store/conflict` if there is one of that name.
    async fn create_account(&self, account: NewAccount) -> Result<Account, StoreError>;

    /// All accounts, by name.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// What a password is checked against; none if there is no such account. Disabled ones are here, too.
    async fn credentials(&self, name: &str) -> Result<Option<Credentials>, StoreError>;

    /// Changes an account's password and ends its sessions. `one_time`: see [`Credentials::one_time`].
    async fn set_password(&self, name: &str, password_hash: &str, one_time: bool) -> Result<(), StoreError>;

    /// Changes an account's role. Fails with `store/conflict` if no administrator would be left.
    async fn set_role(&self, name: &str, role: Role) -> Result<(), StoreError>;

    /// Disables or enables an account; disabling ends its sessions. Fails with `store/conflict` if no administrator
    /// would be left.
    async fn set_disabled(&self, name: &str, disabled: bool) -> Result<(), StoreError>;

    /// Makes a token.
    async fn create_token(&self, token: NewToken) -> Result<Token, StoreError>;

    /// The tokens of an account, or all, newest first.
    async fn tokens(&self, account: Option<&str>) -> Result<Vec<Token>, StoreError>;

    /// The account that a token acts for: none if there is no such token, if it is revoked or expired, or if the
    /// account is disabled.
    async fn token_account(&self, hash: &str) -> Result<Option<(Token, Account)>, StoreError>;

    /// Revokes a token. Revoking twice changes nothing.
    async fn revoke_token(&self, id: TokenId) -> Result<(), StoreError>;

    /// Begins a session, and forgets those that have expired.
    async fn create_session(&self, session: NewSession) -> Result<Session, StoreError>;

    /// The account of a session: none if there is no such session, if it has expired, or if the account is disabled.
    async fn session_account(&self, hash: &str) -> Result<Option<(Session, Account)>, StoreError>;

    /// Lets a session count until another time. Fails with `store/not-found` if there is no such session.
    async fn extend_session(&self, hash: &str, expires: Timestamp) -> Result<(), StoreError>;

    /// Ends a session.
    async fn end_session(&self, hash: &str) -> Result<(), StoreError>;

    /// The filters that an account keeps, by name.
    async fn saved_filters(&self, account: &str) -> Result<Vec<SavedFilter>, StoreError>;

    /// Keeps a filter, in the place of the account's one of the same name.
    async fn put_saved_filter(&self, account: &str, filter: SavedFilter) -> Result<(), StoreError>;

    /// Forgets a filter. Whether there was one.
    async fn remove_saved_filter(&self, account: &str, name: &str) -> Result<bool, StoreError>;

    /// Keeps a secret of an account, encrypted, in the place of the one of the same name: its credentials for a git
    /// host, say.
    async fn put_account_secret(&self, account: &str, name: &str, sealed: Bytes) -> Result<(), StoreError>;

    /// The secrets of an account, by name ([`SealedSecret::field`]).
    async fn account_secrets(&self, account: &str) -> Result<Vec<SealedSecret>, StoreError>;

    /// Forgets a secret of an account. Whether there was one.
    async fn remove_account_secret(&self, account: &str, name: &str) -> Result<bool, StoreError>;
}
