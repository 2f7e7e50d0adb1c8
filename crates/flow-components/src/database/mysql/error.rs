//! MySQL's errors in our words.

use crate::ComponentError;
use crate::database::session::commit_unknown;
use mysql_async::{DriverError, Error, ServerError};

/// What the database says, with a code.
pub(super) fn problem(error: &Error) -> ComponentError {
    match error {
        Error::Server(said) => of_database(said),
        Error::Io(_) | Error::Driver(DriverError::ConnectionClosed | DriverError::PoolDisconnected) => {
            ComponentError::new("sql/connection-lost", format!("the connection to the database broke: {error}"))
        }
        // How a broken connection ends in the midst of an answer.
        Error::Driver(DriverError::PacketOutOfOrder | DriverError::UnexpectedPacket { .. }) => {
            let message = "the connection to the database broke in the midst of an answer";
            ComponentError::new("sql/connection-lost", message)
        }
        other => ComponentError::new("sql/failed", other.to_string()),
    }
}

/// The same for a COMMIT: when the connection breaks meanwhile, nobody knows whether it happened.
pub(super) fn uncertain(error: &Error) -> ComponentError {
    commit_unknown(problem(error))
}

fn of_database(said: &ServerError) -> ComponentError {
    let code = match (said.code, said.state.get(..2).unwrap_or_default()) {
        (1205 | 1213 | 1020 | 3572, _) => "sql/busy",
        (1040 | 1203 | 1226, _) => "sql/busy",
        (1053 | 1927 | 2006 | 2013, _) | (_, "08") => "sql/connection-lost",
        (1317 | 3024 | 1969, _) => "sql/cancelled",
        (1146 | 1051, _) => "sql/no-table",
        (1054, _) => "sql/no-column",
        (1064 | 1149 | 1305, _) => "sql/syntax",
        (1044 | 1045 | 1142 | 1143 | 1227 | 1698, _) | (_, "28") => "sql/access-denied",
        (1049, _) => "sql/no-database",
        (1290 | 1792 | 1836, _) => "sql/read-only",
        (1021 | 1114, _) => "sql/disk-full",
        (1048 | 1062 | 1216 | 1217 | 1364 | 1451 | 1452 | 1586 | 3819 | 4025, _) | (_, "23") => "sql/constraint",
        (1264 | 1265 | 1292 | 1366 | 1367 | 1406 | 1411, _) | (_, "22") => "sql/value",
        _ => "sql/failed",
    };
    ComponentError::new(code, said.message.clone())
}
