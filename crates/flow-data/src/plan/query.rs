//! A query of the author over several streams.

use super::compile::Request;
use super::session::JoinMethod;
use crate::{DataError, Spool, Stream, Variables};

/// The result of an SQL query in which every input is a table. `$name` is a flow variable. Only SELECT is possible.
pub fn query(
    sql: &str,
    inputs: &[(String, Stream)],
    variables: &Variables,
    spool: &Spool,
) -> Result<Stream, DataError> {
    // DataFusion holds the first stream of a join in memory, without a way out if it is too large for that.
    let room = spool.limits().plans / 4;
    let fits = |stream: &Stream| stream.size().is_some_and(|bytes| bytes <= room);
    let method = match inputs.iter().all(|(_, stream)| fits(stream)) {
        true => JoinMethod::Hash,
        false => JoinMethod::Merge,
    };
    Request { sql, parts: Vec::new(), names: None, inputs: inputs.to_vec(), method }.stream(variables, spool)
}
