//! Servers.

mod takeover;

use crate::PostgresStore;
use crate::error::{DbError, DbResult, corrupt};
use crate::open::Database;
use crate::requests::server_lock;
use crate::sql::{count, execute, row, rows, small};
use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use flow_store::{
    Epoch, Figures, NewServer, Owner, ProjectName, Request, Server, ServerId, ServerRef, ServerReport, ServerState,
    ServerStore, ServerVersion, StoreError, Takeover, Timestamp, VersionId, check_alive,
};
use std::collections::HashMap;
use tokio_postgres::Row;

/// The number of a state in the database. Never changes.
pub(crate) fn state_number(state: ServerState) -> i64 {
    match state {
        ServerState::Running => 0,
        ServerState::Draining => 1,
        ServerState::Terminated => 2,
    }
}

pub(crate) fn state(number: i64) -> DbResult<ServerState> {
    let states = [ServerState::Running, ServerState::Draining, ServerState::Terminated];
    let known = states.into_iter().find(|state| state_number(*state) == number);
    known.ok_or_else(|| corrupt("server state", number).into())
}

/// A query for [`Servers::read`].
pub(crate) const ALL: &str = "SELECT id, server, name, epoch, state, lock_path, maintenance FROM server";

/// The servers as they were when they were read.
pub(crate) struct Servers(HashMap<ServerId, Known>);

struct Known {
    number: i64,
    name: String,
    epoch: Epoch,
    state: ServerState,
    lock_path: String,
}

impl Servers {
    /// Reads rows of [`ALL`].
    pub(crate) fn read(rows: &[Row]) -> DbResult<Self> {
        let known = |row: &Row| {
            let known = Known {
                number: row.try_get(0)?,
                name: row.try_get(2)?,
                epoch: Epoch(row.try_get(3)?),
                state: state(row.try_get(4)?)?.during(row.try_get(6)?),
                lock_path: row.try_get(5)?,
            };
            Ok((parse_id(row.try_get(1)?)?, known))
        };
        Ok(Self(rows.iter().map(known).collect::<DbResult<_>>()?))
    }

    /// As they are now.
    pub(crate) async fn load(db: &ClientWrapper) -> DbResult<Self> {
        Self::read(&rows(db, ALL, &[]).await?)
    }

    /// Whether `owner` is a server's current life and not declared dead.
    pub(crate) fn check_alive(&self, owner: &Owner) -> Result<ServerState, StoreError> {
        check_alive(self.0.get(&owner.server).map(|known| (known.epoch, known.state)), owner)
    }

    /// The number of a server. Fails with `store/not-found`.
    pub(crate) fn number(&self, id: &ServerId) -> Result<i64, StoreError> {
        let missing = || StoreError::NotFound { what: "server", name: id.to_string() };
        self.0.get(id).map(|known| known.number).ok_or_else(missing)
    }

    /// The name of a server.
    pub(crate) fn name(&self, id: &ServerId) -> String {
        self.0.get(id).map_or_else(|| id.to_string(), |known| known.name.clone())
    }

    /// A life of a server with its name.
    pub(crate) fn server_ref(&self, owner: &Owner) -> ServerRef {
        ServerRef { owner: owner.clone(), name: self.name(&owner.server) }
    }

    /// The server that a request belongs to, if that lives.
    pub(crate) fn living_owner(&self, request: &Request) -> Option<ServerRef> {
        let owner = request.owner.as_ref().filter(|owner| self.check_alive(owner).is_ok())?;
        Some(self.server_ref(owner))
    }

    /// What a server holds for as long as it lives; see [`NewServer::lock_path`].
    fn lock_path(&self, id: &ServerId) -> &str {
        self.0.get(id).map_or("", |known| &known.lock_path)
    }
}

/// Holds the lock of a server until the end of the transaction: shared while requests are made its own, exclusively while
/// it is changed.
pub(crate) async fn lock(db: &ClientWrapper, id: &ServerId, exclusively: bool) -> DbResult<()> {
    let sql = match exclusively {
        true => "SELECT pg_advisory_xact_lock($1)",
        false => "SELECT pg_advisory_xact_lock_shared($1)",
    };
    execute(db, sql, &[&server_lock(id)]).await?;
    Ok(())
}

#[async_trait]
impl ServerStore for PostgresStore {
    async fn register(&self, server: NewServer) -> Result<Owner, StoreError> {
        let transaction = self.database.begin().await?;
        let registered = takeover::register(&transaction, &self.database, &server).await;
        let owner = transaction.end(registered).await?;
        if let Err(error) = forget_heartbeats(&self.database).await {
            tracing::debug!(error = %StoreError::from(error), "heartbeats of lives that are over stay for longer");
        }
        Ok(owner)
    }

    async fn servers(&self) -> Result<Vec<Server>, StoreError> {
        let db = self.database.reader().await?;
        Ok(servers(&db).await?)
    }

    async fn take_over(&self, survivor: &Owner, dead: &Owner) -> Result<Takeover, StoreError> {
        takeover::end_sessions(&self.database, survivor, dead).await?;
        let transaction = self.database.begin().await?;
        let taken = takeover::take_over(&transaction, &self.database, survivor, dead).await;
        transaction.end(taken).await
    }

    async fn set_server_state(&self, owner: &Owner, state: ServerState) -> Result<(), StoreError> {
        let transaction = self.database.begin().await?;
        let set = async {
            lock(&transaction, &owner.server, true).await?;
            Servers::load(&transaction).await?.check_alive(owner)?;
            if state == ServerState::Terminated {
                let message = "a server ends by its own stop or a takeover".to_owned();
                return Err(DbError::from(StoreError::Conflict(message)));
            }
            let sql = "UPDATE server SET state = $1 WHERE server = $2";
            execute(&transaction, sql, &[&state_number(state), &owner.server.as_str()]).await?;
            Ok(())
        };
        let set = set.await;
        transaction.end(set).await
    }

    async fn report(&self, owner: &Owner, report: ServerReport, figures: Figures) -> Result<(), StoreError> {
        // No notice is given of it, or every server would look for news as often as each reports.
        let db = self.database.writer().await?;
        let bytes = crate::sql::number(report.resident_bytes);
        let terminated = state_number(ServerState::Terminated);
        let (server, now) = (owner.server.as_str(), self.database.now().0);
        let figures = figures.values().map(crate::sql::number);
        let mut values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            vec![&report.version, &bytes, &server, &owner.epoch.0, &terminated, &now];
        values.extend(figures.iter().map(|figure| figure as &(dyn tokio_postgres::types::ToSql + Sync)));
        match execute(&db, &crate::samples::note(), &values).await? {
            0 => Err(StoreError::StaleOwner { owner: owner.clone() }),
            _ => Ok(()),
        }
    }

    async fn rename_server(&self, id: &ServerId, name: &str) -> Result<(), StoreError> {
        let sql = "UPDATE server SET name = $1 WHERE server = $2";
        match self.database.execute(sql, &[&crate::sql::text(name), &id.as_str()]).await? {
            0 => Err(StoreError::NotFound { what: "server", name: id.to_string() }),
            _ => Ok(()),
        }
    }

    async fn set_maintenance(&self, id: &ServerId, on: bool) -> Result<(), StoreError> {
        let transaction = self.database.begin().await?;
        let set = async {
            // Whoever makes requests the server's own holds this lock, too.
            lock(&transaction, id, true).await?;
            let sql = "UPDATE server SET maintenance = $1 WHERE server = $2";
            match execute(&transaction, sql, &[&on, &id.as_str()]).await? {
                0 => Err(StoreError::NotFound { what: "server", name: id.to_string() }.into()),
                _ => Ok(()),
            }
        };
        let set = set.await;
        transaction.end(set).await
    }

    async fn hand_over(&self, owner: &Owner) -> Result<(), StoreError> {
        let transaction = self.database.begin().await?;
        match takeover::hand_over(&transaction, &self.database, owner).await {
            // A server in maintenance asks again and again; nobody needs to hear that nothing waits.
            Ok(0) => {
                transaction.rolled_back().await;
                Ok(())
            }
            handed_over => transaction.end(handed_over.map(drop)).await,
        }
    }

    async fn terminate(&self, owner: &Owner) -> Result<(), StoreError> {
        let transaction = self.database.begin().await?;
        let terminated = takeover::terminate(&transaction, &self.database, owner).await;
        transaction.end(terminated).await
    }
}

/// All servers, by name, each with the versions that it has.
async fn servers(db: &ClientWrapper) -> DbResult<Vec<Server>> {
    let sql = "SELECT s.server, s.name, s.state, s.address, s.epoch, s.pid, s.process_start, s.lock_path, s.started,
                      s.terminated, b.server, s.version, s.resident_bytes, s.maintenance,
                      v.project, v.version, v.from_commit, v.updated
               FROM server s LEFT JOIN server b ON b.id = s.taken_over_by
                             LEFT JOIN server_version v ON v.server = s.id
               ORDER BY s.name, s.server, v.project";
    let mut servers: Vec<Server> = Vec::new();
    for row in rows(db, sql, &[]).await? {
        let id = parse_id(row.try_get(0)?)?;
        if servers.last().is_none_or(|last| last.id != id) {
            servers.push(server(&row, id.clone())?);
        }
        if let (Some(last), Some(project)) = (servers.last_mut(), row.try_get::<_, Option<&str>>(14)?) {
            last.versions.push(version(&row, id, project, 15)?);
        }
    }
    Ok(servers)
}

fn server(row: &Row, id: ServerId) -> DbResult<Server> {
    let version: Option<String> = row.try_get(11)?;
    let resident_bytes = row.try_get::<_, Option<i64>>(12)?.unwrap_or(0).unsigned_abs();
    Ok(Server {
        id,
        name: row.try_get(1)?,
        state: state(row.try_get(2)?)?.during(row.try_get(13)?),
        maintenance: row.try_get(13)?,
        address: row.try_get(3)?,
        epoch: Epoch(row.try_get(4)?),
        pid: small(row, 5)?,
        process_start: count(row, 6)?,
        lock_path: row.try_get(7)?,
        started: Timestamp(row.try_get(8)?),
        terminated: row.try_get::<_, Option<i64>>(9)?.map(Timestamp),
        taken_over_by: row.try_get::<_, Option<&str>>(10)?.map(parse_id).transpose()?,
        versions: Vec::new(),
        report: version.map(|version| ServerReport { version, resident_bytes }),
    })
}

pub(crate) fn parse_id(text: &str) -> DbResult<ServerId> {
    ServerId::parse(text).map_err(|error| corrupt("server id", error).into())
}

/// Reads the version of a project that a server has, from three columns.
pub(crate) fn version(row: &Row, server: ServerId, project: &str, first: usize) -> DbResult<ServerVersion> {
    Ok(ServerVersion {
        server,
        project: ProjectName::parse(project).map_err(|error| corrupt("project", error))?,
        version: VersionId::parse(row.try_get(first)?).map_err(|error| corrupt("version", error))?,
        commit: row.try_get(first + 1)?,
        updated: Timestamp(row.try_get(first + 2)?),
    })
}

/// The number of a server. Fails with `store/not-found`.
pub(crate) async fn number_of(db: &ClientWrapper, id: &ServerId) -> DbResult<i64> {
    let found = crate::sql::row_if_any(db, "SELECT id FROM server WHERE server = $1", &[&id.as_str()]).await?;
    let missing = || StoreError::NotFound { what: "server", name: id.to_string() };
    Ok(found.ok_or_else(missing)?.try_get(0)?)
}

/// Removes the heartbeats of lives that are over: each server reads all that are there, twice a second. Of a server that is
/// about to be entered it comes back with the next beat.
async fn forget_heartbeats(database: &Database) -> DbResult<()> {
    let sql = "DELETE FROM heartbeat h WHERE NOT EXISTS (
                   SELECT FROM server s WHERE split_part(s.lock_path, ':', 2) = lpad(to_hex(h.lock), 16, '0'))";
    execute(&*database.writer().await?, sql, &[]).await?;
    Ok(())
}

/// Enters the new start of a server; its number and its epoch.
async fn enter(db: &ClientWrapper, server: &NewServer, now: Timestamp) -> DbResult<(i64, Epoch)> {
    let sql = "INSERT INTO server AS s (server, name, address, pid, process_start, lock_path, epoch, state, started)
               VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)
               ON CONFLICT (server) DO UPDATE SET name = $2, address = $3, pid = $4, process_start = $5, lock_path = $6,
                   epoch = s.epoch + 1, state = $7, started = $8, terminated = NULL, taken_over_by = NULL,
                   version = NULL, resident_bytes = NULL
               RETURNING id, epoch";
    let (pid, start) = (i64::from(server.pid), crate::sql::number(server.process_start));
    let values: crate::sql::Values<'_> = &[
        &server.id.as_str(),
        &crate::sql::text(&server.name),
        &server.address,
        &pid,
        &start,
        &server.lock_path,
        &state_number(ServerState::Running),
        &now.0,
    ];
    let entered = row(db, sql, values).await?;
    Ok((entered.try_get(0)?, Epoch(entered.try_get(1)?)))
}
