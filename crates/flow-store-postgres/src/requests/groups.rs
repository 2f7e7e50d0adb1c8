//! Groups of requests: those that are the same in all that lists are filtered by. A filter is first applied to the groups;
//! the index of requests by group then gives each group's requests, newest first.

use super::rows::{self, state, state_number};
use crate::error::DbResult;
use crate::locks;
use crate::numbers::Numbers;
use crate::open::Database;
use crate::sql::{count, execute, row, row_if_any};
use deadpool_postgres::ClientWrapper;
use flow_store::{ProjectName, Request, RequestFilter, RequestState, StoreError, Timestamp};
use std::collections::BTreeMap;
use tokio_postgres::types::ToSql;

/// How far, in milliseconds, the order of ids and that of creation times may differ: far more than a transaction lasts.
const DISORDER_MS: u64 = 10 * 60 * 1000;

/// Conditions with their values.
struct Conditions {
    sql: Vec<String>,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Conditions {
    fn none() -> Self {
        Self { sql: Vec::new(), values: Vec::new() }
    }

    /// Adds a condition, in which `?` stands for the value.
    fn add(&mut self, sql: &str, value: impl ToSql + Sync + Send + 'static) {
        self.values.push(Box::new(value));
        self.sql.push(sql.replace('?', &format!("${}", self.values.len())));
    }

    fn all(&self) -> String {
        if self.sql.is_empty() { "true".to_owned() } else { self.sql.join(" AND ") }
    }

    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }

    /// What a filter asks of groups `g` and flows `f`; ids and times are not looked at.
    fn on_groups(filter: &RequestFilter) -> Self {
        let mut conditions = Self::none();
        if let Some(project) = &filter.project {
            conditions.add("f.project = ?", project.to_string());
        }
        if let Some(flow) = &filter.flow {
            conditions.add("f.flow = ?", flow.clone());
        }
        if let Some(owner) = &filter.owner {
            conditions.add("g.server = (SELECT id FROM server WHERE server = ?)", owner.to_string());
        }
        if let Some(code) = &filter.code {
            conditions.add("g.code = ? AND g.code <> ''", code.clone());
        }
        if let Some(text) = &filter.text {
            // As `RequestFilter::matches` does: only A to Z have another size here.
            conditions.add(
                r#"strpos(lower((f.flow || chr(1) || f.project) COLLATE "C"), lower(?::text COLLATE "C")) > 0"#,
                crate::sql::text(text).into_owned(),
            );
        }
        if filter.stalled {
            conditions.add("g.state = ?", state_number(RequestState::Running));
        }
        if !filter.states.is_empty() {
            let states: Vec<i64> = filter.states.iter().map(|state| state_number(*state)).collect();
            conditions.add("g.state = ANY (?)", states);
        }
        conditions
    }
}

fn asks_for_all_groups(filter: &RequestFilter) -> bool {
    let RequestFilter { states, project, flow, owner, code, priority, text, stalled, .. } = filter;
    let by_name = project.is_some() || flow.is_some() || owner.is_some() || code.is_some() || text.is_some();
    states.is_empty() && !by_name && priority.is_none() && !stalled
}

/// The condition that requests `r` have the filter's priority; the usual one is not written.
fn of_priority(filter: &RequestFilter) -> String {
    match filter.priority {
        None => "true".to_owned(),
        Some(0) => "r.priority IS NULL".to_owned(),
        Some(priority) => format!("r.priority = {priority}"),
    }
}

/// The numbers of the groups that a filter asks for; none if it asks for all.
async fn groups(db: &ClientWrapper, filter: &RequestFilter) -> DbResult<Option<Vec<i64>>> {
    if asks_for_all_groups(filter) {
        return Ok(None);
    }
    let wanted = Conditions::on_groups(filter);
    let sql = format!("SELECT g.id FROM request_group g JOIN flow f ON f.id = g.flow WHERE {}", wanted.all());
    let found = crate::sql::rows(db, &sql, &wanted.values()).await?;
    Ok(Some(crate::sql::read(&found, |row| Ok(row.try_get(0)?))?))
}

/// The ids that a filter's times leave, about: from the first to before the second. Times are compared as well.
async fn ids(db: &ClientWrapper, filter: &RequestFilter) -> DbResult<(i64, i64)> {
    let (mut first, mut end) = (0, filter.before.map_or(i64::MAX, |before| before.0));
    if let Some(from) = filter.from {
        let before = "SELECT id FROM request_given WHERE created < $1 ORDER BY created DESC LIMIT 1";
        if let Some(row) = row_if_any(db, before, &[&from.minus_ms(DISORDER_MS).0]).await? {
            first = row.try_get(0)?;
        }
    }
    if let Some(to) = filter.to {
        let after = "SELECT id FROM request_given WHERE created > $1 ORDER BY created LIMIT 1";
        if let Some(row) = row_if_any(db, after, &[&to.plus_ms(DISORDER_MS).0]).await? {
            end = end.min(row.try_get(0)?);
        }
    }
    Ok((first, end))
}

/// The request whose id the filter's text is, if all else holds, too.
async fn by_id(db: &ClientWrapper, numbers: &Numbers, filter: &RequestFilter) -> DbResult<Option<Request>> {
    let Some(id) = filter.id() else { return Ok(None) };
    let found = rows::find(db, numbers, id).await?;
    Ok(found.filter(|request| filter.matches(request)))
}

/// What a filter asks of requests `r` themselves, of which `$3` and `$4` are the times.
fn of_requests(filter: &RequestFilter) -> String {
    let stalled = if filter.stalled { "r.stalled IS NOT NULL AND r.stalled_fence = r.fence" } else { "true" };
    format!("r.created >= $3 AND r.created < $4 AND {stalled} AND {}", of_priority(filter))
}

/// How the index has requests `r` in which those of a group `g` are found.
struct Keys {
    /// Its columns.
    key: &'static str,
    /// What they are in a group, but for the last one, which is the id.
    group: String,
    order: &'static str,
}

impl Keys {
    /// Keys are compared as rows and not by the group alone, so that no other index has the order: the planner cannot know that a
    /// group has few requests, and would look for them among all.
    fn of(filter: &RequestFilter) -> Self {
        let (key, order) = ("r.request_group, r.id", "r.request_group DESC, r.id DESC");
        match filter.priority {
            None | Some(0) => Self { key, group: "g.id".to_owned(), order },
            Some(priority) => Self {
                key: "r.request_group, r.priority, r.id",
                group: format!("g.id, {priority}"),
                order: "r.request_group DESC, r.priority DESC, r.id DESC",
            },
        }
    }
}

/// The query for the `$5` newest requests of the groups `$6` with ids from `$1` to before `$2`.
///
/// First some of each group are looked at, `$7`, which are more than a page together if the groups are large: the last one of
/// the page that these would be tells from which id on the page is. So a page of many groups does not take a page of each.
pub(crate) fn list_of_groups(filter: &RequestFilter) -> String {
    let Keys { key, group, order } = Keys::of(filter);
    let wanted = of_requests(filter);
    let newest = |first: &str, of_each: &str| {
        format!(
            "SELECT n.id FROM unnest($6::bigint[]) AS g (id) CROSS JOIN LATERAL
                 (SELECT r.id FROM request r WHERE ({key}) >= ({group}, {first}) AND ({key}) < ({group}, $2) AND {wanted}
                  ORDER BY {order} LIMIT {of_each}) n
             ORDER BY n.id DESC LIMIT"
        )
    };
    let first = format!("coalesce(({} 1 OFFSET $5::bigint - 1), $1)", newest("$1", "$7"));
    rows::select_found_by(&format!("{} $5", newest(&first, "$5"))) + " ORDER BY r.id DESC"
}

/// The query for the `$5` newest requests of all groups with ids from `$1` to before `$2`.
pub(crate) fn list_of_all(filter: &RequestFilter) -> String {
    let newest = format!(
        "SELECT r.id FROM request r WHERE r.id >= $1 AND r.id < $2 AND {} ORDER BY r.id DESC LIMIT $5",
        of_requests(filter)
    );
    rows::select_found_by(&newest) + " ORDER BY r.id DESC"
}

/// Requests by a filter, newest first.
pub(super) async fn list(db: &ClientWrapper, numbers: &Numbers, filter: &RequestFilter) -> DbResult<Vec<Request>> {
    let groups = groups(db, filter).await?;
    let (first, end) = ids(db, filter).await?;
    let from = filter.from.map_or(i64::MIN, |from| from.0);
    let to = filter.to.map_or(i64::MAX, |to| to.0);
    let page = i64::try_from(filter.page()).unwrap_or(i64::MAX);
    let found = match &groups {
        None => crate::sql::rows(db, &list_of_all(filter), &[&first, &end, &from, &to, &page]).await?,
        Some(groups) => {
            let of_each = page / i64::try_from(groups.len().max(2)).unwrap_or(i64::MAX) + 2;
            crate::sql::rows(db, &list_of_groups(filter), &[&first, &end, &from, &to, &page, groups, &of_each]).await?
        }
    };
    let mut found = rows::requests(db, numbers, &found).await?;
    if let Some(named) = by_id(db, numbers, filter).await?
        && let Err(place) = found.binary_search_by(|request| named.id.cmp(&request.id))
    {
        found.insert(place, named);
        found.truncate(filter.page());
    }
    Ok(found)
}

/// Whether the filter gives a request that its text names by id for its flow or project, too.
fn is_found_without_id(request: &Request, filter: &RequestFilter) -> bool {
    let Some(text) = &filter.text else { return true };
    let wanted = text.to_ascii_lowercase();
    [request.flow.as_str(), request.project.as_str()].iter().any(|name| name.to_ascii_lowercase().contains(&wanted))
}

/// The query for how many requests with ids from `$1` to before `$2` are in each state: of the groups `$5`, or of all if that
/// is null.
fn count_of_ids(filter: &RequestFilter) -> String {
    format!(
        "SELECT r.state, count(*) FROM request r
         WHERE r.id >= $1 AND r.id < $2 AND {} AND ($5::bigint[] IS NULL OR r.request_group = ANY ($5))
         GROUP BY r.state",
        of_requests(filter)
    )
}

/// The same of groups alone, each of which is looked for.
pub(crate) fn count_of_groups(filter: &RequestFilter) -> String {
    let Keys { key, group, .. } = Keys::of(filter);
    format!(
        "SELECT r.state, count(*) FROM unnest($5::bigint[]) AS g (id)
                JOIN request r ON ({key}) >= ({group}, $1) AND ({key}) < ({group}, $2)
         WHERE {} GROUP BY r.state",
        of_requests(filter)
    )
}

/// Whether so few requests are in these groups, among all with ids from `first` to before `end`, that it pays to look for
/// each of them.
async fn are_few(db: &ClientWrapper, groups: &[i64], first: i64, end: i64) -> DbResult<bool> {
    let sql = "SELECT coalesce(sum(n), 0) * 4 < least($3, (SELECT last_value FROM request_id)) - $2
               FROM request_count WHERE request_group = ANY ($1)";
    Ok(row(db, sql, &[&groups, &first, &end]).await?.try_get(0)?)
}

/// How many requests of the filter are in each state; the page does not matter.
pub(super) async fn counts(
    db: &ClientWrapper,
    numbers: &Numbers,
    filter: &RequestFilter,
) -> DbResult<BTreeMap<RequestState, u64>> {
    let mut counts: BTreeMap<RequestState, u64> = RequestState::ALL.into_iter().map(|state| (state, 0)).collect();
    let filter = RequestFilter { before: None, ..filter.clone() };
    if filter.stalled {
        let found = list(db, numbers, &RequestFilter { limit: usize::MAX, ..filter }).await?;
        found.iter().for_each(|request| *counts.entry(request.state).or_default() += 1);
        return Ok(counts);
    }
    let found = if filter.from.is_none() && filter.to.is_none() && filter.priority.is_none() {
        let wanted = Conditions::on_groups(&filter);
        let sql = format!(
            "SELECT g.state, sum(c.n)::bigint FROM request_count c JOIN request_group g ON g.id = c.request_group
                    JOIN flow f ON f.id = g.flow WHERE {} GROUP BY g.state",
            wanted.all()
        );
        crate::sql::rows(db, &sql, &wanted.values()).await?
    } else {
        let groups = groups(db, &filter).await?;
        let (first, end) = ids(db, &filter).await?;
        let from = filter.from.map_or(i64::MIN, |from| from.0);
        let to = filter.to.map_or(i64::MAX, |to| to.0);
        let by_groups = match &groups {
            None => false,
            Some(_) if filter.priority.is_some_and(|priority| priority != 0) => true,
            Some(groups) => are_few(db, groups, first, end).await?,
        };
        let sql = if by_groups { count_of_groups(&filter) } else { count_of_ids(&filter) };
        crate::sql::rows(db, &sql, &[&first, &end, &from, &to, &groups]).await?
    };
    for row in found {
        *counts.entry(state(row.try_get(0)?)?).or_default() += count(&row, 1)?;
    }
    if let Some(named) = by_id(db, numbers, &filter).await?
        && !is_found_without_id(&named, &filter)
    {
        *counts.entry(named.state).or_default() += 1;
    }
    Ok(counts)
}

/// The query for the first `$5` requests of the flow `$4` of the project `$3` that ended in the state `$1` at `$2` or later.
pub(crate) fn ended_sql() -> String {
    let first = "SELECT r.id FROM request r
                 WHERE r.state = $1 AND r.ended IS NOT NULL AND r.ended >= $2
                       AND r.flow = (SELECT id FROM flow WHERE project = $3 AND flow = $4)
                 ORDER BY r.ended, r.id LIMIT $5";
    rows::select_found_by(first) + " ORDER BY r.ended, r.id"
}

/// The requests of a flow that ended in a state at `from` or later, in the order of their ends.
pub(crate) async fn ended(
    db: &ClientWrapper,
    numbers: &Numbers,
    project: &ProjectName,
    flow: &str,
    state: i64,
    from: Timestamp,
    limit: usize,
) -> DbResult<Vec<Request>> {
    let flow = crate::sql::text(flow);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values: crate::sql::Values<'_> = &[&state, &from.0, &project.as_str(), &flow, &limit];
    let found = crate::sql::rows(db, &ended_sql(), values).await?;
    rows::requests(db, numbers, &found).await
}

/// How many requests are in a state.
pub(crate) async fn present(db: &ClientWrapper, state: RequestState) -> DbResult<u64> {
    let sql = "SELECT coalesce(sum(c.n), 0)::bigint FROM request_count c JOIN request_group g ON g.id = c.request_group
               WHERE g.state = $1";
    count(&row(db, sql, &[&state_number(state)]).await?, 0)
}

/// Notes that the groups of these requests have so many less.
pub(crate) async fn count_off(db: &ClientWrapper, ids: &[i64]) -> DbResult<()> {
    let sql = "INSERT INTO request_count (request_group, n)
               SELECT request_group, -count(*) FROM request WHERE id = ANY ($1) GROUP BY 1";
    execute(db, sql, &[&ids]).await?;
    Ok(())
}

/// Makes the rows of each group's count one, of those whose numbers are above `above`, and gives the greatest of these; none if
/// there are none, or another fold is under way. Whoever reads adds up all rows, so the counts hold whatever is left out.
pub(crate) async fn fold_counts(database: &Database, above: i64) -> Result<Option<i64>, StoreError> {
    let transaction = database.begin().await?;
    let folded = async {
        let free: bool =
            row(&transaction, "SELECT pg_try_advisory_xact_lock($1)", &[&locks::COUNTS]).await?.try_get(0)?;
        if !free {
            return Ok(None);
        }
        let sql = "WITH gone AS (DELETE FROM request_count WHERE id > $1 RETURNING id, request_group, n),
                        made AS (INSERT INTO request_count (request_group, n)
                                 SELECT request_group, sum(n) FROM gone GROUP BY 1 HAVING sum(n) <> 0)
                   SELECT max(id) FROM gone";
        Ok(row(&transaction, sql, &[&above]).await?.try_get(0)?)
    };
    let folded: DbResult<Option<i64>> = folded.await;
    transaction.end(folded).await
}
