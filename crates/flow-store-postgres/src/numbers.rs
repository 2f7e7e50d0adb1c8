//! Numbers that stand for servers, flows and groups of requests. None of them ever changes or goes away, so what is known
//! once is known for good. New ones are made in transactions of their own: others may use them at once.

use crate::error::{DbResult, corrupt};
use crate::requests::limits_text;
use crate::sql::{row_if_any, rows, text};
use deadpool_postgres::ClientWrapper;
use flow_store::{NewRequest, ProjectName, ServerId, StoreError};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use tokio_postgres::Row;

/// The numbers that this process knows.
#[derive(Default)]
pub(crate) struct Numbers {
    servers: Mutex<HashMap<i64, ServerId>>,
    flows: Mutex<HashMap<(ProjectName, String), i64>>,
    lanes: Mutex<HashMap<(i64, i64, String), i64>>,
    groups: Mutex<HashMap<Group, i64>>,
}

/// The lane of a request, with its flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaneOf {
    /// Number of the lane.
    pub(crate) lane: i64,
    /// Number of the flow.
    pub(crate) flow: i64,
}

/// Requests that are the same in all that lists are filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Group {
    /// Number of the flow.
    pub(crate) flow: i64,
    /// Number of the state.
    pub(crate) state: i64,
    /// Number of the server; 0 if none.
    pub(crate) server: i64,
    /// Code of the error; empty if none.
    pub(crate) code: String,
}

impl Numbers {
    /// The server with a number, if it is known.
    pub(crate) fn server(&self, number: i64) -> Option<ServerId> {
        self.servers.lock().get(&number).cloned()
    }

    /// Gets to know the servers whose numbers are in a column.
    pub(crate) async fn know_servers(&self, db: &ClientWrapper, found: &[Row], column: usize) -> DbResult<()> {
        let mut all_known = true;
        for row in found {
            let number: i64 = row.try_get(column)?;
            all_known &= number == 0 || self.servers.lock().contains_key(&number);
        }
        if all_known {
            return Ok(());
        }
        for row in rows(db, "SELECT id, server FROM server", &[]).await? {
            let id = ServerId::parse(row.try_get(1)?).map_err(|error| corrupt("server id", error))?;
            self.servers.lock().insert(row.try_get(0)?, id);
        }
        Ok(())
    }

    /// The number of a flow; a new one for a new flow. `db` is in no transaction.
    pub(crate) async fn flow(&self, db: &ClientWrapper, project: &ProjectName, flow: &str) -> DbResult<i64> {
        let key = (project.clone(), flow.to_owned());
        let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&project.as_str(), &flow];
        let known = "SELECT id FROM flow WHERE project = $1 AND flow = $2";
        let make = "INSERT INTO flow (project, flow) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id";
        known_or_new(&self.flows, key, db, known, make, values).await
    }

    /// The number of a group; a new one for a new group. `db` is in no transaction.
    pub(crate) async fn group(&self, db: &ClientWrapper, group: &Group) -> DbResult<i64> {
        let Group { flow, state, server, code } = group;
        let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[flow, state, server, code];
        let known = "SELECT id FROM request_group WHERE flow = $1 AND state = $2 AND server = $3 AND code = $4";
        let make = "INSERT INTO request_group (flow, state, server, code) VALUES ($1, $2, $3, $4)
                    ON CONFLICT DO NOTHING RETURNING id";
        known_or_new(&self.groups, group.clone(), db, known, make, values).await
    }

    /// The number of a group, if it is known.
    pub(crate) fn known_group(&self, group: &Group) -> Option<i64> {
        self.groups.lock().get(group).copied()
    }

    /// The lane of a new request; a new one for a new lane. `db` is in no transaction.
    pub(crate) async fn lane(&self, db: &ClientWrapper, new: &NewRequest) -> DbResult<LaneOf> {
        let flow = self.flow(db, &new.project, &text(&new.flow)).await?;
        let (priority, limits) = (i64::from(new.settings.priority), limits_text(&new.settings.limits)?);
        let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&flow, &priority, &limits];
        let known = "SELECT id FROM lane WHERE flow = $1 AND priority = $2 AND limits = $3";
        let make = "INSERT INTO lane (flow, priority, limits) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id";
        let key = (flow, priority, limits.clone());
        let lane = known_or_new(&self.lanes, key, db, known, make, values).await?;
        Ok(LaneOf { lane, flow })
    }

    /// The lane of a new request, if it is known.
    pub(crate) fn known_lane(&self, new: &NewRequest) -> Result<Option<LaneOf>, StoreError> {
        let flow = self.flows.lock().get(&(new.project.clone(), new.flow.clone())).copied();
        let Some(flow) = flow else { return Ok(None) };
        let key = (flow, i64::from(new.settings.priority), limits_text(&new.settings.limits)?);
        Ok(self.lanes.lock().get(&key).map(|lane| LaneOf { lane: *lane, flow }))
    }
}

async fn known_or_new<K: Eq + Hash>(
    numbers: &Mutex<HashMap<K, i64>>,
    key: K,
    db: &ClientWrapper,
    known: &str,
    make: &str,
    values: crate::sql::Values<'_>,
) -> DbResult<i64> {
    if let Some(number) = numbers.lock().get(&key) {
        return Ok(*number);
    }
    // Somebody else may make it between the look and the try, and the look then finds it.
    for sql in [known, make, known] {
        if let Some(row) = row_if_any(db, sql, values).await? {
            let number = row.try_get(0)?;
            numbers.lock().insert(key, number);
            return Ok(number);
        }
    }
    Err(corrupt("a number that can neither be found nor made", known).into())
}
