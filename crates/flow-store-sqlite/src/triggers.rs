//! Triggers: whether each is on, how far it has come, and what it has fired.

use crate::SqliteStore;
use crate::error::{DbResult, corrupt};
use crate::requests::{collect, create, ended, limits, state_number};
use crate::servers;
use crate::writer::Db;
use async_trait::async_trait;
use flow_store::trigger::{FIRINGS_KEPT, FIRINGS_KEPT_MS, no_trigger};
use flow_store::{
    Fired, Firing, NewFiring, NewTrigger, Owner, ProjectName, ProjectVersion, Request, RequestId, RequestState,
    ServerState, StoreError, Timestamp, TriggerState, TriggerStore, VersionId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

const STATES: &str = r#"SELECT id, project, "trigger", mark, present, active, switched_by, switched, reached, fired, missed,
                               last_fired, last_request FROM trigger_state"#;

#[async_trait]
impl TriggerStore for SqliteStore {
    async fn trigger_versions(&self) -> Result<Vec<(ProjectName, ProjectVersion)>, StoreError> {
        self.readers
            .run(|db| {
                let sql = "SELECT project, version, from_commit FROM trigger_version ORDER BY project";
                collect(db.prepare_cached(sql)?.query([])?, |row| {
                    let version: String = row.get(1)?;
                    let version = VersionId::parse(&version).map_err(|error| corrupt("version", error))?;
                    Ok((project_name(row, 0)?, ProjectVersion { version, commit: row.get(2)? }))
                })
            })
            .await
    }

    async fn adopt_triggers(
        &self,
        project: &ProjectName,
        version: &ProjectVersion,
        triggers: Vec<NewTrigger>,
    ) -> Result<bool, StoreError> {
        let (project, version) = (project.clone(), version.clone());
        self.writer.run(move |db| adopt(db, &project, &version, &triggers)).await
    }

    async fn trigger_states(&self) -> Result<Vec<TriggerState>, StoreError> {
        self.readers
            .run(|db| {
                let sql = format!(r#"{STATES} ORDER BY project, "trigger""#);
                collect(db.prepare_cached(&sql)?.query([])?, |row| Ok(state(row)?.1))
            })
            .await
    }

    async fn switch_trigger(
        &self,
        project: &ProjectName,
        trigger: &str,
        on: bool,
        by: &str,
    ) -> Result<TriggerState, StoreError> {
        let (by, find) = (by.to_owned(), (project.clone(), trigger.to_owned()));
        self.writer
            .run(move |db| {
                let (number, mut state) = load(db.connection, &find.0, &find.1)?;
                state.switch(on, &by, db.now);
                update(db, number, &state)?;
                Ok(state)
            })
            .await
    }

    async fn fire(&self, firing: NewFiring, owner: Option<Owner>) -> Result<Fired, StoreError> {
        // Looked at on a read connection first: several servers come with the same, and one of them makes it.
        let (look, asks) = (firing.clone(), |db: &Connection, firing: &NewFiring| -> DbResult<_> {
            let (number, state) = load(db, &firing.project, &firing.trigger)?;
            let refused = refused(db, number, &state, firing)?;
            Ok((number, state, refused))
        });
        let (_, _, refused) = self.readers.run(move |db| asks(db, &look)).await?;
        if let Some(refused) = refused {
            return Ok(refused);
        }
        self.writer
            .run(move |db| {
                let (number, mut state, refused) = asks(db.connection, &firing)?;
                if let Some(refused) = refused {
                    return Ok(refused);
                }
                let owner = match owner {
                    Some(owner) if db.check_alive(&owner)? == ServerState::Running => Some(owner),
                    _ if firing.here_only => return Ok(Fired::Off),
                    _ => None,
                };
                let has_room = firing.only_with_room().is_some();
                let made = firing.request.clone().map(|new| create(db, new, owner.as_ref(), has_room)).transpose()?;
                let request = made.map(|made| made.request);
                state.note(&firing, request.as_ref().map(|request| request.id), db.now);
                update(db, number, &state)?;
                insert(db, number, &firing, request.as_ref())?;
                forget(db, number)?;
                Ok(Fired::New(request.map(Box::new)))
            })
            .await
    }

    async fn trigger_reached(
        &self,
        project: &ProjectName,
        trigger: &str,
        reached: Timestamp,
    ) -> Result<(), StoreError> {
        let find = (project.clone(), trigger.to_owned());
        self.writer
            .run(move |db| {
                let (number, mut state) = load(db.connection, &find.0, &find.1)?;
                state.reached = state.reached.max(reached);
                update(db, number, &state)
            })
            .await
    }

    async fn note_fired(
        &self,
        project: &ProjectName,
        trigger: &str,
        more: u64,
        last: RequestId,
    ) -> Result<(), StoreError> {
        let find = (project.clone(), trigger.to_owned());
        self.writer
            .run(move |db| {
                let (number, mut state) = load(db.connection, &find.0, &find.1)?;
                state.fired += more;
                (state.last_fired, state.last_request) = (Some(db.now), Some(last));
                update(db, number, &state)
            })
            .await
    }

    async fn firings(&self, project: &ProjectName, trigger: &str, limit: usize) -> Result<Vec<Firing>, StoreError> {
        let find = (project.clone(), trigger.to_owned());
        self.readers
            .run(move |db| {
                let (number, _) = load(db, &find.0, &find.1)?;
                let sql = r#"SELECT key, due, at, missed, request FROM trigger_firing WHERE "trigger" = ?
                             ORDER BY id DESC LIMIT ?"#;
                collect(db.prepare_cached(sql)?.query(params![number, limit])?, firing)
            })
            .await
    }

    async fn ended_requests(
        &self,
        project: &ProjectName,
        flow: &str,
        states: &[RequestState],
        from: Timestamp,
        limit: usize,
    ) -> Result<Vec<Request>, StoreError> {
        let (project, flow) = (project.clone(), flow.to_owned());
        let states: Vec<i64> = states.iter().map(|state| state_number(*state)).collect();
        self.readers
            .run(move |db| {
                let mut found = Vec::new();
                for state in states {
                    found.extend(ended(db, &project, &flow, state, from, limit)?);
                }
                found.sort_by_key(|request| (request.ended, request.id));
                found.truncate(limit);
                Ok(found)
            })
            .await
    }
}

fn adopt(db: &Db<'_>, project: &ProjectName, version: &ProjectVersion, triggers: &[NewTrigger]) -> DbResult<bool> {
    // Every running server has it, and there is one.
    let mut servers = db.connection.prepare_cached(
        "SELECT count(*) > 0 AND count(*) = count(v.version) FROM server s
         LEFT JOIN server_version v ON v.server = s.id AND v.project = ? AND v.version = ? WHERE s.state = ?",
    )?;
    let running = servers::state_number(ServerState::Running);
    let all: bool =
        servers.query_row(params![project.as_str(), version.version.as_str(), running], |row| row.get(0))?;
    if !all {
        return Ok(false);
    }
    let sql = "INSERT OR REPLACE INTO trigger_version (project, version, from_commit) VALUES (?, ?, ?)";
    let values = [project.as_str(), version.version.as_str(), &version.commit];
    db.connection.prepare_cached(sql)?.execute(values)?;
    let mut known = db.connection.prepare_cached(&format!("{STATES} WHERE project = ?"))?;
    let mut known = collect(known.query([project.as_str()])?, state)?;
    for new in triggers {
        match known.iter_mut().find(|(_, state)| state.trigger == new.trigger) {
            Some((number, state)) => {
                let before = state.clone();
                state.adopt(new.clone(), db.now);
                if *state != before {
                    update(db, *number, state)?;
                }
            }
            None => introduce(db, &TriggerState::new(project.clone(), new.clone(), db.now))?,
        }
    }
    for (number, state) in &mut known {
        if state.present && !triggers.iter().any(|new| new.trigger == state.trigger) {
            state.present = false;
            update(db, *number, state)?;
        }
    }
    Ok(true)
}

fn load(connection: &Connection, project: &ProjectName, trigger: &str) -> DbResult<(i64, TriggerState)> {
    let mut statement = connection.prepare_cached(&format!(r#"{STATES} WHERE project = ? AND "trigger" = ?"#))?;
    let found = statement.query_row([project.as_str(), trigger], |row| Ok(state(row))).optional()?;
    found.unwrap_or_else(|| Err(no_trigger(project, trigger).into()))
}

/// Why a firing is not made.
fn refused(connection: &Connection, number: i64, state: &TriggerState, firing: &NewFiring) -> DbResult<Option<Fired>> {
    if let Some(refused) = state.refuses(firing) {
        return Ok(Some(refused));
    }
    let sql = r#"SELECT request FROM trigger_firing WHERE "trigger" = ? AND key = ?"#;
    let mut before = connection.prepare_cached(sql)?;
    let before: Option<Option<i64>> = before.query_row(params![number, firing.key], |row| row.get(0)).optional()?;
    if let Some(request) = before {
        return Ok(Some(Fired::Before(request.map(RequestId))));
    }
    let Some(new) = firing.only_with_room() else { return Ok(None) };
    Ok(limits(connection)?.reached(&new.project, &new.settings.limits).map(|_| Fired::Off))
}

fn introduce(db: &Db<'_>, state: &TriggerState) -> DbResult<()> {
    let mut insert = db.connection.prepare_cached(
        r#"INSERT INTO trigger_state (project, "trigger", mark, present, active, reached, fired, missed)
           VALUES (?, ?, ?, 1, ?, ?, 0, 0)"#,
    )?;
    insert.execute(params![state.project.as_str(), state.trigger, state.mark, state.on, state.reached.0])?;
    Ok(())
}

fn update(db: &Db<'_>, number: i64, state: &TriggerState) -> DbResult<()> {
    let mut update = db.connection.prepare_cached(
        "UPDATE trigger_state SET mark = ?2, present = ?3, active = ?4, switched_by = ?5, switched = ?6, reached = ?7,
                fired = ?8, missed = ?9, last_fired = ?10, last_request = ?11 WHERE id = ?1",
    )?;
    update.execute(params![
        number,
        state.mark,
        state.present,
        state.on,
        state.switched_by,
        state.switched.map(|at| at.0),
        state.reached.0,
        state.fired,
        state.missed,
        state.last_fired.map(|at| at.0),
        state.last_request.map(|id| id.0),
    ])?;
    Ok(())
}

fn insert(db: &Db<'_>, number: i64, firing: &NewFiring, request: Option<&Request>) -> DbResult<()> {
    let mut insert = db.connection.prepare_cached(
        r#"INSERT INTO trigger_firing ("trigger", key, due, at, missed, lasting, request) VALUES (?, ?, ?, ?, ?, ?, ?)"#,
    )?;
    let request = request.map(|request| request.id.0);
    insert.execute(params![number, firing.key, firing.due.0, db.now.0, firing.missed, firing.lasting, request])?;
    Ok(())
}

/// Forgets firings that need not be kept.
fn forget(db: &Db<'_>, number: i64) -> DbResult<()> {
    let mut delete = db.connection.prepare_cached(
        r#"DELETE FROM trigger_firing WHERE "trigger" = ?1 AND lasting = 0 AND at < ?2 AND id <= (
               SELECT id FROM trigger_firing WHERE "trigger" = ?1 AND lasting = 0 ORDER BY id DESC LIMIT 1 OFFSET ?3)"#,
    )?;
    delete.execute(params![number, db.now.minus_ms(FIRINGS_KEPT_MS).0, FIRINGS_KEPT])?;
    Ok(())
}

fn state(row: &Row<'_>) -> DbResult<(i64, TriggerState)> {
    let state = TriggerState {
        project: project_name(row, 1)?,
        trigger: row.get(2)?,
        mark: row.get(3)?,
        present: row.get(4)?,
        on: row.get(5)?,
        switched_by: row.get(6)?,
        switched: row.get::<_, Option<i64>>(7)?.map(Timestamp),
        reached: Timestamp(row.get(8)?),
        fired: row.get(9)?,
        missed: row.get(10)?,
        last_fired: row.get::<_, Option<i64>>(11)?.map(Timestamp),
        last_request: row.get::<_, Option<i64>>(12)?.map(RequestId),
    };
    Ok((row.get(0)?, state))
}

fn firing(row: &Row<'_>) -> DbResult<Firing> {
    Ok(Firing {
        key: row.get(0)?,
        due: Timestamp(row.get(1)?),
        at: Timestamp(row.get(2)?),
        missed: row.get(3)?,
        request: row.get::<_, Option<i64>>(4)?.map(RequestId),
    })
}

fn project_name(row: &Row<'_>, column: usize) -> DbResult<ProjectName> {
    let name: String = row.get(column)?;
    Ok(ProjectName::parse(&name).map_err(|error| corrupt("project", error))?)
}
