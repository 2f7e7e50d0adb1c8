use super::{Client, ClientError, segment};
use crate::{
    Account, AccountChange, AuditQuery, AuditRecord, GitAccessTest, GitCredential, GitHostQuery, NewAccount,
    NewGitCredential, NewPassword, NewToken, NewTokenReply, Page, PasswordChange, Session, TestResult, Token,
};
use reqwest::Method;
use std::time::Duration;

impl Client {
    /// Who the token acts for.
    pub async fn session(&self) -> Result<Session, ClientError> {
        self.get("session").await
    }

    /// Changes the account's own password. Its sessions end; its tokens stay.
    pub async fn change_password(&self, change: &PasswordChange) -> Result<(), ClientError> {
        self.post("password", change).await
    }

    /// The tokens of the account.
    pub async fn tokens(&self) -> Result<Vec<Token>, ClientError> {
        self.get("tokens").await
    }

    /// Makes a token for the account.
    pub async fn create_token(&self, wish: &NewToken) -> Result<NewTokenReply, ClientError> {
        self.post("tokens", wish).await
    }

    /// Revokes a token.
    pub async fn revoke_token(&self, id: i64) -> Result<(), ClientError> {
        self.delete(&format!("tokens/{id}")).await
    }

    /// The git hosts that the account has credentials for.
    pub async fn git_credentials(&self) -> Result<Vec<GitCredential>, ClientError> {
        self.get("account/git-credentials").await
    }

    /// Keeps a credential for a git host, in the place of the one before.
    pub async fn set_git_credential(&self, new: &NewGitCredential) -> Result<Vec<GitCredential>, ClientError> {
        self.put("account/git-credentials", new).await
    }

    /// Forgets the credential for a git host.
    pub async fn remove_git_credential(&self, host: &str) -> Result<(), ClientError> {
        let query = GitHostQuery { host: host.to_owned() };
        self.send(self.call(Method::DELETE, "account/git-credentials")?.query(&query)).await.map(drop)
    }

    /// Tries whether the server reaches a repository with the account's credentials.
    pub async fn test_git_credentials(&self, test: &GitAccessTest) -> Result<TestResult, ClientError> {
        let call = self.call(Method::POST, "account/git-credentials/test")?.json(test);
        self.json(call.timeout(Duration::from_secs(120))).await
    }

    /// The accounts.
    pub async fn accounts(&self) -> Result<Vec<Account>, ClientError> {
        self.get("users").await
    }

    /// Makes an account.
    pub async fn add_account(&self, account: &NewAccount) -> Result<Account, ClientError> {
        self.post("users", account).await
    }

    /// Changes an account's role, disables or enables it.
    pub async fn change_account(&self, name: &str, change: &AccountChange) -> Result<Account, ClientError> {
        self.json(self.call(Method::PATCH, &format!("users/{}", segment(name)))?.json(change)).await
    }

    /// Gives an account a new password, which whoever signs in with it must change.
    pub async fn reset_password(&self, name: &str) -> Result<NewPassword, ClientError> {
        self.post(&format!("users/{}/reset-password", segment(name)), &serde_json::json!({})).await
    }

    /// Who did what, the newest first.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Page<AuditRecord>, ClientError> {
        self.query("audit", query).await
    }
}
