//! Accounts with what belongs to them, tokens and sessions.

use crate::PostgresStore;
use crate::error::{DbError, DbResult, corrupt};
use crate::locks;
use crate::secrets::secret;
use crate::sql::{count, execute, read, row, row_if_any, rows};
use crate::transaction::Transaction;
use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::ClientWrapper;
use flow_store::{
    Account, AccountStore, Credentials, NewAccount, NewSession, NewToken, Role, SavedFilter, SealedSecret, Session,
    StoreError, Timestamp, Token, TokenId, last_administrator,
};
use tokio_postgres::Row;

/// The number of a role in the database. Never changes.
fn role_number(role: Role) -> i64 {
    match role {
        Role::Viewer => 0,
        Role::Operator => 1,
        Role::Author => 2,
        Role::Administrator => 3,
    }
}

fn role(number: i64) -> DbResult<Role> {
    let known = Role::ALL.into_iter().find(|role| role_number(*role) == number);
    known.ok_or_else(|| corrupt("role", number).into())
}

#[async_trait]
impl AccountStore for PostgresStore {
    async fn accounts_version(&self) -> Result<u64, StoreError> {
        let db = self.database.reader().await?;
        Ok(count(&row(&db, "SELECT n FROM account_change", &[]).await?, 0)?)
    }

    async fn create_account(&self, new: NewAccount) -> Result<Account, StoreError> {
        let sql = "INSERT INTO account (name, role, disabled, created, password_hash) VALUES ($1, $2, false, $3, $4)
                   ON CONFLICT (name) DO NOTHING";
        let created = self.database.now();
        let values: crate::sql::Values<'_> = &[&new.name, &role_number(new.role), &created.0, &new.password_hash];
        match self.database.execute(sql, values).await? {
            0 => Err(StoreError::Conflict(format!("there is already an account “{}”", new.name))),
            _ => Ok(Account { name: new.name, role: new.role, disabled: false, created }),
        }
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let db = self.database.reader().await?;
        let sql = "SELECT name, role, disabled, created FROM account ORDER BY name";
        Ok(read(&rows(&db, sql, &[]).await?, |row| account(row, 0))?)
    }

    async fn credentials(&self, name: &str) -> Result<Option<Credentials>, StoreError> {
        let db = self.database.reader().await?;
        let sql = "SELECT name, role, disabled, created, password_hash, one_time FROM account WHERE name = $1";
        let found = row_if_any(&db, sql, &[&name]).await?;
        let credentials = |row: &Row| -> DbResult<Credentials> {
            Ok(Credentials { account: account(row, 0)?, password_hash: row.try_get(4)?, one_time: row.try_get(5)? })
        };
        Ok(found.as_ref().map(credentials).transpose()?)
    }

    async fn set_password(&self, name: &str, password_hash: &str, one_time: bool) -> Result<(), StoreError> {
        let transaction = self.database.begin().await?;
        let set = async {
            let number = number_of(&transaction, name).await?;
            let sql = "UPDATE account SET password_hash = $1, one_time = $2 WHERE id = $3";
            execute(&transaction, sql, &[&password_hash, &one_time, &number]).await?;
            end_sessions(&transaction, number).await
        };
        let set = set.await;
        transaction.end(set).await
    }

    async fn set_role(&self, name: &str, role: Role) -> Result<(), StoreError> {
        let transaction = self.database.begin().await?;
        let set = async {
            execute(&transaction, "SELECT pg_advisory_xact_lock($1)", &[&locks::ROLES]).await?;
            let number = number_of(&transaction, name).await?;
            if role != Role::Administrator {
                check_other_administrator(&transaction, name).await?;
            }
            execute(&transaction, "UPDATE account SET role = $1 WHERE id = $2", &[&role_number(role), &number]).await?;
            Ok(())
        };
        let set = set.await;
        transaction.end(set).await
    }

    async fn set_disabled(&self, name: &str, disabled: bool) -> Result<(), StoreError> {
        let transaction = self.database.begin().await?;
        let set = async {
            execute(&transaction, "SELECT pg_advisory_xact_lock($1)", &[&locks::ROLES]).await?;
            let number = number_of(&transaction, name).await?;
            if disabled {
                check_other_administrator(&transaction, name).await?;
                end_sessions(&transaction, number).await?;
            }
            execute(&transaction, "UPDATE account SET disabled = $1 WHERE id = $2", &[&disabled, &number]).await?;
            Ok(())
        };
        let set = set.await;
        transaction.end(set).await
    }

    async fn create_token(&self, new: NewToken) -> Result<Token, StoreError> {
        let transaction = self.database.begin().await?;
        let created = create_token(&transaction, &new).await;
        transaction.end(created).await
    }

    async fn tokens(&self, account: Option<&str>) -> Result<Vec<Token>, StoreError> {
        let db = self.database.reader().await?;
        let sql = format!("{TOKENS} WHERE $1::text IS NULL OR a.name = $1 ORDER BY t.id DESC");
        Ok(read(&rows(&db, &sql, &[&account]).await?, token)?)
    }

    async fn token_account(&self, hash: &str) -> Result<Option<(Token, Account)>, StoreError> {
        let db = self.database.reader().await?;
        let now = self.database.now();
        let found = row_if_any(&db, &format!("{TOKENS} WHERE t.hash = $1"), &[&hash]).await?;
        let read = |row: &Row| -> DbResult<(Token, Account)> { Ok((token(row)?, account(row, 6)?)) };
        let found = found.as_ref().map(read).transpose()?;
        let counts = |token: &Token| token.revoked.is_none() && token.expires.is_none_or(|expires| now < expires);
        Ok(found.filter(|(token, account)| counts(token) && !account.disabled))
    }

    async fn revoke_token(&self, id: TokenId) -> Result<(), StoreError> {
        let sql = "UPDATE token SET revoked = coalesce(revoked, $1) WHERE id = $2";
        match self.database.execute(sql, &[&self.database.now().0, &id.0]).await? {
            0 => Err(StoreError::NotFound { what: "token", name: id.0.to_string() }),
            _ => Ok(()),
        }
    }

    async fn create_session(&self, new: NewSession) -> Result<Session, StoreError> {
        let transaction = self.database.begin().await?;
        let created = async {
            let (number, now) = (number_of(&transaction, &new.account).await?, transaction.now);
            execute(&transaction, "DELETE FROM session WHERE expires <= $1", &[&now.0]).await?;
            let sql = "INSERT INTO session (account, hash, created, expires) VALUES ($1, $2, $3, $4)
                       ON CONFLICT (hash) DO UPDATE SET account = $1, created = $3, expires = $4";
            execute(&transaction, sql, &[&number, &new.hash, &now.0, &new.expires.0]).await?;
            Ok::<_, DbError>(Session { account: new.account.clone(), created: now, expires: new.expires })
        };
        let created = created.await;
        transaction.end(created).await
    }

    async fn session_account(&self, hash: &str) -> Result<Option<(Session, Account)>, StoreError> {
        let db = self.database.reader().await?;
        let now = self.database.now();
        let sql = "SELECT s.created, s.expires, a.name, a.role, a.disabled, a.created
                   FROM session s JOIN account a ON a.id = s.account WHERE s.hash = $1";
        let read = |row: &Row| -> DbResult<(Session, Account)> {
            let account = account(row, 2)?;
            let (created, expires) = (Timestamp(row.try_get(0)?), Timestamp(row.try_get(1)?));
            Ok((Session { account: account.name.clone(), created, expires }, account))
        };
        let found = row_if_any(&db, sql, &[&hash]).await?.as_ref().map(read).transpose()?;
        Ok(found.filter(|(session, account)| now < session.expires && !account.disabled))
    }

    async fn extend_session(&self, hash: &str, expires: Timestamp) -> Result<(), StoreError> {
        match self.database.execute("UPDATE session SET expires = $1 WHERE hash = $2", &[&expires.0, &hash]).await? {
            0 => Err(StoreError::NotFound { what: "session", name: String::new() }),
            _ => Ok(()),
        }
    }

    async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        self.database.execute("DELETE FROM session WHERE hash = $1", &[&hash]).await?;
        Ok(())
    }

    async fn saved_filters(&self, account: &str) -> Result<Vec<SavedFilter>, StoreError> {
        let db = self.database.reader().await?;
        let number = number_of(&db, account).await?;
        let sql = "SELECT name, query FROM saved_filter WHERE account = $1 ORDER BY name";
        let filter = |row: &Row| Ok(SavedFilter { name: row.try_get(0)?, query: row.try_get(1)? });
        Ok(read(&rows(&db, sql, &[&number]).await?, filter)?)
    }

    async fn put_saved_filter(&self, account: &str, filter: SavedFilter) -> Result<(), StoreError> {
        let number = self.account_number(account).await?;
        let sql = "INSERT INTO saved_filter (account, name, query) VALUES ($1, $2, $3)
                   ON CONFLICT (account, name) DO UPDATE SET query = $3";
        self.database.execute(sql, &[&number, &filter.name, &filter.query]).await?;
        Ok(())
    }

    async fn remove_saved_filter(&self, account: &str, name: &str) -> Result<bool, StoreError> {
        let number = self.account_number(account).await?;
        let sql = "DELETE FROM saved_filter WHERE account = $1 AND name = $2";
        Ok(self.database.execute(sql, &[&number, &name]).await? > 0)
    }

    async fn put_account_secret(&self, account: &str, name: &str, sealed: Bytes) -> Result<(), StoreError> {
        let number = self.account_number(account).await?;
        let sql = "INSERT INTO account_secret (account, name, sealed, updated) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (account, name) DO UPDATE SET sealed = $3, updated = $4";
        self.database.execute(sql, &[&number, &name, &sealed.as_ref(), &self.database.now().0]).await?;
        Ok(())
    }

    async fn account_secrets(&self, account: &str) -> Result<Vec<SealedSecret>, StoreError> {
        let db = self.database.reader().await?;
        let number = number_of(&db, account).await?;
        let sql = "SELECT name, sealed, updated FROM account_secret WHERE account = $1 ORDER BY name";
        Ok(read(&rows(&db, sql, &[&number]).await?, secret)?)
    }

    async fn remove_account_secret(&self, account: &str, name: &str) -> Result<bool, StoreError> {
        let number = self.account_number(account).await?;
        let sql = "DELETE FROM account_secret WHERE account = $1 AND name = $2";
        Ok(self.database.execute(sql, &[&number, &name]).await? > 0)
    }
}

impl PostgresStore {
    async fn account_number(&self, name: &str) -> Result<i64, StoreError> {
        let db = self.database.reader().await?;
        Ok(number_of(&db, name).await?)
    }
}

fn account(row: &Row, first: usize) -> DbResult<Account> {
    Ok(Account {
        name: row.try_get(first)?,
        role: role(row.try_get(first + 1)?)?,
        disabled: row.try_get(first + 2)?,
        created: Timestamp(row.try_get(first + 3)?),
    })
}

async fn number_of(db: &ClientWrapper, name: &str) -> DbResult<i64> {
    let found = row_if_any(db, "SELECT id FROM account WHERE name = $1", &[&name]).await?;
    let missing = || StoreError::NotFound { what: "account", name: name.to_owned() };
    Ok(found.ok_or_else(missing)?.try_get(0)?)
}

/// Fails if nobody but `name` is an enabled administrator.
async fn check_other_administrator(db: &ClientWrapper, name: &str) -> DbResult<()> {
    let sql = "SELECT count(*) FILTER (WHERE name = $1), count(*) FILTER (WHERE name <> $1)
               FROM account WHERE role = $2 AND NOT disabled";
    let counted = row(db, sql, &[&name, &role_number(Role::Administrator)]).await?;
    let (was_one, others): (i64, i64) = (counted.try_get(0)?, counted.try_get(1)?);
    if was_one > 0 && others == 0 {
        return Err(last_administrator(name).into());
    }
    Ok(())
}

async fn end_sessions(db: &ClientWrapper, account: i64) -> DbResult<()> {
    execute(db, "DELETE FROM session WHERE account = $1", &[&account]).await?;
    Ok(())
}

/// A query for tokens with their accounts; conditions follow. For [`token`].
const TOKENS: &str =
    "SELECT t.id, a.name, t.name, t.created, t.expires, t.revoked, a.name, a.role, a.disabled, a.created
                      FROM token t JOIN account a ON a.id = t.account";

fn token(row: &Row) -> DbResult<Token> {
    Ok(Token {
        id: TokenId(row.try_get(0)?),
        account: row.try_get(1)?,
        name: row.try_get(2)?,
        created: Timestamp(row.try_get(3)?),
        expires: row.try_get::<_, Option<i64>>(4)?.map(Timestamp),
        revoked: row.try_get::<_, Option<i64>>(5)?.map(Timestamp),
    })
}

async fn create_token(transaction: &Transaction, new: &NewToken) -> DbResult<Token> {
    let number = number_of(transaction, &new.account).await?;
    let sql = "INSERT INTO token (account, name, hash, created, expires) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (hash) DO NOTHING RETURNING id";
    let expires = new.expires.map(|expires| expires.0);
    let values: crate::sql::Values<'_> = &[&number, &new.name, &new.hash, &transaction.now.0, &expires];
    let made = row_if_any(transaction, sql, values).await?;
    let made = made.ok_or_else(|| StoreError::Conflict("this token exists already; make a new one".to_owned()))?;
    Ok(Token {
        id: TokenId(made.try_get(0)?),
        account: new.account.clone(),
        name: new.name.clone(),
        created: transaction.now,
        expires: new.expires,
        revoked: None,
    })
}
