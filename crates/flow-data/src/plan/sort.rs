//! Sort, aggregate and distinct.

use super::compile::{Request, expression, quoted};
use super::session::JoinMethod;
use crate::{DataError, Expression, Spool, Stream, Variables};

const INPUT: &str = "input";

/// What records are ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// An expression over the fields.
    pub expression: String,
    /// Whether the greatest value comes first.
    pub descending: bool,
    /// Whether records without a value come first, rather than last.
    pub nulls_first: bool,
}

/// The records in the order of `keys`, the most important first; records with equal keys stay in the order in which they
/// came. With a `limit`, the first so many of them, which takes little memory.
pub fn sort(
    input: &Stream,
    keys: &[SortKey],
    limit: Option<u64>,
    variables: &Variables,
    spool: &Spool,
) -> Result<Stream, DataError> {
    let mut parts = Vec::with_capacity(keys.len());
    let mut order = String::new();
    for (at, key) in keys.iter().enumerate() {
        let place = |error: DataError| error.about(format!("key {}", at + 1));
        Expression::compile(&key.expression, input.schema(), variables).map_err(place)?;
        parts.push(expression(&key.expression, variables).map_err(place)?);
        let direction = if key.descending { "DESC" } else { "ASC" };
        let nulls = if key.nulls_first { "FIRST" } else { "LAST" };
        order.push_str(&format!("${at} {direction} NULLS {nulls}, "));
    }
    let arrival = free_name(input, "arrival");
    let limit = limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
    let sql = format!(
        "SELECT {fields} FROM (SELECT *, row_number() OVER () AS {arrival} FROM {INPUT}) AS numbered \
         ORDER BY {order}{arrival}{limit}",
        fields = fields_of(input),
    );
    let inputs = vec![(INPUT.to_owned(), input.clone())];
    Request { sql: &sql, parts, names: None, inputs, method: JoinMethod::Hash }.stream(variables, spool)
}

/// One record for each combination of the values of `groups`, with those and the `aggregates` over its records
/// (`sum(amount)`, `count(DISTINCT customer)`); without groups one record for all. Both are pairs of the name of a field
/// that leaves and an expression. Groups come in the order of their first record.
pub fn aggregate(
    input: &Stream,
    groups: &[(String, String)],
    aggregates: &[(String, String)],
    variables: &Variables,
    spool: &Spool,
) -> Result<Stream, DataError> {
    let planned = aggregated(input, groups, aggregates, variables, spool);
    planned.map_err(|error| wrong_field(input, groups, aggregates, variables, spool).unwrap_or(error))
}

fn aggregated(
    input: &Stream,
    groups: &[(String, String)],
    aggregates: &[(String, String)],
    variables: &Variables,
    spool: &Spool,
) -> Result<Stream, DataError> {
    let all = || groups.iter().chain(aggregates);
    let parts = all().map(|(_, sql)| expression(sql, variables)).collect::<Result<Vec<_>, _>>()?;
    let numbers = |count: usize| (0..count).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ");
    let made = (0..parts.len()).map(|at| format!("${at} AS made_{at}")).collect::<Vec<_>>().join(", ");
    let taken = (0..parts.len()).map(|at| format!("made_{at}")).collect::<Vec<_>>().join(", ");
    let group_by = if groups.is_empty() { String::new() } else { format!(" GROUP BY {}", numbers(groups.len())) };
    // The count is for fields without any function over many records: they are an error rather than a record each.
    let sql = format!("SELECT {taken} FROM (SELECT count(*) AS counted, {made} FROM {INPUT}{group_by}) AS grouped");
    let names = Some(all().map(|(name, _)| name.clone()).collect());
    let inputs = vec![(INPUT.to_owned(), input.clone())];
    Request { sql: &sql, parts, names, inputs, method: JoinMethod::Hash }.stream(variables, spool)
}

/// What is wrong with the first field that is wrong by itself.
fn wrong_field(
    input: &Stream,
    groups: &[(String, String)],
    aggregates: &[(String, String)],
    variables: &Variables,
    spool: &Spool,
) -> Option<DataError> {
    let wrong_group = groups.iter().find_map(|(name, sql)| {
        let error = Expression::compile(sql, input.schema(), variables).err()?;
        Some(error.about(format!("field “{name}”")))
    });
    wrong_group.or_else(|| {
        aggregates.iter().find_map(|aggregate| {
            let error = aggregated(input, groups, std::slice::from_ref(aggregate), variables, spool).err()?;
            Some(error.about(format!("field “{}”", aggregate.0)))
        })
    })
}

/// The records without those that came before: with the same values in `keys`, or in all fields if there are none. The
/// first one of each stays.
pub fn distinct(input: &Stream, keys: &[String], spool: &Spool) -> Result<Stream, DataError> {
    let all: Vec<&str> = input.schema().fields().iter().map(|field| field.name().as_str()).collect();
    if let Some(unknown) = keys.iter().find(|key| !all.contains(&key.as_str())) {
        return Err(DataError::UnknownField {
            field: unknown.clone(),
            near: crate::nearby_names(unknown, all.iter().copied()),
            all: all.iter().map(|name| (*name).to_owned()).collect(),
        });
    }
    if all.is_empty() {
        return Ok(input.clone());
    }
    let on = match keys {
        [] => String::new(),
        keys => format!("ON ({}) ", keys.iter().map(|key| quoted(key)).collect::<Vec<_>>().join(", ")),
    };
    let sql = format!("SELECT DISTINCT {on}{} FROM {INPUT}", fields_of(input));
    let inputs = vec![(INPUT.to_owned(), input.clone())];
    let request = Request { sql: &sql, parts: Vec::new(), names: None, inputs, method: JoinMethod::Hash };
    request.stream(&Variables::default(), spool)
}

fn fields_of(input: &Stream) -> String {
    let names = input.schema().fields().iter().map(|field| quoted(field.name()));
    names.collect::<Vec<_>>().join(", ")
}

/// A name that no field has.
fn free_name(input: &Stream, wish: &str) -> String {
    let mut name = wish.to_owned();
    while input.schema().column_with_name(&name).is_some() {
        name.push('_');
    }
    name
}
