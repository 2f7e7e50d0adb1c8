//! How the databases differ in what they want to read.

use flow_data::arrow::datatypes::DataType;

/// A database's kind of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    MySql,
}

impl Dialect {
    /// The kinds of connections that lead to databases.
    pub(crate) const KINDS: [&'static str; 3] = ["sqlite", "postgres", "mysql"];

    /// The dialect of a kind of connection.
    pub(crate) fn of(kind: &str) -> Option<Self> {
        match kind {
            "sqlite" => Some(Self::Sqlite),
            "postgres" => Some(Self::Postgres),
            "mysql" => Some(Self::MySql),
            _ => None,
        }
    }

    /// The place of the value with this number, from 1.
    pub(crate) fn place(self, number: usize) -> String {
        match self {
            Self::Sqlite => format!("?{number}"),
            Self::Postgres => format!("${number}"),
            Self::MySql => "?".to_owned(),
        }
    }

    /// The name as SQL takes it, whatever its characters.
    pub(crate) fn quoted(self, name: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::MySql => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// Names, quoted, with commas between them.
    pub(crate) fn list<'a>(self, names: impl IntoIterator<Item = &'a str>) -> String {
        names.into_iter().map(|name| self.quoted(name)).collect::<Vec<_>>().join(", ")
    }

    /// Whether making a table belongs to the transaction; else it ends it.
    pub(crate) fn makes_tables_in_transactions(self) -> bool {
        self != Self::MySql
    }

    /// The type of a column that holds such values. MySQL needs to know how long a key is.
    pub(crate) fn column_type(self, data_type: &DataType, is_key: bool) -> String {
        match self {
            Self::Sqlite => sqlite_type(data_type).to_owned(),
            Self::Postgres => postgres_type(data_type),
            Self::MySql => mysql_type(data_type, is_key),
        }
    }
}

/// Dates and times keep their text, since SQLite makes a number only of what looks like one; decimals are declared as
/// texts, since it would round them.
fn sqlite_type(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "BOOLEAN",
        integer if integer.is_integer() => "INTEGER",
        number if number.is_floating() => "REAL",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "BLOB",
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Timestamp(_, None) => "TIMESTAMP",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMPTZ",
        _ => "TEXT",
    }
}

fn postgres_type(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Boolean => "boolean",
        DataType::UInt64 => "numeric(20)",
        integer if integer.is_integer() => "bigint",
        number if number.is_floating() => "double precision",
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => return format!("numeric({precision}, {scale})"),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "bytea",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Timestamp(_, Some(_)) => "timestamptz",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) | DataType::Struct(_) => "jsonb",
        _ => "text",
    };
    name.to_owned()
}

fn mysql_type(data_type: &DataType, is_key: bool) -> String {
    let name =
        match data_type {
            DataType::Boolean => "BOOLEAN",
            DataType::UInt64 => "BIGINT UNSIGNED",
            integer if integer.is_integer() => "BIGINT",
            number if number.is_floating() => "DOUBLE",
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale) => return format!("DECIMAL({precision}, {scale})"),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                if is_key { "VARBINARY(255)" } else { "LONGBLOB" }
            }
            DataType::Date32 | DataType::Date64 => "DATE",
            DataType::Time32(_) | DataType::Time64(_) => "TIME(6)",
            DataType::Timestamp(_, None) => "DATETIME(6)",
            // A TIMESTAMP ends in 2038 and sets itself.
            DataType::Timestamp(_, Some(_)) => "DATETIME(6)",
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) | DataType::Struct(_) => "JSON",
            _ if is_key => "VARCHAR(255)",
            _ => "LONGTEXT",
        };
    name.to_owned()
}
