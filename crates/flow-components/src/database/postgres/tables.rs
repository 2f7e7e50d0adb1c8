//! What tables there are, from the catalogue.

use super::error::problem;
use crate::ComponentError;
use crate::database::{Column, Table, TableName};
use deadpool_postgres::ClientWrapper;
use tokio_postgres::Row;

/// Tables, views and what else can be read or written, with their columns and unique indexes, one row a table.
/// `$1` and `$2` choose one table, `$2` being its schema or null for the search path; without `$1` it is all of them that
/// are not the database's own.
const TABLES: &str = "
SELECT n.nspname, c.relname, pg_table_is_visible(c.oid), c.relkind IN ('v', 'm'),
       array(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY a.attnum)::text[],
       array(SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)::text[],
       array(SELECT NOT a.attnotnull FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
       array(SELECT array_to_json(array(SELECT a.attname FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (num, place)
                                        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num
                                        WHERE k.place <= i.indnkeyatts ORDER BY k.place))::text
             FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                               AND i.indexprs IS NULL
             ORDER BY i.indisprimary DESC, i.indexrelid)::text[]
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND CASE WHEN $1::text IS NULL
           THEN n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
           ELSE c.relname = $1 AND CASE WHEN $2::text IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = $2 END
      END
ORDER BY NOT pg_table_is_visible(c.oid), n.nspname, c.relname";

pub(super) async fn all(client: &ClientWrapper) -> Result<Vec<Table>, ComponentError> {
    find(client, None, None).await
}

pub(super) async fn one(client: &ClientWrapper, name: &TableName) -> Result<Option<Table>, ComponentError> {
    Ok(find(client, Some(&name.table), name.schema.as_deref()).await?.into_iter().next())
}

async fn find(client: &ClientWrapper, table: Option<&str>, schema: Option<&str>) -> Result<Vec<Table>, ComponentError> {
    let failed = |error: tokio_postgres::Error| problem(&error);
    let statement = client.prepare_cached(TABLES).await.map_err(failed)?;
    let rows = client.query(&statement, &[&table, &schema]).await.map_err(failed)?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(failed)
}

fn read(row: &Row) -> Result<Table, tokio_postgres::Error> {
    let (schema, table, visible): (String, String, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let (names, kinds, nullable): (Vec<String>, Vec<String>, Vec<bool>) =
        (row.try_get(4)?, row.try_get(5)?, row.try_get(6)?);
    let columns = names.into_iter().zip(kinds).zip(nullable);
    let unique: Vec<String> = row.try_get(7)?;
    Ok(Table {
        name: if visible { shown(&table) } else { format!("{}.{}", shown(&schema), shown(&table)) },
        view: row.try_get(3)?,
        columns: columns.map(|((name, kind), nullable)| Column { name, kind, nullable }).collect(),
        unique: unique.iter().filter_map(|names| serde_json::from_str(names).ok()).collect(),
    })
}

/// A part of a name as it is read again.
fn shown(part: &str) -> String {
    if part.contains(['.', '"']) { format!("\"{}\"", part.replace('"', "\"\"")) } else { part.to_owned() }
}
