//! How a batch ends: what it writes goes out as one statement, and the commit right behind it.

use super::history::{self, StoredRow};
use super::statement::{Statement, is_outdated};
use super::statements::{
    AttemptRow, AuditRow, ChangedRow, NewRow, Owners, insert_attempts, insert_audit, insert_counts, insert_mark,
    insert_requests, running_servers, update_requests,
};
use super::{Basis, Batch, Held, Made, New, Stored};
use crate::error::{DbError, DbResult, corrupt, is_refusal};
use crate::numbers::Group;
use crate::open::Database;
use crate::requests::rows::state_number;
use crate::servers::Servers;
use crate::sql::{number, rows, text};
use crate::transaction::Transaction;
use crate::writer::Token;
use deadpool_postgres::ClientWrapper;
use flow_store::{AuditEntry, Created, MadeRequests, Request, RequestId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a batch was not written.
pub(crate) enum NotWritten {
    /// Nothing was changed.
    Undone(DbError),
    /// Nothing was changed, since something is no longer what it was taken for.
    Outdated,
    /// The connection broke when the commit was on its way.
    Unknown(DbError),
}

impl<E: Into<DbError>> From<E> for NotWritten {
    fn from(error: E) -> Self {
        Self::Undone(error.into())
    }
}

impl Batch<'_> {
    /// Writes what has changed; nothing is committed. Gives new requests their ids.
    pub(crate) async fn write_out(&mut self, transaction: &Transaction, database: &Database) -> DbResult<()> {
        self.send(transaction, database, None).await.map_err(|not_written| match not_written {
            NotWritten::Undone(error) | NotWritten::Unknown(error) => error,
            NotWritten::Outdated => corrupt("request", "it has changed although it is locked").into(),
        })
    }

    /// Writes what has changed and commits. The transaction has begun, unless the batch goes by what is known.
    pub(crate) async fn commit(
        &mut self,
        transaction: &Transaction,
        database: &Database,
        token: &Token,
    ) -> Result<(), NotWritten> {
        self.send(transaction, database, Some(token)).await
    }

    /// Whether so much is written that it does not fit one statement well.
    pub(crate) fn is_large(&self) -> bool {
        self.history.len() >= history::MANY
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
    ) -> Result<(), NotWritten> {
        let owners = if let Basis::Known(owners) = &self.basis { owners.as_slice() } else { &[] };
        let owners = Owners::of(&self.servers, owners)?;
        self.give_ids(transaction, &owners).await?;
        self.give_groups(database).await?;
        self.send_rows(transaction, &owners, token).await?;
        for id in &self.changed {
            self.held.get_mut(id).into_iter().for_each(Held::note_stored);
        }
        Ok(())
    }

    async fn send_rows(
        &self,
        transaction: &Transaction,
        owners: &Owners,
        token: Option<&Token>,
    ) -> Result<(), NotWritten> {
        let (new, changed) = (self.new_rows()?, self.changed_rows()?);
        let (counts, attempts, audit) = (self.counts(), self.attempt_rows()?, self.audit_rows());
        let stored: Vec<StoredRow<'_>> = self.history.iter().map(StoredRow::of).collect();
        if self.is_large() {
            history::copy(transaction, &stored).await?;
        }
        let mut expected = Vec::new();
        expected.extend(running_servers(owners));
        expected.extend(update_requests(&changed));
        let mut inserts = Vec::new();
        insert_requests(&new, &mut inserts);
        insert_attempts(&attempts, &mut inserts);
        if !self.is_large() {
            history::insert(&stored, &mut inserts);
        }
        insert_counts(&counts, &mut inserts);
        insert_audit(&audit, &mut inserts);
        if let Some(token) = token {
            insert_mark(token, self.now.0, &mut inserts);
        }
        let statement = Statement::prepare(transaction, &expected, &inserts).await?;
        self.run(transaction, &statement, token.is_some()).await
    }

    /// Runs the statement and commits, if that is asked for: the commit is on its way before the first answer has come, and
    /// undoes all if the statement failed. Of a batch that goes by what is known, the statement is the whole transaction.
    async fn run(&self, transaction: &Transaction, statement: &Statement<'_>, commit: bool) -> Result<(), NotWritten> {
        let has_begun = matches!(self.basis, Basis::Locked);
        // Polled, and so sent, in this order.
        let (written, committed) = futures::join!(statement.run(transaction), async {
            if commit && has_begun { transaction.batch_execute("COMMIT").await } else { Ok(()) }
        });
        match written {
            Ok(()) => committed.map_err(|error| NotWritten::Unknown(error.into())),
            Err(error) if is_outdated(&error) => Err(NotWritten::Outdated),
            Err(error) if commit && !is_refusal(&error) => Err(NotWritten::Unknown(error.into())),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives new requests their ids, before they are written, so that they can be told also if the line breaks during the commit.
    /// For a server that no longer runs none is drawn, so that none is missing later.
    async fn give_ids(&mut self, db: &ClientWrapper, owners: &Owners) -> Result<(), NotWritten> {
        if self.new.is_empty() {
            return Ok(());
        }
        let wanted = number(self.new.len() as u64);
        let sql = "SELECT nextval('request_id') FROM generate_series(1, $1::bigint)
                   WHERE (SELECT coalesce(bool_and(server_runs(o.server_lock, o.id, o.epoch)), true)
                          FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS o (server_lock, id, epoch))";
        let ids = rows(db, sql, &[&wanted, &owners.locks, &owners.numbers, &owners.epochs]).await?;
        if ids.is_empty() {
            return Err(NotWritten::Outdated);
        }
        for (new, row) in self.new.iter_mut().zip(&ids) {
            new.request.id = RequestId(row.try_get(0)?);
        }
        Ok(())
    }

    /// Finds the groups that the requests are in now. New ones are made on another connection, so that others may use them at once.
    async fn give_groups(&mut self, database: &Database) -> DbResult<()> {
        let servers = Arc::clone(&self.servers);
        for New { request, lane, group, .. } in &mut self.new {
            *group = group_number(database, group_of(request, lane.flow, &servers)?).await?;
        }
        for id in &self.changed {
            if let Some(held) = self.held.get_mut(id) {
                held.group = group_number(database, group_of(&held.request, held.flow, &servers)?).await?;
            }
        }
        Ok(())
    }

    /// The requests that have changed.
    fn changed(&self) -> impl Iterator<Item = &Held> {
        self.changed.iter().filter_map(|id| self.held.get(id))
    }

    fn new_rows(&self) -> DbResult<Vec<NewRow<'_>>> {
        let mut rows = Vec::with_capacity(self.new.len());
        for New { request, lane, group, inputs, key } in &self.new {
            let server = server_number(request, &self.servers)?;
            rows.push(NewRow { request, lane: *lane, group: *group, server, inputs, key: key.as_deref() });
        }
        Ok(rows)
    }

    fn changed_rows(&self) -> DbResult<Vec<ChangedRow<'_>>> {
        self.changed()
            .map(|held| Ok(ChangedRow { held, server: server_number(&held.request, &self.servers)? }))
            .collect()
    }

    /// How many more requests each group has.
    fn counts(&self) -> Vec<(i64, i64)> {
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        for new in &self.new {
            *counts.entry(new.group).or_default() += 1;
        }
        for held in self.changed() {
            *counts.entry(held.group).or_default() += 1;
            *counts.entry(held.stored.group).or_default() -= 1;
        }
        counts.into_iter().filter(|(_, more)| *more != 0).collect()
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

impl Held {
    /// Notes that it is written.
    fn note_stored(&mut self) {
        let Request { state, fence, .. } = self.request;
        self.stored = Stored { state, fence, newest: self.end.newest, group: self.group };
    }
}

/// The group that a request is in.
fn group_of(request: &Request, flow: i64, servers: &Servers) -> DbResult<Group> {
    Ok(Group {
        flow,
        state: state_number(request.state),
        server: server_number(request, servers)?,
        code: request.error.as_ref().map(|error| text(&error.code).into_owned()).unwrap_or_default(),
    })
}

fn server_number(request: &Request, servers: &Servers) -> DbResult<i64> {
    request.owner.as_ref().map_or(Ok(0), |owner| Ok(servers.number(&owner.server)?))
}

async fn group_number(database: &Database, group: Group) -> DbResult<i64> {
    match database.numbers.known_group(&group) {
        Some(number) => Ok(number),
        None => database.numbers.group(&*database.reader().await?, &group).await,
    }
}
