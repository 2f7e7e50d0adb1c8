//! The tables of a checkpoint database, as they are copied.

use crate::StoreError;
use std::collections::BTreeSet;

/// Tables that are not copied: what follows from others or is made anew, what only the servers of the moment know, and the
/// migrations, which are the same at both ends. What is known of the cluster is taken over at the end.
pub const LEFT_OUT: [&str; 10] = [
    "account_change",
    "clock_went_back",
    "cluster",
    "committed",
    "ended_count",
    "heartbeat",
    "history_removed",
    "migration",
    "request_count",
    "turn",
];

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns: first those of its key, in order, then the others by name.
    pub columns: Vec<String>,
    /// How many columns its key has.
    pub key: usize,
}

impl Table {
    /// A table with these columns, of which the key is given in order. Fails for a table without a key.
    pub fn new(name: String, key: Vec<String>, columns: BTreeSet<String>) -> Result<Self, StoreError> {
        if key.is_empty() {
            return Err(StoreError::Corrupt(format!("the table {name} has no key, so it cannot be copied")));
        }
        let others = columns.into_iter().filter(|column| !key.contains(column)).collect::<Vec<_>>();
        let length = key.len();
        Ok(Self { name, columns: key.into_iter().chain(others).collect(), key: length })
    }

    /// Where a column is.
    pub fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }

    /// Puts tables into an order in which each comes behind those that it refers to: `refers` has who refers to whom. A
    /// table's rows may refer to each other.
    pub fn in_order(mut tables: Vec<Self>, refers: &[(String, String)]) -> Vec<Self> {
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        // Requests before their history, which says where they end.
        let always = [("history", "request"), ("request", "request_given"), ("attempt", "request")];
        let always = always.map(|(from, to)| (from.to_owned(), to.to_owned()));
        let refers: Vec<_> = refers.iter().chain(&always).filter(|(from, to)| from != to).collect();
        let mut ordered: Vec<Self> = Vec::with_capacity(tables.len());
        while !tables.is_empty() {
            let waits = |table: &Self| {
                refers.iter().any(|(from, to)| *from == table.name && tables.iter().any(|other| other.name == *to))
            };
            let free = tables.iter().position(|table| !waits(table)).unwrap_or(0);
            ordered.push(tables.remove(free));
        }
        ordered
    }
}

/// Refuses two databases that do not have the same tables and columns.
pub(super) fn check_same(tables: &[Table], theirs: &[Table]) -> Result<(), StoreError> {
    let sorted = |tables: &[Table]| {
        let mut sorted = tables.to_vec();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        sorted
    };
    let (ours, theirs) = (sorted(tables), sorted(theirs));
    if ours == theirs {
        return Ok(());
    }
    let differs =
        ours.iter().find(|table| !theirs.contains(table)).or_else(|| theirs.iter().find(|table| !ours.contains(table)));
    let name = differs.map_or("?", |table| table.name.as_str());
    let message = format!("the two databases do not have the same tables ({name}): bring both to the same release");
    Err(StoreError::Conflict(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, key: &[&str], others: &[&str]) -> Table {
        let text = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all = text(key).into_iter().chain(text(others)).collect();
        Table::new(name.to_owned(), text(key), all).unwrap()
    }

    #[test]
    fn the_key_comes_first_and_the_other_columns_by_name() {
        let made = table("version_file", &["version", "path"], &["file", "alpha"]);
        assert_eq!(made.columns, ["version", "path", "alpha", "file"]);
        assert_eq!((made.key, made.place("file"), made.place("none")), (2, Some(3), None));
        assert!(Table::new("keyless".to_owned(), Vec::new(), BTreeSet::new()).is_err());
    }

    #[test]
    fn each_table_comes_behind_those_that_it_refers_to() {
        let names = ["history", "attempt", "request", "request_given", "server", "token", "account"];
        let tables = names.map(|name| table(name, &["id"], &[])).to_vec();
        let refers = [("token", "account"), ("server", "server")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let ordered = Table::in_order(tables, &refers);
        let place = |name: &str| ordered.iter().position(|table| table.name == name).unwrap();
        for (later, earlier) in
            [("token", "account"), ("history", "request"), ("request", "request_given"), ("attempt", "request")]
        {
            assert!(place(later) > place(earlier), "{later} {earlier}");
        }
        assert_eq!(ordered.len(), names.len());
    }

    #[test]
    fn databases_with_other_columns_are_refused() {
        let one = [table("audit", &["id"], &["at"])];
        assert!(check_same(&one, &one).is_ok());
        let error = check_same(&one, &[table("audit", &["id"], &["at", "detail"])]).unwrap_err();
        assert!(error.to_string().contains("audit") && error.code() == "store/conflict", "{error}");
    }
}
