//! How a batch ends: its statements go out all together, and the commit right behind them.

use super::history::{self, StoredRow};
use super::statements::{
    AttemptRow, AuditRow, ChangedRow, NewRow, Write, insert_attempts, insert_audit, insert_counts, insert_requests,
    update_requests,
};
use super::{Batch, Held, Made, New};
use crate::error::{DbError, DbResult, corrupt};
use crate::numbers::Group;
use crate::open::Database;
use crate::requests::rows::state_number;
use crate::sql::{number, rows, text};
use crate::transaction::Transaction;
use crate::writer::Token;
use deadpool_postgres::ClientWrapper;
use flow_store::{AuditEntry, Created, MadeRequests, Request, RequestId};
use std::collections::BTreeMap;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

/// Notes that a batch is committed.
const NOTE: &str = "INSERT INTO committed (writer, batch, at) VALUES ($1, $2, $3)";

impl Batch<'_> {
    /// Writes what has changed; nothing is committed. Gives new requests their ids.
    pub(crate) async fn write_out(&mut self, transaction: &Transaction, database: &Database) -> DbResult<()> {
        self.send(transaction, database, None).await.map_err(|(error, _)| error)
    }

    /// Writes what has changed and commits. The second part of an error says whether the commit may have been made.
    pub(crate) async fn commit(
        &mut self,
        transaction: &Transaction,
        database: &Database,
        token: &Token,
    ) -> Result<(), (DbError, bool)> {
        self.send(transaction, database, Some(token)).await
    }

    /// The requests that were asked to be made, once they have their ids.
    pub(crate) fn created(&self, made: Vec<Made>) -> DbResult<Vec<Created>> {
        let there = |place: usize, new: bool| {
            let found = self.new.get(place).ok_or_else(|| corrupt("place of a new request", place))?;
            Ok(Created { request: found.request.clone(), new })
        };
        made.into_iter()
            .map(|made| match made {
                Made::New(place) => there(place, true),
                Made::BeforeInBatch(place) => there(place, false),
                Made::Before(request) => Ok(Created { request: *request, new: false }),
            })
            .collect()
    }

    async fn send(
        &mut self,
        transaction: &Transaction,
        database: &Database,
        token: Option<&Token>,
    ) -> Result<(), (DbError, bool)> {
        let before = |error: DbError| (error, false);
        self.give_ids(transaction).await.map_err(before)?;
        let groups = self.groups(database).await.map_err(before)?;
        let new: Vec<NewRow<'_>> = self.new_rows(&groups).map_err(before)?;
        let changed = self.changed_rows(&groups).map_err(before)?;
        let counts = self.counts(&groups).map_err(before)?;
        let attempts = self.attempt_rows().map_err(before)?;
        let audit = self.audit_rows();
        let stored: Vec<StoredRow<'_>> = self.history.iter().map(StoredRow::of).collect();
        let many = stored.len() >= history::MANY;
        if many {
            history::copy(transaction, &stored).await.map_err(before)?;
        }
        let mut writes = Vec::new();
        insert_requests(&new, &mut writes);
        insert_attempts(&attempts, &mut writes);
        if !many {
            history::insert(&stored, &mut writes);
        }
        update_requests(&changed, &mut writes);
        insert_counts(&counts, &mut writes);
        insert_audit(&audit, &mut writes);
        let prepared = prepare(transaction, &writes).await.map_err(before)?;
        let note = transaction.prepare_cached(NOTE).await.map_err(|error| before(error.into()))?;
        let all: Vec<Vec<&(dyn ToSql + Sync)>> = writes
            .iter()
            .map(|write| write.columns.iter().map(|column| &**column as &(dyn ToSql + Sync)).collect())
            .collect();
        let sent = prepared.iter().zip(&all).map(|(statement, columns)| transaction.execute(statement, columns));
        // Polled, and so sent, in this order: the commit is on its way before the first answer has come. If a statement
        // fails, it undoes all.
        let written = futures::future::join_all(sent);
        let now = self.now.0;
        let noted = async {
            let Some(Token { mark, batch }) = token else { return Ok(0) };
            transaction.execute(&note, &[mark, batch, &now]).await
        };
        let committed = async { if token.is_some() { transaction.batch_execute("COMMIT").await } else { Ok(()) } };
        let (written, noted, committed) = futures::join!(written, noted, committed);
        for written in written.into_iter().chain([noted]) {
            written.map_err(|error| {
                let refused = error.as_db_error().is_some();
                (error.into(), token.is_some() && !refused)
            })?;
        }
        committed.map_err(|error| (error.into(), true))
    }

    /// Gives new requests their ids.
    async fn give_ids(&mut self, db: &ClientWrapper) -> DbResult<()> {
        if self.new.is_empty() {
            return Ok(());
        }
        let wanted = number(self.new.len() as u64);
        let ids = rows(db, "SELECT nextval('request_id') FROM generate_series(1, $1::bigint)", &[&wanted]).await?;
        for (new, row) in self.new.iter_mut().zip(&ids) {
            new.request.id = RequestId(row.try_get(0)?);
        }
        Ok(())
    }

    /// The group that a request is in now.
    fn group(&self, request: &Request, flow: i64) -> DbResult<Group> {
        Ok(Group {
            flow,
            state: state_number(request.state),
            server: self.server_number(request)?,
            code: request.error.as_ref().map(|error| text(&error.code).into_owned()).unwrap_or_default(),
        })
    }

    fn server_number(&self, request: &Request) -> DbResult<i64> {
        request.owner.as_ref().map_or(Ok(0), |owner| Ok(self.servers.number(&owner.server)?))
    }

    /// The requests that have changed.
    pub(super) fn changed(&self) -> impl Iterator<Item = &Held> {
        self.changed.iter().filter_map(|id| self.held.get(id))
    }

    /// The numbers of the groups that the requests are in now. New ones are made on another connection, so that others may
    /// use them at once.
    async fn groups(&self, database: &Database) -> DbResult<BTreeMap<Group, i64>> {
        let mut groups = BTreeMap::new();
        for new in &self.new {
            groups.insert(self.group(&new.request, new.lane.flow)?, 0);
        }
        for held in self.changed() {
            groups.insert(self.group(&held.request, held.flow)?, 0);
        }
        for (group, found) in &mut groups {
            *found = match database.numbers.known_group(group) {
                Some(number) => number,
                None => database.numbers.group(&*database.reader().await?, group).await?,
            };
        }
        Ok(groups)
    }

    fn new_rows(&self, groups: &BTreeMap<Group, i64>) -> DbResult<Vec<NewRow<'_>>> {
        let mut rows = Vec::with_capacity(self.new.len());
        for New { request, lane, inputs, key } in &self.new {
            rows.push(NewRow {
                request,
                lane: *lane,
                group: number_of(groups, &self.group(request, lane.flow)?)?,
                server: self.server_number(request)?,
                inputs,
                key: key.as_deref(),
            });
        }
        Ok(rows)
    }

    fn changed_rows(&self, groups: &BTreeMap<Group, i64>) -> DbResult<Vec<ChangedRow<'_>>> {
        let mut changed = Vec::with_capacity(self.changed.len());
        for held in self.changed() {
            let group = number_of(groups, &self.group(&held.request, held.flow)?)?;
            changed.push(ChangedRow { held, group, server: self.server_number(&held.request)? });
        }
        Ok(changed)
    }

    /// How many more requests each group has.
    fn counts(&self, groups: &BTreeMap<Group, i64>) -> DbResult<Vec<(i64, i64)>> {
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        for new in &self.new {
            *counts.entry(number_of(groups, &self.group(&new.request, new.lane.flow)?)?).or_default() += 1;
        }
        for held in self.changed() {
            *counts.entry(number_of(groups, &self.group(&held.request, held.flow)?)?).or_default() += 1;
            *counts.entry(held.group).or_default() -= 1;
        }
        Ok(counts.into_iter().filter(|(_, more)| *more != 0).collect())
    }

    /// The entries of the audit trail; those that differ only in what was made are one.
    fn audit_rows(&self) -> Vec<AuditRow> {
        let mut rows: Vec<AuditRow> = Vec::new();
        for (entry, places) in &self.audit {
            let new = places.iter().filter_map(|place| self.new.get(*place));
            let created: Vec<Created> = new.map(|new| Created { request: new.request.clone(), new: true }).collect();
            let Some(made) = MadeRequests::of(&created) else { continue };
            let is_like =
                |row: &&mut AuditRow| AuditEntry { detail: entry.detail.clone(), ..row.entry.clone() } == **entry;
            match rows.iter_mut().find(is_like) {
                Some(row) => row.made = row.made.and(made),
                None => rows.push(AuditRow { at: self.now.0, entry: (*entry).clone(), made }),
            }
        }
        for row in &mut rows {
            row.entry = row.made.told_by(row.entry.clone());
        }
        rows
    }

    fn attempt_rows(&self) -> DbResult<Vec<AttemptRow<'_>>> {
        let mut rows = Vec::with_capacity(self.attempts.len());
        for ended in &self.attempts {
            rows.push(AttemptRow { ended, server: self.servers.number(&ended.owner.server)?, at: self.now.0 });
        }
        Ok(rows)
    }
}

fn number_of(groups: &BTreeMap<Group, i64>, group: &Group) -> DbResult<i64> {
    groups.get(group).copied().ok_or_else(|| corrupt("group without number", group.code.as_str()).into())
}

async fn prepare(db: &ClientWrapper, writes: &[Write<'_>]) -> DbResult<Vec<Statement>> {
    let mut prepared = Vec::with_capacity(writes.len());
    for write in writes {
        prepared.push(db.prepare_cached(write.sql).await?);
    }
    Ok(prepared)
}
