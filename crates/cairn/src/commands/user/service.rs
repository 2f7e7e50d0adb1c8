//! Accounts over the API of a server, with the rights of whoever asks.

use super::Accounts;
use crate::outcome::Failure;
use crate::output::Output;
use crate::password::PasswordArgs;
use crate::remote::Remote;
use async_trait::async_trait;
use flow_api::{Account, AccountChange, Client, Login, NewAccount, NewToken, Token};

/// The accounts of the cluster that this is signed in to.
pub struct OverService(pub Remote);

impl OverService {
    /// Tokens are made, seen and revoked by the account that they act for.
    async fn require_own(&self, name: &str) -> Result<(), Failure> {
        let own = self.0.any(|client| async move { client.session().await }).await?.account.name;
        if own == name {
            return Ok(());
        }
        let message = format!(
            "you are signed in as {own}, and only {name} may do that over a server: sign in as {name}, or give \
             --checkpoint-connection on the machine of the checkpoint database"
        );
        Err(Failure::new("user/other-account", message))
    }
}

#[async_trait]
impl Accounts for OverService {
    async fn add(&self, new: NewAccount) -> Result<Account, Failure> {
        Ok(self.0.here()?.add_account(&new).await?)
    }

    async fn list(&self) -> Result<Vec<Account>, Failure> {
        Ok(self.0.here()?.accounts().await?)
    }

    async fn change(&self, name: &str, change: AccountChange) -> Result<Account, Failure> {
        Ok(self.0.here()?.change_account(name, &change).await?)
    }

    async fn set_password(&self, name: &str, password: &PasswordArgs, output: Output) -> Result<(), Failure> {
        let (current, new) = password.read_change(output)?;
        let login = Login { name: name.to_owned(), password: current };
        Ok(Client::replace_password(self.0.here()?.address(), &login, &new).await?)
    }

    async fn reset_password(&self, name: &str) -> Result<String, Failure> {
        Ok(self.0.here()?.reset_password(name).await?.password)
    }

    async fn create_token(&self, name: &str, wish: NewToken) -> Result<String, Failure> {
        self.require_own(name).await?;
        Ok(self.0.here()?.create_token(&wish).await?.secret)
    }

    async fn tokens(&self, name: &str) -> Result<Vec<Token>, Failure> {
        self.require_own(name).await?;
        Ok(self.0.here()?.tokens().await?)
    }

    async fn revoke_token(&self, id: i64) -> Result<(), Failure> {
        Ok(self.0.here()?.revoke_token(id).await?)
    }
}
