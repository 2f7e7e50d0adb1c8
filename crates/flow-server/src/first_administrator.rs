//! The first account of a cluster, for those who start its first server by a service manager and have nobody to make one.

use crate::ServeError;
use crate::credentials::{hash_password, new_password};
use flow_store::{AuditEntry, NewAccount, Role, Store, StoreError};
use std::fmt;

/// What it is called.
const NAME: &str = "administrator";

/// The account that was made, with its password, which is shown once and must be changed at the first sign-in.
#[derive(Clone, PartialEq, Eq)]
pub struct FirstAdministrator {
    /// The account's name.
    pub name: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for FirstAdministrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstAdministrator").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Makes the first account, if there is none at all.
pub async fn make(store: &dyn Store) -> Result<Option<FirstAdministrator>, ServeError> {
    if !store.accounts().await?.is_empty() {
        return Ok(None);
    }
    let password = new_password();
    let hash = password.clone();
    let hash = tokio::task::spawn_blocking(move || hash_password(&hash)).await;
    let password_hash = hash.map_err(|error| StoreError::unavailable(error.to_string()))??;
    let new = NewAccount { name: NAME.to_owned(), role: Role::Administrator, password_hash: password_hash.clone() };
    match store.create_account(new).await {
        Ok(_) => {}
        // Another server of the cluster was faster, and has told its password.
        Err(StoreError::Conflict(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    store.set_password(NAME, &password_hash, true).await?;
    let text = |text: &str| text.to_owned();
    store
        .audit(AuditEntry {
            account: text(NAME),
            action: text("account-created"),
            subject: text(NAME),
            detail: text("the first administrator"),
            address: String::new(),
        })
        .await?;
    Ok(Some(FirstAdministrator { name: text(NAME), password }))
}
