//! Schemas of their own for measurements, so that each begins with nothing in a database that may be used again.

use crate::address::PostgresAddress;
use crate::connect::Connector;
use crate::error::DbError;
use flow_store::StoreError;

/// Makes an empty schema in the database at `address`; the address of the database with that schema.
pub async fn make_schema(address: &str, name: &str) -> Result<String, StoreError> {
    run(address, &format!("CREATE SCHEMA \"{name}\"")).await?;
    let sign = if address.contains('?') { '&' } else { '?' };
    Ok(format!("{address}{sign}options=-csearch_path%3D{name}"))
}

/// Removes a schema with all that is in it.
pub async fn drop_schema(address: &str, name: &str) -> Result<(), StoreError> {
    run(address, &format!("DROP SCHEMA IF EXISTS \"{name}\" CASCADE")).await
}

async fn run(address: &str, sql: &str) -> Result<(), StoreError> {
    let address: PostgresAddress = address.parse().map_err(StoreError::Unavailable)?;
    let (client, carrier) = Connector::new(&address, "cairn-bench")?.connect(|_| {}).await?;
    let carried = tokio::spawn(carrier);
    let done = client.batch_execute(sql).await;
    carried.abort();
    Ok(done.map_err(DbError::from)?)
}
