//! Accounts, tokens and sessions in memory.

use super::{AccountRecord, MemoryStore, State};
use crate::{
    Account, AccountStore, Credentials, NewAccount, NewSession, NewToken, Role, SavedFilter, SealedSecret, Session,
    StoreError, Timestamp, Token, TokenId, last_administrator,
};
use async_trait::async_trait;
use bytes::Bytes;

impl AccountRecord {
    fn new(account: Account, password_hash: String) -> Self {
        let (filters, secrets) = Default::default();
        Self { account, password_hash, one_time: false, filters, secrets }
    }
}

fn no_account(name: &str) -> StoreError {
    StoreError::NotFound { what: "account", name: name.to_owned() }
}

impl State {
    fn account(&self, name: &str) -> Result<&AccountRecord, StoreError> {
        self.accounts.get(name).ok_or_else(|| no_account(name))
    }

    fn account_mut(&mut self, name: &str) -> Result<&mut AccountRecord, StoreError> {
        self.accounts.get_mut(name).ok_or_else(|| no_account(name))
    }

    fn enabled(&self, name: &str) -> Option<Account> {
        self.accounts.get(name).map(|record| record.account.clone()).filter(|account| !account.disabled)
    }

    /// Fails if nobody but `name` is an enabled administrator.
    fn check_other_administrator(&self, name: &str) -> Result<(), StoreError> {
        let is_administrator = |account: &Account| account.role == Role::Administrator && !account.disabled;
        let was_one = self.accounts.get(name).is_some_and(|record| is_administrator(&record.account));
        let others = self.accounts.values().filter(|record| record.account.name != name);
        if was_one && others.filter(|record| is_administrator(&record.account)).count() == 0 {
            return Err(last_administrator(name));
        }
        Ok(())
    }

    fn end_sessions(&mut self, account: &str) {
        self.sessions.retain(|_, session| session.account != account);
    }
}

impl MemoryStore {
    /// Changes who may call.
    fn change_accounts<T>(
        &self,
        change: impl FnOnce(&mut State, Timestamp) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.change(|state, now| {
            let done = change(state, now)?;
            state.account_changes += 1;
            Ok(done)
        })
    }
}

#[async_trait]
impl AccountStore for MemoryStore {
    async fn accounts_version(&self) -> Result<u64, StoreError> {
        self.read(|state| Ok(state.account_changes))
    }

    async fn create_account(&self, new: NewAccount) -> Result<Account, StoreError> {
        self.change_accounts(|state, now| {
            if state.accounts.contains_key(&new.name) {
                return Err(StoreError::Conflict(format!("there is already an account “{}”", new.name)));
            }
            let account = Account { name: new.name, role: new.role, disabled: false, created: now };
            let record = AccountRecord::new(account.clone(), new.password_hash);
            state.accounts.insert(account.name.clone(), record);
            Ok(account)
        })
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read(|state| Ok(state.accounts.values().map(|record| record.account.clone()).collect()))
    }

    async fn credentials(&self, name: &str) -> Result<Option<Credentials>, StoreError> {
        self.read(|state| {
            Ok(state.accounts.get(name).map(|record| Credentials {
                account: record.account.clone(),
                password_hash: record.password_hash.clone(),
                one_time: record.one_time,
            }))
        })
    }

    async fn set_password(&self, name: &str, password_hash: &str, one_time: bool) -> Result<(), StoreError> {
        self.change_accounts(|state, _| {
            let record = state.account_mut(name)?;
            record.password_hash = password_hash.to_owned();
            record.one_time = one_time;
            state.end_sessions(name);
            Ok(())
        })
    }

    async fn set_role(&self, name: &str, role: Role) -> Result<(), StoreError> {
        self.change_accounts(|state, _| {
            if role != Role::Administrator {
                state.check_other_administrator(name)?;
            }
            state.account_mut(name)?.account.role = role;
            Ok(())
        })
    }

    async fn set_disabled(&self, name: &str, disabled: bool) -> Result<(), StoreError> {
        self.change_accounts(|state, _| {
            if disabled {
                state.check_other_administrator(name)?;
            }
            state.account_mut(name)?.account.disabled = disabled;
            if disabled {
                state.end_sessions(name);
            }
            Ok(())
        })
    }

    async fn create_token(&self, new: NewToken) -> Result<Token, StoreError> {
        self.change_accounts(|state, now| {
            state.account_mut(&new.account)?;
            if state.tokens.iter().any(|(hash, _)| *hash == new.hash) {
                return Err(StoreError::Conflict("this token exists already; make a new one".to_owned()));
            }
            let token = Token {
                id: TokenId(state.tokens.len() as i64 + 1),
                account: new.account,
                name: new.name,
                created: now,
                expires: new.expires,
                revoked: None,
            };
            state.tokens.push((new.hash, token.clone()));
            Ok(token)
        })
    }

    async fn tokens(&self, account: Option<&str>) -> Result<Vec<Token>, StoreError> {
        self.read(|state| {
            let tokens = state.tokens.iter().rev().map(|(_, token)| token);
            Ok(tokens.filter(|token| account.is_none_or(|account| token.account == account)).cloned().collect())
        })
    }

    async fn token_account(&self, hash: &str) -> Result<Option<(Token, Account)>, StoreError> {
        let now = self.clock.now();
        self.read(|state| {
            let known = state.tokens.iter().find(|(known, _)| known == hash).map(|(_, token)| token.clone());
            let valid =
                known.filter(|token| token.revoked.is_none() && token.expires.is_none_or(|expires| now < expires));
            Ok(valid.and_then(|token| state.enabled(&token.account).map(|account| (token, account))))
        })
    }

    async fn revoke_token(&self, id: TokenId) -> Result<(), StoreError> {
        self.change_accounts(|state, now| {
            let found = state.tokens.iter_mut().find(|(_, token)| token.id == id);
            let (_, token) = found.ok_or_else(|| StoreError::NotFound { what: "token", name: id.0.to_string() })?;
            token.revoked.get_or_insert(now);
            Ok(())
        })
    }

    async fn create_session(&self, new: NewSession) -> Result<Session, StoreError> {
        self.change(|state, now| {
            state.account_mut(&new.account)?;
            state.sessions.retain(|_, session| now < session.expires);
            let session = Session { account: new.account, created: now, expires: new.expires };
            state.sessions.insert(new.hash, session.clone());
            Ok(session)
        })
    }

    async fn session_account(&self, hash: &str) -> Result<Option<(Session, Account)>, StoreError> {
        let now = self.clock.now();
        self.read(|state| {
            let valid = state.sessions.get(hash).filter(|session| now < session.expires).cloned();
            Ok(valid.and_then(|session| state.enabled(&session.account).map(|account| (session, account))))
        })
    }

    async fn extend_session(&self, hash: &str, expires: Timestamp) -> Result<(), StoreError> {
        self.change(|state, _| {
            let missing = || StoreError::NotFound { what: "session", name: String::new() };
            state.sessions.get_mut(hash).ok_or_else(missing)?.expires = expires;
            Ok(())
        })
    }

    async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        self.change_accounts(|state, _| {
            state.sessions.remove(hash);
            Ok(())
        })
    }

    async fn saved_filters(&self, account: &str) -> Result<Vec<SavedFilter>, StoreError> {
        self.read(|state| {
            let filters = state.account(account)?.filters.iter();
            Ok(filters.map(|(name, query)| SavedFilter { name: name.clone(), query: query.clone() }).collect())
        })
    }

    async fn put_saved_filter(&self, account: &str, filter: SavedFilter) -> Result<(), StoreError> {
        self.change(|state, _| {
            state.account_mut(account)?.filters.insert(filter.name, filter.query);
            Ok(())
        })
    }

    async fn remove_saved_filter(&self, account: &str, name: &str) -> Result<bool, StoreError> {
        self.change(|state, _| Ok(state.account_mut(account)?.filters.remove(name).is_some()))
    }

    async fn put_account_secret(&self, account: &str, name: &str, sealed: Bytes) -> Result<(), StoreError> {
        self.change(|state, now| {
            let secret = SealedSecret { field: name.to_owned(), sealed, updated: now };
            state.account_mut(account)?.secrets.insert(name.to_owned(), secret);
            Ok(())
        })
    }

    async fn account_secrets(&self, account: &str) -> Result<Vec<SealedSecret>, StoreError> {
        self.read(|state| Ok(state.account(account)?.secrets.values().cloned().collect()))
    }

    async fn remove_account_secret(&self, account: &str, name: &str) -> Result<bool, StoreError> {
        self.change(|state, _| Ok(state.account_mut(account)?.secrets.remove(name).is_some()))
    }
}
