//! The one statement that writes a batch, made of a part a table.
//!
//! First it looks whether all that is expected is there: servers, which it locks, and then requests, which it changes and so locks,
//! in the order of their ids. If not, it fails, and nothing is written; if so, all rows are added.

use super::statements::Write;
use crate::error::DbResult;
use deadpool_postgres::ClientWrapper;
use std::fmt::Write as _;
use tokio_postgres::types::ToSql;

/// How the statement fails if something is not what it is taken for: the code of `check_batch`.
const REFUSED: &str = "CAIRN";

/// Whether the statement failed since something is not what it is taken for.
pub(super) fn is_outdated(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code() == REFUSED)
}

/// The statement, prepared, with its values.
pub(super) struct Statement<'w> {
    prepared: tokio_postgres::Statement,
    values: Vec<&'w (dyn ToSql + Sync)>,
}

impl<'w> Statement<'w> {
    /// Each part of `expected` has to return as many rows as its first column has values. Those of `inserts` add rows.
    pub(super) async fn prepare(
        db: &ClientWrapper,
        expected: &'w [Write<'w>],
        inserts: &'w [Write<'w>],
    ) -> DbResult<Self> {
        let columns = expected.iter().chain(inserts).flat_map(|part| &part.columns);
        let values = columns.map(|column| &**column as &(dyn ToSql + Sync)).collect();
        Ok(Self { prepared: db.prepare_cached(&sql(expected, inserts)).await?, values })
    }

    /// Runs it.
    pub(super) async fn run(&self, db: &ClientWrapper) -> Result<(), tokio_postgres::Error> {
        db.query_one(&self.prepared, &self.values).await.map(drop)
    }
}

/// The text depends on nothing but which tables are written, so there are few, and each is planned once.
fn sql(expected: &[Write<'_>], inserts: &[Write<'_>]) -> String {
    let mut sql = String::from("WITH ");
    let mut conditions = String::from("true");
    let mut parameters = 0;
    for (place, part) in expected.iter().enumerate() {
        let _ = writeln!(sql, "expected_{place} AS ({}),", renumbered(part.sql, parameters));
        let first = parameters + 1;
        let _ = write!(conditions, " AND (SELECT count(*) FROM expected_{place}) = cardinality(${first}::bigint[])");
        parameters += part.columns.len();
    }
    let _ = write!(sql, "checked AS MATERIALIZED (SELECT check_batch({conditions}) AS passed)");
    for (place, part) in inserts.iter().enumerate() {
        let insert = renumbered(part.sql, parameters);
        let _ = write!(sql, ",\ninsert_{place} AS ({insert} WHERE (SELECT passed FROM checked))");
        parameters += part.columns.len();
    }
    sql.push_str("\nSELECT passed FROM checked");
    sql
}

/// A part whose parameters come behind so many others.
fn renumbered(sql: &str, before: usize) -> String {
    let mut pieces = sql.split('$');
    let mut renumbered = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = piece.split_at(digits);
        match number.parse::<usize>() {
            Ok(number) => {
                let _ = write!(renumbered, "${}{rest}", number + before);
            }
            Err(_) => {
                let _ = write!(renumbered, "${piece}");
            }
        }
    }
    renumbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_a_part_come_behind_those_before_it() {
        assert_eq!(renumbered("f($1, $12) = $2", 10), "f($11, $22) = $12");
    }

    #[test]
    fn rows_are_added_only_if_all_that_is_expected_is_there() {
        let part = |sql| Write { sql, columns: vec![Box::new(vec![1_i64])] };
        let expected = [part("UPDATE a SET b = 1 WHERE c = ANY ($1) RETURNING c")];
        let inserts = [part("INSERT INTO d SELECT * FROM unnest($1)")];
        let wanted = "WITH expected_0 AS (UPDATE a SET b = 1 WHERE c = ANY ($1) RETURNING c),
checked AS MATERIALIZED (SELECT check_batch(true AND (SELECT count(*) FROM expected_0) = cardinality($1::bigint[])) AS passed),
insert_0 AS (INSERT INTO d SELECT * FROM unnest($2) WHERE (SELECT passed FROM checked))
SELECT passed FROM checked";
        assert_eq!(sql(&expected, &inserts), wanted);
    }
}
