//! The tables of this database, as they are copied.

use crate::error::DbResult;
use flow_store::copy::{LEFT_OUT, Table};
use rusqlite::Connection;
use std::collections::BTreeSet;

/// What the rows of a table are read from.
pub(super) struct Reading {
    pub(super) from: String,
    /// The expressions of columns that are not there as they are copied.
    pub(super) special: &'static [(&'static str, &'static str)],
}

pub(super) fn reading(table: &str) -> Reading {
    let (from, special): (&str, &'static [_]) = match table {
        "request" => (
            "request t",
            &[
                ("server", "coalesce(t.server, 0)"),
                ("epoch", "coalesce(t.epoch, 0)"),
                ("created", "(SELECT created FROM request_given g WHERE g.id = t.id)"),
                ("history", "(SELECT count(*) FROM place p WHERE p.request = t.id)"),
            ],
        ),
        "history" => (
            "place p JOIN history t ON t.id = p.row",
            &[
                ("request", "p.request"),
                ("number", "p.number"),
                (
                    "records",
                    "CASE WHEN t.kind IS NULL AND t.records > 0
                          THEN coalesce((SELECT b.number FROM place b WHERE b.row = t.records), 0)
                          ELSE t.records END",
                ),
            ],
        ),
        _ => ("", &[]),
    };
    Reading { from: if from.is_empty() { format!("{table} t") } else { from.to_owned() }, special }
}

/// What is written into which columns, by the numbers of the values that are read.
pub(super) fn written(table: &str, columns: &[String]) -> Vec<(String, String)> {
    let value = |(place, column): (usize, &String)| match (table, column.as_str()) {
        // The first is kept with what was asked for; the second is made with the history.
        ("request", "created" | "history") => None,
        ("request", "server" | "epoch") => Some((column.clone(), format!("nullif(?{place}, 0)"))),
        _ => Some((column.clone(), format!("?{place}"))),
    };
    let mut written: Vec<_> = (1..).zip(columns).filter_map(value).collect();
    if table == "request_group" {
        written.push(("n".to_owned(), "0".to_owned()));
    }
    written
}

/// The tables that there are.
pub(super) fn tables(connection: &Connection) -> DbResult<Vec<Table>> {
    let mut statement =
        connection.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
    let names = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let (mut tables, mut refers) = (Vec::new(), Vec::new());
    for name in names.into_iter().filter(|name| !LEFT_OUT.contains(&name.as_str())) {
        let mut statement = connection.prepare("SELECT \"table\" FROM pragma_foreign_key_list(?)")?;
        for to in statement.query_map([&name], |row| row.get(0))? {
            refers.push((name.clone(), to?));
        }
        tables.push(table(connection, name)?);
    }
    // A request refers to its history here, and elsewhere its history to it.
    refers.retain(|(from, _)| from != "request" && from != "history");
    Ok(Table::in_order(tables, &refers))
}

fn table(connection: &Connection, name: String) -> DbResult<Table> {
    let mut statement = connection.prepare("SELECT name, pk FROM pragma_table_info(?)")?;
    let found = statement.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found = found.collect::<Result<Vec<(String, i64)>, _>>()?;
    let mut key: Vec<(i64, String)> =
        found.iter().filter(|(_, place)| *place > 0).map(|(name, place)| (*place, name.clone())).collect();
    key.sort_unstable();
    let mut key: Vec<String> = key.into_iter().map(|(_, name)| name).collect();
    let mut columns: BTreeSet<String> = found.into_iter().map(|(name, _)| name).collect();
    let mut change = |away: &[&str], more: &[&str]| {
        for column in away {
            columns.remove(*column);
        }
        columns.extend(more.iter().map(|column| (*column).to_owned()));
    };
    match name.as_str() {
        "request" => change(&["newest"], &["created", "history"]),
        "request_group" => change(&["n"], &[]),
        "history" => {
            change(&["id", "previous"], &["request", "number"]);
            key = vec!["request".to_owned(), "number".to_owned()];
        }
        "attempt" => {
            change(&["id"], &[]);
            key = vec!["request".to_owned(), "attempt".to_owned()];
        }
        _ => {}
    }
    Ok(Table::new(name, key, columns)?)
}
