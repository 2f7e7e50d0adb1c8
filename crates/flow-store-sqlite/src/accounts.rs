//! Accounts with what belongs to them, tokens and sessions.

use crate::SqliteStore;
use crate::error::{DbResult, corrupt};
use crate::requests::collect;
use crate::writer::Db;
use async_trait::async_trait;
use bytes::Bytes;
use flow_store::{
    Account, AccountStore, Credentials, NewAccount, NewSession, NewToken, Role, SavedFilter, SealedSecret, Session,
    StoreError, Timestamp, Token, TokenId, last_administrator,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

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
impl AccountStore for SqliteStore {
    async fn accounts_version(&self) -> Result<u64, StoreError> {
        let read = |db: &Connection| -> DbResult<u64> {
            let mut number = db.prepare_cached("SELECT n FROM account_change")?;
            Ok(number.query_row([], |row| row.get(0))?)
        };
        self.readers.run(read).await
    }

    async fn create_account(&self, new: NewAccount) -> Result<Account, StoreError> {
        self.writer.run(move |db| create_account(db, &new)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.readers
            .run(|db| {
                let mut statement =
                    db.prepare_cached("SELECT name, role, disabled, created FROM account ORDER BY name")?;
                collect(statement.query([])?, |row| account(row, 0))
            })
            .await
    }

    async fn credentials(&self, name: &str) -> Result<Option<Credentials>, StoreError> {
        let name = name.to_owned();
        let read = |row: &Row<'_>| {
            Ok(Credentials { account: account(row, 0)?, password_hash: row.get(4)?, one_time: row.get(5)? })
        };
        let sql = "SELECT name, role, disabled, created, password_hash, one_time FROM account WHERE name = ?";
        self.readers.run(move |db| first(db, sql, &name, read)).await
    }

    async fn set_password(&self, name: &str, password_hash: &str, one_time: bool) -> Result<(), StoreError> {
        let (name, password_hash) = (name.to_owned(), password_hash.to_owned());
        self.writer
            .run(move |db| {
                let number = account_number(db, &name)?;
                let sql = "UPDATE account SET password_hash = ?, one_time = ? WHERE id = ?";
                db.connection.prepare_cached(sql)?.execute(params![password_hash, one_time, number])?;
                end_sessions(db, number)
            })
            .await
    }

    async fn set_role(&self, name: &str, role: Role) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.writer
            .run(move |db| {
                let number = account_number(db, &name)?;
                if role != Role::Administrator {
                    check_other_administrator(db, &name)?;
                }
                let mut update = db.connection.prepare_cached("UPDATE account SET role = ? WHERE id = ?")?;
                update.execute([role_number(role), number])?;
                Ok(())
            })
            .await
    }

    async fn set_disabled(&self, name: &str, disabled: bool) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.writer
            .run(move |db| {
                let number = account_number(db, &name)?;
                if disabled {
                    check_other_administrator(db, &name)?;
                    end_sessions(db, number)?;
                }
                let mut update = db.connection.prepare_cached("UPDATE account SET disabled = ? WHERE id = ?")?;
                update.execute(params![disabled, number])?;
                Ok(())
            })
            .await
    }

    async fn create_token(&self, new: NewToken) -> Result<Token, StoreError> {
        self.writer.run(move |db| create_token(db, &new)).await
    }

    async fn tokens(&self, account: Option<&str>) -> Result<Vec<Token>, StoreError> {
        let account = account.map(ToOwned::to_owned);
        self.readers
            .run(move |db| {
                let sql = format!("{TOKENS} WHERE ?1 IS NULL OR a.name = ?1 ORDER BY t.id DESC");
                collect(db.prepare_cached(&sql)?.query([account])?, token)
            })
            .await
    }

    async fn token_account(&self, hash: &str) -> Result<Option<(Token, Account)>, StoreError> {
        let (hash, now) = (hash.to_owned(), self.clock.now());
        let found = self
            .readers
            .run(move |db| {
                let sql = format!("{TOKENS} WHERE t.hash = ?");
                first(db, &sql, &hash, |row| Ok((token(row)?, account(row, 6)?)))
            })
            .await?;
        let counts = |token: &Token| token.revoked.is_none() && token.expires.is_none_or(|expires| now < expires);
        Ok(found.filter(|(token, account)| counts(token) && !account.disabled))
    }

    async fn revoke_token(&self, id: TokenId) -> Result<(), StoreError> {
        self.writer
            .run(move |db| {
                let mut update =
                    db.connection.prepare_cached("UPDATE token SET revoked = coalesce(revoked, ?) WHERE id = ?")?;
                if update.execute([db.now.0, id.0])? == 0 {
                    return Err(StoreError::NotFound { what: "token", name: id.0.to_string() }.into());
                }
                Ok(())
            })
            .await
    }

    async fn create_session(&self, new: NewSession) -> Result<Session, StoreError> {
        self.writer
            .run(move |db| {
                let number = account_number(db, &new.account)?;
                db.connection.prepare_cached("DELETE FROM session WHERE expires <= ?")?.execute([db.now.0])?;
                let mut insert = db.connection.prepare_cached(
                    "INSERT OR REPLACE INTO session (account, hash, created, expires) VALUES (?, ?, ?, ?)",
                )?;
                insert.execute(params![number, new.hash, db.now.0, new.expires.0])?;
                Ok(Session { account: new.account, created: db.now, expires: new.expires })
            })
            .await
    }

    async fn session_account(&self, hash: &str) -> Result<Option<(Session, Account)>, StoreError> {
        let (hash, now) = (hash.to_owned(), self.clock.now());
        let sql = "SELECT s.created, s.expires, a.name, a.role, a.disabled, a.created
                   FROM session s JOIN account a ON a.id = s.account WHERE s.hash = ?";
        let read = |row: &Row<'_>| {
            let account = account(row, 2)?;
            let (created, expires) = (Timestamp(row.get(0)?), Timestamp(row.get(1)?));
            Ok((Session { account: account.name.clone(), created, expires }, account))
        };
        let found = self.readers.run(move |db| first(db, sql, &hash, read)).await?;
        Ok(found.filter(|(session, account)| now < session.expires && !account.disabled))
    }

    async fn extend_session(&self, hash: &str, expires: Timestamp) -> Result<(), StoreError> {
        let hash = hash.to_owned();
        self.writer
            .run(move |db| {
                let mut update = db.connection.prepare_cached("UPDATE session SET expires = ? WHERE hash = ?")?;
                if update.execute(params![expires.0, hash])? == 0 {
                    return Err(StoreError::NotFound { what: "session", name: String::new() }.into());
                }
                Ok(())
            })
            .await
    }

    async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        let hash = hash.to_owned();
        self.writer
            .run(move |db| {
                db.connection.prepare_cached("DELETE FROM session WHERE hash = ?")?.execute([hash])?;
                Ok(())
            })
            .await
    }

    async fn saved_filters(&self, account: &str) -> Result<Vec<SavedFilter>, StoreError> {
        let account = account.to_owned();
        self.readers
            .run(move |db| {
                let number = number_of(db, &account)?;
                let mut statement =
                    db.prepare_cached("SELECT name, query FROM saved_filter WHERE account = ? ORDER BY name")?;
                collect(statement.query([number])?, |row| Ok(SavedFilter { name: row.get(0)?, query: row.get(1)? }))
            })
            .await
    }

    async fn put_saved_filter(&self, account: &str, filter: SavedFilter) -> Result<(), StoreError> {
        let account = account.to_owned();
        self.writer
            .run(move |db| {
                let number = account_number(db, &account)?;
                let sql = "INSERT OR REPLACE INTO saved_filter (account, name, query) VALUES (?, ?, ?)";
                db.connection.prepare_cached(sql)?.execute(params![number, filter.name, filter.query])?;
                Ok(())
            })
            .await
    }

    async fn remove_saved_filter(&self, account: &str, name: &str) -> Result<bool, StoreError> {
        let (account, name) = (account.to_owned(), name.to_owned());
        self.writer
            .run(move |db| {
                let number = account_number(db, &account)?;
                let sql = "DELETE FROM saved_filter WHERE account = ? AND name = ?";
                Ok(db.connection.prepare_cached(sql)?.execute(params![number, name])? > 0)
            })
            .await
    }

    async fn put_account_secret(&self, account: &str, name: &str, sealed: Bytes) -> Result<(), StoreError> {
        let (account, name) = (account.to_owned(), name.to_owned());
        self.writer
            .run(move |db| {
                let number = account_number(db, &account)?;
                let sql = "INSERT OR REPLACE INTO account_secret (account, name, sealed, updated) VALUES (?, ?, ?, ?)";
                db.connection.prepare_cached(sql)?.execute(params![number, name, sealed.as_ref(), db.now.0])?;
                Ok(())
            })
            .await
    }

    async fn account_secrets(&self, account: &str) -> Result<Vec<SealedSecret>, StoreError> {
        let account = account.to_owned();
        self.readers
            .run(move |db| {
                let number = number_of(db, &account)?;
                let sql = "SELECT name, sealed, updated FROM account_secret WHERE account = ? ORDER BY name";
                collect(db.prepare_cached(sql)?.query([number])?, |row| {
                    let sealed = Bytes::from(row.get::<_, Vec<u8>>(1)?);
                    Ok(SealedSecret { field: row.get(0)?, sealed, updated: Timestamp(row.get(2)?) })
                })
            })
            .await
    }

    async fn remove_account_secret(&self, account: &str, name: &str) -> Result<bool, StoreError> {
        let (account, name) = (account.to_owned(), name.to_owned());
        self.writer
            .run(move |db| {
                let number = account_number(db, &account)?;
                let sql = "DELETE FROM account_secret WHERE account = ? AND name = ?";
                Ok(db.connection.prepare_cached(sql)?.execute(params![number, name])? > 0)
            })
            .await
    }
}

/// The first row of a query with one text parameter.
fn first<T>(
    connection: &Connection,
    sql: &str,
    parameter: &str,
    read: impl Fn(&Row<'_>) -> DbResult<T>,
) -> DbResult<Option<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([parameter], |row| Ok(read(row))).optional()?.transpose()
}

fn account(row: &Row<'_>, first: usize) -> DbResult<Account> {
    Ok(Account {
        name: row.get(first)?,
        role: role(row.get(first + 1)?)?,
        disabled: row.get(first + 2)?,
        created: Timestamp(row.get(first + 3)?),
    })
}

fn account_number(db: &Db<'_>, name: &str) -> DbResult<i64> {
    number_of(db.connection, name)
}

fn number_of(connection: &Connection, name: &str) -> DbResult<i64> {
    let mut statement = connection.prepare_cached("SELECT id FROM account WHERE name = ?")?;
    let found = statement.query_row([name], |row| row.get(0)).optional()?;
    Ok(found.ok_or_else(|| StoreError::NotFound { what: "account", name: name.to_owned() })?)
}

fn create_account(db: &Db<'_>, new: &NewAccount) -> DbResult<Account> {
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO account (name, role, disabled, created, password_hash) VALUES (?, ?, 0, ?, ?)
         ON CONFLICT (name) DO NOTHING",
    )?;
    if insert.execute(params![new.name, role_number(new.role), db.now.0, new.password_hash])? == 0 {
        return Err(StoreError::Conflict(format!("there is already an account “{}”", new.name)).into());
    }
    Ok(Account { name: new.name.clone(), role: new.role, disabled: false, created: db.now })
}

/// Fails if nobody but `name` is an enabled administrator.
fn check_other_administrator(db: &Db<'_>, name: &str) -> DbResult<()> {
    let mut statement = db
        .connection
        .prepare_cached("SELECT sum(name = ?1), sum(name <> ?1) FROM account WHERE role = ?2 AND NOT disabled")?;
    let counts = |row: &Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
    let (was_one, others) = statement.query_row(params![name, role_number(Role::Administrator)], counts)?;
    if was_one.unwrap_or(0) > 0 && others.unwrap_or(0) == 0 {
        return Err(last_administrator(name).into());
    }
    Ok(())
}

fn end_sessions(db: &Db<'_>, account: i64) -> DbResult<()> {
    db.connection.prepare_cached("DELETE FROM session WHERE account = ?")?.execute([account])?;
    Ok(())
}

/// A query for tokens with their accounts; conditions follow. For [`token`].
const TOKENS: &str =
    "SELECT t.id, a.name, t.name, t.created, t.expires, t.revoked, a.name, a.role, a.disabled, a.created
                      FROM token t JOIN account a ON a.id = t.account";

fn token(row: &Row<'_>) -> DbResult<Token> {
    Ok(Token {
        id: TokenId(row.get(0)?),
        account: row.get(1)?,
        name: row.get(2)?,
        created: Timestamp(row.get(3)?),
        expires: row.get::<_, Option<i64>>(4)?.map(Timestamp),
        revoked: row.get::<_, Option<i64>>(5)?.map(Timestamp),
    })
}

fn create_token(db: &Db<'_>, new: &NewToken) -> DbResult<Token> {
    let number = account_number(db, &new.account)?;
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO token (account, name, hash, created, expires) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (hash) DO NOTHING",
    )?;
    let values = params![number, new.name, new.hash, db.now.0, new.expires.map(|expires| expires.0)];
    if insert.execute(values)? == 0 {
        return Err(StoreError::Conflict("this token exists already; make a new one".to_owned()).into());
    }
    Ok(Token {
        id: TokenId(db.connection.last_insert_rowid()),
        account: new.account.clone(),
        name: new.name.clone(),
        created: db.now,
        expires: new.expires,
        revoked: None,
    })
}
