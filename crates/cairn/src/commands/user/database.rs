//! Accounts directly on the checkpoint database. Whoever can write that file may do this; it is how the first
//! administrator comes to be, and the way back for one who has lost the password.

use super::Accounts;
use crate::outcome::Failure;
use crate::output::Output;
use crate::password::PasswordArgs;
use async_trait::async_trait;
use flow_api::{Account, AccountChange, NewAccount, NewToken, Time, Token};
use flow_server::credentials;
use flow_store::{AuditEntry, Role, Store, StoreError, Timestamp, TokenId};
use std::sync::Arc;
use std::time::Duration;

/// The accounts in a checkpoint database.
pub struct OnDatabase(pub Arc<dyn Store>);

#[async_trait]
impl Accounts for OnDatabase {
    async fn add(&self, new: NewAccount) -> Result<Account, Failure> {
        wire_account(add(self.store(), &new.name, stored_role(new.role)?, &new.password).await?)
    }

    async fn list(&self) -> Result<Vec<Account>, Failure> {
        self.store().accounts().await?.into_iter().map(wire_account).collect()
    }

    async fn change(&self, name: &str, change: AccountChange) -> Result<Account, Failure> {
        self.require(name).await?;
        if let Some(role) = change.role {
            self.store().set_role(name, stored_role(role)?).await?;
            audit(self.store(), "role-set", name, role.as_str()).await?;
        }
        if let Some(disabled) = change.disabled {
            self.store().set_disabled(name, disabled).await?;
            let action = if disabled { "account-disabled" } else { "account-enabled" };
            audit(self.store(), action, name, "").await?;
        }
        wire_account(self.require(name).await?)
    }

    async fn set_password(&self, name: &str, password: &PasswordArgs, output: Output) -> Result<(), Failure> {
        self.require(name).await?;
        let hash = credentials::hash_password(&password.read_new(output)?)?;
        self.store().set_password(name, &hash, false).await?;
        Ok(audit(self.store(), "password-set", name, "").await?)
    }

    async fn reset_password(&self, name: &str) -> Result<String, Failure> {
        self.require(name).await?;
        let password = credentials::new_password();
        self.store().set_password(name, &credentials::hash_password(&password)?, true).await?;
        audit(self.store(), "password-reset", name, "").await?;
        Ok(password)
    }

    async fn create_token(&self, name: &str, wish: NewToken) -> Result<String, Failure> {
        self.require(name).await?;
        make_token(self.store(), name, &wish.name, wish.days).await
    }

    async fn tokens(&self, name: &str) -> Result<Vec<Token>, Failure> {
        self.require(name).await?;
        Ok(self.store().tokens(Some(name)).await?.into_iter().map(wire_token).collect())
    }

    async fn revoke_token(&self, id: i64) -> Result<(), Failure> {
        self.store().revoke_token(TokenId(id)).await?;
        Ok(audit(self.store(), "token-revoked", &id.to_string(), "").await?)
    }
}

impl OnDatabase {
    fn store(&self) -> &dyn Store {
        self.0.as_ref()
    }

    async fn require(&self, name: &str) -> Result<flow_store::Account, StoreError> {
        match self.store().credentials(name).await? {
            Some(credentials) => Ok(credentials.account),
            None => Err(StoreError::NotFound { what: "account", name: name.to_owned() }),
        }
    }
}

/// Makes an account.
pub async fn add(store: &dyn Store, name: &str, role: Role, password: &str) -> Result<flow_store::Account, Failure> {
    credentials::check_account_name(name)?;
    let password_hash = credentials::hash_password(password)?;
    let account = store.create_account(flow_store::NewAccount { name: name.to_owned(), role, password_hash }).await?;
    audit(store, "account-created", name, role.as_str()).await?;
    Ok(account)
}

/// Makes a token for an account and gives its secret.
pub async fn make_token(store: &dyn Store, account: &str, purpose: &str, days: Option<u32>) -> Result<String, Failure> {
    let (secret, hash) = credentials::new_token();
    let day = Duration::from_secs(24 * 60 * 60);
    let expires = days.map(|days| store.now().plus_ms(u64::from(days) * day.as_secs() * 1000));
    let token = flow_store::NewToken { account: account.to_owned(), name: purpose.to_owned(), hash, expires };
    store.create_token(token).await?;
    audit(store, "token-created", account, purpose).await?;
    Ok(secret)
}

async fn audit(store: &dyn Store, action: &str, subject: &str, detail: &str) -> Result<(), StoreError> {
    let entry = AuditEntry {
        account: "command line".to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
        address: "local".to_owned(),
    };
    store.audit(entry).await
}

/// An account as the API tells of it, so that programs read one form only.
fn wire_account(account: flow_store::Account) -> Result<Account, Failure> {
    let role = account.role.as_str().parse().map_err(|error| Failure::new("user/role", error))?;
    Ok(Account { name: account.name, role, disabled: account.disabled, created: time(account.created) })
}

fn stored_role(role: flow_api::Role) -> Result<Role, Failure> {
    let found = Role::ALL.into_iter().find(|stored| stored.as_str() == role.as_str());
    found.ok_or_else(|| Failure::new("user/role", format!("{role} is not a role that the database knows")))
}

fn wire_token(token: flow_store::Token) -> Token {
    Token {
        id: token.id.0,
        name: token.name,
        account: token.account,
        created: time(token.created),
        expires: token.expires.map(time),
        revoked: token.revoked.map(time),
    }
}

fn time(time: Timestamp) -> Time {
    Time::from_millisecond(time.0)
}
