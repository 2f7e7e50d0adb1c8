//! Servers.

use crate::SqliteStore;
use crate::error::{DbError, DbResult, corrupt};
use crate::requests::apply_to_all;
use crate::samples::{note, note_takeover};
use crate::writer::Db;
use async_trait::async_trait;
use flow_store::{
    Epoch, Figures, NewServer, Owner, ProjectName, Request, RequestId, Server, ServerId, ServerRef, ServerReport,
    ServerState, ServerStore, ServerVersion, StoreError, Takeover, Timestamp, VersionId, check_alive,
    check_may_take_over, transition,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The number of a state in the database. Never changes.
pub(crate) fn state_number(state: ServerState) -> i64 {
    match state {
        ServerState::Running => 0,
        ServerState::Draining => 1,
        ServerState::Terminated => 2,
    }
}

fn state(number: i64) -> DbResult<ServerState> {
    let states = [ServerState::Running, ServerState::Draining, ServerState::Terminated];
    let known = states.into_iter().find(|state| state_number(*state) == number);
    known.ok_or_else(|| corrupt("server state", number).into())
}

/// The number of a server's row; none if it never registered.
pub(crate) fn number_in(connection: &Connection, id: &ServerId) -> DbResult<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM server WHERE server = ?")?;
    Ok(statement.query_row([id.as_str()], |row| row.get(0)).optional()?)
}

/// That no server of this id ever registered.
pub(crate) fn unknown(id: &ServerId) -> StoreError {
    StoreError::NotFound { what: "server", name: id.to_string() }
}

/// Whether `owner` is a server's current life and not declared dead.
pub(crate) fn check_alive_in(connection: &Connection, owner: &Owner) -> DbResult<ServerState> {
    let mut statement = connection.prepare_cached("SELECT epoch, state, maintenance FROM server WHERE server = ?")?;
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, bool>(2)?));
    let known = match statement.query_row([owner.server.as_str()], read).optional()? {
        Some((epoch, number, maintenance)) => Some((Epoch(epoch), state(number)?.during(maintenance))),
        None => None,
    };
    Ok(check_alive(known, owner)?)
}

impl Db<'_> {
    pub(crate) fn check_alive(&self, owner: &Owner) -> DbResult<ServerState> {
        check_alive_in(self.connection, owner)
    }

    /// The number of a server's row.
    pub(crate) fn server_number(&self, id: &ServerId) -> DbResult<i64> {
        Ok(number_in(self.connection, id)?.ok_or_else(|| unknown(id))?)
    }

    fn server_name(&self, id: &ServerId) -> DbResult<String> {
        let mut statement = self.connection.prepare_cached("SELECT name FROM server WHERE server = ?")?;
        let name = statement.query_row([id.as_str()], |row| row.get(0)).optional()?;
        Ok(name.unwrap_or_else(|| id.to_string()))
    }

    pub(crate) fn server_ref(&self, owner: &Owner) -> DbResult<ServerRef> {
        Ok(ServerRef { owner: owner.clone(), name: self.server_name(&owner.server)? })
    }

    /// The server that a request belongs to, if that lives.
    pub(crate) fn living_owner(&self, request: &Request) -> DbResult<Option<ServerRef>> {
        let Some(owner) = &request.owner else { return Ok(None) };
        match self.check_alive(owner) {
            Ok(_) => Ok(Some(self.server_ref(owner)?)),
            Err(DbError::Store(StoreError::StaleOwner { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Name of the server that a request belongs to; empty if it is free.
    pub(crate) fn owner_name(&self, request: &Request) -> DbResult<String> {
        request.owner.as_ref().map_or_else(|| Ok(String::new()), |owner| self.server_name(&owner.server))
    }
}

#[async_trait]
impl ServerStore for SqliteStore {
    async fn register(&self, server: NewServer) -> Result<Owner, StoreError> {
        self.writer.run(move |db| register(db, server)).await
    }

    async fn servers(&self) -> Result<Vec<Server>, StoreError> {
        self.readers.run(servers).await
    }

    async fn take_over(&self, survivor: &Owner, dead: &Owner) -> Result<Takeover, StoreError> {
        let (survivor, dead) = (survivor.clone(), dead.clone());
        self.writer.run(move |db| take_over(db, &survivor, &dead)).await
    }

    async fn set_server_state(&self, owner: &Owner, state: ServerState) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.writer
            .run(move |db| {
                db.check_alive(&owner)?;
                if state == ServerState::Terminated {
                    let message = "a server ends by its own stop or a takeover".to_owned();
                    return Err(StoreError::Conflict(message).into());
                }
                db.connection
                    .prepare_cached("UPDATE server SET state = ? WHERE server = ?")?
                    .execute(params![state_number(state), owner.server.as_str()])?;
                Ok(())
            })
            .await
    }

    async fn report(&self, owner: &Owner, report: ServerReport, figures: Figures) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.writer
            .run(move |db| {
                db.check_alive(&owner)?;
                let mut update = db
                    .connection
                    .prepare_cached("UPDATE server SET version = ?, resident_bytes = ? WHERE server = ?")?;
                update.execute(params![report.version, report.resident_bytes, owner.server.as_str()])?;
                note(db, &owner, &figures)
            })
            .await
    }

    async fn rename_server(&self, id: &ServerId, name: &str) -> Result<(), StoreError> {
        let (id, name) = (id.clone(), name.to_owned());
        self.writer
            .run(move |db| {
                let number = db.server_number(&id)?;
                let mut update = db.connection.prepare_cached("UPDATE server SET name = ? WHERE id = ?")?;
                update.execute(params![name, number])?;
                Ok(())
            })
            .await
    }

    async fn set_maintenance(&self, id: &ServerId, on: bool) -> Result<(), StoreError> {
        let id = id.clone();
        self.writer
            .run(move |db| {
                let number = db.server_number(&id)?;
                let mut update = db.connection.prepare_cached("UPDATE server SET maintenance = ? WHERE id = ?")?;
                update.execute(params![on, number])?;
                Ok(())
            })
            .await
    }

    async fn hand_over(&self, owner: &Owner) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.writer
            .run(move |db| {
                db.check_alive(&owner)?;
                let (number, leaving) = (db.server_number(&owner.server)?, db.server_ref(&owner)?);
                apply_to_all(db, number, owner.epoch.0, |request| transition::hand_over(request, &leaving, db.now))?;
                Ok(())
            })
            .await
    }

    async fn terminate(&self, owner: &Owner) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.writer
            .run(move |db| {
                db.check_alive(&owner)?;
                let number = db.server_number(&owner.server)?;
                set_terminated(db, number, None)?;
                let leaving = db.server_ref(&owner)?;
                apply_to_all(db, number, owner.epoch.0, |request| transition::leave(request, &leaving, db.now))?;
                Ok(())
            })
            .await
    }

    fn write_lock_holder(&self) -> Option<i32> {
        self.lock.holder()
    }
}

fn register(db: &Db<'_>, server: NewServer) -> DbResult<Owner> {
    let mut insert = db.connection.prepare_cached(
        "INSERT INTO server (server, name, address, pid, process_start, lock_path, epoch, state, started)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8)
         ON CONFLICT (server) DO UPDATE SET name = ?2, address = ?3, pid = ?4, process_start = ?5, lock_path = ?6,
             epoch = epoch + 1, state = ?7, started = ?8, terminated = NULL, taken_over_by = NULL,
             version = NULL, resident_bytes = NULL
         RETURNING id, epoch",
    )?;
    let values = params![
        server.id.as_str(),
        server.name,
        server.address,
        server.pid,
        server.process_start,
        server.lock_path,
        state_number(ServerState::Running),
        db.now.0,
    ];
    let (number, epoch): (i64, i64) = insert.query_row(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let owner = Owner { server: server.id, epoch: Epoch(epoch) };
    let restarted = db.server_ref(&owner)?;
    apply_to_all(db, number, epoch - 1, |request| transition::recover(request, &restarted, db.now))?;
    Ok(owner)
}

fn take_over(db: &Db<'_>, survivor: &Owner, dead: &Owner) -> DbResult<Takeover> {
    check_may_take_over(db.check_alive(survivor)?, survivor)?;
    if db.check_alive(dead).is_err() || dead == survivor {
        return Ok(Takeover::default());
    }
    let number = db.server_number(&dead.server)?;
    set_terminated(db, number, Some(db.server_number(&survivor.server)?))?;
    let (dead_ref, survivor_ref) = (db.server_ref(dead)?, db.server_ref(survivor)?);
    let changed = apply_to_all(db, number, dead.epoch.0, |request| {
        transition::take_over(request, &dead_ref, &survivor_ref, db.now)
    })?;
    let own = changed.into_iter().filter(|together| together.first.owner.as_ref() == Some(survivor));
    let open = own.filter(|together| !together.first.state.is_ended());
    let mut requests: Vec<RequestId> = open.flat_map(|together| together.ids).collect();
    requests.sort_unstable();
    note_takeover(db, dead, survivor, requests.len())?;
    Ok(Takeover { requests, first: true })
}

fn set_terminated(db: &Db<'_>, number: i64, by: Option<i64>) -> DbResult<()> {
    db.connection
        .prepare_cached("UPDATE server SET state = ?, terminated = ?, taken_over_by = ? WHERE id = ?")?
        .execute(params![state_number(ServerState::Terminated), db.now.0, by, number])?;
    Ok(())
}

fn servers(connection: &Connection) -> DbResult<Vec<Server>> {
    let mut statement = connection.prepare_cached(
        "SELECT s.server, s.name, s.state, s.address, s.epoch, s.pid, s.process_start, s.lock_path, s.started,
                s.terminated, b.server, s.version, s.resident_bytes, s.maintenance
         FROM server s LEFT JOIN server b ON b.id = s.taken_over_by ORDER BY s.name, s.server",
    )?;
    let mut servers = crate::requests::collect(statement.query([])?, server)?;
    for server in &mut servers {
        server.versions = versions_of(connection, &server.id)?;
    }
    Ok(servers)
}

fn server(row: &Row<'_>) -> DbResult<Server> {
    Ok(Server {
        id: parse_id(&row.get::<_, String>(0)?)?,
        name: row.get(1)?,
        state: state(row.get(2)?)?.during(row.get(13)?),
        maintenance: row.get(13)?,
        address: row.get(3)?,
        epoch: Epoch(row.get(4)?),
        pid: row.get(5)?,
        process_start: row.get(6)?,
        lock_path: row.get(7)?,
        started: Timestamp(row.get(8)?),
        terminated: row.get::<_, Option<i64>>(9)?.map(Timestamp),
        taken_over_by: row.get::<_, Option<String>>(10)?.as_deref().map(parse_id).transpose()?,
        versions: Vec::new(),
        report: report(row)?,
    })
}

fn report(row: &Row<'_>) -> DbResult<Option<ServerReport>> {
    let version: Option<String> = row.get(11)?;
    let resident_bytes = row.get::<_, Option<u64>>(12)?.unwrap_or(0);
    Ok(version.map(|version| ServerReport { version, resident_bytes }))
}

fn parse_id(text: &str) -> DbResult<ServerId> {
    ServerId::parse(text).map_err(|error| corrupt("server id", error).into())
}

fn versions_of(connection: &Connection, id: &ServerId) -> DbResult<Vec<ServerVersion>> {
    let mut statement = connection.prepare_cached(&format!("{VERSIONS} WHERE s.server = ? ORDER BY v.project"))?;
    crate::requests::collect(statement.query([id.as_str()])?, server_version)
}

/// A query for the versions that servers have; conditions follow. For [`server_version`].
pub(crate) const VERSIONS: &str = "SELECT s.server, v.project, v.version, v.from_commit, v.updated \
                                   FROM server_version v JOIN server s ON s.id = v.server";

/// Reads a row of [`VERSIONS`].
pub(crate) fn server_version(row: &Row<'_>) -> DbResult<ServerVersion> {
    Ok(ServerVersion {
        server: parse_id(&row.get::<_, String>(0)?)?,
        project: ProjectName::parse(&row.get::<_, String>(1)?).map_err(|error| corrupt("project", error))?,
        version: VersionId::parse(&row.get::<_, String>(2)?).map_err(|error| corrupt("version", error))?,
        commit: row.get(3)?,
        updated: Timestamp(row.get(4)?),
    })
}
