//! What authors want to know of a database before anything runs.

use super::pool::{Databases, IfMissing};
use super::{Session, Statement, Table};
use crate::{ComponentError, Services};
use flow_data::arrow::datatypes::SchemaRef;
use flow_model::Connection;
use std::time::Duration;

/// How long a database may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Which database answers: `PostgreSQL 15.4`.
pub(crate) async fn ask_version(
    databases: &Databases,
    connection: &Connection,
    services: &dyn Services,
) -> Result<String, ComponentError> {
    let answer = async {
        let mut session = databases.open(connection, services, IfMissing::Refuse).await?;
        let version = session.version().await?;
        session.release();
        Ok(version)
    };
    in_time(connection, answer).await
}

/// The tables and views of the database that a connection leads to. The connection has its secrets filled in.
pub async fn inspect_tables(
    databases: &Databases,
    connection: &Connection,
    services: &dyn Services,
) -> Result<Vec<Table>, ComponentError> {
    let answer = async {
        let mut session = databases.open(connection, services, IfMissing::Refuse).await?;
        let tables = session.tables().await?;
        session.release();
        Ok(tables)
    };
    in_time(connection, answer).await
}

/// The fields that a query gives. `$name` in it stands for a value that is not there yet.
pub async fn inspect_query(
    databases: &Databases,
    connection: &Connection,
    services: &dyn Services,
    query: &str,
) -> Result<SchemaRef, ComponentError> {
    let answer = async {
        let mut session = databases.open(connection, services, IfMissing::Refuse).await?;
        let query = one_statement(query, session.as_ref())?;
        let fields = session.describe(&query).await?;
        session.release();
        Ok(fields)
    };
    in_time(connection, answer).await
}

/// The one statement that a text must hold.
pub(crate) fn one_statement(text: &str, session: &dyn Session) -> Result<Statement, ComponentError> {
    let mut statements = Statement::all(text, session.dialect()).into_iter();
    match (statements.next(), statements.next()) {
        (Some(query), None) => Ok(query),
        (None, _) => Err(ComponentError::new("sql/syntax", "the query is empty").for_good()),
        (Some(_), Some(_)) => {
            Err(ComponentError::new("sql/syntax", "this takes one query, and here are several, divided by “;”")
                .for_good())
        }
    }
}

/// The answer of a database, if it comes in time.
async fn in_time<T>(
    connection: &Connection,
    answer: impl Future<Output = Result<T, ComponentError>>,
) -> Result<T, ComponentError> {
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| {
        let message = format!(
            "the database of the connection “{}” did not answer within {} s",
            connection.name,
            PATIENCE.as_secs()
        );
        Err(ComponentError::new("sql/timeout", message))
    })
}
