//! Whom a token or a session stands for, kept for a while: a program that calls a thousand times a second must not
//! cost as many looks into the checkpoint database.

use super::CallerSession;
use crate::state::App;
use crate::wire;
use flow_store::{Account, Store, StoreError};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// For so long what was found counts at most, unless it expires before. What any server changes is noticed at once.
const FRESH: Duration = Duration::from_secs(60);
/// So many are kept; then all are looked up anew.
const KEPT: usize = 10_000;

/// Whom tokens and sessions stand for.
#[derive(Default)]
pub struct Callers {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Rises with each time that all was forgotten: what was looked up before then is not kept after it.
    generation: u64,
    known: HashMap<String, Known>,
}

#[derive(Clone)]
struct Known {
    until: Instant,
    account: Account,
    session: Option<CallerSession>,
}

impl Callers {
    /// The account that a token acts for, by the token's hash.
    pub async fn of_token(&self, app: &App, hash: &str) -> Result<Option<Account>, StoreError> {
        if let Some(known) = self.fresh(hash) {
            return Ok(Some(known.account));
        }
        let generation = self.kept.lock().generation;
        let found = app.store.token_account(hash).await?;
        Ok(found.map(|(token, account)| {
            let counts = token.expires.map_or(FRESH, |expires| app.store.now().until(expires));
            self.keep(generation, hash, counts, account.clone(), None);
            account
        }))
    }

    /// The account of a session and the session itself, by the hash of its secret. A session that is used goes on.
    pub async fn of_session(&self, app: &App, hash: &str) -> Result<Option<(Account, CallerSession)>, StoreError> {
        if let Some(Known { account, session: Some(session), .. }) = self.fresh(hash) {
            return Ok(Some((account, session)));
        }
        let generation = self.kept.lock().generation;
        let Some((stored, account)) = app.store.session_account(hash).await? else { return Ok(None) };
        let credentials = app.store.credentials(&account.name).await?;
        let limits = app.settings.limits();
        let until = limits.session_ends(stored.created, app.store.now());
        // Not each call is worth a write.
        let worth = limits.session_idle / 10;
        let mut expires = stored.expires;
        if until.0 > expires.plus_ms(u64::try_from(worth.as_millis()).unwrap_or(u64::MAX)).0 {
            app.store.extend_session(hash, until).await?;
            expires = until;
        }
        let session = CallerSession {
            hash: hash.to_owned(),
            ends: wire::time(expires),
            must_change_password: credentials.is_some_and(|credentials| credentials.one_time),
        };
        let counts = app.store.now().until(expires).min(worth);
        self.keep(generation, hash, counts, account.clone(), Some(session.clone()));
        Ok(Some((account, session)))
    }

    /// Forgets all whenever any server has changed who may call, for ever.
    pub async fn follow(&self, store: &dyn Store) {
        let mut changes = store.changes();
        let mut seen = None;
        while changes.changed().await.is_ok() {
            changes.borrow_and_update();
            // Who cannot know forgets.
            let version = store.accounts_version().await.ok();
            if version.is_none() || version != seen {
                self.forget();
            }
            seen = version;
        }
    }

    /// Something about accounts, tokens or sessions has changed here: all are looked up anew.
    pub fn forget(&self) {
        let mut kept = self.kept.lock();
        kept.generation += 1;
        kept.known.clear();
    }

    fn fresh(&self, hash: &str) -> Option<Known> {
        self.kept.lock().known.get(hash).filter(|known| Instant::now() < known.until).cloned()
    }

    fn keep(&self, generation: u64, hash: &str, counts: Duration, account: Account, session: Option<CallerSession>) {
        let mut kept = self.kept.lock();
        if kept.generation != generation {
            return;
        }
        if kept.known.len() >= KEPT {
            kept.known.clear();
        }
        kept.known.insert(hash.to_owned(), Known { until: Instant::now() + counts.min(FRESH), account, session });
    }
}
