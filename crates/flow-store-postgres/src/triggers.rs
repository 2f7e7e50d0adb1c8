//! Triggers: whether each is on, how far it has come, and what it has fired.
//!
//! Whoever changes what is known of a trigger holds its row until the commit, so firings of one come one after the other.

use crate::PostgresStore;
use crate::error::{DbResult, corrupt};
use crate::locks;
use crate::requests::{Needs, PreparedRequest, begin_batch, ended, limits, state_number};
use crate::servers;
use crate::sql::{count, execute, number, read, row, row_if_any, rows, text};
use crate::transaction::Transaction;
use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use flow_store::trigger::{FIRINGS_KEPT, FIRINGS_KEPT_MS, no_trigger};
use flow_store::{
    Fired, Firing, NewFiring, NewTrigger, Owner, ProjectName, ProjectVersion, Request, RequestId, RequestState,
    ServerState, StoreError, Timestamp, TriggerState, TriggerStore, VersionId,
};
use tokio_postgres::Row;

const STATES: &str = r#"SELECT id, project, "trigger", mark, present, active, switched_by, switched, reached, fired, missed,
                               last_fired, last_request FROM trigger_state"#;

#[async_trait]
impl TriggerStore for PostgresStore {
    async fn trigger_versions(&self) -> Result<Vec<(ProjectName, ProjectVersion)>, StoreError> {
        let db = self.database.reader().await?;
        let sql = "SELECT project, version, from_commit FROM trigger_version ORDER BY project";
        let version = |row: &Row| {
            let version = VersionId::parse(row.try_get(1)?).map_err(|error| corrupt("version", error))?;
            Ok((project_name(row, 0)?, ProjectVersion { version, commit: row.try_get(2)? }))
        };
        Ok(read(&rows(&db, sql, &[]).await?, version)?)
    }

    async fn adopt_triggers(
        &self,
        project: &ProjectName,
        version: &ProjectVersion,
        triggers: Vec<NewTrigger>,
    ) -> Result<bool, StoreError> {
        let transaction = self.database.begin().await?;
        let adopted = adopt(&transaction, project, version, &triggers).await;
        transaction.end(adopted).await
    }

    async fn trigger_states(&self) -> Result<Vec<TriggerState>, StoreError> {
        let db = self.database.reader().await?;
        let found = rows(&db, &format!(r#"{STATES} ORDER BY project, "trigger""#), &[]).await?;
        Ok(read(&found, |row| Ok(state(row)?.1))?)
    }

    async fn switch_trigger(
        &self,
        project: &ProjectName,
        trigger: &str,
        on: bool,
        by: &str,
    ) -> Result<TriggerState, StoreError> {
        self.change_trigger(project, trigger, |state, now| state.switch(on, by, now)).await
    }

    async fn fire(&self, firing: NewFiring, owner: Option<Owner>) -> Result<Fired, StoreError> {
        let new = {
            let db = self.database.reader().await?;
            // Looked at first without a transaction: several servers come with the same, and one of them makes it.
            let (known, state) = load(&db, &firing.project, &firing.trigger, false).await?;
            if let Some(refused) = refused(&db, known, &state, &firing).await? {
                return Ok(refused);
            }
            match &firing.request {
                Some(new) => {
                    let lane = self.database.numbers.lane(&db, new).await?;
                    vec![PreparedRequest::new(new.clone(), lane)?]
                }
                None => Vec::new(),
            }
        };
        let mut needs = Needs::default();
        firing.request.iter().for_each(|new| needs.new_request(new));
        owner.iter().for_each(|owner| needs.owner(owner));
        let client = self.database.writer().await?;
        let transaction = Transaction::on(client, self.database.now(), &self.database.changes);
        let fired = self.fire_in(&transaction, &needs, &firing, &new, owner.as_ref()).await;
        transaction.end(fired).await
    }

    async fn trigger_reached(
        &self,
        project: &ProjectName,
        trigger: &str,
        reached: Timestamp,
    ) -> Result<(), StoreError> {
        self.change_trigger(project, trigger, |state, _| state.reached = state.reached.max(reached)).await.map(drop)
    }

    async fn note_fired(
        &self,
        project: &ProjectName,
        trigger: &str,
        more: u64,
        last: RequestId,
    ) -> Result<(), StoreError> {
        let note = |state: &mut TriggerState, now| {
            state.fired += more;
            (state.last_fired, state.last_request) = (Some(now), Some(last));
        };
        self.change_trigger(project, trigger, note).await.map(drop)
    }

    async fn firings(&self, project: &ProjectName, trigger: &str, limit: usize) -> Result<Vec<Firing>, StoreError> {
        let db = self.database.reader().await?;
        let (known, _) = load(&db, project, trigger, false).await?;
        let sql = r#"SELECT key, due, at, missed, request FROM trigger_firing WHERE "trigger" = $1
                     ORDER BY id DESC LIMIT $2"#;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(read(&rows(&db, sql, &[&known, &limit]).await?, self::firing)?)
    }

    async fn ended_requests(
        &self,
        project: &ProjectName,
        flow: &str,
        states: &[RequestState],
        from: Timestamp,
        limit: usize,
    ) -> Result<Vec<Request>, StoreError> {
        let db = self.database.reader().await?;
        let mut found = Vec::new();
        for state in states {
            found.extend(ended(&db, &self.database.numbers, project, flow, state_number(*state), from, limit).await?);
        }
        found.sort_by_key(|request: &Request| (request.ended, request.id));
        found.truncate(limit);
        Ok(found)
    }
}

impl PostgresStore {
    async fn change_trigger(
        &self,
        project: &ProjectName,
        trigger: &str,
        change: impl FnOnce(&mut TriggerState, Timestamp) + Send,
    ) -> Result<TriggerState, StoreError> {
        let transaction = self.database.begin().await?;
        let changed = async {
            let (number, mut state) = load(&transaction, project, trigger, true).await?;
            change(&mut state, transaction.now);
            update(&transaction, number, &state).await?;
            Ok(state)
        };
        let changed = changed.await;
        transaction.end(changed).await
    }

    async fn fire_in(
        &self,
        transaction: &Transaction,
        needs: &Needs,
        firing: &NewFiring,
        new: &[PreparedRequest],
        owner: Option<&Owner>,
    ) -> DbResult<Fired> {
        let mut batch = begin_batch(transaction, &self.database.numbers, needs).await?;
        let has_room = firing.only_with_room().is_some();
        if has_room {
            // Before the trigger's row: who waits for claims to end keeps no other firing of the trigger waiting.
            execute(transaction, "SELECT pg_advisory_xact_lock($1)", &[&locks::LIMITS]).await?;
        }
        let (number, mut state) = load(transaction, &firing.project, &firing.trigger, true).await?;
        if let Some(refused) = refused(transaction, number, &state, firing).await? {
            return Ok(refused);
        }
        let owner = match owner {
            Some(owner) if batch.servers.check_alive(owner)? == ServerState::Running => Some(owner),
            _ if firing.here_only => return Ok(Fired::Off),
            _ => None,
        };
        let made = batch.create(new, owner, has_room, None)?;
        if !batch.is_empty() {
            batch.write_out(transaction, &self.database).await?;
        }
        let request = batch.created(made)?.into_iter().next().map(|made| made.request);
        let id = request.as_ref().map(|request| request.id);
        state.note(firing, id, transaction.now);
        update(transaction, number, &state).await?;
        insert(transaction, number, firing, id).await?;
        forget(transaction, number).await?;
        Ok(Fired::New(request.map(Box::new)))
    }
}

async fn adopt(
    db: &Transaction,
    project: &ProjectName,
    version: &ProjectVersion,
    triggers: &[NewTrigger],
) -> DbResult<bool> {
    execute(db, "SELECT pg_advisory_xact_lock($1)", &[&locks::TRIGGERS]).await?;
    // Every running server has it, and there is one.
    let sql = "SELECT count(*) > 0 AND count(*) = count(v.version) FROM server s
               LEFT JOIN server_version v ON v.server = s.id AND v.project = $1 AND v.version = $2 WHERE s.state = $3";
    let running = servers::state_number(ServerState::Running);
    if !row(db, sql, &[&project.as_str(), &version.version.as_str(), &running]).await?.try_get::<_, bool>(0)? {
        return Ok(false);
    }
    let sql = "INSERT INTO trigger_version (project, version, from_commit) VALUES ($1, $2, $3)
               ON CONFLICT (project) DO UPDATE SET version = $2, from_commit = $3";
    execute(db, sql, &[&project.as_str(), &version.version.as_str(), &version.commit]).await?;
    let known = rows(db, &format!("{STATES} WHERE project = $1 ORDER BY id FOR UPDATE"), &[&project.as_str()]).await?;
    let mut known = read(&known, state)?;
    for new in triggers {
        match known.iter_mut().find(|(_, state)| state.trigger == new.trigger) {
            Some((number, state)) => {
                let before = state.clone();
                state.adopt(new.clone(), db.now);
                if *state != before {
                    update(db, *number, state).await?;
                }
            }
            None => introduce(db, &TriggerState::new(project.clone(), new.clone(), db.now)).await?,
        }
    }
    for (number, state) in &mut known {
        if state.present && !triggers.iter().any(|new| new.trigger == state.trigger) {
            state.present = false;
            update(db, *number, state).await?;
        }
    }
    Ok(true)
}

async fn load(
    db: &ClientWrapper,
    project: &ProjectName,
    trigger: &str,
    to_change: bool,
) -> DbResult<(i64, TriggerState)> {
    let hold = if to_change { "FOR UPDATE" } else { "" };
    let sql = format!(r#"{STATES} WHERE project = $1 AND "trigger" = $2 {hold}"#);
    let found = row_if_any(db, &sql, &[&project.as_str(), &text(trigger)]).await?;
    state(&found.ok_or_else(|| no_trigger(project, trigger))?)
}

/// Why a firing is not made.
async fn refused(db: &ClientWrapper, number: i64, state: &TriggerState, firing: &NewFiring) -> DbResult<Option<Fired>> {
    if let Some(refused) = state.refuses(firing) {
        return Ok(Some(refused));
    }
    let sql = r#"SELECT request FROM trigger_firing WHERE "trigger" = $1 AND key = $2"#;
    let found = row_if_any(db, sql, &[&number, &text(&firing.key)]).await?;
    if let Some(row) = found {
        return Ok(Some(Fired::Before(row.try_get::<_, Option<i64>>(0)?.map(RequestId))));
    }
    let Some(new) = firing.only_with_room() else { return Ok(None) };
    Ok(limits(db).await?.reached(&new.project, &new.settings.limits).map(|_| Fired::Off))
}

async fn introduce(db: &ClientWrapper, state: &TriggerState) -> DbResult<()> {
    let sql = r#"INSERT INTO trigger_state (project, "trigger", mark, present, active, reached, fired, missed)
                 VALUES ($1, $2, $3, true, $4, $5, 0, 0)"#;
    execute(db, sql, &[&state.project.as_str(), &state.trigger, &state.mark, &state.on, &state.reached.0]).await?;
    Ok(())
}

async fn update(db: &ClientWrapper, id: i64, state: &TriggerState) -> DbResult<()> {
    let sql = "UPDATE trigger_state SET mark = $2, present = $3, active = $4, switched_by = $5, switched = $6,
                      reached = $7, fired = $8, missed = $9, last_fired = $10, last_request = $11 WHERE id = $1";
    let values: crate::sql::Values<'_> = &[
        &id,
        &state.mark,
        &state.present,
        &state.on,
        &state.switched_by,
        &state.switched.map(|at| at.0),
        &state.reached.0,
        &number(state.fired),
        &number(state.missed),
        &state.last_fired.map(|at| at.0),
        &state.last_request.map(|id| id.0),
    ];
    execute(db, sql, values).await?;
    Ok(())
}

async fn insert(db: &Transaction, id: i64, firing: &NewFiring, request: Option<RequestId>) -> DbResult<()> {
    let sql = r#"INSERT INTO trigger_firing ("trigger", key, due, at, missed, lasting, request)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)"#;
    let key = text(&firing.key);
    let values: crate::sql::Values<'_> = &[
        &id,
        &key,
        &firing.due.0,
        &db.now.0,
        &number(firing.missed),
        &firing.lasting,
        &request.map(|request| request.0),
    ];
    execute(db, sql, values).await?;
    Ok(())
}

/// A statement that forgets firings of the trigger `$1` before the time `$2` and beyond the number `$3`. It looks only at the
/// oldest ones, since all of a day may be kept; each firing comes with one such look.
///
/// Keys are compared as rows and in one direction, so that only the index of what passes is of use: the planner cannot know
/// how few are looked for, and would go through all firings. So what is found may be another trigger's, which does not count.
pub(crate) const FORGET: &str = r#"
    DELETE FROM trigger_firing
    WHERE at < $2
          AND id = ANY (ARRAY(SELECT CASE WHEN "trigger" = $1 THEN id END FROM trigger_firing
                              WHERE NOT lasting AND ("trigger", id) > ($1, 0)
                              ORDER BY "trigger", id LIMIT 100))
          AND id < (SELECT CASE WHEN "trigger" = $1 THEN id END FROM trigger_firing
                    WHERE NOT lasting AND ("trigger", id) < ($1 + 1, 0)
                    ORDER BY "trigger" DESC, id DESC LIMIT 1 OFFSET $3::bigint - 1)"#;

/// Forgets firings that need not be kept.
async fn forget(db: &Transaction, id: i64) -> DbResult<()> {
    let kept = i64::try_from(FIRINGS_KEPT).unwrap_or(i64::MAX);
    execute(db, FORGET, &[&id, &db.now.minus_ms(FIRINGS_KEPT_MS).0, &kept]).await?;
    Ok(())
}

fn state(row: &Row) -> DbResult<(i64, TriggerState)> {
    let state = TriggerState {
        project: project_name(row, 1)?,
        trigger: row.try_get(2)?,
        mark: row.try_get(3)?,
        present: row.try_get(4)?,
        on: row.try_get(5)?,
        switched_by: row.try_get(6)?,
        switched: row.try_get::<_, Option<i64>>(7)?.map(Timestamp),
        reached: Timestamp(row.try_get(8)?),
        fired: count(row, 9)?,
        missed: count(row, 10)?,
        last_fired: row.try_get::<_, Option<i64>>(11)?.map(Timestamp),
        last_request: row.try_get::<_, Option<i64>>(12)?.map(RequestId),
    };
    Ok((row.try_get(0)?, state))
}

fn firing(row: &Row) -> DbResult<Firing> {
    Ok(Firing {
        key: row.try_get(0)?,
        due: Timestamp(row.try_get(1)?),
        at: Timestamp(row.try_get(2)?),
        missed: count(row, 3)?,
        request: row.try_get::<_, Option<i64>>(4)?.map(RequestId),
    })
}

fn project_name(row: &Row, column: usize) -> DbResult<ProjectName> {
    Ok(ProjectName::parse(row.try_get(column)?).map_err(|error| corrupt("project", error))?)
}
